"""`listen` and `bench` in the shell: the same events from a file, a pipe and the library."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_models.cli import listening
from audio_models.config import NetworkConfig
from audio_models.errors import AudioError
from audio_models.jobs import runs
from audio_models.listening import detection
from audio_models.listening.detection import DetectionConfig
from audio_models.listening.listener import Listener
from audio_models.settings import to_dict
from data import catalogue, workspace
from data.errors import WorkspaceError
from tests.conftest import PROJECT, Done
from tests.support.sounds import chirp, glides, write
from tests.support.untrained import untrained_run

STREAMING = NetworkConfig("gru", 6, convolutions=2, filters=3, causal=True)
EAGER = ("--threshold", 0.3, "--smoothing-ms", 80, "--refractory-ms", 200)


def _sound(rate: int = 16_000, seconds: float = 6.0) -> np.ndarray:
    """Noise that swells: a network of random numbers changes its mind now and then."""
    random = np.random.default_rng(3)
    time = np.arange(round(rate * seconds)) / rate
    return (0.2 * np.sin(2 * np.pi * 0.7 * time) ** 4 * random.normal(size=len(time))).clip(-1, 1).astype(np.float32)


def _rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_file_is_heard_as_the_library_hears_it(tmp_path: Path, command: Callable[..., Done]) -> None:
    run = untrained_run(STREAMING, scale=9)
    soundfile.write(tmp_path / "long.wav", _sound(), 16_000, subtype="FLOAT")
    done = command("listen", run.id, tmp_path / "long.wav", *EAGER)
    assert done.returncode == 0, done.stderr
    expected = Listener(run, DetectionConfig(0.3, 80, 200)).feed(_sound()).events
    assert len(expected) >= 2, "too few events prove nothing"
    assert [(row["label"], row["end"]) for row in _rows(done.stdout)] == [
        (event.label, pytest.approx(event.end, abs=1e-3)) for event in expected
    ]
    assert set(_rows(done.stdout)[0]) == {"start", "end", "label", "confidence"}


def test_raw_sound_from_a_pipe_is_told_while_it_comes(workspace_folder: Path) -> None:
    run = untrained_run(STREAMING, scale=9)
    content = (_sound() * 32767).astype("<i2")
    expected = Listener(run, DetectionConfig(0.3, 80, 200)).feed(content.astype(np.float32) / 32768).events
    process = subprocess.Popen(
        [sys.executable, "-m", "audio_models", "listen", run.id, "-", *map(str, EAGER)],
        cwd=PROJECT, env={**os.environ, "ECHOIC_HOME": str(workspace_folder)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        until = round((expected[0].end + 0.01) * 16_000)
        process.stdin.write(content[:until].tobytes())
        process.stdin.flush()
        first = json.loads(process.stdout.readline())  # the pipe is still open
        assert (first["label"], first["end"]) == (expected[0].label, pytest.approx(expected[0].end, abs=1e-3))
        out, err = process.communicate(content[until:].tobytes(), timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert err == b""
    assert [row["label"] for row in [first, *_rows(out.decode())]] == [event.label for event in expected]


def test_half_a_sample_waits_for_its_other_half() -> None:
    content = np.arange(-500, 500, dtype="<i2").tobytes()

    class Dribble(io.RawIOBase):
        def __init__(self) -> None:
            self._left = content

        def read(self, size: int = -1) -> bytes:
            part, self._left = self._left[:7], self._left[7:]
            return part

    got = np.concatenate(list(listening.pcm(Dribble())))
    np.testing.assert_array_equal(got * 32768, np.arange(-500, 500))


def test_a_rate_that_leaves_bands_empty_is_told(tmp_path: Path, command: Callable[..., Done]) -> None:
    run = untrained_run(STREAMING, scale=9)
    soundfile.write(tmp_path / "low.wav", _sound(8000), 8000, subtype="FLOAT")
    done = command("listen", run.id, tmp_path / "low.wav", *EAGER)
    assert done.returncode == 0
    assert "samples a second" not in done.stdout, "where there are only words"
    assert "At 8,000 samples a second this recording holds nothing above 4,000 Hz" in done.stderr


def test_a_file_in_the_pipe_is_no_raw_sound() -> None:
    for content, said in ((b"RIFF\x24\x00WAVE", "a WAV file"), (b"fLaC\x00", "a FLAC file")):
        with pytest.raises(AudioError, match=f"brings {said}, not raw sound"):
            list(listening.pcm(io.BytesIO(content)))
    later = np.zeros(listening._CHUNK // 2, "<i2").tobytes() + b"RIFF"
    assert sum(map(len, listening.pcm(io.BytesIO(later)))) == len(later) // 2, "within sound it is sound"


@pytest.mark.parametrize(("chosen", "said"), [(0, "0.01"), (80, "80"), ("nan", "nan")])
def test_a_threshold_out_of_range_is_refused_before_the_bench(
    command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, chosen: object, said: str
) -> None:
    run = untrained_run(STREAMING)
    monkeypatch.setattr(listening.streaming_evaluation, "measure", lambda *_: pytest.fail("it measured first"))
    done = command("bench", run.id, "--choose", chosen)
    assert done.returncode == 1
    assert said in done.stderr
    assert detection.load_settings(run) == DetectionConfig()


def test_settings_that_cannot_be_kept_are_told_in_a_sentence() -> None:
    (workspace.folder() / "bundled").write_text("in the way")
    with pytest.raises(WorkspaceError, match="cannot be created"):
        detection.store_settings(runs.find("commands"), DetectionConfig())


def test_another_rate_is_brought_to_the_networks(tmp_path: Path, command: Callable[..., Done]) -> None:
    run = untrained_run(STREAMING, scale=9)
    soundfile.write(tmp_path / "fast.wav", _sound(44_100), 44_100, subtype="FLOAT")
    done = command("listen", run.id, tmp_path / "fast.wav", *EAGER)
    assert done.returncode == 0, done.stderr
    rows = _rows(done.stdout)
    expected = Listener(run, DetectionConfig(0.3, 80, 200), 44_100).feed(_sound(44_100), last=True).events
    assert len(expected) >= 2, "too few events prove nothing"
    assert [(row["label"], row["end"]) for row in rows] == [
        (event.label, pytest.approx(event.end, abs=1e-3)) for event in expected
    ]
    assert all(0 <= row["start"] < row["end"] <= 6.01 for row in rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.wav",), "nowhere.wav"),
        (("-", "--rate", 10), "10 samples a second"),
        (("-", "--threshold", 3), "Threshold is 3.0"),
    ],
)
def test_what_cannot_be_heard_is_told_in_a_line(
    command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, arguments: tuple, said: str
) -> None:
    run = untrained_run(STREAMING)
    done = command("listen", run.id, *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_bench_is_printed_kept_and_its_threshold_used(tmp_path: Path, command: Callable[..., Done]) -> None:
    corpus = catalogue.refer(str(glides(tmp_path / "clips")), split_by="speaker")
    run = untrained_run(STREAMING, corpus=corpus, words=("rise", "fall"))
    done = command("bench", run.id, "--minutes", 1, "--choose", 0.731)
    assert done.returncode == 0, done.stderr
    (chosen,) = [line for line in done.stdout.splitlines() if "chosen" in line]
    assert chosen.split()[0] == "0.731"
    assert detection.load_settings(run).threshold == 0.731

    found = json.loads(command("bench", run.id, "--minutes", 1, "--split", "test", "--json").stdout)
    assert found["threshold"] == 0.731
    assert found["words"] > 0
    point = found["points"][0]
    assert point["missed"] == pytest.approx(1 - point["heard"] / point["words"])


def test_a_run_judged_by_folds_is_measured_on_what_it_has_not_learned_and_on_another_corpus(
    tmp_path: Path, command: Callable[..., Done]
) -> None:
    """It was refused: none of its clips is left to measure missed words on."""
    run = untrained_run(STREAMING, words=("rise", "fall"), corpus=catalogue.refer(str(glides(tmp_path / "clips"))))
    folds = replace(run.config, training=replace(run.config.training, folds=5))
    workspace.write_json(run.folder / "config.json", to_dict(folds))
    talk = write(tmp_path / "talk" / "a-1-0000.wav", chirp(200, 900, 60.0)).parent
    done = command("evaluate-streaming", run.id, "--minutes", 1, "--other", talk)
    assert done.returncode == 0, done.stderr
    assert "Missed words are not measured" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("  talk: ")]
    assert "hours of speech" in line
    done = command("evaluate-streaming", run.id, "--minutes", 1, "--other", talk, "--json")
    point = json.loads(done.stdout)["points"][0]
    assert (point["missed"], point["recall_interval"]) == (None, None)
    (rate,) = [rate for rate in point["alarms"] if rate["name"] == "talk"]
    assert rate["interval"][0] <= rate["per_hour"] <= rate["interval"][1]
    assert sum(rate["words"].values()) == rate["alarms"]
    done = command("evaluate-streaming", run.id, "--minutes", 1, "--corpus", glides(tmp_path / "others", seed=1))
    assert done.returncode == 0, "it was told to choose another corpus, and refused that too"
