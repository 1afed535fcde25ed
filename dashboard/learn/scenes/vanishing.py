"""Scene 4, the vanishing gradient: the factor of every step back through a small network, before and after training."""

from __future__ import annotations

import numpy as np
import streamlit as st

from audio_models.lab import memory_tasks
from audio_models.lab.gradient_flow import STEEPEST, GradientFlow, gradient_flow, largest_factor
from audio_models.lab.memory import LAB_CELLS, LabCell
from audio_models.lab.small_network import SmallConfig, SmallNetwork
from audio_models.lab.small_network import draw as first_network
from audio_models.lab.small_training import SmallTraining
from audio_models.networks.cells import ACTIVATIONS
from audio_models.networks.initial_weights import INITIALISATIONS
from dashboard.learn.parts import columns, guess, open_tool, task
from dashboard.lessons.gradient_picture import amount, picture
from dashboard.lessons.live_training import LiveTraining, Piece, live
from dashboard.lessons.small_task import ACTIVATION_TITLES, BIASES, SCALES, SMALL_TASK
from dashboard.shared import inline_svg
from dashboard.shared.cells import CELL_LOOKS
from dashboard.shared.glossary import term
from data.phrases import short_percent

_SCENE = "vanishing"
_TASK = memory_tasks.find("recall")
_GOOD = 0.95
_MOST_STEPS = 1500
_RATE = 5e-3
_FAR = 30  # steps that the task asks for
_DIRECT = {"simple_rnn": "", "lstm": "along the cell state", "gru": "along what is kept"}
_BACK = term("backpropagation through time", "travel back")
_TEXTS: dict[LabCell, tuple[str, str]] = {
    "simple_rnn": (
        r"\frac{\partial h_T}{\partial h_0} = \prod_{t=1}^{T} \operatorname{diag}\big(\varphi'(a_t)\big)\, U^{\top}",
        f"To learn that the first symbol matters, the gradient must {_BACK} to it. Each step multiplies it by the same "
        "**weights** $U$ and by the **slopes** $\\varphi'$ of the activation: for tanh at most 1. The number under an arrow is "
        "what that step makes of its norm.",
    ),
    "lstm": (
        r"\begin{gathered} c_t = f_t \odot c_{t-1} + i_t \odot g_t \\ \frac{\partial c_t}{\partial c_{t-1}} = \operatorname{diag}(f_t) + \dots \end{gathered}",
        f"An {term('LSTM')} *adds* to its {term('cell state')}. Along it, a step multiplies the gradient by the {term('forget gate')} $f_t$, "
        "from 0 to 1: no matrix, no slope. The dots are the ways through the gates. The number under an arrow counts all "
        "ways, for $h$ and $c$ together.",
    ),
    "gru": (
        r"\begin{gathered} h_t = z_t \odot h_{t-1} + (1 - z_t) \odot g_t \\ \frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(z_t) + \dots \end{gathered}",
        f"A {term('GRU')} *keeps* a share of its state. Along it, a step multiplies the gradient by the {term('update gate')} $z_t$, "
        "from 0 to 1: no matrix, no slope. The dots are the ways through the gates and the candidate. The number under an "
        "arrow counts all ways.",
    ),
}


def draw() -> None:
    """Draw the scene."""
    live(_SCENE, _draw)


def _draw(live_training: LiveTraining) -> Piece:
    words, right = columns()
    with right:
        config, length = _controls()
        training = live_training.current(config)
        now, before = _flows(training, length)
    with words:
        seen = _words(config.cell)
        if seen:
            last = training.progress[-1] if training.progress else None
            task(
                _SCENE,
                f"Make a SimpleRNN recall the first symbol over {_FAR} steps, {short_percent(_GOOD)} right.",
                solved=last is not None
                and config.cell == "simple_rnn"
                and last.length >= _FAR
                and last.accuracy >= _GOOD,
            )
            live_training.buttons(f"Train on {length} steps")
            st.markdown(_learned(training))
            open_tool(
                "memory", "Memory: go on with this cell", ":material/science:", view=SMALL_TASK, cell=config.cell,
                length=length, activation=config.activation, initial=config.initialisation, scale=config.scale,
                bias=config.gate_bias,
            )  # fmt: skip
            open_tool(
                "inside", "Inside: the same in a network that hears words", ":material/visibility:", view="gradient"
            )
    with right:
        wide, narrow = (
            picture(now, before, _DIRECT[config.cell], CELL_LOOKS[config.cell].colour, hidden=not seen, narrow=on_phone)
            for on_phone in (False, True)
        )
        inline_svg.show(wide, "vanishing_picture", narrow)
        if seen:
            st.markdown(_why(training.network, now))
    return Piece(training, length, _RATE, _enough)


