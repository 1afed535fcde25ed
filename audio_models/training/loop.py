"""The training loop: train a network on padded batches, epoch by epoch.

Imports tensorflow; only the training process does.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from audio_models.config import NetworkConfig, RunConfig, TrainingConfig
from audio_models.features.mfcc import Frames
from audio_models.jobs.runs import Epoch
from audio_models.networks import keras_model
from audio_models.networks.keras_model import Weights
from audio_models.recognition import metrics
from audio_models.training.batches import Batches, Examples
from data.corpus import UNKNOWN

_OUTPUT_PENALTY = 0.01  # on the squared weights of a new last layer, whose inputs have unit variance (docs/recipe.md)
_FAR = 20.0  # logits below the others: for a label without a training clip


@dataclass(frozen=True)
class Step:
    """Progress after a step of the optimizer."""

    epoch: int
    clips_done: int
    clips: int
    seconds: float


@dataclass(frozen=True)
class Hardest:
    """Of the targets of one class in a batch, only those with the largest losses count (Shrivastava et al. 2016).

    Attributes:
        label: index of the class.
        share: of its targets that count; each counts 1 / share, so that the class weighs as much as before.
    """

    label: int
    share: float

    def weights(self, targets: Any, losses: Any) -> Any:
        """Weight of each target: one-hot targets (..., labels), all 0 where there is none, and losses (...) -> (...)."""
        of_class = targets[..., self.label] > 0.5
        found = tf.sort(tf.boolean_mask(losses, of_class), direction="DESCENDING")
        count = tf.size(found)
        last = tf.cast(tf.math.ceil(self.share * tf.cast(count, tf.float32)), tf.int32) - 1
        least = tf.cond(count > 0, lambda: found[tf.maximum(last, 0)], lambda: 0.0)
        counted = tf.cast(losses >= least, tf.float32) / self.share
        return tf.where(of_class, counted, 1.0)


def training_of(config: RunConfig, labels: Sequence[str], start: Weights | None = None) -> Training:
    """The training of a run, before its first epoch.

    Args:
        labels: of the classes, in their order.
        start: weights to fine-tune, see `Training`.
    """
    share = config.negatives.hardest_share
    hardest = Hardest(list(labels).index(UNKNOWN), share) if UNKNOWN in labels and share < 1 else None
    return Training(config.network, config.training, config.features.width, len(labels), start, hardest)


@contextlib.contextmanager
def _holding(variables: Sequence[keras.Variable], values: Sequence[Any]) -> Iterator[None]:
    """Assign other values to variables within the block."""
    before = [np.asarray(variable) for variable in variables]
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


def mixed(
    frames: NDArray[np.float32], targets: NDArray[np.float32], strength: float, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mix each clip of a batch with another (mixup): (batch, frames, width), (batch, labels) -> the same shapes."""
    share = random.beta(strength, strength, len(frames)).astype(np.float32)
    share = np.maximum(share, 1 - share)  # the clip itself has the larger part
    other = random.permutation(len(frames))
    return (
        share[:, None, None] * frames + (1 - share[:, None, None]) * frames[other],
        share[:, None] * targets + (1 - share[:, None]) * targets[other],
    )


