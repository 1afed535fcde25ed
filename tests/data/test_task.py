"""What is to be told apart: classes, _unknown_, _silence_, and what judges them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.corpus import SILENCE, SPLITS, UNKNOWN, Clip, Index
from data.errors import CorpusError
from data.folder import FolderCorpus
from data.noise import EXPONENTS, SAMPLE_RATE, coloured_noise, generated_noise
from data.task import Task, evaluation_clips, examples, held_out_words
from tests.support.sounds import tone, write


def _index(counts: dict[str, int], noise: tuple[Path, ...] = ()) -> Index:
    """`counts` clips of each label on each side."""
    return Index(
        tuple(
            Clip(Path(f"{label}/{split}{number}.wav"), label, split, 1.0, f"{split}{number}", f"{label}{split}{number}")
            for label, count in counts.items()
            for split in SPLITS
            for number in range(count)
        ),
        noise,
    )


def _count(clips) -> Counter:
    return Counter((clip.label, clip.split) for clip in clips)


def test_words_alone() -> None:
    chosen = examples(_index({"a": 4, "b": 4, "c": 4}), Task(("a", "b")), seed=0)
    assert {clip.label for clip in chosen} == {"a", "b"}
    assert set(_count(chosen).values()) == {4}


def test_unknown_has_as_many_clips_as_a_word_spread_over_the_other_words() -> None:
    index = _index({"a": 10, "b": 20, "c": 30, "d": 30, "e": 30})
    chosen = examples(index, Task(("a", "b"), unknown=True), seed=0)
    assert [_count(chosen)[UNKNOWN, split] for split in SPLITS] == [60, 15, 15], "a pool to draw each epoch from"
    words = Counter(clip.word for clip in chosen if clip.label == UNKNOWN and clip.split == "validation")
    assert words == {"c": 5, "d": 5, "e": 5}


def test_the_words_to_hold_out_can_be_named() -> None:
    index = _index({"a": 20, "b": 20, **dict.fromkeys("cdefg", 9)})
    task = Task(("a", "b"), unknown=True, held_out=("d", "f"))
    assert held_out_words(index, task) == {"d", "f"}
    learned = {clip.word for clip in examples(index, task, 0) if clip.label == UNKNOWN and clip.split == "training"}
    assert learned == {"c", "e", "g"}
    with pytest.raises(CorpusError, match=r"^b cannot be both a word of the network and held out"):
        Task(("a", "b"), unknown=True, held_out=("b", "c"))


def test_some_other_words_are_kept_out_of_training_and_judged() -> None:
    index = _index({"a": 20, "b": 20, **dict.fromkeys("cdefghijkl", 9)})
    task = Task(("a", "b"), unknown=True)
    out = held_out_words(index, task)
    assert len(out) == 2
    for seed in (0, 1):
        chosen = examples(index, task, seed)
        unknown = {split: {c.word for c in chosen if c.label == UNKNOWN and c.split == split} for split in SPLITS}
        assert not unknown["training"] & out
        assert out <= unknown["validation"] | unknown["test"]
    assert out <= {clip.word for clip in evaluation_clips(index, task, "test", 0)[0]}
    assert held_out_words(index, Task(("a", "b"))) == set(), "without _unknown_ there is nothing to reject"
    assert held_out_words(_index({"a": 9, "b": 9, "c": 9}), task) == set(), "one other word is needed to learn from"


def test_another_seed_draws_other_clips_and_the_same_seed_the_same() -> None:
    index, task = _index({"a": 5, "b": 5, "c": 50}), Task(("a", "b"), unknown=True, silence=True)
    assert examples(index, task, seed=1) == examples(index, task, seed=1)
    assert set(examples(index, task, seed=1)) != set(examples(index, task, seed=2))


@given(st.integers(1, 30), st.integers(0, 1000))
def test_silence_is_cut_from_another_part_on_each_side(count: int, seed: int) -> None:
    clips = examples(_index({"a": count, "b": count}), Task(("a", "b"), silence=True), seed=seed)
    silent = [clip for clip in clips if clip.label == SILENCE]
    assert Counter(clip.split for clip in silent) == dict.fromkeys(SPLITS, count)
    bounds = {"training": (0, 48), "validation": (48, 54), "test": (54, 60)}
    for clip in silent:
        low, high = bounds[clip.split]
        assert low <= clip.start
        assert clip.start + clip.seconds <= high + 1e-3
        assert not clip.whole
        assert 0 <= clip.gain <= 1
    assert silent[0].gain == 0, "digital silence is silence too"


def test_silence_comes_from_the_corpus_own_noise_where_it_has_some(tmp_path: Path) -> None:
    hiss = write(tmp_path / "hiss.wav", tone(100, 20.0))
    own = examples(_index({"a": 3, "b": 3}, (hiss,)), Task(("a", "b"), silence=True), seed=0)
    assert {clip.path for clip in own if clip.label == SILENCE} == {hiss}
    made = examples(_index({"a": 3, "b": 3}), Task(("a", "b"), silence=True), seed=0)
    assert {clip.path for clip in made if clip.label == SILENCE} == set(generated_noise())


def test_a_noise_recording_that_is_broken_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    with pytest.raises(CorpusError, match=r"bad\.wav cannot be read"):
        examples(_index({"a": 3, "b": 3}, (bad,)), Task(("a", "b"), silence=True), seed=0)


def test_folders_of_unknown_and_silence_are_taken_as_they_are() -> None:
    index = _index({"a": 9, "b": 9, "c": 9, UNKNOWN: 2, SILENCE: 3})
    counts = _count(examples(index, Task(("a", "b"), unknown=True, silence=True), seed=0))
    assert all(counts[UNKNOWN, split] == 2 and counts[SILENCE, split] == 3 for split in SPLITS)


@pytest.mark.parametrize(
    ("labels", "options", "said"),
    [
        ((), {}, "0 classes"),
        (("a",), {}, "1 class"),
        (("a", "a"), {}, "given twice"),
        (("a", UNKNOWN), {}, "--unknown"),
        (("a", SILENCE), {}, "--silence"),
        (tuple(map(str, range(201))), {}, "201 classes"),
    ],
)
def test_a_task_that_cannot_be_learned_is_explained(labels: tuple[str, ...], options: dict, said: str) -> None:
    with pytest.raises(CorpusError, match=said):
        Task(labels, **options)


def test_one_word_and_no_word_are_a_task() -> None:
    assert Task(("echoic",), silence=True).classes == ("echoic", SILENCE)
    assert Task(("echoic",), unknown=True, silence=True).classes == ("echoic", UNKNOWN, SILENCE)


def test_words_that_are_not_there_are_named_with_those_that_are() -> None:
    with pytest.raises(CorpusError, match=r"no clips of moon, sun\. It has: a, b"):
        examples(_index({"a": 3, "b": 3}), Task(("a", "moon", "sun")), seed=0)


def test_unknown_needs_a_word_that_is_not_listed() -> None:
    with pytest.raises(CorpusError, match="none is left for _unknown_"):
        examples(_index({"a": 3, "b": 3}), Task(("a", "b"), unknown=True), seed=0)


def test_judged_counts_every_clip_of_the_side_once() -> None:
    index = _index({"a": 5, "b": 5, "c": 7})
    clips, skipped = evaluation_clips(index, Task(("a", "b"), unknown=True), "test", seed=0)
    assert Counter(clip.label for clip in clips) == {"a": 5, "b": 5, UNKNOWN: 7}
    assert skipped == []
    assert {clip.split for clip in clips} == {"test"}


def test_judged_leaves_out_what_the_network_cannot_answer() -> None:
    index = _index({"a": 5, "b": 5, "c": 7})
    clips, skipped = evaluation_clips(index, Task(("a", "b")), "all", seed=0)
    assert len(clips) == 30
    assert len(skipped) == 21
    assert "has no class _unknown_" in skipped[0].reason


def test_judged_cuts_silence_only_where_there_is_noise(tmp_path: Path) -> None:
    task = Task(("a", "b"), silence=True)
    assert SILENCE not in {clip.label for clip in evaluation_clips(_index({"a": 5, "b": 5}), task, "test", 0)[0]}
    made, _ = evaluation_clips(_index({"a": 5, "b": 5}), task, "test", 0, generate_noise=True)
    assert Counter(clip.label for clip in made)[SILENCE] == 5


def test_training_and_judging_cut_the_same_silence() -> None:
    index, task = _index({"a": 5, "b": 5}), Task(("a", "b"), silence=True)
    learned = [clip for clip in examples(index, task, 3) if clip.split == "test" and clip.label == SILENCE]
    tested = [
        clip for clip in evaluation_clips(index, task, "test", 3, generate_noise=True)[0] if clip.label == SILENCE
    ]
    assert learned == tested


def test_the_published_task_on_real_recordings(real_commands: Path) -> None:
    index = FolderCorpus(real_commands).index()
    task = Task(("left", "right", "stop", "up", "down", "go", "off", "on"), unknown=True, silence=True)
    chosen = examples(index, task, seed=0)
    for split in SPLITS:
        counts = Counter(clip.label for clip in chosen if clip.split == split)
        average = -(-sum(counts[label] for label in task.labels) // 8)
        assert counts[SILENCE] == average
        assert counts[UNKNOWN] == average if split != "training" else average < counts[UNKNOWN] <= 4 * average
    assert not {clip.word for clip in chosen if clip.split == "training"} & held_out_words(index, task)
    assert {clip.path for clip in chosen if clip.label == SILENCE} <= set(index.noise)


@pytest.mark.parametrize("name", EXPONENTS)
def test_noise_falls_with_frequency_as_its_colour_says(name: str) -> None:
    noise = coloured_noise(EXPONENTS[name], 60 * SAMPLE_RATE, seed=0)
    power = np.abs(np.fft.rfft(noise)) ** 2
    hertz = np.fft.rfftfreq(len(noise), 1 / SAMPLE_RATE)

    def level(low: float, high: float) -> float:
        return float(power[(hertz >= low) & (hertz < high)].mean())

    # mean power of two octaves, three octaves apart: 8^exponent
    assert level(100, 200) / level(800, 1600) == pytest.approx(8 ** EXPONENTS[name], rel=0.1)
    assert level(1, 19) < 1e-6 * level(20, 40)
    assert np.abs(noise).max() == pytest.approx(0.5)
