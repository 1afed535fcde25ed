"""Tables of figures, each with its count and interval, as Markdown and as JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from audio_models.listening.false_alarms import AlarmRate
from audio_models.recognition.open_set import Rate

Figure = Rate | AlarmRate


@dataclass(frozen=True)
class Column:
    """The figures of one network.

    Attributes:
        threshold: that they were measured at; None for networks that each have their own.
        figures: by the title of the row.
    """

    threshold: float | None
    figures: Mapping[str, Figure]


Table = Mapping[str, Column]
"""Columns by the name of the network."""


def as_markdown(table: Table) -> str:
    """Write a row for each figure and a column for each network."""
    titles = dict.fromkeys(title for column in table.values() for title in column.figures)
    rows = [["", *table], ["---"] * (1 + len(table))]
    thresholds = [column.threshold for column in table.values()]
    if any(one is not None for one in thresholds):
        rows.append(["threshold", *("" if one is None else f"{one:.3f}" for one in thresholds)])
    rows += [[title, *(_cell(column.figures.get(title)) for column in table.values())] for title in titles]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return figure.text if isinstance(figure, Rate) else figure.rate_text


def as_numbers(table: Table) -> dict[str, Any]:
    """Convert a table to JSON values."""
    return {
        name: {
            "threshold": column.threshold,
            "figures": {
                title: {**asdict(figure), "interval": [figure.interval.low, figure.interval.high]}
                for title, figure in column.figures.items()
            },
        }
        for name, column in table.items()
    }
