"""Measure a clip once, when it is added: levels, clipping, edges, and a digest that finds duplicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio_models.features import segments
from audio_models.features.waveform import Waveform

FLOOR_DB = -120.0  # that of `segments.levels`; stands for digital silence
RISE_DB = 6.0  # above the noise: less is inaudible

_FULL = 0.99  # of full scale: where a microphone or a converter clips
_FLAT = 3  # consecutive samples that make a flat top; an unclipped peak touches the limit more briefly
_LOUDEST_SPAN = 7  # levels, 40 ms long and 10 ms apart: 100 ms
_HOP = 0.01  # seconds from one of `segments.levels` to the next
_STANDS_OUT = 0.2


def measure(samples: Waveform, sample_rate: int) -> dict[str, float]:
    """Measure one clip for `clip_checks.findings`.

    Args:
        samples: (samples,) float32 in -1..1.
        sample_rate: [Hz].

    Returns:
        finite numbers by name; levels are those of the speech band, see `segments.levels`, and -120 for digital silence:
            seconds: its length [s].
            peak: the largest sample, of all frequencies [dB of full scale].
            loudest: the loudest 100 ms [dB of full scale].
            noise: the 20th percentile of the level [dB of full scale].
            starts, ends: the first and the last 40 ms, relative to the loudest 40 ms [dB], at most 0.
            clipped: time in flat tops: three or more consecutive samples at full scale with the same sign [s].
            sound_seconds: from the first to the last level that is above the noise by 6 dB and by a fifth of the
                loudest level's distance to it [s].
    """
    seconds = len(samples) / sample_rate
    peak = float(np.abs(samples).max(initial=0.0))
    level = segments.levels(samples, sample_rate)
    power = 10 ** (level / 10)
    span = min(_LOUDEST_SPAN, len(power))
    loudest = np.convolve(power, np.full(span, 1 / span), "valid").max()
    found = {
        "seconds": seconds,
        "peak": _decibels(peak**2),
        "loudest": _decibels(float(loudest)),
        "noise": float(np.percentile(level, 20)),
        "starts": float(level[0] - level.max()),
        "ends": float(level[-1] - level.max()),
        "clipped": _flat_tops(samples) / sample_rate,
        "sound_seconds": min(seconds, _standing_out(level)),
    }
    return {name: round(value, 4) for name, value in found.items()}


def _flat_tops(samples: Waveform) -> int:
    """Count the samples in flat tops."""
    count = 0
    for at_limit in (samples >= _FULL, samples <= -_FULL):
        if at_limit.any():
            edges = np.flatnonzero(np.diff(np.concatenate([[False], at_limit, [False]]).astype(np.int8)))
            lengths = edges[1::2] - edges[::2]
            count += int(lengths[lengths >= _FLAT].sum())
    return count


def _standing_out(level: NDArray[np.float64]) -> float:
    """Return the time from the first to the last level that stands out [s]; see `sound_seconds` in `measure`."""
    noise = np.percentile(level, 20)
    loud = np.flatnonzero(level > noise + max(RISE_DB, _STANDS_OUT * (level.max() - noise)))
    return float(loud[-1] - loud[0] + 1) * _HOP if len(loud) else 0.0


def _decibels(power: float) -> float:
    return max(FLOOR_DB, 10 * float(np.log10(max(power, 1e-12))))
