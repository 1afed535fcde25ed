"""Audio players. Each gets 16-bit WAV, whatever the file is: Chromium cannot play a FLAC of one frame (4,096 samples)."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.shared.formatting import as_text
from data.audio_file import encode_wav
from data.corpus import Clip
from data.errors import EchoicError


def play(clip: Clip) -> None:
    """Draw a player for a clip; for a stretch of a recording, it plays that stretch. A damaged clip says why it cannot play."""
    from audio_models.features import waveform  # brings soxr, which the first page does not wait for
    from audio_models.features.clip_audio import load_clip

    try:
        rate = waveform.header(waveform.AudioSource(clip.path)).sample_rate
        samples = load_clip(clip, rate)
    except EchoicError as error:
        st.caption(f"This clip cannot be played: {as_text(str(error))}")
    else:
        play_samples(samples, rate)


def play_samples(samples: NDArray[np.floating[Any]], sample_rate: int, *, autoplay: bool = False) -> None:
    """Draw a player for (samples,) in -1..1 at their own level; Streamlit would scale an array up to full scale."""
    st.audio(encode_wav(samples, sample_rate), format="audio/wav", autoplay=autoplay)
