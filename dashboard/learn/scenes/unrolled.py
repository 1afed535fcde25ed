"""Scene 3, the loop unrolled: one cell, the same weights at each step, its state on one lane or two; erase a lane once."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.learn import charts, lanes
from dashboard.learn.parts import columns, guess, open_tool, task
from dashboard.learn.reading import Reading, Word, erased_at_each, word
from dashboard.shared import inline_svg
from dashboard.shared.clip_name import of_voice
from dashboard.shared.glossary import term
from dashboard.shared.show_chart import show_chart
from data.corpus import plain_label

_SCENE = "unrolled"
_NETWORKS = {"LSTM": "plain-lstm", "GRU": "plain-gru"}
_LANES = {"LSTM": ("h", "c"), "GRU": ("h",)}
_WORD = "stop"
_OVER = 26  # frame after which the word has no sound


def draw() -> None:
    """Draw the scene."""
    words, picture = columns()
    with words:
        st.markdown(
            f"The state leaves the {term('cell')} and enters it again: a **loop**. Written out over time ({term('unrolling', 'unrolled')}), "
            f"it is a **deep feed-forward network** with one layer per frame. A GRU hands on one state, $h_t$; an {term('LSTM')} two, "
            f"$h_t$ and the {term('cell state')} $c_t$."
        )
        asked = word(_NETWORKS["LSTM"], _WORD)
        weights, frames = asked.network.cell_weights(1).size, len(asked.frames)
        right = f"{weights:,}: those of one cell"
        seen = guess(
            _SCENE,
            f"An LSTM cell has {weights:,} weights. Unrolled over {frames} frames, how many different weights is that?",
            [f"{2 * weights:,}: a set for h and one for c", right, f"{frames * weights:,}: a set for each frame"],
            right=right,
            explanation=f"W, U and b are the same in every copy, so the network reads clips of any length. Its gradient is the sum over "
            f"all {frames} copies: {term('backpropagation through time')} (Werbos 1990).",
        )
    with picture:
        kind, unroll, erased = _controls()
        read = word(_NETWORKS[kind], _WORD)
        whole, changed = read.read(), read.read(erase=erased)
        before, after = (read.answer(one.probabilities[-1]) for one in (whole, changed))
    with words:
        if seen:
            solved = task(
                _SCENE,
                f"The word is over at frame {_OVER}. Set one lane of the LSTM to zero after that, once, so that it no longer hears “{_WORD}”.",
                solved=kind == "LSTM" and erased is not None and erased[0] >= _OVER and after != before,
            )
            if solved:
                st.markdown(
                    "**c** holds the memory: a sum hands it on, $c_{t+1} = f \\odot c_t + i \\odot g$. **h** is read from it anew at every step, "
                    "$h_{t+1} = o \\odot \\tanh(c_{t+1})$; it matters while the word lasts, for the gates."
                )
            open_tool(
                "inside", "Inside: unroll any network", ":material/visibility:",
                run=_NETWORKS[kind], clip=of_voice(_WORD), view="Unrolled",
            )  # fmt: skip
    with picture:
        _picture(kind, read, whole, changed, erased, unroll=unroll, show_all=seen and solved)


def _controls() -> tuple[str, bool, tuple[int, str] | None]:
    """Draw the network, loop or unrolled, and what is erased; return them."""
    network, shape, lane, slide = st.columns([5, 6, 5, 6], vertical_alignment="bottom")
    kind = network.segmented_control(
        "Network", list(_NETWORKS), default="LSTM", required=True, key="learn_unrolled_network", persist_state="session"
    )
    drawn = shape.segmented_control(
        "Drawn as",
        ["loop", "unrolled"],
        default="unrolled",
        required=True,
        key="learn_unrolled_drawn",
        persist_state="session",
    )
    erase = lane.segmented_control(
        "Set to zero", ["nothing", *_LANES[kind]], default="nothing", required=True, key=f"learn_unrolled_lane_{kind}", persist_state="session",
        format_func=lambda one: "–" if one == "nothing" else one,
    )  # fmt: skip
    frames = len(word(_NETWORKS[kind], _WORD).frames)
    at = slide.slider(
        "before frame", 2, frames, 8, key="learn_unrolled_at", persist_state="session", disabled=erase == "nothing"
    )
    return kind, drawn == "unrolled", None if erase == "nothing" else (at - 1, erase)


def _picture(
    kind: str,
    read: Word,
    whole: Reading,
    changed: Reading,
    erased: tuple[int, str] | None,
    *,
    unroll: bool,
    show_all: bool,
) -> None:
    answer = plain_label(read.answer(changed.probabilities[-1]))
    svg = lanes.unrolled(changed.states, answer, erased) if unroll else lanes.loop(changed.states[-1], answer)
    narrow = lanes.unrolled(changed.states, answer, erased, few=True) if unroll else ""
    inline_svg.show(svg, "learn_unrolled_svg", narrow)
    hop = read.frame_seconds
    rows: list[charts.Lane] = [charts.Answers("as it is", whole.probabilities, read.labels, hop)]
    if erased is not None:
        rows.append(charts.Answers(f"{erased[1]} set to zero", changed.probabilities, read.labels, hop))
    if show_all:
        right = int(read.trace.probabilities.argmax())
        times = np.arange(1, len(read.frames)) * hop
        rows.append(
            charts.Curves(
                {
                    f"{lane} set to zero here": (times, erased_at_each(_NETWORKS[kind], _WORD, lane)[:, right])
                    for lane in _LANES[kind]
                }
            )
        )
    st.markdown("**The answer after each frame**" + (f", and how likely “{_WORD}” is at the end" if show_all else ""))
    show_chart(charts.stacked(rows, read.seconds), charts.in_words(rows), key="learn_unrolled_answers")
