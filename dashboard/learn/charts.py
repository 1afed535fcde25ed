"""Charts of the scenes: lanes below each other on one time axis, as one chart that fits any width.

A lane is a waveform, the answer after each frame as blocks, or curves. Heights are in pixels.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audio_models.networks.cells import Numbers
from dashboard.shared.charts import DASHES, waveform_envelope

_GAP, _AXIS = 12, 80  # Streamlit fits the axis into a chart's height
_LETTER = 6.5  # pixels
_BLOCKS = ("#8cc4e8", "#f2c46d", "#7fcfb4", "#e6b3cf", "#f0a477", "#b9c0c4", "#d8d8a0", "#c7b8ea", "#a8d5c9", "#e0c4a8")
"""Light enough for dark text on them, in both themes."""
_CURVES = ("#3d8fd1", "#d55e00")  # visible on light and dark
_GREY = "#8a979c"


class Lane(Protocol):
    """A part of the chart."""

    @property
    def height(self) -> int: ...

    @property
    def ticks(self) -> Mapping[float, str]:
        """Labels at the left, by their distance from the top of the lane."""

    def draw(self, top: float, seconds: float) -> list[alt.Chart]:
        """Draw it in a chart whose y axis runs down in pixels."""


def stacked(lanes: Sequence[Lane], seconds: float) -> alt.LayerChart:
    """Draw lanes from the top down on one axis of time, from 0 to `seconds`."""
    tops = [0, *itertools.accumulate(lane.height + _GAP for lane in lanes)]
    ticks = {
        round(top + place, 1): text
        for top, lane in zip(tops, lanes, strict=False)
        for place, text in lane.ticks.items()
    }
    total = tops[-1]
    axes = alt.Chart(pd.DataFrame({"seconds": [0.0], "y": [0.0]})).mark_point(opacity=0).encode(
        x=alt.X("seconds:Q", title="seconds", scale=alt.Scale(domain=[0, seconds], nice=False), axis=alt.Axis(grid=False, tickCount=8)),
        y=alt.Y(
            "y:Q", title=None, scale=alt.Scale(domain=[total, 0], nice=False),
            axis=alt.Axis(
                values=list(ticks), labelExpr=f"({json.dumps({str(at): text for at, text in ticks.items()})})[format(datum.value, '.1f')]",
                grid=False, ticks=False, domain=False, labelLimit=120,
            ),
        ),
    )  # fmt: skip
    drawn = [part for top, lane in zip(tops, lanes, strict=False) for part in lane.draw(top, seconds)]
    return alt.layer(axes, *drawn).resolve_scale(color="independent").properties(height=total + _AXIS)


@dataclass(frozen=True)
class Waveform:
    """A waveform; what lies before `start` and after `end` [s] is grey."""

    samples: NDArray[np.float32]
    rate: int
    start: float
    end: float
    height: int = 64

    @property
    def ticks(self) -> Mapping[float, str]:
        return {}

    def draw(self, top: float, seconds: float) -> list[alt.Chart]:
        table = waveform_envelope(self.samples, self.rate)
        table = table[table["seconds"] < seconds]
        peak = max(float(np.abs(self.samples).max()), 1e-6)
        for name in ("low", "high"):
            table[name] = top + self.height / 2 * (1 - table[name] / peak)
        inside = (table["seconds"] >= self.start) & (table["seconds"] < self.end)
        return [
            alt.Chart(table[here])
            .mark_rule(strokeWidth=1.6, color=colour)
            .encode(x="seconds:Q", y="low:Q", y2="high:Q")
            for here, colour in ((inside, "#3d8fd1"), (~inside, "#8a979c66"))
        ]


@dataclass(frozen=True)
class Answers:
    """The answer after each frame: a block for each run of equal answers, with its name where there is room.

    Attributes:
        title: at the left.
        probabilities: after each frame, (frames, labels).
        labels: of the network.
        frame_seconds: from one frame to the next [s].
        first: number of the first frame.
    """

    title: str
    probabilities: Numbers
    labels: Sequence[str]
    frame_seconds: float
    first: int = 0
    height: int = 34

    @property
    def ticks(self) -> Mapping[float, str]:
        return {self.height / 2: self.title}

    def runs(self) -> pd.DataFrame:
        """Each run: `start` and `end` [s], `label`, `confidence` at its end."""
        answers = np.asarray(self.probabilities).argmax(axis=1)
        edges = [0, *(np.flatnonzero(np.diff(answers)) + 1), len(answers)]
        return pd.DataFrame(
            {
                "start": (self.first + start) * self.frame_seconds,
                "end": (self.first + end) * self.frame_seconds,
                "label": self.labels[int(answers[start])].strip("_"),
                "confidence": float(self.probabilities[end - 1].max()),
            }
            for start, end in itertools.pairwise(edges)
        )

    def draw(self, top: float, seconds: float) -> list[alt.Chart]:
        table = self.runs()
        table["top"], table["bottom"] = top, top + self.height
        table["middle"], table["centre"] = (table["start"] + table["end"]) / 2, top + self.height / 2
        room = f"(datum.end - datum.start) / {seconds} * width > {_LETTER} * length(datum.label) + 6"
        colours = [_BLOCKS[place % len(_BLOCKS)] for place in range(len(self.labels))]
        blocks = alt.Chart(table).mark_rect(stroke="white", strokeWidth=1).encode(
            x="start:Q", x2="end:Q", y="top:Q", y2="bottom:Q",
            color=alt.Color("label:N", legend=None, scale=alt.Scale(domain=[label.strip("_") for label in self.labels], range=colours)),
            tooltip=[
                alt.Tooltip("label:N", title="answer"), alt.Tooltip("start:Q", format=".2f", title="from [s]"),
                alt.Tooltip("end:Q", format=".2f", title="to [s]"),
                alt.Tooltip("confidence:Q", format=".0%", title="confidence at its end"),
            ],
        )  # fmt: skip
        names = alt.Chart(table).transform_filter(room).mark_text(color="#1c2326", fontSize=13)
        return [blocks, names.encode(x="middle:Q", y="centre:Q", text="label:N")]


@dataclass(frozen=True)
class Curves:
    """Curves from `low` to 1 that differ in colour and dash, each with its name at its end.

    Attributes:
        values: by name: the time of each value [s], and the values.
        low: the least value drawn.
    """

    values: Mapping[str, tuple[Numbers, Numbers]]
    low: float = 0.0
    height: int = 110

    @property
    def ticks(self) -> Mapping[float, str]:
        return {0.0: "100 %", self.height * 0.5 / (1 - self.low): "50 %", self.height / (1 - self.low): "0 %"}

    def draw(self, top: float, seconds: float) -> list[alt.Chart]:
        names = list(self.values)
        table = pd.DataFrame(
            {"seconds": times, "value": values, "name": name} for name, (times, values) in self.values.items()
        ).explode(["seconds", "value"])
        table["y"] = top + self.height * (1 - table["value"].astype(float).clip(lower=self.low)) / (1 - self.low)
        rules = pd.DataFrame({"y": [top + place for place in self.ticks], "start": 0.0, "end": seconds})
        colour = alt.Color("name:N", legend=None, scale=alt.Scale(domain=names, range=list(_CURVES[: len(names)])))
        lines = alt.Chart(table).mark_line(strokeWidth=2.5).encode(
            x="seconds:Q", y="y:Q", color=colour,
            strokeDash=alt.StrokeDash("name:N", legend=None, scale=alt.Scale(domain=names, range=DASHES[: len(names)])),
            tooltip=["name:N", alt.Tooltip("seconds:Q", format=".2f"), alt.Tooltip("value:Q", format=".0%")],
        )  # fmt: skip
        ends = table.groupby("name", sort=False).tail(1)
        titles = alt.Chart(ends).mark_text(align="right", baseline="top", dy=8, fontSize=13, fontWeight="bold")
        grid = alt.Chart(rules).mark_rule(color=_GREY, opacity=0.4).encode(x="start:Q", x2="end:Q", y="y:Q")
        return [grid, lines, titles.encode(x="seconds:Q", y="y:Q", text="name:N", color=colour)]
