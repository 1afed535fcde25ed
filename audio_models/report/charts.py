"""Charts of an evaluation: scores of each label, calibration, acceptance, accuracies of speakers, false alarms per hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from audio_models.listening.streaming_evaluation import Point, StreamingEvaluation
from audio_models.report.colour import ACCENT, DASHES, PALETTE
from audio_models.report.pictures import PLAIN_NAMES

LEAST_ALARMS = 0.1
"""False alarms an hour: where none is drawn, on a logarithmic axis."""

_MOST_SPEAKERS = 12  # each with a bar of its own
_MOST_BINS = 12


def score_bars(table: pd.DataFrame) -> alt.LayerChart:
    """Draw precision, recall and F1 of each label as dots on a line. Columns `label`, `measure`, `score`."""
    measures = ["precision", "recall", "F1"]
    base = alt.Chart(table).encode(
        y=alt.Y(
            "label:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, grid=True, labelExpr=PLAIN_NAMES)
        )
    )
    low = min(0.5, float(np.floor(table["score"].min() * 10) / 10)) if len(table) else 0
    dots = base.mark_point(filled=True, size=75, opacity=0.9).encode(
        x=alt.X("score:Q", title=None, axis=alt.Axis(format="%", grid=True), scale=alt.Scale(domain=[low, 1])),
        color=alt.Color(
            "measure:N",
            title=None,
            sort=measures,
            scale=alt.Scale(domain=measures, range=PALETTE[:3]),
            legend=alt.Legend(orient="top"),
        ),
        shape=alt.Shape(
            "measure:N",
            title=None,
            sort=measures,
            scale=alt.Scale(domain=measures, range=["circle", "square", "triangle-up"]),
        ),
        tooltip=["label:N", "measure:N", alt.Tooltip("score:Q", format=".1%")],
    )
    return dots.properties(height=alt.Step(26))


def reliability(table: pd.DataFrame, threshold: float) -> alt.LayerChart:
    """Draw a reliability diagram; calibrated confidences lie on the diagonal.

    Args:
        table: columns `confidence`, `accuracy`, `clips`, one row per bin.
        threshold: confidence that a word needs.
    """
    axis = alt.Axis(format="%", values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    scale = alt.Scale(domain=[0, 1])
    line = (
        alt.Chart(pd.DataFrame({"confidence": [0, 1], "accuracy": [0, 1]}))
        .mark_line(color="#7c878c", strokeDash=[4, 4])
        .encode(x="confidence:Q", y="accuracy:Q")
    )
    dots = (
        alt.Chart(table)
        .mark_point(filled=True, color=ACCENT, opacity=0.85)
        .encode(
            x=alt.X("confidence:Q", title="confidence", scale=scale, axis=axis),
            y=alt.Y("accuracy:Q", title="accuracy", scale=scale, axis=axis),
            size=alt.Size("clips:Q", title="clips", scale=alt.Scale(range=[40, 900]), legend=None),
            tooltip=[
                alt.Tooltip("confidence:Q", format=".1%"),
                alt.Tooltip("accuracy:Q", format=".1%"),
                "clips:Q",
            ],
        )
    )
    mark = alt.Chart(pd.DataFrame({"confidence": [threshold]})).mark_rule(color=PALETTE[1], strokeDash=[2, 3])
    text = (
        alt.Chart(pd.DataFrame({"confidence": [threshold], "text": ["rejected"]}))
        .mark_text(align="right", baseline="top", dx=-6, dy=6)
        .encode(x="confidence:Q", y=alt.value(0), text="text:N")
    )
    layers = [line, dots, *([mark.encode(x="confidence:Q"), text] if threshold else [])]
    return alt.layer(*layers).properties(height=360)


def acceptance(table: pd.DataFrame) -> alt.LayerChart:
    """Draw own words accepted against other sound accepted over the threshold, a line per kind of sound.

    Args:
        table: columns `sound`, `threshold`, `own`, `other`, and `in use`, which rings a point.
    """
    sounds = list(dict.fromkeys(table["sound"]))
    legend = alt.Legend(orient="top", title=None, symbolType="stroke", symbolSize=500, symbolStrokeWidth=2)
    lowest = max(0.0, float(np.floor(10 * table.loc[table["in use"], "own"].min())) / 10 - 0.3)
    base = alt.Chart(table).encode(
        x=alt.X("other:Q", title="other sound accepted", axis=alt.Axis(format="%"), scale=alt.Scale(domainMin=0)),
        y=alt.Y("own:Q", title="own words accepted", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[lowest, 1])),
        color=alt.Color("sound:N", scale=alt.Scale(domain=sounds, range=PALETTE[: len(sounds)]), legend=legend),
        tooltip=[
            alt.Tooltip("sound:N"), alt.Tooltip("threshold:Q", format=".1%"),
            alt.Tooltip("own:Q", format=".1%", title="own words accepted"),
            alt.Tooltip("other:Q", format=".1%", title="other sound accepted"),
        ],
    )  # fmt: skip
    lines = base.mark_line(strokeWidth=2, clip=True).encode(
        order=alt.Order("threshold:Q"),
        strokeDash=alt.StrokeDash(
            "sound:N", scale=alt.Scale(domain=sounds, range=DASHES[: len(sounds)]), legend=legend
        ),
    )
    rings = base.transform_filter("datum['in use']").mark_point(size=200, strokeWidth=3)
    return (lines + rings).properties(height=340)


def speaker_accuracies(table: pd.DataFrame) -> alt.Chart:
    """Draw the accuracy of each speaker: a bar for each of a few, a histogram of many. Columns `speaker`, `accuracy`, `clips`."""
    if len(table) <= _MOST_SPEAKERS:
        return (
            alt.Chart(table)
            .mark_bar(color=ACCENT, height={"band": 0.7})
            .encode(
                y=alt.Y("speaker:N", sort="x", title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=140)),
                x=alt.X("accuracy:Q", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
                tooltip=["speaker:N", alt.Tooltip("accuracy:Q", format=".1%"), "clips:Q"],
            )
            .properties(height=alt.Step(22))
        )
    lowest = float(table["accuracy"].min())
    step = next((one for one in (0.01, 0.02, 0.05, 0.1) if (1 - lowest) / one <= _MOST_BINS), 0.1)
    return (
        alt.Chart(table)
        .mark_bar(color=ACCENT)
        .encode(
            x=alt.X(
                "accuracy:Q",
                bin=alt.Bin(step=step, extent=[float(np.floor(lowest / step) * step), 1]),
                title="accuracy per speaker",
                axis=alt.Axis(format=".0%"),
            ),
            y=alt.Y("count():Q", title="speakers", axis=alt.Axis(tickMinStep=1)),
            tooltip=[alt.Tooltip("count():Q", title="speakers")],
        )
        .properties(height=200)
    )


def false_alarms(found: StreamingEvaluation, chosen: Point) -> alt.LayerChart:
    """Draw the share of missed words against false alarms per hour, one line per corpus; the chosen threshold is ringed.

    A click on a point selects `point`, whose field is `threshold`. Where no word was spoken the threshold takes the place
    of the missed words.
    """
    names = [one.name for one in found.alarms]
    rows = []
    for one in found.alarms:
        for point in found.points:
            rate = one.at(point.threshold)
            rows.append(
                {
                    "alarms": max(LEAST_ALARMS, rate.per_hour), "alarms in": one.name, "missed": point.missed,
                    "threshold": point.threshold, "alarms an hour": rate.per_hour, "chosen": point is chosen,
                    "interval": f"{alarms_text(rate.interval.low)} to {alarms_text(rate.interval.high)}",
                }
            )  # fmt: skip
    height = (
        alt.Y("missed:Q", title="Missed words", axis=alt.Axis(format="%"), scale=alt.Scale(domainMin=0))
        if found.words
        else alt.Y("threshold:Q", title="Threshold", scale=alt.Scale(zero=False))
    )
    missed = [alt.Tooltip("missed:Q", format=".1%")] if found.words else []
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("alarms:Q", title="False alarms per hour", scale=alt.Scale(type="log", nice=False)),
        y=height,
        tooltip=[
            alt.Tooltip("alarms in:N"), alt.Tooltip("threshold:Q"), *missed,
            alt.Tooltip("alarms an hour:Q", format=".1f"), alt.Tooltip("interval:N", title="95 % interval"),
        ],
    )  # fmt: skip
    legend = alt.Legend(orient="top", columns=2, title=None, symbolType="stroke", symbolSize=500, symbolStrokeWidth=2)
    corpus = alt.Color("alarms in:N", scale=alt.Scale(domain=names, range=_each(PALETTE, names)), legend=legend)
    dash = alt.StrokeDash("alarms in:N", scale=alt.Scale(domain=names, range=_each(DASHES, names)), legend=legend)
    clicked = alt.selection_point(name="point", fields=["threshold"], on="click", nearest=True, empty=False)
    lines = base.mark_line().encode(color=corpus, strokeDash=dash, order="threshold:Q")
    dots = base.mark_point(size=40, filled=True, cursor="pointer").encode(color=corpus).add_params(clicked)
    rings = base.transform_filter("datum.chosen").mark_point(size=260, strokeWidth=3).encode(color=corpus)
    return (lines + rings + dots).properties(height=380)


def _each(styles: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """A style for each name, in turn."""
    return [styles[number % len(styles)] for number in range(len(names))]


def alarms_text(alarms: float) -> str:
    """Write false alarms per hour: "0.5", "123"."""
    return f"{alarms:.1f}" if alarms < 100 else f"{alarms:,.0f}"
