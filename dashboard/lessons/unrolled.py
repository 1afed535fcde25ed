"""Draw a recurrent network as a loop, and unrolled over the first frames of a clip with its weights shared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from audio_models.config import CELL_TITLES
from audio_models.networks.cells import FORWARD, GATES, Numbers
from dashboard.lessons import templates

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings librosa and onnxruntime, which take seconds

_STEPS = 4  # steps drawn before the dots
_SQUARES = 12  # units drawn of a state
_BOX, _GAP, _HIGH = 118, 54, 62
_W, _U, _V = "#0072b2", "#d55e00", "#009e73"  # the three matrices, each with a dash of its own
_DASH = {_W: "none", _U: "7 3", _V: "2 2"}


def picture(found: Inspection) -> Markup:
    """Draw an inspected network as SVG, with its sizes and states.

    Arrows with the same letter, colour and dash are the same matrix. The squares in a cell are the first units of its state
    after that frame: blue is negative, red positive.
    """
    layer = next((one for one in found.trace.layers if one.direction == FORWARD), None)
    if layer is None:
        return _feed_forward(found)
    steps = min(_STEPS, len(layer.states)) + 1
    width, units = layer.inputs.shape[1], layer.hidden.shape[1]
    gates = max(1, len(GATES[found.cell]))
    left = 250
    total = max(left + steps * (_BOX + _GAP) + 20, 900)
    parts: list[Markup] = []
    x_name = "x" if not found.network.convolutions else "c"
    # the loop
    parts += [
        _text(90, 26, "the loop", bold=True),
        _cell(31, 150, CELL_TITLES[found.cell], None),
        _arrow(90, 290, 90, 150 + _HIGH, _W, "W"),
        _arrow(62, 150, 62, 92, _V, "V"),
        _draw().loop(f"M {31 + _BOX} 181 C 215 181 215 92 140 92 C 118 92 116 120 116 145", _U, _DASH[_U]),
        _text(206, 132, "U", colour=_U, bold=True),
        _text(90, 312, f"{x_name}ₜ"),
        _text(62, 82, "answer"),
        _text(226, 186, "=", size=26),
    ]
    # unrolled
    parts.append(
        _text(left + ((steps - 1) * (_BOX + _GAP)) / 2, 26, "unrolled: the same cell at every step", bold=True)
    )
    count = len(layer.states)
    places = [*range(min(_STEPS, count)), *([count - 1] if count > _STEPS else [])]
    every = found.network.readout != "last"
    columns = [left + place * (_BOX + _GAP) for place in range(len(places))]
    for place, (x, step) in enumerate(zip(columns, places, strict=True)):
        middle = x + _BOX / 2
        last = place == len(places) - 1
        gap = count > _STEPS and place == len(places) - 2  # steps that are not drawn
        parts += [
            _cell(x, 150, CELL_TITLES[found.cell], layer.hidden[step]),
            _arrow(middle, 290, middle, 150 + _HIGH, _W, "W"),
            _text(middle, 312, f"{x_name}{_below(step)}"),
            _text(middle, 330, f"{width} numbers", small=True),
        ]
        if every:
            parts.append(_arrow(middle, 150, middle, 124, "#7c878c", ""))
        if not last:
            parts += [
                _arrow(x + _BOX, 181, x + _BOX + (_GAP - 18 if gap else _GAP), 181, _U, "U"),
                _text(x + _BOX + _GAP / 2 - (9 if gap else 0), 204, f"h{_below(step + 1)}", small=True),
            ]
        if gap:
            parts += [_text(x + _BOX + _GAP - 8, 186, "…", size=24), _text(x + _BOX + _GAP / 2, 318, "…", size=24)]
    middle = columns[-1] + _BOX / 2
    if every:
        parts += [
            _draw().bar(columns[0], 100, columns[-1] + _BOX - columns[0], 24),
            _text((columns[0] + columns[-1] + _BOX) / 2, 117, _READOUT[found.network.readout]),
        ]
    parts += [
        _arrow(middle, 98 if every else 150, middle, 66, _V, "V"),
        _text(middle, 58, found.answer, bold=True),
        _text(middle, 40, f"{found.prefix_probabilities[-1].max():.0%}", small=True),
    ]
    parts += _shapes(
        [
            (_W, f"W: {width} × {_product(gates, units)}", "from the frame" if x_name == "x" else "from the convolutions"),
            (_U, f"U: {units} × {_product(gates, units)}", "from the state before"),
            (_V, f"V: {found.trace.summary.shape[0]} × {len(found.labels)}", f"answer, from {_READOUT[found.network.readout]}"),
        ],
        total,
    )  # fmt: skip
    return _picture(total, parts)


_READOUT = {"last": "the last state", "mean": "the mean of all states", "attention": "attention over all states"}


def _feed_forward(found: Inspection) -> Markup:
    steps = min(_STEPS, len(found.trace.hidden))
    width, units = found.trace.frames.shape[1], found.trace.hidden.shape[1]
    total = 60 + (steps + 1) * (_BOX + _GAP) + 140
    parts = [_text(total / 2, 26, "no loop: each frame alone, then the mean", bold=True)]
    for step in [*range(steps), *([-1] if len(found.trace.hidden) > _STEPS else [])]:
        x = 40 + (steps if step < 0 else step) * (_BOX + _GAP)
        middle = x + _BOX / 2
        number = len(found.trace.hidden) - 1 if step < 0 else step
        peak = max(float(np.abs(found.trace.hidden).max()), 1e-9)
        if step < 0:  # frames that are not drawn
            parts.append(_text(x - _GAP / 2, 186, "…", size=24))
        parts += [
            _cell(x, 150, "Dense", found.trace.hidden[step] / peak),
            _arrow(middle, 290, middle, 150 + _HIGH, _W, "W"),
            _text(middle, 312, f"x{_below(number)}"),
            _arrow(middle, 150, middle, 104, "#7c878c", ""),
        ]
    parts += [
        _draw().bar(40, 72, total - 220, 30),
        _text(40 + (total - 220) / 2, 92, "mean over all frames"),
        _arrow(total - 180, 87, total - 110, 87, _V, "V"),
        _text(total - 62, 92, found.answer, bold=True),
        *_shapes(
            [(_W, f"W: {width} × {units}", "from the frame"), (_V, f"V: {units} × {len(found.labels)}", "answer")],
            total,
        ),
    ]
    return _picture(total, parts)


def _draw() -> Any:
    """The shapes of the template, as functions."""
    return templates.macros("unrolled.svg")


def _picture(width: float, parts: Sequence[Markup]) -> Markup:
    drawn: Markup = _draw().picture(round(width), 372, parts)
    return drawn.strip()


def _cell(x: float, y: float, name: str, state: Numbers | None) -> Markup:
    parts = [_draw().cell(x, y, _BOX, _HIGH), _text(x + _BOX / 2, y + 24, name, bold=True)]
    if state is not None:
        side = (_BOX - 20) / _SQUARES
        parts += [
            _draw().unit(x + 10 + place * side, y + 38, side - 1, float(value))
            for place, value in enumerate(state[:_SQUARES])
        ]
    return Markup("").join(parts)


def _arrow(x1: float, y1: float, x2: float, y2: float, colour: str, name: str) -> Markup:
    beside = (x1 + x2) / 2 + (0 if y1 == y2 else 12), (y1 + y2) / 2 - (8 if y1 == y2 else -4)
    line: Markup = _draw().arrow(x1, y1, x2, y2, colour, _DASH.get(colour, "none"))
    return line + _text(*beside, name, colour=colour, bold=True)


def _text(
    x: float, y: float, text: str, *, bold: bool = False, small: bool = False, colour: str = "", size: int = 0
) -> Markup:
    drawn: Markup = _draw().text(x, y, text, bold, size or (11 if small else 0), colour)
    return drawn


def _shapes(rows: list[tuple[str, str, str]], total: float) -> list[Markup]:
    """The legend along the lower edge."""
    each = (total - 40) / len(rows)
    return [
        _draw().legend(20 + place * each, shape, meaning, colour, _DASH[colour])
        for place, (colour, shape, meaning) in enumerate(rows)
    ]


def _product(gates: int, units: int) -> str:
    return f"{units}" if gates == 1 else f"({gates} · {units})"


def _below(number: int) -> str:
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(number))
