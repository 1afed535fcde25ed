"""Train: choose what to learn and with which network, start, and watch it learn."""

from __future__ import annotations

import time
from dataclasses import asdict

import pandas as pd
import streamlit as st

from audio_models import jobs, runs
from audio_models.config import (
    CELL_TITLES,
    CELLS,
    Cell,
    FeatureConfig,
    NetworkConfig,
    RunConfig,
    TrainingConfig,
    default_network,
    default_training,
)
from audio_models.progress import amount, in_words
from audio_models.runs import Run, State
from dashboard import charts
from dashboard.widgets import (
    STATUS_ICONS,
    TERMS,
    as_text,
    choose_corpus,
    corpus_title,
    faults_in_words,
    loaded_index,
    percent,
    quick_config,
)
from data import catalogue
from data.catalogue import CorpusReference
from data.corpus import UNKNOWN, Corpus
from data.errors import HarkError
from data.synthetic_voices import SyntheticVoices
from data.task import Task

_CELL_WORDS: dict[Cell, str] = {
    "simple_rnn": "The plain recurrent network: its state is one layer's output, fed back. Its memory is short.",
    "lstm": "Gates decide what to write to a separate memory, what to forget and what to show. Its memory is long.",
    "gru": "Two gates instead of three, and no separate memory: a lighter LSTM, often as good.",
    "feed_forward": "Sees each frame on its own and averages. It cannot know in which order they came.",
}


def _settings() -> None:
    """The form: corpus, words, cell; the rest is folded away with defaults that do well."""
    reference = choose_corpus("train", CorpusReference("synthetic_voices"))
    if reference is None:
        return
    corpus = catalogue.open_corpus(reference)
    if isinstance(corpus, SyntheticVoices):
        words, other_words = list(corpus.words), False  # spoken when the training starts
    elif corpus.is_loaded():
        index = loaded_index(corpus)
        words, other_words = list(catalogue.usual_labels(index)), UNKNOWN in index.labels
    else:
        st.info(f"This corpus is not on this computer yet: {corpus.description.size}.", icon=":material/download:")
        st.page_link("app_pages/corpora.py", label="Load it on the Data page", icon=":material/library_music:")
        return
    labels, unknown, silence = _task(corpus, words, other_words)
    network, training, features, name = _network()
    if st.button(
        "Start training", type="primary", icon=":material/play_arrow:", disabled=len(labels) + unknown + silence < 2
    ):
        task = Task(tuple(labels), unknown=unknown, silence=silence)
        run = jobs.start(RunConfig(reference, task, name, features, network, training))
        st.session_state["watched_run"] = st.session_state["chosen_run"] = run.id
        st.rerun()
    if len(labels) + unknown + silence < 2:
        st.caption("Choose at least two words.")


def _task(corpus: Corpus, words: list[str], other_words: bool) -> tuple[list[str], bool, bool]:
    """Which words are classes; `other_words`: the corpus has clips of `_unknown_` even if every word is listed."""
    usual = [word for word in corpus.description.words if word in words]
    synthetic = corpus.description.synthetic
    labels = st.multiselect(
        "Words",
        words,
        default=usual or words,
        accept_new_options=synthetic,
        key=f"words-{corpus.name}",
        help="The words to tell apart." + (" Type any other word: the synthesiser can say it." if synthetic else ""),
    )
    no_others = set(words) <= set(labels) and not other_words
    left, right = st.columns(2)
    unknown = left.toggle("Other words: \\_unknown\\_", key="unknown", help=TERMS["unknown"], disabled=no_others)
    silence = right.toggle("No word: \\_silence\\_", key="silence", help=TERMS["silence"])
    return labels, unknown and not no_others, silence


