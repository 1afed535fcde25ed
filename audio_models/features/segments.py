"""Split a recording of a word spoken repeatedly into its takes, at the pauses.

A take is where the level rises clearly above the noise of the recording, whatever its level.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from audio_models.features.waveform import Waveform

_HOP = 0.01  # seconds between two measurements of the level
_SPAN = 0.04  # seconds of each measurement
_LOWEST_HZ, _HIGHEST_HZ = 150.0, 6_000.0  # where speech lies; hum and rumble are below
_PAUSE = 0.3  # a shorter one belongs to the word: the closed lips of "stop", between the syllables of "seven"
_SHORTEST = 0.12  # a shorter sound is a click or a breath
_MARGIN = 0.12  # before and after a take: soft consonants lie below the threshold
_RISE = 9.0  # dB of the loudest take above the noise, at least
# Thresholds above the noise for the ends of a take and for its peak: a share of how far the speech rises, within bounds
# [dB]. They keep a quiet take between loud ones, and drop a breath in a quiet room.
_EDGE = (0.2, 4.0, 9.0)
_PEAK = (0.3, 6.0, 12.0)

RULE = {
    "hop": _HOP, "span": _SPAN, "band": (_LOWEST_HZ, _HIGHEST_HZ), "pause": _PAUSE, "shortest": _SHORTEST,
    "rise": _RISE, "edge": _EDGE, "peak": _PEAK,
}  # fmt: skip
"""The numbers above, for the counter of takes in the browser."""


@dataclass(frozen=True)
class Take:
    """A stretch of a recording: samples from `first` up to, but without, `last`."""

    first: int
    last: int

    def of(self, recording: Waveform) -> Waveform:
        """Its samples."""
        return recording[self.first : self.last]


def find_takes(recording: Waveform, sample_rate: int) -> list[Take]:
    """Find the takes of a recording, in order; none if nothing stands out from the noise.

    Args:
        recording: (samples,) float32 in -1..1.
        sample_rate: [Hz].
    """
    found = _stretches_of_speech(levels(recording, sample_rate))
    return _with_margins(found, len(recording), sample_rate)


def word_span(clip: Waveform, sample_rate: int) -> tuple[float, float]:
    """Find where the word of a clip begins and ends [s]: its loudest take without margins, or the whole clip."""
    level = levels(clip, sample_rate)
    found = _stretches_of_speech(level)
    if not found:
        return 0.0, len(clip) / sample_rate
    first, last = max(found, key=lambda span: float((10 ** (level[span[0] : span[1]] / 10)).sum()))
    return first * _HOP, min((last - 1) * _HOP + _SPAN, len(clip) / sample_rate)


def _stretches_of_speech(level: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Where speech begins and ends, counted in hops, from the level at each hop [dB]."""
    if len(level) < 3:
        return []
    noise = float(np.percentile(level, 20))
    speech = float(np.percentile(level, 97))
    if speech - noise < _RISE:
        return []
    height = speech - noise
    loud = level > noise + _above(_EDGE, height)
    stretches = _joined(_stretches(loud), round(_PAUSE / _HOP))
    return [
        (first, last)
        for first, last in stretches
        if last - first >= _SHORTEST / _HOP and level[first:last].max() >= noise + _above(_PEAK, height)
    ]


def _above(rule: tuple[float, float, float], height: float) -> float:
    share, low, high = rule
    return min(max(share * height, low), high)


def levels(recording: Waveform, sample_rate: int) -> NDArray[np.float64]:
    """The level of the speech band every 10 ms [dB of full scale]."""
    band = _speech_band(sample_rate)
    power = scipy.signal.sosfiltfilt(band, recording.astype(np.float64)) ** 2 if len(recording) > 30 else recording**2
    span, hop = round(_SPAN * sample_rate), round(_HOP * sample_rate)
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, max(1, len(recording) - span + 1), hop)
    mean = (total[np.minimum(starts + span, len(recording))] - total[starts]) / span
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(mean, 1e-12))
    return decibels


@functools.cache
def _speech_band(sample_rate: int) -> NDArray[np.float64]:
    """The filter that passes the band of speech, as second-order sections."""
    highest = min(_HIGHEST_HZ, 0.45 * sample_rate)
    sections: NDArray[np.float64] = scipy.signal.butter(
        2, [_LOWEST_HZ, highest], "bandpass", fs=sample_rate, output="sos"
    )
    return sections


def _stretches(loud: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _joined(stretches: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in stretches:
        if joined and first - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _with_margins(found: list[tuple[int, int]], samples: int, sample_rate: int) -> list[Take]:
    """Add margins before and after, at most half-way to the neighbouring take."""
    hop, span, margin = _HOP * sample_rate, _SPAN * sample_rate, _MARGIN * sample_rate
    edges = [(first * hop, (last - 1) * hop + span) for first, last in found]
    takes = []
    for number, (first, last) in enumerate(edges):
        before = (edges[number - 1][1] + first) / 2 if number else 0.0
        after = (last + edges[number + 1][0]) / 2 if number + 1 < len(edges) else float(samples)
        takes.append(Take(round(max(first - margin, before)), min(samples, round(min(last + margin, after)))))
    return takes
