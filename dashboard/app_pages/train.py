"""Train: choose what to learn and with which network, start, and watch it learn."""

from __future__ import annotations

import time

import streamlit as st

from audio_models.config import CELL_TITLES
from audio_models.jobs import launch, runs
from audio_models.jobs.job_folder import ACTIVE
from audio_models.jobs.progress import format_duration
from audio_models.jobs.runs import Run
from dashboard.shared import address
from dashboard.shared.feedback import show_errors
from dashboard.shared.state import WATCHED_IS_ACTIVE, WATCHED_RUN
from dashboard.train import form
from dashboard.train.first_run import quick_config
from dashboard.train.watch import watch
from data.errors import EchoicError


def _choose_watched(known: list[Run]) -> str | None:
    """Choose the run to show: the one just started, else one that is active, else the newest."""
    ids = [run.id for run in known]
    if wanted := address.take("run"):
        if wanted in ids:
            WATCHED_RUN.set(wanted)
        else:
            address.explain("run", wanted)
    watched = WATCHED_RUN.get()
    if watched in ids:
        return watched
    sound = [run for run in known if run.damage is None]
    active = [run for run in sound if run.state.status in ACTIVE]
    return next((run.id for run in [*active, *sound, *known]), None)


def _all_runs(known: list[Run]) -> None:
    """List the runs; a click on one shows it."""
    rows = []
    for run in known:
        try:
            state, best = run.state, run.best_epoch
            rows.append(
                {
                    "name": run.name,
                    "state": state.status,
                    "cell": CELL_TITLES[run.config.network.cell],
                    "validation": best.validation_accuracy if best else None,
                    "epochs": state.epoch,
                    "time": format_duration(state.seconds),
                    "made": time.strftime("%d %b %H:%M", time.localtime(run.created)),
                }
            )
        except EchoicError:  # shown when the row is chosen
            rows.append({"name": run.id, "state": "damaged"})
    event = st.dataframe(
        rows,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="all-runs",
        placeholder="",
        column_config={"validation": st.column_config.NumberColumn("validation", format="percent")},
    )
    if event.selection.rows and known[event.selection.rows[0]].id != WATCHED_RUN.get():
        WATCHED_RUN.set(known[event.selection.rows[0]].id)
        st.rerun()


def _page() -> None:
    st.title("Train a network")
    known = runs.listing()
    left, right = st.columns([2, 3], gap="large")
    with left, show_errors():
        form.show()
    with right:
        watched = _choose_watched(known)
        if watched is None:
            st.markdown("##### Nothing trained yet")
            st.markdown(
                "Press **Start training**, or try the quickest model: six synthetic words and a small GRU, in under a minute."
            )
            if st.button("Train a first model", icon=":material/bolt:"):
                with show_errors():
                    WATCHED_RUN.set(launch.start(quick_config()).id)
                    st.rerun()
            return
        address.say("run", watched)
        st.fragment(watch, run_every=1.0 if WATCHED_IS_ACTIVE.get() else None)(watched)
        if len(known) > 1:
            with st.expander(f"All {len(known)} runs", icon=":material/list:"):
                _all_runs(known)


_page()
