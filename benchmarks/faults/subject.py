"""The training that the faults happen to: small, and the same each time."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from audio_models.config import FeatureConfig, NetworkConfig, RunConfig, TrainingConfig
from audio_models.jobs import launch, runs
from audio_models.jobs.runs import Run
from audio_models.recognition.recognizer import Recognizer
from data import workspace
from data.catalogue import refer
from data.task import Task
from tests.support.sounds import chirp, glides

EPOCHS = 6
PATIENCE = 120.0
"""Seconds after which a process hangs."""


def corpus(folder: Path) -> Path:
    """Make the corpus in `folder`: three words by ten made-up speakers."""
    return glides(folder, takes=6)


def create(clips: Path) -> Run:
    """Create a run, without a process."""
    return runs.create(
        RunConfig(
            refer(str(clips)), Task(("rise", "fall", "hum")), "faults", FeatureConfig(), NetworkConfig(units=8),
            TrainingConfig(epochs=EPOCHS, patience=0, batch_size=4),
        )
    )  # fmt: skip


def started(run: Run) -> subprocess.Popen[bytes]:
    """Start the process of a run that is new or stopped."""
    if run.state.status not in ("queued", "running"):
        launch.queue_again(run)
    with run.log_path.open("ab") as log:
        command = [sys.executable, "-m", run.process, str(run.folder)]
        process = subprocess.Popen(command, cwd=workspace.PROJECT, stderr=log)
    run.write_process(process.pid)  # as `launch.spawn` does: it may be killed before it does so itself
    return process


def outcome(run: Run) -> tuple[object, ...]:
    """What a finished training has made, to compare: losses, and its answer to a sound, to the last bit."""
    losses = tuple((row.epoch, row.loss, row.validation_loss) for row in run.history)
    answer = Recognizer.of_run(run).classify(chirp(400, 1800))
    return losses, tuple(np.asarray(answer.probabilities).tolist())


def unbroken(clips: Path) -> tuple[tuple[object, ...], float]:
    """The outcome of a training that nothing happens to, and how long it took [s]."""
    run = create(clips)
    began = time.monotonic()
    started(run).wait(PATIENCE)
    return outcome(run), time.monotonic() - began
