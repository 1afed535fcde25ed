"""The form of Compare: what is asked, the clips, and what is the same for all."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from audio_models.config import CELLS, READOUT_TITLES, Cell
from audio_models.jobs.progress import format_duration
from audio_models.lab.comparison import READOUT_RULES, ComparisonConfig
from audio_models.training import estimate
from dashboard.shared import address
from dashboard.shared.cells import CELL_LOOKS
from dashboard.shared.task_form import choose_task, clips_per_word, rounded
from data.phrases import plural

CELLS_QUESTION, READOUT_QUESTION = "Which cell?", "Last state or mean?"

_RATES = ("0.00025", "0.0005", "0.001", "0.002", "0.004", "0.008", "0.016")
_OVERHEAD = 4.0  # seconds around each training: the graph, the evaluation
_EPOCHS = 20


def choose_question() -> str:
    """Draw the two questions; return the chosen one."""
    questions = [CELLS_QUESTION, READOUT_QUESTION]
    address.follow("question", "compare_question", questions)
    chosen: str = st.segmented_control(
        "Question", questions, default=CELLS_QUESTION, required=True, key="compare_question",
        help="Last state or mean: each cell is trained twice, once with its answer read from the last state and once from the mean of all states.",
    )  # fmt: skip
    return chosen


def choose_comparison(question: str) -> ComparisonConfig | None:
    """Draw the form; return the settings when Compare is pressed."""
    chosen = choose_task("compare")
    if chosen is None:
        return None
    address.follow_many("cells", "compare_cells", CELLS)
    cells: list[Cell] = st.pills(
        "Cells", CELLS, selection_mode="multi", default=CELLS, format_func=lambda cell: CELL_LOOKS[cell].title,
        key="compare_cells", wrap=True,
    )  # fmt: skip
    address.follow_number("trainings", "compare_seeds", 1, 10)
    seeds = st.slider(
        "Trainings per cell", 1, 10, 3, key="compare_seeds",
        help="Every training depends on chance: initial weights, order of the clips. Several per cell show how much.",
    )  # fmt: skip
    if not chosen.is_enough or len(cells) < 2:
        st.button("Compare", type="primary", icon=":material/compare_arrows:", disabled=True)
        st.caption("Choose at least two words and two cells.")
        return None
    config = ComparisonConfig(chosen.reference, chosen.task, tuple(cells), seeds=seeds, epochs=_EPOCHS)
    config = _same_for_all(replace(config, readout="both" if question == READOUT_QUESTION else "same"))
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Compare", type="primary", icon=":material/compare_arrows:")
        st.caption(_budget(config, clips_per_word(chosen.index, chosen.labels)))
    return config if pressed else None


def describe(config: ComparisonConfig) -> str:
    """Say what is the same for all, in one line."""
    networks = [config.run_config(variant, 0).network for variant in config.variants]
    units = {network.units for network in networks}
    readouts = {network.readout for network in networks if network.cell != "feed_forward"}
    parts = ["the same clips", f"{min(units)} units" if len(units) == 1 else "units as in the recipe"]
    if len(readouts) == 1:
        parts.append(f"the answer read from {READOUT_TITLES[readouts.pop()]}")
    if config.seconds:
        parts.append(f"{plural(config.seconds, 'second')} of training")
    else:
        epochs = plural(config.run_config(config.variants[0], 0).training.epochs, "epoch")
        parts.append(f"at most {epochs}" if config.patience else epochs)
    return f"For all: {', '.join(parts)}."


def describe_exceptions(config: ComparisonConfig) -> str:
    """Say what differs between the cells besides the cell, in one line; empty for nothing."""
    found = []
    networks = [config.run_config(variant, 0).network for variant in config.variants]
    readouts = {network.readout for network in networks if network.cell != "feed_forward"}
    if config.readout == "recipe" and len(readouts) > 1:
        averaged = [CELL_LOOKS[network.cell].title for network in networks if network.readout == "mean"]
        found.append(f"{' and '.join(averaged)} read the mean of all states, the others the last state")
    elif any(network.cell == "feed_forward" for network in networks) and readouts != {"mean"}:
        found.append("the feed-forward network has no state and averages over the frames")
    if len(config.rates) > 1:
        tried = ", ".join(f"{rate:g}" for rate in sorted(config.rates))
        found.append(f"each cell has its own learning rate, the best of {tried} on validation clips")
    elif not config.rates:
        found.append("each cell has the learning rate of the recipe")
    text = "; ".join(found)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _same_for_all(config: ComparisonConfig) -> ComparisonConfig:
    """Draw what makes the comparison fair, folded; return the changed settings."""
    with st.expander("Same for all"):
        if config.readout != "both":
            rules = [rule for rule in READOUT_RULES if rule != "both"]
            address.follow("readout", "compare_readout", rules)
            readout = st.selectbox(
                "Readout", rules, format_func=READOUT_RULES.__getitem__, key="compare_readout",
                help="What the answer is computed from. A mean over all states hides short memory, because it sees every frame directly.",
            )  # fmt: skip
            config = replace(config, readout=readout)
        one, two = st.columns(2)
        lengths = ["epochs", "time"]
        address.follow("budget", "compare_length", lengths)
        length = one.segmented_control(
            "Train for the same", lengths, default="epochs", required=True, key="compare_length"
        )
        if length == "epochs":
            address.follow_number("epochs", "compare_epochs", 2, 60)
            config = replace(config, epochs=two.slider("Epochs", 2, 60, config.epochs, key="compare_epochs"))
        else:
            address.follow_number("seconds", "compare_seconds", 5, 300)
            seconds = two.slider("Seconds per training", 5, 300, 30, 5, key="compare_seconds")
            config = replace(config, seconds=seconds)
        address.follow_many("rates", "compare_rates", _RATES)
        rates = st.pills(
            "Learning rates to try", _RATES, selection_mode="multi", default=[f"{rate:g}" for rate in config.rates],
            key="compare_rates", wrap=True,
            help="Each cell is trained shortly with each rate; the one with the lowest validation loss is used. Choose one for all, or none for the recipe's.",
        )  # fmt: skip
        config = replace(config, rates=tuple(sorted(map(float, rates))))
        if config.searched:
            address.follow_number("search", "compare_search", 1, 20)
            search = st.slider("Epochs of a short training", 1, 20, config.search_epochs, key="compare_search")
            config = replace(config, search_epochs=search)
    st.caption(f"{describe(config)} {describe_exceptions(config)}")
    return config


def _budget(config: ComparisonConfig, clips: float) -> str:
    """Say how many trainings there are, and about how long they take."""
    seconds = estimate.SECONDS_TO_START + _OVERHEAD * len(config.jobs)
    for variant in config.variants:
        run = config.run_config(variant, 0)
        epoch = estimate.learning_seconds(run, clips) / run.training.epochs
        tried = sum(of == variant for of, _ in config.searched)
        seconds += epoch * config.search_epochs * tried
        seconds += config.seeds * (config.seconds or epoch * run.training.epochs)
    short = len(config.searched)
    search = f"{plural(short, 'short training')} for the learning rates, then " if short else ""
    return f"{search}{plural(len(config.jobs), 'training')}: about {format_duration(rounded(seconds))}."
