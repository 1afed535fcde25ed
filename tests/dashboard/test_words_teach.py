"""Your words, taught: what is missing, what is started, how well it went and what to do next."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from audio_models.jobs import launch, runs
from audio_models.jobs.job_folder import State
from audio_models.recipes import FOLDS
from audio_models.recognition import advice, evaluation, headline
from audio_models.recognition.evaluation_result import CROSS_VALIDATED, Evaluation
from data.corpus import SILENCE, UNKNOWN
from data.own import corpus as own_corpus
from data.own.corpus import OwnCorpus
from tests.conftest import in_this_process
from tests.support.pages import button, healthy
from tests.support.words import (
    clips_of,
    labels,
    open_words,
    read,
)


def test_teach_says_what_is_missing(mine: OwnCorpus, spawned: list) -> None:
    mine.add([*clips_of("left", 5), *clips_of("right", 4)])
    app = open_words("Teach")
    assert "right (4): a word needs at least 5 clips" in read(app)
    assert "at least two words with 5 clips each" in read(app)
    assert "Teach" not in labels(app)
    mine.add(clips_of("right", 1, first=4))
    app.run()
    healthy(app)
    assert "a word needs at least" not in read(app)
    assert "Teach" in labels(app)
    assert "Uses synthetic noise" in read(app)


def test_teach_starts_what_was_chosen(mine: OwnCorpus, spawned: list) -> None:
    mine.add([*clips_of("left", 5), *clips_of("right", 5), *clips_of("灯", 6), *clips_of("few", 1)])
    app = open_words("Teach")
    assert "Not taught yet" in read(app)
    assert app.multiselect[0].options == ["left", "right", "灯"], "there are too few of the other"
    assert app.multiselect[0].value == ["left", "right", "灯"]
    assert "About " in read(app), "how long it will take"
    app.multiselect[0].set_value(["left"]).run()
    assert "Choose at least two words." in read(app)
    assert "Teach" not in labels(app)
    app.multiselect[0].set_value(["left", "灯"]).run()
    button(app, "Teach").click().run()
    healthy(app)
    [run] = spawned
    assert run.config.corpus.name == mine.name == "own:Mine"
    assert run.config.task.labels == ("left", "灯")
    assert (run.config.task.unknown, run.config.task.silence) == (True, True), "by default"
    assert run.config.negatives.makes, "with nothing recorded for it"
    assert (run.config.start, run.config.training.folds) == ("bundled:commands", 3)
    assert run.config.network == runs.find("commands").config.network
    assert run.config.name == "Mine 1"
    assert "Mine 1" in app.selectbox[1].options[0], "it is watched"


def test_a_run_named_like_the_bundled_network_is_not_taken_for_it(mine: OwnCorpus, spawned: list, command) -> None:
    """Teach, Map and the search for wrong words failed where a run was named `commands`, or used that run."""
    mine.add([*clips_of("left", 5), *clips_of("right", 5)])
    runs.create(replace(runs.bundled_run("commands").config, name="commands", start=""))
    app = open_words("Teach")
    button(app, "Teach").click().run()
    healthy(app)
    assert [run.config.start for run in spawned] == ["bundled:commands"]
    assert "from commands" in app.selectbox[1].options[0]
    assert not open_words("Map").error
    clips = open_words("Clips")
    button(clips, "Find mislabelled clips").click().run()
    assert not clips.error
    assert command("corpus", "check", "Mine", "--unlike").returncode == 0
    refused = command("train", "--corpus", "own:Mine", "--from", "commands")
    assert refused.returncode == 1
    assert "the other bundled:commands." in refused.stderr


def test_teach_starts_from_scratch_too(mine: OwnCorpus, spawned: list) -> None:
    mine.add([*clips_of("left", 5), *clips_of("right", 5)])
    app = open_words("Teach")
    app.toggle(key="teach_silence").set_value(False).run()
    app.segmented_control(key="teach_start").set_value("From scratch").run()
    assert "needs many more clips" in read(app)
    button(app, "Teach").click().run()
    healthy(app)
    [run] = spawned
    assert (run.config.start, run.config.training.folds) == ("", FOLDS)
    assert run.config.task.classes == ("left", "right", UNKNOWN)


def test_teach_for_listening_starts_from_the_streaming_network(mine: OwnCorpus, spawned: list) -> None:
    mine.add([*clips_of("left", 5), *clips_of("right", 5)])
    app = open_words("Teach")
    assert "Starts from “commands”" in read(app)
    app.segmented_control(key="teach_use").set_value("Listening").run()
    assert "Starts from “commands-streaming”" in read(app)
    app.toggle(key="teach_unknown").set_value(False).run()
    button(app, "Teach").click().run()
    healthy(app)
    [run] = spawned
    assert run.config.start == "bundled:commands-streaming"
    assert run.config.streams
    assert run.config.task.classes == ("left", "right", SILENCE)


def test_folders_of_earlier_runs_are_learned_from_again(mine: OwnCorpus, spawned: list, tmp_path: Path) -> None:
    mine.add([*clips_of("left", 5), *clips_of("right", 5)])
    folder = tmp_path / "readers"
    folder.mkdir()
    before = runs.bundled_run("commands").config
    gone = str(tmp_path / "gone")
    runs.create(replace(before, start="", negatives=replace(before.negatives, other=(str(folder), gone))))
    app = open_words("Teach")
    assert app.multiselect(key="teach_other").value == [str(folder)]
    button(app, "Teach").click().run()
    healthy(app)
    assert spawned[-1].config.negatives.other == (str(folder),)


def test_a_teaching_is_watched_and_cancelled_and_says_why_it_failed(
    mine: OwnCorpus, spawned: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.add([*clips_of("left", 5), *clips_of("right", 5)])
    app = open_words("Teach")
    button(app, "Teach").click().run()
    [run] = spawned
    run.write_state(State("running", "Training", 1, 4, "epochs"))
    cancelled: list = []
    monkeypatch.setattr(launch, "cancel", cancelled.append)
    app.run()
    healthy(app)
    assert [element.proto.text for element in app.get("progress")]
    button(app, "Cancel").click().run()
    healthy(app)
    assert cancelled == [run]
    run.write_state(State("failed", error="The disk is full."))
    app.run()
    healthy(app)
    assert ["The disk is full." in error.value for error in app.error] == [True]
    button(app, "Resume").click().run()
    healthy(app)
    assert spawned == [run, run]


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a corpus of two sounds, and a network that was taught them in the shell."""
    home = tmp_path_factory.mktemp("taught")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHOIC_HOME", str(home))
        own_corpus.create("Mine").add([*clips_of("left", 6), *clips_of("zoom", 6)])
    done = in_this_process(
        "train", "--corpus", "own:Mine", "--from", "commands", "--epochs", 1, "--folds", 2, "--name", "Mine 1", "--json",
        home=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def after_teaching(taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> runs.Run:
    """The run that was taught, in a workspace that a test may spoil."""
    home = tmp_path / "home"
    shutil.copytree(taught, home)
    monkeypatch.setenv("ECHOIC_HOME", str(home))
    [run] = runs.listing()
    return run


def test_what_was_taught_says_how_well_and_what_to_do_next(after_teaching: runs.Run) -> None:
    evaluated = evaluation.load_cached(after_teaching, None, CROSS_VALIDATED)
    assert evaluated is not None
    app = open_words("Teach")
    assert not app.error
    text = read(app)
    hears, others = headline.heard(evaluated), headline.false(evaluated)
    assert others is not None
    assert (hears.clips, others.clips) == (12, 80), "without anything recorded for it"
    for figure in (hears, others):  # equally large
        assert f">{figure.share * 100:.0f} %<" in text
        assert f"**{figure.name}**: {figure.text}." in text
        low, high = figure.interval.low, figure.interval.high
        assert f"95 % interval: {low * 100:.0f} % to {high * 100:.0f} %" in text
    assert f"{others.hits} of 80 synthetic words" in text
    assert "Cross-validated on 12 clips, 1 speaker" in text
    assert "Next steps" in text
    told = advice.advice(evaluated)
    assert any("All clips are by one speaker, anna" in sentence for sentence in told)
    assert [sentence in text for sentence in told] == [True] * len(told)
    assert "Compared with" not in text, "there is nothing to compare it with"
    assert "Export" in [one.proto.label for one in app.get("download_button")]
    assert len(app.get("vega_lite_chart")) == 1, "which word was taken for which"


def test_a_teaching_from_before_other_words_were_held_back_opens_unchanged(after_teaching: runs.Run) -> None:
    [path] = after_teaching.evaluations_folder.glob("cross-validated-*.json")
    evaluated = json.loads(path.read_text())
    for name in ("other_sound", "new_words"):  # keys that it did not have
        del evaluated[name]
    path.write_text(json.dumps(evaluated))
    app = open_words("Teach")
    healthy(app)
    text = read(app)
    assert "**hears you**: " in text
    assert "**false alarms**: not measured" in text
    assert "Taken for yours" not in text


def test_a_result_of_clips_that_have_changed_says_so(after_teaching: runs.Run) -> None:
    """Evaluate said it, Teach did not."""
    app = open_words("Teach")
    assert "The clips have changed since" not in "".join(one.value for one in app.warning)
    OwnCorpus("Mine").add(clips_of("left", 1, first=50))
    app = open_words("Teach")
    healthy(app)
    assert "The clips have changed since" in "".join(one.value for one in app.warning)


def _taught_before(run: runs.Run, start: str) -> runs.Run:
    """The same teaching, done earlier."""
    before = runs.Run(run.folder.with_name(f"20200101-000000-gru-{start or 'none'}"))
    shutil.copytree(run.folder, before.folder)
    config = json.loads((before.folder / "config.json").read_text())
    config |= {"name": f"Before {start or 'scratch'}", "start": start}
    (before.folder / "config.json").write_text(json.dumps(config))
    return before


def _answer_right(run: runs.Run, count: int) -> Evaluation:
    """Make the first clips of a stored evaluation right and the others wrong, whatever the network answered."""
    [path] = run.evaluations_folder.glob("cross-validated-*.json")
    evaluated = json.loads(path.read_text())
    for number, row in enumerate(evaluated["predictions"]):
        label = row["clip"]["label"]
        wrong = next(one for one in evaluated["labels"] if one not in (label, SILENCE))
        row["predicted"] = label if number < count else wrong
    path.write_text(json.dumps(evaluated))
    stored = evaluation.load_cached(run, None, CROSS_VALIDATED)
    assert stored is not None
    return stored


@pytest.mark.parametrize(("start", "names"), [("commands", ("before", "now")), ("", ("from scratch", "from commands"))])
def test_two_teachings_are_compared_on_the_clips_that_both_held_back(
    after_teaching: runs.Run, start: str, names: tuple[str, str]
) -> None:
    theirs, mine = _answer_right(_taught_before(after_teaching, start), 4), _answer_right(after_teaching, 8)
    found = advice.compare(theirs, mine)
    assert found is not None
    assert (found.before, found.after, len(found.fixed)) == (4 / 12, 8 / 12, 4)
    app = open_words("Teach")
    text = read(app)
    assert text.count("Compared with ") == 1
    assert f"Compared with Before {start or 'scratch'}" in text
    assert f"Same 12 clips: 33.3 % {names[0]}, 66.7 % {names[1]}; 4 fixed, 0 newly wrong." in text
    assert "Play the clips that are fixed" in [one.label for one in app.expander]
    assert len(app.get("audio")) == 4


def test_a_judgement_that_is_gone_is_one_sentence(after_teaching: runs.Run) -> None:
    shutil.rmtree(after_teaching.evaluations_folder)
    app = open_words("Teach")
    assert ["evaluation is missing" in one.value for one in app.warning] == [True]


def test_a_damaged_teaching_takes_the_page_not_down(after_teaching: runs.Run) -> None:
    app = open_words("Teach")
    for name in ("model.onnx", "state.json", "config.json"):
        (after_teaching.folder / name).write_bytes(b"\x00 damaged")
        app.run()
        healthy(app)
        assert "Teach" in labels(app), "another can be started"
