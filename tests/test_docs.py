"""The docs say what is there: every command, option, chore, variable and model, and nothing else."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from audio_models.cli import main
from audio_models.cli.parser import parser
from audio_models.lab import measured
from benchmarks.open_set import __main__ as open_set
from docs import commands, settings, site
from tests.conftest import PROJECT

PAGES = [
    PROJECT / "README.md",
    *sorted((PROJECT / "docs").glob("*.md")),
    *sorted((PROJECT / "benchmarks").glob("*.md")),
]
TEXTS = {str(page.relative_to(PROJECT)): page.read_text(encoding="utf-8") for page in PAGES}
README, SHELL, SETTINGS = TEXTS["README.md"], TEXTS["docs/shell.md"], TEXTS["docs/settings.md"]
EVERYTHING = "\n".join(TEXTS.values())


def _section(command: str) -> str:
    """What docs/shell.md says of a command, and docs/settings.md, which has a table for each kind of settings."""
    found = re.search(rf"^## {command}\n(.*?)(?=^## |\Z)", SHELL, re.MULTILINE | re.DOTALL)
    assert found, f"docs/shell.md has no section on {command}"
    tables = [part for part in SETTINGS.split("\n## ") if f"`echoic {command}`" in part]
    return "\n".join([found[1], *tables])


def _options() -> dict[str, set[str]]:
    """The long options of each command that --help shows."""
    commands = parser(main.COMMANDS)._subparsers._group_actions[0].choices
    return {name: _shown(made) for name, made in commands.items()}


def _shown(made: argparse.ArgumentParser) -> set[str]:
    """The long options that --help shows, but not itself."""
    return {
        option
        for action in made._actions
        if action.help != argparse.SUPPRESS
        for option in action.option_strings
        if option.startswith("--")
    } - {"--help"}


@pytest.mark.parametrize("command", main.COMMANDS)
def test_every_command_and_option_is_documented(command: str) -> None:
    section = _section(command)
    assert f"`echoic {command}" in section
    missing = [option for option in _options()[command] - {"--json"} if not re.search(rf"`{option}(?![-\w])", section)]
    assert not missing, f"docs/shell.md, section {command} (docs/settings.md for train)"
    assert f"[`{command}`](#{command})" in SHELL, "it is in the table of commands"


def test_the_tables_of_settings_are_those_of_the_code() -> None:
    assert settings.renewed(SETTINGS) == SETTINGS, "run: python -m docs.settings"


def test_the_docs_name_no_option_that_is_not_there() -> None:
    there = set.union(*_options().values(), _shown(open_set.parser()), _shown(measured.parser())) | {
        "--help",
        "--version",
        "--listen",
    }  # --listen of an exported listen.py
    assert set(re.findall(r"(?<![-\w])--[a-z][a-z0-9-]+", EVERYTHING)) <= there


def test_the_docs_name_no_command_that_is_not_there() -> None:
    named = re.findall(r"(?:-m audio_models|(?<![\w/.-])echoic) ([a-z][a-z-]*)\b", EVERYTHING)
    assert len(named) > 50
    assert set(named) <= set(main.COMMANDS)
    assert set(re.findall(r"^## ([a-z-]+)$", SHELL, re.MULTILINE)) == set(main.COMMANDS)


def _examples() -> list[str]:
    """What stands after `echoic` in the blocks of code, up to the pipe or the end of the line, and in the README's text."""
    blocks = re.findall(r"^```\n(.*?)^```", EVERYTHING, re.MULTILINE | re.DOTALL)
    in_text = re.findall(r"`echoic ([^`|]+)`", README)
    return [*in_text, *re.findall(r"(?:^|\| )echoic ([^|\n]+)", "".join(blocks), re.MULTILINE)]


@pytest.mark.parametrize("example", sorted(set(_examples())))
def test_every_example_can_be_typed(example: str) -> None:
    parser(main.COMMANDS).parse_args(shlex.split(example, comments=True))


def test_every_module_that_the_docs_start_is_there() -> None:
    started = set(re.findall(r"python -m ([a-z_.]+[a-z_])", EVERYTHING))
    assert len(started) > 5
    for module in started:
        assert importlib.util.find_spec(module), module


def test_every_chore_is_documented() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    chores = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert {"help", "run", "test", "lint", "bench", "clean"} <= set(chores)
    for chore in chores:
        assert f"`make {chore}`" in TEXTS["docs/development.md"], chore
    assert set(re.findall(r"make ([a-z]+)(?= [A-Z]+=|`| +#)", EVERYTHING)) <= set(chores)


