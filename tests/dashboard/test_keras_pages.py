"""A run as a script, and a network opened from a keras file, on the pages."""

from __future__ import annotations

from pathlib import Path

import keras
from streamlit.testing.v1 import AppTest

from audio_models.config import NetworkConfig
from audio_models.jobs import runs
from audio_models.lab.inspection import inspect, network_of
from dashboard.learn import progress
from dashboard.lessons import unrolled
from dashboard.lessons.cell.data import network_data
from tests.support.pages import healthy, open_page, text_of
from tests.support.sounds import chirp
from tests.support.untrained import untrained_run


def _press(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    healthy(app)


def test_evaluate_shows_a_run_as_a_script(home: Path) -> None:
    app = open_page("evaluate")
    (run,) = runs.listing()
    _press(app, f"script-{run.id}")
    (code,) = app.code
    assert f"Written by Echoic from the run {run.id}" in code.value
    assert "keras.layers.GRU(16)" in code.value
    assert "It reaches the same accuracy" in text_of(app)


def test_inside_opens_a_network_that_was_trained_elsewhere(home: Path, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    path = tmp_path / "student.keras"
    model = keras.Sequential(
        [keras.Input((None, 13)), keras.layers.GRU(4), keras.layers.Dense(2, activation="softmax")]
    )
    model.save(path)

    # a dialog's own reruns are the browser's: here it is a page of its own
    app = AppTest.from_string("from dashboard.shared import open_keras\nopen_keras.ask()", default_timeout=60).run()
    app.file_uploader(key="open_keras_file").upload("student.keras", path.read_bytes(), "application/zip").run()
    healthy(app)
    assert "GRU of 4 units" in text_of(app)
    assert app.button(key="open_keras_now").disabled, "it has no labels yet"
    app.button_group(key="start-student.keras-13").set_value("librosa's defaults").run()
    healthy(app)
    app.text_input(key="labels-student.keras-13").set_value("left, right").run()
    _press(app, "open_keras_now")
    assert not app.error
    assert app.session_state["opened_run"] == runs.listing()[0].id
    (opened,) = [run for run in runs.listing() if run.config.opened_from]
    assert opened.config.task.classes == ("left", "right")
    made = opened.config.features
    assert (made.sample_rate, made.frame_length, made.hop_length, made.n_mels) == (22_050, 2048, 512, 128)
    assert (made.n_mfcc, made.centred, made.top_db) == (13, True, 80)

    app = open_page("inside")
    app.session_state["opened_run"] = opened.id
    app.run()
    healthy(app)
    assert app.selectbox(key="inside_run").value == opened.id
    assert "Recognised:" in text_of(app)


def test_the_scene_in_keras_counts_as_many_parameters_as_asked(home: Path) -> None:
    progress.update("in_keras", guess="as many")
    app = open_page("learn")
    app.query_params["scene"] = "in_keras"
    app.run()
    healthy(app)
    assert "48,202 parameters: as many as keras counted" in text_of(app)
    app.selectbox(key="learn_keras_run").set_value("plain-gru").run()
    app.slider(key="learn_keras_units_plain-gru").set_value(112).run()
    healthy(app)
    assert any("keras.layers.GRU(112)" in shown.value for shown in app.code)
    assert "3 × 112 × (26 + 112 + 2) = **47,040**" in text_of(app)
    assert progress.read().of("in_keras").solved


def test_a_network_with_dense_layers_above_its_cell_is_drawn_as_it_is() -> None:
    run = untrained_run(NetworkConfig("lstm", 6, 2, units_below=(4,), dense=(5,)))
    found = inspect(run, chirp(300, 2500, 1.0))
    assert network_data(found, network_of(run))["answer"] is None, "the last layer reads no state"
    assert "V: 6 × 5 × 4" in unrolled.picture(found)
