"""Lesson texts of Inside, Memory and Compare: a few sentences, a question to try, the formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from audio_models.config import Cell


@dataclass(frozen=True)
class Lesson:
    """Text beside a chart.

    Attributes:
        title: heading in a handout.
        text: what the chart shows, as Markdown.
        question: something to try.
    """

    title: str
    text: str
    question: str


@dataclass(frozen=True)
class Equation:
    """An equation in LaTeX.

    Attributes:
        left: what it defines.
        right: how it is computed.
        meaning: what that is called, in plain text.
    """

    left: str
    right: str
    meaning: str = ""


STEP = Lesson(
    "One frame at a time",
    "The network reads the clip from left to right. At each frame it has two inputs: the frame, and its own state from "
    "the frame before. It combines them into the next state, always with the same weights, and reads the answer from that "
    "state.",
    "Drag the cursor to where the answer changes for the last time. Is that where you hear the word?",
)
STEP_ALONE = Lesson(
    "One frame at a time, without memory",
    "This network looks at each frame on its own and averages the results. Nothing passes from one frame to the next.",
    "Drag the cursor: does any frame's hidden layer depend on the frames before it?",
)
_CELL_TEXT = "Left: the state before the frame; right: the state after it. Click a part to see its formula with this step's numbers. "
_VALVES = "A gate is a valve: a number between 0 (shut) and 1 (open) that multiplies what flows through."
CELLS: dict[Cell, Lesson] = {
    "simple_rnn": Lesson(
        "One unit of a SimpleRNN",
        _CELL_TEXT + "There is no gate: each step pushes the whole state through the same weights and tanh again.",
        "Find a step at which h changes its sign. Which terms of the sum turned it?",
    ),
    "lstm": Lesson(
        "One unit of an LSTM",
        _CELL_TEXT + _VALVES,
        "Find the step where the forget gate shuts the most. Which terms of its sum closed it?",
    ),
    "gru": Lesson(
        "One unit of a GRU",
        _CELL_TEXT + _VALVES,
        "Find the step where the update gate lets the most in. Could this unit keep its state and still write?",
    ),
}
SMALL_CELL = Lesson(
    "A small cell to change",
    "The same cell, small enough to set every weight. All is computed at once.",
    "Guess what the state will do before you add a pulse.",
)
ORDER = Lesson(
    "With and without memory",
    "A feed-forward network averages over the frames, so it knows which sounds occurred but, apart from the slope in "
    "each frame, not in which order: shuffle the frames and its answer stays the same. A recurrent network's answer changes.",
    "Which words are still recognised with their frames reversed? Which sounds do they share with another word?",
)
UNROLLED = Lesson(
    "The loop, unrolled",
    "A recurrent network is a loop: the state leaves the cell and re-enters it. Unrolled over time, it is a very deep "
    "feed-forward network with one layer per frame, and all layers share their weights. That is how it is trained: "
    "the gradient of a shared weight is the sum over all the places where it is used.",
    "How many layers deep is the network for this clip? How many weights would it need if they were not shared?",
)
UNROLLED_ALONE = Lesson(
    "No loop to unroll",
    "A feed-forward network has no loop: it reads each frame alone, with the same weights, and answers from the mean. No "
    "frame's result depends on another frame, so there is nothing to unroll, and nothing to remember.",
    "Exchange two frames in your mind: what changes in the picture, and what in the mean?",
)
FADING = Lesson(
    "How far back the gradient reaches",
    "To learn from an early frame, the gradient of the loss must travel back to it step by step. In a "
    "SimpleRNN each step multiplies it by the same matrix and by slopes of at most one, so it usually vanishes, or explodes. In LSTM and GRU, "
    "gates keep a path past that matrix open. The scale is logarithmic: a straight line down is exponential decay.",
    "Compare the dashed and solid lines: what did training do to the memory of each cell?",
)

UNITS = Lesson(
    "Where else does this unit do that?",
    "Choose a unit, or a moment of this clip and with it all units that are active there. Below are the moments of other clips "
    "in which the same is most active: listen for what they have in common (Strobelt et al. 2018, LSTMVis).",
    "Find a unit that is active in one word only, and one that answers to a sound that several words share.",
)

MEMORY = Lesson(
    "How long does a cell remember?",
    "Each point is a small network, trained from scratch to remember something over T steps. On the dotted line a cell "
    "only guesses: within its training steps it has learned nothing at this length.",
    "Measure again with a gate bias of 2, then with Glorot weights. Which cell remembers longer, which shorter, and why?",
)

MEMORY_REMARKS = {
    "recall": "Only the first symbol counts, so the gradient has to travel back over all T steps. A cell that fails has usually "
    "lost it on the way: the vanishing gradient (Hochreiter 1991, Bengio et al. 1994).",
    "adding": "One number is marked in each half, so the gradient has to travel back over T/2 steps or more (the adding problem, "
    "Hochreiter and Schmidhuber 1997).",
    "parity": "One bit of memory is enough, and each of these cells can hold it. What fails is learning it: a rule that misses any bit is "
    "no better than a guess, so the gradient hardly says where to go (Shalev-Shwartz et al. 2017).",
}
"""What each task of Memory asks of the gradient."""

COMPARE = Lesson(
    "Comparing cells",
    "Each cell learns the same clips several times, because every training depends on chance: with the same readout, for the "
    "same number of epochs, and at the learning rate that suits it, chosen on validation clips. All are then tested on the same "
    "clips and compared clip by clip. If a difference may be chance, the page says so.",
    "Does the cell with the most parameters win? Then ask “Last state or mean?”: which cell gains most when its answer is read "
    "from the mean of all states, and why?",
)

FORMULAS: dict[Cell, tuple[Equation, ...]] = {
    "simple_rnn": (Equation("h_{t+1}", r"\tanh(x_t W + h_t U + b)"),),
    "lstm": (
        Equation("i", r"\sigma(x_t W_i + h_t U_i + b_i)", "input gate: write"),
        Equation("f", r"\sigma(x_t W_f + h_t U_f + b_f)", "forget gate"),
        Equation("g", r"\tanh(x_t W_g + h_t U_g + b_g)", "candidate"),
        Equation("o", r"\sigma(x_t W_o + h_t U_o + b_o)", "output gate: read"),
        Equation("c_{t+1}", r"f \odot c_t + i \odot g", "cell state"),
        Equation("h_{t+1}", r"o \odot \tanh(c_{t+1})", "hidden state"),
    ),
    "gru": (
        Equation("z", r"\sigma(x_t W_z + h_t U_z + b_z)", "update gate: keep"),
        Equation("r", r"\sigma(x_t W_r + h_t U_r + b_r)", "reset gate"),
        Equation("g", r"\tanh(x_t W_g + b_g + r \odot (h_t U_g + d_g))", "candidate"),
        Equation("h_{t+1}", r"z \odot h_t + (1 - z) \odot g", "hidden state"),
    ),
    "feed_forward": (
        Equation("y", r"\operatorname{softmax}\left(\frac{1}{T} \sum_t \operatorname{relu}(x_t W + b)\, V + c\right)"),
    ),
}
GRADIENT = (
    Equation(
        r"\frac{\partial L}{\partial h_t}",
        r"\frac{\partial L}{\partial h_T} \prod_{k=t}^{T-1} \frac{\partial h_{k+1}}{\partial h_k}",
    ),
)


def as_latex(equations: Sequence[Equation]) -> str:
    """Equations as one LaTeX block, aligned at their equals signs."""
    rows = [f"{one.left} &= {one.right}" + (rf" && \text{{{one.meaning}}}" if one.meaning else "") for one in equations]
    return r"\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}"


def show_lesson(lesson: Lesson) -> None:
    """Draw the text of a lesson and its question."""
    st.markdown(f"{lesson.text} :blue[:material/help:] *{lesson.question}*")
