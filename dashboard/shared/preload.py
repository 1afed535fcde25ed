"""Import and open what the first click will need while the user still reads the page."""

from __future__ import annotations

import contextlib
import gc
import threading
from pathlib import Path

import numpy as np
import streamlit as st

from audio_models.errors import RunError
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from data.errors import EchoicError


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def start() -> threading.Thread:
    """Start importing the feature pipeline and onnxruntime in the background, once per server."""
    thread = threading.Thread(target=_warm, daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    from audio_models.config import FeatureConfig
    from audio_models.features.mfcc import mfcc
    from dashboard.shared import charts  # noqa: F401

    mfcc(np.zeros(FeatureConfig().sample_rate, np.float32), FeatureConfig())
    with contextlib.suppress(EchoicError, IndexError):
        recognizer(runs.usable()[0])
    # Imported modules stay: without freezing them, a garbage collection would delay a detected word by 0.2 s.
    gc.collect()
    gc.freeze()


def recognizer(run: Run):  # type: ignore[no-untyped-def]  # Recognizer, imported late: it brings onnxruntime
    """Return the recognizer of a run, cached until its model changes.

    Raises:
        RunError: the run has no model, or a damaged one.
    """
    try:
        return _recognizer(str(run.model_path), run.model_path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise RunError(f"The run {run.name} has no network yet; wait for its first epoch.") from error


@st.cache_resource(max_entries=8, show_spinner=False)  # type: ignore[untyped-decorator]
def _recognizer(path: str, _changed: int):  # type: ignore[no-untyped-def]
    from audio_models.recognition.recognizer import Recognizer

    return Recognizer(Path(path))
