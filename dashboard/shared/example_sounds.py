"""Example sounds, made in a moment and not stored: a synthetic voice that says a word, and noise."""

from __future__ import annotations

import numpy as np
import soxr
import streamlit as st
from numpy.typing import NDArray

from data.noise import EXPONENTS, coloured_noise
from data.noise import SAMPLE_RATE as NOISE_RATE
from data.public.synthetic_voices import SAMPLE_RATE, say, voices

_VOICE = 12  # the synthetic voice that is recognised best


@st.cache_data(show_spinner=False, max_entries=50)  # type: ignore[untyped-decorator]
def spoken(word: str, rate: int) -> NDArray[np.float32]:
    """Let a synthetic voice say a word; return (samples,) in -1..1 at `rate` [Hz].

    Raises:
        CorpusError: the word cannot be spoken.
    """
    resampled: NDArray[np.float32] = soxr.resample(say(word, voices()[_VOICE]), SAMPLE_RATE, rate)
    return resampled


def noise(turn: int, rate: int) -> NDArray[np.float32]:
    """Make a second of noise, (samples,) in -1..1 at `rate` [Hz]; of another colour each turn."""
    exponent = list(EXPONENTS.values())[turn % len(EXPONENTS)]
    resampled: NDArray[np.float32] = soxr.resample(coloured_noise(exponent, NOISE_RATE, turn), NOISE_RATE, rate)
    return resampled
