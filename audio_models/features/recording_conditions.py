"""Make any sound resemble the clips of a user: their spectrum, background, level and margins.

A network that learns a user's words from clips of one microphone, and all other words from clean recordings, learns to tell
the recordings apart, not the words. So the other words are made to sound as if they had been recorded like the user's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.signal
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from audio_models.features.segments import word_span
from audio_models.features.waveform import Waveform

_WINDOW = 0.032  # seconds of each spectrum
_SMOOTHING = 9  # bins that a spectrum is averaged over
_MOST_CUT, _MOST_LIFT = 45.0, 25.0  # dB
_FADE = 0.01  # seconds, at both ends of a word that is put into a clip
_SOFTER, _LOUDER = 6.0, 3.0  # dB from the level of the user's word
_FAINT = 1e-5  # of full scale: the background of a clip without any sound around its word
_SHORTEST_BACKGROUND = 0.02  # seconds

Spectrum = NDArray[np.float64]
"""Mean level of each band of speech, (bins,) [dB]; only differences count."""


@dataclass(frozen=True)
class _Surroundings:
    """What surrounds the word of one clip: samples before and after it, its peak, and a stretch of background."""

    before: int
    after: int
    peak: float
    background: Waveform


class RecordingConditions:
    """How clips sound apart from the words in them.

    Args:
        spectrum: the mean spectrum of their words.
        surroundings: what surrounds the word of each clip.
        sample_rate: [Hz].
    """

    def __init__(self, spectrum: Spectrum, surroundings: Sequence[_Surroundings], sample_rate: int) -> None:
        self._spectrum = spectrum
        self._surroundings = surroundings
        self._rate = sample_rate

    @classmethod
    def of(cls, clips: Sequence[Waveform], sample_rate: int) -> Self:
        """Measure the clips of one voice and microphone, each (samples,) float32 with one word; at least one."""
        surroundings = []
        for clip in clips:
            first, last = word_samples(clip, sample_rate)
            edges = [part for part in (clip[:first], clip[last:]) if len(part) >= _SHORTEST_BACKGROUND * sample_rate]
            quietest = min(edges, key=lambda part: float(np.square(part).mean()), default=np.zeros(0, np.float32))
            peak = float(np.abs(clip[first:last]).max(initial=0.0))
            surroundings.append(_Surroundings(first, len(clip) - last, peak, quietest))
        return cls(mean_spectrum(clips, sample_rate), surroundings, sample_rate)

    def coloured(self, sound: Waveform, spectrum: Spectrum) -> Waveform:
        """Filter a sound (samples,) float32 of recordings with this mean spectrum, as if the clips' microphone had heard it."""
        return _filtered(sound, np.clip(self._spectrum - spectrum, -_MOST_CUT, _MOST_LIFT))

    def place(self, word: Waveform, spectrum: Spectrum, random: np.random.Generator) -> tuple[Waveform, int]:
        """Put a word into a clip as if it had been recorded like one of the clips, drawn at random.

        Args:
            word: (samples,) float32 without margins.
            spectrum: the mean spectrum of the recordings that it comes from.

        Returns:
            (samples,) float32, with margins, level and background of that clip; and the first sample of the word.
        """
        around = self._surroundings[int(random.integers(len(self._surroundings)))]
        word = self.coloured(word, spectrum)
        word = _faded(word, round(_FADE * self._rate))
        gain = (
            10 ** (random.uniform(-_SOFTER, _LOUDER) / 20)
            * around.peak
            / max(float(np.abs(word).max(initial=0.0)), 1e-4)
        )
        clip = self._background(around, around.before + len(word) + around.after, random)
        clip[around.before : around.before + len(word)] += word * np.float32(gain)
        return clip, around.before

    def _background(self, around: _Surroundings, length: int, random: np.random.Generator) -> Waveform:
        """The background of a clip, repeated to a length, (length,) float32."""
        if not len(around.background):
            return random.normal(0, _FAINT, length).astype(np.float32)
        part = around.background if random.random() < 0.5 else around.background[::-1]
        return np.resize(_faded(part, len(part) // 8), length).astype(np.float32)


def word_samples(clip: Waveform, sample_rate: int) -> tuple[int, int]:
    """The first sample of the word in a clip, and the first one after it, see `word_span`."""
    first, last = word_span(clip, sample_rate)
    return round(first * sample_rate), min(round(last * sample_rate), len(clip))


def mean_spectrum(clips: Sequence[Waveform], sample_rate: int) -> Spectrum:
    """The mean spectrum of the louder half of each clip, (bins,) [dB]; every clip counts the same."""
    length = round(_WINDOW * sample_rate)
    total = np.zeros(length // 2 + 1)
    for clip in clips:
        padded = np.pad(clip, (0, max(0, length - len(clip))))
        power = np.abs(scipy.signal.stft(padded, nperseg=length, boundary=None, padded=False)[2]) ** 2  # (bins, times)
        energy = power.sum(axis=0)
        loud = power[:, energy >= np.median(energy)].mean(axis=1)
        total += loud / max(float(loud.sum()), 1e-20)
    even = scipy.signal.convolve(np.pad(total, _SMOOTHING // 2, mode="edge"), np.ones(_SMOOTHING) / _SMOOTHING, "valid")
    decibels: Spectrum = 10 * np.log10(np.maximum(even / max(1, len(clips)), 1e-12))
    return decibels


def _filtered(samples: Waveform, gains: Spectrum) -> Waveform:
    """Apply gains [dB], evenly spaced from 0 Hz to half of the sample rate, to (samples,) -> the same length."""
    # room for the filter's ringing, which would wrap around; a length with a large prime factor takes ten times as long
    length = next_fast_len(len(samples) + 2 * len(gains), real=True)
    bins = np.fft.rfft(samples, length)
    each = np.interp(np.linspace(0, 1, len(bins)), np.linspace(0, 1, len(gains)), gains)
    filtered: Waveform = np.fft.irfft(bins * 10 ** (each / 20), length)[: len(samples)].astype(np.float32)
    return filtered


def _faded(samples: Waveform, length: int) -> Waveform:
    """The same with both ends faded, each over `length` samples or a quarter of them all."""
    length = min(length, len(samples) // 4)
    if not length:
        return samples
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    faded = samples.copy()
    faded[:length] *= ramp
    faded[-length:] *= ramp[::-1]
    return faded
