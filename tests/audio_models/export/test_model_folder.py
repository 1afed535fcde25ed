"""Exports: what the folder holds and its card says, how the weights of 8 bits compare, and what it may replace."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import onnx
import pytest

from audio_models.config import NetworkConfig
from audio_models.errors import RunError
from audio_models.export import int8_agreement, model_folder
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.listening import streaming_evaluation
from audio_models.listening.detection import DetectionConfig
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.listening.false_alarms import AlarmCount, AlarmCurve
from audio_models.listening.streaming_evaluation import StreamingEvaluation
from audio_models.networks.onnx_int8 import with_int8_weights
from audio_models.recognition import evaluation
from audio_models.recognition.evaluation_result import CROSS_VALIDATED
from audio_models.recognition.open_set import open_set
from data.corpus import CorpusReference
from data.errors import Cancelled, WorkspaceError
from data.phrases import percent
from tests.conftest import PROJECT
from tests.support.pages import open_page
from tests.support.sounds import glides, swelling_noise, write
from tests.support.untrained import untrained_run

STREAMS = NetworkConfig("gru", 9, convolutions=2, filters=4, causal=True)
NOWHERE = CorpusReference("/nowhere")  # nothing to evaluate on


def test_graphs_say_all_that_a_reader_needs(tmp_path: Path) -> None:
    run = untrained_run(STREAMS)
    made = model_folder.contents(run)
    for name in ("model.onnx", "streaming.onnx"):
        graph = onnx.load_from_string(made.files[name])
        said = {entry.key: json.loads(entry.value) for entry in graph.metadata_props}
        assert said["labels"] == ["left", "right", "_unknown_", "_silence_"]
        assert said["frames_a_step"] == 4
        assert said["detection"] == vars(DetectionConfig())
        assert {"features", "normalisation", "threshold", "clip_seconds"} <= set(said)
    assert onnx.load_from_string(made.files["model.onnx"]).graph == onnx.load_model(run.model_path).graph


def test_int8_is_compared_on_the_test_clips(tmp_path: Path) -> None:
    corpus = glides(tmp_path / "glides", speakers=6)
    run = untrained_run(STREAMS, corpus=CorpusReference(str(corpus)), words=("rise", "fall"))
    made = model_folder.contents(run, int8=True)
    assert made.int8 is not None
    assert made.int8.split == "test"
    assert made.int8.clips > 10
    assert made.int8.alike > 0.8 * made.int8.clips
    assert made.remarks == (made.int8.summary,)
    card = made.files["README.md"].decode()
    assert made.int8.summary in card
    assert "- **Accuracy**: " in card
    assert "glides" in card
    assert str(tmp_path) not in card, "where a folder lies is nobody's business"
    for name in ("model", "streaming"):
        weights = {
            kind: sum(
                len(one.raw_data) for one in onnx.load_from_string(made.files[f"{name}{kind}.onnx"]).graph.initializer
            )
            for kind in ("", ".int8")
        }
        assert weights[".int8"] < 0.6 * weights[""], name


def test_the_card_says_what_is_accepted_and_rejected_where_it_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = glides(tmp_path / "glides", speakers=6)
    run = untrained_run(STREAMS, corpus=CorpusReference(str(corpus)), words=("rise", "fall"))
    assert "Own words accepted" not in model_folder.contents(run).files["README.md"].decode()
    figures = open_set(evaluation.evaluate_and_store(run, split="test"))
    assert figures is not None
    card = model_folder.contents(run).files["README.md"].decode()
    assert f"- **Own words accepted**: {figures.own.text}, at the threshold of " in card
    assert "False alarms" not in card
    curve = AlarmCurve("reading", "speech", 0.5, (AlarmCount(0.9, 3, {"rise": 3}),), 12)
    measured = StreamingEvaluation(StreamingEvaluationConfig("test"), 240, 500, 40, 10, (), alarms=(curve,))
    monkeypatch.setattr(streaming_evaluation, "load_cached", lambda *_: measured)
    text = model_folder.contents(run).files["README.md"].decode()
    assert "  - reading: 6.0 (1.2 to 17.5), 3 alarms in 0.50 hours of speech; rise 3 (1.2 to 17.5)" in text
    assert f"- **Rejected**, {figures.groups[0].title} (hum): {figures.groups[0].rejected.text}." in card


def test_cross_validated_clips_tell_the_agreement_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = glides(tmp_path / "glides", speakers=6)
    run = untrained_run(STREAMS, corpus=CorpusReference(str(corpus)), words=("rise", "fall"))
    evaluated = dataclasses.replace(evaluation.evaluate(run), split=CROSS_VALIDATED)
    monkeypatch.setattr(evaluation, "splits_of", lambda _run: (CROSS_VALIDATED,))
    monkeypatch.setattr(evaluation, "load_cached", lambda *_: evaluated)
    small = with_int8_weights(onnx.load_model(run.model_path)).SerializeToString()
    found = int8_agreement.measure(run, small)
    assert found.clips == evaluated.clips
    assert found.summary == f"int8 and float agree on all {found.clips} training clips."
    assert "accuracy" not in found.summary, "it was trained on them"


def test_a_run_whose_corpus_is_not_there_gets_no_figure(tmp_path: Path) -> None:
    made = model_folder.contents(runs.find("plain-simple-rnn"), int8=True)
    assert made.int8 is None
    assert "is not on this computer, so int8 was not measured" in made.remarks[0]
    card = made.files["README.md"].decode()
    assert "**int8**" not in card
    assert "About this model" in card
    assert (
        "cannot carry its state along a stream: it answers from all frames of a clip. It reads a sliding window of 1 s"
        in card
    )


def test_a_folder_is_replaced_only_where_it_is_one_of_ours(tmp_path: Path) -> None:
    run, folder = untrained_run(STREAMS, corpus=NOWHERE), tmp_path / "deep" / "away"
    model_folder.export(run, folder, int8=True)
    model_folder.export(run, folder)
    assert {path.name for path in folder.iterdir()} == {"model.onnx", "streaming.onnx", "listen.py", "README.md"}
    (folder / "mine.txt").write_text("notes")
    with pytest.raises(WorkspaceError, match="is not an export of Echoic"):
        model_folder.export(run, folder)
    assert (folder / "mine.txt").read_text() == "notes"
    file = write(tmp_path / "file.wav", swelling_noise(0.1))
    with pytest.raises(WorkspaceError, match="is not an export of Echoic"):
        model_folder.export(run, file)

    def stop(_progress: object) -> None:
        raise Cancelled("Cancelled.")

    other = untrained_run(STREAMS, corpus=CorpusReference(str(glides(tmp_path / "glides", speakers=2))))
    with pytest.raises(Cancelled):
        model_folder.export(other, tmp_path / "never", int8=True, report=stop)
    assert {path.name for path in tmp_path.iterdir()} <= {"deep", "file.wav", "glides", "workspace"}
    assert [path.name for path in folder.parent.iterdir()] == ["away"], "nothing half-made is left"


def test_what_was_there_stays_where_the_new_folder_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, folder = untrained_run(STREAMS, corpus=NOWHERE), tmp_path / "deep" / "away"
    model_folder.export(run, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    rename = os.rename

    def fails(source: Path, target: Path) -> None:
        if Path(target) == folder:
            monkeypatch.undo()  # the old folder may go back
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(WorkspaceError, match="No space left"):
        model_folder.export(run, folder, int8=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["away"]


def test_a_zip_holds_the_same() -> None:
    run = runs.find("commands")
    with zipfile.ZipFile(io.BytesIO(model_folder.zipped(run))) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {
            f"echoic-model/{name}": content for name, content in model_folder.contents(run).files.items()
        }


def test_export_in_the_shell(command, tmp_path: Path) -> None:
    corpus = glides(tmp_path / "glides", speakers=6)
    run = untrained_run(STREAMS, corpus=CorpusReference(str(corpus)), words=("rise", "fall"))
    evaluated = evaluation.evaluate_and_store(run)
    done = command("export", "untrained", "--int8", "--to", tmp_path / "away", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["files"] == {path.name: path.stat().st_size for path in (tmp_path / "away").iterdir()}
    assert set(found["int8"]) == {"split", "clips", "float_accuracy", "int8_accuracy", "alike"}
    assert found["int8"]["float_accuracy"] == pytest.approx(evaluated.accuracy)
    assert f"{percent(evaluated.accuracy)}" in (tmp_path / "away" / "README.md").read_text()
    shown = command("export", "untrained", "--to", tmp_path / "away")
    assert "model.onnx" in shown.stdout
    refused = command("export", "untrained", "--to", corpus)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.count("echoic: ") == 1
    assert "is not an export of Echoic" in refused.stderr


def test_exporting_imports_no_tensorflow() -> None:
    code = "import sys, audio_models.export.model_folder; print([m for m in ('tensorflow', 'keras', 'streamlit') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]"


def test_a_run_is_exported_on_the_page() -> None:
    app = open_page("evaluate")
    assert [one.proto.label for one in app.get("download_button")] == ["Export"]


def test_a_damaged_run_is_a_sentence(tmp_path: Path) -> None:
    run = untrained_run(STREAMS)
    run.model_path.write_bytes(b"\x00 damaged")
    with pytest.raises(RunError, match="damaged"):
        model_folder.export(run, tmp_path / "away")
    assert not (tmp_path / "away").exists()
    with pytest.raises(RunError, match="no network yet"):
        model_folder.zipped(Run(tmp_path))
