"""What the training process does, from the corpus to a judged run: `python -m audio_models.training.process FOLDER`.

Its whole state is files in the run's folder, each written atomically: a kill at any moment leaves a run that can be
told apart and resumed. tensorflow is imported while the features are computed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np
from numpy.typing import NDArray

from audio_models.config import RunConfig
from audio_models.errors import TrainingError
from audio_models.features.filters import designed
from audio_models.features.sequences import Normalisation
from audio_models.jobs import launch, runs
from audio_models.jobs.job import POLL, Job, StateCallback, exit_process, ignore_state, imported, run_job
from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Run
from audio_models.listening import streaming_evaluation
from audio_models.networks.model_metadata import ModelMetadata
from audio_models.recognition import evaluation, metrics
from audio_models.recognition.calibration import apply_temperature, fit_temperature, fit_threshold
from audio_models.recognition.recognizer import Recognizer
from audio_models.training.preparation import Prepared, choose, prepare
from data import workspace

if TYPE_CHECKING:
    from audio_models.networks.keras_model import Weights
    from audio_models.training.loop import Step, Training


def train(run: Run, on_state: StateCallback = ignore_state) -> State:
    """Train a run in this process, from its beginning or its last epoch, and judge it.

    Args:
        said: told of each state that is written.

    Returns:
        the last state: finished, cancelled or failed.

    Raises:
        WorkspaceError: not even the state can be written, the disk is full, say.
    """
    return run_job(
        run,
        lambda job: _train(run, job),
        on_state,
        short_of_memory="The memory does not suffice for this training; use a smaller batch, fewer units or fewer clips.",
        called="training",
    )


def _train(run: Run, job: Job) -> None:
    with _turn(run, job):
        job.write(status="running", stage="Reading the corpus")
        config = run.config
        # first, so that nobody waits for tensorflow to be told that it cannot be
        start, chosen = _start_of(config, run.start), choose(config, job.report)
        tensorflow = imported(import_training)  # seconds; the features are computed meanwhile
        prepared = prepare(config, chosen, job.report, start[0] if start else None)
        job.write(skipped=prepared.skipped, clips_per_word=prepared.clips_per_word)
        job.write(stage="Starting tensorflow", done=0, total=None)
        training = job.wait_for(tensorflow).Training(
            config.network, config.training, config.features.width, len(prepared.labels), start[1] if start else None
        )
        (_learn_by_folds if prepared.folds else _learn)(run, training, prepared, job)
    for split in () if prepared.folds else ("validation", "test"):
        if prepared.count[split]:
            job.write(stage=f"Judging on {split} clips", seconds_left=None, clips_per_second=None)
            evaluation.evaluate_and_store(run, split=split, report=job.report)
    if run.config.training.clips_in_a_row > 1 and not prepared.folds and prepared.count["validation"]:
        job.write(stage="Judging as a listener", seconds_left=None, clips_per_second=None)
        streaming_evaluation.measure_and_choose(run, job.report)


@contextlib.contextmanager
def _turn(run: Run, job: Job) -> Iterator[None]:
    """Wait until no other run trains and none waits longer. The lock goes with the process, however it ends."""
    lock = filelock.FileLock(workspace.folder("runs") / ".training.lock")
    while True:
        if not launch.ahead_of(run):
            with contextlib.suppress(filelock.Timeout):
                lock.acquire(timeout=0)
                break
        job.heartbeat(stage="Waiting for another training")
        time.sleep(POLL)
    try:
        yield
    finally:
        lock.release()


def import_training() -> Any:
    """The module `training`, and with it tensorflow: on the processor alone, and quiet."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # convolutions take a quarter less time with it
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the networks are small; the same result everywhere
    from audio_models.training import loop

    return loop


def _start_of(config: RunConfig, start: str) -> tuple[Normalisation, Weights] | None:
    """Normalisation and numbers of the trained network that a run starts from, if it starts from one.

    Raises:
        RunError: there is no such run, or it has no network yet.
        TrainingError: its network is not the one of the configuration.
    """
    if not start:
        return None
    from audio_models.networks import onnx_graph

    run = runs.find(start)
    recognizer = Recognizer.of_run(run)
    if run.config.network != config.network or recognizer.features != config.features:
        raise TrainingError(
            f"The network of {run.name} has another shape or reads other features than this run; leave these settings as they are there."
        )
    return recognizer.normalisation, onnx_graph.weights_of(run.model_path, config.network)


