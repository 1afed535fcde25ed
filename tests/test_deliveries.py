"""What comes from outside: layouts, lists and archives are understood, nothing in them is trusted, export comes back."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import secrets
import struct
import tarfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import archives, clip_lists, deliveries
from data.corpus import BACKGROUND_NOISE, SILENCE, Progress
from data.deliveries import Delivered, Delivery, from_archive, from_files, from_folder, from_list, receive, staging
from data.errors import Cancelled, CorpusError, WorkspaceError
from data.export import export
from data.folder import FolderCorpus
from data.names import clean_label, clean_speaker
from data.own_corpus import NewClip, OwnClip, OwnCorpus, create, delete, exists
from tests.sounds import RATE, glides, tone, write
from tests.test_archives import _tar, _zip


def _said(delivery: Delivery) -> dict[str, tuple[str | None, str | None, str | None]]:
    return {one.original: (one.label, one.speaker, one.side) for one in delivery.clips}


def _reasons(delivery: Delivery) -> dict[str, str]:
    return {str(one.path): one.reason for one in delivery.refused}


def _put(folder: Path, *names: str, content: bytes = b"RIFF") -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


Bring = Callable[[Path], Delivery]


def _zipped(folder: Path, kind: str = "zip") -> Path:
    members = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    path = folder.parent / f"packed.{kind}"
    return _zip(path, members) if kind == "zip" else _tar(path, members, "w:" + kind.partition(".")[2])


@pytest.fixture(params=["folder", "zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "upload"])
def bring(request, tmp_path: Path) -> Bring:
    """Delivers a folder in one of the ways in which it may come."""

    def delivered(folder: Path) -> Delivery:
        if request.param == "folder":
            return receive(folder, tmp_path)
        if request.param == "upload":
            files = [
                (str(path.relative_to(folder.parent)), path) for path in sorted(folder.rglob("*")) if path.is_file()
            ]
            return receive(files, tmp_path)
        unpacked = tmp_path / "staging"
        unpacked.mkdir(exist_ok=True)
        return receive(_zipped(folder, request.param), unpacked)

    return delivered


# ------------------------------------------------------------------ layouts


@pytest.mark.parametrize("top", ["", "corpus/", "a/b/"])
def test_one_folder_a_word_whatever_is_around(tmp_path: Path, bring: Bring, top: str) -> None:
    folder = _put(
        tmp_path / "in", *(f"{top}{name}" for name in ("left/a.wav", "left/b.FLAC", "שלום/c.ogg", "on off/d.mp3"))
    )
    delivery = bring(folder)
    assert _said(delivery) == {
        "left/a.wav": ("left", None, None),
        "left/b.FLAC": ("left", None, None),
        "on off/d.mp3": ("on off", None, None),
        "שלום/c.ogg": ("שלום", None, None),
    }
    assert delivery.refused == ()
    assert all(one.path.read_bytes() == b"RIFF" for one in delivery.clips)


def test_a_single_word_is_a_word_and_no_folder_around_all(tmp_path: Path, bring: Bring) -> None:
    folder = _put(tmp_path / "in", "left/a.wav", "left/notes.txt")
    assert _said(bring(folder)) == {"left/a.wav": ("left", None, None)}


def test_the_layout_of_speech_commands(tmp_path: Path, bring: Bring) -> None:
    folder = glides(tmp_path / "in" / "speech", speakers=3, takes=1)
    _put(folder, "_background_noise_/x_nohash_1.wav", "README.md", "LICENSE")
    (folder / "validation_list.txt").write_text("rise/s00_nohash_0.wav\n")
    (folder / "testing_list.txt").write_text("hum/s01_nohash_0.wav\r\n")
    delivery = bring(folder.parent)
    assert delivery.refused == ()
    said = _said(delivery)
    assert len(said) == 10
    assert said["rise/s00_nohash_0.wav"] == ("rise", "s00", "validation")
    assert said["hum/s01_nohash_0.wav"] == ("hum", "s01", "test")
    assert said["fall/s02_nohash_0.wav"] == ("fall", "s02", None)
    assert said["_background_noise_/x_nohash_1.wav"] == (BACKGROUND_NOISE, None, None)


def test_the_layout_of_the_digits(tmp_path: Path, bring: Bring) -> None:
    folder = _put(tmp_path / "in", "free/recordings/7_theo_0.wav", "free/recordings/3_ann_1.wav", "free/README.md")
    assert sorted(_said(bring(folder)).values()) == [("3", "ann", None), ("7", "theo", None)]


def test_a_file_that_nothing_speaks_of_has_no_label(tmp_path: Path, bring: Bring) -> None:
    folder = _put(tmp_path / "in", "a.wav", "left/b.wav")
    assert _said(bring(folder)) == {"a.wav": (None, None, None), "left/b.wav": ("left", None, None)}
    assert _said(receive(folder / "a.wav", tmp_path)) == {"a.wav": (None, None, None)}
    assert _said(from_files([("x_nohash_0.wav", folder / "a.wav")])) == {"x_nohash_0.wav": (None, "x", None)}


def test_label_and_speaker_of_the_user_hold_for_all_files(tmp_path: Path) -> None:
    folder = _put(tmp_path / "in", "a.wav")
    files = [
        ("a.wav", folder / "a.wav"),
        ("deep/er/right/b.wav", folder / "a.wav"),
        ("up/eve_nohash_1.wav", folder / "a.wav"),
    ]
    assert _said(from_files(files, " left ", " Ann ")) == {
        "a.wav": ("left", "Ann", None), "deep/er/right/b.wav": ("left", "Ann", None), "up/eve_nohash_1.wav": ("left", "eve", None)
    }  # fmt: skip
    with pytest.raises(CorpusError, match="begin with '_'"):
        from_files(files, "_x")


def test_the_user_fills_in_what_folders_and_lists_do_not_say(tmp_path: Path) -> None:
    folder = _put(tmp_path / "in", "a.wav", "right/b.wav", "right/eve_nohash_0.wav", "_background_noise_/n.wav")
    expected = {
        "a.wav": ("left", "Ann", None), "right/b.wav": ("right", "Ann", None), "right/eve_nohash_0.wav": ("right", "eve", None),
        "_background_noise_/n.wav": (BACKGROUND_NOISE, None, None),
    }  # fmt: skip
    with staging() as unpacked:
        for thing in (folder, _zipped(folder)):
            assert _said(receive(thing, unpacked, label="left", speaker=" Ann ")) == expected
    (folder / "l.csv").write_text("file,label,speaker\na.wav,on,\nright/b.wav,on,Bob\n")
    said = _said(receive(folder / "l.csv", tmp_path, label="left", speaker="Ann"))
    assert said == {"a.wav": ("on", "Ann", None), "right/b.wav": ("on", "Bob", None)}


def test_a_speaker_pattern_finds_speakers(tmp_path: Path, bring: Bring) -> None:
    folder = _put(tmp_path / "in", "left/ann-1.wav", "left/bob-1.wav")
    assert {one.speaker for one in from_folder(folder, "^([a-z]+)-").clips} == {"ann", "bob"}
    for pattern, said in (("(", "not a regular expression"), ("a", "no group"), ("^(zz)", "fits no file name")):
        with pytest.raises(CorpusError, match=said):
            from_folder(folder, pattern)


def test_what_is_not_taken_is_told_and_what_nobody_expects_is_not(tmp_path: Path, bring: Bring) -> None:
    folder = _put(
        tmp_path / "in",
        "left/a.wav", "left/b.m4a", "left/inner/c.wav", "left/more.zip", "_secret/d.wav", f"{'x' * 61}/e.wav", "left/nothing",
        "README", "LICENSE.txt", "left/.DS_Store", "left/Thumbs.db", "left/._a.wav", ".git/f.wav", "__MACOSX/left/a.wav", "left/a.TextGrid",
    )  # fmt: skip
    delivery = bring(folder)
    assert [Path(one.original).name for one in delivery.clips] == ["a.wav"]
    reasons = {name.rpartition("/")[2]: reason for name, reason in _reasons(delivery).items()}
    assert set(reasons) == {"b.m4a", "c.wav", "more.zip", "d.wav", "e.wav", "nothing"}
    for name, said in (
        ("b.m4a", "ends in '.m4a'"), ("c.wav", "inside a word's folder"), ("more.zip", "an archive inside"), ("d.wav", "begin with '_'"),
        ("e.wav", "61 characters"), ("nothing", "no audio"),
    ):  # fmt: skip
        assert said in reasons[name]
        assert reasons[name].endswith(".")


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder = _put(tmp_path / "in", "left/a.wav")
    outside = _put(tmp_path / "outside", "secret.wav", content=b"secret")
    (folder / "left" / "link.wav").symlink_to(outside / "secret.wav")
    (folder / "right").symlink_to(outside)
    (folder / "round").symlink_to(folder)
    (folder / "labels.csv").write_text("file,label\nleft/a.wav,left\nleft/link.wav,left\nright/secret.wav,left\n")
    delivery = from_folder(folder)
    assert [one.original for one in delivery.clips] == ["left/a.wav"]
    assert Counter(_reasons(delivery).values()).most_common(1)[0] == (
        "It is a link to something else; only files themselves are taken.",
        2,
    )


def test_a_thousand_levels_and_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _put(tmp_path / "in", "left/a.wav", "/".join(["d"] * 300) + "/b.wav")
    delivery = from_folder(folder)
    assert [one.original for one in delivery.clips] == ["left/a.wav"]
    assert [("folders deep" in reason) for reason in _reasons(delivery).values()] == [True]
    monkeypatch.setattr(deliveries, "_MOST_FILES", 3)
    with pytest.raises(CorpusError, match="holds more than 3 files"):
        from_folder(_put(folder, "left/b.wav", "left/c.wav", "left/d.wav"))


@pytest.mark.parametrize("name", ["../left/a.wav", "/etc/a.wav", "..\\a.wav", "C:\\a.wav", "left/../../a.wav"])
def test_an_uploaded_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = _put(tmp_path, "staged.wav") / "staged.wav"
    delivery = from_files([(name, path), ("left/b.wav", path)])
    assert [one.original for one in delivery.clips] == ["left/b.wav"]
    assert [one.reason for one in delivery.refused] == ["Its name leads outside of the folder that it came in."]


def test_nothing_at_the_path_says_what_may_be_there(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no folder and no file"):
        receive(tmp_path / "gone", tmp_path)
    with pytest.raises(CorpusError, match="There is no folder"):
        from_folder(tmp_path / "gone")


# ------------------------------------------------------------------ lists

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
    folder = _put(tmp_path, "clips/a.wav", "clips/b.wav")
    (folder / "list.csv").write_bytes(content)
    for delivery in (
        from_list(folder / "list.csv", folder),
        receive(folder, tmp_path),
        receive(folder / "list.csv", tmp_path),
    ):
        assert _said(delivery) == EXPECTED
        assert delivery.refused == ()


@pytest.mark.parametrize("around", ["{}", '{{"clips": {}, "more": 1}}', "\ufeff{}"])
def test_json_lists(tmp_path: Path, around: str) -> None:
    folder = _put(tmp_path, "clips/a.wav", "clips/b.wav")
    rows = [{"File": "clips/a.wav", "label": "left", "speaker": "Ann", "side": "train"}, {"path": "clips/b.wav", "class": "送", "speaker": None, "split": "test"}]  # fmt: skip
    (folder / "list.json").write_text(around.format(json.dumps(rows)), encoding="utf-8")
    assert _said(receive(folder, tmp_path)) == EXPECTED


def test_a_list_comes_with_its_files_in_every_way(tmp_path: Path, bring: Bring) -> None:
    folder = _put(tmp_path / "in", "top/clips/a.wav", "top/clips/b.wav")
    (folder / "top" / "labels.csv").write_text(TABLE)
    assert _said(bring(folder)) == EXPECTED


def test_files_that_were_uploaded_without_their_folders_are_found(tmp_path: Path) -> None:
    folder = _put(tmp_path, "1.staged", "2.staged")
    (folder / "3.staged").write_text(TABLE)
    files = [("a.wav", folder / "1.staged"), ("b.wav", folder / "2.staged"), ("labels.csv", folder / "3.staged")]
    delivery = receive(files, tmp_path)
    assert {Path(one.path).name: (one.label, one.side) for one in delivery.clips} == {
        "1.staged": ("left", "training"),
        "2.staged": ("送", "test"),
    }
    assert from_list(folder / "3.staged", dict(files[:2])) == delivery


def test_an_accent_written_in_two_ways_is_one_name(tmp_path: Path) -> None:
    path = _put(tmp_path, "x") / "x"
    (tmp_path / "l.csv").write_text("file,label\ncafe\u0301.wav,left\n", encoding="utf-8")
    assert len(from_list(tmp_path / "l.csv", {"café.wav": path}).clips) == 1


def test_lists_of_several_sides_are_read_together(tmp_path: Path) -> None:
    folder = _put(tmp_path, "a.wav", "b.wav")
    (folder / "train.tsv").write_text("path\tword\tsplit\na.wav\tleft\ttrain\n")
    (folder / "test.tsv").write_text("path\tword\tsplit\nb.wav\tleft\ttest\nc.wav\tleft\ttest\n")
    delivery = from_folder(folder)
    assert _said(delivery) == {"a.wav": ("left", None, "training"), "b.wav": ("left", None, "test")}
    assert _reasons(delivery) == {"c.wav": "test.tsv, Line 3: The file 'c.wav' is not there."}


def test_bad_rows_are_refused_one_by_one(tmp_path: Path) -> None:
    folder = _put(tmp_path / "in", *(f"{letter}.wav" for letter in "abcdefgh"), "x.m4a")
    _put(tmp_path, "secret.wav")
    (folder / "l.csv").write_text(
        "file,label,speaker,side\na.wav,left\nb.wav\n,left\n../secret.wav,left\n/etc/passwd,left\nC:\\x.wav,left\ngone.wav,left\n"
        "a.wav,right\nc.wav,_x\nd.wav,left,,moon\ne.wav," + "y" * 61 + "\nx.m4a,left\nf.wav,left,\0\n"
    )
    delivery = from_list(folder / "l.csv", folder)
    assert _said(delivery) == {"a.wav": ("left", None, None)}
    said = [one.reason for one in delivery.refused]
    expected = [
        "Line 3: It has no label.", "Line 4: It has no file.", "Line 5: '../secret.wav' leads outside", "Line 6: '/etc/passwd' leads outside",
        "Line 7: 'C:\\x.wav' leads outside", "Line 8: The file 'gone.wav' is not there.", "Line 9: Line 2 names the same file already.",
        "Line 10: '_x' cannot be a label", "Line 11: Its side is 'moon'", "Line 12: The label", "Line 13: 'x.m4a' is no audio file",
        "Line 14: The speaker", "The list does not name it.", "The list does not name it.",
    ]  # fmt: skip
    assert len(said) == len(expected)
    for reason, beginning in zip(said, expected, strict=True):
        assert reason.startswith(beginning)
    assert [str(one.path) for one in delivery.refused[-2:]] == ["g.wav", "h.wav"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (5, "no object"), ({"file": "a.wav", "label": True}, "label is no text"), ({"file": ["a.wav"], "label": "x"}, "file is no text"),
        ({"file": "a.wav", "label": 0.5}, "label is no text"), ({"label": "x"}, "has no file"), ({"file": "a.wav"}, "has no label"),
        ({"file": "a.wav", "label": "\ud800"}, "no text"), ({"file": "\ud800.wav", "label": "x"}, "is not there"),
    ],
)  # fmt: skip
def test_bad_entries_are_refused_one_by_one(tmp_path: Path, row: object, said: str) -> None:
    folder = _put(tmp_path, "a.wav", "b.wav")
    (folder / "l.json").write_text(json.dumps([row, {"file": "b.wav", "label": 7}]))
    delivery = from_list(folder / "l.json", folder)
    assert _said(delivery) == {"b.wav": ("7", None, None)}
    assert delivery.refused[0].reason.startswith("Entry 1: ")
    assert said in delivery.refused[0].reason


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("l.csv", "file,label\na.wav,grün\n".encode("latin-1"), "neither UTF-8 nor UTF-16"), ("l.csv", b"\xff\xfea", "neither UTF-8 nor UTF-16"),
        ("l.csv", b"", "no column 'file'"), ("l.csv", b"label,speaker\nleft,Ann\n", "no column 'file'"),
        ("l.csv", b"file,speaker\na.wav,Ann\n", r"no column 'label' .*its columns are: file, speaker"), ("l.csv", b"file,label\n", "names no file"),
        ("l.csv", b"file,label\n\"" + b"x" * 200_000, "damaged at line"), ("l.json", b"", "is no JSON"), ("l.json", b"[" * 100_000, "is no JSON"),
        ("l.json", b"{}", "no list of clips"), ("l.json", b"[]", "names no file"), ("l.json", b"3", "no list of clips"), ("l.json", b"[1e999999", "is no JSON"),
        ("l.json", b'{"clips": "a.wav"}', "no list of clips"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_explained(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    folder = _put(tmp_path, "a.wav")
    (folder / name).write_bytes(content)
    for call in (lambda: from_list(folder / name, folder), lambda: from_folder(folder)):
        with pytest.raises(CorpusError, match=said) as caught:
            call()
        assert len(str(caught.value)) < 500


def test_lists_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _put(tmp_path, "a.wav")
    (folder / "l.csv").write_text(TABLE)
    monkeypatch.setattr(clip_lists, "_MOST_ROWS", 1)
    with pytest.raises(CorpusError, match="more than 1 rows"):
        from_list(folder / "l.csv", folder)
    monkeypatch.setattr(clip_lists, "_MOST_BYTES", 10)
    with pytest.raises(CorpusError, match="holds more than 0 MB"):
        from_list(folder / "l.csv", folder)


def test_a_table_about_something_else_does_not_stand_in_the_way(tmp_path: Path) -> None:
    folder = _put(tmp_path, "left/a.wav", "right/b.wav")
    (folder / "weather.csv").write_text("day,rain\n1,2\n")
    delivery = from_folder(folder)
    assert {one.label for one in delivery.clips} == {"left", "right"}
    assert "no column 'file'" in _reasons(delivery)["weather.csv"]


# ------------------------------------------------------------------ hostile archives


def _encrypted(path: Path) -> Path:
    _zip(path, {"left/a.wav": b"a"})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    return path


def _strange_method(path: Path) -> Path:
    _zip(path, {"left/a.wav": b"a"})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(signature) + offset] = 97
    path.write_bytes(content)
    return path


def _huge_header(path: Path) -> Path:
    """A tar file whose extended header claims 8 GB."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 8 << 30
    path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1000)))
    return path


