"""Example sounds, made in a moment and not stored: a synthetic voice that says a word, and noise."""

from __future__ import annotations

import numpy as np
import soxr
import streamlit as st
from numpy.typing import NDArray

from data.noise import EXPONENTS, coloured_noise
from data.noise import SAMPLE_RATE as NOISE_RATE
from data.public.synthetic_voices import SAMPLE_RATE, say, say_each, voices

_VOICE = 12  # the synthetic voice that is recognised best


@st.cache_data(show_spinner=False, max_entries=50)  # type: ignore[untyped-decorator]
def spoken(word: str, rate: int) -> NDArray[np.float32]:
    """Let a synthetic voice say a word; return (samples,) in -1..1 at `rate` [Hz].

    Raises:
        CorpusError: the word cannot be spoken.
    """
    resampled: NDArray[np.float32] = soxr.resample(say(word, voices()[_VOICE]), SAMPLE_RATE, rate)
    return resampled


@st.cache_data(show_spinner="Synthetic voices speak", max_entries=4)  # type: ignore[untyped-decorator]
def spoken_by(words: tuple[str, ...], count: int, rate: int) -> list[tuple[str, str, NDArray[np.float32]]]:
    """Let `count` synthetic voices say each word; return word, voice and samples (samples,) in -1..1 at `rate` [Hz].

    Raises:
        CorpusError: a word cannot be spoken.
    """
    known = voices()
    chosen = [known[place] for place in np.linspace(0, len(known) - 1, count).astype(int)]
    every = [(word, voice) for word in words for voice in chosen]
    return [
        (word, f"voice {voice.speaker}", soxr.resample(samples, SAMPLE_RATE, rate))
        for (word, voice), samples in zip(every, say_each(every), strict=True)
    ]


def noise(turn: int, rate: int) -> NDArray[np.float32]:
    """Make a second of noise, (samples,) in -1..1 at `rate` [Hz]; of another colour each turn."""
    exponent = list(EXPONENTS.values())[turn % len(EXPONENTS)]
    resampled: NDArray[np.float32] = soxr.resample(coloured_noise(exponent, NOISE_RATE, turn), NOISE_RATE, rate)
    return resampled
