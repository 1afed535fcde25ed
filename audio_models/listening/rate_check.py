"""Notice raw sound that comes at a higher rate than was said: read too slowly, its upper bands are empty."""

from __future__ import annotations

from audio_models.features.bandwidth import Bandwidth
from audio_models.features.waveform import Waveform

_ENOUGH = 4.0  # seconds of audible sound
_TOP = 0.85  # share of the highest frequency; above it, all speech has something


class RateCheck:
    """Watch the beginning of a stream.

    Args:
        sample_rate: what was said [Hz].
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._found = Bandwidth(sample_rate, _ENOUGH)

    def feed(self, samples: Waveform) -> str:
        """Read a chunk (n,) float32; return a hint for the user, at most once, else ""."""
        if self._found.is_known:
            return ""
        self._found.feed(samples)
        top = _TOP * self._rate / 2
        if not self._found.is_known or self._found.top > top:
            return ""
        return (
            f"The sound holds nothing above {top:,.0f} Hz, as if it came at more than {self._rate:,} samples a "
            "second. Name its rate, for example --rate 48000."
        )
