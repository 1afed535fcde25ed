"""Scene 7, in keras: the network on screen as the layers that it is, and where its parameters are."""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from audio_models.config import NetworkConfig
from audio_models.export.keras_network import network
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.networks.initial_weights import weight_shapes
from audio_models.networks.parameter_count import LayerCount, layer_counts
from dashboard.learn.parts import columns, guess, open_tool, task
from dashboard.shared import preload
from dashboard.shared.choose_model import describe_run
from dashboard.shared.glossary import term
from dashboard.shared.script_button import script_button

_SCENE = "in_keras"
_FIRST = ("plain-simple-rnn", "plain-lstm", "plain-gru")
_LSTM_UNITS = 96  # of plain-lstm
_NEAR = 0.01


def draw() -> None:
    """Draw the scene."""
    words, picture = columns()
    with picture:
        run, config = _controls()
        width, classes = run.config.features.width, len(run.config.task.classes)
        counts = layer_counts(config, width, classes)
    simple, lstm = (_cells(NetworkConfig(cell, _LSTM_UNITS), width) for cell in ("simple_rnn", "lstm"))
    with words:
        st.markdown(
            f"{term('SimpleRNN', '`SimpleRNN`')}, {term('LSTM', '`LSTM`')} and {term('GRU', '`GRU`')} are layers with one interface: "
            f"{term('frame', 'frames')} in, the last {term('hidden state', 'state')} out, or with `return_sequences=True` the state "
            "after every frame. `Masking` skips the padding after a short clip."
        )
        seen = guess(
            _SCENE,
            f"A SimpleRNN of {_LSTM_UNITS} units that reads {width} numbers a frame has {simple:,} parameters. How many has an "
            "LSTM of the same size?",
            ["as many", "twice as many", "three times as many", "four times as many"],
            right="four times as many",
            explanation=f"Three {term('gate', 'gates')} and the {term('candidate')}: four sets of $W$, $U$ and $b$. A GRU has two gates and the candidate, "
            "three sets, each with a second bias in keras (`reset_after=True`): a little more than three times.",
        )
        if seen:
            here = next((one.count for one in counts if one.weights == "layer_1/"), 0)
            task(
                _SCENE,
                f"Choose a GRU with as many parameters as an LSTM of {_LSTM_UNITS} has, {lstm:,}, within 1 %. How many units is that?",
                solved=config.cell == "gru" and config.layers == 1 and abs(here / lstm - 1) < _NEAR,
            )
            open_tool("evaluate", "Evaluate: any run as a script", ":material/code:", run=run.id)
    with picture:
        st.code(f"import keras\n\n{network(config, width, classes)}\nmodel.summary()", language="python")
        st.markdown(_table(counts, config, width, classes, answered=seen))
        said, script = st.columns([3, 1], vertical_alignment="center")
        if seen:
            said.caption(_check(run, config, counts))
        with script:
            script_button(run)


def _cells(config: NetworkConfig, width: int) -> int:
    """Parameters of the recurrent layer alone."""
    return layer_counts(config, width, 2)[0].count


def _controls() -> tuple[Run, NetworkConfig]:
    """Choose a run, and another number of units."""
    known = runs.by_id(runs.usable())
    order = [*(name for name in _FIRST if name in known), *(name for name in known if name not in _FIRST)]
    choose, slide = st.columns([3, 2], vertical_alignment="bottom")
    chosen = choose.selectbox(
        "Network",
        order,
        index=min(1, len(order) - 1),
        format_func=lambda one: describe_run(known[one]),
        key="learn_keras_run",
        persist_state="session",
    )
    run = known[chosen]
    config = run.config.network
    units = slide.slider(
        "Units", 1, max(256, config.units), config.units, key=f"learn_keras_units_{chosen}", persist_state="session"
    )
    return run, replace(config, units=units)


def _table(counts: tuple[LayerCount, ...], config: NetworkConfig, width: int, classes: int, *, answered: bool) -> str:
    """The layers with parameters, as Markdown; before the guess without the counts that give it away."""
    shapes = weight_shapes(config, width, classes)
    rows = ["| layer | gives | parameters | weights |", "|---|---:|---:|---|"]
    for one in counts:
        is_hidden = not answered and one.layer in ("LSTM", "GRU")
        arrays = [shape for name, shape in shapes.items() if one.weights and name.startswith(one.weights)]
        same = sum(map(math.prod, arrays)) == one.count
        parts = ", ".join(" × ".join(map(str, shape)) for shape in arrays)
        number = "?" if is_hidden else f"{one.formula} = **{one.count:,}**"
        weights = "" if is_hidden or not arrays else f"{parts} {':material/check:' if same else ':material/close:'}"
        rows.append(f"| `{one.layer}` | {one.output} | {number} | {weights} |")
    return "\n".join(rows)


def _check(run: Run, config: NetworkConfig, counts: tuple[LayerCount, ...]) -> str:
    """Whether the sum is what keras counted when the network was trained."""
    total = sum(one.count for one in counts)
    if config != run.config.network:
        return f"{total:,} parameters. {run.name} has {run.config.network.units} units and was trained so."
    counted = preload.recognizer(run).parameters
    if counted == total:
        return f":material/check: {total:,} parameters: as many as keras counted in {run.name}."
    return f"{total:,} parameters; its file says {counted:,}."
