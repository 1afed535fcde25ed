"""Scene 6, GRU: fewer parameters, easier to train, more limited; each claim beside the measurement that supports it or not."""

from __future__ import annotations

from typing import get_args

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from audio_models.config import CELL_TITLES, Cell
from audio_models.lab import bundled, comparison, comparison_results, memory, verdict
from audio_models.lab.memory import Experiment
from audio_models.networks.cells import GATES, CellWeights, read
from audio_models.report.colour import PALETTE
from dashboard.learn.parts import columns, guess, network, open_tool, spoken_clip, task
from dashboard.lessons.cell import show_cell
from dashboard.lessons.inspected import network_inside
from dashboard.shared import preload
from dashboard.shared.cells import CELL_LOOKS
from dashboard.shared.glossary import term
from dashboard.shared.show_chart import show_chart
from data.phrases import percent

_SCENE = "gru"
_CLAIMS = ("Fewer parameters", "Easier to train", "More limited")
_CELL = "One unit, with its numbers"
_INPUTS, _UNITS = 26, 96  # of the plain networks that come with Echoic
_LEARNED = 0.99  # accuracy at which a task counts as learned
_RIGHT = "fewer parameters and more limited"
_COLOURS: dict[Cell, str] = {cell: CELL_LOOKS[cell].colour for cell in get_args(Cell)}


def parameters(cell: Cell, inputs: int, units: int) -> int:
    """Count the weights of a cell: W, U and b for each gate and the candidate; a GRU as in keras has two biases."""
    blocks = max(1, len(GATES[cell]))
    return blocks * (inputs * units + units * units + units * (2 if cell == "gru" else 1))


def most_units(cell: Cell, inputs: int, budget: int) -> int:
    """The most units with which a cell has no more than `budget` weights."""
    units = 1
    while parameters(cell, inputs, units + 1) <= budget:
        units += 1
    return units


def draw() -> None:
    """Draw the scene."""
    words, picture = columns()
    with words:
        st.markdown(
            f"A {term('GRU')} (Cho et al. 2014) has two gates and one state. The {term('update gate')} $z$ keeps and writes in one "
            f"move; the {term('reset gate')} $r$ decides how much of the state the {term('candidate')} $g$ sees."
        )
        st.latex(r"h_{t+1} = \underbrace{z \odot h_t}_{\text{keep}} + \underbrace{(1 - z) \odot g}_{\text{write}}")
        seen = guess(
            _SCENE,
            "A GRU has fewer parameters than an LSTM, is easier to train, and is more limited, textbooks say. Which do the "
            "measurements that come with Echoic support?",
            ["all three", "fewer parameters alone", _RIGHT, "fewer parameters and easier to train"],
            right=_RIGHT,
            explanation="Parameters can be counted, and the limit follows from the formula. Which cell learns in fewer steps depends on the "
            "task. On music and speech, Chung et al. 2014 found the GRU comparable to the LSTM.",
        )
    with picture:
        claim = st.segmented_control(
            "Claim", (*_CLAIMS, _CELL), default=_CLAIMS[0], required=True, key="learn_gru_claim", persist_state="session", disabled=not seen,
            label_visibility="collapsed", wrap=True,
        )  # fmt: skip
        budget = parameters("lstm", _INPUTS, _UNITS)
        solved = False
        if not seen:
            _fewer(budget, seen=False)
        elif claim == _CLAIMS[1]:
            _easier()
        elif claim == _CLAIMS[2]:
            _limited()
        elif claim == _CELL:
            _one_unit()
        else:
            solved = _fewer(budget, seen=True)
    with words:
        if seen:
            task(
                _SCENE,
                f"Under *{_CLAIMS[0]}*: how many units may a GRU have at most without more weights than an LSTM of {_UNITS}?",
                solved=solved,
            )
            open_tool("memory", "Memory: how long each cell remembers", ":material/psychology:", task="adding")
            open_tool("compare", "Compare: the same cells on your words", ":material/compare:")


def _one_unit() -> None:
    """Draw one unit while the network reads a word: one gate keeps and writes, so its two valves move against each other."""
    from audio_models.lab.inspection import inspect  # brings onnxruntime

    run = network("plain-gru")
    clip = spoken_clip(run, "stop")
    found = inspect(run, clip.samples, clip.label, recognizer=preload.recognizer(run))
    show_cell(found, network_inside(run), key="learn_gru_cell", compact=True)


