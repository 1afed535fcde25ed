"""Prepare the training and validation clips of a configuration for the loop. No tensorflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from audio_models.features.recording_conditions import RecordingConditions
from audio_models.features.sequences import Normalisation
from audio_models.features.waveform import Waveform
from audio_models.recognition import cross_validation
from audio_models.recognition.cross_validation import Folds
from audio_models.training import negatives, spoken_labels
from audio_models.training.as_recorded import AsRecorded
from audio_models.training.batches import AugmentedBatches, Batches, Examples, FixedBatches, class_size
from audio_models.training.clip_sequences import SequenceBatches
from audio_models.training.negatives import Negatives
from audio_models.training.spoken_labels import Embed
from audio_models.training.synthetic_words import OwnWords
from data import catalogue, other_recordings, task
from data.corpus import SILENCE, SPLITS, UNKNOWN, Clip, Index, Report, Split, no_progress
from data.other_recordings import Recording, words_in

_HELD_BACK = 40  # other sounds that the network of each fold is tested on
_COMPARED, _MOST_TAKES = 8, 20  # voices that read a label out, and clips of it, that are compared


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
    config: RunConfig,
    chosen: Chosen,
    report: Report = no_progress,
    normalisation: Normalisation | None = None,
    embed: Embed | None = None,
) -> Prepared:
    """Compute the features of the chosen clips, and normalise them; each training clip is decoded at most once.

    Args:
        normalisation: that of the network to fine-tune; by default computed from the training clips.
        embed: embeds clips with that network, which tells whether the labels, read out, are what the clips say.

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
            config, chosen, clips, classes, waveforms, normalisation, size, clip_seconds, report, embed
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
    embed: Embed | None,
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
    conditions = None
    if config.training.folds:  # clips of the user, on one microphone
        conditions = RecordingConditions.of([load(position) for position in words], features.sample_rate)
    unknown = (
        negatives.make(config, speech, load, len(clips), clip_seconds, size, chosen.held_out, report, conditions)
        if config.task.unknown
        else None
    )
    changes = config.augmentation if config.augmentation.augment else UNCHANGED
    said = None
    if changes.synthetic_voices:
        takes: dict[int, list[int]] = {}
        for position in words:
            takes.setdefault(int(classes[position]), []).append(position)
        said = _own_words(config, changes.synthetic_voices, clip_seconds, load, takes, conditions, embed, report)
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


def _own_words(
    config: RunConfig,
    share: float,
    seconds: float,
    load: Callable[[int], Waveform],
    takes: Mapping[int, Sequence[int]],
    conditions: RecordingConditions | None,
    embed: Embed | None,
    report: Report,
) -> OwnWords:
    """Synthetic voices for the words; for those of a user, only if their labels are what the clips say.

    Args:
        takes: positions of the clips of each label.
    """
    rate, seed = config.features.sample_rate, config.training.seed
    said = OwnWords(config.task.labels, share, seconds, rate, seed, report)
    if conditions is not None:
        said.as_recorded = AsRecorded(conditions, [one for each in said.some(_COMPARED).values() for one in each], rate)
    if embed is not None:
        others = spoken_labels.other_words(config.task.labels, rate, seed)
        labels = said.some(_COMPARED)
        if conditions is not None:
            like, random = (
                AsRecorded(conditions, [one for each in others for one in each], rate),
                np.random.default_rng(seed),
            )
            others = [[like.word(one, random).samples for one in each] for each in others]
            labels = {label: [like.word(one, random).samples for one in each] for label, each in labels.items()}
        clips = {label: [load(position) for position in positions[:_MOST_TAKES]] for label, positions in takes.items()}
        said.keep(spoken_labels.spoken(labels, clips, others, embed))
    return said


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
