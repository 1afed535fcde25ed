"""What keeps Echoic from working here is found, with its remedy; what works is said to."""

from __future__ import annotations

import importlib.metadata
import json
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from audio_models import doctor
from audio_models.cli.main import main
from audio_models.doctor import Finding
from audio_models.jobs import runs
from data import workspace
from data.own import corpus as own_corpus


def _found(about: str) -> Finding:
    return next(one for one in doctor.examine() if one.about == about)


def _only(monkeypatch: pytest.MonkeyPatch, about: str) -> None:
    monkeypatch.setattr(doctor, "_LOOKS", {about: doctor._LOOKS[about]})


def test_all_is_well_where_the_tests_run(workspace_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    found = [Finding(**row) for row in json.loads(capsys.readouterr().out)]
    assert [one.about for one in found] == [
        "System", "Packages", "Workspace", "Disk", "Memory", "Your data", "Networks", "Formats", "Voices",
    ]  # fmt: skip
    assert [one for one in found if not one.is_good or one.remedy or not one.found.endswith(".")] == []


def test_a_package_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch, workspace_folder: Path) -> None:
    _only(monkeypatch, "Packages")
    installed = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9" if name == "numpy" else installed(name))
    found = _found("Packages")
    assert not found.is_good
    assert found.found.startswith("numpy is 9.9, tested with")
    assert "make run" in found.remedy


def test_a_workspace_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _only(monkeypatch, "Workspace")
    (tmp_path / "file").touch()
    monkeypatch.setenv("ECHOIC_HOME", str(tmp_path / "file" / "home"))
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "BAD  Workspace" in said
    assert "set ECHOIC_HOME to a folder that you can write to" in said


@pytest.mark.parametrize("about", ["Disk", "Memory"])
def test_a_computer_that_is_full(about: str, monkeypatch: pytest.MonkeyPatch, workspace_folder: Path) -> None:
    _only(monkeypatch, about)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(3e8))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: namedtuple("Memory", "available")(3e8))
    found = _found(about)
    assert not found.is_good
    assert found.found.startswith("0.3 GB")
    assert found.remedy


def test_what_is_damaged_is_named(monkeypatch: pytest.MonkeyPatch, workspace_folder: Path) -> None:
    _only(monkeypatch, "Your data")
    own_corpus.create("kitchen")
    assert _found("Your data") == Finding("Your data", True, "0 runs and 1 corpus of yours can be read.")
    (workspace_folder / "own" / "kitchen" / "corpus.sqlite").write_bytes(b"x" * 5000)
    workspace.folder("runs", "one")
    workspace.write_json(workspace_folder / "runs" / "one" / "config.json", [])
    assert len(runs.listing()) == 1
    found = _found("Your data")
    assert not found.is_good
    assert "kitchen" in found.found
    assert "one: " in found.found


def test_a_part_that_does_not_start_is_a_finding(monkeypatch: pytest.MonkeyPatch, workspace_folder: Path) -> None:
    _only(monkeypatch, "Voices")
    monkeypatch.setattr(doctor.synthetic_voices, "say", _missing)
    assert _found("Voices") == Finding(
        "Voices", False, "No voices.", f"Install Echoic again, in its source folder: {doctor._INSTALL}"
    )


def _missing(*_: object) -> None:
    raise OSError("No voices.")
