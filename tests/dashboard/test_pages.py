"""The pages, run without a browser: what they say when empty, with a model, and with bad input."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audio_models.jobs import runs
from dashboard.train.first_run import quick_config
from tests.conftest import PROJECT
from tests.support.pages import button, healthy, open_page, text_of, wav
from tests.support.sounds import RATE, chirp, write


def test_the_first_visit_has_a_network_that_hears(started: list) -> None:
    app = open_page()
    assert app.selectbox(key="predict_run").value == "commands"
    assert "**left**" in text_of(app)
    assert "About this model" in [popover.proto.popover.label for popover in app.get("popover")]
    app.file_uploader[0].upload("nothing.wav", wav(np.zeros(RATE, np.float32)), "audio/wav").run()
    healthy(app)
    assert ">no word<" in text_of(app)


def test_the_first_training_is_one_click_away(started: list) -> None:
    app = open_page("train")
    assert "Nothing trained yet" in text_of(app)
    assert "six synthetic words" in text_of(app), "called synthetic wherever it is shown"
    button(app, "Train a first model").click().run()
    healthy(app)
    (config,) = started
    assert config.corpus.name == "synthetic_voices"


def test_a_model_that_comes_with_echoic_shows_its_card_and_what_is_missing() -> None:
    app = open_page("evaluate")
    assert "is not on this computer" in text_of(app)
    assert "Out of vocabulary" in text_of(app)


def test_data_and_train_count_copies_of_a_recording(tmp_path: Path) -> None:
    for label in ("left", "right"):
        for number in range(4):
            write(tmp_path / label / f"{number}.wav", chirp(300 + 50 * number, 900 if label == "left" else 1900))
            shutil.copy(tmp_path / label / f"{number}.wav", tmp_path / label / f"copy of {number}.wav")
    for page, key in (("corpora", "data"), ("train", "train")):
        app = open_page(page)
        app.selectbox(key=f"corpus-box-{key}").set_value("a folder on this computer").run()
        app.text_input(key=f"{key}_folder").set_value(str(tmp_path)).run()
        healthy(app)
        assert "8 clips repeat another recording in the corpus; copies stay in one split." in text_of(app)


@pytest.mark.parametrize("page", ["predict", "listen", "live", "evaluate", "inside"])
def test_where_there_is_no_model_the_page_leads_to_training(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "BUNDLED", tmp_path / "none")
    app = open_page(page)
    assert "There is no model yet" in text_of(app)
    links = [(link.proto.label, link.proto.page) for link in app.get("page_link")]
    assert [link for link in links if link[1] == "train"] == [("Train one", "train")]


@pytest.mark.parametrize("name", ["config.json", "state.json", "history.json", "model.onnx"])
@pytest.mark.parametrize("page", ["", "train", "evaluate"])
def test_a_damaged_run_takes_no_page_down(home: Path, page: str, name: str) -> None:
    (run,) = runs.listing()
    (run.folder / name).write_bytes(b"\x00 damaged")
    app = open_page(page)
    assert app.title


def test_the_list_of_runs_names_a_damaged_one_in_a_word_and_its_fault_when_chosen(home: Path) -> None:
    """The fault stood in a narrow cell of the list, cut off."""
    broken = runs.create(quick_config())
    (broken.folder / "config.json").write_bytes(b"\x00 damaged")
    app = open_page("train")
    states = [list(one.value["state"]) for one in app.dataframe if "state" in one.value]
    assert [state for one in states for state in one if state.startswith("damaged")] == ["damaged"]
    app.session_state["watched_run"] = broken.id
    app.run()
    assert [error for error in app.error if "damaged" in error.value]


def test_the_dashboard_never_imports_tensorflow(home: Path) -> None:
    """All pages in one fresh process: a clip is answered, a run judged, a network looked into."""
    pages = {path.stem for path in (PROJECT / "dashboard" / "app_pages").glob("*.py")}
    assert len(pages) >= 10
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(PROJECT / "dashboard" / "app.py")!r}, default_timeout=60).run()
brought = []
for page in {[*sorted(pages - {"inside"}), "inside"]!r}:
    brought += ["onnx"] * (page == "inside" and "onnx" in sys.modules)  # which Inside alone needs
    app.query_params.clear()  # as from the menu: Data's corpus would be made, and Evaluate would judge by it
    app.switch_page(f"app_pages/{{page}}.py").run()
    assert not app.exception, page
print(brought + [name for name in ("tensorflow", "keras") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr
