"""A digest of a recording's samples: the same in another file, lossless format or name."""

from __future__ import annotations

import hashlib

import numpy as np
import soundfile
from numpy.typing import NDArray

from data.sound_file import OpenSound

_FULL_SCALE = 32768


def sound_digest(samples: NDArray[np.float32], sample_rate: int) -> str:
    """BLAKE2b (16 bytes, hexadecimal) of a waveform: the same for the same audio in another lossless file.

    Computed from the samples as 16-bit integers, without leading and trailing zeros, and from the rate.

    Args:
        samples: (samples,) float32 in -1..1.
        sample_rate: [Hz].
    """
    top = (_FULL_SCALE - 1) / _FULL_SCALE
    return _digest(np.round(np.clip(samples, -1, top) * np.float32(_FULL_SCALE)).astype("<i2"), sample_rate)


def file_sound_digest(file: OpenSound) -> str:
    """`sound_digest` of an open file, its channels as one; "" if every sample is zero or the file cannot be decoded."""
    try:
        numbers = file.read_int16()  # nothing to convert, a quarter faster
        if numbers is not None:
            return _digest(numbers, file.samplerate) if numbers.any() else ""
        mono = file.read(file.frames)
        return sound_digest(mono, file.samplerate) if np.isfinite(mono).all() and mono.any() else ""
    except soundfile.LibsndfileError:
        return ""


def _digest(numbers: NDArray[np.int16], sample_rate: int) -> str:
    places = np.flatnonzero(numbers)
    trimmed = numbers[places[0] : places[-1] + 1] if len(places) else numbers[:0]
    return hashlib.blake2b(trimmed.tobytes(), digest_size=16, person=f"{sample_rate} Hz".encode()).hexdigest()
