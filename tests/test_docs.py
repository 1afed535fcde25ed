"""The docs say what is there: every command, option, chore and variable is in the README, and nothing else is."""

from __future__ import annotations

import re
import tomllib

import pytest

from audio_models.cli import main
from audio_models.cli.parser import parser
from tests.conftest import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def _options() -> dict[str, set[str]]:
    """The long options of each command."""
    commands = parser(main.COMMANDS)._subparsers._group_actions[0].choices
    return {
        name: {option for action in made._actions for option in action.option_strings if option.startswith("--")}
        - {"--help"}
        for name, made in commands.items()
    }


@pytest.mark.parametrize("command", main.COMMANDS)
def test_every_command_and_option_is_documented(command: str) -> None:
    assert f"audio_models {command}" in README
    missing = [option for option in _options()[command] if not re.search(rf"{option}(?![-\w])", README)]
    assert not missing


def test_the_readme_names_no_option_that_is_not_there() -> None:
    there = set.union(*_options().values()) | {"--help", "--port", "--listen"}  # of listen.py in a folder taken away
    assert set(re.findall(r"(?<![-\w])--[a-z][a-z0-9-]+", README)) <= there


def test_every_chore_is_documented() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    chores = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert {"help", "run", "test", "lint", "bench", "clean"} <= set(chores)
    for chore in chores:
        assert f"make {chore}" in README, chore
    assert set(re.findall(r"make ([a-z]+)`", README)) <= set(chores)


def test_every_variable_is_documented() -> None:
    code = "\n".join(
        path.read_text()
        for folder in ("data", "audio_models", "dashboard", "tests")
        for path in (PROJECT / folder).rglob("*.py")
    )
    for variable in set(re.findall(r"\bECHOIC_[A-Z_]+\b", code)):
        assert variable in README, variable


def test_every_link_in_the_docs_leads_somewhere() -> None:
    for page in [PROJECT / "README.md", *(PROJECT / "docs").glob("*.md"), *(PROJECT / "benchmarks").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_requirements_are_pinned_with_a_reason_and_locked() -> None:
    locked = {
        line.split("==")[0].lower().replace("_", "-"): line.split("==")[1].strip()
        for line in (PROJECT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (PROJECT / name).read_text().splitlines():
            if not line or line.startswith(("#", "-r")):
                continue
            found = re.fullmatch(r"([A-Za-z0-9-]+)==([\w.]+) +# .{10,}", line)
            assert found, line
            assert locked[found[1].lower()] == found[2], line


def test_versions_agree() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (PROJECT / "LICENSE").read_text()
    assert "GPL-3" in README, "eSpeak NG's licence is named"
