"""Train: choose what to learn and with which network, start, and watch it learn."""

from __future__ import annotations

import time
from dataclasses import asdict

import pandas as pd
import streamlit as st

from audio_models.config import CELL_TITLES
from audio_models.jobs import launch, runs
from audio_models.jobs.job_folder import ACTIVE, State
from audio_models.jobs.progress import format_amount, format_duration
from audio_models.jobs.runs import Epoch, Run
from dashboard.shared import charts
from dashboard.shared.choose_corpus import corpus_title
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text, percent
from dashboard.shared.state import CHOSEN_LISTENER, CHOSEN_RUN, WATCHED_IS_ACTIVE, WATCHED_RUN
from dashboard.train import form as training_form
from dashboard.train.first_run import quick_config
from data.errors import EchoicError

_STATUS_ICONS = {
    "queued": ":material/hourglass_empty:",
    "running": ":material/play_circle:",
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "interrupted": ":material/power_off:",
}


def _watch(run_id: str) -> None:
    """One run as it learns; redrawn every second while it does."""
    with show_errors():
        run = runs.find(run_id)
        state = run.state
        active = state.status in ACTIVE
        if active != WATCHED_IS_ACTIVE.get():  # start or stop redrawing
            WATCHED_IS_ACTIVE.set(active)
            st.rerun()
        config = run.config
        title, button = st.columns([4, 1], vertical_alignment="center")
        title.subheader(as_text(run.name))
        with button:
            _buttons(run, state)
        st.markdown(
            f"{_STATUS_ICONS[state.status]} **{state.status}** · {CELL_TITLES[config.network.cell]} of {config.network.units} units · {as_text(corpus_title(config.corpus))} · {as_text(', '.join(config.task.classes))}"
        )
        _how_far(run, state)
        history = run.history
        if history:
            table = pd.DataFrame([asdict(row) for row in history])
            accuracy, loss = charts.learning_curves(table, config.training.epochs)
            left, right = st.columns(2)
            left.altair_chart(accuracy, key="accuracy-curve")
            right.altair_chart(loss, key="loss-curve")
        _outcome(run, state, history)


def _buttons(run: Run, state: State) -> None:
    if state.status in ACTIVE:
        if st.button(
            "Cancel",
            icon=":material/stop:",
            width="stretch",
            key="cancel",
            help="Stops within two seconds; the best weights so far are kept.",
        ):
            launch.cancel(run)
            launch.wait_until_stopped(run, 3)
            st.rerun()
    elif state.status != "finished" and st.button(
        "Resume", icon=":material/play_arrow:", width="stretch", key="resume", help="Goes on from the last epoch."
    ):
        launch.resume(run)
        st.rerun()


def _how_far(run: Run, state: State) -> None:
    epochs = run.config.training.epochs
    if state.status == "queued":
        ahead = len(launch.ahead_of(run))
        st.progress(0.0, f"Waiting: {ahead} training{'s' if ahead != 1 else ''} ahead" if ahead else "Starting")
    elif state.status == "running":
        share, text = 0.0, state.stage
        if state.stage == "Training":
            part = state.done / state.total if state.total and state.done < state.total else 0.0
            share = min(1.0, (state.epoch + part) / epochs)
            text = f"Epoch {min(state.epoch + 1, epochs)} of {epochs}"
            if state.clips_per_second:
                text += f" · {state.clips_per_second:,.0f} clips a second"
            if state.seconds_left is not None:
                text += f" · at most {format_duration(state.seconds_left)} left"
        elif state.total:
            share = min(1.0, state.done / state.total)
            text += f": {format_amount(state.done, state.total, state.unit)}"
        st.progress(share, text)
    elif state.status == "failed":
        st.error(as_text(state.error), icon=":material/error:")
    elif state.status == "interrupted":
        st.warning(
            f"Its process is gone (ended from outside, or the computer was switched off), after {state.epoch} epochs. Resume goes on from there.",
            icon=":material/power_off:",
        )
    elif state.status == "cancelled":
        kept = (
            "The best weights so far are kept." if run.has_model else "No epoch was finished, so there is no model yet."
        )
        st.info(f"Cancelled after {state.epoch} epochs. {kept}", icon=":material/cancel:")


def _outcome(run: Run, state: State, history: list[Epoch]) -> None:
    if not history:
        return
    best = min(history, key=lambda row: row.validation_loss)
    skipped = f" {state.skipped} clips could not be read and were left out." if state.skipped else ""
    st.markdown(
        f"{'Best so far' if state.status in ACTIVE else 'Best'}: **{percent(best.validation_accuracy)}**, validation, epoch {best.epoch} of {len(history)}; {format_duration(state.seconds)} in all.{skipped}"
    )
    if state.status not in ACTIVE:
        with st.container(horizontal=True):
            if st.button("Speak to it", type="primary", icon=":material/mic:", key="to-predict"):
                CHOSEN_RUN.set(run.id)
                st.switch_page("app_pages/predict.py")
            if run.config.streams and st.button("Let it listen", icon=":material/graphic_eq:", key="to-live"):
                CHOSEN_LISTENER.set(run.id)
                st.switch_page("app_pages/live.py")
            if st.button("See where it errs", icon=":material/grid_on:", key="to-evaluate"):
                CHOSEN_RUN.set(run.id)
                st.switch_page("app_pages/evaluate.py")


def _choose_watched(known: list[Run]) -> str | None:
    """The run to show: the one just started, else one that is active, else the newest."""
    ids = [run.id for run in known]
    watched = WATCHED_RUN.get()
    if watched in ids:
        return watched
    for run in known:
        try:
            if run.state.status in ACTIVE:
                return run.id
        except EchoicError:
            continue
    return ids[0] if ids else None


def _all_runs(known: list[Run]) -> None:
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
        except EchoicError as error:
            rows.append({"name": run.id, "state": f"damaged: {error}"})
    event = st.dataframe(
        rows,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="all-runs",
        column_config={"validation": st.column_config.NumberColumn("validation", format="percent")},
    )
    if event.selection.rows and known[event.selection.rows[0]].id != WATCHED_RUN.get():
        WATCHED_RUN.set(known[event.selection.rows[0]].id)
        st.rerun()


def _page() -> None:
    st.title("Teach a network to hear")
    known = runs.listing()
    form, watch = st.columns([2, 3], gap="large")
    with form, show_errors():
        training_form.show()
    with watch:
        watched = _choose_watched(known)
        if watched is None:
            st.markdown("##### Nothing trained yet")
            st.markdown(
                "Press **Start training** for the choices as they stand, or take the short way: six synthetic words, a small GRU, under a minute."
            )
            if st.button("Train a first model", icon=":material/bolt:"):
                with show_errors():
                    WATCHED_RUN.set(launch.start(quick_config()).id)
                    st.rerun()
            return
        st.fragment(_watch, run_every=1.0 if WATCHED_IS_ACTIVE.get() else None)(watched)
        if len(known) > 1:
            with st.expander(f"All {len(known)} runs", icon=":material/list:"):
                _all_runs(known)


_page()
