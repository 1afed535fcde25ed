"""How each cell looks on every page: one colour, dash and shape for SimpleRNN, LSTM, GRU and the network without memory.

Altair channels for charts whose rows are cells, or runs. Colour is never alone: a dash or a shape says the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import altair as alt
import pandas as pd

from audio_models.config import CELL_TITLES, Cell
from audio_models.report.colour import DASHES, PALETTE
from dashboard.shared.charts import epoch_axis

Look = TypeVar("Look")


@dataclass(frozen=True)
class CellLook:
    """The look of a cell.

    Attributes:
        title: its name, short enough for a phone.
        colour: of its lines and marks.
        dash: of its lines.
        shape: of its points, as Vega names it.
    """

    title: str
    colour: str
    dash: list[int]
    shape: str


def _look(cell: Cell, colour: int, dash: int, shape: str) -> CellLook:
    return CellLook(CELL_TITLES[cell].split(" (")[0], PALETTE[colour], DASHES[dash], shape)


CELL_LOOKS: dict[Cell, CellLook] = {
    "simple_rnn": _look("simple_rnn", 1, 1, "triangle-up"),
    "lstm": _look("lstm", 0, 0, "circle"),
    "gru": _look("gru", 2, 2, "square"),
    "feed_forward": _look("feed_forward", 3, 3, "diamond"),
}

_GLYPHS = {"triangle-up": "▲", "circle": "●", "square": "■", "diamond": "◆"}
_SPARE_COLOURS = [colour for colour in PALETTE if colour not in {look.colour for look in CELL_LOOKS.values()}]
_SPARE_DASHES = sorted((dash for dash in DASHES if dash not in [look.dash for look in CELL_LOOKS.values()]), key=sum)


def colour_scale(names: Sequence[str], cells: Sequence[Cell], *, distinct: bool = False) -> alt.Scale:
    """The colours of rows that are cells or runs: each has its cell's.

    Args:
        names: of the rows, in the order of the legend.
        cells: the cell of each.
        distinct: whether a second row of the same cell gets a spare colour, where no dash tells them apart.
    """
    colours = [CELL_LOOKS[cell].colour for cell in cells]
    return alt.Scale(domain=list(names), range=_distinct(colours, _SPARE_COLOURS) if distinct else colours)


def dash_scale(names: Sequence[str], cells: Sequence[Cell]) -> alt.Scale:
    """The dashes of rows that are cells or runs; a second row of the same cell gets a spare one."""
    return alt.Scale(domain=list(names), range=_distinct([CELL_LOOKS[cell].dash for cell in cells], _SPARE_DASHES))


def shape_scale(names: Sequence[str], cells: Sequence[Cell]) -> alt.Scale:
    """The shapes of rows that are cells or runs."""
    return alt.Scale(domain=list(names), range=[CELL_LOOKS[cell].shape for cell in cells])


def compared_curves(histories: Mapping[str, pd.DataFrame], cells: Sequence[Cell]) -> alt.Chart:
    """Draw validation accuracy over the epochs, one line per run, in the colour of its cell.

    Args:
        histories: columns `epoch`, `validation_accuracy`, by the run's name.
        cells: the cell of each.
    """
    table = pd.concat([history.assign(run=name) for name, history in histories.items()])
    names = list(histories)
    return (
        alt.Chart(table)
        .mark_line(point=alt.OverlayMarkDef(size=22), strokeWidth=2)
        .encode(
            x=epoch_axis(int(table["epoch"].max())),
            y=alt.Y(
                "validation_accuracy:Q",
                title="validation accuracy",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=alt.Color(
                "run:N",
                title=None,
                scale=colour_scale(names, cells),
                legend=alt.Legend(
                    orient="bottom", direction="vertical", labelLimit=300, symbolType="stroke", symbolSize=500
                ),
            ),
            strokeDash=alt.StrokeDash("run:N", title=None, scale=dash_scale(names, cells)),
            tooltip=[
                "run:N",
                "epoch:Q",
                alt.Tooltip("validation_accuracy:Q", format=".1%", title="validation accuracy"),
            ],
        )
        .properties(height=250 + 36 * len(names))
    )


def badge(cell: Cell) -> str:
    """The cell's title after its shape in its colour, as Markdown with HTML."""
    look = CELL_LOOKS[cell]
    return f'<span style="color:{look.colour}" aria-hidden="true">{_GLYPHS[look.shape]}</span> {look.title}'


def _distinct(looks: Sequence[Look], spare: Sequence[Look]) -> list[Look]:
    """Replace what occurred before by the spare ones in turn."""
    left = list(spare)
    return [left.pop(0) if look in looks[:place] and left else look for place, look in enumerate(looks)]
