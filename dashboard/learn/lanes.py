"""Draw one cell as a loop, and unrolled over a clip, with the lanes on which its state is handed on: h, and an LSTM's c."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from audio_models.networks.cells import Numbers, State
from dashboard.lessons import templates

_C, _H, _X, _OUT = "#d55e00", "#3d8fd1", "#7c878c", "#009e73"  # 3 to 1 and more on light and dark
_DASH = {_C: "7 3", _H: "none", _X: "none", _OUT: "2 2"}
_BOX, _GAP, _LEFT, _SQUARES = 92, 38, 40, 9
_NAME = "lanes"  # of the picture among those of the page
_TOP, _HIGH, _ROWS = 66, 126, {"c": 100, "h": 152}


def unrolled(states: Sequence[State], answer: str, erased: tuple[int, str] | None, *, few: bool = False) -> Markup:
    """Draw the first two steps, those around an erasure, and the last.

    Args:
        states: after each frame.
        answer: after the last.
        erased: before this frame, this lane is set to zero.
        few: leave out the first two steps, for a narrow page.
    """
    last = len(states) - 1
    around = (erased[0] - 1, erased[0]) if erased else (2, 3)
    first = () if few and erased else (0, 1)
    steps = sorted({*first, *(around if erased or not few else ()), last} & set(range(last + 1)))
    lanes = _lanes(states[0])
    parts: list[Markup] = []
    for place, step in enumerate(steps):
        x = _LEFT + place * (_BOX + _GAP)
        parts += [*_cell(x, lanes, states[step]), *_frame(x, f"frame {step + 1}")]
        if step == 0:
            parts += [part for lane in lanes for part in _lane(lane, x - _GAP, "0")]
        if step == last:
            parts += [_arrow(x + _BOX / 2, _TOP, x + _BOX / 2, 30, _OUT), _text(x + _BOX / 2, 22, answer, bold=True)]
        else:
            skips = steps[place + 1] > step + 1
            for lane in lanes:
                cut = erased is not None and erased == (steps[place + 1], lane)
                parts += _lane(lane, x + _BOX, "= 0" if cut else "…" if skips else "", cut=cut)
    says = f"The cell unrolled over {last + 1} frames, with its state handed on from step to step"
    return _picture(_LEFT + len(steps) * (_BOX + _GAP) - _GAP + 6, says, parts)


def loop(state: State, answer: str) -> Markup:
    """Draw the cell once, with its lanes led back to it.

    Args:
        state: after the last frame.
        answer: from it.
    """
    x = 280
    parts = [*_cell(x, _lanes(state), state), *_frame(x, "frame t")]
    parts += [_arrow(x + _BOX / 2, _TOP, x + _BOX / 2, 30, _OUT), _text(x + _BOX / 2, 22, answer, bold=True)]
    for lane, wide in zip(_lanes(state), (150, 100), strict=False):
        y, colour, low = _ROWS[lane], _colour(lane), 238 if lane == "h" else 44
        path = f"M {x + _BOX} {y} C {x + _BOX + wide} {y} {x + _BOX + wide} {low} {x + _BOX / 2} {low} S {x - wide} {y} {x - 4} {y}"
        parts += [
            _draw().loop(path, colour, _DASH[colour], _NAME),
            _text(x + _BOX + wide / 2, y - 6, lane, bold=True),
        ]
    return _picture(
        _LEFT + 5 * (_BOX + _GAP) - _GAP + 6, "The cell as a loop: its state leaves it and enters it again", parts
    )


def _lanes(state: State) -> tuple[str, ...]:
    return ("h",) if state.c is None else ("c", "h")


def _cell(x: float, lanes: Sequence[str], state: State) -> list[Markup]:
    parts = [_draw().cell(x, _TOP, _BOX, _HIGH)]
    for lane in lanes:
        values: Numbers | None = state.h if lane == "h" else state.c
        assert values is not None
        side = (_BOX - 12) / _SQUARES
        parts += [
            _text(x + _BOX / 2, _ROWS[lane] - 11, f"{lane}, {_SQUARES} of {len(values)}", size=11),
            *(_draw().unit(x + 6 + n * side, _ROWS[lane] - 6, side - 1, float(v)) for n, v in enumerate(values[:_SQUARES])),
        ]  # fmt: skip
    return parts


def _frame(x: float, name: str) -> list[Markup]:
    middle, below = x + _BOX / 2, _TOP + _HIGH
    return [
        _arrow(middle, below + 48, middle, below, _X),
        _text(middle + 13, below + 30, "W", bold=True),
        _text(middle, below + 64, name),
    ]


def _lane(lane: str, x: float, note: str, *, cut: bool = False) -> list[Markup]:
    y, colour = _ROWS[lane], _colour(lane)
    middle = x + _GAP / 2
    if cut:
        ends = [(x, middle - 10), (middle + 10, x + _GAP)]
        cross = [_arrow(start, y, end, y, colour) for start, end in ends]
        return [
            *cross,
            _text(middle, y + 6, "✕", "#d1242f", bold=True, size=20),
            _text(middle, y + 24, note, bold=True),
        ]
    over = "U" if lane == "h" else "f ⊙"
    return [
        _arrow(x, y, x + _GAP, y, colour),
        _text(middle - 3, y - 7, over, bold=True, size=12),
        *([_text(middle, y + 18, note, size=13)] if note else []),
    ]


def _colour(lane: str) -> str:
    return _H if lane == "h" else _C


def _draw() -> Any:
    return templates.macros("unrolled.svg")


def _arrow(x1: float, y1: float, x2: float, y2: float, colour: str) -> Markup:
    drawn: Markup = _draw().arrow(x1, y1, x2, y2, colour, _DASH[colour], _NAME)
    return drawn


def _text(x: float, y: float, text: str, colour: str = "", *, bold: bool = False, size: int = 0) -> Markup:
    drawn: Markup = _draw().text(x, y, text, bold, size, colour)
    return drawn


def _picture(width: float, says: str, parts: Sequence[Markup]) -> Markup:
    drawn: Markup = _draw().picture(round(width), 268, parts, says, _NAME)
    return drawn.strip()
