"""Scene 8, any algorithm: odd or even by a state machine of two units, written by hand, then learned, then read on."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from audio_models.lab import memory_tasks
from audio_models.lab.parity_machine import parity_machine
from audio_models.lab.small_network import SmallConfig, SmallNetwork
from audio_models.lab.small_training import SmallTraining, accuracies_so_far
from audio_models.networks.cells import Numbers
from dashboard.learn import machine
from dashboard.learn.parts import columns, guess, open_tool, task
from dashboard.lessons.live_training import LiveTraining, Piece, live
from dashboard.lessons.small_task import ANSWERS, SMALL_TASK
from dashboard.shared.cells import CELL_LOOKS
from dashboard.shared.formatting import on_dark
from dashboard.shared.glossary import term
from dashboard.shared.show_chart import show_chart
from data.phrases import short_percent

_SCENE = "any_algorithm"
_TASK = memory_tasks.find("parity")
_COLOUR = CELL_LOOKS["simple_rnn"].colour
_UNTRAINED = "Untrained"
_HAND, _LEARNED = "By hand", "Learned"
_STEEP = 6.0
_UNITS = 8
_RATE = 1e-2
_MOST_STEPS = 2000
_SURE = 0.02  # loss at which a training ends: right, and sure of it
_LONGEST = 300  # bits that a network is tested on
_FEW = 8  # bits that the task allows
_FALLS = 0.9  # accuracy below which it counts as broken


def draw() -> None:
    """Draw the scene."""
    live(_SCENE, _draw)


def _draw(live_training: LiveTraining) -> Piece | None:
    words, right = columns()
    with words:
        seen = guess(
            _SCENE,
            f"A {term('recurrent network')} is to say whether a **million** bits hold an odd number of ones. How many units does it need?",
            ["two", "twenty", "a million", "no number is enough"],
            right="two",
            explanation="It only has to remember *odd* or *even*: a machine of two states. Here are its weights, without any "
            "training. If they are steep enough, no length breaks it.",
        )
    if not seen:
        with right:
            st.markdown("Flip the bits.")
            machine.show(parity_machine(_STEEP), ())
        return None
    with right:
        kind = st.segmented_control(
            "Weights",
            [_HAND, _LEARNED],
            default=_HAND,
            required=True,
            key="algorithm_kind",
            persist_state="session",
            label_visibility="collapsed",
        )
        if kind == _HAND:
            _show(_by_hand(), ("any", "both"), kind, 0)
            piece, solved = None, False
        else:
            piece = _learned(live_training)
            names = [f"h{number}" for number in range(1, _UNITS + 1)]
            trained = bool(piece.training.progress)
            accuracies = _show(
                piece.training.network, names, kind if trained else _UNTRAINED, piece.length if trained else 0
            )
            solved = trained and piece.length <= _FEW and bool(accuracies.min() >= _FALLS)
    with words:
        _what_completeness_says()
        task(_SCENE, f"Train a network on at most {_FEW} bits that is still right on {_LONGEST}.", solved=solved)
        state = {} if piece is None else _state(piece)
        open_tool(
            "memory",
            "Memory: go on with this, or with an LSTM",
            ":material/science:",
            view=SMALL_TASK,
            task="parity",
            **state,
        )
    return piece


def _state(piece: Piece) -> dict[str, str | int | float]:
    """The parameters of Memory's address that train the same network."""
    config = piece.training.config
    return {
        "length": piece.length, "units": config.units, "seed": config.seed, "rate": piece.learning_rate,
        "answers": ANSWERS[config.every_step],
    }  # fmt: skip


def _show(network: SmallNetwork, names: Sequence[str], kind: str, trained: int) -> Numbers:
    """Draw the states, and how often the network is right; return that for each number of bits."""
    machine.show(network, names)
    accuracies = accuracies_so_far(network, _TASK, _LONGEST, seed=1)
    show_chart(
        _chart(accuracies, trained),
        "How often the network is right for each number of bits; the verdict stands below.",
        key="algorithm_lengths",
    )
    st.markdown(_verdict(accuracies, kind, trained))
    return accuracies


def _what_completeness_says() -> None:
    st.markdown(
        f"{term('Turing completeness')} says: with *exact* numbers of any length and unlimited time, a recurrent network can "
        "run any program; 886 units are enough for a universal one (Siegelmann and Sontag 1995).\n\n"
        "It does not say that a *real* network can: its numbers have finitely many digits, so it has finitely many states. Nor "
        "that training *finds* such weights."
    )


