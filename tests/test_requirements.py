"""What is installed is pinned, whichever supported Python installs it, and `make lock` keeps it so."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import PROJECT

PYTHONS = ("3.11", "3.12", "3.13")


def _pinned(python: str) -> dict[str, str]:
    """The versions in constraints.txt that hold on a Python, by name."""
    lines = (PROJECT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {
        canonicalize_name(pin.name): str(pin.specifier)
        for pin in pins
        if pin.marker is None or pin.marker.evaluate({"python_version": python})
    }


def _asked() -> list[Requirement]:
    """What requirements.txt and those of developers ask for."""
    lines = [
        line.partition(" #")[0]
        for name in ("requirements.txt", "requirements-dev.txt", "requirements-docs.txt")
        for line in (PROJECT / name).read_text().splitlines()
    ]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]


def _needed(python: str) -> Iterator[str]:
    """The names of all packages that these need in turn on a Python, by the metadata of what is installed here."""
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.0"}
    waiting, seen = [(one, "") for one in _asked()], set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({**environment, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in ("", *requirement.extras):
            if (name, wanted) in seen:
                continue
            seen.add((name, wanted))
            yield name
            try:
                inner = metadata.requires(name) or []
            except metadata.PackageNotFoundError:
                continue  # of another Python: its own needs are seen there
            waiting += [(Requirement(one), wanted) for one in inner]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_package_is_pinned_on_every_python(python: str) -> None:
    pinned = _pinned(python)
    assert {name for name in _needed(python) if not re.fullmatch(r"==[\w.]+", pinned.get(name, ""))} == set()


@pytest.mark.parametrize("package", ["audioop-lts", "standard-aifc", "standard-chunk", "standard-sunau"])
def test_what_python_313_no_longer_brings_is_pinned_there_alone(package: str) -> None:
    assert package in _pinned("3.13")
    assert package not in _pinned("3.12")


@pytest.mark.parametrize("running", ["3.12", "3.13"])
def test_lock_loses_nothing_of_another_python(tmp_path: Path, running: str) -> None:
    for name in (
        "Makefile",
        "constraints.txt",
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-docs.txt",
        "pyproject.toml",
    ):
        shutil.copy(PROJECT / name, tmp_path)
    frozen = "".join(f"{name}{version}\n" for name, version in _pinned(running).items() if name != "keras")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\ncat <<'END'\n{frozen}Keras==99.0\nEND\n")
    python.chmod(0o755)
    for name in (".installed", ".installed-dev", ".installed-docs"):
        (tmp_path / ".venv" / name).touch()
    subprocess.run(["make", "lock"], cwd=tmp_path, check=True, capture_output=True)
    written = (tmp_path / "constraints.txt").read_text().splitlines()
    before = (PROJECT / "constraints.txt").read_text().splitlines()
    assert written[0] == before[0]
    assert [line for line in written if ";" in line] == [line for line in before if ";" in line]
    assert len(written) == len(before)
    assert "Keras==99.0" in written
