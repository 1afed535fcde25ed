"""Synthetic voices that say the words of a task: as often as asked for, never for a label that cannot be read out."""

from __future__ import annotations

import numpy as np
import pytest

from audio_models.training.synthetic_words import OwnWords

RATE, SECONDS = 16_000, 1.0


@pytest.fixture(scope="module")
def words() -> OwnWords:
    return OwnWords(("go", "_hum_", "左"), 0.25, SECONDS, RATE, seed=0)


def test_a_share_of_the_clips_is_said_by_changing_voices(words: OwnWords) -> None:
    random = np.random.default_rng(1)
    drawn = [words.draw(0, random) for _ in range(400)]
    said = [one for one in drawn if one]
    assert len(said) == pytest.approx(100, abs=30)
    assert len({one.samples.tobytes() for one in said}) == len(said)
    for samples, (start, end) in said:
        assert samples.shape == (RATE,)
        assert 0 <= start < end <= SECONDS
        inside = samples[round(start * RATE) : round(end * RATE)]
        assert np.abs(inside).max() == np.abs(samples).max() > 0.1


def test_what_cannot_be_read_out_is_never_said(words: OwnWords) -> None:
    random = np.random.default_rng(2)
    assert not any(words.draw(1, random) for _ in range(100))
    assert not any(words.draw(7, random) for _ in range(100)), "no word of the task"


def test_the_same_seed_says_the_same(words: OwnWords) -> None:
    again = OwnWords(("go", "_hum_", "左"), 0.25, SECONDS, RATE, seed=0)
    for one, other in zip(
        (words.draw(0, np.random.default_rng(number)) for number in range(30)),
        (again.draw(0, np.random.default_rng(number)) for number in range(30)),
        strict=True,
    ):
        assert (one is None) == (other is None)
        assert one is None or other is None or np.array_equal(one.samples, other.samples)
