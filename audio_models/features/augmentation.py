"""Data augmentation: training clips change a little each time the network sees them.

First the waveform (room, microphone, speed, shift, level, background noise), then the mel bands (SpecAugment); validation
and test clips never. All randomness comes from the generator passed in, so the same seed gives the same training.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.signal
import soxr
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from audio_models.config import AugmentationConfig, FeatureConfig
from audio_models.features.mfcc import Frames
from audio_models.features.waveform import Waveform

UNCHANGED = AugmentationConfig(
    augment=True, speed=0, shift_ms=0, gain_db=0, noise_probability=0, time_masks=0, frequency_masks=0
)
"""Settings that leave the clips as they are."""

_DITHER = 1e-5  # of full scale: a shift uncovers the noise of a sound card, not digital silence
_DITHER_SECONDS = 20
_DIGITAL_SILENCE = 0.1  # share of silence clips that are exactly zero, as from a muted microphone
_EQUALISED = 0.7  # share of the clips
_EQUALISER_POINTS = 8  # where the gain is drawn; between them it changes gradually
# Of a room: seconds until its echo has fallen by 60 dB, seconds before the first echo, level of the direct sound over
# all echoes [dB].
_ROOM_SECONDS, _FIRST_ECHO, _DIRECT_DB = (0.15, 0.6), (0.001, 0.01), (-3.0, 12.0)
_NO_SOUND = 1e-4  # a clip below this level counts as this loud when noise is added


class Augmenter:
    """Change clips at random, within the limits of `config`.

    Args:
        config: what may change, and how much.
        features: the sample rate of the waveforms, and the time from frame to frame.
        noise: recordings without words, each (samples,) float32 at that rate; may be empty.
    """

    def __init__(self, config: AugmentationConfig, features: FeatureConfig, noise: Sequence[Waveform]) -> None:
        self._config = config
        self._rate = features.sample_rate
        self._frame_ms = 1000 * features.hop_length / features.sample_rate
        self._noise = noise
        self._dither = np.random.default_rng(0).normal(0, _DITHER, _DITHER_SECONDS * self._rate).astype(np.float32)

    def waveform(self, samples: Waveform, random: np.random.Generator) -> Waveform:
        """Change a clip with a word in it, (samples,) float32 -> the same length."""
        limit = full_scale(samples)
        moved, _, _ = self.moved(samples, random)
        return self.under_noise(moved, random, limit=limit)

    def moved(self, samples: Waveform, random: np.random.Generator) -> tuple[Waveform, int, float]:
        """Change room, microphone, speed, place and level of a clip (samples,) float32.

        Returns:
            the clip, of the same length; where its first sample now is; and how much faster it is: sample n is now at
            `first + n / faster`.
        """
        config = self._config
        length = len(samples)
        if config.room_probability and random.random() < config.room_probability:
            samples = scipy.signal.fftconvolve(samples, room_response(self._rate, random))[:length].astype(np.float32)
        if config.equaliser_db and random.random() < _EQUALISED:
            samples = equalised(samples, config.equaliser_db, random)
        faster = float(np.exp(random.uniform(-1, 1) * np.log1p(config.speed)))
        if config.speed:
            samples = soxr.resample(samples, self._rate * faster, self._rate, quality="QQ")
        # a longer clip is cut at both ends, a shorter one is centred; then it is shifted
        reach = config.shift_ms / 1000 * self._rate
        start = round((length - len(samples)) / 2 + random.uniform(-reach, reach))
        moved = self.quiet(length, random)
        first, last = max(0, start), min(length, start + len(samples))
        if last > first:
            moved[first:last] += samples[first - start : last - start]
        moved *= np.float32(10 ** (random.uniform(-1, 1) * config.gain_db / 20))
        return moved, start, faster

    def under_noise(
        self, samples: Waveform, random: np.random.Generator, level: float | None = None, limit: float = 1.0
    ) -> Waveform:
        """Add background noise to (samples,) float32, in place, as often and as loud as the settings say.

        Args:
            level: reference of the signal-to-noise ratio, root mean square; that of the samples by default.
            limit: louder samples are clipped here, as by a microphone.
        """
        if self._noise and random.random() < self._config.noise_probability:
            samples += self._scaled_noise(len(samples), _level(samples) if level is None else level, random)
        return np.clip(samples, -limit, limit, out=samples)

    def quiet(self, length: int, random: np.random.Generator) -> Waveform:
        """The faint noise of a microphone in a quiet room, (length,) float32."""
        return _stretch(self._dither, length, random).copy()

    def silence(self, length: int, random: np.random.Generator) -> Waveform:
        """A clip without a word, (length,) float32: noise at any level, sometimes digital silence."""
        if not self._noise or random.random() < _DIGITAL_SILENCE:
            return np.zeros(length, np.float32)
        level = (
            random.uniform(0, 1) if random.random() < 0.5 else 10 ** random.uniform(-2.5, 0)
        )  # loud ones and soft ones
        return self._stretch(length, random) * np.float32(level)

    def bands(self, bands: Frames, random: np.random.Generator) -> Frames:
        """Mask stretches of time and ranges of bands with the clip's mean: (frames, n_mels) [dB] -> the same shape."""
        config = self._config
        frames, width = bands.shape
        covered = bands.copy()
        mean = bands.mean()
        for _ in range(config.time_masks):
            first, last = _range(frames, config.time_mask_ms / self._frame_ms, random)
            covered[first:last] = mean
        for _ in range(config.frequency_masks):
            first, last = _range(width, config.frequency_mask_bands, random)
            covered[:, first:last] = mean
        return covered

    def _scaled_noise(self, length: int, level: float, random: np.random.Generator) -> Waveform:
        """Noise (length,) at a random signal-to-noise ratio below `level`."""
        noise = self._stretch(length, random)
        ratio = random.uniform(self._config.lowest_snr_db, self._config.highest_snr_db)
        own = _level(noise)
        scale = max(level, _NO_SOUND) / max(own, _NO_SOUND) * 10 ** (-ratio / 20)
        return noise * np.float32(scale)

    def _stretch(self, length: int, random: np.random.Generator) -> Waveform:
        return _stretch(self._noise[int(random.integers(len(self._noise)))], length, random)


