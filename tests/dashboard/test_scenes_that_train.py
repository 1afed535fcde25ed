"""The scenes of the course that train a small network: their numbers, their training, their tasks."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from audio_models.lab.parity_machine import parity_machine
from dashboard.learn import machine, progress
from dashboard.lessons import live_training
from tests.support.pages import button, healthy, open_page, text_of


def _revealed(scene: str, guess: str) -> AppTest:
    progress.update(scene, guess=guess)
    app = open_page("learn")
    app.query_params["scene"] = scene
    app.run()
    healthy(app)
    return app


def _train(app: AppTest, label: str) -> None:
    """Press the button and rerun the page, as the browser does, until the training ends."""
    button(app, label).click().run()
    for _ in range(20):
        healthy(app)
        if all(one.label != "Stop" for one in app.button):
            return
        app.run()
    raise AssertionError("the training does not end")


def test_vanishing_says_why_and_its_task_can_be_solved(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_training, "_PIECE", 1.0)
    app = _revealed("vanishing", "1 %")
    assert "0.90 × 1 = **0.90**. Below 1, the gradient **must** vanish" in text_of(app)
    assert "A guess is right in 25 %" in text_of(app)
    app.slider(key="vanishing_scale").set_value(1.0).run()
    assert "**1.00**. Not below 1" in text_of(app)
    app.slider(key="vanishing_scale").set_value(1.2).run()
    assert "Not below 1, so it may vanish or explode" in text_of(app)
    app.selectbox(key="vanishing_activation_True").set_value("sigmoid").run()
    assert "1.20 × 0.25 = **0.30**" in text_of(app)
    app.segmented_control(key="vanishing_cell").set_value("lstm").run()
    assert "the product of its forget gates" in text_of(app)
    app.segmented_control(key="vanishing_cell").set_value("gru").run()
    assert "the product of its update gates" in text_of(app)
    # a SimpleRNN that passes its state on learns 30 steps
    app.segmented_control(key="vanishing_cell").set_value("simple_rnn").run()
    app.selectbox(key="vanishing_activation_True").set_value("relu")
    app.selectbox(key="vanishing_initialisation").set_value("identity")
    app.slider(key="vanishing_scale").set_value(1.0)
    app.slider(key="vanishing_length").set_value(30).run()
    assert not progress.read().of("vanishing").solved
    _train(app, "Train on 30 steps")
    assert "right over 30 steps (a guess: 25 %)" in text_of(app)
    assert progress.read().of("vanishing").solved


def test_a_learned_machine_breaks_where_the_one_by_hand_does_not(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_training, "_PIECE", 1.0)
    app = _revealed("any_algorithm", "two")
    assert "**By hand**: 100 % right on 300 bits" in text_of(app)
    app.slider(key="algorithm_steepness").set_value(2.0).run()
    assert "**By hand**: below 90 % right from" in text_of(app)
    app.segmented_control(key="algorithm_kind").set_value("Learned").run()
    assert "**Untrained**: below 90 % right from" in text_of(app)
    _train(app, "Train")  # with the answer after the fourth bit only
    assert "**Learned**: below 90 % right from **5 bits** on" in text_of(app)
    app.segmented_control(key="algorithm_every").set_value("after every step").run()
    app.slider(key="algorithm_bits").set_value(8).run()
    assert not progress.read().of("any_algorithm").solved
    _train(app, "Train")
    assert progress.read().of("any_algorithm").solved


def test_bits_that_are_flipped_are_read() -> None:
    drawn = machine.data(parity_machine(6), ("any", "both"), "1101")
    assert drawn["truth"] == drawn["answers"] == ["even", "odd", "even", "even", "odd"]
    assert [len(state) for state in drawn["states"]] == [2] * 5
    shallow = machine.data(parity_machine(1), ("any", "both"), "1" * 12)
    assert shallow["answers"] != shallow["truth"]
