"""The pages, run without a browser: what they say when empty, with a model, and with bad input."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from audio_models.config import CELLS, RECIPES, AugmentationConfig, Cell, FeatureConfig, NetworkConfig, TrainingConfig
from audio_models.features import waveform
from audio_models.jobs import launch, runs
from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Epoch, Run
from audio_models.recipes import default_run
from audio_models.recognition import recognizer
from dashboard.train import form
from dashboard.train.first_run import quick_config
from data.public import synthetic_voices
from tests.conftest import PROJECT, Trained
from tests.support.pages import button, healthy, open_page, text_of, wav
from tests.support.sounds import RATE, chirp, glides, write


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list:
    """The configurations that a page asked to train; no process is started."""
    asked: list = []

    def start(config):
        asked.append(config)
        return runs.create(config)

    monkeypatch.setattr(launch, "start", start)
    return asked


def test_the_first_visit_has_a_network_that_hears(started: list) -> None:
    app = open_page()
    assert app.selectbox(key="predict_run").value == "commands"
    assert "**left**" in text_of(app)
    assert "About this model" in [popover.proto.popover.label for popover in app.get("popover")]
    app.file_uploader[0].upload("nothing.wav", wav(np.zeros(RATE, np.float32)), "audio/wav").run()
    healthy(app)
    assert ">_silence_<" in text_of(app)


def test_the_first_training_is_one_click_away(started: list) -> None:
    app = open_page("train")
    assert "Nothing trained yet" in text_of(app)
    assert "six synthetic words" in text_of(app), "called synthetic wherever it is shown"
    button(app, "Train a first model").click().run()
    healthy(app)
    (config,) = started
    assert config.corpus.name == "synthetic_voices"


def test_data_says_what_to_do_before_anything_is_loaded() -> None:
    app = open_page("corpora")
    assert "Not on this computer yet" in text_of(app)
    assert "Load" in [button.label for button in app.button]


def test_a_model_that_comes_with_echoic_shows_its_card_and_what_is_missing() -> None:
    app = open_page("evaluate")
    assert "is not on this computer" in text_of(app)
    assert "Out of vocabulary" in text_of(app)


def test_a_network_that_is_not_sure_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audio_models.recognition.recognizer import Answer, Recognizer

    probabilities = {"rise": 0.41, "fall": 0.39, "_unknown_": 0.1, "_silence_": 0.1}
    answer = Answer("rise", 0.41, probabilities, np.zeros((49, 26), np.float32), sure=False)
    monkeypatch.setattr(Recognizer, "classify", lambda self, samples: answer)
    app = open_page()
    app.file_uploader[0].upload("mine.wav", wav(chirp(400, 2200)), "audio/wav").run()
    healthy(app)
    assert ">not sure<" in text_of(app)
    assert "Perhaps **rise**: 41.0 %" in text_of(app)


def test_train_plays_a_clip_before_and_after(trained: Trained) -> None:
    app = open_page("train")
    app.selectbox(key="corpus-box-train").set_value("a folder on this computer").run()
    app.text_input(key="train_folder").set_value(str(trained.corpus)).run()
    healthy(app)
    assert len(app.get("audio")) == 0, "not before it is asked for"
    button(app, "Play an example").click().run()
    healthy(app)
    assert len(app.get("audio")) == 2
    assert "Augmented" in text_of(app)
    assert "About " in text_of(app), "how long it will take"
    next(one for one in app.toggle if one.label == "Augment training clips").set_value(False).run()
    healthy(app)
    assert len(app.get("audio")) == 0


def test_predict_answers_an_uploaded_clip(home: Path) -> None:
    app = open_page()
    app.file_uploader[0].upload("mine.wav", wav(chirp(400, 2200, (512 + 320 * 17) / RATE, seed=77)), "audio/wav").run()
    healthy(app)
    text = text_of(app)
    assert ">rise<" in text
    assert " %** confident" in text
    assert len(app.get("vega_lite_chart")) == 2, "bars and evidence"
    assert app.get("audio")


def test_predict_answers_a_recording(home: Path) -> None:
    app = open_page()
    app.audio_input[0].upload(
        "recording.wav", wav(chirp(400, 2200, (512 + 320 * 17) / RATE, seed=78)[::-1]), "audio/wav"
    ).run()
    healthy(app)
    assert ">fall<" in text_of(app)


def test_predict_answers_many_clips_and_says_which_it_cannot_read(home: Path) -> None:
    app = open_page()
    app.file_uploader[0].set_value(
        [
            ("good.wav", wav(chirp(400, 2200)), "audio/wav"),
            ("text.wav", b"not sound", "audio/wav"),
            ("hour.wav", wav(np.zeros(8000 * 40, np.float32), 8000), "audio/wav"),
        ]
    ).run()
    healthy(app)
    table = app.dataframe[0].value
    assert table["clip"].tolist() == ["good.wav", "text.wav", "hour.wav"]
    assert "cannot be read as audio" in table["problem"][1]
    assert "lasts 40 s" in table["problem"][2]


def test_a_click_on_predict_decodes_and_computes_nothing_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With twenty clips, each click decoded all of them, and the features of the shown one were computed twice."""
    decoded, computed = [], []
    load, mfcc = waveform.load, recognizer.mfcc
    monkeypatch.setattr(
        waveform, "load", lambda source, *args, **kw: decoded.append(source.name) or load(source, *args, **kw)
    )
    monkeypatch.setattr(recognizer, "mfcc", lambda *args: computed.append(1) or mfcc(*args))
    app = open_page()
    clips = [(f"{number}.wav", wav(chirp(400, 2200, seed=number)), "audio/wav") for number in range(4)]
    app.file_uploader[0].set_value([*clips, ("text.wav", b"not sound", "audio/wav")]).run()
    healthy(app)
    app.run()
    app.run()
    assert sorted(decoded) == ["0.wav", "1.wav", "2.wav", "3.wav", "text.wav"]
    assert len(computed) == 4
    app.file_uploader[0].set_value([("0.wav", wav(chirp(900, 300)), "audio/wav")]).run()
    assert decoded[5:] == ["0.wav"], "another content of that name is another clip"


