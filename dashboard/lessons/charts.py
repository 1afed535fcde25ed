"""Charts of Inside, Memory and Compare: order of frames, gradients, memory, accuracies.

Altair charts from arrays, in the colours and dashes of `dashboard.shared.charts`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from audio_models.config import Cell
from audio_models.report.colour import PALETTE
from dashboard.shared.cells import CELL_LOOKS, colour_scale, dash_scale, shape_scale

_CLOSE = 0.08  # labels of an axis that are closer would overlap


def compared_accuracies(means: pd.DataFrame, each: pd.DataFrame, cells: Sequence[Cell]) -> alt.LayerChart:
    """Draw the accuracies of several networks, each with its interval and in the colour and shape of its cell.

    Args:
        means: columns `name`, `accuracy`, `low`, `high`, the best first.
        each: columns `name`, `accuracy`, one row per training.
        cells: the cell of each row of `means`.
    """
    order = list(means["name"])
    low = float(np.floor(min(means["low"].min(), each["accuracy"].min()) * 20) / 20)
    scale = alt.Scale(domain=[max(0.0, low), 1])
    x = alt.X("accuracy:Q", title="accuracy", scale=scale, axis=alt.Axis(format="%", tickCount=5))
    labels = {name: f"{name}  {100 * share:.1f} %" for name, share in zip(order, means["accuracy"], strict=True)}
    axis = alt.Axis(ticks=False, domain=False, labelLimit=200, labelExpr=f"({json.dumps(labels)})[datum.value]")
    y = alt.Y("name:N", sort=order, title=None, axis=axis)
    colour = alt.Color("name:N", scale=colour_scale(order, cells), legend=None)
    bars = (
        alt.Chart(means)
        .mark_bar(height=12, opacity=0.35)
        .encode(y=y, x=alt.X("low:Q", scale=scale), x2="high:Q", color=colour)
    )
    dots = alt.Chart(means).mark_point(filled=True, size=130, opacity=1).encode(
        y=y, x=x, color=colour, shape=alt.Shape("name:N", scale=shape_scale(order, cells), legend=None),
        tooltip=[alt.Tooltip("name:N", title="cell"), alt.Tooltip("accuracy:Q", format=".1%"), alt.Tooltip("low:Q", format=".1%", title="from"), alt.Tooltip("high:Q", format=".1%", title="to")],
    )  # fmt: skip
    small = (
        alt.Chart(each)
        .mark_point(size=40, color="#7c878c", opacity=0.9)
        .encode(y=y, x=x, tooltip=[alt.Tooltip("name:N", title="cell"), alt.Tooltip("accuracy:Q", format=".1%", title="one training")])
    )  # fmt: skip
    return alt.layer(bars, small, dots).properties(height=alt.Step(40))


def paired_bars(table: pd.DataFrame) -> alt.Chart:
    """Draw the probabilities of the same labels in two readings, one below the other. Columns `label`, `frames`, `probability`."""
    readings = list(dict.fromkeys(table["frames"]))
    return (
        alt.Chart(table)
        .mark_bar(height={"band": 0.85}, cornerRadiusEnd=3)
        .encode(
            y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False)),
            yOffset=alt.YOffset("frames:N", sort=readings),
            x=alt.X(
                "probability:Q", title=None, axis=alt.Axis(format="%", tickCount=5), scale=alt.Scale(domain=[0, 1])
            ),
            color=alt.Color(
                "frames:N",
                title=None,
                sort=readings,
                scale=alt.Scale(domain=readings, range=[PALETTE[0], PALETTE[4]]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[alt.Tooltip("label:N"), alt.Tooltip("frames:N"), alt.Tooltip("probability:Q", format=".1%")],
        )
        .properties(height=alt.Step(13))
    )


def fading(table: pd.DataFrame) -> alt.LayerChart:
    """Draw how a gradient decays towards the beginning of a clip, on a logarithmic scale.

    Args:
        table: columns `seconds`, `share` (of its value at the end; above 0), `network`, `cell`, which gives the colour,
            `weights` ("trained" or "before training").
    """
    cells = dict(zip(table["network"], table["cell"], strict=True))
    colours = colour_scale(list(cells), list(cells.values()), distinct=True)
    lines = (
        alt.Chart(table)
        .mark_line(strokeWidth=2.5, clip=True)
        .encode(
            x=alt.X("seconds:Q", title="seconds", axis=alt.Axis(grid=False), scale=alt.Scale(nice=False)),
            y=alt.Y(
                "share:Q",
                title="norm of the gradient, relative to the end",
                scale=alt.Scale(type="log", domain=[1e-6, 30], nice=False),
                axis=alt.Axis(values=[1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10], format="~g"),
            ),
            color=alt.Color(
                "network:N",
                title=None,
                scale=colours,
                legend=alt.Legend(orient="bottom", direction="vertical", symbolType="stroke", labelLimit=300),
            ),
            strokeDash=alt.StrokeDash(
                "weights:N",
                title=None,
                scale=alt.Scale(domain=["trained", "before training"], range=[[1, 0], [4, 4]]),
                legend=alt.Legend(orient="top", symbolType="stroke"),
            ),
            strokeWidth=alt.StrokeWidth("weights:N", legend=None, scale=alt.Scale(domain=["trained", "before training"], range=[2.8, 1.6])),
            tooltip=["network:N", "weights:N", alt.Tooltip("seconds:Q", format=".2f"), alt.Tooltip("share:Q", format=".2g")],
        )
    )  # fmt: skip
    tenth = alt.Chart(pd.DataFrame({"share": [0.1], "text": ["a tenth"]}))
    rule = tenth.mark_rule(color="#7c878c", strokeDash=[2, 3]).encode(y="share:Q")
    text = tenth.mark_text(align="left", baseline="bottom", dx=4).encode(x=alt.value(0), y="share:Q", text="text:N")
    return alt.layer(rule, text, lines).properties(height=420)


def forgetting(table: pd.DataFrame, chance: float, cells: Sequence[Cell]) -> alt.LayerChart:
    """Draw accuracy against the number of steps over which a cell must remember.

    Args:
        table: columns `length`, `accuracy`, `cell` (its title), `steps`.
        cells: those in the table.
        chance: accuracy of a guess.
    """
    names = [CELL_LOOKS[cell].title for cell in cells]
    ticks = sorted([chance, *(tick for tick in (0, 0.25, 0.5, 0.75, 1) if abs(tick - chance) > _CLOSE)])
    base = alt.Chart(table).encode(
        x=alt.X("length:Q", title="T, steps to remember", scale=alt.Scale(type="log", base=2, nice=False, padding=20), axis=alt.Axis(values=sorted(set(table["length"])), format="d", grid=False)),
        y=alt.Y("accuracy:Q", title="accuracy", scale=alt.Scale(domain=[0, 1.04], nice=False), axis=alt.Axis(values=ticks, labelExpr=f"datum.value == {chance} ? 'a guess' : format(datum.value, '.0%')")),
        color=alt.Color("cell:N", title=None, scale=colour_scale(names, cells), legend=alt.Legend(orient="top", symbolStrokeWidth=0)),
        shape=alt.Shape("cell:N", title=None, scale=shape_scale(names, cells)),
        tooltip=["cell:N", alt.Tooltip("length:Q", title="steps to remember"), alt.Tooltip("accuracy:Q", format=".1%"), alt.Tooltip("steps:Q", title="steps of training")],
    )  # fmt: skip
    rule = (
        alt.Chart(pd.DataFrame({"accuracy": [chance]}))
        .mark_rule(color="#7c878c", strokeDash=[2, 3])
        .encode(y="accuracy:Q")
    )
    lines = base.mark_line(strokeWidth=2).encode(
        strokeDash=alt.StrokeDash("cell:N", legend=None, scale=dash_scale(names, cells))
    )
    points = base.mark_point(filled=True, size=110, opacity=0.75)
    return alt.layer(rule, lines, points).properties(height=360)
