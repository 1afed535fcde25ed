"""Other sounds are made to sound as if they had been recorded like the user's clips."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import next_fast_len

from audio_models.features.augmentation import equalised
from audio_models.features.recording_conditions import RecordingConditions, mean_spectrum, word_samples

RATE = 16_000


def _word(low: float, high: float, seconds: float = 0.4, seed: int = 0) -> np.ndarray:
    """Noise between two frequencies [Hz], as loud as a word."""
    length = round(seconds * RATE)
    bins = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, length))
    frequencies = np.fft.rfftfreq(length, 1 / RATE)
    bins[(frequencies < low) | (frequencies > high)] = 0
    samples = np.fft.irfft(bins, length)
    return (0.5 * samples / np.abs(samples).max()).astype(np.float32)


def _clip(word: np.ndarray, before: float, after: float, noise: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    clip = np.pad(word, (round(before * RATE), round(after * RATE)))
    return (clip + random.normal(0, noise, len(clip))).astype(np.float32)


def _above(samples: np.ndarray, hertz: float) -> float:
    """Share of the power above a frequency [dB]."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(10 * np.log10(power[frequencies > hertz].sum() / power.sum()))


def test_a_word_of_a_wide_band_sounds_like_clips_of_a_telephone() -> None:
    clips = [_clip(_word(200, 3_500, seed=seed), 0.1, 0.1, 1e-5, seed) for seed in range(4)]
    wide = [_word(200, 7_500, seed=seed) for seed in range(20, 24)]
    conditions = RecordingConditions.of(clips, RATE)
    placed, _ = conditions.place(wide[0], mean_spectrum(wide, RATE), np.random.default_rng(0))
    assert _above(wide[0], 4_000) > -6
    assert _above(placed, 4_000) < -25
    same, _ = conditions.place(clips[0], mean_spectrum(clips, RATE), np.random.default_rng(0))
    assert abs(_above(same, 2_000) - _above(clips[0], 2_000)) < 1, "nothing is filtered twice"


def test_margins_level_and_background_are_those_of_one_of_the_clips() -> None:
    clips = [_clip(_word(300, 3_000, seed=seed), 0.2, 0.3, 0.003, seed) for seed in range(3)]
    word = 0.05 * _word(300, 3_000, 0.25, seed=9)
    placed, begins = RecordingConditions.of(clips, RATE).place(
        word, mean_spectrum([word], RATE), np.random.default_rng(1)
    )
    assert abs(begins / RATE - 0.2) < 0.08
    first, last = word_samples(placed, RATE)
    assert abs(first / RATE - 0.2) < 0.08
    assert abs((len(placed) - last) / RATE - 0.3) < 0.08
    assert 0.5 * 10 ** (-7 / 20) < np.abs(placed).max() < 0.5 * 10 ** (4 / 20)
    background = placed[: round(0.15 * RATE)]
    assert 0.0015 < float(np.sqrt(np.square(background).mean())) < 0.006
    assert placed.dtype == np.float32


def test_clips_cut_close_to_the_word_and_silent_ones_work_too() -> None:
    for clip in (_word(300, 3_000), np.zeros(RATE, np.float32), np.zeros(100, np.float32)):
        conditions, word = RecordingConditions.of([clip], RATE), _word(300, 3_000, 0.1)
        placed, _ = conditions.place(word, mean_spectrum([word], RATE), np.random.default_rng(0))
        assert np.isfinite(placed).all()
        assert len(placed) >= round(0.1 * RATE)


def test_sounds_of_any_length_are_filtered_at_a_length_that_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One with a large prime factor took ten times as long, most of the time of teaching."""
    clip = _clip(_word(200, 3_500), 0.1, 0.1, 1e-4)[:9_497]  # a prime number
    conditions, spectrum = RecordingConditions.of([clip], RATE), mean_spectrum([clip], RATE)
    asked: list[int] = []
    transform = np.fft.rfft
    monkeypatch.setattr(
        np.fft, "rfft", lambda samples, n=None: asked.append(n or len(samples)) or transform(samples, n)
    )
    assert len(conditions.coloured(clip, spectrum)) == len(clip)
    assert len(equalised(clip, 8.0, np.random.default_rng(0))) == len(clip)
    assert asked == [next_fast_len(one, real=True) for one in asked]
    assert len(asked) == 2
