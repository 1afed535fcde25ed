"""Choose a learning rate by short trainings: on training clips, judged by the validation loss; test clips are not read."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from audio_models.config import RunConfig
from audio_models.jobs.job import Job
from audio_models.jobs.runs import Epoch
from audio_models.training.preparation import Prepared
from audio_models.training.process import import_training


@dataclass(frozen=True)
class Trained:
    """A short training.

    Attributes:
        rate: its learning rate.
        loss: lowest validation loss [nat]; None if the training diverged.
        epoch_seconds: median duration of an epoch, without the first, in which tensorflow builds the graph [s].
    """

    rate: float
    loss: float | None
    epoch_seconds: float


def try_rates(
    config: RunConfig, prepared: Prepared, rates: Sequence[float], job: Job, on_epoch: Callable[[float], None]
) -> Iterator[Trained]:
    """Train from the same random weights, and on the same batches, with one rate after the other.

    Args:
        config: its epochs are those of each training; its learning rate does not count.
        prepared: the clips.
        on_epoch: called after each epoch with the rate.

    Raises:
        Cancelled: the user asked for it.
    """
    training = import_training().training_of(config, prepared.labels)
    for rate in rates:
        training.config = replace(config.training, learning_rate=rate, patience=0)
        training.reset()
        while not training.is_done and _is_finite(training.history):
            training.run_epoch(prepared.training, prepared.validation, lambda _: job.heartbeat())
            on_epoch(rate)
        losses = [row.validation_loss for row in training.history]
        seconds = [row.seconds for row in training.history][1:] or [training.history[0].seconds]
        yield Trained(rate, min(losses) if _is_finite(training.history) else None, statistics.median(seconds))


def _is_finite(history: Sequence[Epoch]) -> bool:
    return all(math.isfinite(row.loss) and math.isfinite(row.validation_loss) for row in history)
