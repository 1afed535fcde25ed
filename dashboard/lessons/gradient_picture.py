"""Draw the way of a gradient back through time as SVG: the factor of every step, and what is left after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from audio_models.lab.gradient_flow import GradientFlow
from audio_models.networks.cells import Numbers
from audio_models.report.colour import PALETTE
from dashboard.lessons import templates

_WIDTH, _HEIGHT = 660, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 8, 126, 358  # of the curves
_LOWEST, _HIGHEST = -8, 4  # powers of ten
_NARROW = 27  # pixels of a step; in fewer, a factor stands upright


@dataclass(frozen=True)
class Line:
    """A curve: what is left after each step back, (steps,), the first is 1."""

    name: str
    values: Numbers
    colour: str
    dash: str
    width: float


def picture(now: GradientFlow, before: GradientFlow | None, direct: str, colour: str, *, hidden: bool) -> Markup:
    """Draw the way of a gradient from the last state, at the right, to the first.

    Args:
        now: of the network as it is.
        before: of the network before training, if it has been trained.
        direct: name of the direct path of a cell with gates.
        colour: of the cell.
        hidden: whether to leave out what is left, which a student is to guess.
    """
    steps = len(now.factors)
    columns = np.linspace(_WIDTH - _RIGHT - 10, _LEFT + 14, steps + 1)  # of h_T, h_{T-1}, ..., h_0
    lines = [] if hidden else _lines(now, before, direct, colour)
    drawn: Markup = templates.macros("gradient_picture.svg").picture(
        _WIDTH, _HEIGHT, _label(now, hidden=hidden),
        nodes=[
            {"x": round(x, 1), "name": _node(place, steps), "anchor": {0: "end", steps: "start"}.get(place, "middle")}
            for place, x in enumerate(columns)
        ],
        factors=[_factor(float(factor), columns[place + 1], columns[place]) for place, factor in enumerate(now.factors)],
        grid=[] if hidden else [
            {"left": _LEFT, "right": _WIDTH - _RIGHT, "y": _height(10.0**power), "text": amount(10.0**power), "strong": power == 0}
            for power in range(_LOWEST, _HIGHEST + 1) if power % 2 == 0
        ],
        lines=[
            {
                "name": line.name, "colour": line.colour, "dash": line.dash, "width": line.width, "x": _LEFT + 170 * place,
                "points": " ".join(f"{x:.1f},{_height(float(y)):.1f}" for x, y in zip(columns, line.values, strict=True)),
            }
            for place, line in enumerate(lines)
        ],
        arrives=None if hidden else _arrives(float(now.norms[-1]), float(columns[-1]), colour),
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


def _node(place: int, steps: int) -> str:
    if place == 0:
        return "last state: the answer"
    return "first symbol" if place == steps else ""


def _factor(factor: float, left: float, right: float) -> dict[str, object]:
    room = right - left
    return {
        "left": round(left + 8, 1), "right": round(right - 8, 1), "x": round(left + 1.5, 1), "width": round(room - 3, 1),
        "middle": round((left + right) / 2, 1), "upright": room < _NARROW, "grows": factor > 1,
        "strength": round(min(0.6, abs(float(np.log(max(factor, 1e-9))))), 2),
        "text": f"{factor:.2f}" if factor < 9.995 else f"{factor:.0f}",
    }  # fmt: skip


def _height(value: float) -> float:
    power = np.clip(np.log10(max(value, 1e-300)), _LOWEST, _HIGHEST)
    return float(round(_TOP + (_HIGHEST - power) / (_HIGHEST - _LOWEST) * (_BOTTOM - _TOP), 1))


def _arrives(left: float, x: float, colour: str) -> dict[str, object]:
    y = _height(left)
    return {
        "x": round(x, 1),
        "y": y,
        "colour": colour,
        "text": _left(left),
        "text_y": y - 10 if y > _TOP + 30 else y + 22,
    }


def _left(share: float) -> str:
    return f"{amount(share)} of it arrives" if share <= 1 else f"{amount(share)} times as large"


def _label(flow: GradientFlow, *, hidden: bool) -> str:
    factors = ", ".join(f"{factor:.2f}" for factor in flow.factors)
    text = (
        f"The gradient travels back from the last state to the first. From step to step it is multiplied by {factors}."
    )
    return text if hidden else f"{text} At the first, {_left(float(flow.norms[-1]))}."
