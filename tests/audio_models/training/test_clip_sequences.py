"""Sequences of clips: which target each step has, and that the network meets them as a stream would give them."""

from __future__ import annotations

import numpy as np
import pytest

from audio_models.config import AugmentationConfig, FeatureConfig, NetworkConfig
from audio_models.features.augmentation import Augmenter
from audio_models.features.sequences import Normalisation
from audio_models.training.batches import AugmentedBatches
from audio_models.training.clip_sequences import IGNORE_LABEL, Placed, SequenceBatches, targets
from tests.support.sounds import RATE, tone

FEATURES = FeatureConfig(deltas=False, kind="log_mel")
NETWORK = NetworkConfig("gru", 8, convolutions=2, causal=True)
WORD, UNKNOWN, SILENCE = 0, 1, 2


def test_a_word_is_the_target_once_it_is_over_and_while_its_clip_lasts() -> None:
    times = np.round(np.arange(0, 3, 0.1), 1)
    clip = Placed(begins=0.5, ends=1.5, word=(0.8, 1.2), label=WORD)
    found = dict(zip(times.tolist(), targets([clip], times, SILENCE, UNKNOWN).tolist(), strict=True))
    assert {time: label for time, label in found.items() if label == WORD} == dict.fromkeys((1.2, 1.3, 1.4, 1.5), WORD)
    assert [time for time, label in found.items() if label == IGNORE_LABEL] == [0.8, 0.9, 1.0, 1.1, 1.6, 1.7]
    assert found[0.7] == found[1.8] == found[2.9] == SILENCE


def test_an_unknown_word_is_the_target_while_it_is_spoken() -> None:
    times = np.round(np.arange(0, 2, 0.1), 1)
    found = targets([Placed(0.0, 1.0, (0.2, 0.9), UNKNOWN)], times, SILENCE, UNKNOWN)
    assert (found[(times >= 0.4) & (times <= 1.0)] == UNKNOWN).all()


def test_a_part_of_a_word_is_unknown_only_when_it_is_over() -> None:
    """Half of "go" begins as "go" does: while it lasts, unknown as the target would teach that "go" is unknown too."""
    times = np.round(np.arange(0, 2, 0.1), 1)
    found = targets([Placed(0.0, 1.0, (0.2, 0.5), UNKNOWN, is_part=True)], times, SILENCE, UNKNOWN)
    assert (found[(times >= 0.2) & (times < 0.5)] == IGNORE_LABEL).all()
    assert (found[(times >= 0.5) & (times <= 1.0)] == UNKNOWN).all()


def test_without_such_classes_only_words_are_targets() -> None:
    times = np.arange(0, 2, 0.1)
    found = targets([Placed(0.0, 1.0, (0.2, 0.9), WORD)], times, None, None)
    assert set(found.tolist()) == {IGNORE_LABEL, WORD}


def test_the_next_word_takes_over() -> None:
    times = np.round(np.arange(0, 2.5, 0.1), 1)
    found = targets([Placed(0, 1, (0.2, 0.8), 0), Placed(1, 2, (1.1, 1.6), 1)], times, SILENCE, None)
    assert found[times == 1.0] == 0
    assert (found[(times > 1.1) & (times < 1.6)] == IGNORE_LABEL).all()
    assert (found[(times >= 1.6) & (times <= 2.0)] == 1).all()


def _clip(position: int) -> np.ndarray:
    """Half a second of a tone in a second of silence; the pitch tells the clip."""
    samples = np.zeros(RATE, np.float32)
    samples[RATE // 4 : RATE // 4 + RATE // 2] = tone(400 + 100 * position, 0.5)
    return samples


def _batches(load=_clip, peak: float = 1.0) -> SequenceBatches:
    nothing = AugmentationConfig(
        augment=True, speed=0, shift_ms=0, gain_db=0, noise_probability=0, time_masks=0, frequency_masks=0
    )
    source = AugmentedBatches(
        load=lambda position: peak * load(position), classes=np.array([0, 0, 1, 1, 2, 2]), words=list("aabbss"), silence=2,
        augmenter=Augmenter(nothing, FEATURES, []), features=FEATURES, normalisation=Normalisation((0.0,) * 40, (1.0,) * 40),
        batch_size=6, size=4, seed=0,
    )  # fmt: skip
    return SequenceBatches(source, unknown=1, network=NETWORK, clip_seconds=1.0, clips_per_sequence=3)


def test_a_sequence_holds_its_clips_and_each_is_the_target_when_its_tone_is_over() -> None:
    batches = _batches()
    sound, classes = batches.sequence(np.array([0, 4, 2]), np.random.default_rng(5))
    assert len(sound) == round(3.9 * RATE)
    loud = np.abs(sound) > 0.01
    edges = np.flatnonzero(np.diff(loud.reshape(-1, RATE // 100).any(axis=1).astype(int))) / 100  # seconds
    assert len(edges) == 4, "two tones and a silence between them"
    times = 0.032 + 0.08 * np.arange(len(classes))
    for label, end in ((0, edges[1]), (1, edges[3])):
        target_times = times[classes == label]
        assert len(target_times)
        assert target_times.max() <= end + 0.6
        if label == 0:
            assert target_times.min() >= end - 0.05


def test_an_epoch_has_its_clips_in_sequences_and_is_the_same_each_time() -> None:
    batches = _batches()
    assert batches.clips == 12
    first, again = list(batches.epoch(3)), list(_batches().epoch(3))
    assert sum(len(classes) for _, classes in first) * 3 == batches.clips
    for (frames, classes), (same_frames, same_classes) in zip(first, again, strict=True):
        np.testing.assert_array_equal(frames, same_frames)
        np.testing.assert_array_equal(classes, same_classes)
        assert classes.shape == (2, -(-frames.shape[1] // 4))
    other = np.concatenate([classes for _, classes in batches.epoch(9)])
    assert not np.array_equal(other, np.concatenate([classes for _, classes in first]))


def test_only_the_clips_at_some_positions() -> None:
    few = _batches().only(np.array([0, 4]))
    assert few.clips == 6
    assert set(np.unique(np.concatenate([classes for _, classes in few.epoch(0)]))) == {IGNORE_LABEL, 0, 2}


def test_longer_clips_than_usual_are_cut_at_the_end_of_the_sequence() -> None:
    sound, classes = _batches(lambda position: np.tile(_clip(position), 3)).sequence(
        np.array([0, 2, 0]), np.random.default_rng(0)
    )
    assert len(sound) == round(3.9 * RATE)
    assert len(classes) == pytest.approx(len(sound) / RATE / 0.08, abs=1)


def test_clips_above_full_scale_keep_their_shape_in_a_sequence() -> None:
    """A float file of three times full scale is clipped no more than the same clip at full scale."""
    plain, targets_ = _batches(peak=1.0).sequence(np.array([0, 4, 2]), np.random.default_rng(5))
    loud, same = _batches(peak=30.0).sequence(np.array([0, 4, 2]), np.random.default_rng(5))
    np.testing.assert_array_equal(targets_, same)
    assert np.abs(plain).max() < 1 < np.abs(loud).max()
    np.testing.assert_allclose(loud, 30 * plain, atol=0.01)
