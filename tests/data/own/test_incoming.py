"""What comes from outside: layouts, lists and archives are understood, nothing in them is trusted, export comes back."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import secrets
import struct
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from data import archives
from data.corpus import BACKGROUND_NOISE, Progress
from data.errors import Cancelled, CorpusError, WorkspaceError
from data.own import incoming
from data.own.incoming import collect, from_files, from_folder, stage, staging
from tests.support.brought import Bring, packed_folder, packed_tar, packed_zip, put, refusals, told
from tests.support.sounds import glides


@pytest.mark.parametrize("top", ["", "corpus/", "a/b/"])
def test_one_folder_a_word_whatever_is_around(tmp_path: Path, bring: Bring, top: str) -> None:
    folder = put(
        tmp_path / "in", *(f"{top}{name}" for name in ("left/a.wav", "left/b.FLAC", "שלום/c.ogg", "on off/d.mp3"))
    )
    batch = bring(folder)
    assert told(batch) == {
        "left/a.wav": ("left", None, None),
        "left/b.FLAC": ("left", None, None),
        "on off/d.mp3": ("on off", None, None),
        "שלום/c.ogg": ("שלום", None, None),
    }
    assert batch.refused == ()
    assert all(one.path.read_bytes() == b"RIFF" for one in batch.clips)


def test_a_single_word_is_a_word_and_no_folder_around_all(tmp_path: Path, bring: Bring) -> None:
    folder = put(tmp_path / "in", "left/a.wav", "left/notes.txt")
    assert told(bring(folder)) == {"left/a.wav": ("left", None, None)}


def test_the_layout_of_speech_commands(tmp_path: Path, bring: Bring) -> None:
    folder = glides(tmp_path / "in" / "speech", speakers=3, takes=1)
    put(folder, "_background_noise_/x_nohash_1.wav", "README.md", "LICENSE")
    (folder / "validation_list.txt").write_text("rise/s00_nohash_0.wav\n")
    (folder / "testing_list.txt").write_text("hum/s01_nohash_0.wav\r\n")
    batch = bring(folder.parent)
    assert batch.refused == ()
    said = told(batch)
    assert len(said) == 10
    assert said["rise/s00_nohash_0.wav"] == ("rise", "s00", "validation")
    assert said["hum/s01_nohash_0.wav"] == ("hum", "s01", "test")
    assert said["fall/s02_nohash_0.wav"] == ("fall", "s02", None)
    assert said["_background_noise_/x_nohash_1.wav"] == (BACKGROUND_NOISE, None, None)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize("top", ["", "corpus/", "a/b/"])
def test_an_archive_gives_the_same_as_its_folder(tmp_path: Path, kind: str, top: str) -> None:
    folder = put(
        tmp_path / "in",
        *(
            f"{top}{name}"
            for name in (
                "left/ann_nohash_0.wav", "שלום/c.ogg", "on off/d.mp3", "_background_noise_/x.wav", "left/b.ape", "left/inner/c.wav",
                "left/more.zip", "_secret/d.wav", "a.wav", "README.md", "left/.DS_Store", "__MACOSX/left/a.wav",
            )
        ),
    )  # fmt: skip
    (folder / top / "testing_list.txt").write_text("left/ann_nohash_0.wav\n")
    plain = collect(folder, tmp_path)
    packed = collect(packed_folder(folder, kind), tmp_path / "in")
    assert told(packed) == told(plain)
    assert told(plain)["left/ann_nohash_0.wav"] == ("left", "ann", "test")
    assert len(plain.clips) == 5
    assert refusals(packed) == refusals(plain)
    assert len(plain.refused) == 4
    assert all(one.path.read_bytes() == b"RIFF" for one in packed.clips)


def test_the_layout_of_the_digits(tmp_path: Path, bring: Bring) -> None:
    folder = put(tmp_path / "in", "free/recordings/7_theo_0.wav", "free/recordings/3_ann_1.wav", "free/README.md")
    assert sorted(told(bring(folder)).values()) == [("3", "ann", None), ("7", "theo", None)]


def test_a_file_that_nothing_speaks_of_has_no_label(tmp_path: Path, bring: Bring) -> None:
    folder = put(tmp_path / "in", "a.wav", "left/b.wav")
    assert told(bring(folder)) == {"a.wav": (None, None, None), "left/b.wav": ("left", None, None)}
    assert told(collect(folder / "a.wav", tmp_path)) == {"a.wav": (None, None, None)}
    assert told(from_files([("x_nohash_0.wav", folder / "a.wav")])) == {"x_nohash_0.wav": (None, "x", None)}


def test_label_and_speaker_of_the_user_hold_for_all_files(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "a.wav")
    files = [
        ("a.wav", folder / "a.wav"),
        ("deep/er/right/b.wav", folder / "a.wav"),
        ("up/eve_nohash_1.wav", folder / "a.wav"),
    ]
    assert told(from_files(files, " left ", " Ann ")) == {
        "a.wav": ("left", "Ann", None), "deep/er/right/b.wav": ("left", "Ann", None), "up/eve_nohash_1.wav": ("left", "eve", None)
    }  # fmt: skip
    with pytest.raises(CorpusError, match="begin with '_'"):
        from_files(files, "_x")


def test_the_user_fills_in_what_folders_and_lists_do_not_say(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "a.wav", "right/b.wav", "right/eve_nohash_0.wav", "_background_noise_/n.wav")
    expected = {
        "a.wav": ("left", "Ann", None), "right/b.wav": ("right", "Ann", None), "right/eve_nohash_0.wav": ("right", "eve", None),
        "_background_noise_/n.wav": (BACKGROUND_NOISE, None, None),
    }  # fmt: skip
    with staging() as unpacked:
        for thing in (folder, packed_folder(folder)):
            assert told(collect(thing, unpacked, label="left", speaker=" Ann ")) == expected
    (folder / "l.csv").write_text("file,label,speaker\na.wav,on,\nright/b.wav,on,Bob\n")
    said = told(collect(folder / "l.csv", tmp_path, label="left", speaker="Ann"))
    assert said == {"a.wav": ("on", "Ann", None), "right/b.wav": ("on", "Bob", None)}


def test_a_speaker_pattern_finds_speakers(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "left/ann-1.wav", "left/bob-1.wav")
    assert {one.speaker for one in from_folder(folder, "^([a-z]+)-").clips} == {"ann", "bob"}
    for pattern, said in (("(", "not a regular expression"), ("a", "no group"), ("^(zz)", "fits no file name")):
        with pytest.raises(CorpusError, match=said):
            from_folder(folder, pattern)


def test_what_is_not_taken_is_told_and_what_nobody_expects_is_not(tmp_path: Path, bring: Bring) -> None:
    folder = put(
        tmp_path / "in",
        "left/a.wav", "left/b.ape", "left/inner/c.wav", "left/more.zip", "_secret/d.wav", f"{'x' * 61}/e.wav", "left/nothing",
        "README", "LICENSE.txt", "left/.DS_Store", "left/Thumbs.db", "left/._a.wav", ".git/f.wav", "__MACOSX/left/a.wav", "left/a.TextGrid",
    )  # fmt: skip
    batch = bring(folder)
    assert [Path(one.original).name for one in batch.clips] == ["a.wav"]
    reasons = {name.rpartition("/")[2]: reason for name, reason in refusals(batch).items()}
    assert set(reasons) == {"b.ape", "c.wav", "more.zip", "d.wav", "e.wav", "nothing"}
    for name, said in (
        ("b.ape", "Files ending in '.ape' cannot be read"), ("c.wav", "inside a word's folder"), ("more.zip", "an archive inside"), ("d.wav", "begin with '_'"),
        ("e.wav", "61 characters"), ("nothing", "without an ending cannot be read"),
    ):  # fmt: skip
        assert said in reasons[name]
        assert reasons[name].endswith(".")


def test_links_in_a_folder_that_the_user_named_are_followed(tmp_path: Path) -> None:
    """A folder of links to files, as collections of clips are often put together, was refused as a whole."""
    folder = put(tmp_path / "in", "left/a.wav")
    outside = put(tmp_path / "outside", "real.wav", content=b"real")
    (folder / "left" / "link.wav").symlink_to(outside / "real.wav")
    (folder / "right").symlink_to(outside)
    batch = from_folder(folder)
    assert told(batch) == {
        "left/a.wav": ("left", None, None), "left/link.wav": ("left", None, None), "right/real.wav": ("right", None, None)
    }  # fmt: skip
    assert [one.path.read_bytes() for one in batch.clips if one.original != "left/a.wav"] == [b"real", b"real"]
    assert batch.refused == ()
    (folder / "labels.csv").write_text("file,label\nleft/link.wav,up\n")
    assert [one.label for one in collect(folder / "labels.csv", tmp_path).clips] == ["up"]


def test_a_link_that_leads_nowhere_or_round_in_circles_is_refused(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "left/a.wav")
    (folder / "left" / "gone.wav").symlink_to(tmp_path / "gone.wav")
    (folder / "left" / "self.wav").symlink_to(folder / "left" / "self.wav")
    (folder / "left" / "round").symlink_to(folder)
    batch = from_folder(folder)
    assert [one.original for one in batch.clips] == ["left/a.wav"]
    assert refusals(batch) == {
        "left/gone.wav": "It is a symbolic link to a file that does not exist.",
        "left/self.wav": "It is a symbolic link to a file that does not exist.",
        "left/round": "It is a symbolic link to a folder around it.",
    }


def test_a_thousand_levels_and_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(tmp_path / "in", "left/a.wav", "/".join(["d"] * 300) + "/b.wav")
    batch = from_folder(folder)
    assert [one.original for one in batch.clips] == ["left/a.wav"]
    assert [("folders deep" in reason) for reason in refusals(batch).values()] == [True]
    monkeypatch.setattr(incoming, "_MOST_FILES", 3)
    with pytest.raises(CorpusError, match="holds more than 3 files"):
        from_folder(put(folder, "left/b.wav", "left/c.wav", "left/d.wav"))


@pytest.mark.parametrize("name", ["../left/a.wav", "/etc/a.wav", "..\\a.wav", "C:\\a.wav", "left/../../a.wav"])
def test_an_uploaded_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, "staged.wav") / "staged.wav"
    batch = from_files([(name, path), ("left/b.wav", path)])
    assert [one.original for one in batch.clips] == ["left/b.wav"]
    assert [one.reason for one in batch.refused] == ["Its name leads outside its folder."]


def test_nothing_at_the_path_says_what_may_be_there(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no folder and no file"):
        collect(tmp_path / "gone", tmp_path)
    with pytest.raises(CorpusError, match="There is no folder"):
        from_folder(tmp_path / "gone")


def _encrypted(path: Path) -> Path:
    packed_zip(path, {"left/a.wav": b"a"})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    return path


def _strange_method(path: Path) -> Path:
    packed_zip(path, {"left/a.wav": b"a"})
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
    packed_tar(path, {"left/a.wav": secrets.token_bytes(50_000)})
    path.write_bytes(path.read_bytes()[:20_000])
    return path


HOSTILE: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "parent": ("x.zip", lambda path: packed_zip(path, {"../evil.wav": b"x"}), "leads outside the archive"),
    "parent in tar": ("x.tar", lambda path: packed_tar(path, {"left/../../evil.wav": b"x"}, "w"), "leads outside the archive"),
    "absolute": ("x.zip", lambda path: packed_zip(path, {"/tmp/evil.wav": b"x"}), "leads outside the archive"),
    "drive": ("x.zip", lambda path: packed_zip(path, {"C:/evil.wav": b"x"}), "leads outside the archive"),
    "thousand levels": ("x.tar.gz", lambda path: packed_tar(path, {"d/" * 1000 + "a.wav": b"x"}), "too deep"),
    "long name": ("x.zip", lambda path: packed_zip(path, {f"left/{'n' * 60_000}.wav": b"x"}), "too long"),
    "device": ("x.zip", lambda path: packed_zip(path, {"left/CON.wav": b"x"}), "'CON.wav' is a device"),
    "device folder": ("x.tar", lambda path: packed_tar(path, {"aux/a.wav": b"x"}, "w"), "'aux' is a device"),
    "device with blank": ("x.zip", lambda path: packed_zip(path, {"left/nul .wav": b"x"}), "is a device"),
    "locked": ("x.zip", _encrypted, "locked with a password"),
    "strange method": ("x.zip", _strange_method, "packed in a way"),
    "twice": ("x.tar", lambda path: packed_tar(path, {"left/a.wav": b"1", "left/./a.wav": b"2"}, "w"), "two files of one name"),
    "twice in capitals": ("x.zip", lambda path: packed_zip(path, {"left/a.wav": b"1", "left/A.wav": b"2"}), "two files of one name"),
    "folder and file": ("x.zip", lambda path: packed_zip(path, {"left": b"1", "left/in/a.wav": b"2"}), "two files of one name"),
    "cut off": ("x.tar.gz", _cut, "is damaged"),
    "no archive": ("x.zip", lambda path: put(path.parent, path.name, content=b"hello" * 1000) / path.name, "is damaged"),
    "empty": ("x.tar.xz", lambda path: put(path.parent, path.name, content=b"") / path.name, "is damaged"),
    "broken bz2": ("x.tar.bz2", lambda path: put(path.parent, path.name, content=bz2.compress(bytes(9999))[:-9] + b"x" * 9) / path.name, "is damaged"),
    "broken xz": ("x.tar.xz", lambda path: put(path.parent, path.name, content=lzma.compress(os.urandom(9999))[:5000] + b"x" * 5000) / path.name, "is damaged"),
    "bomb": ("x.zip", lambda path: packed_zip(path, {"left/a.wav": bytes(20_000_000)}), "unpacks to more than"),
    "bomb in tar": ("x.tar.bz2", lambda path: packed_tar(path, {"left/a.wav": bytes(20_000_000)}, "w:bz2"), "unpacks to more than"),
    "header bomb": ("x.tar.gz", _huge_header, "is damaged"),
    "tail bomb": ("x.tar.gz", _zeros_after_the_end, "unpacks to more than"),
    "too many": ("x.zip", lambda path: packed_zip(path, {f"left/{number}.wav": b"" for number in range(60)}), "holds more than 50 files"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(
    case: str, tmp_path: Path, workspace_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, make, said = HOSTILE[case]
    path = make(tmp_path / name)
    monkeypatch.setattr(archives, "_HARMLESS", 10_000_000)
    monkeypatch.setattr(incoming, "_MOST_FILES", 50)
    before = sorted(tmp_path.iterdir())
    called = "voices<b>.zip" if name.endswith("zip") else f"voices{name[1:]}"
    with staging() as folder:
        with pytest.raises(CorpusError, match=said) as caught:
            collect([(called, path)], folder)
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
        assert len(collect(packed_zip(tmp_path / "x.zip", {"left/a.wav": content}), folder).clips) == 1


def test_links_in_archives_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as packed:
        info = tarfile.TarInfo("left/link.wav")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(info)
        packed.addfile(tarfile.TarInfo("left/a.wav"))
    with staging() as folder:
        assert [one.original for one in collect(tmp_path / "x.tar", folder).clips] == ["left/a.wav"]
        assert not any(path.is_symlink() for path in folder.rglob("*"))


def test_the_staging_folder_goes_whatever_happens_and_old_ones_too(workspace_folder: Path) -> None:
    old, fresh = (put(workspace_folder / "incoming" / name, "x/a.wav") for name in ("old", "fresh"))
    os.utime(old, (time.time() - 90_000,) * 2)

    def fail() -> None:
        with staging() as folder:
            put(folder, "a.wav")
            raise KeyError(folder)

    with pytest.raises(KeyError):
        fail()
    assert [path.name for path in (workspace_folder / "incoming").iterdir()] == [fresh.name]


def test_an_upload_that_cannot_be_stored_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="could not be stored"):
        stage(tmp_path / "gone", "0.wav", b"x")


def test_unpacking_can_be_stopped(tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        raise Cancelled("no")

    path = packed_zip(tmp_path / "x.zip", {"left/a.wav": b"a"})
    with staging() as folder:
        with pytest.raises(Cancelled):
            collect(path, folder, report=stop)
        assert list(folder.iterdir()) == []


def test_archives_and_files_may_come_together(tmp_path: Path) -> None:
    files = [("x.zip", packed_zip(tmp_path / "1", {"left/a.wav": b"a"})), ("y.tgz", packed_tar(tmp_path / "2", {"right/b.wav": b"b"})), ("c.wav", put(tmp_path, "3") / "3")]  # fmt: skip
    with staging() as folder:
        batch = collect(files, folder, label="on")
        assert {one.label: one.path.read_bytes() for one in batch.clips} == {
            "left": b"a",
            "right": b"b",
            "on": b"RIFF",
        }
