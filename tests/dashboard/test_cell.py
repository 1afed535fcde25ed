"""The cell by hand: what is packed for it, and that the small cells do what their buttons say."""

from __future__ import annotations

import base64
import json
from functools import cache

import numpy as np
import pytest

from audio_models.errors import ConfigError
from audio_models.jobs import runs
from audio_models.lab.inspection import Inspection, inspect, network_of
from audio_models.networks import cells
from audio_models.networks.numpy_network import NumpyNetwork
from dashboard.lessons.cell.data import formulas, network_data
from dashboard.lessons.cell.small import KINDS, SMALL_CELLS, STEPS, SmallCell, small_data
from tests.support.pages import healthy, open_page, text_of
from tests.support.sounds import chirp


@cache
def _inspected(name: str) -> tuple[Inspection, NumpyNetwork]:
    run = runs.find(name)
    return inspect(run, chirp(300, 2500, 1.0, seed=3)), network_of(run)


@pytest.mark.parametrize("name", ["plain-lstm", "plain-gru", "plain-simple-rnn", "commands", "commands-streaming"])
def test_a_network_is_packed_with_every_weight(name: str) -> None:
    found, network = _inspected(name)
    data = json.loads(json.dumps(network_data(found, network)))
    weights = network.cell_weights(1)
    np.testing.assert_array_equal(
        np.frombuffer(base64.b64decode(data["kernel"]), np.float32).reshape(weights.kernel.shape), weights.kernel
    )
    assert len(data["bias"]) == (2 if found.cell == "gru" else 1)
    assert len(data["input_names"]) == data["inputs"] == weights.kernel.shape[0]
    assert len(data["times"]) == len(data["probabilities"]) == data["steps"] == len(found.trace.hidden)
    assert data["times"] == sorted(data["times"])
    assert set(data["formulas"]) >= {"h", "y", *(data["blocks"])}


def test_a_layer_that_reads_backward_is_packed_in_the_order_in_which_it_reads() -> None:
    found, network = _inspected("commands")
    data = network_data(found, network, "layer_1/backward")
    x = np.frombuffer(base64.b64decode(data["x"]), np.float32).reshape(data["steps"], -1)
    np.testing.assert_allclose(x, found.trace.layers[1].inputs[::-1], rtol=1e-6)
    assert data["times"] == sorted(data["times"], reverse=True)
    assert data["probabilities"] is None, "the answer is not read while it goes backward"


def test_a_layer_that_is_not_there_is_named() -> None:
    found, network = _inspected("plain-lstm")
    with pytest.raises(ConfigError, match=r"no recurrent layer 'layer_2/forward'; it has layer_1/forward"):
        network_data(found, network, "layer_2/forward")
    with pytest.raises(ConfigError, match="it has none"):
        network_data(*_inspected("plain-feed-forward"))


def test_the_unit_shown_first_speaks_for_the_answer() -> None:
    found, network = _inspected("plain-lstm")
    kernel, _ = network.output_weights()
    spoken = found.trace.summary * kernel[:, found.labels.index(found.answer)]
    assert network_data(found, network)["unit"] == int(spoken.argmax())


def _states(small: SmallCell, sequence: np.ndarray | None = None) -> list[cells.State]:
    return cells.read(small.cell, (small.sequence if sequence is None else sequence)[:, None], small.weights)


def _small(cell: str, name: str) -> SmallCell:
    return next(one for one in SMALL_CELLS if (one.cell, one.name) == (cell, name))


def test_the_echo_fades_and_with_a_weight_above_one_it_stays() -> None:
    echo = _small("simple_rnn", "Fading echo")
    assert abs(_states(echo)[2].h[0]) > 0.8
    assert abs(_states(echo)[-1].h[0]) < 0.05
    louder = cells.CellWeights(echo.weights.kernel, np.array([[1.5]]), echo.weights.bias)
    assert abs(cells.read("simple_rnn", echo.sequence[:, None], louder)[-1].h[0]) > 0.8


def test_the_latch_holds_until_it_is_told() -> None:
    latch = [state.h[0] for state in _states(_small("simple_rnn", "Latch"))]
    assert min(latch[3:12]) > 0.9
    assert max(latch[12:]) < 0


def test_the_counter_counts() -> None:
    counter = _small("lstm", "Counter")
    counted = [state.c[0] for state in _states(counter)]  # type: ignore[index]
    np.testing.assert_allclose(counted, np.cumsum(counter.sequence), atol=0.1)


def test_one_writes_and_minus_one_deletes() -> None:
    kept = [state.c[0] for state in _states(_small("lstm", "Write and delete"))]  # type: ignore[index]
    assert min(kept[2:12]) > 0.85
    assert max(np.abs(kept[12:])) < 0.05


def test_the_first_one_shuts_the_input_gate() -> None:
    first = _states(_small("lstm", "First one only"))
    assert first[3].gates["input"][0] > 0.9
    assert max(state.gates["input"][0] for state in first[4:]) < 0.1
    assert 0.8 < first[-1].c[0] < 1.2  # type: ignore[index]


def test_the_average_moves_by_a_tenth() -> None:
    for state in _states(_small("gru", "Moving average")):
        assert state.gates["update"][0] == pytest.approx(0.9, abs=0.01)


def test_the_gru_writes_and_holds() -> None:
    held = [state.h[0] for state in _states(_small("gru", "Write and hold"))]
    assert max(np.abs(held[:3])) < 0.01
    assert min(held[3:]) > 0.85


@pytest.mark.parametrize("cell", ["simple_rnn", "gru"])
def test_odd_or_even_is_told_for_any_sequence(cell: str) -> None:
    parity = _small(cell, "Odd or even")
    for seed in range(20):
        sequence = np.random.default_rng(seed).integers(0, 2, 200).astype(float)
        odd = np.cumsum(sequence) % 2 == 1
        states = _states(parity, sequence)
        if cell == "gru":
            said = [state.h[0] > 0.5 for state in states]
        else:
            said = [abs(state.h[0] - state.h[1]) > 1 for state in states]
        np.testing.assert_array_equal(said, odd)


@pytest.mark.parametrize("cell", KINDS)
def test_small_cells_are_packed_with_their_formulas(cell: str) -> None:
    data = json.loads(json.dumps(small_data(cell)))  # type: ignore[arg-type]
    assert [preset["steps"] for preset in data["presets"]] == [STEPS] * 3
    assert all(preset["block"] in data["formulas"] for preset in data["presets"])


def test_every_part_has_its_formula() -> None:
    assert set(formulas("lstm")) == {"input", "forget", "output", "candidate", "c", "h", "state", "y"}
    assert set(formulas("gru")) == {"update", "reset", "candidate", "h", "state", "y"}


def test_inside_shows_the_cell_of_a_network_and_small_ones() -> None:
    app = open_page("inside")
    app.segmented_control(key="inside_view").set_value("Cell").run()
    healthy(app)
    assert "A gate is a valve" in text_of(app)
    app.selectbox(key="inside_run").set_value("plain-simple-rnn").run()
    healthy(app)
    assert "There is no gate" in text_of(app)
    app.segmented_control(key="cell_view").set_value("lstm").run()
    healthy(app)
    assert "small enough to set every weight" in text_of(app)
    app.segmented_control(key="cell_view").set_value("network").run()
    app.selectbox(key="inside_run").set_value("plain-feed-forward").run()
    healthy(app)
    assert "has no cell" in text_of(app)
