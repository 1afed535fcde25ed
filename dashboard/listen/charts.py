"""Charts of a long recording: arrays in, Altair charts out."""

from __future__ import annotations

import json
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audio_models.report.colour import PALETTE
from dashboard.shared import charts

_MARK = PALETTE[1]
_CLEAR = "#3d8fd1"  # stands out on light and dark
_QUIET = "#7c878c"
_LEFT = 84  # pixels for the vertical axis, the same in each chart: their time axes align
_FAINTEST = 0.05  # lower probabilities are not drawn
_MANY = 60  # events; beyond it their marks are smaller
REFUSED = "other speech"
"""The row of speech that is none of the words."""
_TICKS = 8
_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)  # from tick to tick [s]


def clock(seconds: float, decimals: int = 0) -> str:
    """83.4 -> "1:23", with one decimal "1:23.4"."""
    units = 10**decimals
    whole = int(seconds * units + 1e-6)
    minutes, rest = divmod(whole, 60 * units)
    text = f"{rest / units:0{3 + decimals if decimals else 2}.{decimals}f}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"


def waveform(
    low: NDArray[np.float32], high: NDArray[np.float32], seconds: float, shown: tuple[float, float]
) -> alt.LayerChart:
    """Draw the envelope of a recording; dragging over it selects `stretch`, whose field is `seconds`.

    Args:
        low, high: lowest and highest sample of equal stretches, (stretches,).
        seconds: length of the recording [s].
        shown: start and end of the closer look [s].
    """
    loudest = float(max(-low.min(), high.max())) or 1.0  # silence has an axis too
    table = pd.DataFrame({"seconds": (np.arange(len(low)) + 0.5) / len(low) * seconds, "low": low, "high": high})
    scale = alt.Scale(domain=[0, seconds], nice=False)
    drag = alt.selection_interval(
        name="stretch", encodings=["x"], mark=alt.BrushConfig(fill=_QUIET, fillOpacity=0.2, strokeOpacity=0)
    )
    here = (
        alt.Chart(pd.DataFrame({"from": [shown[0]], "to": [shown[1]]}))
        .mark_rect(fill=_MARK, fillOpacity=0.18, stroke=_MARK, strokeWidth=1.5)
        .encode(x=alt.X("from:Q", scale=scale), x2="to:Q")
    )
    wave = (
        alt.Chart(table)
        .mark_area(color=_CLEAR, stroke=_CLEAR, strokeWidth=1)  # the stroke keeps silence visible
        .encode(
            x=alt.X("seconds:Q", scale=scale, axis=alt.Axis(labels=False, ticks=False, title=None, grid=False)),
            y=alt.Y(
                "low:Q",
                title=None,
                axis=_vertical(tickCount=3, grid=False),
                scale=alt.Scale(domain=[-loudest, loudest]),
            ),
            y2="high:Q",
        )
        .add_params(drag)
    )
    return alt.layer(wave, here).properties(height=80)


