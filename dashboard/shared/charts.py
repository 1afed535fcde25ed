"""Altair charts from arrays; no Streamlit and no state.

Time runs left to right in seconds. Categories use a palette safe for the colour-blind (Okabe and Ito 2008)
and also differ in shape or dash; magnitudes use one perceptual colour map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.shared.colour import blend, ink_on, page_colour

ACCENT = "#1b6ca8"
PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [4, 4], [1, 3], [10, 4]]
RAMP = "viridis"

_MOST_COLUMNS = 220  # more columns than pixels show nothing more

_QUIET = "#8a979c"  # of right answers
_STRONGEST = {"light": "#b3470a", "dark": "#ffa04d"}  # of the most frequent mistake

SPLIT_COLOURS = {"training": PALETTE[0], "validation": PALETTE[4], "test": PALETTE[1]}


def waveform_envelope(samples: NDArray[np.float32], sample_rate: int, columns: int = 400) -> pd.DataFrame:
    """Reduce a waveform to the lowest and highest sample of at most `columns` stretches: `seconds`, `low`, `high`."""
    stretches = min(columns, len(samples))
    edges = np.linspace(0, len(samples), stretches, endpoint=False).astype(int)
    return pd.DataFrame(
        {
            "seconds": edges / sample_rate,
            "low": np.minimum.reduceat(samples, edges),
            "high": np.maximum.reduceat(samples, edges),
        }
    )


def evidence(
    samples: NDArray[np.float32],
    sample_rate: int,
    frames: NDArray[np.float32],
    hop_seconds: float,
    rows: str,
    start: float = 0.0,
) -> alt.VConcatChart:
    """Draw a waveform above its frames, on one time axis.

    Args:
        samples: (samples,) in -1..1.
        frames: (frames, width), normalised.
        hop_seconds: time between frames [s].
        rows: what a row of the frames is: "coefficient" or "mel band".
        start: where in the recording it begins [s].
    """
    seconds = len(samples) / sample_rate
    time = alt.Scale(domain=[start, start + seconds], nice=False)
    envelope = waveform_envelope(samples, sample_rate)
    envelope["seconds"] += start
    wave = (
        alt.Chart(envelope)
        .mark_area(color=ACCENT, stroke=ACCENT, strokeWidth=1)  # the stroke keeps silence visible
        .encode(
            x=alt.X("seconds:Q", scale=time, axis=alt.Axis(labels=False, ticks=False, title=None, grid=False)),
            y=alt.Y("low:Q", title="amplitude", axis=alt.Axis(tickCount=3, grid=False)),
            y2="high:Q",
        )
        .properties(height=90, width="container")
    )
    step = -(-len(frames) // _MOST_COLUMNS)
    columns = [frames[first : first + step].mean(axis=0) for first in range(0, len(frames), step)]
    width = frames.shape[1]
    table = pd.DataFrame(
        {
            "start": start + np.repeat(np.arange(len(columns)) * step * hop_seconds, width),
            "coefficient": np.tile(np.arange(width), len(columns)),
            "value": np.concatenate(columns).round(3),
        }
    )
    table["end"] = (table["start"] + step * hop_seconds).clip(upper=start + seconds)
    table["above"] = table["coefficient"] + 1
    mfcc = (
        alt.Chart(table)
        .mark_rect()
        .encode(
            x=alt.X("start:Q", scale=time, title="seconds", axis=alt.Axis(grid=False, tickCount=10)),
            x2="end:Q",
            y=alt.Y(
                "coefficient:Q",
                title=rows,
                scale=alt.Scale(domain=[0, width], nice=False),
                axis=alt.Axis(grid=False, tickCount=4),
            ),
            y2="above:Q",
            color=alt.Color("value:Q", scale=alt.Scale(scheme=RAMP), legend=None),
            stroke=alt.Stroke("value:Q", scale=alt.Scale(scheme=RAMP), legend=None),  # hides the seams
            tooltip=[
                alt.Tooltip("start:Q", title="from [s]", format=".2f"),
                alt.Tooltip("coefficient:Q", title=rows),
                alt.Tooltip("value:Q", title="value", format=".2f"),
            ],
        )
        .properties(height=150, width="container")
    )
    return alt.vconcat(wave, mfcc, spacing=6).resolve_scale(x="shared")


def probability_bars(probabilities: Mapping[str, float], most: int = 5) -> alt.LayerChart:
    """Draw the most probable labels as bars with their percentages, the answer in the accent colour."""
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])[:most]
    table = pd.DataFrame(
        [{"label": label, "share": share, "answer": place == 0} for place, (label, share) in enumerate(ranked)]
    )
    base = alt.Chart(table).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=140)),
        x=alt.X("share:Q", title=None, scale=alt.Scale(domain=[0, 1.12]), axis=None),
    )
    bars = base.mark_bar(cornerRadiusEnd=3, height=16).encode(
        color=alt.condition("datum.answer", alt.value(ACCENT), alt.value("#9aa7ad")),
        tooltip=[alt.Tooltip("label:N"), alt.Tooltip("share:Q", format=".1%", title="probability")],
    )
    numbers = base.mark_text(align="left", dx=5).encode(text=alt.Text("share:Q", format=".0%"))
    return (bars + numbers).properties(height=26 * len(table) + 28)


def confusion_matrix(
    confusion: NDArray[np.int64], labels: Sequence[str], *, shares: bool, on_dark: bool
) -> alt.LayerChart:
    """Draw a confusion matrix with a quiet diagonal, so errors stand out; `on_dark`: the page is dark.

    The larger an error, the further its colour is from the page's: darker on a light page, brighter on a dark one. A click on a
    cell selects it: the selection `cell` has the fields `label` and `prediction`.
    """
    clips = confusion.sum(axis=1, keepdims=True)
    share = np.divide(confusion, clips, out=np.zeros(confusion.shape), where=clips > 0)
    table = pd.DataFrame(
        [
            {
                "label": labels[row],
                "prediction": labels[column],
                "count": int(confusion[row, column]),
                "share": float(share[row, column]),
                "error": float(share[row, column]) if row != column else 0.0,
                "right": row == column,
            }
            for row in range(len(labels))
            for column in range(len(labels))
        ]
    )
    table["text"] = [
        "" if count == 0 else (f"{part:.0%}" if shares else str(count))
        for count, part in zip(table["count"], table["share"], strict=True)
    ]
    worst = max(0.05, float(table["error"].max()))
    page, strongest = page_colour(on_dark=on_dark), _STRONGEST["dark" if on_dark else "light"]
    table["ground"] = [
        blend(page, _QUIET, 0.13) if right else blend(page, strongest, error / worst)
        for right, error in zip(table["right"], table["error"], strict=True)
    ]
    table["ink"] = [ink_on(ground, on_dark=on_dark) for ground in table["ground"]]
    order = list(labels)
    chosen = alt.selection_point(name="cell", fields=["label", "prediction"], on="click", empty=False)
    base = alt.Chart(table).encode(
        x=alt.X(
            "prediction:N",
            sort=order,
            title="heard as",
            axis=alt.Axis(
                orient="top",
                labelAngle=-45 if len(order) > 6 else 0,
                labelOverlap=False,  # every column keeps its label
                labelLimit=120,
                domain=False,
                ticks=False,
            ),
        ),
        y=alt.Y("label:N", sort=order, title="spoken", axis=alt.Axis(labelOverlap=False, domain=False, ticks=False)),
    )
    cells = base.mark_rect(cornerRadius=2, cursor="pointer").encode(
        color=alt.Color("ground:N", scale=None),
        stroke=alt.condition(chosen, alt.value(ACCENT), alt.value("#8a979c33")),
        strokeWidth=alt.condition(chosen, alt.value(3), alt.value(1)),
        tooltip=[
            alt.Tooltip("label:N", title="spoken"),
            alt.Tooltip("prediction:N", title="heard as"),
            alt.Tooltip("count:Q", title="clips"),
            alt.Tooltip("share:Q", format=".1%", title="share of the row"),
        ],
    )
    numbers = base.mark_text(fontSize=12).encode(text="text:N", color=alt.Color("ink:N", scale=None))
    size = 46 if len(order) <= 14 else 28
    names = 130 if len(order) > 6 else 80  # above the cells: column labels and title
    return (cells.add_params(chosen) + numbers).properties(height=size * len(order) + names)


def matrix_in_words(confusion: NDArray[np.int64], labels: Sequence[str], most: int = 5) -> str:
    """Say what a confusion matrix shows: the answers that are right, and the most frequent mistakes."""
    wrong = confusion * ~np.eye(len(labels), dtype=bool)
    ranked = [divmod(int(place), len(labels)) for place in np.argsort(-wrong, axis=None, kind="stable")[:most]]
    worst = [
        f"{labels[row]} heard as {labels[column]}: {wrong[row, column]}" for row, column in ranked if wrong[row, column]
    ]
    right = int(confusion.trace())
    return f"{right} of {int(confusion.sum())} answers are right. " + (
        f"Most frequent mistakes: {'; '.join(worst)}." if worst else "There are no mistakes."
    )


def curves_in_words(histories: Mapping[str, pd.DataFrame]) -> str:
    """Say where each curve of validation accuracy is highest."""
    best = (f"{name}: {one['validation_accuracy'].max():.1%} at best" for name, one in histories.items())
    return f"Validation accuracy over the epochs. {'; '.join(best)}."


def label_counts(table: pd.DataFrame) -> alt.Chart:
    """Draw the number of clips per label and split. Columns `label`, `split`, `clips`."""
    return (
        alt.Chart(table)
        .mark_bar(height={"band": 0.75})
        .encode(
            y=alt.Y("label:N", sort="-x", title=None, axis=alt.Axis(ticks=False, domain=False)),
            x=alt.X("clips:Q", title="clips", axis=alt.Axis(tickMinStep=1, tickCount=6)),
            color=alt.Color("split:N", title=None, scale=split_scale(), legend=alt.Legend(orient="top")),
            order=alt.Order("order:Q"),
            tooltip=["label:N", "split:N", "clips:Q"],
        )
        .transform_calculate(order="indexof(['training', 'validation', 'test'], datum.split)")
        .properties(height=alt.Step(22))
    )


def epoch_axis(last: int) -> alt.X:
    """A horizontal axis of epochs up to `last`."""
    return alt.X(
        "epoch:Q",
        title="epoch",
        axis=alt.Axis(tickMinStep=1, format="d", grid=False),
        scale=alt.Scale(domain=[1, max(2, last)], nice=False),
    )


def split_scale(*splits: str) -> alt.Scale:
    """The colours of some splits; of all by default."""
    splits = splits or tuple(SPLIT_COLOURS)
    return alt.Scale(domain=list(splits), range=[SPLIT_COLOURS[split] for split in splits])
