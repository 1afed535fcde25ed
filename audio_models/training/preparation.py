"""From a configuration to clips as numbers: what a training learns from, and what it is measured on. No tensorflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from audio_models.config import RunConfig
from audio_models.errors import TrainingError
from audio_models.features.augmentation import Augmenter
from audio_models.features.clip_audio import noise_recordings, waveforms
from audio_models.features.feature_cache import clip_features
from audio_models.features.sequences import Normalisation
from audio_models.recognition import cross_validation
from audio_models.recognition.cross_validation import Folds
from audio_models.training.batches import AugmentedBatches, Batches, Examples, FixedBatches, class_size
from audio_models.training.clip_sequences import SequenceBatches
from data import catalogue, task
from data.corpus import SILENCE, SPLITS, UNKNOWN, Clip, Report, Split, no_progress


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
        clips_per_word: training clips that a word has on average.
        clip_seconds: nine of ten training clips are no longer [s].
        judged: the clips of `validation`.
        folds: how these were dealt, where the run is judged by cross-validation: then they are those of `training`, in
            its order.
    """

    labels: tuple[str, ...]
    training: Batches
    validation: Examples
    normalisation: Normalisation
    count: dict[Split, int]
    skipped: int
    clips_per_word: int
    clip_seconds: float
    evaluated: list[Clip]
    folds: Folds | None = None


@dataclass(frozen=True)
class Chosen:
    """The clips of a run, nothing of them read yet.

    Attributes:
        clips: of all sides, with the silence that the task asks for.
        noise: recordings of background noise.
    """

    clips: tuple[Clip, ...]
    noise: tuple[Path, ...]


def choose(config: RunConfig, report: Report = no_progress) -> Chosen:
    """Load the corpus if need be, and choose the clips.

    Raises:
        CorpusError: the corpus cannot be had.
        TrainingError: the clips do not suffice.
    """
    corpus = catalogue.open_corpus(config.corpus, words=config.task.labels)
    if not corpus.is_loaded():
        corpus.load(report)
    index = corpus.index(report)
    if config.training.folds:  # all clips are learned from, and all are judged
        index = replace(index, clips=tuple(replace(clip, split="training") for clip in index.clips))
    clips = task.examples(index, config.task, config.training.seed)
    _check_splits([clip for clip in clips if clip.split != "test"], config)
    return Chosen(clips, index.noise)


def prepare(
    config: RunConfig, chosen: Chosen, report: Report = no_progress, normalisation: Normalisation | None = None
) -> Prepared:
    """Compute the features of the chosen clips, and normalise them.

    Args:
        normalisation: of the network that the run starts from; that of the training clips where there is none.

    Raises:
        TrainingError: the clips that can be read do not suffice.
    """
    used = [clip for clip in chosen.clips if clip.split != "test"]
    sequences, skipped = clip_features(used, config.features, report)
    labels = config.task.classes
    position = {label: number for number, label in enumerate(labels)}
    readable = [(clip, frames) for clip, frames in zip(used, sequences, strict=True) if frames is not None]
    _check_splits([clip for clip, _ in readable], config)
    learned = [clip for clip, _ in readable if clip.split == "training"]
    if normalisation is None:
        normalisation = Normalisation.fit([frames for clip, frames in readable if clip.split == "training"])
    classes = np.array([position[clip.label] for clip in learned])
    pooled = [position[label] for label in (UNKNOWN, SILENCE) if label in position and len(labels) > 2]
    clip_seconds = round(float(np.quantile([clip.seconds for clip in learned], 0.9)), 3)
    clips_per_word = class_size(classes, pooled)
    size = config.clips_of_a_class(clips_per_word)
    words = [clip.word or clip.label for clip in learned]
    training: Batches
    if config.augmentation.augment:
        rate = config.features.sample_rate
        noise = noise_recordings(config.augmentation.noise_folder, chosen.noise, rate)
        training = AugmentedBatches(
            load=waveforms(learned, rate, report),
            classes=classes,
            words=words,
            silence=position.get(SILENCE),
            augmenter=Augmenter(config.augmentation, config.features, noise),
            features=config.features,
            normalisation=normalisation,
            batch_size=config.training.batch_size,
            size=size,
            seed=config.training.seed,
        )
        if config.training.clips_in_a_row > 1:
            training = in_sequences(training, config, position.get(UNKNOWN), clip_seconds)
    else:
        known = [normalisation.apply(frames) for clip, frames in readable if clip.split == "training"]
        training = FixedBatches(Examples(known, classes, words), config.training.batch_size, size, config.training.seed)
    folds = cross_validation.make_folds(learned, config.training.folds) if config.training.folds else None
    split = "training" if folds else "validation"
    evaluated = [(clip, frames) for clip, frames in readable if clip.split == split]
    return Prepared(
        labels,
        training,
        Examples(
            [normalisation.apply(frames) for _, frames in evaluated],
            np.array([position[clip.label] for clip, _ in evaluated]),
            [clip.word or clip.label for clip, _ in evaluated],
        ),
        normalisation,
        {split: sum(clip.split == split for clip in chosen.clips) for split in SPLITS},
        len(skipped),
        clips_per_word,
        clip_seconds,
        [clip for clip, _ in evaluated],
        folds,
    )


def in_sequences(
    clips: AugmentedBatches, config: RunConfig, unknown: int | None, clip_seconds: float
) -> SequenceBatches:
    """The same clips in rows."""
    shared = {
        name: getattr(clips, name)
        for name in (
            "load", "classes", "words", "silence", "augmenter", "features", "normalisation", "batch_size", "size", "seed"
        )
    }  # fmt: skip
    return SequenceBatches(
        unknown=unknown,
        network=config.network,
        clip_seconds=clip_seconds,
        in_a_row=config.training.clips_in_a_row,
        **shared,
    )


def _check_splits(clips: Sequence[Clip], config: RunConfig) -> None:
    missing = [
        label for label in config.task.classes if not any(c.label == label and c.split == "training" for c in clips)
    ]
    if missing:
        raise TrainingError(
            f"There is no training clip of {', '.join(missing)} in {config.corpus.name}. Add clips, or leave that word out."
        )
    if not config.training.folds and not any(clip.split == "validation" for clip in clips):
        raise TrainingError(
            f"There is no validation clip in {config.corpus.name}, so nothing could tell when to stop. "
            "Add clips: three or more of a word are split by themselves."
        )
