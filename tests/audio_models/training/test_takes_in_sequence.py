"""A taught listener's threshold: from takes and other words in one sequence, heard by a network that learned neither."""

from __future__ import annotations

import numpy as np
import pytest

from audio_models.listening.detection import DetectionConfig, Detector
from audio_models.listening.soundscapes import SpokenWord
from audio_models.training.takes_in_sequence import TakesInSequence, choose_threshold, in_sequence
from data.corpus import SILENCE, UNKNOWN

HOP = 0.02
STEP = 0.08
LABELS = ("left", "right", UNKNOWN, SILENCE)


def _take(number: int) -> np.ndarray:
    """Ten quiet frames, twenty loud ones that tell the take, ten quiet ones."""
    return np.concatenate([np.zeros((10, 4)), np.full((20, 4), 1.0 + number), np.zeros((10, 4))]).astype(np.float32)


def test_takes_and_twice_as_many_other_words_follow_each_other_with_pauses() -> None:
    takes, others = [_take(0), _take(1), _take(2)], [_take(10 + number) for number in range(9)]
    made = in_sequence(takes, ["left", "right", UNKNOWN], others, HOP, seed=0)
    levels = made.frames[:, 0]
    starts = np.flatnonzero((levels[1:] > 0) & (levels[:-1] == 0)) + 1
    assert len(starts) == 3 + 6
    assert np.diff(starts).min() >= round(0.8 / HOP), "a pause between two"
    assert sorted(word.label for word in made.spoken) == ["left", "right"], "an unknown one is not to be reported"
    for word in made.spoken:
        end = round(word.end / HOP)
        assert levels[end - 11] == {"left": 1.0, "right": 2.0}[word.label]
        assert levels[end] == 0


def _heard(own: float, other: float) -> tuple[TakesInSequence, np.ndarray]:
    """Four words, each followed by another sound; how probable `left` is in each of them."""
    shares = np.tile([0.0, 0.0, 0.0, 1.0], (250, 1))
    spoken = []
    for number in range(4):
        at = 30 + 60 * number
        shares[at : at + 8] = [own, 0.0, 1 - own, 0.0]
        shares[at + 30 : at + 38] = [other, 0.0, 1 - other, 0.0]
        spoken.append(SpokenWord("left", (at + 5) * STEP))
    return TakesInSequence(np.zeros((1, 4), np.float32), tuple(spoken)), shares


@pytest.mark.parametrize(("own", "other"), [(0.99, 0.6), (0.7, 0.3), (0.999, 0.97)])
def test_the_threshold_lies_between_the_words_and_the_others(own: float, other: float) -> None:
    config = DetectionConfig(context_ms=0)
    chosen = choose_threshold([_heard(own, other)], config, lambda one: Detector(one, LABELS, STEP, 1.0), STEP)
    assert other < chosen < own
