"""A clip's spectrogram with its beginning and end to drag; `trim.js` draws and plays it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import streamlit as st

from audio_models.features import waveform
from audio_models.features.waveform import AudioSource
from audio_models.own_words import trimming
from audio_models.own_words.recording import read_recording
from dashboard.shared import component
from data import workspace
from data.audio_file import encode_wav
from data.own.records import OwnClip

_FOLDER = workspace.PROJECT / "dashboard" / "words" / "trim_editor"
_RATE, _LOW_RATE = 16_000, 8_000  # Hz, of what the browser plays; the lower one for a long recording
_LONG = 60.0  # seconds
_ENDS = 0.005  # seconds; closer to the end of a recording is its end


def show(clip: OwnClip, *, play: bool) -> tuple[float, float] | None:
    """Draw the editor of a clip; return where it shall be cut [s], None for nowhere.

    Args:
        play: whether to play it at once.

    Raises:
        AudioError: the clip cannot be read.
    """
    found = _data(str(clip.whole), clip.original) | {"id": clip.path.name, "trim": clip.trim, "play": play}
    edges = _component()(data=found, key=f"trim-{clip.path.name}", on_edges_change=lambda: None).edges
    if not edges:
        return clip.trim
    start, end = float(edges[0]), float(edges[1])
    return None if start < _ENDS and end > found["seconds"] - _ENDS else (start, end)


def sources() -> tuple[str, str]:
    """The styles, and the scripts as one module."""
    return component.sources(_FOLDER, "trim.css", "trim.js")


@st.cache_data(show_spinner=False, max_entries=32)  # type: ignore[untyped-decorator]
def _data(whole: str, name: str) -> dict[str, Any]:
    return data(AudioSource(Path(whole), name))


def data(source: AudioSource) -> dict[str, Any]:
    """What `trim.js` draws and plays of a recording, as JSON values.

    Raises:
        AudioError: it cannot be read.
    """
    recording = read_recording(source)
    seconds = len(recording.samples) / recording.sample_rate
    picture = trimming.spectrogram(recording.samples, recording.sample_rate)
    rate = min(recording.sample_rate, _LOW_RATE if seconds > _LONG else _RATE)
    heard = waveform.resample(recording.samples, recording.sample_rate, rate)
    return {
        "seconds": round(seconds, 3),
        "shortest": trimming.SHORTEST,
        "columns": picture.shape[0],
        "rows": picture.shape[1],
        "picture": base64.b64encode(picture.tobytes()).decode(),
        "audio": base64.b64encode(encode_wav(heard, rate)).decode(),
    }


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    return component.component("echoic_trim", "trim", sources())
