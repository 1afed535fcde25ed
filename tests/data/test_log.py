"""The log tells what happened, stays small, and stops nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data import log


def _rows(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_what_happened_is_a_line_each(workspace_folder: Path) -> None:
    log.write("training started", id="one")
    try:
        raise KeyError("schlüssel\ud800")
    except KeyError as error:
        log.write_fault("page failed", error, page="data")
    first, second = _rows(workspace_folder / "log" / "echoic.jsonl")
    assert (first["event"], first["id"]) == ("training started", "one")
    assert (second["event"], second["page"]) == ("page failed", "data")
    assert "test_log.py" in str(second["traceback"])


def test_it_grows_to_two_files_and_no_further(workspace_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MOST_BYTES", 1000)
    for number in range(100):
        log.write("training started", id=str(number))
    old, new = workspace_folder / "log" / "echoic.1.jsonl", workspace_folder / "log" / "echoic.jsonl"
    assert sorted((workspace_folder / "log").iterdir()) == [old, new]
    assert _rows(new)[-1]["id"] == "99"
    assert old.stat().st_size + new.stat().st_size < 2500


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ECHOIC_HOME", str(tmp_path / "file"))
    log.write("training started")
