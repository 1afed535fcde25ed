"""The training loop: a network, clips as padded batches, one epoch after the other. Reads top to bottom.

Imports tensorflow; only the training process does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audio_models import networks
from audio_models.config import NetworkConfig, TrainingConfig
from audio_models.mfcc import Frames
from audio_models.runs import Epoch
from audio_models.sequences import pad


@dataclass(frozen=True)
class Examples:
    """Clips of one side: normalised MFCC sequences, each (frames, width), and their classes (clips,) int."""

    sequences: Sequence[Frames]
    classes: NDArray[np.int64]

    def batch(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """(batch, longest, width), (batch,)."""
        frames, _ = pad([self.sequences[position] for position in positions])
        return frames, self.classes[positions]


@dataclass(frozen=True)
class Step:
    """Where the loop is, said after each step of the optimizer."""

    epoch: int
    clips_done: int
    clips: int
    seconds: float


def class_weights(classes: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """The weight of each class (count,): all classes weigh the same together, a clip weighs 1 on average."""
    clips = np.bincount(classes, minlength=count)
    present = clips > 0
    weights = np.zeros(count, np.float32)
    weights[present] = len(classes) / (present.sum() * clips[present])
    return weights


class Training:
    """A network in training. `run_epoch` until `is_done`; `save` and `restore` between epochs.

    The same configuration and clips give the same weights on the same machine, resumed or not: the order of an
    epoch's clips follows from the seed and the epoch's number, and all else that is random is in the checkpoint.
    """

    def __init__(self, network: NetworkConfig, config: TrainingConfig, width: int, labels: int) -> None:
        keras.utils.set_random_seed(config.seed)
        tf.config.experimental.enable_op_determinism()
        self.config = config
        self.labels = labels
        self.history: list[Epoch] = []
        self.model = networks.build(network, width, labels)
        self.model.compile(
            optimizer=keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,  # slower with it on a CPU
        )
        self.model.optimizer.build(self.model.trainable_variables)

    @property
    def is_done(self) -> bool:
        """Whether all epochs are done, or the validation loss has not improved for `patience` epochs."""
        if len(self.history) >= self.config.epochs:
            return True
        losses = [row.validation_loss for row in self.history]
        return bool(
            losses and self.config.patience and len(losses) - 1 - int(np.argmin(losses)) >= self.config.patience
        )

    def run_epoch(self, training: Examples, validation: Examples, said: Callable[[Step], None]) -> Epoch:
        """Show every training clip once, then measure on the validation clips; adds a row to the history.

        `said` is called after each step and may raise to stop; the epoch then did not happen once `restore` is called.
        """
        number = len(self.history) + 1
        began = time.monotonic()
        order = np.random.default_rng([self.config.seed, number]).permutation(len(training.classes))
        weights = class_weights(training.classes, self.labels)
        totals = np.zeros(2)  # loss and accuracy, times clips
        for first in range(0, len(order), self.config.batch_size):
            frames, classes = training.batch(order[first : first + self.config.batch_size])
            self.model.reset_metrics()
            totals += len(classes) * np.array(
                self.model.train_on_batch(frames, classes, sample_weight=weights[classes])
            )
            done = min(first + self.config.batch_size, len(order))
            said(Step(number, done, len(order), time.monotonic() - began))
        loss, accuracy = self.measure(validation)
        row = Epoch(
            epoch=number,
            loss=totals[0] / len(order),
            accuracy=totals[1] / len(order),
            validation_loss=loss,
            validation_accuracy=accuracy,
            seconds=time.monotonic() - began,
        )
        self.history.append(row)
        return row

    @property
    def just_improved(self) -> bool:
        """Whether the last epoch is the best so far."""
        return self.history[-1] is min(self.history, key=lambda row: row.validation_loss)

    def measure(self, examples: Examples) -> tuple[float, float]:
        """Mean cross-entropy [nat] and accuracy on clips that are not trained on."""
        losses, hits = [], []
        for first in range(0, len(examples.classes), 256):
            frames, classes = examples.batch(np.arange(first, min(first + 256, len(examples.classes))))
            probabilities = np.asarray(self.model.predict_on_batch(frames))
            chosen = probabilities[np.arange(len(classes)), classes]
            losses.append(-np.log(np.maximum(chosen, 1e-7)))
            hits.append(probabilities.argmax(axis=1) == classes)
        return float(np.concatenate(losses).mean()), float(np.concatenate(hits).mean())

    def save(self, path: Path) -> None:
        """Write weights, optimizer and random state to `path` (.npz); plain numbers, so that reading it runs no code."""
        values = {f"{position:04d}": np.asarray(variable) for position, variable in enumerate(self._variables())}
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, epoch=np.array(len(self.history)), **values)

    def restore(self, path: Path, history: Sequence[Epoch]) -> None:
        """Take up a checkpoint of `save`; rows of `history` after its epoch are dropped.

        Raises:
            ValueError: the checkpoint is of another network, or damaged.
        """
        with np.load(path, allow_pickle=False) as values:
            variables = self._variables()
            if len(values.files) != len(variables) + 1:
                raise ValueError(f"{len(values.files) - 1} arrays for {len(variables)} variables")
            for position, variable in enumerate(variables):
                variable.assign(values[f"{position:04d}"])
            self.history = list(history[: int(values["epoch"])])
            if len(self.history) != int(values["epoch"]):
                raise ValueError(f"{len(self.history)} epochs in the history, {int(values['epoch'])} in the checkpoint")

    def _variables(self) -> list[keras.Variable]:
        # `variables` of the model holds the dropout's random state beside the weights
        return [*self.model.variables, *self.model.optimizer.variables]
