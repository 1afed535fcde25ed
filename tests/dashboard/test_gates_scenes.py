"""The scenes of LSTM and GRU: what they count and measure is right, and their tasks can be solved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audio_models.config import NetworkConfig
from audio_models.jobs import runs
from audio_models.lab import memory
from audio_models.lab.inspection import network_of
from audio_models.networks.initial_weights import fresh_weights
from audio_models.networks.numpy_network import NumpyNetwork
from dashboard.learn import progress
from dashboard.learn.scenes import gru, lstm
from tests.support.pages import button, healthy, open_page, text_of


@pytest.mark.parametrize("cell", ["simple_rnn", "gru", "lstm"])
def test_weights_are_counted_as_the_network_has_them(cell: str) -> None:
    run = runs.bundled_run(f"plain-{cell.replace('_', '-')}")
    found = network_of(run).cell_weights(1).size
    assert gru.parameters(cell, run.config.features.width, run.config.network.units) == found  # type: ignore[arg-type]


def test_the_most_units_are_those_of_which_one_more_is_too_many() -> None:
    budget = gru.parameters("lstm", 26, 96)
    most = gru.most_units("gru", 26, budget)
    assert gru.parameters("gru", 26, most) <= budget < gru.parameters("gru", 26, most + 1)


def test_an_lstm_counts_and_a_gru_forgets_how_many() -> None:
    """c rises by one at each a and falls by one at each b; h nears 1, so the 31st a moves it less than the first."""
    np.testing.assert_array_equal(gru.counted("lstm", 30, 30, 0.9), [*range(1, 31), *range(29, -1, -1)])
    found = gru.counted("gru", 30, 1, 0.9)
    np.testing.assert_allclose(found[:30], 1 - 0.9 ** np.arange(1, 31))
    assert found[30] == pytest.approx(0.9 * found[29] - 0.1)
    assert np.abs(gru.counted("gru", 200, 200, 0.5)).max() <= 1


def test_who_learns_sooner_counts_only_what_was_learned() -> None:
    table = pd.DataFrame(
        [
            ("recall", 5, "LSTM", 50, True), ("recall", 5, "GRU", 75, True),
            ("recall", 10, "LSTM", 75, True), ("recall", 10, "GRU", 75, True),
            ("recall", 80, "LSTM", 800, False), ("recall", 80, "GRU", 800, False),
            ("adding", 64, "LSTM", 300, False), ("adding", 64, "GRU", 600, True),
        ],
        columns=["task", "length", "cell", "steps", "learned"],
    )  # fmt: skip
    assert gru.who_learns_sooner(table) == {"GRU": 1, "LSTM": 1, "": 1}
    measured = gru.steps_to_learn(memory.bundled())
    assert set(measured["cell"]) == {"LSTM", "GRU"}
    assert measured["learned"].any()
    assert not measured["learned"].all()


def test_amounts_are_the_terms_of_the_formula() -> None:
    config = NetworkConfig("lstm", 1)
    layer = (
        NumpyNetwork(config, fresh_weights(config, 2, 2, seed=1)).read(np.array([[1.0, -2.0], [0.5, 3.0]])).layers[0]
    )
    memory_size, written, deleted, read = lstm.amounts(layer)
    first, second = layer.states
    assert first.c is not None
    assert second.c is not None
    assert deleted[0] == 0
    assert deleted[1] == pytest.approx(abs(float(((1 - second.gates["forget"]) * first.c)[0])))
    assert written[1] == pytest.approx(abs(float((second.gates["input"] * second.gates["candidate"])[0])))
    assert memory_size[1] == pytest.approx(abs(float(second.c[0])))
    np.testing.assert_allclose(read, np.abs(layer.hidden[:, 0]))


def test_a_held_gate_changes_the_answer_and_solves_the_task(home: Path) -> None:
    app = open_page("learn")
    app.query_params["scene"] = "lstm"
    app.run()
    assert app.button_group(key="learn_lstm_forget").disabled
    app.radio(key="learn_guess-lstm").set_value("all words almost equally likely").run()
    button(app, "Reveal").click().run()
    assert "You guessed right" in text_of(app)
    for word in lstm._WORDS:  # the explanation holds for each word that can be chosen
        shut = lstm._read(word, (lstm.ForcedGate("forget", False),))
        assert shut.probabilities.max() < 0.2
        assert lstm._read(word, ()).answer == word
    app.segmented_control(key="learn_lstm_forget").set_value("open").run()
    app.selectbox(key="learn_lstm_word").set_value("go").run()
    healthy(app)
    assert progress.read().of("lstm").solved


def test_every_claim_about_the_gru_has_its_measurement(home: Path) -> None:
    progress.update("gru", guess="all three")
    app = open_page("learn")
    app.query_params["scene"] = "gru"
    app.run()
    assert "plain-gru 35,712, plain-lstm 47,232" in text_of(app)
    app.slider(key="learn_gru_units").set_value(112).run()
    assert progress.read().of("gru").solved
    for claim, said in (
        ("Easier to train", "The measurement of adding comes with Echoic, measured 20"),
        ("More limited", "The LSTM ends at 0 or 1."),
    ):
        app.segmented_control(key="learn_gru_claim").set_value(claim).run()
        healthy(app)
        assert said in text_of(app)
    app.segmented_control(key="learn_gru_claim").set_value("One unit, with its numbers").run()
    healthy(app)
    assert len(app.get("bidi_component")) == 1
