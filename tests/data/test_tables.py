"""Tables as they are written: whatever a clip, a word or a speaker is called, no spreadsheet runs it."""

from __future__ import annotations

import csv
import io

import pytest

from data import tables


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠1", "\tx", "a;=1;b", "a\n=1", "a\t-1"],
)  # fmt: skip
def test_no_name_is_run_as_a_formula(name: str) -> None:
    written = tables.csv_text([{"word": name, name: 0.5}])
    for delimiter in ",;\t":  # a comma in one country's spreadsheets, a semicolon in another's
        cells = [cell for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter) for cell in row]
        assert not [cell for cell in cells if cell.lstrip(" \t\r\n")[:1] in "=+-@＝＋－＠" and cell.strip()], delimiter
        assert not [cell for cell in cells if cell[:1] in ("\t", "\r", "\n")], delimiter


@pytest.mark.parametrize("name", ["left", "it's", "a-b", "1=2", "أهلا", "x, y", 'say "up"', "a;b", "'=1"])
def test_other_names_are_written_as_they_are(name: str) -> None:
    _, row = csv.reader(io.StringIO(tables.csv_text([{"word": name}]), newline=""))
    assert row == [name]


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell() -> None:
    rows = [{"a": -0.5, "b": None, "c": True, "path": "=x"}]
    assert tables.csv_text(rows, exact=("path",)) == "a,b,c,path\r\n-0.5,,yes,=x\r\n"
    assert tables.csv_text([], ("a", "b")) == "a,b\r\n"
