"""Import and open what the first click will need while the user still reads the page, and clear the workspace of litter."""

from __future__ import annotations

import contextlib
import gc
import threading
from pathlib import Path

import numpy as np
import streamlit as st

from audio_models.config import FeatureConfig
from audio_models.errors import RunError
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from data import litter, workspace
from data.errors import EchoicError
from data.own import corpus as own_corpus


def start() -> threading.Thread:
    """Start in the background: import the feature pipeline and onnxruntime, once per server, and clear each workspace once."""
    _tidy(workspace.root())
    thread: threading.Thread = _import()
    return thread


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _tidy(home: Path) -> None:
    def tidy() -> None:
        with workspace.working_in(home):
            litter.clear(home, litter.EVERYWHERE)
            own_corpus.recover()

    threading.Thread(target=tidy, daemon=True).start()


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _import() -> threading.Thread:
    thread = threading.Thread(target=_warm, daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    from dashboard.shared import charts  # noqa: F401

    with contextlib.suppress(EchoicError, IndexError):
        known = runs.usable() if workspace.is_local() else runs.bundled()  # no user has come to this thread
        model = recognizer(known[0])
        model.classify(np.zeros(model.features.sample_rate, np.float32))
    from audio_models.features.filters import designed

    designed(FeatureConfig())  # imports librosa, for models from before filters were stored with them, and for corpora
    # Imported modules stay: without freezing them, a garbage collection would delay a detected word by 0.2 s.
    gc.collect()
    gc.freeze()


def recognizer(run: Run):  # type: ignore[no-untyped-def]  # Recognizer, imported late: it brings onnxruntime
    """Return the recognizer of a run, cached until its model changes.

    Raises:
        RunError: the run has no model, or a damaged one.
    """
    try:
        return recognizer_of_file(str(run.model_path), run.model_path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise RunError(f"The run {run.name} has no network yet; wait for its first epoch.") from error


@st.cache_resource(max_entries=8, show_spinner=False)  # type: ignore[untyped-decorator]
def recognizer_of_file(path: str, changed: int):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Return the recognizer of a model file, cached for its time of modification [ns]."""
    from audio_models.recognition.recognizer import Recognizer

    return Recognizer(Path(path))
