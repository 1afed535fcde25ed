"""Judgement of a run: every clip counted once, kept, and honest about what it left out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from audio_models.errors import TrainingError
from audio_models.features.waveform import AudioSource
from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation
from audio_models.recognition.recognizer import Recognizer
from data.corpus import CorpusReference
from tests.conftest import Trained
from tests.support.sounds import chirp, glides, write


@pytest.fixture
def run(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("ECHOIC_HOME", str(trained.workspace))
    return Run(shutil.copytree(trained.folder, tmp_path / trained.folder.name))


def test_counts_add_up(run: Run) -> None:
    evaluated = evaluation.evaluate(run, split="test")
    assert evaluated.labels == ("rise", "fall", "_unknown_", "_silence_")
    confusion = np.array(evaluated.confusion)
    assert confusion.sum() == evaluated.clips == len(evaluated.predictions)
    assert evaluated.accuracy == np.trace(confusion) / evaluated.clips
    assert [row.support for row in evaluated.per_class] == confusion.sum(axis=1).tolist()
    assert sum(row.clips for row in evaluated.per_speaker) == confusion[:3].sum(), "silence has no speaker"
    assert evaluated.interval.low <= evaluated.accuracy <= evaluated.interval.high
    assert {heard.clip.split for heard in evaluated.predictions} == {"test"}
    assert len(evaluated.mistakes()) == evaluated.clips - np.trace(confusion)
    assert (
        sum(len(evaluated.cell(said, heard)) for said in evaluated.labels for heard in evaluated.labels)
        == evaluated.clips
    )


def test_each_clip_s_answer_is_what_predict_says(run: Run) -> None:
    recognizer = Recognizer.of_run(run)
    evaluated = evaluation.evaluate(run, split="validation")
    whole = [heard for heard in evaluated.predictions if heard.clip.whole]
    assert whole
    for heard in whole:
        answer = recognizer.hear(recognizer.load(AudioSource(heard.clip.path)))
        assert answer.label == heard.predicted
        assert answer.confidence == pytest.approx(heard.confidence, abs=1e-4)
        assert answer.probabilities[heard.clip.label] == pytest.approx(heard.label_probability, abs=1e-4)


def test_all_is_the_three_sides_together(run: Run) -> None:
    parts = sum(evaluation.evaluate(run, split=split).clips for split in ("training", "validation", "test"))
    assert evaluation.evaluate(run, split="all").clips == parts


def test_what_was_judged_is_kept_until_the_network_changes(run: Run) -> None:
    evaluated = evaluation.evaluate_and_store(run, split="test")
    assert evaluation.load_cached(run, split="test") == evaluated
    assert evaluation.load_cached(run, split="training") is None
    assert evaluation.load_cached(run, CorpusReference("elsewhere"), "test") is None
    os.utime(run.model_path, (2e9, 2e9))
    assert evaluation.load_cached(run, split="test") is None


def test_a_damaged_judgement_is_made_anew(run: Run) -> None:
    whole = evaluation.evaluate_and_store(run, split="test")
    [path] = (run.folder / "evaluations").glob("test-*.json")
    path.write_text('{"run": 3}')
    assert evaluation.load_cached(run, split="test") is None
    assert evaluation.evaluate_and_store(run, split="test") == whole
    assert evaluation.load_cached(run, split="test") == whole


def test_another_corpus_s_other_words_count_as_unknown(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    for number in range(4):
        write(folder / "rise" / f"{number}.wav", chirp(400, 2200, seed=number))
        write(folder / "warble" / f"{number}.wav", chirp(400, 500, seed=number))
    evaluated = evaluation.evaluate(run, CorpusReference(str(folder)), "all")
    assert [row.support for row in evaluated.per_class] == [4, 0, 4, 0]
    assert evaluated.skipped == []
    assert evaluated.per_speaker == []
    assert evaluated.interval.over == "clips"


def test_without_the_class_unknown_they_are_skipped_with_a_reason(run: Run, tmp_path: Path, monkeypatch) -> None:
    folder = glides(tmp_path / "other", speakers=4)
    recognizer = Recognizer.of_run(run)
    recognizer.labels = ("rise", "fall", "x", "y")
    monkeypatch.setattr(Recognizer, "of_run", lambda _: recognizer)
    evaluated = evaluation.evaluate(run, CorpusReference(str(folder)), "all")
    assert {one.path.parent.name for one in evaluated.skipped} == {"hum"}
    assert "hum" in evaluated.skipped[0].reason
    assert evaluated.clips == 24


def test_an_unreadable_clip_is_skipped(run: Run, tmp_path: Path) -> None:
    folder = glides(tmp_path / "other", speakers=4)
    path = folder / "rise" / "s00_nohash_0.wav"
    path.write_bytes(path.read_bytes()[:300])  # its header is whole, its sound is not
    evaluated = evaluation.evaluate(run, CorpusReference(str(folder)), "all")
    assert [one.path.name for one in evaluated.skipped] == ["s00_nohash_0.wav"]
    assert evaluated.clips == 35


def test_no_clip_to_judge_by_is_said(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "one" / "rise" / "a.wav", chirp(400, 2200))
    with pytest.raises(TrainingError, match=r"No test clip of .* 1 training, 0 validation, 0 test"):
        evaluation.evaluate(run, CorpusReference(str(tmp_path / "one")), "test")


def test_a_run_that_cannot_be_written_to_is_still_judged(run: Run) -> None:
    (run.folder / "evaluations").rename(run.folder / "kept elsewhere")
    (run.folder / "evaluations").write_text("a file in the way")
    assert evaluation.evaluate_and_store(run, split="test").clips > 0
