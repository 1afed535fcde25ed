"""Splits of clips: no speaker in two, none empty where that can be, and the same whatever the order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from data.corpus import Clip
from data.splits import Splittable, has_every_split, is_speaker_disjoint, split_by_clip, split_by_hash, split_by_speaker

SPEAKERS = st.dictionaries(st.text(min_size=1, max_size=8), st.integers(1, 50), min_size=1, max_size=40)
NAMES = st.lists(st.tuples(st.sampled_from("abc"), st.text(min_size=1, max_size=8)), min_size=1, max_size=80)


@given(SPEAKERS)
def test_every_speaker_has_one_split_and_none_is_empty_from_three_on(clips_of: dict[str, int]) -> None:
    splits = split_by_speaker(clips_of)
    assert set(splits) == set(clips_of)
    assert "training" in splits.values()
    if len(clips_of) >= 3:
        assert has_every_split(splits.values())


@given(SPEAKERS)
def test_speakers_keep_their_split_in_any_order(clips_of: dict[str, int]) -> None:
    assert split_by_speaker(dict(reversed(clips_of.items()))) == split_by_speaker(clips_of)


def test_about_a_tenth_of_the_clips_is_for_each_of_validation_and_test() -> None:
    clips_of = {f"speaker {number}": 1 + number % 7 for number in range(400)}
    splits = split_by_speaker(clips_of)
    held = Counter()
    for speaker, split in splits.items():
        held[split] += clips_of[speaker]
    total = sum(clips_of.values())
    assert 0.1 <= held["test"] / total < 0.11
    assert 0.1 <= held["validation"] / total < 0.11


@given(NAMES)
def test_clip_by_clip_each_label_is_in_every_split_from_three_clips_on(names: list[tuple[str, str]]) -> None:
    splits = split_by_clip([Splittable(label, f"{label}/{name}") for label, name in names])
    for label in {label for label, _ in names}:
        held = Counter(split for (other, _), split in zip(names, splits, strict=True) if other == label)
        if held.total() >= 3:
            assert len(held) == 3
        else:
            assert set(held) == {"training"}
        assert held["test"] == held["validation"]


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=40, unique=True), st.randoms())
def test_clip_by_clip_the_order_does_not_matter(files: list[str], random) -> None:
    names = [Splittable("word", file) for file in files]
    splits = dict(zip(names, split_by_clip(names), strict=True))
    random.shuffle(names)
    assert dict(zip(names, split_by_clip(names), strict=True)) == splits


CLIP = st.builds(Splittable, st.sampled_from("abc"), st.text(max_size=4), st.sampled_from(["", *"uvwxyz"]))
CLIPS = st.lists(CLIP, max_size=40, unique_by=lambda clip: (clip.label, clip.name))


@given(CLIPS, st.randoms())
def test_copies_share_a_split_whatever_their_labels_and_the_order(clips: list[Splittable], random) -> None:
    splits = dict(zip(clips, split_by_clip(clips), strict=True))
    for sound in "uvwxyz":
        assert len({split for clip, split in splits.items() if clip.sound == sound}) <= 1
    random.shuffle(clips)
    assert dict(zip(clips, split_by_clip(clips), strict=True)) == splits


def test_hashes_agree_with_the_official_splits_of_speech_commands(real_commands: Path) -> None:
    """This subset's test clips are of official validation speakers, and none of its speakers is an official test one."""
    lines = (real_commands / "testing_list.txt").read_text().split()
    listed = {line.rpartition("/")[2].partition("_nohash_")[0] for line in lines}
    assert len(listed) == 185
    assert {split_by_hash(speaker) for speaker in listed} == {"validation"}
    everyone = {path.name.partition("_nohash_")[0] for path in real_commands.glob("[a-z]*/*_nohash_*")}
    assert {split_by_hash(speaker) for speaker in everyone} == {"validation", "training"}


@given(st.text())
def test_percentages_are_honoured(speaker: str) -> None:
    assert split_by_hash(speaker, 100, 0) == "validation"
    assert split_by_hash(speaker, 0, 100) == "test"
    assert split_by_hash(speaker, 0, 0) == "training"


def test_disjoint_is_told_and_unknown_speakers_are_not_guessed() -> None:
    def clip(speaker, split):
        return Clip(Path("x.wav"), "word", split, 1.0, speaker)

    assert is_speaker_disjoint([clip("a", "training"), clip("b", "test")]) is True
    assert is_speaker_disjoint([clip("a", "training"), clip("a", "test")]) is False
    assert is_speaker_disjoint([clip("a", "training"), clip(None, "test")]) is None