def test_predict_shows_the_loudest_second_of_a_longer_recording(home: Path) -> None:
    silence = np.zeros(RATE, np.float32)
    app = open_page()
    app.audio_input[0].upload(
        "recording.wav", wav(np.concatenate([silence, chirp(400, 2200), silence])), "audio/wav"
    ).run()
    healthy(app)
    captions = " ".join(one.value for one in app.caption)
    assert re.search(r"This is the loudest (second|\d\.\d s) of your 2\.4 s recording\.", captions), captions


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"text", "cannot be read"), (wav(np.zeros(0, np.float32)), "length is zero")],
)
def test_bad_input_is_a_sentence(home: Path, content: bytes, said: str) -> None:
    app = open_page()
    app.file_uploader[0].upload("bad.wav", content, "audio/wav").run()
    healthy(app)
    assert [said in error.value for error in app.error] == [True]


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
    assert "no corpus and no folder '/nowhere/at/all'" in text_of(app)


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


def test_train_starts_what_was_chosen(trained: Trained, started: list) -> None:
    app = open_page("train")
    app.selectbox(key="corpus-box-train").set_value("a folder on this computer").run()
    app.text_input(key="train_folder").set_value(str(trained.corpus)).run()
    app.multiselect[0].set_value(["rise", "fall"]).run()
    app.toggle(key="train-unknown").set_value(True).run()
    app.get("button_group")[0].set_value("simple_rnn").run()
    app.get("button_group")[1].set_value("plain").run()
    next(one for one in app.number_input if one.label == "Units").set_value(32).run()
    app.text_input(key="name").set_value("my run").run()
    button(app, "Start training").click().run()
    healthy(app)
    (config,) = started
    assert config.corpus.name == str(trained.corpus)
    assert config.task.classes == ("rise", "fall", "_unknown_")
    assert (config.network.cell, config.network.units, config.network.readout) == ("simple_rnn", 32, "mean")
    assert config.training.learning_rate == 1e-3
    assert (config.network.convolutions, config.augmentation.augment) == (0, False), "the plain cell and nothing else"
    assert config.name == "my run"
    assert "my run" in text_of(app)


def test_train_starts_what_each_recipe_says_where_nothing_is_changed(started: list) -> None:
    app = open_page("train")
    for cell in CELLS:
        app.get("button_group")[0].set_value(cell).run()
        for recipe in RECIPES:
            app.get("button_group")[1].set_value(recipe).run()
            button(app, "Start training").click().run()
            healthy(app)
            config = started[-1]
            assert config == default_run(config.corpus, config.task, cell, recipe, name=config.name)
    assert len(started) == len(CELLS) * len(RECIPES)


