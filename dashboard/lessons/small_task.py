"""Memory's small task: train one cell on the page, in seconds, and watch its curve while sliders move."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from audio_models.lab import memory_tasks
from audio_models.lab.memory import GOOD, LAB_CELLS
from audio_models.lab.memory_tasks import MemoryTask
from audio_models.lab.small_network import SmallConfig
from audio_models.lab.small_training import Progress, SmallTraining
from audio_models.networks.cells import ACTIVATIONS
from audio_models.networks.initial_weights import INITIALISATIONS
from dashboard.lessons.live_training import LiveTraining, Piece, live
from dashboard.shared import address
from dashboard.shared.cells import CELL_LOOKS, colour_scale, dash_scale
from dashboard.shared.formatting import on_dark
from dashboard.shared.show_chart import show_chart
from dashboard.shared.state import Value
from data.phrases import percent

_MOST_STEPS = 3000
_RATES = (1e-4, 3e-4, 1e-3, 3e-3, 5e-3, 1e-2, 3e-2, 1e-1)
_LENGTHS = {"recall": 10, "adding": 8, "parity": 4}
_LONGEST = 60
SMALL_TASK = "One cell, trained now"
"""The view of Memory that shows it."""
SCALES = (0.3, 1.5)
"""Smallest and largest factor on the initial recurrent weights."""
BIASES = (-2.0, 6.0)
"""Smallest and largest first bias of the gate that keeps memory."""
ACTIVATION_TITLES = {"tanh": "tanh", "relu": "ReLU", "sigmoid": "sigmoid", "linear": "none (linear)"}
ANSWERS = ("after the last step", "after every step")
"""When a network in training is told the answer."""
_KEPT_CURVES = 4

Curve = tuple[str, str, tuple[Progress, ...]]
"""Its cell, its settings in words, its points."""
_EARLIER = Value[tuple[Curve, ...]]("small_task_earlier", ())
"""Curves of trainings before this one, oldest first."""
_SHOWN = Value[SmallTraining | None]("small_task_shown", None)
"""The training that is drawn, to notice when another begins."""


def small_task() -> None:
    """Draw the settings, the curve and what came of it."""
    live("small_task", _draw)


def _draw(live_training: LiveTraining) -> Piece:
    form, picture = st.columns([2, 3], gap="large")
    with form:
        config, length, rate = _settings()
        task = memory_tasks.find(config.task)
        training = live_training.current(config)
        _keep_earlier(training)
        live_training.buttons("Train" if not training.steps else "Train on")
    with picture:
        curves = [*_EARLIER.get(), (CELL_LOOKS[config.cell].title, "now", tuple(training.progress))]
        show_chart(
            _chart(curves, task),
            "Accuracy over the training steps, now and in earlier trainings; the verdict and the numbers stand below.",
            key="small_task_curve",
        )
        st.markdown(_verdict(training, task, running=live_training.running))
        _numbers(training)
    address.write()
    return Piece(training, length, rate, _enough)


def _settings() -> tuple[SmallConfig, int, float]:
    address.follow("task", "small_task_task", list(memory_tasks.TASKS))
    task = st.segmented_control(
        "Task", list(memory_tasks.TASKS), default="recall", required=True, key="small_task_task", wrap=True,
        format_func=lambda name: memory_tasks.TASKS[name].title,
    )  # fmt: skip
    st.markdown(memory_tasks.TASKS[task].text)
    address.follow("cell", "small_task_cell", LAB_CELLS)
    cell = st.segmented_control(
        "Cell", LAB_CELLS, default="simple_rnn", required=True, key="small_task_cell", wrap=True,
        format_func=lambda one: CELL_LOOKS[one].title,
    )  # fmt: skip
    one, two = st.columns(2)
    address.follow_number("length", f"small_task_length_{task}", 2, _LONGEST)
    length = one.slider(
        "Length T", 2, _LONGEST, _LENGTHS[task], key=f"small_task_length_{task}",
        help="Steps to remember. You can change it during the training.",
    )  # fmt: skip
    address.follow("rate", "small_task_rate", _RATES)
    rate = two.select_slider(
        "Learning rate", _RATES, 5e-3, key="small_task_rate", format_func=lambda value: f"{value:g}",
        help="Step size of Adam. You can change it during the training.",
    )  # fmt: skip
    simple = cell == "simple_rnn"
    address.follow("initial", "small_task_initialisation", INITIALISATIONS)
    initialisation = one.selectbox(
        "Initial recurrent weights", INITIALISATIONS, key="small_task_initialisation",
        format_func=lambda name: name.replace("_", " ").capitalize(), help="Another choice starts again.",
    )  # fmt: skip
    address.follow("activation", "small_task_activation", ACTIVATIONS)
    activation = two.selectbox(
        "Activation", ACTIVATIONS, key="small_task_activation", format_func=ACTIVATION_TITLES.__getitem__,
        disabled=not simple, help="Of a SimpleRNN. Another choice starts again.",
    )  # fmt: skip
    address.follow_number("scale", "small_task_scale", *SCALES)
    scale = one.slider(
        "Scale", *SCALES, 1.0, 0.05, key="small_task_scale", help="Factor on the initial recurrent weights."
    )
    address.follow_number("bias", "small_task_bias", *BIASES)
    bias = two.slider(
        "Gate bias", *BIASES, 1.0, 0.5, key="small_task_bias", disabled=simple,
        help="First bias of the LSTM's forget gate or the GRU's update gate. Another one starts again.",
    )  # fmt: skip
    address.follow_number("units", "small_task_units", 2, 24)
    units = one.slider("Units", 2, 24, 12, 2, key="small_task_units", help="Size of the state.")
    address.follow_number("seed", "small_task_seed", 0, 999)
    seed = two.number_input("Seed", 0, 999, 0, key="small_task_seed", help="Other first weights and sequences.")
    config = SmallConfig(
        task, cell, units, activation if simple else "tanh", initialisation, scale, bias, _every_step(task), int(seed)
    )
    return config, length, rate


def _every_step(task: str) -> bool:
    if memory_tasks.find(task).so_far is None:
        return False
    address.follow("answers", "small_task_answers", ANSWERS)
    chosen = st.segmented_control(
        "The answer is told", ANSWERS, default=ANSWERS[0], required=True, key="small_task_answers"
    )
    return bool(chosen == ANSWERS[1])


def _enough(training: SmallTraining) -> bool:
    return training.progress[-1].accuracy >= GOOD or training.steps >= _MOST_STEPS


def _keep_earlier(training: SmallTraining) -> None:
    """Keep the curve of the training before, when another begins."""
    before = _SHOWN.get()
    if before is not training:
        _SHOWN.set(training)
        if before is not None and before.progress and before.config.task == training.config.task:
            _EARLIER.set((*_EARLIER.get(), _curve(before))[-_KEPT_CURVES:])
        elif before is not None and before.config.task != training.config.task:
            _EARLIER.set(())


def _curve(training: SmallTraining) -> Curve:
    config = training.config
    return CELL_LOOKS[config.cell].title, f"{config.units} units, seed {config.seed}", tuple(training.progress)


def _chart(curves: list[Curve], task: MemoryTask) -> alt.LayerChart:
    rows = [
        {"cell": cell, "settings": settings, "curve": number, "steps": one.steps, "accuracy": one.accuracy,
         "length": one.length}
        for number, (cell, settings, points) in enumerate(curves)
        for one in points
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["cell", "settings", "curve", "steps", "accuracy", "length"])
    table["earlier"] = table["curve"] < len(curves) - 1
    titles = [CELL_LOOKS[cell].title for cell in LAB_CELLS]
    most = max(200, int(table["steps"].max()) if rows else 0)
    base = alt.Chart(table).encode(
        x=alt.X("steps:Q", title="training steps", scale=alt.Scale(domain=[0, most], nice=False), axis=alt.Axis(grid=False)),
        y=alt.Y("accuracy:Q", title="accuracy on new sequences", scale=alt.Scale(domain=[0, 1.04], nice=False), axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])),
    )  # fmt: skip
    lines = base.mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=20)).encode(
        detail="curve:N",
        color=alt.Color("cell:N", title=None, scale=colour_scale(titles, LAB_CELLS), legend=alt.Legend(orient="top", symbolType="stroke")),
        strokeDash=alt.StrokeDash("cell:N", title=None, scale=dash_scale(titles, LAB_CELLS)),
        opacity=alt.condition("datum.earlier", alt.value(0.35), alt.value(1)),
        tooltip=["cell:N", "settings:N", alt.Tooltip("length:Q", title="T"), alt.Tooltip("steps:Q", title="training steps"), alt.Tooltip("accuracy:Q", format=".1%")],
    )  # fmt: skip
    ink = "#a9b3b8" if on_dark() else "#5b666b"
    guess = alt.Chart(pd.DataFrame({"accuracy": [task.chance], "text": ["a guess"]}))
    rule = guess.mark_rule(color=ink, strokeDash=[2, 3]).encode(y="accuracy:Q")
    text = guess.mark_text(align="right", baseline="top", dx=-4, dy=4, color=ink).encode(
        x=alt.value("width"), y="accuracy:Q", text="text:N"
    )
    now = table[~table["earlier"]]
    changes = now[now["length"] != now["length"].shift()].assign(
        text=lambda these: "T = " + these["length"].astype(str)
    )
    changes = changes[(changes["steps"].shift(-1) - changes["steps"]).fillna(most) > 0.08 * most]  # room for its text
    marks = alt.Chart(changes).mark_text(align="left", baseline="top", dx=3, color=ink).encode(
        x="steps:Q", y=alt.value(2), text="text:N"
    )  # fmt: skip
    return alt.layer(rule, text, lines, marks).properties(height=380)


def _verdict(training: SmallTraining, task: MemoryTask, *, running: bool) -> str:
    """One sentence: what came of it so far."""
    cell = CELL_LOOKS[training.config.cell].title
    if training.diverged:
        return f"**{cell}**: its numbers grew without bounds; the gradient exploded. Start again with a smaller learning rate."
    if not training.progress:
        return f"**{cell}** begins to learn." if running else "Press Train: it takes seconds."
    last = training.progress[-1]
    if last.accuracy >= GOOD:
        return f"**{cell}** remembers {last.length} steps, after {last.steps:,} training steps. Does it still with a larger T?"
    if running:
        return f"**{cell}** is learning to remember {last.length} steps."
    if last.accuracy < (1 + task.chance) / 2:
        return f"**{cell}** does not remember {last.length} steps after {last.steps:,} training steps."
    return f"**{cell}** remembers {last.length} steps in part, after {last.steps:,} training steps."


def _numbers(training: SmallTraining) -> None:
    last = training.progress[-1] if training.progress else None
    accuracy, steps, arriving = st.columns(3)
    accuracy.metric("Accuracy", percent(last.accuracy) if last else "–")
    steps.metric("Training steps", f"{last.steps:,}" if last else "–")
    arriving.metric(
        "Gradient that arrives", f"{last.arriving:.1e}" if last and last.arriving < 1e-3 else f"{last.arriving:.3g}" if last else "–",
        help="Norm of the gradient at the first step, divided by that at the last. Close to 0, it has vanished on its way: "
        "nothing teaches the cell to keep the first step.",
    )  # fmt: skip
