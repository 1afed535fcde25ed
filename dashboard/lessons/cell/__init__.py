"""A cell by hand: one unit of a network at one step, with pipes, valves and the sum behind each number; a small cell to change.

The browser computes every value from the weights (`numbers.js`), so that a step, a unit or a weight answers at once;
`data.py` packs a network's own numbers, `small.py` makes the small cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from audio_models.config import Cell
from audio_models.networks.cells import ForcedGate
from dashboard.lessons.cell import small
from dashboard.lessons.cell.data import network_data
from dashboard.shared import component
from data import workspace

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings librosa and onnxruntime, which take seconds
    from audio_models.networks.numpy_network import NumpyNetwork

_FOLDER = workspace.PROJECT / "dashboard" / "lessons" / "cell"
_SCRIPTS = (
    "../address.js",
    "../playing.js",
    "numbers.js",
    "diagram.js",
    "formula.js",
    "timeline.js",
    "cell.js",
)


def show_cell(
    found: Inspection,
    network: NumpyNetwork,
    key: str,
    *,
    layer: str | None = None,
    forced: Sequence[ForcedGate] = (),
    in_address: bool = False,
    compact: bool = False,
) -> None:
    """Draw the cell of an inspected network, unit by unit and step by step.

    Args:
        found: what the network did with a clip.
        network: the network itself; its weights give every number.
        layer: name of a recurrent layer; by default the top one that reads forward.
        forced: the gates that were held open or shut in the `found` trace.
        in_address: whether step, unit and part stand in the address of the page.
        compact: the picture and the formula alone, for a scene of one screen.

    Raises:
        ConfigError: the network has no such recurrent layer.
    """
    data = network_data(found, network, layer, forced)
    _component()(data=data | {"in_address": in_address, "compact": compact}, key=key)


def show_small_cell(cell: Cell, key: str) -> None:
    """Draw a small cell that reads a sequence of numbers; its weights are sliders."""
    _component()(data=small.small_data(cell), key=key)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    return component.component("echoic_cell", "cell-by-hand", sources())


def sources() -> tuple[str, str]:
    """The styles, and the scripts as one module."""
    return component.sources(_FOLDER, "cell.css", *_SCRIPTS)
