"""Features: equal to librosa's, equal in a batch and alone, and right for signals whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st
from librosa.core.convert import mel_frequencies

from audio_models.config import FeatureConfig
from audio_models.errors import ConfigError
from audio_models.features import waveform
from audio_models.features.mfcc import frame_count, frame_end, frame_time, mel_bands, mfcc, mfcc_batch, slopes
from audio_models.features.waveform import AudioSource
from tests.support.librosa_features import librosa_mfcc
from tests.support.sounds import RATE, tone

CONFIG = FeatureConfig(deltas=False)


def test_equals_librosa(tmp_path: Path) -> None:
    configs = [
        CONFIG,
        FeatureConfig(frame_ms=25, hop_ms=10, n_mels=64, n_mfcc=13, deltas=False),
        FeatureConfig(sample_rate=8000, fmax=3800, frame_ms=40, deltas=False),
    ]
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    sounds = [(noise[: config.sample_rate], config) for config in configs]
    for (samples, config), wanted in zip(sounds, librosa_mfcc(sounds, tmp_path), strict=True):
        assert wanted.shape == (frame_count(len(samples), config), config.n_mfcc)
        np.testing.assert_allclose(mfcc(samples, config), wanted, atol=5e-3)


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 20_000), min_size=1, max_size=8),
    levels=st.lists(st.sampled_from([0.0, 1e-4, 0.01, 1.0]), min_size=8, max_size=8),
    deltas=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_batch_equals_single_whatever_the_neighbours(
    lengths: list[int], levels: list[float], deltas: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    config = FeatureConfig(deltas=deltas)
    clips = [
        (level * random.normal(0, 0.3, length)).astype(np.float32)
        for length, level in zip(lengths, levels, strict=False)
    ]
    for clip, together in zip(clips, mfcc_batch(clips, config), strict=True):
        alone = mfcc(clip, config)
        assert together.shape == alone.shape == (frame_count(len(clip), config), config.width)
        np.testing.assert_allclose(together, alone, atol=1e-3)


def test_batch_equals_single_on_real_clips(real_commands: Path) -> None:
    paths = (
        sorted((real_commands / "left").glob("*.flac"))[:40]
        + sorted((real_commands / "_background_noise_").glob("*.flac"))[:1]
    )
    clips = [waveform.load(AudioSource(path), RATE, start=0, seconds=2) for path in paths]
    clips.append(np.zeros(RATE, np.float32))
    for clip, together in zip(clips, mfcc_batch(clips, CONFIG), strict=True):
        np.testing.assert_allclose(together, mfcc(clip, CONFIG), atol=1e-3)


@given(samples=st.integers(1, 100_000), frame=st.integers(5, 100), hop=st.integers(2, 100))
@settings(max_examples=200, deadline=None)
def test_every_frame_lies_within_the_clip(samples: int, frame: int, hop: int) -> None:
    config = FeatureConfig(frame_ms=frame, hop_ms=hop)
    count = frame_count(samples, config)
    assert count >= 1
    last = (count - 1) * config.hop_length + config.frame_length
    assert last <= max(samples, config.frame_length)
    assert last + config.hop_length > samples, "one more frame would have fitted"


@pytest.mark.parametrize("hertz", [200, 1000, 3000, 6000])
def test_a_tone_is_loudest_in_its_mel_band(hertz: float) -> None:
    bands = mel_bands([tone(hertz, 1.0)], CONFIG)[0].mean(axis=0)
    centres = mel_frequencies(n_mels=CONFIG.n_mels + 2, fmin=CONFIG.fmin, fmax=CONFIG.fmax)[1:-1]
    assert abs(int(bands.argmax()) - int(np.abs(centres - hertz).argmin())) <= 1


def test_ten_times_the_amplitude_is_twenty_decibels_and_moves_only_the_first_coefficient() -> None:
    samples = np.random.default_rng(1).normal(0, 0.01, RATE).astype(np.float32)
    quiet, loud = mfcc(samples, CONFIG), mfcc(10 * samples, CONFIG)
    np.testing.assert_allclose(loud[:, 0] - quiet[:, 0], 20 * np.sqrt(CONFIG.n_mels), atol=1e-2)
    np.testing.assert_allclose(loud[:, 1:], quiet[:, 1:], atol=1e-2)


def test_a_frame_depends_on_its_own_samples_alone() -> None:
    samples = np.random.default_rng(2).normal(0, 0.1, RATE).astype(np.float32)
    changed = samples.copy()
    changed[8000:] = 0
    untouched = 1 + (8000 - CONFIG.frame_length) // CONFIG.hop_length
    np.testing.assert_allclose(mfcc(samples, CONFIG)[:untouched], mfcc(changed, CONFIG)[:untouched], atol=1e-4)


def test_slopes_of_a_straight_line_are_its_slope() -> None:
    line = np.outer(np.arange(20), [0.5, -2.0]).astype(np.float32)
    np.testing.assert_allclose(slopes(line)[2:-2], np.tile([0.5, -2.0], (16, 1)), atol=1e-5)
    assert slopes(line[:1]).tolist() == [[0.0, 0.0]]


def test_times_of_frames() -> None:
    assert frame_time(0, CONFIG) == pytest.approx(0.016)
    assert frame_time(10, CONFIG) == pytest.approx(0.216)


def test_bands_that_hold_no_frequency_are_refused() -> None:
    with pytest.raises(ConfigError, match="too narrow"):
        mfcc(tone(100), FeatureConfig(frame_ms=5, n_mels=128))


@pytest.mark.parametrize("samples", [100, 1600, 5000])
def test_centred_frames_with_a_floor_are_those_of_librosas_defaults(samples: int) -> None:
    """`librosa.feature.mfcc(y=y, sr=rate, n_mfcc=13, n_fft=512, hop_length=160)`, its steps without the compiled ones."""
    import librosa

    config = FeatureConfig(frame_ms=32, hop_ms=10, n_mels=64, fmin=0, fmax=8000, deltas=False, centred=True, top_db=80)
    wave = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
    wave[: samples // 2] = 0  # lies below the floor
    spectrum = np.abs(librosa.stft(wave, n_fft=512, hop_length=160)) ** 2
    bands = librosa.power_to_db(librosa.filters.mel(sr=16_000, n_fft=512, n_mels=64) @ spectrum)
    expected = scipy.fft.dct(bands, axis=0, norm="ortho")[:13].T
    found = mfcc(wave, config)
    assert found.shape == expected.shape == (frame_count(samples, config), 13)
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert frame_end(0, config) * 16_000 == frame_time(0, config) * 16_000 + 256 == 256
