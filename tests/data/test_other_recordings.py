"""Folders of other recordings: any layout, any length; nobody, and no stretch, is in two splits."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from data import other_recordings
from data.corpus import SPLITS, Split
from data.errors import CorpusError
from data.other_recordings import OtherRecordings, Recording, scan, words_in

RATE = 8_000


def _write(path: Path, seconds: float = 0.1, pitch: float = 0.0) -> Path:
    """Write a tone of its own: by default its pitch follows from its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hertz = pitch or 100 + sum(ord(one) * place for place, one in enumerate(str(path), 1)) % 3000
    times = np.arange(round(seconds * RATE)) / RATE
    soundfile.write(path, np.round(10_000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16), RATE)
    return path


def _by_name(found: OtherRecordings) -> dict[str, Recording]:
    return {one.path.name: one for one in found.recordings}


def test_flat_names_of_librispeech_name_the_speaker(tmp_path: Path) -> None:
    for speaker in range(10):
        _write(tmp_path / f"{100 + speaker}-12-0000.flac", pitch=200 + 10 * speaker)
        _write(tmp_path / f"{100 + speaker}-13-0001.flac", pitch=205 + 10 * speaker)
    found = scan(tmp_path)
    assert found.speakers == 10
    assert {one.kind for one in found.recordings} == {"speech"}
    assert {split: round(found.seconds(split), 3) for split in SPLITS} == {"training": 1.2, "validation": 0.4, "test": 0.4}  # fmt: skip
    assert found.split_rule.startswith("Split by speaker")


def test_a_tree_with_transcripts(tmp_path: Path) -> None:
    folder = tmp_path / "84" / "121123"
    _write(folder / "84-121123-0000.flac")
    _write(folder / "84-121123-0001.flac")
    (folder / "84-121123.trans.txt").write_text("84-121123-0000 GO DO YOU HEAR\n84-121123-0001 BUT IN LESS THAN\n")
    one, other = scan(tmp_path).recordings
    assert words_in(one, ["go"])
    assert not words_in(other, ["go", "left"])


@pytest.mark.parametrize(("name", "separator"), [("transcripts.tsv", "\t"), ("list.csv", ","), ("liste.CSV", ";")])
def test_a_table_tells_speaker_and_text(tmp_path: Path, name: str, separator: str) -> None:
    for number in range(4):
        _write(tmp_path / "clips" / f"{number}.wav", pitch=300 + number)
    rows = [["Sentence", "PATH", "client_id"], ["turn left now", "clips/0.wav", "ann"], ["", "clips/1.mp3", "ben"], ["leftover", "clips\\2.wav", "cid"]]  # fmt: skip
    (tmp_path / name).write_text("\n".join(separator.join(row) for row in rows))
    found = _by_name(scan(tmp_path))
    assert [found[f"{number}.wav"].speaker for number in range(4)] == ["ann", "ben", "cid", None]
    assert [words_in(found[f"{number}.wav"], ["left"]) for number in range(4)] == [True, False, False, False]
    assert found["3.wav"].text == "clips", "what no row names has the name of its folder"


def test_a_folder_of_words_names_word_and_speaker(tmp_path: Path) -> None:
    for word in ("go", "bird", "hey_archie"):
        for speaker in ("0a", "1b", "2c"):
            _write(tmp_path / word / f"{speaker}_nohash_0.wav")
    found = scan(tmp_path)
    assert found.speakers == 3
    assert {one.text for one in found.recordings if words_in(one, ["Go", "hey archie"])} == {"go", "hey_archie"}
    assert {one.split for one in found.recordings} == set(SPLITS)


def test_a_text_beside_a_recording_is_its_transcript(tmp_path: Path) -> None:
    _write(tmp_path / "talk.wav")
    (tmp_path / "talk.txt").write_text("stop it")
    (tmp_path / "README.txt").write_text("go left")
    (one,) = scan(tmp_path).recordings
    assert one.text == "stop it"


def test_the_folder_tells_speech_from_its_opposite(tmp_path: Path) -> None:
    _write(tmp_path / "MyNoises" / "rain" / "1.wav")
    _write(tmp_path / "beijing_background" / "ann_nohash_0.wav")
    found = _by_name(scan(tmp_path))
    assert (found["1.wav"].kind, found["1.wav"].text) == ("noise", "")
    assert found["ann_nohash_0.wav"].kind == "speech", "a word that people say"
    assert {one.kind for one in scan(tmp_path / "MyNoises").recordings} == {"noise"}


def test_a_long_recording_is_split_in_time(tmp_path: Path) -> None:
    path = _write(tmp_path / "meeting.wav", 100)
    found = scan(tmp_path)
    parts = [(one.split, one.start, one.start + one.seconds, one.whole) for one in found.recordings]
    assert parts == [("training", 0, 60, False), ("validation", 60, 80, False), ("test", 80, 100, False)]
    assert {one.path for one in found.recordings} == {path}
    assert "in time" in found.split_rule


