"""What an epoch is made of: every class as often as the others, the same again for the same seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audio_models.config import AugmentationConfig, FeatureConfig
from audio_models.features.augmentation import Augmenter
from audio_models.features.mfcc import mfcc
from audio_models.features.sequences import Normalisation
from audio_models.training.batches import REUSE, AugmentedBatches, Examples, FixedBatches, balanced, class_size
from tests.support.sounds import tone

FEATURES = FeatureConfig()
CLIPS = [tone(300 + 100 * number, 0.3) for number in range(9)]
CLASSES = np.array([0, 0, 0, 0, 0, 1, 1, 2, 2])
NOTHING = AugmentationConfig(
    augment=True, speed=0, shift_ms=0, gain_db=0, noise_probability=0, time_masks=0, frequency_masks=0
)  # fmt: skip
PLAIN = Normalisation((0.0,) * FEATURES.width, (1.0,) * FEATURES.width)


def _augmented(config: AugmentationConfig, **changes) -> AugmentedBatches:
    made = AugmentedBatches(
        load=CLIPS.__getitem__, classes=CLASSES, words=[str(one) for one in CLASSES], silence=None, augmenter=Augmenter(config, FEATURES, ()),
        features=FEATURES, normalisation=PLAIN, batch_size=4, size=3, seed=1,
    )  # fmt: skip
    return replace(made, **changes)


@given(counts=st.lists(st.integers(1, 30), min_size=2, max_size=6), size=st.integers(1, 40), seed=st.integers(0, 99))
def test_each_class_is_shown_equally_often(counts: list[int], size: int, seed: int) -> None:
    classes = np.repeat(np.arange(len(counts)), counts)
    drawn = balanced(classes, [str(one) for one in classes], size, np.random.default_rng(seed))
    assert np.bincount(classes[drawn]).tolist() == [size] * len(counts)
    times = np.bincount(drawn, minlength=len(classes))
    for one, count in enumerate(counts):
        own = times[classes == one]
        assert own.max() - own.min() <= 1, "no clip of a class more than once more than another"
        assert own.max() <= -(-size // count)


def test_a_large_class_shows_other_clips_in_another_epoch() -> None:
    classes = np.array([0] * 100 + [1] * 10)
    batches = FixedBatches(
        Examples([np.full((1, 1), n, np.float32) for n in range(110)], classes, [str(one) for one in classes]),
        8,
        10,
        seed=0,
    )
    shown = [{int(value) for frames, _ in batches.epoch(number) for value in frames.ravel()} for number in (1, 2)]
    assert len(shown[0]) == len(shown[1]) == 20
    assert shown[0] != shown[1]
    assert batches.clips == 20


def test_the_size_of_a_class_is_the_mean_over_the_words() -> None:
    classes = np.array([0] * 10 + [1] * 5 + [2] * 400)
    assert class_size(classes) == 139
    assert class_size(classes, pooled=[2]) == 8


def test_the_same_epoch_again_is_the_same_and_the_next_another() -> None:
    batches = _augmented(AugmentationConfig(augment=True))
    one, again, other = (list(batches.epoch(number)) for number in (1, 1, 2))
    assert [len(classes) for _, classes in one] == [4, 4, 1]
    for (frames, classes), (same_frames, same_classes) in zip(one, again, strict=True):
        np.testing.assert_array_equal(frames, same_frames)
        np.testing.assert_array_equal(classes, same_classes)
    assert any(a[0].shape != b[0].shape or np.abs(a[0] - b[0]).max() > 0.1 for a, b in zip(one, other, strict=True))


def test_with_nothing_changed_the_frames_are_those_of_the_clip() -> None:
    ((frames, classes),) = list(_augmented(NOTHING, size=2, batch_size=64).epoch(1))
    assert sorted(classes) == [0, 0, 1, 1, 2, 2]
    cepstra = [mfcc(clip, FEATURES)[2:-2, : FEATURES.n_mfcc] for clip in CLIPS]
    for row, one in zip(frames, classes, strict=True):
        # the dither is far below the tones, but not below the floor of the bands that a tone leaves empty
        away = [np.abs(row[2:-2, : FEATURES.n_mfcc] - clip).mean() for clip in cepstra]
        assert CLASSES[int(np.argmin(away))] == one
        assert 2 * min(away) < sorted(away)[1]


def test_silence_clips_are_cut_anew() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 50_000).astype(np.float32)
    batches = _augmented(NOTHING, silence=2, augmenter=Augmenter(NOTHING, FEATURES, (noise,)))

    def silent(epoch: int) -> np.ndarray:
        return np.concatenate([frames[classes == 2] for frames, classes in batches.epoch(epoch)])

    first, again, later = silent(1), silent(1), silent(1 + REUSE)
    assert len(first) == 3
    np.testing.assert_array_equal(again, first)
    assert min(np.abs(row - other).max() for row in later for other in first) > 1, "other noise, whatever the order"
    clips = [mfcc(CLIPS[position], FEATURES) for position in np.flatnonzero(CLASSES == 2)]
    assert min(np.abs(row - clip).mean() for row in first for clip in clips) > 5, "nothing of the clips in its place"


def test_an_epoch_that_is_left_early_leaves_no_thread_behind() -> None:
    import threading

    before = threading.active_count()
    batches = _augmented(AugmentationConfig(augment=True)).epoch(1)
    next(batches)
    batches.close()
    assert threading.active_count() == before


def test_a_class_of_many_words_shows_each_word_equally_often() -> None:
    classes = np.array([0] * 10 + [1] * 33)
    words = ["a"] * 10 + ["no"] * 3 + ["cat"] * 30
    drawn = balanced(classes, words, 20, np.random.default_rng(0))
    shown = [words[position] for position in drawn]
    assert (shown.count("a"), shown.count("no"), shown.count("cat")) == (20, 10, 10)