@pytest.mark.parametrize("cell", ["gru", "feed_forward"])
def test_train_loses_nothing_that_a_recipe_sets(monkeypatch: pytest.MonkeyPatch, started: list, cell: Cell) -> None:
    """Guards against a form that makes its settings from scratch: what it did not show went back to the plain default."""
    features = FeatureConfig(8000, 25.0, 10.0, 30, 12, 50.0, 3900.0, deltas=False, kind="log_mel")
    network = NetworkConfig(cell, 7, 2, False, 0.1, "mean", filters=5, causal=True)
    training = TrainingConfig(3, 5, 0.01, 2, 0.5, 9, "cosine", 0.2, 0.75, 0.4, 4)
    augmentation = AugmentationConfig(False, 0.1, 50.0, 3.0, 0.3, 1.0, 11.0, "/noise", 1, 20.0, 3, 4)
    monkeypatch.setattr(form, "default_features", lambda _: features)
    monkeypatch.setattr(form, "default_network", lambda *_: network)
    monkeypatch.setattr(form, "default_training", lambda *_: training)
    monkeypatch.setattr(form, "default_augmentation", lambda _: augmentation)
    app = open_page("train")
    app.get("button_group")[0].set_value(cell).run()
    next(one for one in app.number_input if one.label == "Epochs").set_value(8).run()
    button(app, "Start training").click().run()
    healthy(app)
    (config,) = started
    assert (config.features, config.network, config.augmentation) == (features, network, augmentation)
    assert config.training == replace(training, epochs=8)


def test_train_says_which_settings_do_not_go_together_and_keeps_the_others(started: list) -> None:
    app = open_page("train")
    next(one for one in app.number_input if one.label == "Coefficients").set_value(41).run()
    next(one for one in app.number_input if one.label == "Time masks").set_value(5).run()
    healthy(app)
    assert [error.value for error in app.error] == ["Coefficients is 41; expected a number from 1 to 40."]
    assert button(app, "Start training").disabled
    next(one for one in app.number_input if one.label == "Coefficients").set_value(40).run()
    button(app, "Start training").click().run()
    healthy(app)
    assert (started[0].features.n_mfcc, started[0].augmentation.time_masks) == (40, 5)


def test_train_asks_for_two_words(trained: Trained) -> None:
    app = open_page("train")
    app.multiselect[0].set_value(["left"]).run()
    healthy(app)
    assert "at least two words" in text_of(app)
    assert button(app, "Start training").disabled


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State("queued"), "Starting"),
        (
            State("running", "Training", 64, 960, "clips", 2, 2100.0, 42.0),
            "Epoch 3 of 12 · 2,100 clips/s · at most 42 seconds left",
        ),
        (State("running", "Downloading", 5 * 10**6, 10**7, "bytes"), "Downloading: 5.0 of 10.0 MB"),
        (State("finished", epoch=2), "Best: **60.0 %** on validation"),
        (State("failed", error="The disk is full."), "The disk is full."),
        (State("cancelled", epoch=2), "Cancelled after 2 epochs"),
        (State("interrupted", epoch=2), "its process was killed"),
    ],
    ids=lambda value: value.status if isinstance(value, State) else "",
)
def test_train_shows_every_state(state: State, said: str) -> None:
    run = runs.create(quick_config())
    run.write_history([Epoch(1, 1.0, 0.4, 1.0, 0.5, 1), Epoch(2, 0.8, 0.5, 0.9, 0.6, 1)])
    if state.status == "interrupted":
        run.write_state(State("running", epoch=2))
        (run.folder / "process.json").unlink()
    else:
        run.write_state(state)
    app = open_page("train")
    progress = [element.proto.text for element in app.get("progress")]
    assert said in text_of(app) + "\n".join(progress)
    labels = [button.label for button in app.button]
    assert ("Cancel" in labels) == (state.status in ("queued", "running"))
    assert ("Resume" in labels) == (state.status in ("failed", "cancelled", "interrupted"))


def test_an_epoch_whose_state_is_not_written_yet_counts_already() -> None:
    run = runs.create(quick_config())
    run.write_history([Epoch(number, 1.0, 0.4, 1.0 / number, 0.5, 1) for number in (1, 2, 3)])
    run.write_state(State("running", "Training", epoch=2))
    assert "epoch 3 of 3" in text_of(open_page("train"))


def test_train_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create(quick_config())
    run.write_state(State("running"))
    asked: list[Run] = []
    monkeypatch.setattr(launch, "cancel", asked.append)
    monkeypatch.setattr(launch, "wait_until_stopped", lambda *_: True)
    app = open_page("train")
    button(app, "Cancel").click().run()
    healthy(app)
    assert asked == [run]


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
    assert [(link.proto.label, link.proto.page) for link in app.get("page_link")] == [("Train one", "train")]


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
    app.switch_page(f"app_pages/{{page}}.py").run()
    assert not app.exception, page
print(brought + [name for name in ("tensorflow", "keras") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr
