"""Notice raw sound that comes at a higher rate than was said: read too slowly, its upper bands are empty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio_models.features.waveform import Waveform

_FRAME = 512  # samples
_ENOUGH = 4.0  # seconds of audible sound
_AUDIBLE = 1e-7  # mean square of a frame
_LOW, _TOP = (0.02, 0.3), (0.85, 0.95)  # shares of the highest frequency
_EMPTY_DB = -65.0
"""Level of the top band against the low one, each at its loudest. In 1,000 stretches of real speech and noise at the rate
that was said it was never below -60 dB; 48 kHz read as 16 kHz is below -85."""


class RateCheck:
    """Watch the beginning of a stream.

    Args:
        sample_rate: what was said [Hz].
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._rest: Waveform = np.empty(0, np.float32)
        self._powers: list[NDArray[np.float64]] = []  # of the low and of the top band, in each audible frame
        share = np.linspace(0, 1, _FRAME // 2 + 1)
        self._bands = [(share >= low) & (share < high) for low, high in (_LOW, _TOP)]

    def feed(self, samples: Waveform) -> str:
        """Read a chunk (n,) float32; return a hint for the user, at most once, else ""."""
        if self._is_done:
            return ""
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // _FRAME
        self._rest = samples[whole * _FRAME :]
        frames = samples[: whole * _FRAME].reshape(whole, _FRAME)
        frames = frames[(frames**2).mean(axis=1) > _AUDIBLE]
        power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)) ** 2
        self._powers += list(np.stack([power[:, band].mean(axis=1) for band in self._bands], axis=1))
        return self._hint() if self._is_done else ""

    @property
    def _is_done(self) -> bool:
        return len(self._powers) * _FRAME >= _ENOUGH * self._rate

    def _hint(self) -> str:
        low, top = np.percentile(self._powers, 98, axis=0)
        if top > low * 10 ** (_EMPTY_DB / 10):
            return ""
        return (
            f"The sound holds nothing above {_TOP[0] * self._rate / 2:,.0f} Hz, as if it came at more than {self._rate:,} samples a "
            "second. Name its rate, for example --rate 48000."
        )