def test_every_variable_is_documented() -> None:
    code = "\n".join(
        path.read_text()
        for folder in ("data", "audio_models", "dashboard", "tests")
        for path in (PROJECT / folder).rglob("*.py")
    )
    there = set(re.findall(r"\bECHOIC_[A-Z_]+\b", code))
    for variable in there:
        assert f"`{variable}`" in EVERYTHING, variable


def _anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_in_the_docs_leads_somewhere() -> None:
    found = 0
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
            name, _, anchor = target.partition("#")
            there = page.parent / name if name else page
            assert there.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in _anchors(there), f"{page.name}: {target}"
            found += 1
    assert found > 30


def test_every_page_of_the_docs_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [PROJECT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page not in reached:
            reached.add(page)
            links = re.findall(r"\]\((?!https?:)([^)#]+\.md)", page.read_text(encoding="utf-8"))
            waiting += [page.parent / target for target in links]
    assert {page.resolve() for page in PAGES} <= reached


def test_every_picture_is_shown_somewhere() -> None:
    shown = set(re.findall(r"\]\((?:docs/)?(\w+\.png)\)", EVERYTHING))
    assert {path.name for path in (PROJECT / "docs").glob("*.png")} == shown


def test_the_accuracies_in_the_readme_are_those_of_the_cards() -> None:
    rows = re.findall(r"^\| \[`([a-z-]+)`\]\((.+?card\.md)\).*\| ([\d.]+) % \|$", README, re.MULTILINE)
    assert len(rows) == 4
    for name, card, accuracy in rows:
        assert f"pretrained/{name}/" in card
        assert f"**Accuracy**: {accuracy} %" in (PROJECT / card).read_text(encoding="utf-8"), name


def test_requirements_are_pinned_with_a_reason_and_locked() -> None:
    locked = {
        line.split("==")[0].lower().replace("_", "-"): line.split("==")[1].strip()
        for line in (PROJECT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-docs.txt"):
        for line in (PROJECT / name).read_text().splitlines():
            if not line or line.startswith(("#", "-r")):
                continue
            found = re.fullmatch(r"([A-Za-z0-9-]+)==([\w.]+) +# .{10,}", line)
            assert found, line
            assert locked[found[1].lower()] == found[2], line


def test_the_versions_of_python_agree() -> None:
    """What pip demands, what make checks, what the tools assume and what the README promises."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    found = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", settings["project"]["requires-python"])
    assert found
    first, last = int(found[1]), int(found[2]) - 1
    names = [f"3.{minor}" for minor in range(first, last + 1)]
    assert f"Python {', '.join(names[:-1])} or {names[-1]}" in README
    makefile = (PROJECT / "Makefile").read_text()
    assert f"(3, {first}) <= sys.version_info[:2] <= (3, {last})" in makefile
    assert set(re.findall(r"Python (3\.\d+ to 3\.\d+)", makefile)) == {f"{names[0]} to {names[-1]}"}
    assert settings["tool"]["ruff"]["target-version"] == f"py3{first}"
    assert settings["tool"]["mypy"]["python_version"] == names[0]


def test_the_licence_is_the_same_everywhere() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (PROJECT / "LICENSE").read_text()
    assert "[Apache License 2.0](LICENSE)" in README
    assert "GPL-3" in README, "eSpeak NG's licence is named"


def test_every_page_of_the_docs_is_in_the_contents_of_the_site() -> None:
    contents = (PROJECT / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r"^ +- .+: ([\w/-]+\.md)$", contents, re.MULTILINE)
    assert sorted(named) == sorted([*site.sources().values(), "commands.md"])


def test_every_link_in_the_site_leads_to_a_page_of_it(tmp_path: Path) -> None:
    site.gather(tmp_path)
    found = 0
    for page in tmp_path.rglob("*.md"):
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
            name, _, anchor = target.partition("#")
            there = page.parent / name if name else page
            assert there.is_file(), f"{page.name}: {target}"
            assert not anchor or anchor in _anchors(there), f"{page.name}: {target}"
            found += 1
    assert found > 30


def test_the_reference_of_the_site_has_every_command_and_option() -> None:
    sections = dict(re.findall(r"^## echoic ([a-z-]+)\n(.*?)(?=^## |\Z)", commands.page(), re.MULTILINE | re.DOTALL))
    assert sections.keys() == main.COMMANDS.keys()
    for name, options in ((name, options) for name, options in _options().items() if name in main.COMMANDS):
        assert set(re.findall(r"--[a-z0-9-]+", sections[name])) >= options, name
