"""The stepper: a network's states and gates at each frame under one cursor, on a page or in a file of its own.

`stepper.js` draws and moves the cursor; this module reduces the numbers and describes each step in a sentence.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from markupsafe import Markup
from numpy.typing import NDArray

from audio_models.networks.cells import BACKWARD, FORWARD, Numbers
from audio_models.networks.numpy_network import LayerTrace
from dashboard.lessons import templates
from dashboard.shared import component
from dashboard.shared.charts import waveform_envelope
from data import workspace
from data.corpus import plain_label
from data.phrases import percent

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings librosa and onnxruntime, which take seconds

_FOLDER = workspace.PROJECT / "dashboard" / "lessons" / "stepper"
_COLUMNS = 500  # of the waveform
_MOST_STEPS = 600  # columns of a strip
_SPREAD = 2.5  # standard deviations of a coefficient covered by the colours

GATE_NOTES = {
    "input": ("Input gate", "how much is written"),
    "forget": ("Forget gate", "how much of the memory stays"),
    "output": ("Output gate", "how much of the memory is read"),
    "update": ("Update gate", "how much of the state stays"),
    "reset": ("Reset gate", "how much of the state the candidate sees"),
}


def show(found: Inspection, key: str) -> None:
    """Draw the stepper on the page."""
    _component()(data=data(found), key=key)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    return component.component("echoic_stepper", "stepper", sources())


def as_html(found: Inspection) -> Markup:
    """Render the stepper as HTML that needs nothing else: styles, numbers and code are in it."""
    css, js = sources()
    code = js.replace("export default function (", "function stepper(")
    return templates.render("stepper/stepper.html", css=Markup(css), js=Markup(code), data=data(found))


def sources() -> tuple[str, str]:
    """The styles, and the scripts as one module."""
    return component.sources(_FOLDER, "stepper.css", "../address.js", "../playing.js", "stepper.js")


def data(found: Inspection) -> dict[str, Any]:
    """The numbers that `stepper.js` draws."""
    offset = (found.features.first_end - found.features.hop_length) / found.features.sample_rate
    seconds = max(
        len(found.samples) / found.features.sample_rate, len(found.prefix_probabilities) * found.frame_seconds + offset
    )
    envelope = waveform_envelope(found.samples, found.features.sample_rate, _COLUMNS)
    low, high = envelope["low"].tolist(), envelope["high"].tolist()
    if found.order == "reversed":
        low, high = low[::-1], high[::-1]
    return {
        "seconds": round(seconds, 4),
        "frame_seconds": found.frame_seconds,
        "offset": offset,  # from the beginning of the clip to the first frame's end, less a hop
        "frames": len(found.prefix_probabilities),
        "frames_a_step": found.network.frames_a_step,
        "steps": len(found.trace.hidden),
        "labels": [plain_label(label) for label in found.labels],
        "prefix_probabilities": np.round(found.prefix_probabilities, 4).tolist(),
        "envelope": [np.round(low, 4).tolist(), np.round(high, 4).tolist()],
        "strips": _strips(found),
        "sentences": sentences(found),
    }


def _strips(found: Inspection) -> list[dict[str, Any]]:
    step = found.gradient_decay.step_seconds
    features = found.features
    what = f"{features.n_mfcc} MFCC" if features.kind == "mfcc" else f"{features.n_mels} mel bands"
    spread = (-_SPREAD, _SPREAD)
    strips = [
        _strip(
            "Frames", f"input: {what}{' and their slopes' if features.deltas else ''}, normalised",
            found.trace.frames, spread, found.frame_seconds, "signed", 76, of="coefficient",
        )
    ]  # fmt: skip
    if found.trace.attention is not None:
        share = found.trace.attention[:, None]
        strips.append(
            _strip("Attention", "weight of each state in the answer", share, (0, float(share.max())), step, "size", 18)
        )
    if not found.trace.layers:
        hidden = found.trace.hidden
        most = (0, max(float(hidden.max()), 1e-9))
        note = f"{hidden.shape[1]} units, each frame alone"
        strips.append(_strip("Hidden layer", note, hidden, most, step, "size", 110, of="unit"))
    for layer in _top(found):
        backward = layer.direction == BACKWARD
        order = _by_time(layer.hidden)
        also = ", backward" if backward else ""

        def add(
            title: str, note: str, values: Numbers, ends: tuple[float, float], ramp: str, height: int,
            order: NDArray[np.int64] = order, also: str = also,
        ) -> None:  # fmt: skip
            strips.append(_strip(title, note, values, ends, step, ramp, height, of=f"unit{also}", order=order))

        add(f"Hidden state{also}", f"{len(order)} units, blue minus, red plus", layer.hidden, (-1, 1), "signed", 96)
        if (memory := layer.cell_states) is not None and not backward:
            reach = max(float(np.quantile(np.abs(memory), 0.99)), 1e-9)
            add("Cell state", "the memory", memory, (-reach, reach), "signed", 96)
        for name, (title, note) in GATE_NOTES.items() if not backward else ():
            if name in layer.states[0].gates:
                add(title, f"{note}: 0 shut, 1 open", layer.gate(name), (0, 1), "size", 72)
    return strips


def _top(found: Inspection) -> list[LayerTrace]:
    return [layer for layer in found.trace.layers if layer.number == found.network.layers]


def _by_time(hidden: Numbers) -> NDArray[np.int64]:
    """The units ordered by the time of their activity, so the strip reads like a score."""
    activity = np.abs(hidden) ** 2
    middle = (activity * np.arange(len(hidden))[:, None]).sum(axis=0) / (activity.sum(axis=0) + 1e-12)
    order: NDArray[np.int64] = np.argsort(middle)
    return order


def _strip(
    title: str,
    note: str,
    values: Numbers,
    ends: tuple[float, float],
    column_seconds: float,
    ramp: str,
    height: int,
    of: str = "",
    order: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """Pack `values` (columns, rows) into 16 bits between the smallest and the largest.

    Args:
        ends: the numbers at the ends of the colours.
        of: what a row is, if its numbers can be asked for.
        order: of the rows, from the lowest.
    """
    several = -(-len(values) // _MOST_STEPS)
    columns = np.stack([values[first : first + several].mean(axis=0) for first in range(0, len(values), several)])
    order = np.arange(columns.shape[1]) if order is None else order
    low, high = float(columns.min()), float(columns.max())
    packed = np.round((columns[:, order] - low) / max(high - low, 1e-12) * 65535).astype("<u2")
    return {
        "title": title,
        "note": note,
        "columns": len(packed),
        "rows": packed.shape[1],
        "column_seconds": column_seconds * several,
        "ramp": ramp,
        "ends": [round(end, 3) for end in ends],
        "height": height,
        "of": of,
        "order": order.tolist(),
        "low": low,
        "high": high,
        "values": base64.b64encode(packed.tobytes()).decode(),
    }


def sentences(found: Inspection) -> list[list[str]]:
    """Describe each step of the cell."""
    steps = len(found.trace.hidden)
    described: list[list[str]] = [[] for _ in range(steps)]
    layer = next((layer for layer in _top(found) if layer.direction == FORWARD), None)
    if layer is None:
        for here in described:
            here.append("No memory: each frame is read alone.")
            here.append("The answer is the mean over all frames, in any order.")
        return described
    lines_by_step = {"lstm": _lstm, "gru": _gru}.get(found.cell, _simple_rnn)(layer)
    for here, lines in zip(described, lines_by_step, strict=True):
        here += lines
    if found.trace.attention is not None:
        for here, share in zip(described, found.trace.attention, strict=True):
            here.append(f"Attention: {percent(share, 0)} of the answer comes from this step.")
    return described


def _lstm(layer: LayerTrace) -> list[list[str]]:
    write, keep, read = (layer.gate(name).mean(axis=1) for name in ("input", "forget", "output"))
    return [
        [
            f"Input gate: writes {percent(write[t], 0)} of the candidate{_mark(write, t, 'the most in this clip')}.",
            f"Forget gate: drops {percent(1 - keep[t], 0)} of the memory{_mark(1 - keep, t, 'the most in this clip')}.",
            f"Output gate: reads {percent(read[t], 0)} of the memory{_mark(read, t, 'the most in this clip')}.",
        ]
        for t in range(len(write))
    ]


def _gru(layer: LayerTrace) -> list[list[str]]:
    keep, seen = layer.gate("update").mean(axis=1), layer.gate("reset").mean(axis=1)
    return [
        [
            f"Update gate: keeps {percent(keep[t], 0)} of the state, renews {percent(1 - keep[t], 0)}{_mark(1 - keep, t, 'the most in this clip')}.",
            f"Reset gate: the candidate sees {percent(seen[t], 0)} of the state{_mark(-seen, t, 'the least in this clip')}.",
        ]
        for t in range(len(keep))
    ]


def _simple_rnn(layer: LayerTrace) -> list[list[str]]:
    hidden = np.vstack([np.zeros(layer.hidden.shape[1]), layer.hidden])
    moved = np.linalg.norm(np.diff(hidden, axis=0), axis=1)
    saturated = (np.abs(layer.hidden) > 0.9).mean(axis=1)
    return [
        [
            f"No gates: the whole state is recomputed; it moved by {moved[t]:.1f}{_mark(moved, t, 'the most in this clip')}.",
            f"{percent(saturated[t], 0)} of the units are near -1 or 1, where the gradient vanishes.",
        ]
        for t in range(len(moved))
    ]


def _mark(values: Numbers, t: int, text: str) -> str:
    return f", {text}" if t == int(values.argmax()) else ""
