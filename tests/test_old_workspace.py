"""A workspace that version 0.1.0 wrote, before the project was renamed, opens unchanged.

`tests/fixtures/make_old_workspace.py` wrote it, and beside it what that version reported: the manifest.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio_models.cli import main as cli
from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.lab import comparison, comparison_results, memory
from audio_models.listening import detection, recordings, streaming_evaluation
from audio_models.listening.listener import Listener
from audio_models.own_words.clip_checks import findings
from audio_models.recognition import evaluation
from audio_models.recognition.recognizer import Recognizer
from data import workspace
from data.corpus import CorpusReference
from data.own.corpus import OwnCorpus
from tests.support import old_workspace
from tests.support.pages import open_page, text_of

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    home = tmp_path_factory.mktemp("old") / "workspace"
    return home, old_workspace.unpack(old_workspace.ARCHIVE, home)


@pytest.fixture
def manifest(unpacked: tuple[Path, Manifest], monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """What version 0.1.0 says of the workspace, which is found under the variable's old name; tests only read it."""
    home, found = unpacked
    monkeypatch.delenv("ECHOIC_HOME")
    monkeypatch.setenv("HARK_HOME", str(home))
    return found


@pytest.fixture
def copied(manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """The same of a copy that a test may change; its runs still learn from the folder of clips in the first."""
    shutil.copytree(workspace.root(), tmp_path / "copy")
    monkeypatch.setenv("HARK_HOME", str(tmp_path / "copy"))
    return manifest


def _reference(name: str) -> CorpusReference:
    return CorpusReference(name if name.startswith("own:") else str(workspace.root() / name))


def _evaluations_are_as_told(run: Run, told: list[Manifest]) -> None:
    for one in told:
        found = evaluation.load_cached(run, _reference(one["corpus"]), evaluation.split_of(one["split"]))
        assert found is not None, (run.id, one["split"])
        assert (found.clips, found.accuracy, list(found.labels)) == (one["clips"], one["accuracy"], one["labels"])
        assert [found.interval.low, found.interval.high] == one["interval"]
        assert found.confusion == one["confusion"]
        assert (found.threshold, len(found.mistakes()), len(found.skipped)) == (one["threshold"], one["mistakes"], one["skipped"])  # fmt: skip


def test_the_workspace_is_found_under_its_old_name(manifest: Manifest) -> None:
    assert sorted(run.id for run in runs.listing()) == sorted(one["id"] for one in manifest["runs"])
    assert [run.damage for run in runs.listing()] == [None] * len(manifest["runs"])


def test_every_run_has_its_status_history_and_settings(manifest: Manifest) -> None:
    for told in manifest["runs"]:
        run = runs.find(told["id"])
        state, best = run.state, run.best_epoch
        assert (run.name, state.status, state.stage, state.error) == (told["name"], told["status"], told["stage"], told["error"])  # fmt: skip
        assert (state.epoch, [row.validation_loss for row in run.history]) == (told["epochs"], told["history"])
        assert (best.validation_accuracy if best else None) == told["validation_accuracy"]
        assert list(run.config.task.classes) == told["labels"]
        assert (run.config.network.cell, run.config.streams) == (told["cell"], told["listens_by_state"])
        assert run.has_model == told["has_model"]
        assert run.created_text.startswith("01 Nov 09:"), "an id in local time"


def test_what_a_run_started_from_is_found(manifest: Manifest) -> None:
    for told in manifest["runs"]:
        run, start = runs.find(told["id"]), told["starts_from"]
        if start == "commands":
            assert run.start == "bundled:commands"
        elif start:
            assert runs.find(run.start).id == Path(start).name
        else:
            assert run.start == ""


def test_every_run_answers_as_it_did(manifest: Manifest) -> None:
    for told in manifest["runs"]:
        if not told["has_model"]:
            continue
        recognizer = Recognizer.of_run(runs.find(told["id"]))
        assert recognizer.parameters == told["parameters"]
        assert (recognizer.threshold, recognizer.temperature, recognizer.clip_seconds) == (told["threshold"], told["temperature"], told["clip_seconds"])  # fmt: skip
        for expected in told["predictions"]:
            answer = recognizer.classify(recognizer.load(AudioSource(workspace.root() / expected["clip"])))
            assert (answer.label, answer.sure) == (expected["label"], expected["sure"])
            assert answer.probabilities == pytest.approx(expected["probabilities"], abs=1e-4)


def test_evaluations_are_as_they_were(manifest: Manifest) -> None:
    for told in manifest["runs"]:
        _evaluations_are_as_told(runs.find(told["id"]), told["evaluations"])
    told = manifest["bundled"]["commands"]["evaluations"]
    _evaluations_are_as_told(runs.bundled_run("commands"), told)


def test_detection_settings_and_streaming_evaluations_are_as_they_were(manifest: Manifest) -> None:
    for told in manifest["runs"]:
        run = runs.find(told["id"])
        _settings_are(run, told["detection"])
        for one in told["benches"]:
            found = streaming_evaluation.load_cached(run, one["side"])
            assert found is not None
            assert (found.words, found.others, len(found.points)) == (one["words"], one["others"], one["points"])
            assert asdict(found.suggested) == one["suggested"]
    _settings_are(runs.bundled_run("commands-streaming"), manifest["bundled"]["commands-streaming"]["detection"])


def _settings_are(run: Run, told: dict[str, float]) -> None:
    """Those that are stored have no context, which was not there when they were chosen."""
    found = asdict(detection.load_settings(run))
    is_default = told == {name: asdict(detection.DetectionConfig())[name] for name in told}
    assert found == {**told, "context_ms": detection.DetectionConfig().context_ms if is_default else 0.0}


def test_a_recording_gives_the_same_events(manifest: Manifest) -> None:
    told = manifest["listening"]
    source = AudioSource(workspace.root() / told["clip"])
    listener = Listener(runs.find(told["run"]), sample_rate=recordings.sample_rate(source))
    outputs = [listener.feed(block) for block in recordings.blocks(source)]
    outputs.append(listener.feed(np.empty(0, np.float32), last=True))
    events = [event for one in outputs for event in one.events]
    assert sum(len(one.times) for one in outputs) == told["steps"]
    assert [(one.label, one.start, one.end) for one in events] == [
        (one["label"], pytest.approx(one["start"]), pytest.approx(one["end"])) for one in told["events"]
    ]


def test_the_own_corpus_has_its_clips_and_its_undo(copied: Manifest) -> None:
    told = copied["own"]
    own = OwnCorpus(told["name"])
    assert [
        {
            "file": str(clip.path.relative_to(workspace.root())), "label": clip.label, "speaker": clip.speaker,
            "original": clip.original, "source": clip.source, "seconds": clip.seconds, "added": clip.added,
        }
        for clip in own.clips()
    ] == told["clips"]  # fmt: skip
    assert len(own.noise()) == told["noise"]
    assert [{"clip": one.id, "kind": one.kind} for one in findings(own.clips())] == told["worth_a_look"]
    change = own.last_change()
    assert change is not None
    assert (change.text, change.clips) == (told["last_change"]["text"], told["last_change"]["clips"])
    for undone in told["undone"]:
        assert own.undo().text == undone["text"]
        assert dict(Counter(clip.label for clip in own.clips())) == undone["labels"]
    assert own.last_change() is None


def test_the_memory_measurement_and_the_comparison_are_as_they_were(manifest: Manifest) -> None:
    [measured], [compared] = memory.listing(), comparison.listing()
    told = manifest["memory"]
    assert (measured.id, measured.state.status) == (told["id"], told["status"])
    assert [asdict(point) for point in measured.points] == told["points"]
    told = manifest["comparison"]
    assert (compared.id, compared.state.status) == (told["id"], told["status"])
    for found, one in zip(comparison_results.results(compared), told["cells"], strict=True):
        assert (found.cell, found.accuracy, found.split, list(found.each)) == (one["cell"], one["accuracy"], one["split"], one["each"])  # fmt: skip
        assert (found.parameters, found.epochs, found.correct.shape[1]) == (one["parameters"], one["epochs"], one["clips"])  # fmt: skip
        assert asdict(found.measures) == {name: one[name] for name in asdict(found.measures)}
    # it resumes as it began: then, the recipe of each cell set its readout and learning rate, and trainings stopped early
    assert (compared.config.readout, compared.config.searched) == ("recipe", [])
    for variant, seed in compared.config.jobs:
        now, then = compared.planned(variant, seed), compared.run(variant, seed).config
        assert (now.network, now.training) == (then.network, then.training)


def test_the_shell_lists_every_run(manifest: Manifest, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runs"]) == 0
    printed = capsys.readouterr().out
    assert "damaged" not in printed
    for told in manifest["runs"]:
        assert f"{told['id']}  {told['status']}, {told['cell']}" in printed


@pytest.mark.parametrize("page", ["predict", "train", "evaluate", "listen", "inside", "memory", "compare", "words"])
def test_every_page_opens(manifest: Manifest, page: str) -> None:
    app = open_page(page)
    assert not app.exception
    assert "damaged" not in text_of(app)


def test_stopped_runs_resume_to_the_same_end(copied: Manifest) -> None:
    """The cancelled and the interrupted run."""
    for told in copied["resumed"]:
        assert cli.main(["resume", told["id"]]) == 0
        run = runs.find(told["id"])
        assert (run.state.status, run.state.epoch) == (told["status"], told["epochs"])
        assert [row.validation_loss for row in run.history] == pytest.approx(told["history"], rel=1e-2)