def test_a_copy_counts_once_and_its_folder_still_names_a_word(tmp_path: Path) -> None:
    _write(tmp_path / "a" / "x.wav", pitch=440)
    _write(tmp_path / "go" / "x.flac", pitch=440)
    found = scan(tmp_path)
    assert len(found.recordings) == 1
    assert words_in(found.recordings[0], ["go"])
    assert [one.reason for one in found.skipped] == ["It repeats another recording."]


def test_what_cannot_be_read_is_skipped_with_its_reason(tmp_path: Path) -> None:
    _write(tmp_path / "good.wav")
    (tmp_path / "bad.wav").write_bytes(b"nothing")
    (tmp_path / "empty.wav").touch()
    found = scan(tmp_path)
    assert [one.path.name for one in found.recordings] == ["good.wav"]
    assert {one.path.name: one.reason[:13] for one in found.skipped} == {"bad.wav": "It cannot be ", "empty.wav": "It is empty: "}  # fmt: skip


def test_a_second_scan_reads_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path / "talk.wav", 40)
    first = scan(tmp_path)
    monkeypatch.setattr(soundfile, "SoundFile", lambda *_: pytest.fail("it reads a file"))
    assert scan(tmp_path) == first


def test_a_folder_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    _write(tmp_path / "a" / "1.wav")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert len(scan(tmp_path).recordings) == 1


def test_a_wrong_folder_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _write(tmp_path / "one" / "a.wav")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "b.wav").write_bytes(b"x")
    for folder, said in (
        (tmp_path / "gone", "gone does not exist. Give a folder of recordings"),
        (file, "is a file. Give a folder"),
        (tmp_path / "texts", "holds no recording, neither in it nor in its folders"),
        (tmp_path / "broken", "None of the 1 recording in .* b.wav: It cannot be read as audio"),
        (Path("\0"), "does not exist"),
        (Path("x" * 5000), "does not exist"),
    ):
        with pytest.raises(CorpusError, match=said):
            scan(folder)
    monkeypatch.setattr(other_recordings, "_MOST_FILES", 0)
    with pytest.raises(CorpusError, match="more than 0 recordings"):
        scan(tmp_path)


@pytest.mark.parametrize(
    ("text", "word", "held"),
    [
        ("Let's GO!", "go", True), ("a goat", "go", False), ("café", "CAFÉ", True), ("go-kart", "go", True),
        ("she said hey  archie twice", "hey_archie", True), ("archie hey", "hey archie", False),
        ("今天你好吗", "你好", True), ("今天", "你好", False), ("", "go", False), ("go", "", False),
    ],
)  # fmt: skip
def test_a_transcript_holds_a_word_only_as_a_word(text: str, word: str, held: bool) -> None:
    assert words_in(Recording(Path("a.wav"), 1.0, "training", None, "speech", text, ""), [word]) == held


LENGTHS = st.floats(0.05, 4000)


@given(
    st.lists(st.tuples(st.none() | st.sampled_from("abcdefgh"), LENGTHS, st.sampled_from(["speech", "noise"])), min_size=1, max_size=30)
)  # fmt: skip
def test_no_speaker_and_no_stretch_is_in_two_splits(made) -> None:
    given_ = [
        Recording(Path(f"/r/{number}.wav"), seconds, "training", speaker if kind == "speech" else None, kind, "", str(number))
        for number, (speaker, seconds, kind) in enumerate(made)
    ]  # fmt: skip
    found, _ = other_recordings._split(Path("/r"), given_)
    splits_of: dict[str, set[Split]] = defaultdict(set)
    stretches: dict[Path, list[Recording]] = defaultdict(list)
    for one in found:
        stretches[one.path].append(one)
        if one.speaker:
            splits_of[one.speaker].add(one.split)
    assert all(len(splits) == 1 for splits in splits_of.values())
    for one in given_:
        parts = sorted(stretches[one.path], key=lambda part: part.start)
        assert sum(part.seconds for part in parts) == pytest.approx(one.seconds, abs=0.01), "all of it, and once"
        ends = [part.start + part.seconds for part in parts]
        assert all(
            start >= end - 1e-6 for start, end in zip([part.start for part in parts[1:]], ends[:-1], strict=True)
        )
    again, _ = other_recordings._split(Path("/r"), given_[::-1])
    assert again == found, "whatever the order"


def test_real_folders(real_reading: Path, real_noise: Path) -> None:
    """Reading by 251 people keeps hours enough for every split."""
    found = scan(real_reading)
    assert (len(found.recordings), found.speakers, len(found.skipped)) == (251, 251, 0)
    total = found.seconds()
    assert all(found.seconds(split) > 0.18 * total for split in SPLITS)
    assert scan(real_noise).seconds(kind="speech") == 0
