"""Exports: what the folder holds, and that its program gives the answers of Echoic, with nothing of Echoic there."""

from __future__ import annotations

import ast
import dataclasses
import io
import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest

from audio_models.config import FeatureConfig, NetworkConfig
from audio_models.errors import RunError
from audio_models.export import int8_agreement, listen, model_folder
from audio_models.features.mfcc import mfcc
from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.listening import detection, streaming_evaluation
from audio_models.listening.detection import DetectionConfig, Detector
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.listening.false_alarms import AlarmCount, AlarmCurve
from audio_models.listening.listener import Listener
from audio_models.listening.streaming_evaluation import StreamingEvaluation
from audio_models.networks.onnx_int8 import rounded, with_int8_weights
from audio_models.recognition import evaluation
from audio_models.recognition.evaluation_result import CROSS_VALIDATED
from audio_models.recognition.open_set import open_set
from audio_models.recognition.recognizer import Recognizer
from audio_models.settings import to_dict
from data.corpus import CorpusReference
from data.errors import Cancelled, WorkspaceError
from tests.conftest import PROJECT
from tests.support.pages import open_page
from tests.support.sounds import glides, write
from tests.support.untrained import untrained_run

STREAMS = NetworkConfig("gru", 9, convolutions=2, filters=4, causal=True)
WINDOW = NetworkConfig("lstm", 8, bidirectional=True, readout="attention", convolutions=2, filters=4)
# With seeds that make each random network detect both words several times.
NETWORKS = {
    "gru, mel bands, streams": (STREAMS, FeatureConfig(deltas=False, kind="log_mel"), 12),
    "lstm, slopes, streams": (NetworkConfig("lstm", 7, 2), FeatureConfig(), 2),
    "lstm both ways, slopes of bands, window": (WINDOW, FeatureConfig(kind="log_mel", n_mels=24), 20),
    # frames of an odd length that lie apart, and a filter bank that begins above the straight part of the scale
    "simple rnn, 11025 Hz, window": (
        NetworkConfig("simple_rnn", 7, readout="mean"),
        FeatureConfig(11_025, 23.4, 31.0, n_mels=20, n_mfcc=20, fmin=1200, fmax=5_000),
        14,
    ),
}
NOWHERE = CorpusReference("/nowhere")  # nothing to evaluate on
# What onnxruntime and soundfile need; nothing else can be imported.
PACKAGES = (
    "numpy", "numpy.libs", "onnxruntime", "flatbuffers", "google", "packaging", "soundfile.py", "_soundfile.py",
    "_soundfile_data", "typing_extensions.py", "cffi", "_cffi_backend*", "pycparser",
)  # fmt: skip


