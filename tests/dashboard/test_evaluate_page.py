"""Evaluate: splits, other corpora, and what is left out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from streamlit.testing.v1 import AppTest

from audio_models.jobs import runs
from audio_models.recognition import evaluation, evaluation_files
from audio_models.recognition.recognizer import Recognizer
from data.corpus import plain_label
from tests.conftest import Trained
from tests.support.pages import button, healthy, open_page, text_of, wav
from tests.support.sounds import chirp, glides


def test_evaluate_shows_accuracy_with_interval_and_split(home: Path) -> None:
    app = open_page("evaluate")
    text = text_of(app)
    assert "95 % interval" in text
    assert "**test**" in text
    assert "over speakers" in text
    (run,) = runs.listing()
    kept = json.loads(next((run.folder / "evaluations").glob("test-*.json")).read_text())
    assert f"{kept['accuracy'] * 100:.1f} %" in text


def test_the_tabs_of_evaluate_keep_their_place(home: Path) -> None:
    """What moves them puts them back to the first: an evaluation's progress, or a remark below the accuracy."""

    def place(app: AppTest) -> int:
        healthy(app)
        return next(place for place, block in app.main.children.items() if block.type == "tab_container")

    app = open_page("evaluate")
    first = place(app)
    assert place(app.run()) == first, "evaluated already"
    app.get("button_group")[0].set_value("validation").run()
    assert "chose the epoch" in text_of(app)
    assert place(app) == first


def test_the_choice_of_another_corpus_stays_open(home: Path, tmp_path: Path) -> None:
    app = open_page("evaluate")
    (evaluated,) = [one for one in app.expander if one.label.startswith("Evaluated on")]
    assert not evaluated.proto.expanded
    app.session_state["corpus-box-evaluate"] = "a folder on this computer"
    app.toggle(key="other_corpus").set_value(True).run()
    (evaluated,) = [one for one in app.expander if one.label == "Evaluated on: another corpus"]
    assert evaluated.proto.expanded


def test_evaluate_shows_both_open_set_figures(home: Path) -> None:
    app = open_page("evaluate")
    assert re.search(
        r"accepts \*\*[\d.]+ %\*\* of its own words and rejects \*\*[\d.]+ %\*\* of other speech", text_of(app)
    )
    [table] = [one.value for one in app.dataframe if "AUROC" in one.value]
    assert table["figure"].tolist() == [
        "accepted and right: own words", "rejected: other words it learned from", "rejected: noise and silence"
    ]  # fmt: skip
    assert all(re.fullmatch(r"\d+ of \d+", clips) for clips in table["clips"])
    assert "A word needs **" in text_of(app)


def test_a_threshold_is_chosen_on_the_curve_and_used_by_predict(home: Path) -> None:
    (run,) = runs.listing()
    fitted = Recognizer.of_run(run).threshold
    app = open_page("evaluate")
    assert "fitted on validation clips" in text_of(app)
    [slider] = [one for one in app.slider if one.label == "Threshold"]
    slider.set_value(1.0).run()
    assert "A word needs **100.0 %**" in text_of(app)
    [table] = [one.value for one in app.dataframe if "AUROC" in one.value]
    assert table["share"].tolist()[1:] == ["100.0 %", "100.0 %"], "all other sound is rejected"
    assert Recognizer.of_run(run).threshold == fitted, "not yet"
    button(app, "Use this threshold").click().run()
    healthy(app)
    assert Recognizer.of_run(run).threshold == 1.0
    assert "At its threshold of 100.0 % it accepts" in text_of(app)
    app.switch_page("app_pages/predict.py").run()
    app.file_uploader[0].upload("mine.wav", wav(chirp(400, 2200)), "audio/wav").run()
    assert ">not one of its words<" in text_of(app)
    app.switch_page("app_pages/evaluate.py").run()
    button(app, "Back to the fitted threshold").click().run()
    healthy(app)
    assert Recognizer.of_run(run).threshold == fitted
    assert "fitted on validation clips" in text_of(app)


