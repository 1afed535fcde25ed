"""Small cells whose weights were chosen by hand, each to do one thing; a student changes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audio_models.config import Cell
from audio_models.networks.cells import GATES, CellWeights, Numbers
from dashboard.lessons.cell.data import cell_data

STEPS = 20


@dataclass(frozen=True)
class SmallCell:
    """A cell with one input.

    Attributes:
        name: what it does, on a button.
        says: how, and what to try.
        cell: which cell.
        weights: its weights.
        sequence: what it reads at first, (steps,).
        shows: the part whose formula is open at first.
    """

    name: str
    says: str
    cell: Cell
    weights: CellWeights
    sequence: Numbers
    shows: str


def _weights(cell: Cell, *, x: Sequence[object], h: Sequence[object], b: Sequence[object]) -> CellWeights:
    """Weights from one row per unit: x, h and b give each gate's weights in the cell's order of gates.

    A row of x or b has a number per gate; a row of h, for the unit that is read, a number per gate and unit.
    """
    kernel, recurrent, bias = np.atleast_2d(np.array(x, float)), np.atleast_2d(np.array(h, float)), np.array(b, float)
    if cell == "gru":
        bias = np.stack([bias, np.zeros_like(bias)])
    units = len(recurrent)
    assert recurrent.shape[1] == units * max(1, len(GATES[cell]))
    return CellWeights(kernel, recurrent, bias)


def _pulses(**places: Sequence[int]) -> Numbers:
    sequence = np.zeros(STEPS)
    sequence[list(places.get("ones", ()))] = 1
    sequence[list(places.get("minus", ()))] = -1
    return sequence


SMALL_CELLS = (
    SmallCell(
        "Fading echo",
        "Each step keeps tanh of 0.8 times the state: one pulse fades within a few steps. Set the weight of h to 1.5: what happens to a pulse, and what to its size?",
        "simple_rnn", _weights("simple_rnn", x=[1.5], h=[0.8], b=[0]), _pulses(ones=[2]), "state",
    ),
    SmallCell(
        "Latch",
        "A weight of 3 holds the state near 1 or −1, so one bit is kept. But tanh is flat there, so almost no gradient passes: try to make it forget with one −1.",
        "simple_rnn", _weights("simple_rnn", x=[4], h=[3], b=[0]), _pulses(ones=[3], minus=[12]), "state",
    ),
    SmallCell(
        "Odd or even",
        "A state machine of two units: they differ while the number of ones so far is odd, and agree while it is even. Add a one: what does each unit do?",
        "simple_rnn", _weights("simple_rnn", x=[6, 6], h=[[3, 3], [-3, -3]], b=[-3, -9]), _pulses(ones=[2, 5, 9, 14]), "state",
    ),
    SmallCell(
        "Counter",
        "The forget gate is open and the input gate too, so the cell state adds each one. How far can it count, and what does h show of it?",
        "lstm", _weights("lstm", x=[0, 0, 3, 0], h=[0, 0, 0, 0], b=[8, 8, 0, 8]), _pulses(ones=[1, 4, 5, 9, 13]), "candidate",
    ),
    SmallCell(
        "Write and delete",
        "A 1 opens the input gate and writes; a −1 shuts the forget gate and deletes; a 0 changes nothing. Which weight makes the forget gate shut?",
        "lstm", _weights("lstm", x=[10, 10, 3, 0], h=[0, 0, 0, 0], b=[-5, 5, 0, 8]), _pulses(ones=[2], minus=[12]), "forget",
    ),
    SmallCell(
        "First one only",
        "Once something is stored, h shuts the input gate: later ones are ignored. Which weight does that? Set it to 0.",
        "lstm", _weights("lstm", x=[0, 0, 3, 0], h=[-10, 0, 0, 0], b=[4, 8, 0, 8]), _pulses(ones=[3], minus=[8, 9, 10, 14]), "input",
    ),
    SmallCell(
        "Moving average",
        "The update gate keeps 90 % of the state and renews 10 %, whatever comes in. Move its bias: what does a slower average miss?",
        "gru", _weights("gru", x=[0, 0, 1], h=[0, 0, 0], b=[2.2, 0, 0]), _pulses(ones=[2, 3, 4, 5, 6, 7, 8, 9]), "update",
    ),
    SmallCell(
        "Write and hold",
        "A 1 shuts the update gate, so the state is renewed; 0 and −1 leave it open, so the state stays. Why can no weights make both 1 and −1 write?",
        "gru", _weights("gru", x=[-10, 0, 3], h=[0, 0, 0], b=[5, 0, 0]), _pulses(ones=[3], minus=[12]), "update",
    ),
    SmallCell(
        "Odd or even",
        "A 1 lets the candidate in, which is the opposite of the state: h flips with each one. A 0 holds it. Add a one and watch.",
        "gru", _weights("gru", x=[-10, 0, 0], h=[0, 0, -4], b=[5, 8, 2]), _pulses(ones=[2, 5, 9, 14]), "candidate",
    ),
)  # fmt: skip

KINDS: tuple[Cell, ...] = tuple(dict.fromkeys(one.cell for one in SMALL_CELLS))
"""The cells of which there are small ones."""


def small_data(cell: Cell) -> dict[str, Any]:
    """Pack the small cells of one kind for `cell.js`."""
    chosen = [
        {
            **cell_data(one.cell, one.weights, one.sequence[:, None]),
            "name": one.name,
            "says": one.says,
            "unit": 0,
            "t": int(np.flatnonzero(one.sequence)[0]),
            "block": one.shows,
        }
        for one in SMALL_CELLS
        if one.cell == cell
    ]
    shared = ("title", "names", "formulas", "inputs")
    return {"cell": cell, "name": f"small {cell}", "presets": chosen, **{name: chosen[0][name] for name in shared}}
