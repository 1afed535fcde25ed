"""Altair charts of a corpus of the user's own."""

from __future__ import annotations

import altair as alt
import pandas as pd

from audio_models.report.colour import PALETTE

_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left"]
_MOST_NAMED = 24  # groups with a name on the map


def sound_map(table: pd.DataFrame, by: str) -> alt.LayerChart:
    """Draw clips as points, with a colour, a shape and a name for each group.

    Args:
        table: `x`, `y` in -1..1, `word`, `speaker`, `file`, `id`.
        by: the column that names the groups.
    """
    groups = sorted(table[by].unique())
    scale = alt.Scale(domain=groups, range=[PALETTE[number % len(PALETTE)] for number in range(len(groups))])
    # where the colours repeat, the shapes differ
    shapes = alt.Scale(
        domain=groups, range=[_SHAPES[(number + number // len(PALETTE)) % len(_SHAPES)] for number in range(len(groups))]
    )  # fmt: skip
    nothing = alt.Axis(labels=False, ticks=False, grid=False, title=None, domain=False)
    place = {
        "x": alt.X("x:Q", scale=alt.Scale(domain=[-1.08, 1.08]), axis=nothing),
        "y": alt.Y("y:Q", scale=alt.Scale(domain=[-1.08, 1.08]), axis=nothing),
    }
    clicked = alt.selection_point(name="clip", fields=["id"], on="click", empty=False)
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=90, opacity=0.8, cursor="pointer")
        .encode(
            **place,
            color=alt.Color(f"{by}:N", scale=scale, legend=None),
            shape=alt.Shape(f"{by}:N", scale=shapes, legend=None),
            stroke=alt.condition(clicked, alt.value("#9aa7ad"), alt.value(None)),
            strokeWidth=alt.value(2),
            tooltip=["word:N", "speaker:N", "file:N"],
        )
        .add_params(clicked)
    )
    # not the maximum: one clip far from its group would carry the name away
    above = table.groupby(by, as_index=False).agg(x=("x", "median"), y=("y", _upper)).head(_MOST_NAMED)
    names = alt.Chart(above).mark_text(fontSize=14, fontWeight="bold", dy=-14).encode(**place, text=f"{by}:N")
    return alt.layer(points, names).properties(height=480, width="container")


def _upper(values: pd.Series[float]) -> float:
    return float(values.quantile(0.8))
