"""The training process, from the corpus to an evaluated run: `python -m audio_models.training.process FOLDER`.

Its whole state is files in the run's folder, each written atomically: a run that is killed can always be resumed.
tensorflow is imported while the features are computed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from audio_models.features.mfcc import Frames
from audio_models.jobs import launch
from audio_models.jobs.job import POLL, Job, StateCallback, exit_process, ignore_state, imported, run_job
from audio_models.jobs.job_folder import JobFolder, State
from audio_models.jobs.runs import Epoch, Run
from audio_models.listening import streaming_evaluation
from audio_models.recognition import evaluation, learned
from audio_models.training.batches import Examples
from audio_models.training.calibration_sound import other_sequences
from audio_models.training.cross_validated import CrossValidation
from audio_models.training.preparation import Prepared, choose, prepare
from audio_models.training.start import start_of
from audio_models.training.stored_network import keep_epoch, restore_checkpoint, store_checkpoint, store_network
from data import workspace

if TYPE_CHECKING:
    from audio_models.training.loop import Step, Training


def train(run: Run, on_state: StateCallback = ignore_state) -> State:
    """Train a run in this process, from its beginning or its last checkpoint, and evaluate it.

    Args:
        on_state: called with each state that is written.

    Returns:
        the last state: finished, cancelled or failed.

    Raises:
        WorkspaceError: the state itself cannot be written, such as on a full disk.
    """
    return run_job(
        run,
        lambda job: _train(run, job),
        on_state,
        short_of_memory="Out of memory. Use a smaller batch, fewer units or fewer clips.",
        called="training",
    )


def _train(run: Run, job: Job) -> None:
    with turn(run, job):
        job.write(status="running", stage="Reading the corpus")
        config = run.config
        # first, to report errors before tensorflow is imported
        start, chosen = start_of(config, run.start), choose(config, job.report)
        learned.store(run, chosen.clips, chosen.other)
        tensorflow = imported(import_training)  # takes seconds, while the features are computed
        prepared = prepare(config, chosen, job.report, *((start.normalisation, start.embed) if start else ()))
        job.write(skipped=prepared.skipped, clips_per_word=prepared.clips_per_word)
        job.write(stage="Starting tensorflow", done=0, total=None)
        training = job.wait_for(tensorflow).training_of(config, prepared.labels, start.weights if start else None)
        if prepared.folds:
            CrossValidation(run, training, prepared, prepared.folds, job).learn()
        else:
            other = other_sequences(config, chosen, prepared, job.report)
            _learn(run, training, prepared, other, job)
    for split in () if prepared.folds else ("validation", "test"):
        if prepared.count[split]:
            job.write(stage=f"Evaluating on {split} clips", seconds_left=None, clips_per_second=None)
            with contextlib.suppress(evaluation.AllLearnedError):  # the page explains it
                evaluation.evaluate_and_store(run, split=split, report=job.report)
    if run.config.training.clips_per_sequence > 1 and not prepared.folds and prepared.count["validation"]:
        job.write(stage="Evaluating on a stream", seconds_left=None, clips_per_second=None)
        streaming_evaluation.measure_and_choose(run, job.report)


@contextlib.contextmanager
def turn(folder: JobFolder[Any], job: Job) -> Iterator[None]:
    """Wait until nothing else trains and no run waits longer. The lock ends with the process."""
    path = workspace.made(workspace.shared_root() / "runs") / ".training.lock"
    with contextlib.ExitStack() as stack:
        while True:
            if not launch.ahead_of(folder):
                with contextlib.suppress(filelock.Timeout):
                    stack.enter_context(workspace.locked(path, 0))
                    break
            job.heartbeat(stage="Waiting for another training")
            time.sleep(POLL)
        yield


def import_training() -> Any:
    """Import the training loop, and with it tensorflow: CPU only, without its log."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # makes convolutions a quarter faster
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the networks are small, and results are reproducible
    from audio_models.training import loop

    return loop


def _learn(run: Run, training: Training, prepared: Prepared, other: Sequence[Frames], job: Job) -> None:
    """Train on the training clips; store the network after each epoch with the lowest validation loss so far.

    Args:
        other: sound that the threshold is fitted on, see `other_sequences`.
    """
    restore_checkpoint(run, training)
    keep_epoch(run, training)
    epochs = training.config.epochs

    def on_step(step: Step) -> None:
        rate = clips_per_second(step, training.history)
        left = (step.clips - step.clips_done + (epochs - step.epoch) * step.clips) / rate
        job.heartbeat(
            stage="Training", done=step.clips_done, total=step.clips, unit="clips", clips_per_second=rate, seconds_left=left
        )  # fmt: skip

    while not training.is_done:
        training.run_epoch(prepared.training, prepared.validation, on_step)
        if training.just_improved:
            with training.averaged():
                to_other = (
                    training.probabilities(Examples(other, np.zeros(len(other), np.int64), [])) if other else None
                )
            answers, classes = training.validation_probabilities, prepared.validation.classes
            store_network(run, training, prepared, answers, classes, to_other)
        keep_epoch(run, training)
        run.write_history(training.history)
        store_checkpoint(run, training)
        job.write(stage="Training", epoch=len(training.history))


def clips_per_second(step: Step, history: Sequence[Epoch]) -> float:
    """The speed of this epoch and the one before: the first steps of an epoch wait for the first batches."""
    if not history:
        return step.clips_done / step.seconds
    return (step.clips_done + step.clips) / (step.seconds + history[-1].seconds)


if __name__ == "__main__":
    exit_process(0 if train(Run(Path(sys.argv[1]))).status == "finished" else 1)
