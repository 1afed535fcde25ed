"""Folders of clips: layouts, lists, speakers, sides, what is left out and why, and the memory of a scan."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from data import scan as scan_module
from data.corpus import Index, Progress
from data.errors import CorpusError
from data.folder import FolderCorpus
from tests.support.sounds import RATE, glides, tone, write


def _index(folder: Path, **options) -> Index:
    return FolderCorpus(folder, **options).index()


def _words(folder: Path, names: dict[str, list[str]], seconds: float = 0.1) -> Path:
    for label, files in names.items():
        for number, file in enumerate(files):
            write(folder / label / file, tone(300 + 10 * number, seconds))
    return folder


def test_one_folder_a_word(tmp_path: Path) -> None:
    index = _index(_words(tmp_path, {"left": ["a.wav", "b.flac"], "right": ["c.ogg", "d.wav"]}))
    assert index.labels == ("left", "right")
    assert [clip.path.name for clip in index.clips] == ["a.wav", "b.flac", "c.ogg", "d.wav"]
    assert all(abs(clip.seconds - 0.1) < 0.01 and len(clip.digest) == 32 for clip in index.clips)
    assert index.speaker_disjoint is None
    assert "Clip by clip" in index.split_rule


@pytest.mark.parametrize("label", ["שלום", "привет", "一二", "ça va", "a'b", "no.dot", "%41", "_x_"])
def test_labels_in_any_script(tmp_path: Path, label: str) -> None:
    index = _index(_words(tmp_path, {label: ["1.wav", "2.wav", "3.wav"], "other": ["1.wav"]}))
    assert label in index.labels
    assert _index(tmp_path) == index  # through the memory


def test_nohash_names_give_speakers_that_are_on_one_side(tmp_path: Path) -> None:
    index = _index(glides(tmp_path, speakers=12))
    assert index.speakers_known
    assert index.speaker_disjoint is True
    assert {clip.speaker for clip in index.clips} == {f"s{number:02d}" for number in range(12)}
    assert {clip.split for clip in index.clips} == {"training", "validation", "test"}


def test_lists_decide_whatever_the_ending_and_the_line_ends(tmp_path: Path) -> None:
    folder = _words(tmp_path, {"left": [f"s{number}_nohash_0.flac" for number in range(6)]})
    (folder / "validation_list.txt").write_bytes(b"\xef\xbb\xbfleft/s0_nohash_0.wav\r\nleft/s1_nohash_0.wav\r\n")
    (folder / "testing_list.txt").write_text("left\\s2_nohash_0.wav\n\nleft/nobody_nohash_0.wav\n")
    index = _index(folder)
    assert [clip.split for clip in index.clips] == ["validation", "validation", "test", *["training"] * 3]
    assert "own lists" in index.split_rule
    assert _index(folder, split_by="speaker").split_rule != index.split_rule


def test_speaker_pattern(tmp_path: Path) -> None:
    folder = _words(tmp_path, {"on": [f"{who}-{take}.wav" for who in ("ann", "bob", "cid", "dan") for take in (1, 2)]})
    index = _index(folder, speaker_pattern="^([a-z]+)-")
    assert {clip.speaker for clip in index.clips} == {"ann", "bob", "cid", "dan"}
    assert index.speaker_disjoint is True
    assert "one side only" in index.split_rule


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("([a-z", "not a regular expression"),
        ("[a-z]+", "no group"),
        ("^(zzz)", "fits no file name"),
    ],
)
def test_a_speaker_pattern_that_cannot_serve_is_explained(tmp_path: Path, pattern: str, said: str) -> None:
    folder = _words(tmp_path, {"on": ["ann-1.wav"]})
    with pytest.raises(CorpusError, match=said):
        _index(folder, speaker_pattern=pattern)


def test_splitting_by_what_is_not_there_is_explained(tmp_path: Path) -> None:
    folder = _words(tmp_path, {"on": ["1.wav"], "off": ["1.wav"]})
    for rule, said in (
        ("speaker", "are not known"),
        ("lists", "no validation_list.txt"),
        ("moon", "cannot be made by"),
    ):
        with pytest.raises(CorpusError, match=said):
            _index(folder, split_by=rule)


def test_digits_in_the_layout_of_their_publisher(tmp_path: Path) -> None:
    for digit in "37":
        for speaker in ("jackson", "theo"):
            for number in range(12):
                write(tmp_path / "recordings" / f"{digit}_{speaker}_{number}.wav", tone(440, 0.05, 8000), 8000)
    (tmp_path / "README.md").write_text("not a clip")
    index = _index(tmp_path)
    assert index.labels == ("3", "7")
    assert Counter(clip.split for clip in index.clips) == {"test": 20, "validation": 20, "training": 8}
    assert index.speaker_disjoint is False
    strangers = _index(tmp_path, split_by="speaker")
    assert strangers.speaker_disjoint is True


def test_background_noise_is_no_word_and_may_be_long(tmp_path: Path) -> None:
    folder = _words(tmp_path / "clips", {"left": ["1.wav"], "right": ["1.wav"]})
    write(folder / "_background_noise_" / "rain.wav", np.zeros(40 * RATE, np.float32))
    (folder / "_background_noise_" / "broken.wav").write_bytes(b"RIFF")
    index = _index(folder)
    assert index.labels == ("left", "right")
    assert [path.name for path in index.noise] == ["rain.wav"]
    assert [one.path.name for one in index.skipped] == ["broken.wav"]


def test_what_cannot_be_used_is_left_out_with_a_reason(tmp_path: Path) -> None:
    folder = _words(tmp_path / "clips", {"left": ["good.wav"]})
    (folder / "left" / "empty.wav").touch()
    (folder / "left" / "text.wav").write_text("this is no sound")
    write(folder / "left" / "long.wav", np.zeros(31 * RATE, np.float32))
    write(folder / "left" / "nothing.wav", np.zeros(0, np.float32))
    (folder / "left" / "inner").mkdir()
    write(folder / "outside.wav", tone(300))
    (folder / "left" / ".hidden.wav").write_bytes(b"x")
    (folder / "left" / "notes.txt").write_text("not audio, not told")
    (folder / "left" / "link.wav").symlink_to(folder / "left" / "good.wav")
    (folder / "right").symlink_to(folder / "left")
    index = _index(folder)
    assert [clip.path.name for clip in index.clips] == ["good.wav"]
    reasons = {one.path.name: one.reason for one in index.skipped}
    assert set(reasons) == {
        "empty.wav",
        "text.wav",
        "long.wav",
        "nothing.wav",
        "inner",
        "outside.wav",
        "link.wav",
        "right",
    }
    assert "no bytes" in reasons["empty.wav"]
    assert "cannot be read as audio" in reasons["text.wav"]
    assert "31 s" in reasons["long.wav"]
    assert "length is zero" in reasons["nothing.wav"]
    assert "A link is not followed" in reasons["link.wav"]
    assert "A link is not followed" in reasons["right"]


def test_a_folder_without_clips_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="One folder a word is expected"):
        _index(tmp_path)
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "a.wav").write_text("no sound")
    with pytest.raises(CorpusError, match=r"The first problem: a\.wav"):
        _index(tmp_path)
    with pytest.raises(CorpusError, match="There is no folder"):
        _index(tmp_path / "gone")


def test_a_list_that_is_no_text_is_explained(tmp_path: Path) -> None:
    folder = _words(tmp_path, {"left": ["a.wav"]})
    (folder / "testing_list.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match="must be UTF-8 text"):
        _index(folder)


def test_a_second_scan_reads_only_what_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = glides(tmp_path, speakers=3)
    first = _index(folder)
    looked: list[str] = []
    look = scan_module._look

    def watched(root, path, status):
        looked.append(path)
        return look(root, path, status)

    monkeypatch.setattr(scan_module, "_look", watched)
    assert _index(folder) == first
    assert looked == []
    changed = folder / "hum" / "s00_nohash_0.wav"
    write(changed, tone(900, 0.2))
    os.utime(changed, ns=(1, 1))
    again = _index(folder)
    assert looked == ["hum/s00_nohash_0.wav"]
    assert sum(one != other for one, other in zip(first.clips, again.clips, strict=True)) == 1
    changed.unlink()
    assert len(_index(folder).clips) == len(first.clips) - 1


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version": 1, "files": 3}', b'{"version": 1, "files": {"rise/s00_nohash_0.wav": 5}}'],
)
def test_a_damaged_memory_is_as_good_as_none(tmp_path: Path, workspace_folder: Path, content: bytes) -> None:
    folder = glides(tmp_path / "clips", speakers=3)
    first = _index(folder)
    [memory] = (workspace_folder / "indexes").iterdir()
    memory.write_bytes(content)
    assert _index(folder) == first


def test_a_folder_is_only_read(tmp_path: Path) -> None:
    folder = glides(tmp_path / "clips", speakers=3)
    before = sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    _index(folder)
    assert sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*")) == before


def test_progress_reaches_its_end_and_never_goes_back(tmp_path: Path) -> None:
    told: list[Progress] = []
    FolderCorpus(glides(tmp_path, speakers=4)).index(told.append)
    assert told[-1].done == told[-1].total == 36
    assert [one.done for one in told] == sorted(one.done for one in told)


def test_the_real_commands(real_commands: Path) -> None:
    index = _index(real_commands)
    assert len(index.clips) == 6575
    assert Counter(clip.split for clip in index.clips) == {"training": 5275, "validation": 601, "test": 699}
    assert index.speaker_disjoint is True
    assert len(index.noise) == 6
    assert index.skipped == ()


def test_the_real_digits(real_digits: Path) -> None:
    index = _index(real_digits)
    assert len(index.clips) == 3000
    assert index.labels == tuple("0123456789")
    assert len({clip.speaker for clip in index.clips}) == 6
    assert Counter(clip.split for clip in index.clips) == {"training": 2400, "validation": 300, "test": 300}
    assert index.speaker_disjoint is False