def _by_hand() -> SmallNetwork:
    steepness = st.slider(
        "Steepness s",
        1.0,
        8.0,
        _STEEP,
        0.5,
        key="algorithm_steepness",
        persist_state="session",
        help="The larger, the closer tanh is to a threshold.",
    )
    rule, weights = st.columns(2)  # below each other on a phone
    rule.latex(
        r"\begin{aligned} any' &= \tanh\big(s\,(x + \tfrac{any - both}{2} - \tfrac12)\big) \\ "
        r"both' &= \tanh\big(s\,(x + \tfrac{any - both}{2} - \tfrac32)\big) \end{aligned}"
    )
    weights.latex(
        rf"\begin{{gathered}} W = {steepness:g}\,(1\;\;1) \quad b = ({-steepness / 2:g}\;\;{-1.5 * steepness:g}) \\ "
        rf"U = {steepness / 2:g}\begin{{pmatrix}} 1 & 1 \\ -1 & -1 \end{{pmatrix}} \end{{gathered}}"
    )
    return parity_machine(steepness)


def _learned(live_training: LiveTraining) -> Piece:
    one, two, three = st.columns([5, 8, 4], gap="small", vertical_alignment="bottom")
    length = one.slider(
        "Trained on sequences of", 2, 16, 4, format="%d bits", key="algorithm_bits", persist_state="session"
    )
    every = two.segmented_control(
        "Told the answer", ANSWERS, default=ANSWERS[0], required=True,
        key="algorithm_every", persist_state="session", wrap=True,
    )  # fmt: skip
    seed = three.number_input(
        "Seed", 0, 99, 0, key="algorithm_seed", persist_state="session", help="Other first weights."
    )
    config = SmallConfig(_TASK.name, units=_UNITS, every_step=every == ANSWERS[1], seed=int(seed))
    training = live_training.current(config)
    live_training.buttons()
    return Piece(training, length, _RATE, _enough)


def _enough(training: SmallTraining) -> bool:
    return training.progress[-1].loss < _SURE or training.steps >= _MOST_STEPS


def _chart(accuracies: Numbers, trained: int) -> alt.LayerChart:
    lengths = np.unique(np.geomspace(1, _LONGEST, 60).round().astype(int))
    table = pd.DataFrame({"length": lengths, "accuracy": accuracies[lengths - 1]})
    ink = "#a9b3b8" if on_dark() else "#5b666b"
    x = alt.X(
        "length:Q", title="bits read", scale=alt.Scale(type="log", domain=[1, _LONGEST], nice=False),
        axis=alt.Axis(values=[1, 2, 4, 8, 16, 32, 64, 128, 256], format="d", grid=False),
    )  # fmt: skip
    line = alt.Chart(table).mark_line(strokeWidth=3, color=_COLOUR, point=alt.OverlayMarkDef(size=18, color=_COLOUR)).encode(
        x=x,
        y=alt.Y("accuracy:Q", title="right answers", scale=alt.Scale(domain=[0.3, 1.05], nice=False), axis=alt.Axis(format="%", values=[0.5, 0.75, 1])),
        tooltip=[alt.Tooltip("length:Q", title="bits"), alt.Tooltip("accuracy:Q", format=".1%")],
    )  # fmt: skip
    guess_line = alt.Chart(pd.DataFrame({"accuracy": [_TASK.chance], "text": ["a guess"]}))
    layers = [
        guess_line.mark_rule(color=ink, strokeDash=[2, 3]).encode(y=alt.Y("accuracy:Q")),
        guess_line.mark_text(align="left", baseline="top", dx=4, dy=3, color=ink).encode(
            x=alt.value(0), y=alt.Y("accuracy:Q"), text=alt.Text("text:N")
        ),
        line,
    ]
    if trained:
        ends = alt.Chart(pd.DataFrame({"length": [trained], "text": ["trained to here"]}))
        layers += [
            ends.mark_rule(color=ink, strokeDash=[5, 3]).encode(x=x),
            ends.mark_text(align="left", baseline="top", dx=4, dy=-4, color=ink).encode(
                x=x, y=alt.value("height"), text=alt.Text("text:N")
            ),
        ]
    return alt.layer(*layers).properties(height=180)


def _verdict(accuracies: Numbers, kind: str, trained: int) -> str:
    """Where it breaks: at a length beyond those of the training."""
    if trained and accuracies[trained - 1] < _FALLS:
        return f"**{kind}**: {short_percent(accuracies[trained - 1])} right on {trained} bits; it has not learned them."
    broken = np.flatnonzero(accuracies[trained:] < _FALLS)
    if not len(broken):
        return f"**{kind}**: {short_percent(accuracies[-1])} right on {_LONGEST} bits."
    first = trained + int(broken[0]) + 1
    end = f"{short_percent(accuracies[-1])} at {_LONGEST} (a guess: {short_percent(_TASK.chance)})"
    return f"**{kind}**: below {short_percent(_FALLS)} right from **{first} bits** on; {end}."
