"""Trainings on few clips: each clip is answered by a network that was not trained on it, then all of them are learned."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audio_models.jobs.job import Job
from audio_models.jobs.runs import Epoch, Run
from audio_models.listening import detection
from audio_models.listening.network_stream import NetworkStream
from audio_models.recognition import evaluation, metrics
from audio_models.recognition.calibration import apply_temperature
from audio_models.recognition.cross_validation import NEVER, Folds
from audio_models.training.preparation import Prepared
from audio_models.training.stored_network import keep_epoch, store_network
from audio_models.training.takes_in_sequence import TakesInSequence, choose_threshold, in_sequence

if TYPE_CHECKING:
    from audio_models.training.loop import Step, Training


class CrossValidation:
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
        keep_epoch(self._run, self._training)
        for epoch, (loss, accuracy) in enumerate(figures):
            self._training.run_epoch(self._prepared.training, one_clip, partial(self._on_step, self._folds.count))
            row = self._training.history[-1]
            history.append(replace(row, validation_loss=loss, validation_accuracy=accuracy))
            keep_epoch(self._run, self._training)
            self._run.write_history(history)
            if epoch == best:
                answers = self._answers[best, self._evaluated]
                store_network(self._run, self._training, self._prepared, answers, self._classes, other)
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
