"""The confusion matrix as a chart and in words."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audio_models.report.colour import ACCENT, blend, ink_on, page_colour
from data.corpus import plain_label
from data.phrases import percent

_QUIET = "#8a979c"  # of right answers
_STRONGEST = {"light": "#b3470a", "dark": "#ffa04d"}  # of the most frequent mistake


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
    plain = {label: plain_label(label, labels) for label in labels}
    table["spoken"], table["heard"] = table["label"].map(plain), table["prediction"].map(plain)
    table["text"] = [
        "" if count == 0 else (f"{percent(part, 0)}" if shares else str(count))
        for count, part in zip(table["count"], table["share"], strict=True)
    ]
    worst = max(0.05, float(table["error"].max()))
    page, strongest = page_colour(on_dark=on_dark), _STRONGEST["dark" if on_dark else "light"]
    table["ground"] = [
        blend(page, _QUIET, 0.13) if right else blend(page, strongest, error / worst)
        for right, error in zip(table["right"], table["error"], strict=True)
    ]
    table["ink"] = [ink_on(ground, on_dark=on_dark) for ground in table["ground"]]
    order = list(plain.values())
    chosen = alt.selection_point(name="cell", fields=["label", "prediction"], on="click", empty=False)
    base = alt.Chart(table).encode(
        x=alt.X(
            "heard:N",
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
        y=alt.Y("spoken:N", sort=order, axis=alt.Axis(labelOverlap=False, domain=False, ticks=False)),
    )
    cells = base.mark_rect(cornerRadius=2, cursor="pointer").encode(
        color=alt.Color("ground:N", scale=None),
        stroke=alt.condition(chosen, alt.value(ACCENT), alt.value("#8a979c33")),
        strokeWidth=alt.condition(chosen, alt.value(3), alt.value(1)),
        tooltip=[
            alt.Tooltip("spoken:N"),
            alt.Tooltip("heard:N", title="heard as"),
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
        f"{plain_label(labels[row])} heard as {plain_label(labels[column])}: {wrong[row, column]}"
        for row, column in ranked
        if wrong[row, column]
    ]
    right = int(confusion.trace())
    return f"{right} of {int(confusion.sum())} answers are right. " + (
        f"Most frequent mistakes: {'; '.join(worst)}." if worst else "There are no mistakes."
    )