def _learn(run: Run, training: Training, prepared: Prepared, job: Job) -> None:
    _take_up(run, training)
    epochs = training.config.epochs
    while not training.is_done:

        def on_state(step: Step) -> None:
            rate = step.clips_done / step.seconds
            left = (step.clips - step.clips_done + (epochs - step.epoch) * step.clips) / rate
            job.heartbeat(
                stage="Training",
                done=step.clips_done,
                total=step.clips,
                unit="clips",
                clips_per_second=rate,
                seconds_left=left,
            )

        training.run_epoch(prepared.training, prepared.validation, on_state)
        if training.just_improved:
            with training.averaged():
                _keep_model(run, training, prepared, training.heard, prepared.validation.classes)
        run.write_history(training.history)
        with workspace.replacing(run.folder / "checkpoint.npz") as path:
            training.save(path)
        job.write(stage="Training", epoch=len(training.history))


def _learn_by_folds(run: Run, training: Training, prepared: Prepared, job: Job) -> None:
    """Answer every clip by a network that has not learned it, then learn from all of them.

    The number of epochs is the one after which the clips held back were answered best; the validation figures of an
    epoch are those of all folds together.
    """
    assert prepared.folds is not None
    evaluation.forget_cross_validated(run)
    fold_of_clip, count, epochs = prepared.folds.fold_of_clip, prepared.folds.count, training.config.epochs
    evaluated = np.flatnonzero(fold_of_clip >= 0)
    heard = np.zeros((epochs, len(fold_of_clip), len(prepared.labels)), np.float32)
    began = time.monotonic()

    def learn(turn: int, learned: NDArray[np.int64], held_back: NDArray[np.int64], stage: str) -> Iterator[int]:
        batches, validation = prepared.training.only(learned), prepared.validation.only(held_back)

        def on_state(step: Step) -> None:
            part = (step.epoch - 1 + step.clips_done / step.clips) / epochs
            spent = time.monotonic() - began
            job.heartbeat(
                stage=stage, done=round(100 * (turn + part) / (count + 1)), total=100, unit="%",
                seconds_left=spent * (count + 1 - turn - part) / (turn + part) if turn + part > 0.2 else None,
            )  # fmt: skip

        training.begin_again()
        for number in range(epochs):
            training.run_epoch(batches, validation, on_state)
            yield number

    for fold in range(count):
        held_back, stage = np.flatnonzero(fold_of_clip == fold), f"Held back in turn, {fold + 1} of {count}"
        for number in learn(fold, np.flatnonzero(fold_of_clip != fold), held_back, stage):
            heard[number, held_back] = training.heard
    classes = prepared.validation.classes[evaluated]
    figures = [metrics.loss_and_accuracy(heard[number, evaluated], classes) for number in range(epochs)]
    best = min(range(epochs), key=lambda number: figures[number][0])
    history = []
    # nothing is held back any more; the answers to one clip are made and not looked at
    for number in learn(count, np.arange(len(fold_of_clip)), evaluated[:1], "Learning from all clips"):
        loss, accuracy = figures[number]
        history.append(replace(training.history[-1], validation_loss=loss, validation_accuracy=accuracy))
        run.write_history(history)
        if number == best:
            with training.averaged():
                _keep_model(run, training, prepared, heard[best, evaluated], classes)
        job.write(epoch=len(history))
    evaluation.store_cross_validated(
        run, prepared.folds, [prepared.evaluated[place] for place in evaluated], heard[best, evaluated]
    )


def _take_up(run: Run, training: Training) -> None:
    checkpoint = run.folder / "checkpoint.npz"
    if not checkpoint.is_file():
        run.write_history([])
        return
    try:
        training.restore(checkpoint, run.history)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise TrainingError(
            f"{checkpoint} is damaged ({error}); the run cannot go on. Delete that file to train it from the start."
        ) from error
    run.write_history(training.history)


def _keep_model(
    run: Run, training: Training, prepared: Prepared, heard: NDArray[np.float32], classes: NDArray[np.int64]
) -> None:
    """Write the network as it is now: for keras, and as the graph that answers.

    It is calibrated on clips that it did not learn from: the answers to them (clips, labels), and their classes (clips,).
    """
    from audio_models.networks import keras_model, onnx_graph

    config = run.config
    temperature = fit_temperature(heard, classes)
    probabilities = apply_temperature(heard, temperature)
    threshold = fit_threshold(probabilities.max(axis=1), probabilities.argmax(axis=1) == classes)
    with training.calibrated(temperature):
        graph = onnx_graph.build(
            config.network,
            config.features.width,
            keras_model.weights(training.model),
            ModelMetadata(
                prepared.labels,
                config.features,
                prepared.normalisation,
                int(training.model.count_params()),
                prepared.clip_seconds,
                temperature,
                threshold,
                designed(config.features),
            ),
        )
        with workspace.replacing(run.folder / "model.keras") as path:
            training.model.save(path)
    workspace.write_atomically(run.model_path, graph.SerializeToString())


if __name__ == "__main__":
    exit_process(0 if train(Run(Path(sys.argv[1]))).status == "finished" else 1)
