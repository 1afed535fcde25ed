"""The exported program: it gives the answers of Echoic, with nothing of Echoic there, and can be read."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from audio_models.config import FeatureConfig, NetworkConfig
from audio_models.export import listen, model_folder
from audio_models.features.mfcc import mfcc
from audio_models.features.waveform import AudioSource
from audio_models.listening import detection
from audio_models.listening.detection import DetectionConfig, Detector
from audio_models.listening.listener import Listener
from audio_models.recognition.recognizer import Recognizer
from audio_models.settings import to_dict
from data.corpus import CorpusReference
from tests.support.sounds import swelling_noise, write
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

    names = ("librosa", "audio_models", "tensorflow", "scipy", "onnx", "soxr")
    code = f"from importlib.util import find_spec; print([name for name in {names} if find_spec(name)])"
    assert run("-c", code).stdout.strip() == b"[]"
    return run


@pytest.mark.parametrize(("network", "features", "seed"), NETWORKS.values(), ids=NETWORKS)
def test_the_program_hears_what_echoic_hears(network, features, seed, alone, tmp_path: Path) -> None:
    run = untrained_run(network, features, scale=8, seed=seed)
    detection.store_settings(run, DetectionConfig(threshold=0.27, smoothing_ms=100, refractory_ms=150, context_ms=500))
    made = model_folder.export(run, tmp_path / "away")
    assert ("streaming.onnx" in made.files) == network.streams
    program, rate = tmp_path / "away" / "listen.py", features.sample_rate

    recognizer = Recognizer.of_run(run)
    for seconds in (1.0, 0.11, 2.9):  # Echoic answers nothing much shorter, and of what is longer the loudest stretch
        clip = write(tmp_path / "clip.flac", swelling_noise(seconds, rate, seed=1), rate)
        samples = recognizer.load(AudioSource(clip))
        first, last = recognizer.word_in(samples)
        assert (last - first < len(samples)) == (seconds == 2.9)
        expected, done = recognizer.classify(samples[first:last]), alone(program, clip)
        assert done.stderr == b""
        got = json.loads(done.stdout)
        assert (got["kind"], got["label"], got["sure"]) == (expected.kind, expected.label, expected.sure)
        assert got["probabilities"] == pytest.approx(expected.probabilities, abs=1e-4)

    sound = swelling_noise(rate=rate)
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
    sound = swelling_noise(1.0, 44_100)
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


def test_the_program_hears_the_louder_of_channels_that_cancel_and_refuses_what_is_no_word(
    alone, tmp_path: Path
) -> None:
    """An inverted stereo clip was silence, and a single sample a word."""
    run = untrained_run(STREAMS, corpus=NOWHERE)
    model_folder.export(run, tmp_path / "away")
    program, recognizer = tmp_path / "away" / "listen.py", Recognizer.of_run(run)
    sound = swelling_noise(1.0)
    inverted = write(tmp_path / "inverted.wav", np.stack([0.7 * sound, -sound], axis=1), subtype="FLOAT")
    expected = recognizer.classify(recognizer.load(AudioSource(inverted)))
    done = alone(program, inverted)
    assert json.loads(done.stdout)["probabilities"] == pytest.approx(expected.probabilities, abs=1e-4)
    assert done.stderr.startswith(b"listen.py: channels cancel each other out")
    short = write(tmp_path / "short.wav", sound[:1599])
    for done in (alone(program, short), alone(program, "-", content=b"")):
        assert done.returncode == 1
        assert b"too short for a word, which takes 100 ms at least" in done.stderr


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
    clip = swelling_noise(0.5)
    assert old.of_clip(clip).shape[1] == features.width
    np.testing.assert_array_equal(old.of_clip(clip), new.of_clip(clip))
    np.testing.assert_allclose(new.of_clip(clip), mfcc(clip, features), atol=1e-2)


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
