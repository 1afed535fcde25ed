"""Encode samples as the bytes of an audio file."""

from __future__ import annotations

import io
from typing import Any, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.floating[Any]]


def encode_wav(samples: Samples, sample_rate: int) -> bytes:
    """Encode (samples,) in -1..1 as a 16-bit WAV file. Samples beyond full scale are clipped; nothing is normalised."""
    return _encode(samples, sample_rate, "WAV", 16)


def encode_flac(samples: Samples, sample_rate: int, bits: Literal[16, 24] = 16) -> bytes:
    """Encode (samples,) in -1..1 as a FLAC file with `bits` per sample."""
    return _encode(samples, sample_rate, "FLAC", bits)


def _encode(samples: Samples, sample_rate: int, container: str, bits: int) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, samples, sample_rate, format=container, subtype=f"PCM_{bits}")
    return content.getvalue()