def _fewer(budget: int, *, seen: bool) -> bool:
    """Count the weights; return whether the slider stands at the answer of the task.

    Args:
        seen: whether the verdict may be seen.
    """
    units = int(st.slider("Units of the GRU", 16, 160, _UNITS, key="learn_gru_units", persist_state="session"))
    rows: list[tuple[Cell, int]] = [("simple_rnn", _UNITS), ("gru", units), ("lstm", _UNITS)]
    table = pd.DataFrame(
        [
            {
                "cell": f"{CELL_TITLES[cell]} of {size}", "kind": cell, "weights": parameters(cell, _INPUTS, size),
                "text": f"{parameters(cell, _INPUTS, size):,}",
            }
            for cell, size in rows
        ]
    )  # fmt: skip
    y = alt.Y(
        "cell:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=160, labelFontSize=13)
    )
    bars = (
        alt.Chart(table)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            y=y, x=alt.X("weights:Q", title=f"weights of the cell, {_INPUTS} inputs", scale=alt.Scale(domain=[0, 90_000]), axis=alt.Axis(tickCount=5)),
            color=alt.Color("kind:N", legend=None, scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))),
        )
    )  # fmt: skip
    text = (
        alt.Chart(table)
        .mark_text(align="left", dx=6, fontSize=14)
        .encode(y=y, x=alt.X("weights:Q"), text=alt.Text("text:N"))
    )
    rule = (
        alt.Chart(pd.DataFrame({"weights": [budget]}))
        .mark_rule(strokeDash=[4, 3], color=PALETTE[6])
        .encode(x=alt.X("weights:Q"))
    )
    show_chart(
        alt.layer(bars, text, rule).properties(height=190),
        "The number of weights of each cell; the bars carry their numbers.",
        key="learn_gru_weights",
    )
    st.latex(
        r"\begin{aligned} \text{LSTM: } & 4\,(m n + n^2 + n) \\ \text{GRU: } & 3\,(m n + n^2 + 2n) \\ "
        r"\text{SimpleRNN: } & m n + n^2 + n \end{aligned}"
    )
    if not seen:
        return False
    counted = ", ".join(f"{name} {_counted(name):,}" for name in ("plain-gru", "plain-lstm"))
    st.markdown(
        f":material/check: **Supported, by counting.** With $m$ inputs and $n$ units a GRU has about three quarters of an LSTM's "
        f"weights. Counted in the networks that come with Echoic: {counted}."
    )
    return units == most_units("gru", _INPUTS, budget)


def _counted(name: str) -> int:
    """Weights of the cell in a network's file."""
    from dashboard.lessons.inspected import network_inside

    return network_inside(network(name)).cell_weights(1).size


def steps_to_learn(experiments: list[Experiment]) -> pd.DataFrame:
    """Training steps until a task of each length is learned: `task`, `length`, `cell`, `steps`, `learned`; LSTM and GRU alone.

    A task that a cell did not learn has as many steps as it was given.
    """
    return pd.DataFrame(
        [
            {
                "task": one.config.task, "length": point.length, "cell": CELL_TITLES[point.cell], "steps": point.steps,
                "learned": point.accuracy >= _LEARNED,
            }
            for one in experiments
            for point in one.points
            if point.cell in ("lstm", "gru")
        ]
    )  # fmt: skip


def _easier() -> None:
    experiments = [one for one in memory.bundled() if one.config.task != "parity"]
    table = steps_to_learn(experiments)
    table["where"] = table["task"] + " " + table["length"].astype(str)
    table["result"] = np.where(table["learned"], "learned", "not learned")
    scale = alt.Scale(domain=["LSTM", "GRU"], range=[_COLOURS["lstm"], _COLOURS["gru"]])
    chart = (
        alt.Chart(table)
        .mark_point(size=110, strokeWidth=2.5)
        .encode(
            x=alt.X("where:N", sort=None, title="task and length", axis=alt.Axis(labelAngle=-35)),
            y=alt.Y("steps:Q", title="training steps", axis=alt.Axis(tickCount=5)),
            color=alt.Color("cell:N", title=None, scale=scale, legend=alt.Legend(orient="top")),
            shape=alt.Shape("result:N", title=None, scale=alt.Scale(domain=["learned", "not learned"], range=["circle", "cross"]), legend=alt.Legend(orient="top")),
            xOffset=alt.XOffset("cell:N", sort=["LSTM", "GRU"]),
            tooltip=["cell:N", "where:N", "steps:Q", "result:N"],
        )
        .properties(height=270)
    )  # fmt: skip
    show_chart(
        chart,
        "Steps of training that LSTM and GRU take for each task; the text below counts who needs fewer.",
        key="learn_gru_steps",
    )
    sooner = who_learns_sooner(table)
    st.markdown(
        f":material/close: **Not supported here.** Of the {sum(sooner.values())} tasks that at least one of them learned, the GRU needed fewer steps in "
        f"{sooner['GRU']}, the LSTM in {sooner['LSTM']}, as many in {sooner['']}. One training each: a small lead may be chance."
    )
    st.caption(f"Steps until {percent(_LEARNED, 0)} are right. {_origins(experiments)}")


