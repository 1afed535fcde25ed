"""The views of Inside: step by step, order of the frames, the loop unrolled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from audio_models.config import CELL_TITLES
from audio_models.jobs.runs import Run
from audio_models.networks.cells import FORWARD
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import stepper, texts, unrolled
from dashboard.lessons.cell import show_cell, show_small_cell
from dashboard.lessons.cell.small import KINDS
from dashboard.lessons.inspected import inspect_clip, network_inside, same_task
from dashboard.lessons.texts import show_lesson
from dashboard.shared import address, inline_svg
from dashboard.shared.choose_model import describe_run
from dashboard.shared.clip_source import ChosenClip
from dashboard.shared.formatting import as_text, label_text
from dashboard.shared.show_chart import show_chart
from data.corpus import plain_label

_NETWORK = "network"  # the cell of the network itself, beside small ones


def step_by_step(run: Run, clip: ChosenClip) -> None:
    """Draw the stepper and the formula of one step."""
    found = inspect_clip(run, clip)
    show_lesson(texts.STEP if found.trace.layers else texts.STEP_ALONE)
    changes = ", then ".join(f"**{label_text(label)}** from {at:.2f} s" for at, label in found.changes)
    st.markdown(f"The answer settles after **{found.settled:.2f} s**: {changes}.")
    stepper.show(found, key="stepper")
    with st.expander("Formula of one step"):
        st.latex(texts.as_latex(texts.FORMULAS[found.cell]))
        st.caption(
            "W, U and b are the same at every frame. σ maps to 0..1, tanh to -1..1; ⊙ multiplies element by element."
        )


def cell_by_hand(run: Run, clip: ChosenClip) -> None:
    """Draw one unit of the run's cell at one step, and a small cell to change."""
    found = inspect_clip(run, clip)
    layers = {layer.name: layer for layer in found.trace.layers}
    views = [_NETWORK, *KINDS]
    address.follow("cell", "cell_view", views)
    which = st.segmented_control(
        "Cell",
        views,
        default=_NETWORK,
        required=True,
        key="cell_view",
        format_func=lambda one: "This network" if one == _NETWORK else f"Small {CELL_TITLES[one]}",
        wrap=True,
    )
    if which != _NETWORK:
        show_lesson(texts.SMALL_CELL)
        show_small_cell(which, key=f"small_{which}")
        return
    if not layers:
        st.markdown(
            "A feed-forward network has no cell: it keeps no state from one frame to the next. Try a small cell."
        )
        return
    show_lesson(texts.CELLS[found.cell])
    name = next(layer.name for layer in reversed(found.trace.layers) if layer.direction == FORWARD)
    if len(layers) > 1:
        names = list(layers)
        name = st.selectbox(
            "Layer",
            names,
            index=names.index(name),
            format_func=lambda one: one.replace("_", " ").replace("/", ", "),
            key="cell_layer",
        )
    show_cell(found, network_inside(run), key="cell", layer=name, forced=found.forced, in_address=True)


def order_of_frames(run: Run, clip: ChosenClip) -> None:
    """Draw the answers with the frames in another order, beside those of a network without memory."""
    show_lesson(texts.ORDER)
    order, again = st.columns([3, 2], vertical_alignment="bottom")
    orders = ["spoken", "reversed", "shuffled"]
    address.follow("order", "order", orders)
    how = order.segmented_control(
        "Order of the frames",
        orders,
        default="reversed",
        required=True,
        key="order",
        wrap=True,
    )
    address.follow_number("shuffle", "shuffle", 0, 999)
    seed = int(again.number_input("Shuffle number", 0, 999, 0, key="shuffle", disabled=how != "shuffled"))
    alone = [other for other in same_task(run) if other.config.network.cell == "feed_forward"]
    pair = [run, *([alone[0]] if alone and run.config.network.cell != "feed_forward" else [])]
    for column, one in zip(st.columns(len(pair)), pair, strict=True):
        with column:
            spoken, other = inspect_clip(one, clip), inspect_clip(one, clip, how, seed)
            st.subheader(CELL_TITLES[one.config.network.cell])
            st.caption(as_text(describe_run(one)))
            moved = float(np.abs(spoken.prefix_probabilities[-1] - other.prefix_probabilities[-1]).max())
            bars = _both_orders(spoken, other, how)
            show_chart(
                bars,
                f"Probabilities with the frames as spoken, most probable {plain_label(spoken.answer)}, and {how}, most probable {plain_label(other.answer)}.",
                key=f"order-{one.id}",
            )
            if moved < 1e-4:
                st.markdown(":material/equal: No probability changed.")
            else:
                st.markdown(
                    f":material/swap_horiz: Probabilities change by up to **{100 * moved:.0f}** points, and the answer from "
                    f"**{label_text(spoken.answer)}** to **{label_text(other.answer)}**."
                    if other.answer != spoken.answer
                    else f":material/swap_horiz: Probabilities change by up to **{100 * moved:.0f}** points; the answer stays the same."
                )
    if len(pair) == 1 and run.config.network.cell != "feed_forward":
        st.caption("To compare with a network without memory, train a feed-forward network on the same words.")


def _both_orders(spoken, other, how: str):  # type: ignore[no-untyped-def]
    ranked = np.argsort(-np.maximum(spoken.prefix_probabilities[-1], other.prefix_probabilities[-1]))[:5]
    rows = [
        {
            "label": plain_label(spoken.labels[int(number)]),
            "frames": name,
            "probability": float(found.prefix_probabilities[-1][number]),
        }
        for number in ranked
        for name, found in (("as spoken", spoken), (how if how != "spoken" else "again", other))
    ]
    return lesson_charts.paired_bars(pd.DataFrame(rows))


def unrolled_loop(run: Run, clip: ChosenClip) -> None:
    """Draw the network as a loop and unrolled over the clip."""
    found = inspect_clip(run, clip)
    show_lesson(texts.UNROLLED if found.trace.layers else texts.UNROLLED_ALONE)
    svg = unrolled.picture(found)
    inline_svg.show(svg, key="unrolled", narrow=unrolled.picture(found, narrow=True))
    steps = len(found.trace.hidden)
    if found.trace.layers:
        st.markdown(
            f"For this clip the unrolled network is **{steps} layers** deep. They share the **{found.cell_weights:,} weights** of the "
            f"cell; separately they would need {found.cell_weights * steps:,}."
        )
    network = run.config.network
    if network.bidirectional or network.layers > 1:
        st.caption(
            "The picture shows the first layer, reading forward."
            + (" A second cell reads backward." if network.bidirectional else "")
            + (f" {network.layers - 1} more layers lie above it." if network.layers > 1 else "")
        )
    st.download_button(
        "Save the picture", svg, f"unrolled-{run.id}.svg", "image/svg+xml", icon=":material/image:", on_click="ignore"
    )
