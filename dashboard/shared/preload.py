"""Load what the first click will need while the user still reads the page."""

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
    """Import the feature pipeline and onnxruntime in the background, once a server, and answer one silent second."""
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
    # What was imported stays: looking through it for garbage would hold up a word that is being heard by a fifth of a second.
    gc.collect()
    gc.freeze()


def recognizer(run: Run):  # type: ignore[no-untyped-def]  # Recognizer, imported late: it brings onnxruntime
    """The recognizer of a run, kept while its network does not change.

    Raises:
        RunError: it has none, or it is damaged.
    """
    try:
        return _recognizer(str(run.folder), run.model_path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise RunError(f"The run {run.name} has no network yet; wait for its first epoch.") from error


@st.cache_resource(max_entries=8, show_spinner=False)  # type: ignore[untyped-decorator]
def _recognizer(folder: str, _changed: int):  # type: ignore[no-untyped-def]
    from audio_models.recognition.recognizer import Recognizer

    return Recognizer(Run(Path(folder)))