def _network() -> tuple[NetworkConfig, TrainingConfig, FeatureConfig, str]:
    cell: Cell = (
        st.segmented_control(
            "Cell",
            CELLS,
            default="gru",
            required=True,
            format_func=CELL_TITLES.__getitem__,
            key="cell",
            help="What reads the frames, one after the other.",
        )
        or "gru"
    )
    st.caption(_CELL_WORDS[cell])
    name = st.text_input("Name", placeholder=runs.next_name(CELL_TITLES[cell].split(" (")[0]), max_chars=60, key="name")
    network, training, features = default_network(cell), default_training(cell), FeatureConfig()
    with st.expander("More settings", icon=":material/tune:"):
        first, second, third = st.tabs(["Network", "Training", "Features"])
        with first:
            columns = st.columns(3)
            units = columns[0].number_input(
                "Units",
                1,
                1024,
                network.units,
                help="Size of the state: how many numbers the network can keep in mind.",
            )
            layers = columns[1].number_input(
                "Layers", 1, 4, network.layers, help="Recurrent layers on top of each other."
            )
            dropout = columns[2].number_input(
                "Dropout",
                0.0,
                0.9,
                network.dropout,
                0.05,
                help="Share of outputs set to zero in training, against learning by heart.",
            )
            recurrent = cell != "feed_forward"
            bidirectional = st.toggle(
                "Bidirectional",
                disabled=not recurrent,
                help="A second network reads the frames from the end; it needs the whole clip before it can answer.",
            )
            readout = st.segmented_control(
                "Answer from",
                ["last", "mean"],
                default=network.readout,
                required=True,
                disabled=not recurrent,
                format_func={"last": "the last state", "mean": "the mean of all states"}.__getitem__,
            )
        with second:
            columns = st.columns(3)
            epochs = columns[0].number_input(
                "Epochs", 1, 1000, training.epochs, help="Times that every training clip is seen, at the most."
            )
            batch_size = columns[1].number_input(
                "Batch size", 1, 4096, training.batch_size, help="Clips a step of the optimizer."
            )
            rate = columns[2].number_input(
                "Learning rate",
                1e-6,
                1.0,
                training.learning_rate,
                format="%.5f",
                key=f"rate-{cell}",
                help="Step size of the Adam optimizer; a SimpleRNN needs a smaller one.",
            )
            patience = columns[0].number_input(
                "Patience",
                0,
                1000,
                training.patience,
                help="Stop after so many epochs without a better validation loss; 0: never.",
            )
            clip_norm = columns[1].number_input(
                "Gradient bound",
                0.001,
                1000.0,
                training.clip_norm,
                help="A longer gradient is shortened to this norm, so that one step cannot ruin the network.",
            )
            seed = columns[2].number_input("Seed", 0, 2**31 - 1, training.seed, help="Same seed, same result.")
        with third:
            columns = st.columns(3)
            frame_ms = columns[0].number_input(
                "Frame [ms]", 5.0, 200.0, features.frame_ms, help="Length of the stretch that one frame looks at."
            )
            hop_ms = columns[1].number_input(
                "Hop [ms]", 2.0, 200.0, features.hop_ms, help="Time from one frame to the next."
            )
            n_mels = columns[2].number_input("Mel bands", 4, 256, features.n_mels)
            n_mfcc = columns[0].number_input("Coefficients", 1, 256, features.n_mfcc, help=TERMS["MFCC"])
            deltas = columns[1].toggle(
                "Deltas", value=features.deltas, help="Add the slope of each coefficient over five frames."
            )
    chosen_name = name.strip() or runs.next_name(CELL_TITLES[cell].split(" (")[0])
    return (
        NetworkConfig(cell, units, layers, bidirectional and recurrent, dropout, readout if recurrent else "mean"),
        TrainingConfig(epochs, batch_size, rate, patience, clip_norm, seed),
        FeatureConfig(frame_ms=frame_ms, hop_ms=hop_ms, n_mels=n_mels, n_mfcc=n_mfcc, deltas=deltas),
        chosen_name,
    )


def _watch(run_id: str) -> None:
    """One run as it learns; redrawn every second while it does."""
    with faults_in_words():
        run = runs.find(run_id)
        state = run.state
        active = state.status in runs.ACTIVE
        if active != st.session_state.get("watched_active"):  # start or stop redrawing
            st.session_state["watched_active"] = active
            st.rerun()
        config = run.config
        title, button = st.columns([4, 1], vertical_alignment="center")
        title.subheader(as_text(run.name))
        with button:
            _buttons(run, state)
        st.markdown(
            f"{STATUS_ICONS[state.status]} **{state.status}** · {CELL_TITLES[config.network.cell]} of {config.network.units} units · {as_text(corpus_title(config.corpus))} · {as_text(', '.join(config.task.classes))}"
        )
        _how_far(run, state)
        history = run.history
        if history:
            table = pd.DataFrame([asdict(row) for row in history])
            accuracy, loss = charts.learning_curves(table, config.training.epochs)
            left, right = st.columns(2)
            left.altair_chart(accuracy, key="accuracy-curve")
            right.altair_chart(loss, key="loss-curve")
        _outcome(run, state)


