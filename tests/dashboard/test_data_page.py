"""Data: what it says of a corpus before, while and after it is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.public import synthetic_voices
from tests.conftest import Trained
from tests.support.pages import button, healthy, open_page, text_of
from tests.support.sounds import glides


def test_data_says_what_to_do_before_anything_is_loaded() -> None:
    app = open_page("corpora")
    assert "Not on this computer yet" in text_of(app)
    assert "Load" in [button.label for button in app.button]
    button(app, "Check it").click().run()
    assert "commands answers a clip in" in text_of(app)


def test_data_shows_a_folder(trained: Trained, tmp_path: Path) -> None:
    app = open_page("corpora")
    app.selectbox(key="corpus-box-data").set_value("a folder on this computer").run()
    app.text_input(key="data_folder").set_value(str(trained.corpus)).run()
    healthy(app)
    assert {metric.label: metric.value for metric in app.metric}["clips"] == "180"
    assert "Speaker-disjoint" in text_of(app)
    assert len(app.get("audio")) == 6


def test_data_says_when_voices_are_in_several_splits(tmp_path: Path) -> None:
    folder = glides(tmp_path / "glides", speakers=6)
    for path in folder.glob("*/*.wav"):
        path.rename(path.with_name(path.name.replace("_nohash_", "-")))  # now nobody knows who speaks
    app = open_page("corpora")
    app.selectbox(key="corpus-box-data").set_value("a folder on this computer").run()
    app.text_input(key="data_folder").set_value(str(folder)).run()
    assert "speakers are unknown" in text_of(app)
    app.text_input(key="data_pattern").set_value(r"^(s\d+)-").run()
    healthy(app)
    assert "Speaker-disjoint" in text_of(app)
    app.text_input(key="data_pattern").set_value("(").run()
    healthy(app)
    assert "not a regular expression" in text_of(app)


def test_data_says_that_a_folder_is_not_there() -> None:
    app = open_page("corpora")
    app.selectbox(key="corpus-box-data").set_value("a folder on this computer").run()
    app.text_input(key="data_folder").set_value("/nowhere/at/all").run()
    healthy(app)
    assert "There is no folder /nowhere/at/all." in text_of(app)


def test_data_makes_the_synthetic_voices_and_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_voices, "DEFAULT_WORDS", ("left", "right"))
    monkeypatch.setattr(synthetic_voices, "_TIMBRES", ("m1", "f1"))
    app = open_page("corpora")
    button(app, "Load").click().run()
    healthy(app)
    assert {metric.label: metric.value for metric in app.metric}["words"] == "2"
    next(one for one in app.text_input if one.label == "Other words").set_value("lamp, music")
    button(app, "Add").click().run()
    healthy(app)
    assert {metric.label: metric.value for metric in app.metric}["words"] == "4"
