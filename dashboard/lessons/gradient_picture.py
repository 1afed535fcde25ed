"""Draw the way of a gradient back through time as SVG: the factor of every step, and what is left after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from audio_models.lab.gradient_flow import GradientFlow
from audio_models.networks.cells import Numbers
from audio_models.report.colour import PALETTE
from dashboard.lessons import templates

_WIDTH, _NARROW = 660, 380
_LEFT, _RIGHT = 48, 8
_TOP, _CURVES, _KEY = (
    126,
    232,
    20,
)  # pixels: above the curves below one row of factors, of the curves, of a row of their key
_ROW = 86  # pixels from one row of factors to the next
_FEW = 10  # factors in a row of the narrow picture
_LOWEST, _HIGHEST = -8, 4  # powers of ten
_UPRIGHT = 27  # pixels of a step; in fewer, a factor stands upright


@dataclass(frozen=True)
class Line:
    """A curve: what is left after each step back, (steps,), the first is 1."""

    name: str
    values: Numbers
    colour: str
    dash: str
    width: float


def picture(
    now: GradientFlow, before: GradientFlow | None, direct: str, colour: str, *, hidden: bool, narrow: bool = False
) -> Markup:
    """Draw the way of a gradient from the last state, at the right, to the first.

    Args:
        now: of the network as it is.
        before: of the network before training, if it has been trained.
        direct: name of the direct path of a cell with gates.
        colour: of the cell.
        hidden: whether to leave out what is left, which a student is to guess.
        narrow: for a phone: the way goes on in rows below each other.
    """
    steps = len(now.factors)
    width, each = (_NARROW, _FEW) if narrow else (_WIDTH, steps)
    right, left = width - _RIGHT - 10, _LEFT + 14
    rows = [_row(now.factors, first, each, np.linspace(right, left, each + 1)) for first in range(0, steps, each)]
    top = _TOP + _ROW * (len(rows) - 1)
    columns = np.linspace(right, left, steps + 1)  # of h_T, h_{T-1}, ..., h_0
    lines = [] if hidden else _lines(now, before, direct, colour)
    keys = [(_LEFT, _KEY * place) if narrow else (_LEFT + 170 * place, 0) for place in range(len(lines))]
    height = top + (0 if hidden else _CURVES + 2 * _KEY + max(y for _, y in keys))
    drawn: Markup = templates.macros("gradient_picture.svg").picture(
        width, height, _label(now, hidden=hidden),
        rows=rows,
        grid=[] if hidden else [
            {"left": _LEFT, "right": width - _RIGHT, "y": _height(10.0**power, top), "text": amount(10.0**power), "strong": power == 0}
            for power in range(_LOWEST, _HIGHEST + 1) if power % 2 == 0
        ],
        lines=[
            {
                "name": line.name, "colour": line.colour, "dash": line.dash, "width": line.width,
                "x": x, "y": top + _CURVES + 30 + y,
                "points": " ".join(f"{x:.1f},{_height(float(y), top):.1f}" for x, y in zip(columns, line.values, strict=True)),
            }
            for line, (x, y) in zip(lines, keys, strict=True)
        ],
        arrives=None if hidden else _arrives(float(now.norms[-1]), float(columns[-1]), colour, top),
    )  # fmt: skip
    return drawn.strip()


def amount(value: float) -> str:
    """Write a share in a few characters: 1, 0.024, 3·10⁻⁷."""
    if value == 0:
        return "0"
    power = int(np.floor(np.log10(value)))
    if -3 <= power <= 2:
        return f"{value:.2g}" if power < 2 else f"{value:.0f}"
    mantissa = f"{value / 10.0**power:.0f}"
    if mantissa == "10":
        mantissa, power = "1", power + 1
    raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if mantissa == "1" else f"{mantissa}·10{raised}"


def _lines(now: GradientFlow, before: GradientFlow | None, direct: str, colour: str) -> list[Line]:
    lines = [] if before is None else [Line("before training", before.norms, PALETTE[6], "3 4", 2)]
    lines.append(Line("now" if before else "what is left", now.norms, colour, "none", 3))
    if now.direct is not None:
        lines.append(Line(direct, now.direct, PALETTE[3], "8 4", 2))
    return lines


def _row(factors: Numbers, first: int, each: int, columns: Numbers) -> dict[str, object]:
    """The states and factors from step `first` on, `each` at most, at `columns` from the right to the left."""
    here = factors[first : first + each]
    last = first + len(here) == len(factors)
    names = {0: ("last state: the answer", "end")} if first == 0 else {}
    if last:
        names[len(here)] = ("first symbol", "start" if len(here) == each else "middle")
    return {
        "y": _ROW * (first // each),
        "nodes": [
            {"x": round(columns[place], 1), "name": names.get(place, ("", ""))[0], "anchor": names.get(place, ("", ""))[1]}
            for place in range(len(here) + 1)
        ],
        "factors": [_factor(float(factor), columns[place + 1], columns[place]) for place, factor in enumerate(here)],
    }  # fmt: skip


def _factor(factor: float, left: float, right: float) -> dict[str, object]:
    room = right - left
    return {
        "left": round(left + 8, 1), "right": round(right - 8, 1), "x": round(left + 1.5, 1), "width": round(room - 3, 1),
        "middle": round((left + right) / 2, 1), "upright": room < _UPRIGHT, "grows": factor > 1,
        "strength": round(min(0.6, abs(float(np.log(max(factor, 1e-9))))), 2),
        "text": f"{factor:.2f}" if factor < 9.995 else f"{factor:.0f}",
    }  # fmt: skip


def _height(value: float, top: float) -> float:
    power = np.clip(np.log10(max(value, 1e-300)), _LOWEST, _HIGHEST)
    return float(round(top + (_HIGHEST - power) / (_HIGHEST - _LOWEST) * _CURVES, 1))


def _arrives(left: float, x: float, colour: str, top: float) -> dict[str, object]:
    y = _height(left, top)
    return {
        "x": round(x, 1),
        "y": y,
        "colour": colour,
        "text": _left(left),
        "text_y": y - 10 if y > top + 30 else y + 22,
    }


def _left(share: float) -> str:
    return f"{amount(share)} of it arrives" if share <= 1 else f"{amount(share)} times as large"


def _label(flow: GradientFlow, *, hidden: bool) -> str:
    factors = ", ".join(f"{factor:.2f}" for factor in flow.factors)
    text = (
        f"The gradient travels back from the last state to the first. From step to step it is multiplied by {factors}."
    )
    return text if hidden else f"{text} At the first, {_left(float(flow.norms[-1]))}."
