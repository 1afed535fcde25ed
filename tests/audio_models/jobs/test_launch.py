"""Trainings as processes: watched, queued, cancelled, killed and resumed, by nothing but files."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from audio_models.config import FeatureConfig, NetworkConfig, RunConfig, TrainingConfig
from audio_models.errors import RunError
from audio_models.jobs import job, launch, runs
from audio_models.jobs.runs import Epoch, Run
from audio_models.recognition.recognizer import Recognizer
from audio_models.training import process as training_process
from data.catalogue import refer
from data.task import Task
from tests.conftest import Done
from tests.support.sounds import chirp, glides, write


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    folder = glides(tmp_path / "glides")
    return RunConfig(
        refer(str(folder)), Task(("rise", "fall", "hum")), "job", FeatureConfig(), NetworkConfig(units=8),
        TrainingConfig(epochs=1000, patience=0, batch_size=16),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_goes_on():
    """No training outlives its test."""
    yield
    for run in runs.listing():
        if run.is_alive() and _pid(run) != os.getpid():
            psutil.Process(_pid(run)).kill()


def _until(condition, seconds: float = 90.0) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - began


def _pid(run: Run) -> int:
    return json.loads((run.folder / "process.json").read_text())["pid"]


def test_from_start_to_kill_to_resume_to_cancel_to_resume(config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    run = launch.start(config)
    assert run.state.status == "queued"
    _until(lambda: run.state.epoch >= 2)
    state = run.state
    assert state.status == "running"
    assert state.seconds > 0
    _until(lambda: run.state.clips_per_second and run.state.seconds_left)
    assert run.has_model, "it answers clips from its first epoch on"
    assert Recognizer.of_run(run).classify(chirp(400, 2200)).label in config.task.classes
    with pytest.raises(RunError, match="is running already"):
        launch.resume(run)
    os.kill(_pid(run), signal.SIGKILL)
    assert _until(lambda: run.state.status == "interrupted", 10) < 5.0
    epochs = len(run.history)
    assert Recognizer.of_run(run).labels == config.task.classes

    launch.resume(run)
    _until(lambda: run.state.epoch >= epochs + 2)
    assert [row.epoch for row in run.history][: epochs + 2] == list(range(1, epochs + 3)), "it went on, not anew"
    launch.cancel(run)
    assert _until(lambda: run.state.status == "cancelled", 10) < 2.0
    _until(lambda: not run.is_alive(), 10)
    epochs = run.state.epoch
    assert len(run.history) == epochs
    assert Recognizer.of_run(run).labels == config.task.classes
    with pytest.raises(RunError, match="only a queued or running training"):
        launch.cancel(run)

    monkeypatch.setattr(job, "_GRACE", 60.0)  # after which this process would be ended
    launch.queue_again(run)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(training_process.train, run)
        _until(lambda: run.state.epoch > epochs or ended.done())
        launch.cancel(run)
        assert ended.result(timeout=60).status == "cancelled"
    assert [row.epoch for row in run.history] == list(range(1, len(run.history) + 1))


def test_one_trains_at_a_time_in_the_order_of_their_start(config: RunConfig) -> None:
    first = launch.start(config)
    second = launch.start(replace(config, name="second"))
    third = launch.start(replace(config, name="third"))
    _until(lambda: first.state.status == "running")
    assert [run.state.status for run in (second, third)] == ["queued", "queued"]
    assert [run.id for run in launch.ahead_of(third)] == sorted([first.id, second.id], reverse=True)
    launch.cancel(second)  # cancelled while it waits
    assert _until(lambda: second.state.status == "cancelled", 10) < 2.0
    launch.cancel(first)
    _until(lambda: third.state.status == "running")
    launch.cancel(third)
    assert _until(lambda: third.state.status == "cancelled", 10) < 2.0, "while tensorflow is imported, too"
    assert not third.has_model


def test_a_cancelled_training_does_not_wait_for_its_import(config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    imports, goes_on = threading.Event(), threading.Event()

    def endless() -> None:
        imports.set()
        goes_on.wait(60)

    monkeypatch.setattr(training_process, "import_training", endless)
    monkeypatch.setattr(job, "_GRACE", 60.0)  # after which this process would be ended
    run = runs.create(config)
    try:
        with ThreadPoolExecutor(1) as pool:
            state = pool.submit(training_process.train, run)
            assert imports.wait(60)
            launch.cancel(run)
            assert state.result(timeout=30).status == "cancelled", "while the import still goes on"
    finally:
        goes_on.set()
    assert run.state.status == "cancelled"
    assert not run.cancel_path.exists()


def test_the_same_seed_gives_the_same_run_in_the_shell_and_in_the_background(
    config: RunConfig, command: Callable[..., Done]
) -> None:
    run = launch.start(replace(config, training=replace(config.training, epochs=2)))
    done = command(
        "train", "--recipe", "plain", "--corpus", config.corpus.name, "--labels", "rise,fall,hum", "--units", 8, "--epochs", 2, "--patience", 0,
        "--batch-size", 16, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    _until(lambda: run.state.status == "finished")
    here = runs.find(json.loads(done.stdout)["path"])
    for one in (run, here):
        assert len(one.history) == 2
        assert len(list((one.folder / "evaluations").iterdir())) == 2
        assert (one.folder / "model.keras").is_file()
        with pytest.raises(RunError, match="is finished"):
            launch.resume(one)
    assert [(row.loss, row.validation_loss) for row in run.history] == [
        (row.loss, row.validation_loss) for row in here.history
    ]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("checkpoint", "checkpoint.npz is damaged"), ("checkpoint, a zip", "checkpoint.npz is damaged"), ("corpus gone", "no corpus and no folder"),
        ("one class", "has no clips of hum. It has: fall, rise"), ("no validation", "no validation clip"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_fails_with_a_sentence(config: RunConfig, tmp_path: Path, spoil: str, said: str) -> None:
    folder, run = Path(config.corpus.name), runs.create(config)
    if spoil.startswith("checkpoint"):
        run.write_history([Epoch(1, 1.0, 0.5, 1.0, 0.5, 1.0)])
        (run.folder / "checkpoint.npz").write_bytes(b"PK\x03\x04 broken" if "zip" in spoil else b"broken")
    elif spoil == "corpus gone":
        folder.rename(tmp_path / "away")
    elif spoil == "one class":
        (folder / "hum").rename(tmp_path / "hum")
    else:
        for path in folder.glob("*/*.wav"):
            path.unlink()
        for label in ("rise", "fall", "hum"):
            write(folder / label / "a.wav", chirp(300, 2000))
    assert training_process.train(run).status == "failed"
    assert said in run.state.error
    assert "\n" not in run.state.error


def test_a_job_outlives_its_terminal_on_windows_too(config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The arguments alone: no test here runs on Windows. Without flags, closing the terminal ended the training."""
    started: list[dict[str, Any]] = []

    def record(_: list[str], **arguments: Any) -> SimpleNamespace:
        started.append(arguments)
        return SimpleNamespace(pid=os.getpid())

    monkeypatch.setattr(launch.subprocess, "Popen", record)
    monkeypatch.setattr(launch, "os", SimpleNamespace(name="nt", environ=os.environ))
    launch.spawn(runs.create(config))
    assert started[0]["creationflags"] == 0x08000200, "CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP"
    assert "start_new_session" not in started[0]
    monkeypatch.setattr(launch, "os", os)
    launch.spawn(runs.create(config))
    assert started[1]["start_new_session"]
    assert "creationflags" not in started[1], "which POSIX refuses"