def _origins(experiments: list[Experiment]) -> str:
    return " ".join(f"The measurement of {one.config.task} {bundled.origin(one)}." for one in experiments)


def who_learns_sooner(table: pd.DataFrame) -> dict[str, int]:
    """On how many tasks each cell needed fewer steps, "" for as many; a task that neither learned does not count."""
    found = {"GRU": 0, "LSTM": 0, "": 0}
    for _, rows in table.groupby(["task", "length"]):
        learned = rows[rows["learned"]]
        if not len(learned):
            continue
        fewest = learned[learned["steps"] == learned["steps"].min()]
        found[str(fewest["cell"].iloc[0]) if len(fewest) == 1 else ""] += 1
    return found


def counted(cell: Cell, ups: int, downs: int, keep: float) -> NDArray[np.floating]:
    """The memory of one hand-made unit that counts: up at each a, down at each b, (ups + downs,).

    An LSTM with open input and forget gates adds +1 or -1 to c. A GRU with an update gate of `keep` moves h towards +1 or -1.
    """
    sequence = np.repeat([[1.0], [-1.0]], [ups, downs], axis=0)
    far = 100.0  # opens a gate, or takes tanh to its end
    if cell == "lstm":
        weights = CellWeights(np.array([[0.0, 0.0, far, 0.0]]), np.zeros((1, 4)), np.array([far, far, 0.0, far]))
        return np.array([float(state.c[0]) for state in read("lstm", sequence, weights) if state.c is not None])
    gate = np.log(keep / (1 - keep))
    weights = CellWeights(np.array([[0.0, 0.0, far]]), np.zeros((1, 3)), np.array([[gate, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    return np.array([float(state.h[0]) for state in read("gru", sequence, weights)])


def _limited() -> None:
    many, gate = st.columns(2)
    count = many.slider("n: as many a, then as many b", 1, 60, 20, key="learn_gru_count", persist_state="session")
    keep = gate.slider("Update gate z of the GRU", 0.5, 0.99, 0.9, 0.01, key="learn_gru_keep", persist_state="session")
    parts = []
    titles: dict[Cell, str] = {"lstm": "LSTM: cell state c", "gru": "GRU: state h"}
    for cell, title in titles.items():
        values = counted(cell, count, count, keep)
        table = pd.DataFrame({"step": np.arange(1, len(values) + 1), "memory": values.round(4)})
        parts.append(
            alt.Chart(table).mark_line(color=_COLOURS[cell], strokeWidth=2.5, interpolate="step-after").encode(
                x=alt.X("step:Q", title="steps" if cell == "gru" else None, axis=alt.Axis(grid=False)),
                y=alt.Y("memory:Q", title=None, axis=alt.Axis(tickCount=4), scale=alt.Scale() if cell == "lstm" else alt.Scale(domain=[-1, 1])),
                tooltip=[alt.Tooltip("step:Q"), alt.Tooltip("memory:Q")],
            ).properties(height=110, width="container", title=alt.Title(title, anchor="start", fontSize=12))
        )  # fmt: skip
    show_chart(
        alt.vconcat(*parts, spacing=6),
        "Each cell counts; the text beside it says how far.",
        key="learn_gru_count_chart",
    )
    ends = {
        cell: (counted(cell, count, count, keep)[-1], counted(cell, count + 1, count, keep)[-1])
        for cell in ("lstm", "gru")
    }
    gap = abs(ends["gru"][1] - ends["gru"][0])
    st.markdown(
        f":material/check: **Supported, for counting.** Did one more a than b come? The LSTM ends at {ends['lstm'][0]:.0f} or "
        f"{ends['lstm'][1]:.0f}. This GRU ends {gap:.1g} apart: $h$ is a weighted mean of values between −1 and 1, so it stays "
        "there, and counts crowd together until rounding loses them (Weiss, Goldberg and Yahav 2018)."
    )
    cells = comparison.bundled()[0]
    found = comparison_results.results(cells)
    scores = ", ".join(f"{one.variant.title} {percent(one.accuracy)}" for one in found if one.cell in ("lstm", "gru"))
    st.caption(
        f"For words it hardly matters: {scores} on {', '.join(cells.config.task.labels)}. "
        f"{verdict.verdict(found, verdict.findings(found))} Comparison {bundled.origin(cells)}."
    )
