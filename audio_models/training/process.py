"""The training process, from the corpus to an evaluated run: `python -m audio_models.training.process FOLDER`.

Its whole state is files in the run's folder, each written atomically: a run that is killed can always be resumed.
tensorflow is imported while the features are computed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np
from numpy.typing import NDArray

from audio_models.config import RunConfig
from audio_models.errors import TrainingError
from audio_models.features.filters import designed
from audio_models.features.mfcc import Frames, mfcc_batch
from audio_models.features.sequences import Normalisation
from audio_models.features.waveform import Waveform
from audio_models.jobs import launch, runs
from audio_models.jobs.job import POLL, Job, StateCallback, exit_process, ignore_state, imported, run_job
from audio_models.jobs.job_folder import JobFolder, State
from audio_models.jobs.runs import Epoch, Run
from audio_models.listening import detection, streaming_evaluation
from audio_models.listening.network_stream import NetworkStream
from audio_models.networks import kept_epochs
from audio_models.networks.model_metadata import ModelMetadata
from audio_models.recognition import evaluation, learned, metrics
from audio_models.recognition.calibration import (
    apply_temperature,
    fit_temperature,
    fit_temperature_to_few,
    threshold_for,
)
from audio_models.recognition.cross_validation import NEVER, Folds
from audio_models.recognition.embedding import Embedder
from audio_models.training.batches import Examples
from audio_models.training.calibration_sound import other_sequences
from audio_models.training.preparation import Prepared, choose, prepare
from audio_models.training.takes_in_sequence import TakesInSequence, choose_threshold, in_sequence
from data import workspace
from data.corpus import UNKNOWN

if TYPE_CHECKING:
    from audio_models.networks.keras_model import Weights
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
        start, chosen = _start_of(config, run.start), choose(config, job.report)
        learned.store(run, chosen.clips, chosen.other)
        tensorflow = imported(import_training)  # takes seconds, while the features are computed
        prepared = prepare(config, chosen, job.report, *((start.normalisation, start.embed) if start else ()))
        job.write(skipped=prepared.skipped, clips_per_word=prepared.clips_per_word)
        job.write(stage="Starting tensorflow", done=0, total=None)
        training = job.wait_for(tensorflow).Training(
            config.network,
            config.training,
            config.features.width,
            len(prepared.labels),
            start.weights if start else None,
        )
        if prepared.folds:
            _CrossValidation(run, training, prepared, prepared.folds, job).learn()
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
    lock = filelock.FileLock(workspace.folder("runs") / ".training.lock")
    while True:
        if not launch.ahead_of(folder):
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
    """Import the training loop, and with it tensorflow: CPU only, without its log."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # makes convolutions a quarter faster
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the networks are small, and results are reproducible
    from audio_models.training import loop

    return loop


@dataclass(frozen=True)
class _Start:
    """The trained network that a run fine-tunes."""

    normalisation: Normalisation
    weights: Weights
    embedder: Embedder

    def embed(self, clips: Sequence[Waveform]) -> NDArray[np.float32]:
        """Embed clips, each (samples,) float32; return (clips, width)."""
        return self.embedder.embed(mfcc_batch(clips, self.embedder.features))


def _start_of(config: RunConfig, start: str) -> _Start | None:
    """Load the network that a run starts from; None for random weights.

    Raises:
        RunError: there is no such run, or it has no network yet.
        TrainingError: its network or features differ from the configuration.
    """
    if not start:
        return None
    from audio_models.networks import onnx_graph

    run = runs.find(start)
    embedder = Embedder.of_run(run)
    if run.config.network != config.network or embedder.features != config.features:
        raise TrainingError(
            f"The network of {run.name} has other network or feature settings than this run; use the same."
        )
    return _Start(embedder.normalisation, onnx_graph.weights_of(run.model_path, config.network), embedder)


def _learn(run: Run, training: Training, prepared: Prepared, other: Sequence[Frames], job: Job) -> None:
    """Train on the training clips; store the network after each epoch with the lowest validation loss so far.

    Args:
        other: sound that the threshold is fitted on, see `other_sequences`.
    """
    _restore_checkpoint(run, training)
    _keep_epoch(run, training)
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
            _store_model(run, training, prepared, answers, classes, to_other)
        _keep_epoch(run, training)
        run.write_history(training.history)
        with workspace.replacing(run.folder / "checkpoint.npz") as path:
            training.save(path)
        job.write(stage="Training", epoch=len(training.history))


