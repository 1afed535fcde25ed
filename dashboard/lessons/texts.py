"""What the pages about the inside of a network say: two or three sentences, a formula, a question to try."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from audio_models.config import Cell


@dataclass(frozen=True)
class Lesson:
    """Words beside a picture.

    Attributes:
        title: of the picture.
        text: Markdown, what is seen.
        question: something to try.
    """

    title: str
    text: str
    question: str


STEP = Lesson(
    "One frame at a time",
    "The network reads the clip from left to right. At each frame it has two things: the frame, and its own state after "
    "the frame before. Out of these two it makes the next state, with the same weights every time, and out of the state "
    "the answer.",
    "Drag the cursor to where the answer changes for the last time. Is that where you hear the word, too?",
)
STEP_ALONE = Lesson(
    "One frame at a time, and no memory",
    "This network looks at each frame as if it were the only one, and takes the mean of what it finds. It hands nothing on "
    "from one frame to the next.",
    "Drag the cursor: does any frame's hidden layer depend on the frames before it?",
)
ORDER = Lesson(
    "With and without memory",
    "A feed-forward network looks at each frame alone and takes the mean. It knows which sounds there were and not in "
    "which order, but for the slope that a frame may carry, so its answer stays however the frames are put. A recurrent "
    "network's does not.",
    "Which words are still heard with their frames reversed? Think of which sounds they share with another word.",
)
UNROLLED = Lesson(
    "The loop, unrolled",
    "A recurrent network is a loop: the state goes out of the cell and in again. Laid out over time, it is a very deep "
    "feed-forward network with one layer a frame, in which all layers share their weights. That is how it is trained: "
    "the gradient of a shared weight is the sum over all the places where it is used.",
    "How many layers deep is the network for this clip? What would happen to the number of weights if they were not shared?",
)
FADING = Lesson(
    "How far back the gradient reaches",
    "To learn from an early frame, the gradient of the loss must travel back to it from the end, step by step. In a "
    "SimpleRNN it is multiplied by the same matrix and by slopes below one at each step, and fades or explodes. LSTM and GRU have a "
    "way past the matrix that their gates keep open. The scale is logarithmic: a straight line down is exponential decay.",
    "Compare dashed and solid: what did training do to the memory of each cell?",
)

MEMORY = Lesson(
    "How long does a cell remember?",
    "Each point is a small network, trained from scratch to remember something over T steps. Where a cell's points fall to "
    "the dotted line, it guesses: most often because hardly any gradient arrived at what it should have kept.",
    "Measure again with a gate bias of 2, then with Glorot weights. Who remembers longer, who shorter, and why?",
)

COMPARE = Lesson(
    "The cells compared",
    "Each cell learns the same clips with the same budget, several times, since chance has a part in every training. All "
    "are then judged on the same clips, so that they can be compared clip by clip. Where the difference may be chance, it says so.",
    "Does the cell with the most parameters win? And does the order of frames matter for your words: how far behind is the one without memory?",
)

FORMULAS: dict[Cell, str] = {
    "simple_rnn": r"h_{t+1} = \tanh(x_t W + h_t U + b)",
    "lstm": r"""\begin{aligned}
i &= \sigma(x_t W_i + h_t U_i + b_i) && \text{input gate: write} \\
f &= \sigma(x_t W_f + h_t U_f + b_f) && \text{forget gate} \\
g &= \tanh(x_t W_g + h_t U_g + b_g) && \text{candidate} \\
o &= \sigma(x_t W_o + h_t U_o + b_o) && \text{output gate: read} \\
c_{t+1} &= f \odot c_t + i \odot g \\
h_{t+1} &= o \odot \tanh(c_{t+1})
\end{aligned}""",
    "gru": r"""\begin{aligned}
z &= \sigma(x_t W_z + h_t U_z + b_z) && \text{update gate: keep} \\
r &= \sigma(x_t W_r + h_t U_r + b_r) && \text{reset gate} \\
g &= \tanh(x_t W_g + b_g + r \odot (h_t U_g + d_g)) && \text{candidate} \\
h_{t+1} &= z \odot h_t + (1 - z) \odot g
\end{aligned}""",
    "feed_forward": r"y = \operatorname{softmax}\left(\frac{1}{T} \sum_t \operatorname{relu}(x_t W + b)\, V + c\right)",
}
GRADIENT = r"\frac{\partial L}{\partial h_t} = \frac{\partial L}{\partial h_T} \prod_{k=t}^{T-1} \frac{\partial h_{k+1}}{\partial h_k}"


def show_lesson(lesson: Lesson) -> None:
    """A few sentences beside a picture, and a question to try."""
    st.markdown(f"{lesson.text} :blue[:material/help:] *{lesson.question}*")
