"""Folders of clips: layouts, lists, speakers, splits, copies, what is left out and why, and the memory of a scan."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from data import scan as scan_module
from data.corpus import Copies, Index, Progress
from data.errors import CorpusError
from data.folder import FolderCorpus
from data.task import Task, examples
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


def test_nohash_names_give_speakers_and_each_is_in_one_split(tmp_path: Path) -> None:
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
    assert "No speaker appears in two splits" in index.split_rule


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
                write(tmp_path / "recordings" / f"{digit}_{speaker}_{number}.wav", tone(440, 0.12, 8000), 8000)
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
    for _ in ("scanned", "from memory"):
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
    (folder / "right").symlink_to(folder)
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
        "right",
    }
    assert "no bytes" in reasons["empty.wav"]
    assert "cannot be read as audio" in reasons["text.wav"]
    assert "31 s" in reasons["long.wav"]
    assert "length is zero" in reasons["nothing.wav"]
    assert "leads to a folder around this one" in reasons["right"]


def test_links_to_files_are_followed_and_nothing_else_is_opened(tmp_path: Path) -> None:
    """A folder of links is how clips of another place are chosen; a loop, a pipe or a device must not hang the scan."""
    elsewhere = _words(tmp_path / "elsewhere", {"any": ["1.wav", "2.wav"]})
    folder = tmp_path / "clips"
    (folder / "left").mkdir(parents=True)
    (folder / "left" / "a.wav").symlink_to(elsewhere / "any" / "1.wav")
    (folder / "left" / "b.wav").symlink_to("a.wav")
    (folder / "left" / "gone.wav").symlink_to(elsewhere / "any" / "gone.wav")
    (folder / "left" / "round.wav").symlink_to("round.wav")
    (folder / "left" / "zero.wav").symlink_to("/dev/zero")
    (folder / "left" / "loop").symlink_to("..")
    os.mkfifo(folder / "left" / "pipe.wav")
    (folder / "left" / "to_pipe.wav").symlink_to("pipe.wav")
    (folder / "right").symlink_to(elsewhere / "any")
    (folder / "around").symlink_to("..")
    index = _index(folder)
    assert [(clip.label, clip.path.name) for clip in index.clips] == [
        ("left", "a.wav"), ("left", "b.wav"), ("right", "1.wav"), ("right", "2.wav")
    ]  # fmt: skip
    reasons = {one.path.name: one.reason for one in index.skipped}
    assert set(reasons) == {"gone.wav", "round.wav", "zero.wav", "to_pipe.wav", "loop", "around"}
    assert {reasons[name] for name in set(reasons) - {"loop", "around"}} == {
        "This link leads to no file. Put the file itself in its place."
    }
    write(elsewhere / "any" / "1.wav", tone(900, 0.3))
    assert _index(folder).clips[0].seconds == pytest.approx(0.3), "what a link leads to has changed"


def test_labels_of_a_mac_are_composed(tmp_path: Path) -> None:
    """A zip from a Mac holds "café" with the accent apart: the same word, in folder names and in lists."""
    folder = _words(tmp_path, {"cafe\u0301": ["1.wav", "2.wav"], "tea": ["1.wav"]})
    write(folder / "caf\u00e9" / "3.wav", tone(700))
    (folder / "testing_list.txt").write_text("caf\u00e9/1.wav\ncafe\u0301/3.wav\n", encoding="utf-8")
    index = _index(folder)
    assert index.labels == ("caf\u00e9", "tea")
    tested = {clip.path.name for clip in index.clips if clip.split == "test"}
    assert tested == {"1.wav", "3.wav"}
    task = Task(("cafe\u0301", "tea"))
    assert {clip.label for clip in examples(index, task, 0)} == {"caf\u00e9", "tea"}


def _twice(folder: Path) -> Path:
    """Twenty recordings of each word, each as a WAV and, under another name, as a FLAC file."""
    for label in ("left", "right"):
        for number in range(20):
            sound = tone(300 + 10 * number + (5 if label == "left" else 0), 0.1)
            write(folder / label / f"{number}.wav", sound)
            samples, rate = soundfile.read(folder / label / f"{number}.wav", dtype="int16")
            soundfile.write(folder / label / f"copy of {number}.flac", samples, rate)
    return folder


def test_copies_of_a_recording_are_in_one_split(tmp_path: Path) -> None:
    """Test clips had their copy in training, which nothing said."""
    index = _index(_twice(tmp_path))
    splits: dict[str, set[str]] = {}
    for clip in index.clips:
        splits.setdefault(clip.sound, set()).add(clip.split)
    assert len(splits) == 40
    assert all(len(found) == 1 for found in splits.values())
    assert Counter(clip.split for clip in index.clips) == {"training": 64, "validation": 8, "test": 8}
    assert index.copies == Copies(clips=40, apart=0)
    assert str(index.copies) == "40 clips repeat another recording in the corpus; copies stay in one split."


def test_a_recording_with_two_labels_is_in_one_split(tmp_path: Path) -> None:
    for number in range(10):
        for label in ("left", "right"):
            write(tmp_path / label / f"{number}.wav", tone(300 + 10 * number, 0.1))
    index = _index(tmp_path)
    splits: dict[str, set[str]] = {}
    for clip in index.clips:
        splits.setdefault(clip.sound, set()).add(clip.split)
    assert all(len(found) == 1 for found in splits.values())
    assert Counter(clip.split for clip in index.clips) == {"training": 16, "validation": 2, "test": 2}


def test_lists_are_kept_and_copies_that_they_part_are_counted(tmp_path: Path) -> None:
    folder = _twice(tmp_path)
    (folder / "testing_list.txt").write_text("left/3.wav\nleft/4.wav\nleft/copy of 4.wav\n")
    index = _index(folder)
    assert Counter(clip.split for clip in index.clips) == {"training": 77, "test": 3}
    assert index.copies == Copies(clips=40, apart=1)
    assert "1 validation and test clip has its copy in another split" in str(index.copies)


def test_silent_clips_are_no_copies_of_each_other(tmp_path: Path) -> None:
    folder = _words(tmp_path, {"left": ["1.wav", "2.wav"]})
    for number in range(9):
        write(folder / "_silence_" / f"{number}.wav", np.zeros(RATE // 10, np.float32))
    index = _index(folder)
    assert index.copies == Copies(0, 0)
    assert str(index.copies) == ""
    assert Counter(clip.split for clip in index.clips if clip.label == "_silence_").keys() == {
        "training",
        "validation",
        "test",
    }


def test_a_folder_without_clips_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="One folder per word is expected"):
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
    [
        "", "{", "[]", "[" * 200_000, f'{{"version": {scan_module._VERSION}, "files": 3}}', f'{{"version": 1{"0" * 400}}}',
        f'{{"version": {scan_module._VERSION}, "files": {{"rise/s00_nohash_0.wav": 5}}}}',
    ],
)  # fmt: skip
def test_a_damaged_memory_is_as_good_as_none(tmp_path: Path, workspace_folder: Path, content: str) -> None:
    folder = glides(tmp_path / "clips", speakers=3)
    first = _index(folder)
    [memory] = (workspace_folder / "indexes").iterdir()
    memory.write_text(content)
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
