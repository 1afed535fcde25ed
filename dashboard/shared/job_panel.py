"""Work that a page has started and its results: choose one, watch it, cancel it, go on with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from audio_models.jobs import launch
from audio_models.jobs.job_folder import ACTIVE, JobFolder, State
from audio_models.jobs.progress import format_amount, format_progress
from dashboard.shared.state import NEWEST_JOB
from dashboard.shared.widgets import as_text, show_errors

Kind = TypeVar("Kind", bound=JobFolder[Any])
Draw = Callable[[Kind, State], None]


def begin(job: JobFolder[Any], key: str) -> None:
    """Start work that was made on this page, and show it from now on.

    Raises:
        WorkspaceError: it cannot be started.
    """
    launch.spawn(job)
    NEWEST_JOB.of(key).set(job.id)


def choose_and_watch(
    known: Sequence[Kind], key: str, label: str, called: Callable[[Kind], str], draw: Draw[Kind]
) -> None:
    """A select box of what there is, newest first; below it how far the chosen one is, and what it has found.

    Args:
        key: of the page.
        label: of the box.
        called: what one is called in it.
        draw: draws what one has found so far; once a second while it goes on.
    """
    by_id = {one.id: one for one in known}
    newest = NEWEST_JOB.of(key).get()
    chosen = st.selectbox(
        label, list(by_id), index=list(by_id).index(newest) if newest in by_id else 0,
        format_func=lambda one: called(by_id[one]), key=f"{key}_chosen_{newest}",
    )  # fmt: skip
    job = by_id[chosen]
    state = job.state
    if state.status in ACTIVE:
        _redrawn(job, draw)
    else:
        _stopped(job, state)
        draw(job, state)


@st.fragment(run_every=1.0)  # type: ignore[untyped-decorator]
def _redrawn(job: Kind, draw: Draw[Kind]) -> None:
    with show_errors():  # the page's own does not reach into a fragment
        state = job.state
        if state.status not in ACTIVE:
            st.rerun()
        _how_far(job, state)
        draw(job, state)


def _how_far(job: JobFolder[Any], state: State) -> None:
    bar, stop = st.columns([4, 1], vertical_alignment="center")
    share = min(1.0, state.done / state.total) if state.total else 0.0
    bar.progress(share, format_progress(state))
    if stop.button("Cancel", icon=":material/stop:", key=f"cancel-{job.id}", width="stretch"):
        with show_errors():
            launch.cancel(job)


def _stopped(job: JobFolder[Any], state: State) -> None:
    """What there is to say of work that came to no end."""
    if state.status == "finished":
        return
    if state.status == "failed":
        st.error(as_text(state.error), icon=":material/error:")
    else:
        after = f" after {format_amount(state.done, state.total, state.unit)}" if state.total else ""
        st.caption(f"{state.status.capitalize()}{after}.")
    if st.button("Go on", icon=":material/resume:", key=f"resume-{job.id}"):
        launch.resume(job)
        st.rerun()