def _zeros_after_the_end(path: Path) -> Path:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as packed:
        packed.addfile(tarfile.TarInfo("left/a.wav"))
    path.write_bytes(gzip.compress(content.getvalue() + bytes(60_000_000)))
    return path


def _cut(path: Path) -> Path:
    _tar(path, {"left/a.wav": secrets.token_bytes(50_000)})
    path.write_bytes(path.read_bytes()[:20_000])
    return path


HOSTILE: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "parent": ("x.zip", lambda path: _zip(path, {"../evil.wav": b"x"}), "does not stay inside"),
    "parent in tar": ("x.tar", lambda path: _tar(path, {"left/../../evil.wav": b"x"}, "w"), "does not stay inside"),
    "absolute": ("x.zip", lambda path: _zip(path, {"/tmp/evil.wav": b"x"}), "does not stay inside"),
    "drive": ("x.zip", lambda path: _zip(path, {"C:/evil.wav": b"x"}), "does not stay inside"),
    "thousand levels": ("x.tar.gz", lambda path: _tar(path, {"d/" * 1000 + "a.wav": b"x"}), "too deep"),
    "long name": ("x.zip", lambda path: _zip(path, {f"left/{'n' * 60_000}.wav": b"x"}), "too long"),
    "device": ("x.zip", lambda path: _zip(path, {"left/CON.wav": b"x"}), "'CON.wav' is a device"),
    "device folder": ("x.tar", lambda path: _tar(path, {"aux/a.wav": b"x"}, "w"), "'aux' is a device"),
    "device with blank": ("x.zip", lambda path: _zip(path, {"left/nul .wav": b"x"}), "is a device"),
    "locked": ("x.zip", _encrypted, "locked with a password"),
    "strange method": ("x.zip", _strange_method, "packed in a way"),
    "twice": ("x.tar", lambda path: _tar(path, {"left/a.wav": b"1", "left/./a.wav": b"2"}, "w"), "two files of one name"),
    "twice in capitals": ("x.zip", lambda path: _zip(path, {"left/a.wav": b"1", "left/A.wav": b"2"}), "two files of one name"),
    "folder and file": ("x.zip", lambda path: _zip(path, {"left": b"1", "left/in/a.wav": b"2"}), "two files of one name"),
    "cut off": ("x.tar.gz", _cut, "is damaged"),
    "no archive": ("x.zip", lambda path: _put(path.parent, path.name, content=b"hello" * 1000) / path.name, "is damaged"),
    "empty": ("x.tar.xz", lambda path: _put(path.parent, path.name, content=b"") / path.name, "is damaged"),
    "broken bz2": ("x.tar.bz2", lambda path: _put(path.parent, path.name, content=bz2.compress(bytes(9999))[:-9] + b"x" * 9) / path.name, "is damaged"),
    "broken xz": ("x.tar.xz", lambda path: _put(path.parent, path.name, content=lzma.compress(os.urandom(9999))[:5000] + b"x" * 5000) / path.name, "is damaged"),
    "bomb": ("x.zip", lambda path: _zip(path, {"left/a.wav": bytes(20_000_000)}), "unpacks to more than"),
    "bomb in tar": ("x.tar.bz2", lambda path: _tar(path, {"left/a.wav": bytes(20_000_000)}, "w:bz2"), "unpacks to more than"),
    "header bomb": ("x.tar.gz", _huge_header, "is damaged"),
    "tail bomb": ("x.tar.gz", _zeros_after_the_end, "unpacks to more than"),
    "too many": ("x.zip", lambda path: _zip(path, {f"left/{number}.wav": b"" for number in range(60)}), "holds more than 50 files"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(
    case: str, tmp_path: Path, workspace_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, make, said = HOSTILE[case]
    path = make(tmp_path / name)
    monkeypatch.setattr(archives, "_HARMLESS", 10_000_000)
    monkeypatch.setattr(deliveries, "_MOST_FILES", 50)
    before = sorted(tmp_path.iterdir())
    called = "voices<b>.zip" if name.endswith("zip") else f"voices{name[1:]}"
    with staging() as folder:
        with pytest.raises(CorpusError, match=said) as caught:
            receive([(called, path)], folder)
        assert list(folder.iterdir()) == [], "nothing is left even before the folder goes"
    assert called in str(caught.value), "it is called as the user knows it"
    assert len(str(caught.value)) < 300
    assert [one for one in sorted(tmp_path.iterdir()) if one != workspace_folder] == before
    assert list((workspace_folder / "incoming").iterdir()) == []
    assert not Path("/tmp/evil.wav").exists()


def test_a_large_file_that_packs_well_but_not_absurdly_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_HARMLESS", 1_000_000)
    content = b"".join(struct.pack("<h", number % 3000) for number in range(1_000_000)) + secrets.token_bytes(60_000)
    with staging() as folder:
        assert len(receive(_zip(tmp_path / "x.zip", {"left/a.wav": content}), folder).clips) == 1


def test_links_in_archives_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as packed:
        info = tarfile.TarInfo("left/link.wav")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(info)
        packed.addfile(tarfile.TarInfo("left/a.wav"))
    with staging() as folder:
        assert [one.original for one in receive(tmp_path / "x.tar", folder).clips] == ["left/a.wav"]
        assert not any(path.is_symlink() for path in folder.rglob("*"))


def test_the_staging_folder_goes_whatever_happens_and_old_ones_too(workspace_folder: Path) -> None:
    old, fresh = (_put(workspace_folder / "incoming" / name, "x/a.wav") for name in ("old", "fresh"))
    os.utime(old, (time.time() - 90_000,) * 2)

    def fail() -> None:
        with staging() as folder:
            _put(folder, "a.wav")
            raise KeyError(folder)

    with pytest.raises(KeyError):
        fail()
    assert [path.name for path in (workspace_folder / "incoming").iterdir()] == [fresh.name]


def test_unpacking_can_be_stopped(tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        raise Cancelled("no")

    path = _zip(tmp_path / "x.zip", {"left/a.wav": b"a"})
    with staging() as folder:
        with pytest.raises(Cancelled):
            receive(path, folder, report=stop)
        assert list(folder.iterdir()) == []


def test_archives_and_files_may_come_together(tmp_path: Path) -> None:
    files = [("x.zip", _zip(tmp_path / "1", {"left/a.wav": b"a"})), ("y.tgz", _tar(tmp_path / "2", {"right/b.wav": b"b"})), ("c.wav", _put(tmp_path, "3") / "3")]  # fmt: skip
    with staging() as folder:
        delivery = receive(files, folder, label="on")
        assert {one.label: one.path.read_bytes() for one in delivery.clips} == {
            "left": b"a",
            "right": b"b",
            "on": b"RIFF",
        }


# ------------------------------------------------------------------ export and back


def _new(one: Delivered) -> NewClip:
    assert one.label is not None
    return NewClip(one.label, one.speaker, one.source or "import", one.original, one.path, one.path.suffix, 0.5, side=one.side, added=one.added)  # fmt: skip


def _kept(clip: OwnClip) -> tuple[object, ...]:
    return (
        clip.label,
        clip.speaker or "",
        clip.source,
        clip.added,
        clip.original,
        clip.side or "",
        clip.path.read_bytes(),
    )


def _is(clean: Callable[[str], str | None], text: str) -> bool:
    try:
        return clean(text) == text
    except CorpusError:
        return False


_HARD = ["a/b", "..", ".", ".hidden", "con", "NUL.x", "left.", "%41", "A", "a", "index.json", "testing_list.txt", "a_nohash_b", "a_nohash", "👩‍🚀", "x" * 60, "送" * 60, "送" * 59 + "信", "*?<>|:\"\\", SILENCE, BACKGROUND_NOISE]  # fmt: skip
LABELS = st.sampled_from(_HARD) | st.text(min_size=1, max_size=30).filter(lambda text: _is(clean_label, text))
SPEAKERS = st.none() | st.sampled_from(_HARD) | st.text(min_size=1, max_size=30).filter(lambda text: _is(clean_speaker, text))  # fmt: skip
CLIPS = st.builds(
    NewClip,
    label=LABELS,
    speaker=SPEAKERS,
    source=st.sampled_from(["recording", "upload", "import"]),
    original=st.text(max_size=20),
    content=st.binary(min_size=1, max_size=20),
    ending=st.sampled_from([".wav", ".flac", ".ogg", ".mp3"]),
    seconds=st.just(0.5),
    side=st.none() | st.sampled_from(["training", "validation", "test"]),
    added=st.floats(0, 4e9),
)


@settings(max_examples=60)
@given(st.lists(CLIPS, min_size=1, max_size=8))
def test_export_then_import_gives_the_same_corpus(clips: list[NewClip]) -> None:
    for name in ("one", "two"):
        if exists(name):
            delete(name)
    first, second = create("one"), create("two")
    first.add(clips)
    with staging() as folder:
        assert export(first, folder / "one.zip") == ()
        (folder / "in").mkdir()
        delivery = from_archive(folder / "one.zip", folder / "in")
        assert delivery.refused == ()
        second.add([_new(one) for one in delivery.clips])
    kept = [sorted(map(_kept, (*corpus.clips(), *corpus.noise()))) for corpus in (first, second)]
    assert kept[0] == kept[1]
    assert len(kept[0]) == len(clips)


def test_an_export_is_a_corpus_for_every_program(tmp_path: Path) -> None:
    corpus = create("kitchen")
    path = write(tmp_path / "a.wav", tone(300, 0.5))
    corpus.add(
        [NewClip(label, speaker, "upload", "a.wav", path, ".wav", 0.5, side=side, measures={"level": -20.0}) for label, speaker, side in
         [("left", "Ann", "test"), ("left", "Bob", "validation"), ("right", "Ann", None), (BACKGROUND_NOISE, None, None)]]
    )  # fmt: skip
    export(corpus, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        assert {info.compress_type for info in packed.infolist()} == {zipfile.ZIP_STORED}
        packed.extractall(tmp_path / "out")
        row = json.loads(packed.read("index.json"))["clips"][0]
    assert set(row) == {
        "file",
        "label",
        "speaker",
        "source",
        "added",
        "original",
        "seconds",
        "sound",
        "measures",
        "side",
    }
    assert row["measures"] == {"level": -20.0}
    index = FolderCorpus(tmp_path / "out").index()
    assert {(one.label, one.speaker, one.split) for one in index.clips} == {("left", "Ann", "test"), ("left", "Bob", "validation"), ("right", "Ann", "training")}  # fmt: skip
    assert len(index.noise) == 1
    assert index.skipped == ()


def test_no_lists_where_no_side_is_fixed_and_gone_files_are_told(tmp_path: Path) -> None:
    corpus = create("kitchen")
    corpus.add([NewClip("left", None, "upload", "a.wav", b"x", ".wav", 0.5)] * 2)
    gone = corpus.clips()[0].path
    gone.unlink()
    assert [one.path for one in export(corpus, tmp_path / "out.zip")] == [gone]
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        assert packed.namelist() == ["left/clip_1.wav", "index.json"]


def test_an_export_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = create("kitchen")
    corpus.add([NewClip("left", None, "upload", "a.wav", b"x", ".wav", 0.5)])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.zip").write_bytes(b"old")

    def stop(progress: Progress) -> None:
        raise Cancelled("no")

    with pytest.raises(Cancelled):
        export(corpus, tmp_path / "out" / "x.zip", stop)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "write", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        export(corpus, tmp_path / "out" / "x.zip")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.zip"]
    assert (tmp_path / "out" / "x.zip").read_bytes() == b"old"


def test_what_an_index_claims_is_checked(tmp_path: Path) -> None:
    folder = _put(tmp_path, "a.wav", "b.wav", "c.wav", content=b"x")
    rows = [
        {"file": "a.wav", "label": "left", "source": "theft", "added": float("inf"), "original": 5, "seconds": 1e9},
        {"file": "b.wav", "label": "left", "source": "recording", "added": True, "original": "x\0" * 300},
        {"file": "../c.wav", "label": "left"},
    ]
    (folder / "index.json").write_text(json.dumps({"format": "hark-corpus", "clips": rows}))
    first, second = from_folder(folder).clips
    assert (first.source, first.added, first.original) == (None, None, "a.wav")
    assert (second.source, second.added, second.original) == ("recording", None, ("x�" * 300)[:255])
    # of another program's list these are not ours to believe
    (folder / "index.json").write_text(json.dumps({"clips": rows}))
    assert {(one.source, one.original) for one in from_folder(folder).clips} == {(None, "a.wav"), (None, "b.wav")}


def test_ten_seconds_of_sound_travel_byte_for_byte(tmp_path: Path) -> None:
    corpus = create("kitchen")
    path = write(tmp_path / "a.flac", tone(440, 10.0), RATE)
    corpus.add([NewClip("left", None, "recording", "a.flac", path, ".flac", 10.0)])
    export(corpus, tmp_path / "out.zip")
    with staging() as folder:
        [one] = receive(tmp_path / "out.zip", folder).clips
        assert one.path.read_bytes() == path.read_bytes() == OwnCorpus("kitchen").clips()[0].path.read_bytes()
