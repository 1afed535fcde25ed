"""Draw a recurrent network as a loop, and unrolled over the first frames of a clip with its weights shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from audio_models.config import CELL_TITLES
from audio_models.networks.cells import FORWARD, GATES, Numbers
from audio_models.networks.numpy_network import LayerTrace
from dashboard.lessons import templates
from data.phrases import percent

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings librosa and onnxruntime, which take seconds

_W, _U, _V, _GREY = "#0072b2", "#d55e00", "#009e73", "#7c878c"  # the three matrices, each with a dash of its own
_DASH = {_W: "none", _U: "7 3", _V: "2 2"}


@dataclass(frozen=True)
class _Layout:
    """Sizes of a picture in pixels.

    Attributes:
        name: what its marker is called; two pictures may stand on one page.
        steps: drawn before the dots.
        box: width of a cell.
        gap: between two cells.
        squares: units drawn of a state.
        left, down: where the unrolled network begins.
        least: width of the picture.
    """

    name: str
    steps: int
    box: int
    gap: int
    squares: int
    left: int
    down: int
    least: int


_WIDE = _Layout("wide", 4, 118, 54, 12, 250, 0, 900)
_NARROW = _Layout("narrow", 2, 92, 36, 8, 14, 336, 376)
_HIGH = 62  # of a cell


def picture(found: Inspection, *, narrow: bool = False) -> Markup:
    """Draw an inspected network as SVG, with its sizes and states.

    Arrows with the same letter, colour and dash are the same matrix. The squares in a cell are the first units of its state
    after that frame: blue is negative, red positive.

    Args:
        narrow: for a phone: the loop above, and fewer steps.
    """
    draw = _Drawing(_NARROW if narrow else _WIDE)
    layer = next((one for one in found.trace.layers if one.direction == FORWARD), None)
    return _feed_forward(found, draw) if layer is None else _recurrent(found, layer, draw)


def _recurrent(found: Inspection, layer: LayerTrace, draw: _Drawing) -> Markup:
    at = draw.layout
    count = len(layer.states)
    places = [*range(min(at.steps, count)), *([count - 1] if count > at.steps else [])]
    total = max(at.left + len(places) * (at.box + at.gap) - at.gap + 20, at.least)
    title = CELL_TITLES[found.cell]
    width, units = layer.inputs.shape[1], layer.hidden.shape[1]
    gates = max(1, len(GATES[found.cell]))
    x_name = "x" if not found.network.convolutions else "c"
    shift = 0 if at is _WIDE else (total - 250) // 2
    parts: list[Markup] = [
        draw.text(90 + shift, 26, "the loop", bold=True),
        draw.cell(31 + shift, 150, title, None, _WIDE),
        draw.arrow(90 + shift, 290, 90 + shift, 150 + _HIGH, _W, "W"),
        draw.arrow(62 + shift, 150, 62 + shift, 92, _V, "V"),
        draw.loop(31 + shift + _WIDE.box, _U),
        draw.text(206 + shift, 132, "U", colour=_U, bold=True),
        draw.text(90 + shift, 312, f"{x_name}ₜ"),
        draw.text(62 + shift, 82, "answer"),
    ]
    if at is _WIDE:
        parts.append(draw.text(226, 186, "=", size=26))
    down = at.down
    columns = [at.left + place * (at.box + at.gap) for place in range(len(places))]
    every = found.network.readout != "last"
    parts.append(
        draw.text(
            (columns[0] + columns[-1] + at.box) / 2, down + 26, "unrolled: the same cell at every step", bold=True
        )
    )
    for place, (x, step) in enumerate(zip(columns, places, strict=True)):
        middle = x + at.box / 2
        gap = count > at.steps and place == len(places) - 2  # steps that are not drawn
        parts += [
            draw.cell(x, down + 150, title, layer.hidden[step], at),
            draw.arrow(middle, down + 290, middle, down + 150 + _HIGH, _W, "W"),
            draw.text(middle, down + 312, f"{x_name}{_below(step)}"),
            draw.text(middle, down + 330, f"{width} numbers", small=True),
        ]
        if every:
            parts.append(draw.arrow(middle, down + 150, middle, down + 124, _GREY, ""))
        if place < len(places) - 1:
            parts += [
                draw.arrow(x + at.box, down + 181, x + at.box + (at.gap - 18 if gap else at.gap), down + 181, _U, "U"),
                draw.text(x + at.box + at.gap / 2 - (9 if gap else 0), down + 204, f"h{_below(step + 1)}", small=True),
            ]
        if gap:
            parts += [
                draw.text(x + at.box + at.gap - 8, down + 186, "…", size=24),
                draw.text(x + at.box + at.gap / 2, down + 318, "…", size=24),
            ]
    middle = columns[-1] + at.box / 2
    if every:
        parts += [
            draw.bar(columns[0], down + 100, columns[-1] + at.box - columns[0], 24),
            draw.text((columns[0] + columns[-1] + at.box) / 2, down + 117, _READOUT[found.network.readout]),
        ]
    parts += [
        draw.arrow(middle, down + (98 if every else 150), middle, down + 66, _V, "V"),
        draw.text(middle, down + 58, found.answer, bold=True),
        draw.text(middle, down + 42, percent(found.prefix_probabilities[-1].max(), 0), small=True),
    ]
    legend = [
        (_W, f"W: {width} × {_product(gates, units)}", "from the frame" if x_name == "x" else "from the convolutions"),
        (_U, f"U: {units} × {_product(gates, units)}", "from the state before"),
        (_V, "V: " + " × ".join(map(str, (len(found.trace.summary), *found.network.dense, len(found.labels)))), f"answer, from {_READOUT[found.network.readout]}"),
    ]  # fmt: skip
    return draw.picture(total, down + 355, parts, legend, "The network as a loop and unrolled over time")


_READOUT = {"last": "the last state", "mean": "the mean of all states", "attention": "attention over all states"}


def _feed_forward(found: Inspection, draw: _Drawing) -> Markup:
    at = draw.layout
    hidden = found.trace.hidden
    count, width, units = len(hidden), found.trace.frames.shape[1], hidden.shape[1]
    places = [*range(min(at.steps, count)), *([count - 1] if count > at.steps else [])]
    columns = [14 + place * (at.box + at.gap) for place in range(len(places))]
    total = max(columns[-1] + at.box + 14, at.least)
    peak = max(float(np.abs(hidden).max()), 1e-9)
    parts = [draw.text(total / 2, 22, "no loop: each frame alone, then the mean", bold=True)]
    for place, (x, step) in enumerate(zip(columns, places, strict=True)):
        middle = x + at.box / 2
        if count > at.steps and place == len(places) - 1:  # frames that are not drawn
            parts.append(draw.text(x - at.gap / 2, 216, "…", size=24))
        parts += [
            draw.cell(x, 180, "Dense", hidden[step] / peak, at),
            draw.arrow(middle, 310, middle, 180 + _HIGH, _W, "W"),
            draw.text(middle, 332, f"x{_below(step)}"),
            draw.arrow(middle, 180, middle, 148, _GREY, ""),
        ]
    middle = (columns[0] + columns[-1] + at.box) / 2
    parts += [
        draw.bar(columns[0], 118, columns[-1] + at.box - columns[0], 28),
        draw.text(middle, 137, "mean over all frames"),
        draw.arrow(middle, 118, middle, 76, _V, "V"),
        draw.text(middle, 68, found.answer, bold=True),
        draw.text(middle, 50, percent(found.prefix_probabilities[-1].max(), 0), small=True),
    ]
    legend = [(_W, f"W: {width} × {units}", "from the frame"), (_V, f"V: {units} × {len(found.labels)}", "answer")]
    return draw.picture(total, 355, parts, legend, "The network: each frame alone, then the mean over all frames")


@dataclass(frozen=True)
class _Drawing:
    """The shapes of the template in one layout."""

    layout: _Layout

    def picture(
        self, width: float, height: float, parts: Sequence[Markup], legend: Sequence[tuple[str, str, str]], says: str
    ) -> Markup:
        """Put shapes on a page, with a legend (colour, shape, meaning) along the lower edge."""
        rows: list[Markup] = []
        stacked = self.layout is not _WIDE
        for place, (colour, shape, meaning) in enumerate(legend):
            x = 20 if stacked else 20 + place * (width - 40) / len(legend)
            y = height + (20 * place if stacked else 0)
            rows.append(_macros().legend(x, y, shape, meaning, colour, _DASH[colour]))
        height += 17 + (20 * (len(legend) - 1) if stacked else 0)
        drawn: Markup = _macros().picture(round(width), height, [*parts, *rows], says, self.layout.name)
        return drawn.strip()

    def cell(self, x: float, y: float, name: str, state: Numbers | None, layout: _Layout) -> Markup:
        parts = [_macros().cell(x, y, layout.box, _HIGH), self.text(x + layout.box / 2, y + 24, name, bold=True)]
        if state is not None:
            side = (layout.box - 20) / layout.squares
            parts += [
                _macros().unit(x + 10 + place * side, y + 38, side - 1, float(value))
                for place, value in enumerate(state[: layout.squares])
            ]
        return Markup("").join(parts)

    def arrow(self, x1: float, y1: float, x2: float, y2: float, colour: str, name: str) -> Markup:
        beside = (x1 + x2) / 2 + (0 if y1 == y2 else 12), (y1 + y2) / 2 - (8 if y1 == y2 else -4)
        line: Markup = _macros().arrow(x1, y1, x2, y2, colour, _DASH.get(colour, "none"), self.layout.name)
        return line + self.text(*beside, name, colour=colour, bold=True)

    def loop(self, x: float, colour: str) -> Markup:
        """The state that leaves a cell at `x` and enters it again."""
        path = f"M {x} 181 C {x + 66} 181 {x + 66} 92 {x - 9} 92 C {x - 31} 92 {x - 33} 120 {x - 33} 145"
        made: Markup = _macros().loop(path, colour, _DASH[colour], self.layout.name)
        return made

    def bar(self, x: float, y: float, width: float, height: float) -> Markup:
        made: Markup = _macros().bar(x, y, width, height)
        return made

    def text(
        self, x: float, y: float, text: str, *, bold: bool = False, small: bool = False, colour: str = "", size: int = 0
    ) -> Markup:
        made: Markup = _macros().text(x, y, text, bold, size or (11 if small else 0), colour)
        return made


def _macros() -> Any:
    return templates.macros("unrolled.svg")


def _product(gates: int, units: int) -> str:
    return f"{units}" if gates == 1 else f"({gates} · {units})"


def _below(number: int) -> str:
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(number))