def _sound(seconds: float = 4.0, rate: int = 16_000, seed: int = 0) -> np.ndarray:
    """Noise that swells and changes its colour; 16 bits, which a file holds exactly."""
    random, time = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    noise = random.normal(size=len(time))
    deep = np.convolve(noise, np.ones(12) / 4, mode="same")
    share = 0.5 + 0.5 * np.sin(5 * time)
    found = 0.1 * (share * noise + (1 - share) * deep) * (1 + np.sin(13 * time))
    return (np.round(np.clip(found, -0.99, 0.99) * 32767) / 32768).astype(np.float32)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Python with numpy, soundfile and onnxruntime, and no other package."""
    folder, installed = tmp_path_factory.mktemp("packages"), Path(sysconfig.get_path("purelib"))
    for pattern in PACKAGES:
        for path in installed.glob(pattern):
            (folder / path.name).symlink_to(path)
    environment = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}

    def run(*arguments: object, content: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-S", *map(str, arguments)],
            cwd=folder, env=environment, input=content, capture_output=True, check=False, timeout=60,
        )  # fmt: skip

    for package in ("librosa", "audio_models", "tensorflow", "scipy", "onnx", "soxr"):
        assert b"No module named" in run("-c", f"import {package}").stderr
    return run


@pytest.mark.parametrize(("network", "features", "seed"), NETWORKS.values(), ids=NETWORKS)
def test_the_program_hears_what_echoic_hears(network, features, seed, alone, tmp_path: Path) -> None:
    run = untrained_run(network, features, scale=8, seed=seed)
    detection.store_settings(run, DetectionConfig(threshold=0.27, smoothing_ms=100, refractory_ms=150, context_ms=500))
    made = model_folder.export(run, tmp_path / "away")
    assert ("streaming.onnx" in made.files) == network.streams
    program, rate = tmp_path / "away" / "listen.py", features.sample_rate

    recognizer = Recognizer.of_run(run)
    for seconds in (1.0, 0.01):  # the second is shorter than a frame
        clip = write(tmp_path / "clip.flac", _sound(seconds, rate, seed=1), rate)
        expected, done = recognizer.classify(recognizer.load(AudioSource(clip))), alone(program, clip)
        assert done.stderr == b""
        got = json.loads(done.stdout)
        assert (got["kind"], got["label"], got["sure"]) == (expected.kind, expected.label, expected.sure)
        assert got["probabilities"] == pytest.approx(expected.probabilities, abs=1e-4)

    sound = _sound(rate=rate)
    events = Listener(run).feed(sound, last=True).events
    assert len(events) > 2, "nothing heard would prove nothing"
    assert len({event.label for event in events}) == 2
    recording = write(tmp_path / "recording.wav", sound, rate)
    from_file = alone(program, "--listen", recording)
    from_pipe = alone(program, "--listen", "-", content=(sound * 32768).astype("<i2").tobytes() + b"\x01")
    for done in (from_file, from_pipe):
        assert done.stderr == b""
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [row["label"] for row in rows] == [event.label for event in events]
        for row, event in zip(rows, events, strict=True):
            assert row == pytest.approx({**row, **vars(event)}, abs=1e-4)


def test_the_program_reads_other_rates_and_channels_and_says_what_it_cannot_read(alone, tmp_path: Path) -> None:
    run = untrained_run(STREAMS, corpus=NOWHERE)
    model_folder.export(run, tmp_path / "away", int8=True)
    program, recognizer = tmp_path / "away" / "listen.py", Recognizer.of_run(run)
    sound = _sound(1.0, 44_100)
    smooth = np.convolve(sound, np.hanning(9) / 4, mode="same").astype(np.float32)
    clip = write(tmp_path / "clip.wav", np.stack([smooth, 0.5 * smooth], axis=1), 44_100)
    expected = recognizer.classify(recognizer.load(AudioSource(clip)))
    assert json.loads(alone(program, clip).stdout)["probabilities"] == pytest.approx(expected.probabilities, abs=0.02)

    small = json.loads(alone(program, "--int8", clip).stdout)["probabilities"]
    assert small == pytest.approx(expected.probabilities, abs=0.05)

    write(tmp_path / "none.wav", np.zeros(0, np.float32))
    write(tmp_path / "nan.wav", np.full(9, np.nan, np.float32), subtype="FLOAT")
    for name, said in (("none.wav", b"holds no sound"), ("nan.wav", b"values that are not numbers")):
        assert said in alone(program, tmp_path / name).stderr
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "away" / "streaming.int8.onnx").write_bytes(b"\x00 damaged")
    for bad in (["--listen", tmp_path / "text.wav"], [tmp_path / "missing.wav"], ["--listen", "--int8", clip]):
        done = alone(program, *bad)
        assert done.returncode == 1
        assert done.stderr.startswith(b"listen.py: ")
        assert b"Traceback" not in done.stderr


def test_the_program_can_be_read() -> None:
    """It goes to people who will change it: short functions with docstrings."""
    program = ast.parse(model_folder.READER.read_text(encoding="utf-8"))
    functions = [one for one in ast.walk(program) if isinstance(one, ast.FunctionDef) and one.name != "__init__"]
    assert len(functions) > 20
    for function in functions:
        assert ast.get_docstring(function), function.name
        assert sum(isinstance(one, ast.stmt) for one in ast.walk(function)) < 30, function.name


@pytest.mark.parametrize("features", [FeatureConfig(), FeatureConfig(deltas=False, kind="log_mel")])
def test_the_program_reads_the_settings_of_older_exports(features: FeatureConfig, monkeypatch) -> None:
    """What is now the kind of the features was a switch, cepstrum."""
    monkeypatch.syspath_prepend(str(model_folder.READER.parent))
    import listen

    settings = to_dict(features)
    kind = settings.pop("kind")
    normalisation = {"mean": [0.0] * features.width, "std": [1.0] * features.width}
    old, new = (
        listen.Features({**settings, **one}, normalisation) for one in ({"cepstrum": kind == "mfcc"}, {"kind": kind})
    )
    clip = _sound(0.5)
    assert old.of_clip(clip).shape[1] == features.width
    np.testing.assert_array_equal(old.of_clip(clip), new.of_clip(clip))
    np.testing.assert_allclose(new.of_clip(clip), mfcc(clip, features), atol=1e-2)


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


@pytest.mark.parametrize(
    "network",
    [STREAMS, WINDOW, NetworkConfig("simple_rnn", 8, 2), NetworkConfig("feed_forward", 8)],
    ids=["gru", "lstm", "simple_rnn", "feed_forward"],
)
def test_weights_of_8_bits_answer_nearly_alike(network: NetworkConfig) -> None:
    """On random clips."""
    run = untrained_run(network)
    graph = onnx.load_model(run.model_path)
    small = with_int8_weights(graph)
    random = np.random.default_rng(0)
    inputs = {
        "frames": random.normal(size=(200, 49, 40)).astype(np.float32),
        "lengths": random.integers(5, 50, 200).astype(np.int32),
    }
    both = [
        onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]
        for one in (graph, small)
    ]
    difference = np.abs(both[0] - both[1])
    assert 0 < difference.max() < 0.1
    assert difference.mean() < 0.01
    assert (both[0].argmax(axis=1) == both[1].argmax(axis=1)).mean() > 0.9
    assert all(one.data_type == onnx.TensorProto.INT8 for one in small.graph.initializer if "/int8" in one.name)
    assert not [one for one in small.graph.initializer if one.name.endswith("kernel")]
    assert small.metadata_props == graph.metadata_props


def test_each_channel_has_its_own_scale() -> None:
    value = np.array([[1.0, 0.001, 0.0], [-0.5, -0.002, 0.0]], np.float32)
    whole, scale = rounded(value, 1)
    np.testing.assert_array_equal(whole, [[127, 64, 0], [-64, -127, 0]])
    np.testing.assert_allclose(whole * scale, value, atol=0.005)
    assert np.abs(whole[:, 1] * scale[1] - value[:, 1]).max() < 1e-5, "a quiet channel is not lost beside a loud one"


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
    file = write(tmp_path / "file.wav", _sound(0.1))
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


def test_litert_answers_like_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command) -> None:
    """Each cell, both ways and with convolutions, in one process; then the command with what that made."""
    networks = [NetworkConfig("simple_rnn", 6, 2, readout="mean"), STREAMS, WINDOW, NetworkConfig("feed_forward", 6)]
    few = FeatureConfig(hop_ms=80, deltas=False, kind="log_mel")  # frames, each unrolled
    made = [
        (untrained_run(network, few, seed=place), tmp_path / f"{place}.tflite")
        for place, network in enumerate(networks)
    ]
    arguments = [str(one) for run, path in made for one in (run.folder, path)]
    done = subprocess.run(
        [sys.executable, "-m", "audio_models.export.litert_process", *arguments],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["frames"] for row in found] == [13] * len(networks)
    assert max(row["difference"] for row in found) < 1e-4
    assert not any(b"Flex" in path.read_bytes() for _, path in made)

    monkeypatch.setattr(subprocess, "run", lambda asked, **_: _converted(asked, made[1][1], found[1]))
    shown = command("export", made[1][0].id, "--format", "litert", "--to", tmp_path / "away")
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "away" / "model.tflite").read_bytes() == made[1][1].read_bytes()
    settings = json.loads((tmp_path / "away" / "settings.json").read_text())
    assert (settings["frames"], settings["labels"][0]) == (13, "left")
    assert "needs no Flex operators" in (tmp_path / "away" / "README.md").read_text()


def _converted(asked: list[str], from_file: Path, found: dict) -> subprocess.CompletedProcess[str]:
    Path(asked[-1]).write_bytes(from_file.read_bytes())
    return subprocess.CompletedProcess(asked, 0, json.dumps(found), "")


def test_litert_says_why_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    run = untrained_run(NetworkConfig("gru", 4), FeatureConfig(hop_ms=4, deltas=False))
    done = subprocess.CompletedProcess([], 1, "", "something\nbroke")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(RunError, match=r"could not make a LiteRT file of untrained \(broke\)"):
        model_folder.contents(run, kind="litert")
    from audio_models.export import litert_process

    with pytest.raises(RunError, match=r"243 frames.*too many"):
        litert_process.convert(run)


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
    assert f"{evaluated.accuracy:.1%}" in (tmp_path / "away" / "README.md").read_text()
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


@pytest.mark.parametrize("context_ms", [0, 500, 4000])
def test_the_program_counts_other_speech_before_a_word_as_echoic_does(context_ms: float) -> None:
    config = DetectionConfig(0.5, 200, 300, context_ms)
    labels = ["left", "right", "_unknown_", "_silence_"]
    rows = np.random.default_rng(2).dirichlet([0.1, 0.1, 0.1, 0.1], 3000).astype(np.float32)
    theirs = listen.Detector(
        SimpleNamespace(detection=vars(config), labels=labels, answer_seconds=0.08, clip_seconds=1.0)
    )  # type: ignore[arg-type]
    mine = Detector(config, labels, 0.08, 1.0)
    times = [round(0.08 * (step + 1), 4) for step in range(len(rows))]
    expected = [mine.feed(time, row) for time, row in zip(times, rows, strict=True)]
    found = [theirs.feed(time, row) for time, row in zip(times, rows, strict=True)]
    assert sum(event is not None for event in expected) > 20
    assert [one and (one["label"], one["end"], one["confidence"]) for one in found] == [
        one and (one.label, one.end, one.confidence) for one in expected
    ]