def _buttons(run: Run, state: State) -> None:
    if state.status in runs.ACTIVE:
        if st.button(
            "Cancel",
            icon=":material/stop:",
            width="stretch",
            key="cancel",
            help="Stops within two seconds; the best weights so far are kept.",
        ):
            jobs.cancel(run)
            jobs.wait_until_stopped(run, 3)
            st.rerun()
    elif state.status != "finished" and st.button(
        "Resume", icon=":material/play_arrow:", width="stretch", key="resume", help="Goes on from the last epoch."
    ):
        jobs.resume(run)
        st.rerun()


def _how_far(run: Run, state: State) -> None:
    epochs = run.config.training.epochs
    if state.status == "queued":
        ahead = len(jobs.ahead_of(run))
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
                text += f" · at most {in_words(state.seconds_left)} left"
        elif state.total:
            share = min(1.0, state.done / state.total)
            text += f": {amount(state.done, state.total, state.unit)}"
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


def _outcome(run: Run, state: State) -> None:
    best = run.best_epoch
    if best is None:
        return
    skipped = f" {state.skipped} clips could not be read and were left out." if state.skipped else ""
    st.markdown(
        f"Best so far: **{percent(best.validation_accuracy)}**, validation, epoch {best.epoch} of {state.epoch}; {in_words(state.seconds)} in all.{skipped}"
    )
    if state.status not in runs.ACTIVE:
        with st.container(horizontal=True):
            if st.button("Speak to it", type="primary", icon=":material/mic:", key="to-predict"):
                st.session_state["chosen_run"] = run.id
                st.switch_page("app_pages/predict.py")
            if st.button("See where it errs", icon=":material/grid_on:", key="to-evaluate"):
                st.session_state["chosen_run"] = run.id
                st.switch_page("app_pages/evaluate.py")


def _choose_watched(known: list[Run]) -> str | None:
    """The run to show: the one just started, else one that is active, else the newest."""
    ids = [run.id for run in known]
    watched: str | None = st.session_state.get("watched_run")
    if watched in ids:
        return watched
    for run in known:
        try:
            if run.state.status in runs.ACTIVE:
                return run.id
        except HarkError:
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
                    "time": in_words(state.seconds),
                    "made": time.strftime("%d %b %H:%M", time.localtime(run.created)),
                }
            )
        except HarkError as error:
            rows.append({"name": run.id, "state": f"damaged: {error}"})
    event = st.dataframe(
        rows,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="all-runs",
        column_config={"validation": st.column_config.NumberColumn("validation", format="percent")},
    )
    if event.selection.rows and known[event.selection.rows[0]].id != st.session_state.get("watched_run"):
        st.session_state["watched_run"] = known[event.selection.rows[0]].id
        st.rerun()


def _page() -> None:
    st.title("Teach a network to hear")
    known = runs.listing()
    form, watch = st.columns([2, 3], gap="large")
    with form, faults_in_words():
        _settings()
    with watch:
        watched = _choose_watched(known)
        if watched is None:
            st.markdown("##### Nothing trained yet")
            st.markdown(
                "Press **Start training** for the choices as they stand, or take the short way: six synthetic words, a small GRU, under a minute."
            )
            if st.button("Train a first model", icon=":material/bolt:"):
                with faults_in_words():
                    st.session_state["watched_run"] = jobs.start(quick_config()).id
                    st.rerun()
            return
        active = st.session_state.get("watched_active", True)
        st.fragment(_watch, run_every=1.0 if active else None)(watched)
        if len(known) > 1:
            with st.expander(f"All {len(known)} runs", icon=":material/list:"):
                _all_runs(known)


_page()
