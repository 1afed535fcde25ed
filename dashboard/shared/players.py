"""Play clips."""

from __future__ import annotations

import streamlit as st

from dashboard.shared.formatting import as_text
from data.corpus import Clip
from data.errors import EchoicError


def play(clip: Clip) -> None:
    """A player for a clip; for a stretch of a recording, that stretch alone."""
    from audio_models.features.clip_audio import load_clip

    try:
        if clip.whole:
            st.audio(clip.path.read_bytes(), format=_MIME.get(clip.path.suffix.lower(), "audio/wav"))
        else:
            st.audio(load_clip(clip, 16_000), sample_rate=16_000)
    except (EchoicError, OSError) as error:
        st.caption(f"This clip cannot be played: {as_text(str(error))}")


_MIME = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}
