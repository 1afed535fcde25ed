"""The pages that teach, run without a browser: Inside, the memory lab, the comparison of cells."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from audio_models.jobs import runs
from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Run
from audio_models.lab import comparison, comparison_results, memory_tasks, verdict
from audio_models.lab import memory as memory_lab
from audio_models.lab.inspection import inspect
from dashboard.shared.choose_model import describe_run
from data.corpus import CorpusReference
from tests.conftest import Trained
from tests.support.pages import button, healthy, open_page, text_of, wav
from tests.support.sounds import chirp, glides


def test_inside_opens_with_a_network_to_look_into() -> None:
    app = open_page("inside")
    assert app.selectbox(key="inside_run").value == "plain-lstm"
    assert "The answer settles after" in text_of(app)
    assert "Recognised: **stop**" in text_of(app)
    for view, said in (
        ("Order", "No probability changed"),
        ("Unrolled", "layers** deep"),
        ("Gradient", "Memory length"),
        ("Units", "96 clips read"),
    ):
        app.segmented_control(key="inside_view").set_value(view).run()
        healthy(app)
        assert said in text_of(app), view


def test_units_are_searched_for_in_the_clips_of_a_corpus_alone_or_together(tmp_path: Path) -> None:
    folder = glides(tmp_path / "glides", speakers=3)
    app = open_page("inside")
    app.session_state["corpus"] = CorpusReference(str(folder))
    app.segmented_control(key="inside_view").set_value("Units").run()
    healthy(app)
    assert app.selectbox(key="inside_search_corpus").value == str(folder)
    assert "clips read" in text_of(app)
    app.number_input(key="inside_unit-plain-lstm").set_value(3).run()
    assert "Unit 3, by word" in text_of(app)
    app.segmented_control(key="inside_search").set_value("All units of a moment").run()
    healthy(app)
    assert re.search(r"The \d+ units, by word", text_of(app))
    app.slider(key="inside_threshold").set_value(0.95).run()
    app.selectbox(key="inside_signal").set_value("Input gate").run()
    healthy(app)
    assert any("Lower the threshold" in error.value for error in app.error) or "by word" in text_of(app)


@pytest.mark.parametrize("name", ["commands", "commands-lstm", "plain-feed-forward", "plain-simple-rnn"])
def test_every_network_can_be_looked_into(name: str) -> None:
    app = open_page("inside")
    app.selectbox(key="inside_run").set_value(name).run()
    for view in ("Step by step", "Order", "Unrolled", "Gradient"):
        app.segmented_control(key="inside_view").set_value(view).run()
        healthy(app)
        assert not app.error, view
        assert "Recognised: **" in text_of(app), view


def test_inside_reads_a_clip_of_the_users_and_says_what_is_wrong_with_it(home: Path) -> None:
    app = open_page("inside")
    app.segmented_control(key="inside_source").set_value("File").run()
    healthy(app)
    app.file_uploader[0].upload("clip.wav", wav(chirp(300, 2500)), "audio/wav").run()
    healthy(app)
    assert "Recognised:" in text_of(app)
    app.file_uploader[0].upload("bad.wav", b"no sound", "audio/wav").run()
    healthy(app)
    assert any("bad.wav" in error.value for error in app.error)


def test_inside_looks_for_the_word_in_a_recording_and_says_so() -> None:
    app = open_page("inside")
    app.segmented_control(key="inside_source").set_value("Microphone").run()
    healthy(app)
    assert "Recognised:" not in text_of(app), "there is nothing to hear yet"
    quiet = np.zeros(40_000, np.float32)
    app.audio_input[0].set_value(("word.wav", wav(np.concatenate([quiet, chirp(300, 2500), quiet])), "audio/wav")).run()
    healthy(app)
    assert "Your recording, the loudest 1.0 s" in text_of(app)
    assert "Recognised:" in text_of(app)


def test_inside_reads_a_clip_of_a_corpus(home: Path, trained: Trained) -> None:
    app = open_page("inside")
    app.selectbox(key="inside_run").set_value(trained.folder.name).run()
    app.segmented_control(key="inside_source").set_value("Corpus").run()
    healthy(app)
    assert "Recognised:" in text_of(app)
    app.selectbox(key="inside_label").set_value("hum").run()  # a word that counts as unknown to it
    healthy(app)
    assert "Recognised:" in text_of(app)


def test_inside_shows_a_run_of_the_user_with_a_clip_of_its_own_corpus(home: Path, trained: Trained) -> None:
    """Its words were said by a synthetic voice of another language."""
    app = open_page("inside")
    assert app.segmented_control(key="inside_source").value == "Example"
    app.selectbox(key="inside_run").set_value(trained.folder.name).run()
    healthy(app)
    assert app.segmented_control(key="inside_source").value == "Corpus"
    assert "test clip" in text_of(app)
    # another network reads the same clip, and who asks for the example keeps it
    app.selectbox(key="inside_run").set_value("plain-gru").run()
    assert app.segmented_control(key="inside_source").value == "Corpus"
    app.segmented_control(key="inside_source").set_value("Example").run()
    app.selectbox(key="inside_run").set_value(trained.folder.name).run()
    healthy(app)
    assert app.segmented_control(key="inside_source").value == "Example"


def test_inside_names_every_answer_that_led() -> None:
    """Only the last four were named."""
    found = inspect(runs.find("plain-lstm"), chirp(300, 2500, 1.5))
    assert len(found.changes) > 4
    app = open_page("inside")
    app.segmented_control(key="inside_source").set_value("File").run()
    app.file_uploader[0].upload("clip.wav", wav(chirp(300, 2500, 1.5)), "audio/wav").run()
    healthy(app)
    settles = next(line for line in text_of(app).splitlines() if "The answer settles after" in line)
    assert settles.count(" from ") == len(found.changes)


def test_a_network_without_memory_is_not_called_a_loop() -> None:
    app = open_page("inside")
    app.selectbox(key="inside_run").set_value("plain-feed-forward").run()
    app.segmented_control(key="inside_view").set_value("Unrolled").run()
    healthy(app)
    assert "A recurrent network is a loop" not in text_of(app)
    assert "has no loop" in text_of(app)


def test_a_model_is_named_within_a_phone() -> None:
    """A select box of 420 pixels cut "Feed-forward (no memor"."""
    assert describe_run(runs.find("plain-feed-forward")).startswith("plain-feed-forward · Feed-forward 96 ·")


def test_inside_saves_a_handout_with_one_click() -> None:
    """It took three: a popover, Make it, Download."""
    app = open_page("inside")
    assert "Save as a handout" in [button.proto.label for button in app.get("download_button")]


def test_the_memory_lab_measures_what_is_asked_for(spawned: list) -> None:
    app = open_page("memory")
    app.segmented_control(key="memory_task").set_value("parity").run()
    app.text_input(key="memory_lengths_parity").set_value("2, x").run()
    button(app, "Measure").click().run()
    assert not spawned
    assert any("Give whole numbers" in error.value for error in app.error)
    app.text_input(key="memory_lengths_parity").set_value("8; 4, 4").run()
    app.slider(key="memory_bias").set_value(2.0).run()
    button(app, "Measure").click().run()
    healthy(app)
    [made] = spawned
    assert made.process == "audio_models.lab.memory_process"
    assert made.config.task == "parity"
    assert made.config.lengths == (4, 8)
    assert made.config.forget_bias == 2.0


@pytest.mark.parametrize("task", memory_tasks.TASKS)
def test_memory_opens_with_a_measurement_of_each_task(task: str) -> None:
    app = open_page("memory")
    app.segmented_control(key="memory_task").set_value(task).run()
    healthy(app)
    assert next(box for box in app.selectbox if box.label == "Measurement").value == task
    assert re.search(r"This comes with Echoic, measured 20\d\d-\d\d-\d\d by python -m audio_models\.lab\.measured " + task, text_of(app))  # fmt: skip
    assert len(app.dataframe[0].value) == 15, "three cells at five lengths"
    assert "**SimpleRNN** remembers" in text_of(app)


def test_measurements_are_kept_and_drawn_again(spawned: list) -> None:
    made = memory_lab.create(memory_lab.MemoryConfig(lengths=(5, 10), cells=("gru", "simple_rnn")))
    made.write_points(
        [memory_lab.Point("gru", 5, 1.0, 50, 1), memory_lab.Point("gru", 10, 1.0, 50, 1),
         memory_lab.Point("simple_rnn", 5, 1.0, 50, 1), memory_lab.Point("simple_rnn", 10, 0.3, 800, 9)]
    )  # fmt: skip
    made.write_state(State("finished", done=4, total=4))
    app = open_page("memory")
    assert "**SimpleRNN** remembers 5 steps but fails at 10; **GRU** remembers all 10 steps." in text_of(app)
    made.write_state(State("failed", error="The disk is full."))
    app = open_page("memory")
    assert any("The disk is full." in error.value for error in app.error)
    # a measurement that was cut off says no more than it knows, and goes on
    made.write_points([memory_lab.Point("gru", 5, 1.0, 50, 1), memory_lab.Point("simple_rnn", 5, 0.4, 800, 1)])
    made.write_state(State("cancelled", done=2, total=4, unit="points"))
    app = open_page("memory")
    assert "Cancelled after 2 of 4 points" in text_of(app)
    assert "**SimpleRNN** fails at 5 steps; **GRU** remembers 5 steps, the longest measured." in text_of(app)
    # 86 % is no guess
    made.write_points([memory_lab.Point("gru", 5, 1.0, 50, 1), memory_lab.Point("gru", 10, 0.864, 800, 1)])
    assert "**GRU** remembers 5 steps and is right 86 % of the time at 10." in text_of(open_page("memory"))
    button(app, "Resume").click().run()
    assert spawned == [made]
    assert made.state.status == "queued"


def test_compare_starts_what_was_chosen(spawned: list) -> None:
    app = open_page("compare")
    assert "20 short trainings for the learning rates, then 12 trainings: about " in text_of(app)
    assert "For all: the same clips, 96 units, the answer read from the last state, 20 epochs." in text_of(app)
    app.multiselect[0].set_value(["left"]).run()
    assert "Choose at least two words and two cells" in text_of(app)
    app.multiselect[0].set_value(["left", "right"]).run()
    app.slider(key="compare_seeds").set_value(2).run()
    button(app, "Compare").click().run()
    healthy(app)
    [made] = spawned
    assert made.process == "audio_models.lab.comparison_process"
    assert made.config.seeds == 2
    assert made.config.task.labels == ("left", "right")
    assert len(made.config.cells) == 4
    assert (made.config.readout, made.config.rates) == ("same", (5e-4, 1e-3, 2e-3, 4e-3, 8e-3))


def test_compare_asks_whether_the_last_state_or_the_mean_in_one_click(spawned: list) -> None:
    app = open_page("compare")
    app.segmented_control(key="compare_question").set_value("Last state or mean?").run()
    healthy(app)
    assert next(box for box in app.selectbox if box.label == "Comparison").value == "last-or-mean", (
        "the one that comes with Echoic"
    )
    app.segmented_control(key="compare_length").set_value("time").run()
    app.slider(key="compare_seconds").set_value(60).run()
    assert "60 seconds of training" in text_of(app)
    button(app, "Compare").click().run()
    healthy(app)
    [made] = spawned
    assert (made.config.readout, made.config.seconds) == ("both", 60)
    assert len(made.config.variants) == 7


@pytest.mark.parametrize("question", ["Which cell?", "Last state or mean?"])
def test_compare_opens_with_a_comparison_of_each_question(question: str) -> None:
    app = open_page("compare")
    app.segmented_control(key="compare_question").set_value(question).run()
    healthy(app)
    said = text_of(app)
    assert re.search(
        r"This comes with Echoic, measured 20\d\d-\d\d-\d\d by python -m audio\\_models\.lab\.measured", said
    )
    made = next(one for one in comparison.bundled() if (one.config.readout == "both") == (question != "Which cell?"))
    found = comparison_results.results(made)
    told = verdict.findings(found)
    assert verdict.verdict(found, told) in said
    pairs = app.table[0].value
    assert list(pairs.columns) == ["difference", "verdict"], "no statistics unless asked for"
    assert len(pairs) == (6 if question == "Which cell?" else 3)
    app.toggle(key=f"statistics-{made.id}").set_value(True).run()
    assert list(app.table[0].value.columns) == ["difference", "verdict", "95 % interval [points]", "p"]
    assert list(app.table[0].value["verdict"]) == [one.outcome for one in told]


def test_compare_shows_what_was_found(monkeypatch: pytest.MonkeyPatch, spawned: list, trained: Trained) -> None:
    config = Run(trained.folder).config
    made = comparison.create(comparison.ComparisonConfig(config.corpus, config.task, ("gru", "lstm"), seeds=1))
    for variant in made.config.variants:
        shutil.copytree(trained.folder, made.run(variant, 0).folder)
        made.write_measures(variant, 0, comparison.Measures(0.001, None, True))
    made.write_state(State("cancelled", done=2, total=2))
    app = open_page("compare")
    assert "Too few trainings or clips for a verdict" in text_of(app)
    assert app.table[0].value["verdict"].iloc[0] == "too few trainings or clips to tell"
    assert app.table[1].value["memory length"].iloc[0] == "longer than the clips"
    button(app, "Resume").click().run()
    assert spawned == [made]
