"""A network that reads bits which the user flips: its states and its answer after each, as a table.

`machine.js` draws it; this module computes the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from audio_models.lab.small_network import SmallNetwork
from dashboard.shared.state import Value
from data import workspace

_FOLDER = workspace.PROJECT / "dashboard" / "learn" / "machine"
_ANSWERS = ("even", "odd")
_FIRST = "101100111010"

MACHINE = Value[dict[str, Any]]("learn_machine", {})
"""Widget: the bits, as the browser sent them last."""


def show(network: SmallNetwork, names: Sequence[str]) -> None:
    """Draw the table; a click on a bit flips it."""
    bits = MACHINE.get().get("bits") or _FIRST
    _component()(data=data(network, names, bits), key=MACHINE.key, on_bits_change=lambda: None)


def data(network: SmallNetwork, names: Sequence[str], bits: str) -> dict[str, Any]:
    """The numbers that `machine.js` draws.

    Args:
        network: of the task "parity".
        names: of its units.
        bits: such as "1011"; whatever is no 1 is a 0.
    """
    ones = np.array([bit == "1" for bit in bits], float)
    states = [np.zeros(network.weights.units), *(s.h for s in network.read(np.stack([ones, 1 - ones], axis=1)))]
    answers = network.answers(np.stack(states)).argmax(axis=1)
    truth = [0, *(ones.cumsum().astype(int) % 2)]
    return {
        "bits": bits,
        "names": list(names),
        "states": np.round(np.stack(states), 4).tolist(),
        "answers": [_ANSWERS[int(answer)] for answer in answers],
        "truth": [_ANSWERS[int(answer)] for answer in truth],
    }


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    css, js = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("machine.css", "machine.js"))
    return st.components.v2.component("echoic_machine", html='<div class="machine"></div>', css=css, js=js)