def timeline(
    spans: NDArray[np.float64],
    probabilities: NDArray[np.float32],
    words: Sequence[str],
    events: pd.DataFrame,
    seconds: float,
    refused: NDArray[np.float64],
) -> alt.LayerChart:
    """Draw a row for each word: its probability over time, and a mark at each event. A click on a mark selects `event`.

    A last row, in grey, shows where other speech was refused.

    Args:
        spans: start and end of each column [s], (columns, 2).
        probabilities: of the words, (columns, words).
        events: `id`, `end` [s], `label`, `confidence`, `at` as text.
        seconds: length of the recording [s].
        refused: start and end of each stretch of other speech [s], (stretches, 2).
    """
    column, word = np.nonzero(probabilities >= _FAINTEST)
    cells = pd.DataFrame(
        {
            "from": spans[column, 0],
            "to": spans[column, 1],
            "label": np.array(words, object)[word],
            "probability": probabilities[column, word].astype(float).round(3),
        }
    )
    place = {
        "y": alt.Y(
            "label:N",
            sort=None,
            title=None,
            scale=alt.Scale(domain=[*words, *([REFUSED] if len(refused) else [])]),
            axis=_vertical(ticks=False, domain=False, labelLimit=_LEFT - 8, labelOverlap=False, grid=True),
        )
    }
    time = _time(seconds)
    ribbon = (
        alt.Chart(cells)
        .mark_rect(color=_CLEAR, height={"band": 0.7})
        .encode(
            **place,
            x=alt.X("from:Q", **time),
            x2="to:Q",
            opacity=alt.Opacity("probability:Q", scale=alt.Scale(domain=[0, 1], range=[0.08, 0.95]), legend=None),
        )
    )
    other = (
        alt.Chart(pd.DataFrame({"from": refused[:, 0], "to": refused[:, 1], "label": REFUSED}))
        .mark_rect(color=_QUIET, opacity=0.55, height={"band": 0.35})
        .encode(**place, x=alt.X("from:Q", **time), x2="to:Q")
    )
    clicked = alt.selection_point(name="event", fields=["id"], on="click", empty=False)
    marks = (
        alt.Chart(events)
        .mark_point(shape="triangle-down", filled=True, opacity=1, cursor="pointer", stroke="#ffffff", strokeWidth=0.8)
        .encode(
            **place,
            x=alt.X("end:Q", **time),
            color=alt.value(_MARK),
            size=alt.condition(clicked, alt.value(360), alt.value(110 if len(events) <= _MANY else 60)),
            tooltip=[
                alt.Tooltip("label:N", title="detected"),
                alt.Tooltip("at:N"),
                alt.Tooltip("confidence:Q", format=".1%"),
            ],
        )
        .add_params(clicked)
    )
    rows = len(words) + bool(len(refused))
    return alt.layer(ribbon, other, marks).properties(height=max(60, 24 * rows) + 40)


def closer(
    samples: NDArray[np.float32],
    sample_rate: int,
    bands: NDArray[np.float32],
    hop_seconds: float,
    start: float,
    events: pd.DataFrame,
) -> alt.VConcatChart:
    """Draw a stretch of a recording: events, waveform and mel bands on one time axis.

    Args:
        samples: (samples,) in -1..1.
        bands: (frames, bands) [dB].
        hop_seconds: from frame to frame [s].
        start: when the stretch begins in its recording [s].
        events: `start`, `end` [s], `label`, `confidence`: those that reach into it.
    """
    picture = charts.evidence(samples, sample_rate, bands, hop_seconds, "mel band", start)
    if not len(events):
        return picture
    last = start + len(samples) / sample_rate
    bars = (
        alt.Chart(events.assign(start=events["start"].clip(lower=start), end=events["end"].clip(upper=last)))
        .mark_bar(color=_MARK, opacity=0.55, stroke=_MARK, height={"band": 0.7}, cornerRadius=3)
        .encode(
            x=alt.X(
                "start:Q",
                scale=alt.Scale(domain=[start, last], nice=False),
                axis=alt.Axis(labels=False, ticks=False, title=None, grid=False),
            ),
            x2="end:Q",
            y=alt.Y(
                "label:N",
                sort=None,
                title=None,
                axis=alt.Axis(ticks=False, domain=False, labelFontSize=13, labelFontWeight="bold", labelLimit=120),
            ),
            tooltip=["label:N", alt.Tooltip("confidence:Q", format=".1%")],
        )
        .properties(height=24 * events["label"].nunique(), width="container")
    )
    return alt.vconcat(bars, *picture.vconcat, spacing=6).resolve_scale(x="shared", y="independent")


def _vertical(**options: object) -> alt.Axis:
    return alt.Axis(minExtent=_LEFT, maxExtent=_LEFT, labelFlush=False, **options)


def _time(seconds: float) -> dict[str, object]:
    """A horizontal axis over the whole recording, in minutes and seconds."""
    step = next((one for one in _STEPS if seconds / one <= _TICKS), _STEPS[-1])
    values = [float(value) for value in np.arange(0, seconds, step)]
    names = json.dumps({str(number): clock(value, 0 if step >= 1 else 1) for number, value in enumerate(values)})
    return {
        "scale": alt.Scale(domain=[0, seconds], nice=False),
        "title": "hours:minutes:seconds" if seconds >= 3600 else "minutes:seconds",
        "axis": alt.Axis(values=values, grid=False, labelExpr=f"{names}[format(round(datum.value / {step}), 'd')]"),
    }
