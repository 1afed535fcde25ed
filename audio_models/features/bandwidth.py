"""How far up a sound reaches: bands that hold nothing tell of a telephone, or of a rate that is not true."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from audio_models.features.waveform import Waveform

_FRAME = 0.032  # seconds
_AUDIBLE = 1e-7  # mean square of a frame
_BAND = 200.0  # Hz
_COMPARED = (0.02, 0.3)  # shares of the highest frequency: where all speech has its power
_EMPTY_DB = -65.0
"""Level of a band against the compared one, each at its loudest, from which on it counts as empty. In 1,000 stretches of real
speech and noise at their true rates the band below the highest frequency was never below -60 dB; of 48 kHz read as 16 kHz it is below -85."""

_LEAST = 2_500.0  # Hz; what ends below is no speech: a hum, a whistle
_ENOUGH = 0.25  # seconds of audible sound in a clip
_NARROW = 0.55
"""A sound is narrow if it ends below this share of the frequencies that a network reads. Of 10,249 real clips and recordings at
16 kHz 28 do."""


class Bandwidth:
    """Measure the beginning of a sound, chunk by chunk.

    Args:
        sample_rate: [Hz].
        enough: audible sound to look at [s].
    """

    def __init__(self, sample_rate: int, enough: float) -> None:
        self._rate, self._enough = sample_rate, enough
        self._rest: Waveform = np.empty(0, np.float32)
        self._powers: list[NDArray[np.float64]] = []  # of the compared band, then of each, in each audible frame
        self._frame = round(_FRAME * sample_rate)
        self._window = np.hanning(self._frame)
        share = np.fft.rfftfreq(self._frame, 0.5)
        edges = np.append(np.arange(0, sample_rate / 2, _BAND) / (sample_rate / 2), 1.0)
        spans = [_COMPARED, *itertools.pairwise(edges)]
        mean = np.stack([(share >= low) & (share < high) for low, high in spans], axis=1).astype(np.float64)
        self._mean = mean / mean.sum(axis=0)

    @property
    def is_known(self) -> bool:
        """Whether enough has been heard."""
        return len(self._powers) * self._frame >= self._enough * self._rate

    def feed(self, samples: Waveform) -> None:
        """Read the next (n,) float32."""
        if self.is_known:
            return
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // self._frame
        self._rest = samples[whole * self._frame :]
        frames = samples[: whole * self._frame].reshape(whole, self._frame)
        frames = frames[(frames**2).mean(axis=1) > _AUDIBLE]
        self._powers += list(np.abs(np.fft.rfft(frames * self._window, axis=1)) ** 2 @ self._mean)

    @property
    def top(self) -> float:
        """The frequency above which there is nothing [Hz]; what lies within a twentieth of the highest does not count."""
        compared, *bands = np.percentile(self._powers, 98, axis=0)
        most = int(0.95 * self._rate / 2 / _BAND)
        full = np.flatnonzero(np.array(bands[:most]) > compared * 10 ** (_EMPTY_DB / 10))
        return float(_BAND * (full[-1] + 1)) if len(full) else 0.0


def narrow_note(samples: Waveform, sample_rate: int, highest: float) -> str:
    """Tell that a sound (n,) at `sample_rate` [Hz] ends far below `highest`, which a network reads [Hz]; "" if it does not."""
    found = Bandwidth(sample_rate, _ENOUGH)
    found.feed(samples)
    return found_narrow(found, highest)


def found_narrow(found: Bandwidth, highest: float) -> str:
    """`narrow_note` of what has been measured; "" too if that is not enough."""
    if not found.is_known or not _LEAST <= found.top <= _NARROW * highest:
        return ""
    return (
        f"It holds nothing above {found.top:,.0f} Hz, like telephone sound or sound at a wrong rate. The network reads up to "
        f"{highest:,.0f} Hz, so expect more mistakes unless it learned from such sound."
    )
