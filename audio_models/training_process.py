"""What the training process does, from the corpus to a judged run: `python -m audio_models.training_process FOLDER`.

Its whole state is files in the run's folder, each written atomically: a kill at any moment leaves a run that can be
told apart and resumed. tensorflow is imported here, while the features are computed, and in no other process.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from audio_models import evaluation, jobs, runs
from audio_models.augment import Augmenter
from audio_models.batches import AugmentedBatches, Batches, Examples, FixedBatches, class_size
from audio_models.calibration import apply_temperature, fit_temperature, fit_threshold
from audio_models.clip_features import clip_features, noise_recordings, waveforms
from audio_models.config import RunConfig, to_dict
from audio_models.errors import TrainingError
from audio_models.runs import Run
from audio_models.sequences import Normalisation
from audio_models.work import POLL, Said, Work, carry_out, nobody
from audio_models.work_folder import State
from data import catalogue, task, workspace
from data.corpus import SILENCE, SPLITS, UNKNOWN, Clip, Report, Split, quiet
from data.errors import WorkspaceError

if TYPE_CHECKING:
    from audio_models.training import Step, Training


def train(run: Run, said: Said = nobody) -> State:
    """Train a run in this process, from its beginning or its last epoch, and judge it.

    Args:
        said: told of each state that is written.

    Returns:
        the last state: finished, cancelled or failed.

    Raises:
        WorkspaceError: not even the state can be written, the disk is full, say.
    """
    return carry_out(
        run,
        lambda work: _train(run, work),
        said,
        short_of_memory="The memory does not suffice for this training; use a smaller batch, fewer units or fewer clips.",
        called="training",
    )


def _train(run: Run, work: Work) -> None:
    with _turn(run, work), ThreadPoolExecutor(1) as importer:
        work.write(status="running", stage="Reading the corpus")
        tensorflow = importer.submit(import_training)  # seconds; the features are computed meanwhile
        config = run.config
        prepared = prepare(config, work.report)
        work.write(skipped=prepared.skipped, clips_a_word=prepared.clips_a_word)
        work.write(stage="Starting tensorflow", done=0, total=None)
        training = _await(tensorflow, work).Training(
            config.network, config.training, config.features.width, len(prepared.labels)
        )
        _learn(run, training, prepared, work)
    for split in ("validation", "test"):
        if prepared.count[split]:
            work.write(stage=f"Judging on {split} clips", seconds_left=None, clips_per_second=None)
            evaluation.evaluate_and_keep(run, split=split, report=work.report)


@contextlib.contextmanager
def _turn(run: Run, work: Work) -> Iterator[None]:
    """Wait until no other run trains and none waits longer. The lock goes with the process, however it ends."""
    lock = filelock.FileLock(workspace.folder("runs") / ".training.lock")
    while True:
        if not jobs.ahead_of(run):
            with contextlib.suppress(filelock.Timeout):
                lock.acquire(timeout=0)
                break
        work.go_on(stage="Waiting for another training")
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
    from audio_models import training

    return training


def _await(module: Future[Any], work: Work) -> Any:
    while not module.done():
        work.go_on()
        time.sleep(POLL / 4)
    return module.result()


@dataclass(frozen=True)
class Prepared:
    """Clips as numbers, ready for the loop.

    Attributes:
        labels: the classes in the network's order.
        training: what each epoch is made of.
        validation: what it is measured on.
        normalisation: of the frames.
        count: clips of each side.
        skipped: clips that could not be read.
        clips_a_word: training clips that a word has on average.
        clip_seconds: nine of ten training clips are no longer [s].
    """

    labels: tuple[str, ...]
    training: Batches
    validation: Examples
    normalisation: Normalisation
    count: dict[Split, int]
    skipped: int
    clips_a_word: int
    clip_seconds: float


def prepare(config: RunConfig, report: Report = quiet) -> Prepared:
    """Load the corpus if need be, choose the clips, compute their features and normalise them.

    Raises:
        CorpusError: the corpus cannot be had.
        TrainingError: the clips do not suffice.
    """
    corpus = catalogue.open_corpus(config.corpus, words=config.task.labels)
    if not corpus.is_loaded():
        corpus.load(report)
    index = corpus.index(report)
    clips = task.examples(index, config.task, config.training.seed)
    used = [clip for clip in clips if clip.split != "test"]
    _check_sides(used, config)
    sequences, skipped = clip_features(used, config.features, report)
    labels = config.task.classes
    position = {label: number for number, label in enumerate(labels)}
    readable = [(clip, frames) for clip, frames in zip(used, sequences, strict=True) if frames is not None]
    _check_sides([clip for clip, _ in readable], config)
    learned = [clip for clip, _ in readable if clip.split == "training"]
    normalisation = Normalisation.fit([frames for clip, frames in readable if clip.split == "training"])
    classes = np.array([position[clip.label] for clip in learned])
    pooled = [position[label] for label in (UNKNOWN, SILENCE) if label in position and len(labels) > 2]
    clip_seconds = round(float(np.quantile([clip.seconds for clip in learned], 0.9)), 3)
    clips_a_word = class_size(classes, pooled)
    size = config.clips_of_a_class(clips_a_word)
    words = [clip.word or clip.label for clip in learned]
    training: Batches
    if config.augmentation.augment:
        training = AugmentedBatches(
            load=waveforms(learned, config.features.sample_rate, report),
            classes=classes,
            words=words,
            silence=position.get(SILENCE),
            augmenter=Augmenter(
                config.augmentation,
                config.features,
                noise_recordings(config.augmentation.noise_folder, index.noise, config.features.sample_rate),
            ),
            features=config.features,
            normalisation=normalisation,
            batch_size=config.training.batch_size,
            size=size,
            seed=config.training.seed,
        )
    else:
        known = [normalisation.apply(frames) for clip, frames in readable if clip.split == "training"]
        training = FixedBatches(Examples(known, classes, words), config.training.batch_size, size, config.training.seed)
    judged = [(clip, frames) for clip, frames in readable if clip.split == "validation"]
    return Prepared(
        labels,
        training,
        Examples(
            [normalisation.apply(frames) for _, frames in judged],
            np.array([position[clip.label] for clip, _ in judged]),
            [clip.word or clip.label for clip, _ in judged],
        ),
        normalisation,
        {side: sum(clip.split == side for clip in clips) for side in SPLITS},
        len(skipped),
        clips_a_word,
        clip_seconds,
    )


def _check_sides(clips: Sequence[Clip], config: RunConfig) -> None:
    missing = [
        label for label in config.task.classes if not any(c.label == label and c.split == "training" for c in clips)
    ]
    if missing:
        raise TrainingError(
            f"There is no training clip of {', '.join(missing)} in {config.corpus.name}. Add clips, or leave that word out."
        )
    if not any(clip.split == "validation" for clip in clips):
        raise TrainingError(
            f"There is no validation clip in {config.corpus.name}, so nothing could tell when to stop. "
            "Add clips: three or more of a word are split by themselves."
        )


def _learn(run: Run, training: Training, prepared: Prepared, work: Work) -> None:
    _take_up(run, training)
    epochs = training.config.epochs
    while not training.is_done:

        def said(step: Step) -> None:
            rate = step.clips_done / step.seconds
            left = (step.clips - step.clips_done + (epochs - step.epoch) * step.clips) / rate
            work.go_on(
                stage="Training",
                done=step.clips_done,
                total=step.clips,
                unit="clips",
                clips_per_second=rate,
                seconds_left=left,
            )

        training.run_epoch(prepared.training, prepared.validation, said)
        if training.just_improved:
            with training.averaged():
                _keep_model(run, training, prepared)
        run.write_history(training.history)
        with _replacing(run.folder / "checkpoint.npz") as path:
            training.save(path)
        work.write(stage="Training", epoch=len(training.history))


def _take_up(run: Run, training: Training) -> None:
    checkpoint = run.folder / "checkpoint.npz"
    if not checkpoint.is_file():
        run.write_history([])
        return
    try:
        training.restore(checkpoint, run.history)
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise TrainingError(
            f"{checkpoint} is damaged ({error}); the run cannot go on. Delete that file to train it from the start."
        ) from error
    run.write_history(training.history)


def _keep_model(run: Run, training: Training, prepared: Prepared) -> None:
    """Write the network as it is now, calibrated on the validation clips: for keras, and as the graph that answers."""
    from audio_models import networks, onnx_graph

    config = run.config
    classes = prepared.validation.classes
    temperature = fit_temperature(training.heard, classes)
    probabilities = apply_temperature(training.heard, temperature)
    threshold = fit_threshold(probabilities.max(axis=1), probabilities.argmax(axis=1) == classes)
    with training.calibrated(temperature):
        graph = onnx_graph.build(
            config.network,
            config.features.width,
            networks.weights(training.model),
            {
                "labels": json.dumps(prepared.labels),
                "features": json.dumps(to_dict(config.features)),
                "normalisation": json.dumps(asdict(prepared.normalisation)),
                "parameters": str(training.model.count_params()),
                "clip_seconds": str(prepared.clip_seconds),
                "temperature": f"{temperature:.4f}",
                "threshold": f"{threshold:.4f}",
            },
        )
        with _replacing(run.folder / "model.keras") as path:
            training.model.save(path)
    workspace.write_atomically(run.model_path, graph.SerializeToString())


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A path of the same ending to write to; it takes the place of `path` when the block ends well."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
            written = Path(folder) / path.name
            yield written
            os.replace(written, path)
    except OSError as error:
        raise WorkspaceError(
            f"{path} could not be written ({error.strerror or error}). The version before it is kept; free some disk space and resume."
        ) from error


if __name__ == "__main__":
    sys.exit(0 if train(runs.find(sys.argv[1])).status == "finished" else 1)
