"""Whether a corpus has changed since a run was evaluated on it."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation
from audio_models.recognition.evaluation_result import Evaluation
from data import catalogue
from data.corpus import CorpusReference
from data.errors import CorpusError


def is_current(run: Run, corpus: CorpusReference | None, result: Evaluation) -> bool:
    """Whether the corpus still holds the clips of an evaluation; asked again only when a folder of it has changed.

    A file that was written over is noticed within half a minute.
    """
    reference = corpus or run.config.corpus
    key = f"{run.folder} {reference} {last_change(reference)} {result.split} {result.fingerprint} {result.model}"
    found: bool = _is_current(key, run, reference, result)
    return found


@st.cache_data(ttl=30, max_entries=32, show_spinner=False)  # type: ignore[untyped-decorator]
def _is_current(key: str, _run: Run, _reference: CorpusReference, _result: Evaluation) -> bool:  # noqa: ARG001
    return evaluation.is_current(_run, _result, _reference)


def last_change(reference: CorpusReference) -> int:
    """When a file was last added to a corpus, renamed or removed [ns]; 0 where that is not known."""
    try:
        path: Path = catalogue.open_corpus(reference).path  # type: ignore[attr-defined]
        with os.scandir(path) as found:
            folders = [entry.stat().st_mtime_ns for entry in found if entry.is_dir() or entry.name == "corpus.sqlite"]
        return max([path.stat().st_mtime_ns, *folders])
    except (OSError, CorpusError, AttributeError):
        return 0
