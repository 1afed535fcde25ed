"""Charts of the view "Units": all units of a clip, a word's mean, and the moment of a clip in which a unit is active."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audio_models.report.colour import ACCENT, PALETTE, RAMP
from audio_models.report.pictures import PLAIN_NAMES
from dashboard.shared.charts import waveform_envelope

_GREY = "#7c878c"
_COLUMNS = 120


def units(values: NDArray[np.floating[Any]], step_seconds: float, chosen: int) -> alt.LayerChart:
    """Draw the activity of all units over a clip, (steps, units), with an arrow at the chosen one; a click selects `unit`."""
    steps, count = values.shape
    table = pd.DataFrame(
        {
            "seconds": np.repeat(np.arange(steps) * step_seconds, count).round(4),
            "unit": np.tile(np.arange(1, count + 1), steps),
            "activity": values.ravel().round(3),
        }
    )
    table["end"], table["below"] = table["seconds"] + step_seconds, table["unit"] + 1
    y = alt.Scale(domain=[1, count + 1], nice=False)
    cells = (
        alt.Chart(table)
        .mark_rect()
        .encode(
            x=alt.X("seconds:Q", title="seconds", scale=alt.Scale(domain=[0, steps * step_seconds], nice=False)),
            x2="end:Q",
            y=alt.Y("unit:Q", title="unit", scale=y, axis=alt.Axis(grid=False, tickCount=6)),
            y2="below:Q",
            color=alt.Color(
                "activity:Q", scale=alt.Scale(scheme=RAMP), legend=alt.Legend(title=None, gradientLength=120)
            ),
            tooltip=["unit:Q", alt.Tooltip("seconds:Q", format=".2f"), alt.Tooltip("activity:Q", format=".2f")],
        )
        .add_params(alt.selection_point(name="unit", fields=["unit"], on="click", empty=False))
    )
    mark = (
        alt.Chart(pd.DataFrame({"unit": [chosen + 1.5], "seconds": [0]}))
        .mark_text(text="▶", align="right", dx=-1, fontSize=13, color=PALETTE[1])
        .encode(x="seconds:Q", y=alt.Y("unit:Q", scale=y))
    )
    return alt.layer(cells, mark).properties(height=220)


def by_word(means: Mapping[str, float]) -> alt.Chart:
    """Draw the mean of each word, the highest first."""
    table = pd.DataFrame({"word": list(means), "activity": list(means.values())}).head(12)
    return (
        alt.Chart(table)
        .mark_bar(color=ACCENT, cornerRadiusEnd=3)
        .encode(
            y=alt.Y("word:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelExpr=PLAIN_NAMES)),
            x=alt.X("activity:Q", title=None, axis=alt.Axis(tickCount=4)),
            tooltip=["word:N", alt.Tooltip("activity:Q", format=".2f")],
        )
        .properties(height=alt.Step(20))
    )


def moment(
    samples: NDArray[np.float32],
    rate: int,
    curve: NDArray[np.floating[Any]],
    step_seconds: float,
    step_end: float,
    span: tuple[float, float],
) -> alt.LayerChart:
    """Draw a clip's waveform, the activity over it, and the moment as a band.

    Args:
        curve: the activity after each step, (steps,).
        step_end: when the first step has been read [s].
        span: begin and end of the moment [s].
    """
    wave = waveform_envelope(samples, rate, _COLUMNS)
    seconds = len(samples) / rate
    scale = alt.Scale(domain=[0, max(seconds, step_end + (len(curve) - 1) * step_seconds)], nice=False)
    x = alt.X(
        "seconds:Q",
        title=None,
        scale=scale,
        axis=alt.Axis(grid=False, tickCount=4, format=".1f", labelExpr="datum.label + ' s'"),
    )
    band = alt.Chart(pd.DataFrame({"seconds": [span[0]], "end": [min(span[1], seconds)]})).mark_rect(
        color=PALETTE[4], opacity=0.35, stroke=PALETTE[4], strokeWidth=1.5
    ).encode(x=x, x2="end:Q")  # fmt: skip
    sound = (
        alt.Chart(wave)
        .mark_area(color=_GREY, opacity=0.55, line=False)
        .encode(x=x, y=alt.Y("low:Q", axis=None), y2="high:Q")
    )
    rows = pd.DataFrame({"seconds": step_end + np.arange(len(curve)) * step_seconds, "activity": np.round(curve, 3)})
    line = (
        alt.Chart(rows)
        .mark_line(color=PALETTE[1], strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y("activity:Q", title=None, axis=alt.Axis(grid=False, tickCount=3, orient="right")),
            tooltip=[alt.Tooltip("seconds:Q", format=".2f"), alt.Tooltip("activity:Q", format=".2f")],
        )
    )
    return alt.layer(band, sound, line).resolve_scale(y="independent").properties(height=110)