def clips_per_second(step: Step, history: Sequence[Epoch]) -> float:
    """The speed of this epoch and the one before: the first steps of an epoch wait for the first batches."""
    if not history:
        return step.clips_done / step.seconds
    return (step.clips_done + step.clips) / (step.seconds + history[-1].seconds)


class _CrossValidation:
    """Answer every clip with a network that was not trained on it, then train on all of them.

    The stored network is that of the epoch with the lowest cross-validated loss; the validation figures of an epoch are
    those of all folds together.
    """

    def __init__(self, run: Run, training: Training, prepared: Prepared, folds: Folds, job: Job) -> None:
        self._run, self._training, self._prepared, self._job = run, training, prepared, job
        self._folds = folds
        self._evaluated = np.flatnonzero(folds.fold_of_clip != NEVER)
        self._classes = prepared.validation.classes[self._evaluated]
        self._epochs = training.config.epochs
        # of each clip after each epoch, from the network that was not trained on it: (epochs, clips, labels)
        self._answers = np.zeros((self._epochs, len(folds.fold_of_clip), len(prepared.labels)), np.float32)
        # to the sounds that each fold holds back, after each epoch, one fold after the other: (sounds, labels)
        self._other: list[list[NDArray[np.float32]]] = [[] for _ in range(self._epochs)]
        # to takes in sequence, after each epoch, one fold after the other, if the network is to listen
        self._heard: list[list[tuple[TakesInSequence, NDArray[np.float32]]]] = [[] for _ in range(self._epochs)]
        self._began = time.monotonic()

    def learn(self) -> None:
        """Train a network for each fold, then the one that is stored."""
        evaluation.forget_cross_validated(self._run)
        for fold in range(self._folds.count):
            self._answer_fold(fold)
        figures = [metrics.loss_and_accuracy(answers[self._evaluated], self._classes) for answers in self._answers]
        best = min(range(self._epochs), key=lambda epoch: figures[epoch][0] + self._loss_on_other(epoch))
        other = np.concatenate(self._other[best]) if self._other[best] else None
        self._learn_from_all(figures, best, other)
        clips = [self._prepared.evaluated[position] for position in self._evaluated]
        evaluation.store_cross_validated(self._run, self._folds, clips, self._answers[best, self._evaluated], other)
        if self._heard[best]:
            self._choose_when_to_report(best)

    def _sequence(self, fold: int, left_out: NDArray[np.int64]) -> TakesInSequence | None:
        """What the network of a fold listens to: None if it answers single clips."""
        if not self._run.config.streams:
            return None
        takes, labels = self._prepared.validation.only(left_out), self._prepared.labels
        others = self._prepared.other[fold].sequences if self._prepared.other else []
        said = [labels[label] for label in takes.classes]
        return in_sequence(takes.sequences, said, others, self._hop_seconds, fold)

    @property
    def _hop_seconds(self) -> float:
        return self._run.config.features.hop_length / self._run.config.features.sample_rate

    def _choose_when_to_report(self, best: int) -> None:
        """Set the detection threshold of the stored network."""
        stream = NetworkStream(self._run)
        step_seconds = self._run.config.network.frames_a_step * self._hop_seconds
        each = max(1, round(stream.step_seconds / step_seconds))  # steps between two answers
        heard = [
            (sequence, apply_temperature(steps[each - 1 :: each], stream.recognizer.temperature))
            for sequence, steps in self._heard[best]
        ]
        config = detection.load_settings(self._run)
        threshold = choose_threshold(heard, config, stream.detector, stream.step_seconds)
        detection.store_settings(self._run, replace(config, threshold=threshold))

    def _loss_on_other(self, epoch: int) -> float:
        """Cross-entropy of the answers to what was held back; 0 if nothing was."""
        if not self._other[epoch]:
            return 0.0
        classes = np.concatenate([examples.classes for examples in self._prepared.other])
        return metrics.loss_and_accuracy(np.concatenate(self._other[epoch]), classes)[0]

    def _answer_fold(self, fold: int) -> None:
        """Train on all other folds, and answer the clips of this one, and what it holds back, after each epoch."""
        left_out = np.flatnonzero(self._folds.fold_of_clip == fold)
        batches = self._prepared.training.only(np.flatnonzero(self._folds.fold_of_clip != fold), without=fold)
        other = self._prepared.other[fold] if self._prepared.other else None
        validation = self._prepared.validation.only(left_out)
        sequence = self._sequence(fold, left_out)
        self._training.reset()
        for epoch in range(self._epochs):
            self._training.run_epoch(batches, validation, partial(self._on_step, fold))
            self._answers[epoch, left_out] = self._training.validation_probabilities
            with self._training.averaged():
                if other is not None and len(other.classes):
                    self._other[epoch].append(self._training.probabilities(other))
                if sequence is not None:
                    self._heard[epoch].append((sequence, self._training.step_probabilities(sequence.frames)))

    def _learn_from_all(
        self, figures: Sequence[tuple[float, float]], best: int, other: NDArray[np.float32] | None
    ) -> None:
        """Train on every clip; the history takes the folds' `figures`, loss and accuracy of each epoch."""
        one_clip = self._prepared.validation.only(self._evaluated[:1])  # its answers are not used
        history: list[Epoch] = []
        self._training.reset()
        _keep_epoch(self._run, self._training)
        for epoch, (loss, accuracy) in enumerate(figures):
            self._training.run_epoch(self._prepared.training, one_clip, partial(self._on_step, self._folds.count))
            row = self._training.history[-1]
            history.append(replace(row, validation_loss=loss, validation_accuracy=accuracy))
            _keep_epoch(self._run, self._training)
            self._run.write_history(history)
            if epoch == best:
                answers = self._answers[best, self._evaluated]
                _store_model(self._run, self._training, self._prepared, answers, self._classes, other)
            self._job.write(epoch=len(history))

    def _on_step(self, turn: int, step: Step) -> None:
        """Report progress; `turn` is the fold, or their number for the last network."""
        turns = self._folds.count + 1
        done = turn + (step.epoch - 1 + step.clips_done / step.clips) / self._epochs
        spent = time.monotonic() - self._began
        last = turn == self._folds.count
        self._job.heartbeat(
            stage="Learning from all clips" if last else f"Cross-validation, fold {turn + 1} of {self._folds.count}",
            done=round(100 * done / turns), total=100, unit="%",
            seconds_left=spent * (turns - done) / done if done > 0.2 else None,
        )  # fmt: skip


