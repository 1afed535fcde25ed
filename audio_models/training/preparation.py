"""Prepare the training and validation clips of a configuration for the loop. No tensorflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio_models.config import RunConfig
from audio_models.errors import TrainingError
from audio_models.features.augmentation import UNCHANGED, Augmenter
from audio_models.features.clip_audio import ClipWaveforms, noise_recordings, other_noise
from audio_models.features.feature_cache import clip_features
from audio_models.features.mfcc import Frames, mfcc_batch
from audio_models.features.sequences import Normalisation
from audio_models.features.waveform import Waveform
from audio_models.recognition import cross_validation
from audio_models.recognition.cross_validation import Folds
from audio_models.training import negatives
from audio_models.training.batches import AugmentedBatches, Batches, Examples, FixedBatches, class_size
from audio_models.training.clip_sequences import SequenceBatches
from audio_models.training.negatives import Negatives
from audio_models.training.synthetic_words import OwnWords
from data import catalogue, other_recordings, task
from data.corpus import SILENCE, SPLITS, UNKNOWN, Clip, Index, Report, Split, no_progress
from data.other_recordings import Recording, words_in

_HELD_BACK = 40  # other sounds that the network of each fold is tested on


@dataclass(frozen=True)
class Prepared:
    """Training and validation clips, ready for the loop.

    Attributes:
        labels: the classes in the network's order.
        training: the batches of each epoch.
        validation: the validation clips.
        normalisation: of the frames.
        count: number of clips of each split.
        skipped: number of clips that could not be read.
        clips_per_word: training clips that a word has on average.
        clip_seconds: length that nine of ten training clips do not exceed [s].
        evaluated: the clips of `validation`.
        folds: for cross-validation, else None; `validation` then holds the training clips in their order.
        other: sounds that are none of the words, for each fold; its network has learned no other of their group.
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
    other: tuple[Examples, ...] = ()


@dataclass(frozen=True)
class Chosen:
    """The clips of a run, not decoded yet.

    Attributes:
        clips: of all splits, including silence if the task has that class.
        noise: recordings of background noise.
        other: other recordings to learn from, and those of the validation split.
        held_out: words that training must not hear, as they measure how new ones are rejected.
    """

    clips: tuple[Clip, ...]
    noise: tuple[Path, ...]
    other: tuple[Recording, ...] = ()
    held_out: tuple[str, ...] = ()


def choose(config: RunConfig, report: Report = no_progress) -> Chosen:
    """Choose the clips and other recordings; load the corpus if necessary.

    Raises:
        CorpusError: the corpus, or a folder of other recordings, is not available.
        TrainingError: there are too few clips.
    """
    corpus = catalogue.open_corpus(config.corpus, words=config.task.labels)
    if not corpus.is_loaded():
        corpus.load(report)
    index = corpus.index(report)
    if config.training.folds:  # all clips are trained on and evaluated
        index = replace(index, clips=tuple(replace(clip, split="training") for clip in index.clips))
    clips = task.examples(index, config.task, config.training.seed, makes_unknown=config.negatives.makes)
    held_out = tuple(sorted({*config.task.held_out, *task.held_out_words(index, config.task)}))
    other = _other_recordings(config, index, held_out, report)
    _check_splits([clip for clip in clips if clip.split != "test"], config, other)
    return Chosen(clips, index.noise, other, held_out)


def _other_recordings(
    config: RunConfig, index: Index, held_out: Sequence[str], report: Report
) -> tuple[Recording, ...]:
    """The training and validation recordings of the folders, without what the corpus holds, its words and its testers.

    Noise serves every task; speech only one with `_unknown_`.
    """
    clips = [clip for clip in index.clips if clip.whole]
    contents = {clip.content for clip in clips} | {clip.digest for clip in clips}
    tested = {clip.speaker for clip in clips if clip.split != "training"} - {None}
    left_out = [*config.task.labels, *held_out]
    takes_speech = config.task.unknown and config.negatives.other_share > 0
    found: dict[tuple[str, float], Recording] = {}
    for folder in config.negatives.other:
        for one in other_recordings.scan(Path(folder), report).recordings:
            is_wanted = one.kind == "noise" or (takes_speech and not words_in(one, left_out))
            if one.split != "test" and is_wanted and one.content not in contents and one.speaker not in tested:
                found.setdefault((one.content, one.start), one)
    return tuple(found.values())