class Training:
    """A network in training. `run_epoch` until `is_done`; `save` and `restore` between epochs.

    The same configuration and clips give the same weights on the same machine, resumed or not: the order of an
    epoch's clips follows from the seed and the epoch's number, and the checkpoint holds all other random state.

    Args:
        network, config: settings of the network and of its training.
        width: numbers in a frame.
        labels: number of labels.
        start: weights of a trained network of the same shape to fine-tune. The first epoch then only fits a new last
            layer, the others train the whole network.
        hardest: of which class only some of the targets count; None: all count.
    """

    def __init__(
        self,
        network: NetworkConfig,
        config: TrainingConfig,
        width: int,
        labels: int,
        start: Weights | None = None,
        hardest: Hardest | None = None,
    ) -> None:
        keras.utils.set_random_seed(config.seed)
        tf.config.experimental.enable_op_determinism()
        self.config = config
        self.labels = labels
        self.history: list[Epoch] = []
        self.validation_probabilities = np.empty((0, labels), np.float32)  # after the last epoch, (clips, labels)
        every_step = config.clips_per_sequence > 1
        self.model = keras_model.build(network, width, labels, every_step=every_step)
        self._starts_trained = start is not None
        self._hardest = hardest
        if start is not None:
            keras_model.load_weights(self.model, start)
        self._optimizer = keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm)
        self._optimizer.build(self.model.trainable_variables)
        self._loss = keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
        # Traced once for all shapes; `train_on_batch` and `predict_on_batch` trace again for each length, which takes
        # seconds per training.
        frames = tf.TensorSpec((None, None, width), tf.float32)
        targets = tf.TensorSpec((None, None, labels) if every_step else (None, labels), tf.float32)
        self._step = tf.function(self._take_step, input_signature=[frames, targets])
        output = self.model.get_layer("output")
        self._answers = keras.Model(self.model.input, output.output)  # to each clip, or after each step
        reads = keras.Model(self.model.input, [self.model.output, output.input])
        # probabilities (batch, labels), and what the last layer reads, (batch, states) or (batch, steps, states)
        self._read = tf.function(lambda batch: reads(batch, training=False), input_signature=[frames])
        # The exponential moving average of the weights, and how many steps are in it.
        self._ema = [keras.Variable(value, trainable=False) for value in self.model.trainable_variables]
        self._steps = keras.Variable(0.0, trainable=False)
        self._first = [np.array(np.asarray(variable)) for variable in self._variables()]

    def reset(self) -> None:
        """Return to the state before the first epoch, much faster than building a new network."""
        self.history = []
        for variable, value in zip(self._variables(), self._first, strict=True):
            variable.assign(value)

    @property
    def is_done(self) -> bool:
        """Whether all epochs are done, or the validation loss has not improved for `patience` epochs."""
        if len(self.history) >= self.config.epochs:
            return True
        losses = [row.validation_loss for row in self.history]
        return bool(
            losses and self.config.patience and len(losses) - 1 - int(np.argmin(losses)) >= self.config.patience
        )

    def run_epoch(self, training: Batches, validation: Examples, on_step: Callable[[Step], None]) -> Epoch:
        """Train for one epoch, then evaluate on the validation clips; add a row to the history.

        `on_step` is called after each step and may raise to stop; `restore` then discards the epoch.
        """
        number = len(self.history) + 1
        began = time.monotonic()
        learn = self._fit_output if self._starts_trained and number == 1 else self._learn
        loss, accuracy = learn(number, training, began, on_step)
        with self.averaged():
            self.validation_probabilities = self.probabilities(validation)
        row = Epoch(
            number,
            loss,
            accuracy,
            *metrics.loss_and_accuracy(self.validation_probabilities, validation.classes),
            time.monotonic() - began,
        )
        self.history.append(row)
        return row

    def _learn(
        self, number: int, training: Batches, began: float, on_step: Callable[[Step], None]
    ) -> tuple[float, float]:
        """Take the steps of one epoch; return its loss and accuracy."""
        totals, done = np.zeros(2), 0  # loss and accuracy, times clips
        for frames, classes in training.epoch(number):  # (batch, longest, width), (batch,)
            self._optimizer.learning_rate.assign(self._learning_rate(number - 1 + done / training.clips))
            # (batch, labels) or (batch, steps, labels); all 0 where there is no target
            targets = np.eye(self.labels, dtype=np.float32)[classes] * (classes >= 0)[..., None]
            if self.config.mixup:
                frames, targets = mixed(
                    frames, targets, self.config.mixup, np.random.default_rng([self.config.seed, number, done])
                )
            clips = len(classes) * self.config.clips_per_sequence
            totals += clips * np.array(self._step(frames, targets))
            done += clips
            on_step(Step(number, done, training.clips, time.monotonic() - began))
        return float(totals[0] / done), float(totals[1] / done)

    def _fit_output(
        self, number: int, training: Batches, began: float, on_step: Callable[[Step], None]
    ) -> tuple[float, float]:
        """Fit the last layer alone to the embeddings of the clips of an epoch (a linear probe).

        Regularised softmax regression by L-BFGS, which solves a few hundred clips at once where the optimizer needs epochs.
        Returns loss and accuracy.
        """
        from sklearn.linear_model import LogisticRegression

        output = self.model.get_layer("output")
        seen, classes_seen, done = [], [], 0
        for frames, classes in training.epoch(number):
            counts = classes >= 0
            seen.append(np.asarray(self._read(frames)[1])[counts])
            classes_seen.append(classes[counts])
            done += len(classes) * self.config.clips_per_sequence
            on_step(Step(number, done, training.clips, time.monotonic() - began))
        inputs, targets = np.concatenate(seen), np.concatenate(classes_seen)
        mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-3
        head = LogisticRegression(C=1 / (_OUTPUT_PENALTY * len(inputs)), max_iter=300, tol=1e-3)
        with threadpool_limits(1, user_api="blas"):  # the matrices are small
            head.fit((inputs - mean) / scale, targets)
        kernel, bias = np.zeros(output.kernel.shape, np.float32), np.full(self.labels, -_FAR, np.float32)
        if len(head.classes_) == 2:  # one logit, of the second class against the first
            rows, offsets = np.stack([-head.coef_[0], head.coef_[0]]) / 2, np.array([-0.5, 0.5]) * head.intercept_[0]
        else:
            rows, offsets = head.coef_, head.intercept_
        kernel[:, head.classes_] = (rows / scale).T
        bias[head.classes_] = offsets - rows @ (mean / scale)
        output.kernel.assign(kernel)
        output.bias.assign(bias)
        for ema, weight in zip(self._ema, self.model.trainable_variables, strict=True):
            ema.assign(weight)
        return metrics.loss_and_accuracy(
            head.predict_proba((inputs - mean) / scale), np.searchsorted(head.classes_, targets)
        )

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Use the moving average of the weights within the block, if the configuration has one."""
        if not self.config.ema_decay:
            yield
            return
        with _holding(self.model.trainable_variables, self._ema):
            yield

    @contextlib.contextmanager
    def calibrated(self, temperature: float) -> Iterator[None]:
        """Divide the logits by `temperature` within the block, in the weights of the last Dense layer."""
        variables = self.model.get_layer("output").trainable_variables
        with _holding(variables, [variable / temperature for variable in variables]):
            yield

    def _take_step(self, frames: Any, targets: Any) -> tuple[Any, Any]:
        """Take one step of the optimizer; return loss and accuracy of the batch."""
        weight = tf.reduce_sum(targets, axis=-1)  # 1, or 0 where there is no target
        weight /= tf.maximum(tf.reduce_mean(weight), 1e-6)
        with tf.GradientTape() as tape:
            answers = self._answers(frames, training=True)
            if self._hardest:
                weight *= self._hardest.weights(targets, self._each_loss(targets, answers))
            loss = self._loss(targets, answers, sample_weight=weight)
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self._optimizer.apply(gradients, self.model.trainable_variables)
        if self.config.ema_decay:
            self._update_ema()
        hits = tf.equal(tf.argmax(answers, axis=-1), tf.argmax(targets, axis=-1))
        return loss, tf.reduce_mean(weight * tf.cast(hits, tf.float32))

    def _each_loss(self, targets: Any, answers: Any) -> Any:
        """Cross-entropy of each target: (batch, labels) -> (batch,), (batch, steps, labels) -> (batch, steps)."""
        return keras.losses.categorical_crossentropy(
            targets, tf.stop_gradient(answers), label_smoothing=self.config.label_smoothing
        )

    def _update_ema(self) -> None:
        """ema += (1 - decay) (weights - ema); the decay is smaller in the first steps, to forget the random start."""
        self._steps.assign(self._steps + 1)
        decay = tf.minimum(self.config.ema_decay, (1.0 + self._steps.value) / (10.0 + self._steps.value))
        for ema, variable in zip(self._ema, self.model.trainable_variables, strict=True):
            ema.assign(ema.value + (1 - decay) * (variable.value - ema.value))

    def _learning_rate(self, epochs_done: float) -> float:
        if self.config.schedule == "constant":
            return self.config.learning_rate
        rise = min(1.0, 0.1 + epochs_done)
        return self.config.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * epochs_done / self.config.epochs))

    @property
    def just_improved(self) -> bool:
        """Whether the last epoch is the best so far."""
        return self.history[-1] is min(self.history, key=lambda row: row.validation_loss)

    def probabilities(self, examples: Examples) -> NDArray[np.float32]:
        """Compute the probabilities of each clip, (clips, labels)."""
        clips = len(examples.classes)
        parts = [
            np.asarray(self._read(examples.batch(np.arange(first, min(first + 256, clips)))[0])[0])
            for first in range(0, clips, 256)
        ]
        found: NDArray[np.float32] = np.concatenate(parts)
        return found

    def step_probabilities(self, frames: Frames) -> NDArray[np.float32]:
        """Compute the probabilities after each step of one sequence, (frames, width) -> (steps, labels).

        Only of a network that is trained on sequences of clips.
        """
        found: NDArray[np.float32] = np.asarray(self._answers(frames[None], training=False))[0]
        return found

    def save(self, path: Path) -> None:
        """Write weights, optimizer and random state to `path` (.npz): plain numbers, so reading it runs no code."""
        values = {f"{position:04d}": np.asarray(variable) for position, variable in enumerate(self._variables())}
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, epoch=np.array(len(self.history)), **values)

    def restore(self, path: Path, history: Sequence[Epoch]) -> None:
        """Restore a checkpoint of `save`; rows of `history` after its epoch are dropped.

        Raises:
            ValueError: the checkpoint belongs to another network, or is damaged.
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
        # the model's `variables` include the random state of dropout
        return [*self.model.variables, *self._optimizer.variables, *self._ema, self._steps]