def _restore_checkpoint(run: Run, training: Training) -> None:
    checkpoint = run.folder / "checkpoint.npz"
    if not checkpoint.is_file():
        run.write_history([])
        return
    try:
        training.restore(checkpoint, run.history)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise TrainingError(
            f"{checkpoint} is damaged ({error}); the run cannot be resumed. Delete that file to train it from the start."
        ) from error
    run.write_history(training.history)


def _keep_epoch(run: Run, training: Training) -> None:
    """Keep the network of the epoch just done, or the one before the first, if the configuration asks for it."""
    if not run.config.training.keep_epochs:
        return
    from audio_models.networks import keras_model, onnx_graph

    config = run.config
    with training.averaged() if training.history else contextlib.nullcontext():
        graph = onnx_graph.build(config.network, config.features.width, keras_model.weights(training.model))
    kept_epochs.keep(run.epochs_folder, len(training.history), onnx_graph.weights(graph, config.network))


def _store_model(
    run: Run,
    training: Training,
    prepared: Prepared,
    answers: NDArray[np.float32],
    classes: NDArray[np.int64],
    other: NDArray[np.float32] | None,
) -> None:
    """Write the present network, for keras and as an ONNX graph.

    Args:
        answers: to clips that it was not trained on, (clips, labels), for calibration.
        classes: of these clips, (clips,).
        other: to sound that it was not trained on and that holds none of its words, (sounds, labels); None for none.
    """
    from audio_models.networks import keras_model, onnx_graph

    config = run.config
    if prepared.folds and other is not None:
        temperature = fit_temperature_to_few(answers, classes, other, prepared.labels.index(UNKNOWN))
    else:
        temperature = fit_temperature(answers, classes)
    probabilities = apply_temperature(answers, temperature)
    others = None if other is None else apply_temperature(other, temperature)
    threshold = threshold_for(prepared.labels, probabilities, classes, others, few=prepared.folds is not None)
    with training.averaged(), training.calibrated(temperature):
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