def _words(cell: LabCell) -> bool:
    formula, text = _TEXTS[cell]
    st.latex(formula)
    st.markdown(text)
    return guess(
        _SCENE,
        "Twenty steps back, and each multiplies the gradient by about 0.8. How much of it arrives?",
        ["80 %", "20 %", "4 %", "1 %"],
        right="1 %",
        explanation="$0.8^{20} \\approx 0.01$: it shrinks *exponentially* with the number of steps. This is the "
        f"{term('vanishing gradient')} (Hochreiter 1991; Bengio et al. 1994). Factors above 1 make it {term('exploding gradient', 'explode')}.",
    )


def _controls() -> tuple[SmallConfig, int]:
    one, two, three = st.columns([3, 2, 2])
    cell = one.segmented_control(
        "Cell", LAB_CELLS, default="simple_rnn", required=True, key="vanishing_cell", persist_state="session", wrap=True,
        format_func=lambda name: CELL_LOOKS[name].title,
    )  # fmt: skip
    initialisation = two.selectbox(
        "Initial weights U", INITIALISATIONS, key="vanishing_initialisation", persist_state="session",
        format_func=lambda name: name.replace("_", " ").capitalize(),
    )  # fmt: skip
    simple = cell == "simple_rnn"
    activation = three.selectbox(
        "Activation", ACTIVATIONS if simple else ("tanh",), key=f"vanishing_activation_{simple}", persist_state="session", disabled=not simple,
        format_func=ACTIVATION_TITLES.__getitem__,
    )  # fmt: skip
    one, two, three = st.columns(3)
    length = one.slider("Steps T", 5, 40, 20, key="vanishing_length", persist_state="session")
    scale = two.slider(
        "Scale of U",
        *SCALES,
        0.9,
        0.05,
        key="vanishing_scale",
        persist_state="session",
        help="Factor on the initial weights.",
    )
    bias = three.slider(
        "Gate bias", *BIASES, 1.0, 0.5, key="vanishing_bias", persist_state="session", disabled=simple,
        help="First bias of the LSTM's forget gate or the GRU's update gate: the higher, the further open.",
    )  # fmt: skip
    config = SmallConfig(
        _TASK.name, cell, activation=activation, initialisation=initialisation, scale=scale, gate_bias=bias
    )
    return config, length


def _enough(training: SmallTraining) -> bool:
    return training.progress[-1].accuracy >= _GOOD or training.steps >= _MOST_STEPS


def _flows(training: SmallTraining, length: int) -> tuple[GradientFlow, GradientFlow | None]:
    """The way of the gradient through one sequence, as the network is and as it was before training."""
    frames = _TASK.make(1, length, np.random.default_rng(7))[0][0].astype(np.float64)

    def flow(network: SmallNetwork) -> GradientFlow:
        return gradient_flow(network.cell, network.read(frames), network.weights)

    return flow(training.network), flow(first_network(training.config)) if training.progress else None


def _learned(training: SmallTraining) -> str:
    if training.diverged:
        return "Its numbers grew without bounds: the gradient exploded. Start again with a smaller scale."
    if not training.progress:
        return f"It is untrained. A guess is right in {short_percent(_TASK.chance)} of all cases."
    last = training.progress[-1]
    return f"After {last.steps:,} training steps: **{short_percent(last.accuracy)}** right over {last.length} steps (a guess: {short_percent(_TASK.chance)})."


def _why(network: SmallNetwork, flow: GradientFlow) -> str:
    """What decides whether the gradient arrives, with the numbers of this network."""
    mean = f"On average a step multiplies by **{flow.mean_factor:.2f}**."
    if network.cell == "simple_rnn":
        bound = largest_factor(network.weights)
        slope = STEEPEST[network.weights.activation]
        product = f"Largest singular value of $U$ × steepest slope: {bound / slope:.2f} × {slope:g} = **{bound:.2f}**."
        if bound < 1 - 1e-9:  # orthogonal weights have exactly 1, but for rounding
            return f"{mean} {product} Below 1, the gradient **must** vanish (Pascanu et al. 2013)."
        return f"{mean} {product} Not below 1, so it may vanish or explode (Pascanu et al. 2013)."
    assert flow.direct is not None
    left = amount(float(flow.direct[-1]))
    if network.cell == "lstm":
        return (
            f"{mean} Along the cell state, {left} arrives in the unit that keeps most: the product of its forget gates. Gates "
            "near 1 keep the gradient (Hochreiter & Schmidhuber 1997; forget gates: Gers et al. 2000)."
        )
    return (
        f"{mean} Along what is kept of the state, {left} arrives in the unit that keeps most: the product of its update gates. "
        "Gates near 1 keep the gradient (Cho et al. 2014)."
    )