def test_words_that_are_taken_for_others_can_be_heard(home: Path) -> None:
    (run,) = runs.listing()
    stored = evaluation.evaluate(run, split="test")
    taken = [
        replace(one, predicted="fall", confidence=0.99) if one.clip.label == "_unknown_" else one
        for one in stored.predictions
    ]
    evaluation_files.store(run, run.config.corpus, replace(stored, predictions=taken))
    app = open_page("evaluate")
    clips = sum(one.clip.label == "_unknown_" for one in taken)
    assert f"**hum** for **fall**: {clips} of {clips}" in [one.value for one in app.markdown]


def test_evaluate_says_what_another_split_is_worth(home: Path) -> None:
    app = open_page("evaluate")
    app.get("button_group")[0].set_value("training").run()
    healthy(app)
    assert "learned from some or all of these clips" in text_of(app)


def test_evaluate_by_another_corpus(home: Path, tmp_path: Path) -> None:
    folder = glides(tmp_path / "others", speakers=4, seed=1)
    app = open_page("evaluate")
    app.session_state["corpus-box-evaluate"] = (
        "a folder on this computer"  # before synthetic voices, the default, speak
    )
    app.toggle(key="other_corpus").set_value(True).run()
    app.text_input(key="evaluate_folder").set_value(str(folder)).run()
    healthy(app)
    assert "**test**, 18 clips, 2 speakers" in text_of(app)


def test_evaluate_leaves_out_what_was_learned_and_says_so(home: Path, trained: Trained) -> None:
    """The same folder, split clip by clip, was counted as if the network had never heard its clips."""
    app = open_page("evaluate")
    app.session_state["corpus-box-evaluate"] = "a folder on this computer"
    app.toggle(key="other_corpus").set_value(True).run()
    app.text_input(key="evaluate_folder").set_value(str(trained.corpus)).run()
    app.selectbox(key="evaluate_rule").set_value("clip").run()
    healthy(app)
    [left_out] = [one for one in app.expander if one.label.endswith("left out")]
    assert "The network was trained on this recording." in list(left_out.dataframe[0].value["reason"])


def test_evaluate_shows_no_clips_that_are_gone(home: Path, tmp_path: Path) -> None:
    """A stored evaluation was shown after its corpus had changed."""
    folder = glides(tmp_path / "others", speakers=4, seed=1)
    app = open_page("evaluate")
    app.session_state["corpus-box-evaluate"] = "a folder on this computer"
    app.toggle(key="other_corpus").set_value(True).run()
    app.text_input(key="evaluate_folder").set_value(str(folder)).run()
    app.get("button_group")[0].set_value("all").run()
    assert "**all**, 36 clips, 4 speakers" in text_of(app)
    for take in range(3):
        (folder / "rise" / f"s00_nohash_{take}.wav").unlink()
    (folder / "hum").rename(folder / "buzz")
    app.run()
    healthy(app)
    assert "**all**, 33 clips, 4 speakers" in text_of(app)


def test_a_listed_mistake_is_a_button_that_plays_its_clips(home: Path) -> None:
    """The list looked like links and was none; "6 x 8, heard as 6" looked like arithmetic."""
    (run,) = runs.listing()
    open_page("evaluate")
    path = next((run.folder / "evaluations").glob("test-*.json"))
    stored = json.loads(path.read_text())
    wrong = next(one for one in stored["predictions"] if one["clip"]["label"] == stored["labels"][0])
    wrong["predicted"] = stored["labels"][1]
    stored["confusion"][0][0] -= 1
    stored["confusion"][0][1] += 1
    path.write_text(json.dumps(stored))
    app = open_page("evaluate")
    spoken, heard = stored["labels"][:2]
    before = len(app.get("audio"))
    button(app, f"{spoken} heard as {heard}: 1 time").click().run()
    healthy(app)
    assert f"##### {spoken} heard as {heard}: 1 time" in text_of(app)
    assert len(app.get("audio")) > before
    assert app.query_params["mistake"] in (f"{spoken},{heard}", [f"{spoken},{heard}"])
    [table] = [
        one.value for one in app.dataframe if list(one.value.columns) == list(map(plain_label, stored["labels"]))
    ]
    assert table.to_numpy().tolist() == stored["confusion"], "the matrix as a table"
