"""Lists of clips, as CSV and JSON: read as programs write them, and row by row refused where they are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data import tables
from data.errors import CorpusError
from data.own import clip_lists
from data.own.incoming import collect, from_folder, from_list
from tests.support.brought import Bring, put, refusals, told

TABLE = "file,label,speaker,side\nclips/a.wav,left,Ann,train\nclips/b.wav,送,,TEST\n"
EXPECTED = {"clips/a.wav": ("left", "Ann", "training"), "clips/b.wav": ("送", None, "test")}


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(), b"\xef\xbb\xbf" + TABLE.encode(), TABLE.encode("utf-16"), TABLE.replace(",", ";").encode(), TABLE.replace(",", "\t").encode(),
        TABLE.replace("\n", "\r\n").encode(), b"\n \n" + TABLE.encode(),
        TABLE.replace("file,label,speaker,side", " Path , WORD,client_id,Split").encode(),
        'label,"filename",set,speaker_id,more\nleft,"./clips/a.wav",training,Ann,x\n\n送,clips\\b.wav,testing\n'.encode(),
    ],
)  # fmt: skip
def test_tables_as_programs_write_them(tmp_path: Path, content: bytes) -> None:
    folder = put(tmp_path, "clips/a.wav", "clips/b.wav")
    (folder / "list.csv").write_bytes(content)
    for batch in (
        from_list(folder / "list.csv", folder),
        collect(folder, tmp_path),
        collect(folder / "list.csv", tmp_path),
    ):
        assert told(batch) == EXPECTED
        assert batch.refused == ()


@pytest.mark.parametrize("around", ["{}", '{{"clips": {}, "more": 1}}', "\ufeff{}"])
def test_json_lists(tmp_path: Path, around: str) -> None:
    folder = put(tmp_path, "clips/a.wav", "clips/b.wav")
    rows = [{"File": "clips/a.wav", "label": "left", "speaker": "Ann", "side": "train"}, {"path": "clips/b.wav", "class": "送", "speaker": None, "split": "test"}]  # fmt: skip
    (folder / "list.json").write_text(around.format(json.dumps(rows)), encoding="utf-8")
    assert told(collect(folder, tmp_path)) == EXPECTED


def test_a_list_comes_with_its_files_in_every_way(tmp_path: Path, bring: Bring) -> None:
    folder = put(tmp_path / "in", "top/clips/a.wav", "top/clips/b.wav")
    (folder / "top" / "labels.csv").write_text(TABLE)
    assert told(bring(folder)) == EXPECTED


def test_files_that_were_uploaded_without_their_folders_are_found(tmp_path: Path) -> None:
    folder = put(tmp_path, "1.staged", "2.staged")
    (folder / "3.staged").write_text(TABLE)
    files = [("a.wav", folder / "1.staged"), ("b.wav", folder / "2.staged"), ("labels.csv", folder / "3.staged")]
    batch = collect(files, tmp_path)
    assert {Path(one.path).name: (one.label, one.split) for one in batch.clips} == {
        "1.staged": ("left", "training"),
        "2.staged": ("送", "test"),
    }
    assert from_list(folder / "3.staged", dict(files[:2])) == batch


def test_an_accent_written_in_two_ways_is_one_name(tmp_path: Path) -> None:
    path = put(tmp_path, "x") / "x"
    (tmp_path / "l.csv").write_text("file,label\ncafe\u0301.wav,left\n", encoding="utf-8")
    assert len(from_list(tmp_path / "l.csv", {"café.wav": path}).clips) == 1


def test_lists_of_several_sides_are_read_together(tmp_path: Path) -> None:
    folder = put(tmp_path, "a.wav", "b.wav")
    (folder / "train.tsv").write_text("path\tword\tsplit\na.wav\tleft\ttrain\n")
    (folder / "test.tsv").write_text("path\tword\tsplit\nb.wav\tleft\ttest\nc.wav\tleft\ttest\n")
    batch = from_folder(folder)
    assert told(batch) == {"a.wav": ("left", None, "training"), "b.wav": ("left", None, "test")}
    assert refusals(batch) == {"c.wav": "test.tsv, Line 3: The file 'c.wav' is missing."}


def test_bad_rows_are_refused_one_by_one(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", *(f"{letter}.wav" for letter in "abcdefgh"), "x.ape")
    put(tmp_path, "secret.wav")
    (folder / "l.csv").write_text(
        "file,label,speaker,side\na.wav,left\nb.wav\n,left\n../secret.wav,left\n/etc/passwd,left\nC:\\x.wav,left\ngone.wav,left\n"
        "a.wav,right\nc.wav,_x\nd.wav,left,,moon\ne.wav," + "y" * 61 + "\nx.ape,left\nf.wav,left,\0\n"
    )
    batch = from_list(folder / "l.csv", folder)
    assert told(batch) == {"a.wav": ("left", None, None)}
    said = [one.reason for one in batch.refused]
    expected = [
        "Line 3: It has no label.", "Line 4: It has no file.", "Line 5: '../secret.wav' leads outside", "Line 6: '/etc/passwd' leads outside",
        "Line 7: 'C:\\x.wav' leads outside", "Line 8: The file 'gone.wav' is missing.", "Line 9: Line 2 already names this file.",
        "Line 10: '_x' cannot be a label", "Line 11: Its split is 'moon'", "Line 12: The label", "Line 13: 'x.ape' cannot be read. Echoic reads WAV",
        "Line 14: The speaker", "It is not in the list.", "It is not in the list.",
    ]  # fmt: skip
    assert len(said) == len(expected)
    for reason, beginning in zip(said, expected, strict=True):
        assert reason.startswith(beginning)
    assert [str(one.path) for one in batch.refused[-2:]] == ["g.wav", "h.wav"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (5, "not an object"), ({"file": "a.wav", "label": True}, "label is not text"), ({"file": ["a.wav"], "label": "x"}, "file is not text"),
        ({"file": "a.wav", "label": 0.5}, "label is not text"), ({"label": "x"}, "has no file"), ({"file": "a.wav"}, "has no label"),
        ({"file": "a.wav", "label": "\ud800"}, "not text"), ({"file": "\ud800.wav", "label": "x"}, "is missing"),
    ],
)  # fmt: skip
def test_bad_entries_are_refused_one_by_one(tmp_path: Path, row: object, said: str) -> None:
    folder = put(tmp_path, "a.wav", "b.wav")
    (folder / "l.json").write_text(json.dumps([row, {"file": "b.wav", "label": 7}]))
    batch = from_list(folder / "l.json", folder)
    assert told(batch) == {"b.wav": ("7", None, None)}
    assert batch.refused[0].reason.startswith("Entry 1: ")
    assert said in batch.refused[0].reason


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("l.csv", "file,label\na.wav,grün\n".encode("latin-1"), "neither UTF-8 nor UTF-16"), ("l.csv", b"\xff\xfea", "neither UTF-8 nor UTF-16"),
        ("l.csv", b"", "no column 'file'"), ("l.csv", b"label,speaker\nleft,Ann\n", "no column 'file'"),
        ("l.csv", b"file,speaker\na.wav,Ann\n", r"no column 'label' .*its columns are: file, speaker"), ("l.csv", b"file,label\n", "has no rows"),
        ("l.csv", b"file,label\n\"" + b"x" * 200_000, "damaged at line"), ("l.json", b"", "is not JSON"), ("l.json", b"[" * 100_000, "is not JSON"),
        ("l.json", b"{}", "no list of clips"), ("l.json", b"[]", "has no rows"), ("l.json", b"3", "no list of clips"), ("l.json", b"[1e999999", "is not JSON"),
        ("l.json", b'{"clips": "a.wav"}', "no list of clips"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_explained(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    folder = put(tmp_path, "a.wav")
    (folder / name).write_bytes(content)
    for call in (lambda: from_list(folder / name, folder), lambda: from_folder(folder)):
        with pytest.raises(CorpusError, match=said) as caught:
            call()
        assert len(str(caught.value)) < 500


def test_lists_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(tmp_path, "a.wav")
    (folder / "l.csv").write_text(TABLE)
    monkeypatch.setattr(clip_lists, "_MOST_ROWS", 1)
    with pytest.raises(CorpusError, match="more than 1 rows"):
        from_list(folder / "l.csv", folder)
    monkeypatch.setattr(tables, "_MOST_BYTES", 10)
    with pytest.raises(CorpusError, match="holds more than 0 MB"):
        from_list(folder / "l.csv", folder)


def test_a_table_about_something_else_does_not_stand_in_the_way(tmp_path: Path) -> None:
    folder = put(tmp_path, "left/a.wav", "right/b.wav")
    (folder / "weather.csv").write_text("day,rain\n1,2\n")
    batch = from_folder(folder)
    assert {one.label for one in batch.clips} == {"left", "right"}
    assert "no column 'file'" in refusals(batch)["weather.csv"]
