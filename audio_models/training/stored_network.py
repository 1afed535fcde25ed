"""What a training leaves in the folder of its run: the calibrated network, the networks of single epochs, a checkpoint."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import TrainingError
from audio_models.features.filters import designed
from audio_models.jobs.runs import Run
from audio_models.networks import kept_epochs
from audio_models.networks.model_metadata import ModelMetadata
from audio_models.recognition.calibration import (
    apply_temperature,
    fit_temperature,
    fit_temperature_to_few,
    threshold_for,
)
from audio_models.training.preparation import Prepared
from data import workspace
from data.corpus import UNKNOWN

if TYPE_CHECKING:
    from audio_models.training.loop import Training


_CHECKPOINT = "checkpoint.npz"


def store_checkpoint(run: Run, training: Training) -> None:
    """Store all that a training needs to go on as if it had not been interrupted."""
    with workspace.replacing(run.folder / _CHECKPOINT) as path:
        training.save(path)


def restore_checkpoint(run: Run, training: Training) -> None:
    """Return to the last checkpoint of a run; its history then ends there.

    Raises:
        TrainingError: the checkpoint is damaged.
    """
    checkpoint = run.folder / _CHECKPOINT
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


def keep_epoch(run: Run, training: Training) -> None:
    """Keep the network of the epoch just done, or the one before the first, if the configuration asks for it."""
    if not run.config.training.keep_epochs:
        return
    from audio_models.networks import keras_model, onnx_graph

    config = run.config
    with training.averaged() if training.history else contextlib.nullcontext():
        graph = onnx_graph.build(config.network, config.features.width, keras_model.weights(training.model))
    kept_epochs.keep(run.epochs_folder, len(training.history), onnx_graph.weights(graph, config.network))


def store_network(
    run: Run,
    training: Training,
    prepared: Prepared,
    answers: NDArray[np.float32],
    classes: NDArray[np.int64],
    other: NDArray[np.float32] | None,
) -> None:
    """Calibrate the present network and write it, for keras and as an ONNX graph.

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