def room_response(sample_rate: int, random: np.random.Generator) -> NDArray[np.float32]:
    """The impulse response of a random room, (samples,): the direct sound, then decaying noise (Polack 1988)."""
    decay = random.uniform(*_ROOM_SECONDS)
    seconds = np.arange(round(decay * sample_rate)) / sample_rate
    echo = random.normal(size=len(seconds)) * 10 ** (-3 * seconds / decay)  # 60 dB of power within `decay`
    echo[seconds < random.uniform(*_FIRST_ECHO)] = 0
    echo *= 10 ** (-random.uniform(*_DIRECT_DB) / 20) / max(float(np.linalg.norm(echo)), 1e-9)
    echo[0] = 1.0
    return echo.astype(np.float32)


def equalised(samples: Waveform, most_db: float, random: np.random.Generator) -> Waveform:
    """Boost and cut ranges of pitches by up to `most_db`, (samples,) float32 -> the same length.

    The gain is drawn at points that lie closer at low pitches, where most of speech is.
    """
    length = next_fast_len(len(samples), real=True)  # one with a large prime factor takes ten times as long
    spectrum = np.fft.rfft(samples, length)
    place = np.sqrt(np.linspace(0, 1, len(spectrum)))
    gain = np.interp(place, np.linspace(0, 1, _EQUALISER_POINTS), random.uniform(-most_db, most_db, _EQUALISER_POINTS))
    return np.fft.irfft(spectrum * 10 ** (gain / 20), length)[: len(samples)].astype(np.float32)


def full_scale(samples: Waveform) -> float:
    """The level at which a clip (samples,) is clipped: 1, or its peak if a float file exceeds full scale."""
    return max(1.0, float(samples.max()), -float(samples.min()))


def _stretch(recording: Waveform, length: int, random: np.random.Generator) -> Waveform:
    """A random stretch of a recording, (length,); a short recording repeats."""
    start = int(random.integers(max(1, len(recording) - length + 1)))
    stretch = recording[start : start + length]
    return stretch if len(stretch) == length else np.resize(stretch, length)


def _range(size: int, widest: float, random: np.random.Generator) -> tuple[int, int]:
    width = int(random.integers(int(min(widest, size)) + 1))
    first = int(random.integers(size - width + 1))
    return first, first + width


def _level(samples: NDArray[np.float32]) -> float:
    """Root mean square."""
    return float(np.sqrt(np.dot(samples, samples) / len(samples)))
