"""Stored JSON is read with its types checked, and whatever else a file holds is one sentence."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from data import stored
from data.errors import WorkspaceError
from data.stored import Count, Seconds, Share


@dataclass(frozen=True)
class Row:
    name: str
    count: Count = 0
    share: Share = 0.0
    seconds: Seconds | None = None
    words: tuple[str, ...] = ()
    path: Path | None = None


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(
        json.dumps(
            [{"name": "a", "count": 3, "share": 1, "seconds": 2.5, "words": ["x"], "path": "/tmp"}, {"name": "b"}]
        )
    )
    assert stored.read(path, list[Row]) == [Row("a", 3, 1.0, 2.5, ("x",), Path("/tmp")), Row("b")]


def test_unknown_keys_are_passed_over_and_old_ones_understood(tmp_path: Path) -> None:
    path = tmp_path / "row.json"
    path.write_text('{"name": "a", "number": 4, "of a later version": [1]}')
    assert stored.read(path, Row, {"number": "count"}) == Row("a", 4)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('"count": "3"', "Expected `int`, got `str` - at `$.count`"), ('"count": 3.5', "got `float`"), ('"count": true', "got `bool`"),
        ('"count": null', "got `null`"), ('"count": -1', ">= 0"), (f'"count": 1{"0" * 30}', "too large"),
        (f'"count": 1{"0" * 400}', "too large"), (f'"share": 1{"0" * 400}', ""), ('"share": 1.01', "<= 1"), ('"share": NaN', "malformed"),
        ('"share": 1e999', "out of range"), ('"seconds": 1e300', "<= "), ('"words": "abc"', "Expected `array`"), ('"words": [1]', "at `$.words[0]`"),
        ('"path": 3', "Expected `str`, got `int` - at `$.path`"), (f'"x": {"[" * 200_000}', "nested too deeply"), (f'"x": {"[" * 900}{"]" * 900}', None),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told(tmp_path: Path, value: str, said: str | None) -> None:
    path = tmp_path / "row.json"
    path.write_text(f'{{"name": "a", {value}}}')
    if said is None:
        assert stored.read(path, Row) == Row("a"), "harmless"
        return
    with pytest.raises(WorkspaceError) as fault:
        stored.read(path, Row)
    assert str(fault.value).startswith(f"{path} is damaged (")
    assert said in str(fault.value)


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # reading it would wait for ever
    (tmp_path / "folder").mkdir()
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 1 << 30)
    for name, said in (("pipe", "not a file"), ("folder", "not a file"), ("large", "1,074 MB")):
        with pytest.raises(WorkspaceError, match=said):
            stored.read_json(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        stored.read_json(tmp_path / "gone")


def test_a_dataclass_becomes_json_values() -> None:
    assert stored.to_builtins(Row("a", path=Path("/tmp")))["path"] == "/tmp"
