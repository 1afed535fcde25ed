"""Memory's small task, run without a browser: it trains while it is used, and says what came of it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from audio_models.lab.small_network import SmallConfig
from dashboard.lessons import live_training
from dashboard.lessons.small_task import ANSWERS, SMALL_TASK
from dashboard.shared.address import link_to
from tests.support.pages import button, healthy, open_page, text_of


def _small_task() -> AppTest:
    app = open_page("memory")
    app.segmented_control(key="memory_view").set_value(SMALL_TASK).run()
    healthy(app)
    return app


def test_a_cell_is_trained_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_training, "_PIECE", 1.0)
    app = _small_task()
    assert "Press Train" in text_of(app)
    app.slider(key="small_task_length_recall").set_value(2).run()
    button(app, "Train").click().run()
    healthy(app)
    for _ in range(20):  # the browser asks for each piece
        if "remembers 2 steps" in text_of(app):
            break
        app.run()
    healthy(app)
    assert "**SimpleRNN** remembers 2 steps" in text_of(app)
    assert float(app.metric[0].value.split()[0]) >= 99
    steps = app.metric[1].value
    app.run()
    assert app.metric[1].value == steps, "it has ended"
    # the network trains on with another length; another cell begins anew
    app.slider(key="small_task_length_recall").set_value(3).run()
    button(app, "Train on").click().run()
    assert app.metric[1].value != steps
    app.segmented_control(key="small_task_cell").set_value("gru").run()
    healthy(app)


def test_it_can_be_stopped_and_begun_again() -> None:
    app = _small_task()
    app.slider(key="small_task_length_recall").set_value(60).run()
    button(app, "Train").click().run()
    assert "begins to learn" in text_of(app)
    app.run()
    assert "is learning to remember 60 steps" in text_of(app)
    button(app, "Stop").click().run()
    steps = app.metric[1].value
    app.run()
    assert app.metric[1].value == steps
    assert "does not remember 60 steps" in text_of(app)
    button(app, "Start again").click().run()
    healthy(app)
    assert app.metric[1].value == "–"
    app.segmented_control(key="small_task_task").set_value("adding").run()
    healthy(app)
    assert "two of them are marked" in text_of(app)


def test_a_link_of_the_course_opens_the_same_network() -> None:
    app = open_page("memory")
    state = {
        "view": SMALL_TASK, "task": "parity", "length": 6, "units": 8, "seed": 3, "rate": 1e-2, "answers": ANSWERS[1],
        "activation": "relu", "scale": 0.7,
    }  # fmt: skip
    app.query_params.update(parse_qsl(urlsplit(link_to("memory", **state)).query))
    app.run()
    healthy(app)
    assert not app.warning
    training = app.session_state["live_training-small_task"]
    assert training.config == SmallConfig("parity", units=8, seed=3, every_step=True, activation="relu", scale=0.7)
    assert app.slider(key="small_task_length_parity").value == 6
    assert app.select_slider(key="small_task_rate").value == 1e-2
