"""How far back the gradient reaches: its curves for several networks, and the view that shows them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from audio_models.config import CELL_TITLES
from audio_models.jobs.runs import Run
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import texts
from dashboard.lessons.inspected import inspect_clip, same_task
from dashboard.lessons.texts import show_lesson
from dashboard.shared import address
from dashboard.shared.choose_model import describe_run
from dashboard.shared.clip_source import ChosenClip
from dashboard.shared.show_chart import show_chart
from data.phrases import isolated

_CELLS_TO_COMPARE = ("plain-simple-rnn", "plain-lstm", "plain-gru")


def gradient_view(run: Run, clip: ChosenClip) -> None:
    """Draw the gradient of several networks over time, trained and before training."""
    show_lesson(texts.FADING)
    usable = {one.id: one for one in same_task(run) if one.config.network.cell != "feed_forward"}
    address.follow_many("networks", f"gradient_runs_{run.id}", list(usable))
    chosen = st.multiselect(
        "Networks",
        list(usable),
        default=_compared_with(run, usable),
        format_func=lambda one: describe_run(usable[one]),
        max_selections=4,
        key=f"gradient_runs_{run.id}",
    )
    kinds = ["the state, through memory only", "the state", "the frame"]
    address.follow("gradient", "gradient_of", kinds)
    what = st.segmented_control(
        "Gradient with respect to",
        kinds,
        default="the state, through memory only",
        required=True,
        key="gradient_of",
        help="Through memory only: the gradient that enters at the last state and travels back from there. The other two include what a mean or attention takes from each frame directly.",
    )
    if not chosen:
        st.caption("Choose at least one network.")
        return
    table, lengths = gradient_curves([usable[one] for one in chosen], clip, what)
    show_chart(
        lesson_charts.fading(table),
        "How the gradient decays towards the beginning of the clip, by network; the table has the memory lengths.",
        key="fading",
    )
    st.dataframe(
        lengths, hide_index=True,
        column_config={
            "trained": st.column_config.TextColumn("memory length, trained"),
            "before training": st.column_config.TextColumn("memory length, before training"),
        },
    )  # fmt: skip
    st.caption(
        "Memory length: how far before the end of the clip the gradient has fallen to a tenth. For an LSTM it is the gradient "
        "of the cell state, which carries the memory."
    )
    with st.expander("Formula"):
        st.latex(texts.as_latex(texts.GRADIENT))


def _compared_with(run: Run, usable: dict[str, Run]) -> list[str]:
    """List the three plain cells and the chosen network."""
    plain = [one for one in _CELLS_TO_COMPARE if one in usable] or list(usable)[:3]
    return list(dict.fromkeys([*([run.id] if run.id in usable else []), *plain]))


def gradient_curves(chosen: list[Run], clip: ChosenClip, what: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The gradient of each network over time, trained and before training, and the memory lengths.

    Args:
        what: the state, or the frame, that the gradient is taken with respect to; memory only by default.
    """
    from audio_models.lab.inspection import format_memory_length, gradient_decay, untrained

    rows, lengths = [], []
    for run in chosen:
        found = inspect_clip(run, clip)
        network = untrained(run)
        before = gradient_decay(
            network, network.read(found.trace.frames), found.labels.index(found.label), found.features
        )
        name = f"{isolated(run.name)} · {CELL_TITLES[run.config.network.cell]}"
        if sum(one.name == run.name for one in chosen) > 1:
            name += f" · {run.id}"
        for weights, fade in (("trained", found.gradient_decay), ("before training", before)):
            norms, step = {
                "the state": (fade.states, fade.step_seconds),
                "the frame": (fade.frames, fade.frame_seconds),
            }.get(what, (fade.memory, fade.step_seconds))
            shares = np.maximum(norms / max(float(norms[-1]), 1e-300), 1e-12)
            rows.append(
                pd.DataFrame(
                    {
                        "seconds": np.arange(len(norms)) * step,
                        "share": shares,
                        "network": name,
                        "cell": run.config.network.cell,
                        "weights": weights,
                    }
                )
            )
        lengths.append(
            {"network": name, "trained": format_memory_length(found.gradient_decay.memory_length), "before training": format_memory_length(before.memory_length)}
        )  # fmt: skip
    return pd.concat(rows), pd.DataFrame(lengths)
