"""The models that come with Echoic: small, complete, without a trace of where they were made, and as good as their card."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from audio_models.errors import RunError
from audio_models.jobs import runs
from audio_models.listening import detection
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.listening.false_alarms import AlarmCount, AlarmCurve
from audio_models.listening.streaming_evaluation import Point, StreamingEvaluation
from audio_models.pretrained import build
from audio_models.pretrained.card import _listening, false_alarms
from audio_models.recognition import evaluation, learned
from audio_models.recognition.calibration import HIGHEST
from audio_models.recognition.recognizer import Recognizer
from audio_models.settings import to_dict
from data.corpus import SPLITS, CorpusReference
from data.folder import FolderCorpus
from tests.conftest import Done, Trained
from tests.support.sounds import chirp, write
from tests.support.tone_network import tone_run

MODELS = list(build.MODELS)


def test_all_are_there_the_best_first() -> None:
    assert [run.id for run in runs.bundled()] == MODELS
    assert runs.usable()[0].id == "commands", "what Predict opens with before anything was trained"


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_a_small_run_folder_with_a_card(name: str) -> None:
    run = runs.find(name)
    assert run.is_bundled
    assert sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file()) < 2_000_000
    cell, recipe = build.MODELS[name]
    assert run.config.network.cell == cell
    assert (run.config.network.convolutions > 0) == (recipe != "plain")
    assert run.config.streams == (recipe == "streaming")
    assert run.state.status == "finished"
    assert run.best_epoch is not None
    recognizer = Recognizer.of_run(run)
    assert recognizer.labels == (*build.WORDS, "_unknown_", "_silence_")
    assert 0.3 < recognizer.threshold <= HIGHEST
    for part in ("CC BY", "Accuracy", "Out of vocabulary", "False alarms", "Weaknesses", "published task"):
        assert part in run.card, part


def _metadata(name: str) -> dict[str, str]:
    session = onnxruntime.InferenceSession(runs.find(name).model_path, providers=["CPUExecutionProvider"])
    return session.get_modelmeta().custom_metadata_map


@pytest.mark.parametrize("name", MODELS)
def test_a_model_tells_no_path_of_the_machine_that_made_it(name: str) -> None:
    absolute = re.compile(rb"[\"'](/[\w.-]+){2,}|[A-Z]:\\\\\w")
    for path in runs.find(name).folder.iterdir():
        if path.suffix in (".json", ".md"):
            assert not absolute.search(path.read_bytes()), path
    assert not absolute.search(json.dumps(_metadata(name)).encode())


@pytest.fixture(scope="module")
def one_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features are computed once for all models that read the same ones."""
    return tmp_path_factory.mktemp("judged")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_hears_as_its_card_says(
    name: str, real_commands: Path, one_workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHOIC_HOME", str(one_workspace))
    run = runs.find(name)
    result = evaluation.evaluate_and_store(run, CorpusReference(str(real_commands.resolve())), "test")
    stated = re.search(r"\*\*Accuracy\*\*: ([\d.]+) %", run.card)
    assert stated is not None
    assert result.accuracy * 100 == pytest.approx(float(stated[1]), abs=0.3)
    assert not (run.folder / "evaluations").exists(), "nothing is written inside the source folders"
    assert list((one_workspace / "bundled" / name / "evaluations").iterdir())


def test_what_the_models_learned_is_noted_for_all_of_them(real_commands: Path, workspace_folder: Path) -> None:
    """Whatever folder the clips come back in: without the note only their corpus, 2.4 GB, could tell."""
    known = learned.load(runs.find("commands"))
    assert known is not None
    index = FolderCorpus(real_commands).index()
    of = {split: [clip for clip in index.clips if clip.split == split] for split in SPLITS}
    assert not any(known.reason(clip) for clip in of["test"])
    words = [clip for clip in of["training"] if clip.label in build.WORDS]
    assert words
    assert all(known.has_learned(clip) for clip in words)
    counted, skipped = known.without_learned(of["validation"], "test", is_own=False)
    assert skipped
    assert not any(clip.label in build.WORDS for clip in counted)


def test_commands_is_not_fooled_by_noise() -> None:
    recognizer = Recognizer.of_run(runs.find("commands"))
    random = np.random.default_rng(7)
    noise = [random.normal(0, 0.1, 16_000 * 20).astype(np.float32)]
    assert false_alarms(recognizer, noise) <= 36, "one in a hundred of an hour's seconds"
    assert recognizer.classify(np.zeros(16_000, np.float32)).label == "_silence_"


def test_the_shell_answers_straight_after_set_up(real_commands: Path, command: Callable[..., Done]) -> None:
    clips = sorted((real_commands / "stop").glob("*.flac"))[:20]
    done = command("predict", "commands", *clips, "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert sum(row["label"] == "stop" for row in rows) >= 17
    assert all({"path", "kind", "label", "confidence", "probabilities", "sure"} == set(row) for row in rows)


def test_a_run_of_the_users_with_that_name_is_told_apart(workspace_folder: Path) -> None:
    from audio_models.config import RunConfig
    from data.task import Task

    mine = runs.create(RunConfig(CorpusReference("synthetic_voices"), Task(("a", "b")), name="commands"))
    with pytest.raises(RunError, match="is the name of a run of yours and of a network that comes with Echoic"):
        runs.find("commands")
    assert runs.find(mine.id).folder == mine.folder
    assert runs.find("bundled:commands").is_bundled


def test_the_published_configuration_names_folders_without_their_paths(tmp_path: Path) -> None:
    options = argparse.Namespace(other=[tmp_path / "reading"], held_out=("yes",), epochs=2)
    config = build._config(CorpusReference(str(tmp_path)), "commands", 1, options)
    assert config.negatives.other == (str(tmp_path / "reading"),)
    assert (config.task.held_out, config.training.seed, config.training.epochs) == (("yes",), 1, 2)
    published = to_dict(build._published(config))
    assert str(tmp_path) not in json.dumps(published)
    assert list(published["negatives"]["other"]) == ["reading"]
    assert build._config(CorpusReference(str(tmp_path)), "plain-gru", 0, options).negatives.other == ()


def test_more_clips_join_those_of_the_first_folder(tmp_path: Path, workspace_folder: Path) -> None:
    """The lists of the first decide what is for the test; all of the second is trained on."""
    first, second = tmp_path / "first", tmp_path / "second"
    for number, (folder, word, speaker) in enumerate(
        ((first, "left", "ann"), (first, "left", "bob"), (second, "left", "cid"), (second, "five", "cid"))
    ):
        write(folder / word / f"{speaker}_nohash_0.wav", chirp(400, 900, seed=number))
    (first / "testing_list.txt").write_text("left/bob_nohash_0.wav\n")
    (second / "testing_list.txt").write_text("five/cid_nohash_0.wav\n")
    clips = FolderCorpus(build.merged([first, second])).index().clips
    assert {(clip.label, clip.speaker, clip.split) for clip in clips} == {
        ("left", "ann", "training"), ("left", "bob", "test"), ("left", "cid", "training"), ("five", "cid", "training")
    }  # fmt: skip
    assert build.merged([first, second]).name.startswith("clips-"), "made anew each time"


def test_a_note_that_several_runs_share_only_grows(tmp_path: Path, trained: Trained) -> None:
    path = tmp_path / "learned.json"
    path.write_text(json.dumps({"training": ["of another"]}))
    learned.store_together(path, runs.Run(trained.folder))
    note = json.loads(path.read_text())
    own = json.loads((trained.folder / "learned.json").read_text())
    assert set(note["training"]) == {"of another", *own["training"]}


def test_the_card_has_the_false_alarms_of_each_corpus_and_word() -> None:
    run = tone_run()
    detection.store_settings(run, replace(detection.load_settings(run), threshold=0.9))
    points = tuple(Point(at, 40, heard, 0, 9.0, 0.0, 0.1, 0.25) for at, heard in ((0.8, 38), (0.9, 30)))
    counts = (AlarmCount(0.8, 9, {"low": 9}), AlarmCount(0.9, 3, {"low": 2, "high": 1}))
    measured = StreamingEvaluation(
        StreamingEvaluationConfig("test"), 240, 500, 40, 10, points,
        alarms=(AlarmCurve("reading", "speech", 0.5, counts, 12), AlarmCurve("fans", "noise", 2.0, (AlarmCount(0.9, 0),), 3)),
    )  # fmt: skip
    lines = _listening(run, measured)
    assert "hears 75.0 % (59.8 % to 85.8 %) of 40 words" in lines[0]
    assert lines[1:] == [
        "  - reading: 6.0 (1.2 to 17.5), 3 alarms in 0.50 hours of speech; low 2 (0.5 to 14.4), high 1 (0.1 to 11.1)",
        "  - fans: 0.0 (0.0 to 1.8), 0 alarms in 2.00 hours of noise",
    ]
    assert _listening(run, None) == []
