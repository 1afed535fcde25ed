"""The pages, run without a browser: what they say when empty, with a model, and with bad input."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from streamlit.testing.v1 import AppTest

from audio_models import comparison, jobs, memory_lab, runs
from audio_models.runs import Epoch, Run
from audio_models.work_folder import State
from dashboard.widgets import quick_config
from data import synthetic_voices
from tests.conftest import PROJECT, Trained
from tests.sounds import RATE, chirp, glides


def _wav(samples: np.ndarray, rate: int = RATE) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, samples, rate, format="WAV")
    return content.getvalue()


@pytest.fixture
def home(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    shutil.copytree(trained.workspace / "runs", home / "runs")
    monkeypatch.setenv("HARK_HOME", str(home))
    return home


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list:
    """The configurations that a page asked to train; no process is started."""
    asked: list = []

    def start(config):
        asked.append(config)
        return runs.create(config)

    monkeypatch.setattr(jobs, "start", start)
    return asked


def _open(page: str = "") -> AppTest:
    app = AppTest.from_file(str(PROJECT / "dashboard" / "app.py"), default_timeout=60).run()
    if page:
        app.switch_page(f"app_pages/{page}.py").run()
    _healthy(app)
    return app


def _healthy(app: AppTest) -> None:
    assert not app.exception, [fault.value for fault in app.exception]


def _text(app: AppTest) -> str:
    kinds = ("title", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    parts = [element.value for kind in kinds for element in getattr(app, kind)]
    return "\n".join([*parts, *(element.proto.body for element in app.get("html"))])


def _button(app: AppTest, label: str):
    return next(button for button in app.button if button.label == label)


def test_the_first_visit_has_a_network_that_hears(started: list) -> None:
    app = _open()
    assert app.selectbox(key="predict_run").value == "commands"
    assert "**left**" in _text(app)
    assert "About this model" in [popover.proto.popover.label for popover in app.get("popover")]
    app.file_uploader[0].upload("nothing.wav", _wav(np.zeros(RATE, np.float32)), "audio/wav").run()
    _healthy(app)
    assert ">_silence_<" in _text(app)


def test_the_first_training_is_one_click_away(started: list) -> None:
    app = _open("train")
    assert "Nothing trained yet" in _text(app)
    assert "six synthetic words" in _text(app), "called synthetic wherever it is shown"
    _button(app, "Train a first model").click().run()
    _healthy(app)
    (config,) = started
    assert config.corpus.name == "synthetic_voices"


def test_an_installation_without_models_says_what_to_do_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runs, "BUNDLED", tmp_path / "nowhere")
    for page in ("", "evaluate"):
        app = _open(page)
        assert "Train one" in [link.proto.label for link in app.get("page_link")]


def test_data_says_what_to_do_before_anything_is_loaded() -> None:
    app = _open("corpora")
    assert "Not on this computer yet" in _text(app)
    assert "Load it" in [button.label for button in app.button]


def test_a_model_that_comes_with_hark_shows_its_card_and_how_to_judge_it() -> None:
    app = _open("evaluate")
    assert "is not on this computer" in _text(app)
    assert "Words never trained on" in _text(app)


def test_a_network_that_is_not_sure_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audio_models.recognizer import Answer, Recognizer

    answer = Answer("rise", 0.41, {"rise": 0.41, "fall": 0.39, "_unknown_": 0.1, "_silence_": 0.1}, sure=False)
    monkeypatch.setattr(Recognizer, "hear", lambda self, samples: answer)
    app = _open()
    app.file_uploader[0].upload("mine.wav", _wav(chirp(400, 2200)), "audio/wav").run()
    _healthy(app)
    assert ">not sure<" in _text(app)
    assert "Perhaps **rise**: 41.0 %" in _text(app)


def test_train_plays_a_clip_before_and_after(trained: Trained) -> None:
    app = _open("train")
    app.selectbox(key="train_name").set_value("a folder on this computer").run()
    app.text_input(key="train_folder").set_value(str(trained.corpus)).run()
    _healthy(app)
    assert len(app.get("audio")) == 0, "not before it is asked for"
    _button(app, "Hear an example, before and after").click().run()
    _healthy(app)
    assert len(app.get("audio")) == 2
    assert "as the network might hear it" in _text(app)
    assert "About " in _text(app), "how long it will take"
    next(one for one in app.toggle if one.label == "Change training clips each time").set_value(False).run()
    _healthy(app)
    assert len(app.get("audio")) == 0


def test_predict_answers_an_uploaded_clip(home: Path) -> None:
    app = _open()
    app.file_uploader[0].upload("mine.wav", _wav(chirp(400, 2200, (512 + 320 * 17) / RATE, seed=77)), "audio/wav").run()
    _healthy(app)
    text = _text(app)
    assert ">rise<" in text
    assert " %** sure" in text
    assert len(app.get("vega_lite_chart")) == 2, "bars and evidence"
    assert app.get("audio")


def test_predict_answers_a_recording(home: Path) -> None:
    app = _open()
    app.audio_input[0].upload(
        "recording.wav", _wav(chirp(400, 2200, (512 + 320 * 17) / RATE, seed=78)[::-1]), "audio/wav"
    ).run()
    _healthy(app)
    assert ">fall<" in _text(app)


def test_predict_answers_many_clips_and_says_which_it_cannot_read(home: Path) -> None:
    app = _open()
    app.file_uploader[0].set_value(
        [
            ("good.wav", _wav(chirp(400, 2200)), "audio/wav"),
            ("text.wav", b"not sound", "audio/wav"),
            ("hour.wav", _wav(np.zeros(8000 * 40, np.float32), 8000), "audio/wav"),
        ]
    ).run()
    _healthy(app)
    table = app.dataframe[0].value
    assert table["clip"].tolist() == ["good.wav", "text.wav", "hour.wav"]
    assert "cannot be read as audio" in table["problem"][1]
    assert "lasts 40 s" in table["problem"][2]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"text", "cannot be read"), (_wav(np.zeros(0, np.float32)), "length is zero")],
)
def test_bad_input_is_a_sentence(home: Path, content: bytes, said: str) -> None:
    app = _open()
    app.file_uploader[0].upload("bad.wav", content, "audio/wav").run()
    _healthy(app)
    assert [said in error.value for error in app.error] == [True]


def test_a_label_cannot_smuggle_html_into_the_page() -> None:
    from dashboard.widgets import in_large_type

    assert "<script" not in in_large_type("<script>alert(1)</script>")
    assert "&lt;script" in in_large_type("<script>alert(1)</script>")


def test_data_shows_a_folder(trained: Trained, tmp_path: Path) -> None:
    app = _open("corpora")
    app.selectbox(key="data_name").set_value("a folder on this computer").run()
    app.text_input(key="data_folder").set_value(str(trained.corpus)).run()
    _healthy(app)
    assert {metric.label: metric.value for metric in app.metric}["clips"] == "180"
    assert "Speaker-disjoint" in _text(app)
    assert len(app.get("audio")) == 6


def test_data_says_when_voices_are_on_several_sides(tmp_path: Path) -> None:
    folder = glides(tmp_path / "glides", speakers=6)
    for path in folder.glob("*/*.wav"):
        path.rename(path.with_name(path.name.replace("_nohash_", "-")))  # now nobody knows who speaks
    app = _open("corpora")
    app.selectbox(key="data_name").set_value("a folder on this computer").run()
    app.text_input(key="data_folder").set_value(str(folder)).run()
    assert "speakers are not known" in _text(app)
    app.text_input(key="data_pattern").set_value(r"^(s\d+)-").run()
    _healthy(app)
    assert "Speaker-disjoint" in _text(app)
    app.text_input(key="data_pattern").set_value("(").run()
    _healthy(app)
    assert "not a regular expression" in _text(app)


def test_data_says_that_a_folder_is_not_there() -> None:
    app = _open("corpora")
    app.selectbox(key="data_name").set_value("a folder on this computer").run()
    app.text_input(key="data_folder").set_value("/nowhere/at/all").run()
    _healthy(app)
    assert "no corpus and no folder '/nowhere/at/all'" in _text(app)


def test_data_makes_the_synthetic_voices_and_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_voices, "DEFAULT_WORDS", ("left", "right"))
    monkeypatch.setattr(synthetic_voices, "_TIMBRES", ("m1", "f1"))
    app = _open("corpora")
    _button(app, "Load it").click().run()
    _healthy(app)
    assert {metric.label: metric.value for metric in app.metric}["words"] == "2"
    next(one for one in app.text_input if one.label == "Your own words").set_value("lamp, music")
    _button(app, "Add").click().run()
    _healthy(app)
    assert {metric.label: metric.value for metric in app.metric}["words"] == "4"


def test_train_starts_what_was_chosen(trained: Trained, started: list) -> None:
    app = _open("train")
    app.selectbox(key="train_name").set_value("a folder on this computer").run()
    app.text_input(key="train_folder").set_value(str(trained.corpus)).run()
    app.multiselect[0].set_value(["rise", "fall"]).run()
    app.toggle(key="train-unknown").set_value(True).run()
    app.get("button_group")[0].set_value("simple_rnn").run()
    app.get("button_group")[1].set_value("plain").run()
    next(one for one in app.number_input if one.label == "Units").set_value(32).run()
    app.text_input(key="name").set_value("my run").run()
    _button(app, "Start training").click().run()
    _healthy(app)
    (config,) = started
    assert config.corpus.name == str(trained.corpus)
    assert config.task.classes == ("rise", "fall", "_unknown_")
    assert (config.network.cell, config.network.units, config.network.readout) == ("simple_rnn", 32, "mean")
    assert config.training.learning_rate == 1e-3
    assert (config.network.convolutions, config.augmentation.augment) == (0, False), "the plain cell and nothing else"
    assert config.name == "my run"
    assert "my run" in _text(app)


def test_train_asks_for_two_words(trained: Trained) -> None:
    app = _open("train")
    app.multiselect[0].set_value(["left"]).run()
    _healthy(app)
    assert "at least two words" in _text(app)
    assert _button(app, "Start training").disabled


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State("queued"), "Starting"),
        (
            State("running", "Training", 64, 960, "clips", 2, 2100.0, 42.0),
            "Epoch 3 of 12 · 2,100 clips a second · at most 42 seconds left",
        ),
        (State("running", "Downloading", 5 * 10**6, 10**7, "bytes"), "Downloading: 5.0 of 10.0 MB"),
        (State("finished", epoch=2), "Best so far: **60.0 %**, validation"),
        (State("failed", error="The disk is full."), "The disk is full."),
        (State("cancelled", epoch=2), "Cancelled after 2 epochs"),
        (State("interrupted", epoch=2), "Its process is gone"),
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
    app = _open("train")
    progress = [element.proto.text for element in app.get("progress")]
    assert said in _text(app) + "\n".join(progress)
    labels = [button.label for button in app.button]
    assert ("Cancel" in labels) == (state.status in ("queued", "running"))
    assert ("Resume" in labels) == (state.status in ("failed", "cancelled", "interrupted"))


def test_an_epoch_whose_state_is_not_written_yet_counts_already() -> None:
    run = runs.create(quick_config())
    run.write_history([Epoch(number, 1.0, 0.4, 1.0 / number, 0.5, 1) for number in (1, 2, 3)])
    run.write_state(State("running", "Training", epoch=2))
    assert "epoch 3 of 3" in _text(_open("train"))


def test_train_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create(quick_config())
    run.write_state(State("running"))
    asked: list[Run] = []
    monkeypatch.setattr(jobs, "cancel", asked.append)
    monkeypatch.setattr(jobs, "wait_until_stopped", lambda *_: True)
    app = _open("train")
    _button(app, "Cancel").click().run()
    _healthy(app)
    assert asked == [run]


def test_evaluate_shows_accuracy_with_interval_and_split(home: Path) -> None:
    app = _open("evaluate")
    text = _text(app)
    assert "95 % interval" in text
    assert "**test**" in text
    assert "over speakers" in text
    (run,) = runs.listing()
    kept = json.loads(next((run.folder / "evaluations").glob("test-*.json")).read_text())
    assert f"{kept['accuracy'] * 100:.1f} %" in text


def test_evaluate_says_what_another_split_is_worth(home: Path) -> None:
    app = _open("evaluate")
    app.get("button_group")[0].set_value("training").run()
    _healthy(app)
    assert "learned from these clips" in _text(app)


def test_evaluate_by_another_corpus(home: Path, tmp_path: Path) -> None:
    folder = glides(tmp_path / "others", speakers=4)
    app = _open("evaluate")
    app.toggle(key="other_corpus").set_value(True).run()
    app.selectbox(key="evaluate_name").set_value("a folder on this computer").run()
    app.text_input(key="evaluate_folder").set_value(str(folder)).run()
    _healthy(app)
    assert "**test**, 18 clips, 2 speakers" in _text(app)


@pytest.mark.parametrize("name", ["config.json", "state.json", "history.json", "model.onnx"])
@pytest.mark.parametrize("page", ["", "train", "evaluate"])
def test_a_damaged_run_takes_no_page_down(home: Path, page: str, name: str) -> None:
    (run,) = runs.listing()
    (run.folder / name).write_bytes(b"\x00 damaged")
    app = _open(page)
    assert app.title


def test_the_dashboard_never_imports_tensorflow(home: Path) -> None:
    """All pages in one fresh process, a clip answered, a run judged."""
    import subprocess
    import sys

    code = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(PROJECT / "dashboard" / "app.py")!r}, default_timeout=60).run()
for page in ("corpora", "train", "evaluate"):
    app.switch_page(f"app_pages/{{page}}.py").run()
    assert not app.exception
print([name for name in ("tensorflow", "keras", "onnx") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr


def test_inside_opens_with_a_network_to_look_into() -> None:
    app = _open("inside")
    assert app.selectbox(key="inside_run").value == "plain-lstm"
    assert "It makes up its mind after" in _text(app)
    assert "Heard: **stop**" in _text(app)
    for view, said in (
        ("Order", "Not one probability moved"),
        ("Unrolled", "layers** deep"),
        ("Gradient", "Memory length"),
    ):
        app.segmented_control(key="inside_view").set_value(view).run()
        _healthy(app)
        assert said in _text(app), view


@pytest.mark.parametrize("name", ["commands", "commands-lstm", "plain-feed-forward", "plain-simple-rnn"])
def test_every_network_can_be_looked_into(name: str) -> None:
    app = _open("inside")
    app.selectbox(key="inside_run").set_value(name).run()
    for view in ("Step by step", "Order", "Unrolled", "Gradient"):
        app.segmented_control(key="inside_view").set_value(view).run()
        _healthy(app)
        assert not app.error, view


def test_inside_reads_a_clip_of_the_users_and_says_what_is_wrong_with_it(home: Path) -> None:
    app = _open("inside")
    app.segmented_control(key="inside_source").set_value("File").run()
    _healthy(app)
    app.file_uploader[0].upload("clip.wav", _wav(chirp(300, 2500)), "audio/wav").run()
    _healthy(app)
    assert "Heard:" in _text(app)
    app.file_uploader[0].upload("bad.wav", b"no sound", "audio/wav").run()
    _healthy(app)
    assert any("bad.wav" in error.value for error in app.error)


def test_inside_reads_a_clip_of_a_corpus(home: Path, trained: Trained) -> None:
    app = _open("inside")
    app.selectbox(key="inside_run").set_value(trained.folder.name).run()
    app.segmented_control(key="inside_source").set_value("Corpus").run()
    _healthy(app)
    assert "Heard:" in _text(app)
    app.selectbox(key="inside_label").set_value("hum").run()  # a word that counts as unknown to it
    _healthy(app)
    assert "Heard:" in _text(app)


def test_inside_saves_a_handout() -> None:
    app = _open("inside")
    app.button(key="make_handout").click().run()
    _healthy(app)
    assert "Download" in [button.proto.label for button in app.get("download_button")]


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list:
    """What a page asked to start; no process is started."""
    asked: list = []
    monkeypatch.setattr(jobs, "spawn", asked.append)
    return asked


def test_the_memory_lab_measures_what_is_asked_for(spawned: list) -> None:
    app = _open("memory")
    assert "Nothing is measured yet" in _text(app)
    app.segmented_control(key="memory_task").set_value("parity").run()
    app.text_input(key="memory_lengths_parity").set_value("2, x").run()
    _button(app, "Measure").click().run()
    assert not spawned
    assert any("give whole numbers" in error.value for error in app.error)
    app.text_input(key="memory_lengths_parity").set_value("8; 4, 4").run()
    app.slider(key="memory_bias").set_value(2.0).run()
    _button(app, "Measure").click().run()
    _healthy(app)
    [made] = spawned
    assert made.process == "audio_models.memory_process"
    assert made.config.task == "parity"
    assert made.config.lengths == (4, 8)
    assert made.config.forget_bias == 2.0


def test_measurements_are_kept_and_drawn_again(spawned: list) -> None:
    made = memory_lab.create(memory_lab.MemoryConfig(lengths=(5, 10), cells=("gru", "simple_rnn")))
    made.write_points(
        [memory_lab.Point("gru", 5, 1.0, 50, 1), memory_lab.Point("gru", 10, 1.0, 50, 1),
         memory_lab.Point("simple_rnn", 5, 1.0, 50, 1), memory_lab.Point("simple_rnn", 10, 0.3, 800, 9)]
    )  # fmt: skip
    made.write_state(State("finished", done=4, total=4))
    app = _open("memory")
    assert "**SimpleRNN** held on over 5 steps, and not over 10; **GRU** held on over all 10 steps." in _text(app)
    made.write_state(State("failed", error="The disk is full."))
    app = _open("memory")
    assert any("The disk is full." in error.value for error in app.error)
    # a measurement that was cut off says no more than it knows, and goes on
    made.write_points([memory_lab.Point("gru", 5, 1.0, 50, 1), memory_lab.Point("simple_rnn", 5, 0.4, 800, 1)])
    made.write_state(State("cancelled", done=2, total=4))
    app = _open("memory")
    assert "Cancelled after 2 of 4 points" in _text(app)
    assert (
        "**SimpleRNN** did not hold on over 5 steps; **GRU** held on over 5 steps, as far as it was measured."
        in _text(app)
    )
    _button(app, "Go on").click().run()
    assert spawned == [made]
    assert made.state.status == "queued"


def test_compare_starts_what_was_chosen(spawned: list) -> None:
    app = _open("compare")
    assert "Nothing is compared yet" in _text(app)
    assert "About " in _text(app)
    app.multiselect[0].set_value(["left"]).run()
    assert "Choose at least two words and two cells" in _text(app)
    app.multiselect[0].set_value(["left", "right"]).run()
    app.slider(key="compare_seeds").set_value(2).run()
    _button(app, "Compare").click().run()
    _healthy(app)
    [made] = spawned
    assert made.process == "audio_models.comparison_process"
    assert made.config.seeds == 2
    assert made.config.task.labels == ("left", "right")
    assert len(made.config.cells) == 4


def test_compare_shows_what_was_found(monkeypatch: pytest.MonkeyPatch, spawned: list, trained: Trained) -> None:
    config = Run(trained.folder).config
    made = comparison.create(comparison.ComparisonConfig(config.corpus, config.task, ("gru", "lstm"), seeds=1))
    for cell in ("gru", "lstm"):
        shutil.copytree(trained.folder, made.run(cell, 0).folder)  # type: ignore[arg-type]
        made.write_measures(cell, 0, comparison.Measures(0.001, None, True))  # type: ignore[arg-type]
    made.write_state(State("cancelled", done=2, total=2))
    app = _open("compare")
    assert "cannot be told from one training of each" in _text(app)
    assert app.dataframe[0].value["memory length"].iloc[0] == "longer than the clips"
    _button(app, "Go on").click().run()
    assert spawned
