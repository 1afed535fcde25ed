"""Recordings of synthetic voices for the tests in a browser and for the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from data.public.synthetic_voices import SAMPLE_RATE, say, voices

_RATE = 48_000


def said(words: Sequence[str], path: Path) -> float:
    """Write a recording of a synthetic voice that says words with pauses between; how long it is [s]."""
    random = np.random.default_rng(0)
    parts = [np.zeros(_RATE // 2, np.float32)]
    for take, word in enumerate(words):
        spoken = soxr.resample(say(word, voices()[12], take), SAMPLE_RATE, _RATE)
        parts += [spoken, np.zeros(int(_RATE * random.uniform(0.6, 0.8)), np.float32)]
    samples = np.concatenate(parts)
    soundfile.write(path, samples + random.normal(0, 1e-3, len(samples)), _RATE)
    return len(samples) / _RATE
