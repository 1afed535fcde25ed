"""Evaluation of a run: every clip counted once, none that was learned, and the result stored until something changes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_models.errors import RunError, TrainingError
from audio_models.features.waveform import AudioSource
from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation
from audio_models.recognition.recognizer import Recognizer
from data.corpus import CorpusReference
from tests.conftest import Trained
from tests.support.sounds import chirp, glides, write


@pytest.fixture
def run(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    workspace = shutil.copytree(trained.workspace, tmp_path / "workspace of the run")
    monkeypatch.setenv("ECHOIC_HOME", str(workspace))
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
        answer = recognizer.classify(recognizer.load(AudioSource(heard.clip.path)))
        assert answer.label == heard.predicted
        assert answer.confidence == pytest.approx(heard.confidence, abs=1e-4)
        assert answer.probabilities[heard.clip.label] == pytest.approx(heard.label_probability, abs=1e-4)


def test_all_is_the_three_splits_together(run: Run) -> None:
    parts = sum(evaluation.evaluate(run, split=split).clips for split in ("training", "validation", "test"))
    assert evaluation.evaluate(run, split="all").clips == parts


def test_an_evaluation_is_stored_until_the_network_changes(run: Run) -> None:
    evaluated = evaluation.evaluate_and_store(run, split="test")
    assert evaluation.load_cached(run, split="test") == evaluated
    assert evaluation.load_cached(run, split="training") is None
    assert evaluation.load_cached(run, CorpusReference("elsewhere"), "test") is None
    os.utime(run.model_path, (2e9, 2e9))
    assert evaluation.load_cached(run, split="test") == evaluated, "a copied folder has other times"
    run.model_path.write_bytes(run.model_path.read_bytes() + b"another")
    assert evaluation.load_cached(run, split="test") is None


def test_a_damaged_result_is_as_good_as_none(run: Run) -> None:
    evaluation.evaluate_and_store(run, split="test")
    [path] = (run.folder / "evaluations").glob("test-*.json")
    stored = json.loads(path.read_text())
    for spoilt in (
        {"run": 3},
        {**stored, "accuracy": "high"},
        {**stored, "accuracy": 2.0},
        {**stored, "confusion": stored["confusion"][1:]},
        {**stored, "labels": [*stored["labels"][1:], "moon"]},
        {**stored, "predictions": [{**stored["predictions"][0], "clip": {"path": 7}}]},
    ):
        path.write_text(json.dumps(spoilt))
        assert evaluation.load_cached(run, split="test") is None
    path.write_text(json.dumps({**stored, "a field of later": 1}))
    assert evaluation.load_cached(run, split="test") is not None
    path.write_text('{"run": 3}')
    whole = evaluation.evaluate_and_store(run, split="test")
    assert evaluation.load_cached(run, split="test") == whole


def _with_other_recordings(run: Run, folder: Path) -> Run:
    """The run as if it had been trained with a folder of other recordings."""
    config = json.loads((run.folder / "config.json").read_text())
    config["negatives"] = {"other": [str(folder)]}
    (run.folder / "config.json").write_text(json.dumps(config))
    return Run(run.folder)


def test_other_recordings_are_answered_and_do_not_count_as_clips(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "reading"
    for reader in range(10):
        write(folder / f"{reader}-1-0001.wav", np.tile(chirp(300, 900, seed=reader), 8))
    before = evaluation.evaluate(run, split="test")
    assert before.other_sound == []
    run = _with_other_recordings(run, folder)
    result = evaluation.evaluate_and_store(run, split="test")
    assert (result.accuracy, result.confusion) == (before.accuracy, before.confusion)
    [heard] = result.other_sound
    assert (heard.folder, heard.kind, heard.recordings) == ("reading", "speech", 2)
    assert {one.clip.split for one in heard.predictions} == {"test"}
    assert {one.clip.label for one in heard.predictions} == {"_unknown_"}
    assert evaluation.load_cached(run, split="test") == result

    known = json.loads((run.folder / "learned.json").read_text())
    known["training"].append(heard.predictions[0].clip.digest)
    (run.folder / "learned.json").write_text(json.dumps(known))
    [left] = evaluation.evaluate(run, split="test").other_sound
    assert len(left.predictions) == len(heard.predictions) / 2, "one of the two was trained on, in another folder"


def test_words_that_a_run_never_learned_are_known_also_in_another_corpus(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    for number in range(4):
        for word in ("rise", "hum", "warble"):
            write(folder / word / f"{number}.wav", chirp(400, 500, seed=number))
    assert evaluation.evaluate(run, CorpusReference(str(folder)), "all").new_words == ("warble",)
    assert evaluation.evaluate(run, split="test").new_words == ()
    known = json.loads((run.folder / "learned.json").read_text())
    (run.folder / "learned.json").write_text(json.dumps({**known, "words": []}))  # as in older runs
    assert evaluation.evaluate(run, CorpusReference(str(folder)), "all").new_words is None
    assert evaluation.evaluate(run, split="test").new_words == ()


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
    folder = glides(tmp_path / "other", speakers=4, seed=1)
    recognizer = Recognizer.of_run(run)
    recognizer.labels = ("rise", "fall", "x", "y")
    monkeypatch.setattr(Recognizer, "of_run", lambda _: recognizer)
    evaluated = evaluation.evaluate(run, CorpusReference(str(folder)), "all")
    assert {one.path.parent.name for one in evaluated.skipped} == {"hum"}
    assert "hum" in evaluated.skipped[0].reason
    assert evaluated.clips == 24


def test_an_unreadable_clip_is_skipped(run: Run, tmp_path: Path) -> None:
    folder = glides(tmp_path / "other", speakers=4, seed=1)
    whole = folder / "rise" / "s00_nohash_0.wav"
    path = write(whole.with_suffix(".flac"), *soundfile.read(whole, dtype="float32"))
    whole.unlink()
    content = path.read_bytes()
    path.write_bytes(content[:200] + bytes(len(content) - 200))  # its header is whole, its sound is not
    evaluated = evaluation.evaluate(run, CorpusReference(str(folder)), "all")
    assert [one.path.name for one in evaluated.skipped] == ["s00_nohash_0.flac"]
    assert evaluated.clips == 35


def test_no_clip_to_evaluate_is_said(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "one" / "rise" / "a.wav", chirp(400, 2200))
    with pytest.raises(TrainingError, match=r"No test clip of .* 1 training, 0 validation, 0 test"):
        evaluation.evaluate(run, CorpusReference(str(tmp_path / "one")), "test")


def test_a_run_that_cannot_be_written_to_is_still_evaluated(run: Run) -> None:
    (run.folder / "evaluations").rename(run.folder / "kept elsewhere")
    (run.folder / "evaluations").write_text("a file in the way")
    assert evaluation.evaluate_and_store(run, split="test").clips > 0


def test_a_changed_corpus_makes_a_stored_evaluation_out_of_date(run: Run, tmp_path: Path) -> None:
    """Clips were added and a word renamed, and the page went on to show 8 clips, 4 of them gone."""
    folder = tmp_path / "other"
    for number in range(4):
        write(folder / "rise" / f"{number}.wav", chirp(400, 2200, seed=number))
        write(folder / "warble" / f"{number}.wav", chirp(400, 500, seed=number))
    corpus = CorpusReference(str(folder))
    first = evaluation.load_or_evaluate(run, corpus, "all")
    assert evaluation.is_current(run, first, corpus)
    assert evaluation.load_or_evaluate(run, corpus, "all") == first

    def changed() -> None:
        stored = evaluation.load_cached(run, corpus, "all")
        assert stored is not None
        assert not evaluation.is_current(run, stored, corpus)
        again = evaluation.load_or_evaluate(run, corpus, "all")
        assert again != stored
        assert all(one.clip.path.is_file() for one in again.predictions)
        assert evaluation.load_cached(run, corpus, "all") == again

    write(folder / "rise" / "new.wav", chirp(400, 2200, seed=9))
    changed()
    (folder / "warble").rename(folder / "fall")
    changed()
    (folder / "rise" / "new.wav").rename(folder / "rise" / "renamed.wav")
    changed()
    write(folder / "rise" / "0.wav", chirp(400, 2200, seed=10))
    changed()
    (folder / "rise" / "1.wav").unlink()
    changed()
    shutil.rmtree(folder)
    last = evaluation.load_cached(run, corpus, "all")
    assert last is not None
    assert evaluation.is_current(run, last, corpus), "nothing newer is there"


def test_an_evaluation_of_the_first_version_is_read(run: Run) -> None:
    """Its rows had no names, its file the hash of a repr, and it did not say which clips its corpus had."""
    now = evaluation.evaluate_and_store(run, split="test")
    folder = run.folder / "evaluations"
    [path] = folder.glob("test-*.json")
    values = json.loads(path.read_text())
    path.unlink()
    rows = values.pop("predictions")
    for name in ("fingerprint", "model", "unchecked"):
        values.pop(name)
    names = ("path", "label", "split", "seconds", "speaker", "digest", "start", "gain", "whole", "word")
    values["heard"] = [
        [*(row["clip"][name] for name in names), row["predicted"], row["confidence"], row["label_probability"]]
        for row in rows
    ]
    text = f"CorpusReference(name={run.config.corpus.name!r}, speaker_pattern=None, split_by=None)"
    old = folder / f"test-{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}.json"
    old.write_text(json.dumps(values))
    found = evaluation.load_cached(run, split="test")
    assert found is not None
    assert (found.accuracy, found.confusion, found.clips) == (now.accuracy, now.confusion, now.clips)
    assert [one.predicted for one in found.predictions] == [one.predicted for one in now.predictions]
    os.utime(old, (0, 0))
    assert evaluation.load_cached(run, split="test") is None, "older than the network"
    assert evaluation.load_or_evaluate(run, split="test") == now
    assert [one.name for one in folder.glob("test-*.json")] == [path.name], "one file for each"


def test_labels_of_a_mac_are_evaluated(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that learned "cafe\u0301" with the accent apart is evaluated on "caf\u00e9", and the other way round."""
    recognizer = Recognizer.of_run(run)
    recognizer.labels = ("cafe\u0301", "fall", "_unknown_", "_silence_")
    monkeypatch.setattr(Recognizer, "of_run", lambda _: recognizer)
    folder = glides(tmp_path / "other", speakers=4, seed=1)
    (folder / "rise").rename(folder / "caf\u00e9")
    result = evaluation.evaluate(run, CorpusReference(str(folder)), "all")
    assert result.labels[0] == "caf\u00e9"
    assert [row.support for row in result.per_class] == [12, 12, 12, 0]


@pytest.mark.parametrize(
    ("text", "split"), [("test", "test"), ("held-back", "cross-validated"), ("cross-validated", "cross-validated")]
)
def test_a_split_is_named_also_as_before(text: str, split: str) -> None:
    assert evaluation.split_of(text) == split
    with pytest.raises(RunError, match="There is no split 'tests'"):
        evaluation.split_of("tests")
