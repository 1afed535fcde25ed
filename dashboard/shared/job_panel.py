"""Show the jobs that a page has started: choose one, watch it, cancel it, resume it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from audio_models.jobs import launch
from audio_models.jobs.job_folder import ACTIVE, JobFolder, State
from audio_models.jobs.progress import format_amount, format_progress
from dashboard.shared import address
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.state import NEWEST_JOB

Kind = TypeVar("Kind", bound=JobFolder[Any])
Draw = Callable[[Kind, State], None]


def begin(job: JobFolder[Any], key: str) -> None:
    """Start a job and show it from now on.

    Raises:
        WorkspaceError: it cannot be started.
    """
    launch.spawn(job)
    NEWEST_JOB.of(key).set(job.id)


def choose_and_watch(
    known: Sequence[Kind],
    key: str,
    label: str,
    called: Callable[[Kind], str],
    draw: Draw[Kind],
    *,
    fits: Callable[[Kind], bool] = lambda _: True,
) -> None:
    """Draw a select box of jobs, and below it the progress and result of the chosen one.

    At first it is the one that this tab started last, or else the first of `known` that fits.

    Args:
        known: the jobs in the order of the box: those of the user, newest first, then those that come with Echoic.
        key: of the page.
        label: of the select box.
        called: names a job in the box, unless it is damaged.
        draw: draws the result so far, once a second while the job runs.
        fits: whether a job answers the question that the page asks now; not asked of a damaged one.
    """
    by_id = {one.id: one for one in known}
    titles = {one.id: called(one) if one.damage is None else f"{one.id} (damaged)" for one in known}
    readable = [one for one in known if one.damage is None]
    fitting = [one.id for one in readable if fits(one)] or [one.id for one in readable] or list(by_id)
    newest = NEWEST_JOB.of(key).get()
    first = newest if newest in fitting else fitting[0]
    address.follow("result", f"{key}_chosen_{first}", list(by_id))
    chosen = st.selectbox(
        label, list(by_id), index=list(by_id).index(first),
        format_func=titles.__getitem__, key=f"{key}_chosen_{first}",
    )  # fmt: skip
    job = by_id[chosen]
    if job.damage is not None:
        st.error(as_text(job.damage), icon=":material/error:")
        return
    state = job.state
    if state.status in ACTIVE:
        _redrawn(job, draw)
    else:
        _ended_early(job, state)
        draw(job, state)


@st.fragment(run_every=1.0)  # type: ignore[untyped-decorator]
def _redrawn(job: Kind, draw: Draw[Kind]) -> None:
    with show_errors():  # the page's own does not cover a fragment
        state = job.state
        if state.status not in ACTIVE:
            st.rerun()
        _progress(job, state)
        draw(job, state)


def _progress(job: JobFolder[Any], state: State) -> None:
    bar, stop = st.columns([4, 1], vertical_alignment="center")
    share = min(1.0, state.done / state.total) if state.total else 0.0
    bar.progress(share, format_progress(state))
    if stop.button("Cancel", icon=":material/stop:", key=f"cancel-{job.id}", width="stretch"):
        with show_errors():
            launch.cancel(job)


def _ended_early(job: JobFolder[Any], state: State) -> None:
    """Say how a job ended that did not finish, and offer to resume it."""
    if state.status == "finished":
        return
    if state.status == "failed":
        st.error(as_text(state.error), icon=":material/error:")
    else:
        after = f" after {format_amount(state.done, state.total, state.unit)}" if state.total else ""
        st.caption(f"{state.status.capitalize()}{after}.")
    if st.button("Resume", icon=":material/resume:", key=f"resume-{job.id}"):
        launch.resume(job)
        st.rerun()
