"""Mislabelled clips are found by their embeddings, and few others are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio_models.errors import ConfigError
from audio_models.jobs import runs
from audio_models.own_words.label_errors import find_label_errors
from audio_models.recognition.embedding import embed_clips
from data.corpus import Clip
from tests.support.own_sounds import OwnSound


def _swapped(clips: list[OwnSound], share: float, seed: int) -> set[str]:
    """Put some clips under another word; which."""
    random = np.random.default_rng(seed)
    words = sorted({clip.label for clip in clips})
    moved = random.permutation(len(clips))[: round(share * len(clips))]
    for place in moved:
        clips[place].label = str(random.choice([word for word in words if word != clips[place].label]))
    return {clips[place].id for place in moved}


def _heard(paths: list[tuple[str, Path]]) -> tuple[list[tuple[str, str]], np.ndarray]:
    found, skipped = embed_clips(
        runs.find("commands"), [Clip(path, word, "training", 1.0, digest=path.name + word) for word, path in paths]
    )
    assert not skipped
    return [(f"{word}/{path.name}", word) for word, path in paths], found


def _named(clips: list[tuple[str, str]], embeddings: np.ndarray) -> tuple[float, float]:
    """Of the clips put under another word, the share that is named; and of those named, the share that was moved."""
    right = moved = named = 0
    for seed in range(6):
        corpus = [OwnSound(name, word) for name, word in clips]
        wrong = _swapped(corpus, 0.05, seed)
        found = find_label_errors(corpus, embeddings)
        right += len(wrong & {one.id for one in found})
        moved += len(wrong)
        named += len(found)
    return right / moved, right / named


def test_mislabelled_digits_of_one_speaker_are_named(real_digits: Path) -> None:
    paths = [
        (str(digit), path)
        for digit in range(10)
        for path in sorted((real_digits / "recordings").glob(f"{digit}_theo_*.flac"))[:20]
    ]
    clips, embeddings = _heard(paths)
    recall, precision = _named(clips, embeddings)
    assert recall >= 0.8
    assert precision >= 0.9
    assert len(find_label_errors([OwnSound(name, word) for name, word in clips], embeddings)) <= 4, "nothing was moved"


def test_mislabelled_commands_of_strangers_are_named(real_commands: Path) -> None:
    words = ("left", "right", "stop", "up", "down", "go", "off", "on", "zero", "eight")
    clips, embeddings = _heard(
        [(word, path) for word in words for path in sorted((real_commands / word).glob("*.flac"))[:40]]
    )
    recall, precision = _named(clips, embeddings)
    assert recall >= 0.75
    assert precision >= 0.85


def _three_words(count: int = 8) -> tuple[list[OwnSound], np.ndarray]:
    random = np.random.default_rng(0)
    middles = np.eye(3, 12) * 6
    rows = [middles[word] + random.normal(0, 1, 12) for word in range(3) for _ in range(count)]
    clips = [OwnSound(f"{word}{number}", word, sound=f"{word}{number}") for word in "abc" for number in range(count)]
    return clips, np.array(rows, np.float32)


def test_a_clip_under_the_wrong_word_is_named_with_clips_to_compare() -> None:
    clips, embeddings = _three_words()
    assert find_label_errors(clips, embeddings) == []
    clips[2].label = "c"
    (found,) = find_label_errors(clips, embeddings)
    assert (found.id, found.kind) == ("a2", "unlike")
    assert found.text == "Sounds more like “a” than like the other clips of “c”. Listen to it."
    assert len(found.other) == 3
    assert all(name[0] == "a" and name != "a2" for name in found.other)


def test_a_twin_in_the_wrong_word_does_not_excuse_it() -> None:
    """Copies of a mislabelled clip would be its nearest neighbours, and vote for it."""
    clips, embeddings = _three_words()
    clips[2].label = "c"
    for copy in range(3):
        clips.append(OwnSound(f"copy {copy}", "c", sound=clips[2].sound))
    embeddings = np.concatenate([embeddings, embeddings[[2, 2, 2]]])
    assert {"a2", "copy 0", "copy 1", "copy 2"} == {one.id for one in find_label_errors(clips, embeddings)}


def test_scores_are_those_of_a_regression_without_the_clip() -> None:
    """The closed form, beside one fit for each clip."""
    from audio_models.own_words.label_errors import _RIDGE, _scores

    random = np.random.default_rng(0)
    vectors = random.normal(size=(14, 6))
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 0, 0, 0])
    learned = np.ones(14, bool)
    learned[[4, 9]] = False
    same = [[0, 3, 5]]
    inputs = np.concatenate([vectors / 6**0.5, np.ones((14, 1))], axis=1)
    weights = 14 / 3 / np.bincount(labels[learned])[labels] * learned
    found = _scores(vectors, labels, learned, same)
    for row in range(14):
        others = np.setdiff1d(np.arange(14), same[0] if row in same[0] else [row])
        by_weight = inputs[others].T * weights[others]
        fitted = np.linalg.solve(by_weight @ inputs[others] + _RIDGE * np.eye(7), by_weight @ np.eye(3)[labels[others]])
        np.testing.assert_allclose(found[row], inputs[row] @ fitted, atol=1e-9)


def test_few_clips_one_word_and_unreadable_ones_are_not_judged() -> None:
    clips, embeddings = _three_words(4)
    clips[2].label = "c"
    assert find_label_errors(clips, embeddings) == []
    clips, embeddings = _three_words()
    for clip in clips:
        clip.label = "a"
    assert find_label_errors(clips, embeddings) == []
    assert find_label_errors([], np.zeros((0, 3), np.float32)) == []
    clips, embeddings = _three_words()
    clips[2].label = "c"
    embeddings[5] = np.nan
    assert [one.id for one in find_label_errors(clips, embeddings)] == ["a2"]
    with pytest.raises(ConfigError, match="24 clips need one embedding each"):
        find_label_errors(clips, embeddings[1:])
