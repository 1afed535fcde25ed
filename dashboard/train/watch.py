"""Follow a training: state, progress, learning curves, and where to go when it is done."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from audio_models.config import READOUT_TITLES
from audio_models.jobs import launch
from audio_models.jobs.job_folder import ACTIVE, State
from audio_models.jobs.progress import format_amount, format_duration
from audio_models.jobs.runs import Epoch, Run
from dashboard.shared.about_card import edit, show
from dashboard.shared.cells import badge
from dashboard.shared.choose_corpus import corpus_title
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.script_button import script_button
from dashboard.shared.show_chart import show_chart
from dashboard.shared.state import CHOSEN_LISTENER, CHOSEN_RUN, WATCHED_IS_ACTIVE, WATCHED_RUN
from dashboard.train import charts
from data import workspace
from data.phrases import percent, plural

_STATUS_ICONS = {
    "queued": ":material/hourglass_empty:",
    "running": ":material/play_circle:",
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "interrupted": ":material/power_off:",
}


def watch(run_id: str) -> None:
    """Show one run as it learns; called every second while it does."""
    with show_errors():
        run = Run(workspace.root() / "runs" / run_id)
        state = run.state
        active = state.status in ACTIVE
        if active != WATCHED_IS_ACTIVE.get():  # start or stop the redrawing
            WATCHED_IS_ACTIVE.set(active)
            st.rerun()
        config = run.config
        title, button = st.columns([4, 1], vertical_alignment="center")
        title.subheader(as_text(run.name))
        with button:
            _buttons(run, state)
        st.markdown(
            f"{_STATUS_ICONS[state.status]} **{state.status}** · {badge(config.network.cell)} of {config.network.units} units, answer from {READOUT_TITLES[config.network.readout]} · {as_text(corpus_title(config.corpus))} · {as_text(', '.join(config.task.classes))}",
            unsafe_allow_html=True,
        )
        if config.task.unknown and config.negatives.summary:
            st.caption(as_text(f"Other words also from {config.negatives.summary}."))
        _progress(run, state)
        history = run.history
        if history:
            table = pd.DataFrame([asdict(row) for row in history])
            accuracy, loss = charts.learning_curves(table, config.training.epochs)
            left, right = st.columns(2)
            last = history[-1]
            show_chart(
                accuracy,
                f"Accuracy over {plural(len(history), 'epoch')}: now {percent(last.accuracy)} on training clips and "
                f"{percent(last.validation_accuracy)} on validation clips.",
                place=left,
                key="accuracy-curve",
            )
            show_chart(
                loss,
                f"Loss over {plural(len(history), 'epoch')}: now {last.loss:.3f} on training clips and {last.validation_loss:.3f} "
                "on validation clips.",
                place=right,
                key="loss-curve",
            )
        show(run.about)
        _outcome(run, state, history)


def _buttons(run: Run, state: State) -> None:
    if state.status in ACTIVE:
        if st.button(
            "Cancel",
            icon=":material/stop:",
            width="stretch",
            key="cancel",
            help="Stop within two seconds and keep the best weights so far.",
        ):
            launch.cancel(run)
            launch.wait_until_stopped(run, 3)
            st.rerun()
    elif state.status != "finished" and st.button(
        "Resume",
        icon=":material/play_arrow:",
        width="stretch",
        key="resume",
        help="Continue after the last complete epoch.",
    ):
        launch.resume(run)
        st.rerun()


def _progress(run: Run, state: State) -> None:
    epochs = run.config.training.epochs
    if state.status == "queued":
        ahead = launch.ahead_of(run)
        st.progress(0.0, f"Waiting: {plural(len(ahead), 'training')} ahead" if ahead else "Starting")
        _running_now(ahead)
    elif state.status == "running":
        share, text = 0.0, state.stage
        if state.stage == "Training":
            part = state.done / state.total if state.total and state.done < state.total else 0.0
            share = min(1.0, (state.epoch + part) / epochs)
            text = f"Epoch {min(state.epoch + 1, epochs)} of {epochs}"
            if state.clips_per_second:
                text += f" · {state.clips_per_second:,.0f} clips/s"
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
            f"The training stopped after {plural(state.epoch, 'epoch')}: its process was killed or the computer switched off. Press Resume.",
            icon=":material/power_off:",
        )
    elif state.status == "cancelled":
        left = (
            "The best weights so far are saved."
            if run.has_model
            else "No epoch was complete, so there is no model yet."
        )
        st.info(f"Cancelled after {plural(state.epoch, 'epoch')}. {left}", icon=":material/cancel:")


def _running_now(ahead: list[Run]) -> None:
    """Name the training that runs while another waits, and how far it is; a click shows it."""
    for run in ahead:
        state = run.state
        if state.status != "running":
            continue
        line, button = st.columns([4, 1], vertical_alignment="center")
        epochs = run.config.training.epochs
        line.progress(
            min(1.0, state.epoch / epochs),
            f"Now: {as_text(run.name)}, epoch {min(state.epoch + 1, epochs)} of {epochs}",
        )
        if button.button("Show it", icon=":material/visibility:", width="stretch", key=f"show-{run.id}"):
            WATCHED_RUN.set(run.id)
            st.rerun()


def _outcome(run: Run, state: State, history: list[Epoch]) -> None:
    if not history:
        return
    best = min(history, key=lambda row: row.validation_loss)
    skipped = f" {plural(state.skipped, 'unreadable clip')} left out." if state.skipped else ""
    st.markdown(
        f"{'Best so far' if state.status in ACTIVE else 'Best'}: **{percent(best.validation_accuracy)}** on validation, epoch {best.epoch} of {len(history)}; {format_duration(state.seconds)} in total.{skipped}"
    )
    if state.status not in ACTIVE:
        with st.container(horizontal=True):
            if st.button("Try it", type="primary", icon=":material/mic:", key="to-predict"):
                CHOSEN_RUN.set(run.id)
                st.switch_page("app_pages/predict.py")
            if run.config.streams and st.button("Listen live", icon=":material/graphic_eq:", key="to-live"):
                CHOSEN_LISTENER.set(run.id)
                st.switch_page("app_pages/live.py")
            if st.button("Evaluate", icon=":material/grid_on:", key="to-evaluate"):
                CHOSEN_RUN.set(run.id)
                st.switch_page("app_pages/evaluate.py")
            script_button(run)
            edit(run.id, run.about, run.write_about, "model")
