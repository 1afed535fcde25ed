"""Scene 5, LSTM: what is written to the memory, deleted and read while a word is heard, and what happens if a gate is held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from audio_models.networks.cells import ForcedGate
from audio_models.networks.numpy_network import LayerTrace
from audio_models.report.colour import PALETTE
from dashboard.learn.parts import columns, guess, network, open_tool, task
from dashboard.lessons.cell import show_cell
from dashboard.lessons.charts import paired_bars
from dashboard.lessons.inspected import network_inside
from dashboard.shared import preload
from dashboard.shared.example_sounds import spoken
from dashboard.shared.formatting import label_text
from dashboard.shared.glossary import term
from dashboard.shared.players import play_samples
from dashboard.shared.show_chart import show_chart
from data.corpus import plain_label
from data.phrases import percent

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings onnxruntime

_SCENE = "lstm"
_NETWORK = "plain-lstm"
_WORDS = ("right", "left", "stop", "up", "down", "go", "off", "on")
_Held = Literal["learned", "open", "shut"]
_GATES = {"input": "Input gate: write", "forget": "Forget gate: keep", "output": "Output gate: read"}
_ALL, _ONE = "All units", "One by hand"
_LEFT = 30  # pixels of the labels beside the charts, which share their time axis
_RIGHT = "all words almost equally likely"


@dataclass(frozen=True)
class Reading:
    """What the network did with a word.

    Attributes:
        labels: of the probabilities.
        probabilities: after the last frame, (labels,).
        seconds: when each step has been read, (steps,).
        memory, written, deleted, read: mean over the units of the size of c, and of what a step changes or shows, (steps,).
    """

    labels: tuple[str, ...]
    probabilities: NDArray[np.floating]
    seconds: NDArray[np.floating]
    memory: NDArray[np.floating]
    written: NDArray[np.floating]
    deleted: NDArray[np.floating]
    read: NDArray[np.floating]

    @property
    def answer(self) -> str:
        return self.labels[int(self.probabilities.argmax())]


def draw() -> None:
    """Draw the scene."""
    words, picture = columns()
    with words:
        st.markdown(
            f"An {term('LSTM')} (Hochreiter and Schmidhuber 1997) keeps a second state beside $h$, the {term('cell state')} $c$. Three "
            f"{term('gate', 'gates')}, each between 0 (shut) and 1 (open), decide what is **written** to it, what is kept (the rest is "
            "**deleted**; Gers et al. 2000), and what is **read**."
        )
        st.latex(
            r"\begin{aligned} c_{t+1} &= \underbrace{f \odot c_t}_{\text{keep}} + "
            r"\underbrace{i \odot g}_{\text{write}} \\ h_{t+1} &= \underbrace{o \odot \tanh(c_{t+1})}_{\text{read}} \end{aligned}"
        )
        seen = guess(
            _SCENE,
            "The forget gate is held shut at every step. What does the network answer?",
            ["the same word, less sure", "another word, just as sure", _RIGHT],
            right=_RIGHT,
            explanation="With $f = 0$ the cell state holds only what this step writes, and at the end of a word that is silence. "
            "What came before could still pass through $h$, but this network keeps it in $c$.",
        )
    with picture:
        word, picked, held = _controls(seen)
        usual, changed = _read(word, ()), _read(word, held)
        if picked == _ONE:
            weights = network_inside(network(_NETWORK))
            show_cell(_inspected(word, held), weights, "learn_lstm_cell", forced=held, compact=True)
        else:
            show_chart(_memory(changed), "Mean size of the cell state over time.", key="learn_lstm_memory")
            show_chart(
                _amounts(changed), "How much is written, deleted and read at each step.", key="learn_lstm_amounts"
            )
            most = {name: changed.seconds[int(row.argmax())] for name, row in _rows(changed).items() if row.any()}
            st.caption("Most is " + ", ".join(f"{name} at {at:.2f} s" for name, at in most.items()) + ".")
    with words:
        if seen:
            task(
                _SCENE,
                "Hold **one** gate so that the network answers *stop* to another word.",
                solved=len(held) == 1 and word != "stop" and changed.answer == "stop",
            )
            gates = {"hold": ",".join(one.name for one in held)} if held else {}
            open_tool(
                "inside", "Inside: the cell by hand, with these gates", ":material/visibility:",
                run=_NETWORK, clip=f"voice:{word}", view="cell", **gates,
            )  # fmt: skip
    if picked == _ONE:
        words.markdown(_in_words(usual, changed if held else None))
        return
    with picture:
        show_chart(
            _answers(usual, changed if held else None),
            "The answer as learned, and with the gates that are held.",
            key="learn_lstm_answers",
        )


def _controls(seen: bool) -> tuple[str, str, tuple[ForcedGate, ...]]:
    """Choose the word, the picture and the gates to hold."""
    choose, picture, listen = st.columns([2, 3, 3], vertical_alignment="bottom")
    word = choose.selectbox("A voice says", _WORDS, key="learn_lstm_word", persist_state="session")
    picked = picture.segmented_control(
        "Picture", [_ALL, _ONE], default=_ALL, required=True, key="learn_lstm_picture", persist_state="session"
    )
    with listen:
        rate = network(_NETWORK).config.features.sample_rate
        play_samples(spoken(word, rate), rate)
    held = []
    for column, (gate, title) in zip(st.columns(3), _GATES.items(), strict=True):
        how = column.segmented_control(
            title, get_args(_Held), default="learned", required=True, key=f"learn_lstm_{gate}", persist_state="session", disabled=not seen,
            help=None if seen else "Guess first.",
        )  # fmt: skip
        if how != "learned":
            held.append(ForcedGate(gate, how == "open"))
    return word, picked, tuple(held)


def _read(word: str, held: tuple[ForcedGate, ...]) -> Reading:
    run = network(_NETWORK)
    recognizer = preload.recognizer(run)
    frames = recognizer.normalise(recognizer.frames(spoken(word, recognizer.features.sample_rate)))
    trace = network_inside(run).read(frames, held)
    features = recognizer.features
    seconds = (np.arange(len(frames)) * features.hop_length + features.first_end) / features.sample_rate
    return Reading(recognizer.labels, trace.probabilities, seconds, *amounts(trace.layers[0]))


@st.cache_data(show_spinner=False, max_entries=30)  # type: ignore[untyped-decorator]
def _inspected(word: str, held: tuple[ForcedGate, ...]) -> Inspection:
    from audio_models.lab.inspection import inspect

    run = network(_NETWORK)
    samples = spoken(word, run.config.features.sample_rate)
    return inspect(run, samples, word, recognizer=preload.recognizer(run), forced=held)


def amounts(layer: LayerTrace) -> tuple[NDArray[np.floating], ...]:
    """The mean over the units of |c|, |i g|, |(1 - f) c before| and |o tanh c| at each step of an LSTM, (steps,) each."""
    memory = layer.cell_states
    assert memory is not None
    before = np.vstack([np.zeros(memory.shape[1]), memory[:-1]])
    parts = (
        memory,
        layer.gate("input") * layer.gate("candidate"),
        (1 - layer.gate("forget")) * before,
        layer.gate("output") * np.tanh(memory),
    )
    return tuple(np.abs(part).mean(axis=1) for part in parts)


def _rows(found: Reading) -> dict[str, NDArray[np.floating]]:
    return {"written": found.written, "deleted": found.deleted, "read": found.read}


def _time(found: Reading, *, labels: bool) -> alt.X:
    axis = alt.Axis(grid=False, tickCount=6, format=".1f", labelExpr="datum.label + ' s'", labels=labels, ticks=labels)
    scale = alt.Scale(domain=[0, float(found.seconds[-1])], nice=False)
    return alt.X("seconds:Q", title=None, scale=scale, axis=axis)


def _memory(found: Reading) -> alt.Chart:
    """The size of the memory."""
    return (
        alt.Chart(pd.DataFrame({"seconds": found.seconds, "size": found.memory}))
        .mark_area(color=PALETTE[6], opacity=0.45, line={"color": PALETTE[6]})
        .encode(
            x=_time(found, labels=False),
            y=alt.Y("size:Q", title="|c|", axis=alt.Axis(tickCount=3, grid=False, minExtent=_LEFT)),
            tooltip=[alt.Tooltip("seconds:Q", format=".2f"), alt.Tooltip("size:Q", format=".2f")],
        )
        .properties(height=80, title=alt.Title("Mean size of the cell state", anchor="start", fontSize=12, offset=2))
    )


def _amounts(found: Reading) -> alt.LayerChart:
    """What is written, deleted and read at each step; each peak has a dot."""
    x = _time(found, labels=True)
    table = pd.concat(
        [pd.DataFrame({"seconds": found.seconds, "amount": row, "what": name}) for name, row in _rows(found).items()]
    )
    peaks = table.loc[
        table.reset_index(drop=True).groupby("what")["amount"].transform("max").to_numpy() == table["amount"].to_numpy()
    ]
    peaks = peaks[peaks["amount"] > 0].drop_duplicates("what")
    names = ["written", "deleted", "read"]
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=300)
    colour = alt.Color(
        "what:N", scale=alt.Scale(domain=names, range=[PALETTE[0], PALETTE[1], PALETTE[2]]), legend=legend
    )
    lines = (
        alt.Chart(table)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=x, y=alt.Y("amount:Q", title="per step", axis=alt.Axis(tickCount=4, grid=False, minExtent=_LEFT)), color=colour,
            strokeDash=alt.StrokeDash("what:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 3], [2, 2]]), legend=legend),
            tooltip=[alt.Tooltip("what:N"), alt.Tooltip("seconds:Q", format=".2f"), alt.Tooltip("amount:Q", format=".3f")],
        )
    )  # fmt: skip
    marks = alt.Chart(peaks).mark_point(filled=True, size=70, opacity=1).encode(x=x, y=alt.Y("amount:Q"), color=colour)
    return alt.layer(lines, marks).properties(height=145)


def _in_words(usual: Reading, changed: Reading | None) -> str:
    """The answers where there is no room for their chart."""
    readings = [("As learned", usual), *([("With held gates", changed)] if changed else [])]
    return "  \n".join(
        f"{name}: **{label_text(one.answer)}**, {percent(float(one.probabilities.max()), 0)}" for name, one in readings
    )


def _answers(usual: Reading, changed: Reading | None) -> alt.Chart:
    """The likeliest labels as learned and with the gates held."""
    readings = [("as learned", usual), *([("with held gates", changed)] if changed else [])]
    highest = np.max([one.probabilities for _, one in readings], axis=0)
    return paired_bars(
        pd.DataFrame(
            [
                {
                    "label": plain_label(usual.labels[place]),
                    "frames": name,
                    "probability": float(one.probabilities[place]),
                }
                for place in map(int, np.argsort(-highest)[:3])
                for name, one in readings
            ]
        )
    )
