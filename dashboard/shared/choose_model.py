"""Choose a trained model, and say which it is."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from audio_models.config import CELL_TITLES
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from dashboard.shared import address
from dashboard.shared.choose_corpus import corpus_title
from dashboard.shared.formatting import as_text
from dashboard.shared.state import CHOSEN_LISTENER, CHOSEN_RUN, OPENED_RUN, Value
from data.errors import EchoicError
from data.phrases import isolated

_SHORT_TITLES = {cell: title.partition(" (")[0] for cell, title in CELL_TITLES.items()}  # a select box cuts long lines


def choose_model(
    candidates: Sequence[Run], key: str, label: str = "Model", *, memory: Value[str | None] = CHOSEN_RUN
) -> Run:
    """Draw a select box of runs, in their order; pages that share a `memory` follow each other."""
    by_id = runs.by_id(candidates)
    if OPENED_RUN.get() in by_id:
        opened = OPENED_RUN.pop()
        memory.set(opened)
        Value[str | None](key, None).set(opened)
    remembered = memory.get()
    place = list(by_id).index(remembered) if remembered in by_id else 0
    address.follow("run", key, list(by_id))
    chosen = st.selectbox(label, list(by_id), index=place, format_func=lambda one: describe_run(by_id[one]), key=key)
    memory.set(chosen)
    return by_id[chosen]


def choose_listener(candidates: Sequence[Run], key: str) -> Run:
    """Draw a select box of runs for a page that listens to a stream.

    The first choice is the user's own run chosen on another page, else a streaming network.
    """
    chosen = CHOSEN_RUN.get()
    wished = sorted(candidates, key=lambda run: (run.is_bundled or run.id != chosen, not run.config.streams))
    return choose_model(wished, key, memory=CHOSEN_LISTENER)


def usable_runs() -> list[Run]:
    """List the runs with a model, newest first; without one, link to training and end the page."""
    found = runs.usable()
    if not found:
        st.markdown("There is no model yet.")
        st.page_link("app_pages/train.py", label="Train one", icon=":material/model_training:")
        st.stop()
    return found


def describe_run(run: Run) -> str:
    """Say in one line what a run is called, its cell, and its training corpus."""
    try:
        config = run.config
        of = "comes with Echoic" if run.is_bundled else corpus_title(config.corpus)
        of = f"opened from {config.opened_from}" if config.opened_from else of
        return f"{isolated(run.name)} · {_SHORT_TITLES[config.network.cell]} {config.network.units} · {of}"
    except EchoicError:
        return f"{run.id} (damaged)"


def listens_for(run: Run) -> str:
    """List the words that a run's network detects, as Markdown."""
    return "Listens for: " + ", ".join(f"**{as_text(label)}**" for label in run.config.task.labels)
