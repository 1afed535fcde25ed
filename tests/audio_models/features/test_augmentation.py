"""Augmentation: what it may change and what not, measured on tones whose level, pitch and place are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_models.config import AugmentationConfig, FeatureConfig
from audio_models.features.augmentation import Augmenter, equalised, room_response
from tests.support.sounds import RATE, tone

FEATURES = FeatureConfig()
NOTHING = AugmentationConfig(
    augment=True, speed=0, shift_ms=0, gain_db=0, noise_probability=0, time_masks=0, frequency_masks=0
)  # fmt: skip
NOISE = np.random.default_rng(5).normal(0, 0.1, RATE * 3).astype(np.float32)


def _augmenter(noise: tuple = (NOISE,), **changes) -> Augmenter:
    return Augmenter(replace(NOTHING, **changes), FEATURES, noise)


def _random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _pitch(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))


def test_nothing_asked_for_leaves_the_clip_but_for_the_dither() -> None:
    clip = tone(440, 1.0)
    np.testing.assert_allclose(_augmenter().waveform(clip, _random()), clip, atol=1e-4)


@given(seed=st.integers(0, 10_000), length=st.integers(1, 30_000))
@settings(max_examples=60)
def test_any_clip_keeps_its_length_and_stays_in_range(seed: int, length: int) -> None:
    clip = _random(seed).uniform(-1, 1, length).astype(np.float32)
    config = replace(AugmentationConfig(augment=True), noise_probability=1.0)
    changed = Augmenter(config, FEATURES, (NOISE,)).waveform(clip, _random(seed))
    assert changed.shape == clip.shape
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    assert np.abs(changed).max() <= 1


def test_the_same_random_numbers_give_the_same_clip_and_others_another() -> None:
    augmenter = Augmenter(AugmentationConfig(augment=True), FEATURES, (NOISE,))
    clip = tone(440, 1.0)
    one, same, other = (augmenter.waveform(clip, _random(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01


def test_speed_moves_the_pitch_within_its_bounds_and_both_ways() -> None:
    augmenter = _augmenter(speed=0.15)
    pitches = [_pitch(augmenter.waveform(tone(1000, 1.0), _random(seed))) for seed in range(60)]
    assert 1000 / 1.16 < min(pitches) < 930
    assert 1080 < max(pitches) < 1160


def test_a_shift_moves_a_click_by_no_more_than_it_may() -> None:
    clip = np.zeros(RATE, np.float32)
    clip[RATE // 2] = 1.0
    places = [
        int(np.abs(_augmenter(shift_ms=100).waveform(clip, _random(seed))).argmax()) - RATE // 2 for seed in range(80)
    ]
    assert -0.1 * RATE - 1 <= min(places) < -0.05 * RATE
    assert 0.05 * RATE < max(places) <= 0.1 * RATE + 1


def test_noise_lies_under_the_clip_at_the_ratio_that_was_asked_for() -> None:
    clip = tone(1000, 1.0)
    for ratio in (0.0, 20.0):
        augmenter = _augmenter(noise_probability=1, lowest_snr_db=ratio, highest_snr_db=ratio)
        added = augmenter.waveform(clip, _random()) - clip
        measured = 20 * np.log10(np.sqrt(np.mean(clip**2)) / np.sqrt(np.mean(added**2)))
        assert measured == pytest.approx(ratio, abs=0.5)


def test_silence_is_noise_at_many_levels_and_sometimes_exactly_nothing() -> None:
    levels = [float(np.abs(_augmenter().silence(RATE, _random(seed))).max()) for seed in range(200)]
    assert 5 <= sum(level == 0 for level in levels) <= 45, "about one in ten"
    heard = [level for level in levels if level > 0]
    assert min(heard) < 0.01
    assert max(heard) > 0.2
    assert not _augmenter(noise=()).silence(RATE, _random()).any(), "without any noise: nothing"


def test_noise_shorter_than_the_clip_goes_round() -> None:
    short = _augmenter(noise=(NOISE[:100],), noise_probability=1.0)
    assert short.waveform(tone(440, 0.5), _random()).shape == (RATE // 2,)


@given(seed=st.integers(0, 5000), frames=st.integers(1, 80))
@settings(max_examples=60)
def test_masks_blot_out_no_more_than_they_may_and_leave_the_rest(seed: int, frames: int) -> None:
    bands = _random(seed).normal(-40, 10, (frames, 40)).astype(np.float32)
    augmenter = _augmenter(time_masks=1, time_mask_ms=100, frequency_masks=1, frequency_mask_bands=4)
    kept = bands.copy()
    covered = augmenter.bands(bands, _random(seed))
    np.testing.assert_array_equal(bands, kept)  # the input is not written to
    changed = covered != bands
    rows, columns = changed.all(axis=1), changed.all(axis=0)
    assert rows.sum() <= 5  # 100 ms of 20 ms each
    if frames > 5:
        assert columns.sum() <= 4
    np.testing.assert_allclose(covered[changed], bands.mean(), rtol=1e-5)
    assert not changed[~rows][:, ~columns].any()


def test_a_room_s_echo_falls_by_sixty_decibels() -> None:
    """The slope of the echo's level, by the method of Schroeder (1965): the energy that is still to come."""
    for seed in range(5):
        response = room_response(RATE, _random(seed))
        assert response[0] == 1
        assert 0.15 * RATE <= len(response) <= 0.6 * RATE
        echo = response[1:].astype(np.float64)
        assert -12.5 < 10 * np.log10((echo**2).sum()) < 3.5
        left = 10 * np.log10(np.cumsum(echo[::-1] ** 2)[::-1] + 1e-20)
        first, last = len(echo) // 8, len(echo) // 2
        seconds_for_60_db = 60 / ((left[first] - left[last]) / ((last - first) / RATE))
        assert seconds_for_60_db == pytest.approx(len(response) / RATE, rel=0.15)


def test_a_room_keeps_the_direct_sound_and_adds_what_comes_after_it() -> None:
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 0.5
    heard = _augmenter((), room_probability=1.0).waveform(click, _random())
    assert heard[RATE // 2] == pytest.approx(0.5, abs=1e-3)
    assert np.abs(heard[: RATE // 2]).max() < 1e-3
    assert np.abs(heard[RATE // 2 + 200 :]).max() > 5e-3


@given(seed=st.integers(0, 1000), most=st.floats(0, 12))
@settings(max_examples=30)
def test_an_equaliser_changes_the_level_of_a_tone_within_its_limits_and_not_its_pitch(seed: int, most: float) -> None:
    clip = tone(1000, 1.0)
    changed = equalised(clip, most, _random(seed))
    gain = 20 * np.log10(np.sqrt(np.mean(changed**2) / np.mean(clip**2)))
    assert abs(gain) <= most + 0.1
    assert _pitch(changed) == pytest.approx(1000, abs=2)


def test_an_equaliser_is_not_the_same_for_all_pitches() -> None:
    gains = [
        20 * np.log10(np.abs(equalised(tone(pitch, 1.0), 12, _random(1))).max() / np.abs(tone(pitch, 1.0)).max())
        for pitch in (100, 500, 1500, 4000, 7000)
    ]
    assert max(gains) - min(gains) > 3
