"""Charts of the scenes: lanes below each other on one time axis, as one chart that fits any width.

A lane is a waveform, the answer after each frame as blocks, or curves. Heights are in pixels.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audio_models.networks.cells import Numbers
from audio_models.report.colour import DASHES
from dashboard.shared.charts import waveform_envelope
from data.corpus import plain_label
from data.phrases import percent

_GAP, _AXIS = 12, 80  # Streamlit fits the axis into a chart's height
_LETTER = 6.5  # pixels
_NAMES = 22  # pixels of the row with the names of curves
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

    @property
    def says(self) -> str:
        """The lane in a sentence, for those who do not see it."""

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
    resolve = alt.Resolve(scale=alt.ScaleResolveMap(color="independent", strokeDash="independent"))
    return alt.layer(
        axes, *drawn, resolve=resolve, height=total + _AXIS
    )  # a call for each copies the whole chart again


def in_words(lanes: Sequence[Lane]) -> str:
    """What the lanes show, for a screen reader."""
    return " ".join(lane.says for lane in lanes)


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

    @property
    def says(self) -> str:
        return f"The waveform, read from {self.start:.2f} to {self.end:.2f} s."

    def draw(self, top: float, seconds: float) -> list[alt.Chart]:
        table = waveform_envelope(self.samples, self.rate, 240)
        table = table[table["seconds"] < seconds]
        peak = max(float(np.abs(self.samples).max()), 1e-6)
        for name in ("low", "high"):
            table[name] = top + self.height / 2 * (1 - table[name] / peak)
        inside = (table["seconds"] >= self.start) & (table["seconds"] < self.end)
        return [
            alt.Chart(table[here])
            .mark_rule(strokeWidth=1.6, color=colour)
            .encode(x=alt.X("seconds:Q"), y=alt.Y("low:Q"), y2=alt.Y2("high"))
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

    @property
    def says(self) -> str:
        runs = ", ".join(f"{run.label} to {run.end:.2f} s" for run in self.runs().itertuples())
        return f"The answer, {self.title}: {runs}."

    def runs(self) -> pd.DataFrame:
        """Each run: `start` and `end` [s], `label`, `confidence` at its end."""
        answers = np.asarray(self.probabilities).argmax(axis=1)
        edges = [0, *(np.flatnonzero(np.diff(answers)) + 1), len(answers)]
        return pd.DataFrame(
            {
                "start": (self.first + start) * self.frame_seconds,
                "end": (self.first + end) * self.frame_seconds,
                "label": plain_label(self.labels[int(answers[start])]),
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
            x=alt.X("start:Q"), x2=alt.X2("end"), y=alt.Y("top:Q"), y2=alt.Y2("bottom"),
            color=alt.Color("label:N", legend=None, scale=alt.Scale(domain=[plain_label(label) for label in self.labels], range=colours)),
            tooltip=[
                alt.Tooltip("label:N", title="answer"), alt.Tooltip("start:Q", format=".2f", title="from [s]"),
                alt.Tooltip("end:Q", format=".2f", title="to [s]"),
                alt.Tooltip("confidence:Q", format=".0%", title="confidence at its end"),
            ],
        )  # fmt: skip
        names = alt.Chart(table).transform_filter(room).mark_text(color="#1c2326", fontSize=13)
        return [blocks, names.encode(x=alt.X("middle:Q"), y=alt.Y("centre:Q"), text=alt.Text("label:N"))]


@dataclass(frozen=True)
class Curves:
    """Curves from `low` to 1 that differ in colour and dash, below a row with their names.

    Attributes:
        values: by name: the time of each value [s], and the values.
        low: the least value drawn.
    """

    values: Mapping[str, tuple[Numbers, Numbers]]
    low: float = 0.0
    height: int = 102

    @property
    def ticks(self) -> Mapping[float, str]:
        return {self._place(share): percent(share, 0) for share in (1.0, 0.5, 0.0)}

    @property
    def says(self) -> str:
        return " ".join(
            f"{name}: from {percent(values[0], 0)} at {times[0]:.2f} s to {percent(values[-1], 0)} at {times[-1]:.2f} s, lowest {percent(values.min(), 0)}."
            for name, (times, values) in self.values.items()
        )

    def draw(self, top: float, seconds: float) -> list[alt.Chart]:
        names = list(self.values)
        table = pd.DataFrame(
            {"seconds": times, "value": values, "name": name} for name, (times, values) in self.values.items()
        ).explode(["seconds", "value"])
        table["y"] = top + self._place(table["value"].astype(float).clip(lower=self.low))
        rules = pd.DataFrame({"y": [top + place for place in self.ticks], "start": 0.0, "end": seconds})
        legend = alt.Legend(
            title=None, orient="none", legendX=0, legendY=top - 10, direction="horizontal", symbolType="stroke",
            symbolSize=400, labelFontSize=13, labelLimit=260,
        )  # fmt: skip
        lines = alt.Chart(table).mark_line(strokeWidth=2.5).encode(
            x=alt.X("seconds:Q"), y=alt.Y("y:Q"),
            color=alt.Color("name:N", legend=legend, scale=alt.Scale(domain=names, range=list(_CURVES[: len(names)]))),
            strokeDash=alt.StrokeDash("name:N", legend=legend, scale=alt.Scale(domain=names, range=DASHES[: len(names)])),
            tooltip=[alt.Tooltip("name:N"), alt.Tooltip("seconds:Q", format=".2f"), alt.Tooltip("value:Q", format=".0%")],
        )  # fmt: skip
        grid = (
            alt.Chart(rules)
            .mark_rule(color=_GREY, opacity=0.4)
            .encode(x=alt.X("start:Q"), x2=alt.X2("end"), y=alt.Y("y:Q"))
        )
        return [grid, lines]

    def _place(self, value: Any) -> Any:
        """How far below the top of the lane a value lies [pixels]."""
        return _NAMES + (self.height - _NAMES) * (1 - value) / (1 - self.low)