def prepare(
    config: RunConfig, chosen: Chosen, report: Report = no_progress, normalisation: Normalisation | None = None
) -> Prepared:
    """Compute the features of the chosen clips, and normalise them; each training clip is decoded at most once.

    Args:
        normalisation: that of the network to fine-tune; by default computed from the training clips.

    Raises:
        TrainingError: too few clips can be read.
    """
    used = [clip for clip in chosen.clips if clip.split != "test"]
    is_drawn = config.augmentation.augment or (config.task.unknown and config.negatives.makes)
    augmented = [clip for clip in used if clip.split == "training"] if is_drawn else []
    waveforms = ClipWaveforms(augmented, config.features.sample_rate)
    sequences, skipped = clip_features(used, config.features, report, waveforms.store)
    readable = [(clip, frames) for clip, frames in zip(used, sequences, strict=True) if frames is not None]
    _check_splits([clip for clip, _ in readable], config, chosen.other)
    learned = [(clip, frames) for clip, frames in readable if clip.split == "training"]
    clips = [clip for clip, _ in learned]
    if normalisation is None:
        normalisation = Normalisation.fit([frames for _, frames in learned])

    labels = config.task.classes
    classes = np.array([labels.index(clip.label) for clip in clips])
    pooled = [labels.index(label) for label in (UNKNOWN, SILENCE) if label in labels and len(labels) > 2]
    clips_per_word = class_size(classes, pooled)
    size = config.clips_of_a_class(clips_per_word)
    clip_seconds = round(float(np.quantile([clip.seconds for clip in clips], 0.9)), 3)
    training: Batches
    made: Negatives | None = None
    if not is_drawn:
        known = _examples(learned, labels, normalisation)
        sizes = (
            {labels.index(UNKNOWN): max(1, round(config.negatives.unknown_ratio * size))} if config.task.unknown else {}
        )
        training = FixedBatches(known, config.training.batch_size, size, config.training.seed, sizes)
    else:
        waveforms.store_all(report)
        augmented_batches = _augmented(
            config, chosen, clips, classes, waveforms, normalisation, size, clip_seconds, report
        )
        training, made = augmented_batches, augmented_batches.negatives
        if config.training.clips_per_sequence > 1:
            unknown = labels.index(UNKNOWN) if UNKNOWN in labels else None
            in_sequence = config.training.clips_per_sequence
            training = SequenceBatches(augmented_batches, unknown, config.network, clip_seconds, in_sequence)

    folds = None
    if config.training.folds:
        folds = cross_validation.make_folds(clips, config.training.folds, makes_unknown=config.negatives.makes)
    validation = learned if folds else [(clip, frames) for clip, frames in readable if clip.split == "validation"]
    return Prepared(
        labels,
        training,
        _examples(validation, labels, normalisation),
        normalisation,
        {split: sum(clip.split == split for clip in chosen.clips) for split in SPLITS},
        len(skipped),
        clips_per_word,
        clip_seconds,
        [clip for clip, _ in validation],
        folds,
        _held_back(config, made, normalisation, folds.count) if folds and made else (),
    )


def _held_back(config: RunConfig, made: Negatives, normalisation: Normalisation, folds: int) -> tuple[Examples, ...]:
    """The sounds that each fold holds back, unchanged."""
    found = []
    for fold in range(folds):
        sounds = made.held_back(fold, _HELD_BACK, config.training.seed)
        frames = [normalisation.apply(one) for one in mfcc_batch(sounds, config.features)] if sounds else []
        found.append(Examples(frames, np.full(len(frames), made.label, np.int64), [UNKNOWN] * len(frames)))
    return tuple(found)


def _augmented(
    config: RunConfig,
    chosen: Chosen,
    clips: Sequence[Clip],
    classes: NDArray[np.int64],
    waveforms: ClipWaveforms,
    normalisation: Normalisation,
    size: int,
    clip_seconds: float,
    report: Report,
) -> AugmentedBatches:
    """Batches of augmented training clips, `size` of each class in an epoch; and what `_unknown_` has besides."""
    features, labels = config.features, config.task.classes
    learned_from = [one for one in chosen.other if one.split == "training"]
    noise = [
        *noise_recordings(config.augmentation.noise_folder, chosen.noise, features.sample_rate),
        *other_noise([one for one in learned_from if one.kind == "noise"], features.sample_rate),
    ]

    def load(position: int) -> Waveform:
        return waveforms(clips[position])

    speech = [one for one in learned_from if one.kind == "speech"]
    words = [place for place, clip in enumerate(clips) if clip.label not in (UNKNOWN, SILENCE)]
    unknown = (
        negatives.make(config, speech, load, len(clips), words, clip_seconds, size, chosen.held_out, report)
        if config.task.unknown
        else None
    )
    changes = config.augmentation if config.augmentation.augment else UNCHANGED
    said = None
    if changes.synthetic_voices:
        said = OwnWords(
            config.task.labels,
            changes.synthetic_voices,
            clip_seconds,
            features.sample_rate,
            config.training.seed,
            report,
        )
    return AugmentedBatches(
        load=load,
        classes=classes,
        words=[clip.word or clip.label for clip in clips],
        silence=labels.index(SILENCE) if SILENCE in labels else None,
        augmenter=Augmenter(changes, features, noise),
        features=features,
        normalisation=normalisation,
        batch_size=config.training.batch_size,
        size=size,
        seed=config.training.seed,
        negatives=unknown,
        own_words=said,
    )


def _examples(clips: Sequence[tuple[Clip, Frames]], labels: Sequence[str], normalisation: Normalisation) -> Examples:
    return Examples(
        [normalisation.apply(frames) for _, frames in clips],
        np.array([labels.index(clip.label) for clip, _ in clips], np.int64),
        [clip.word or clip.label for clip, _ in clips],
    )


def _check_splits(clips: Sequence[Clip], config: RunConfig, other: Sequence[Recording]) -> None:
    there = {clip.label for clip in clips if clip.split == "training"}
    wanted = config.negatives
    speaks = wanted.other_share and any(one.kind == "speech" and one.split == "training" for one in other)
    if wanted.partial_words or wanted.synthetic_words or speaks:
        there.add(UNKNOWN)
    missing = [label for label in config.task.classes if label not in there]
    if missing:
        raise TrainingError(
            f"There is no training clip of {', '.join(missing)} in {config.corpus.name}. Add clips, or leave that word out."
        )
    if not config.training.folds and not any(clip.split == "validation" for clip in clips):
        raise TrainingError(
            f"There is no validation clip in {config.corpus.name}, so there is no way to tell when to stop. "
            "Add clips: three or more of a word are split by themselves."
        )
