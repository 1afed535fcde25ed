"""Define the classes of a network, words and optionally _unknown_ and _silence_, and select their clips."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data.audio_source import AudioSource
from data.corpus import SILENCE, SPLITS, UNKNOWN, Clip, Index, Skipped, Split
from data.errors import AudioError, CorpusError
from data.names import composed
from data.noise import generated_noise
from data.phrases import plural
from data.sound_file import open_sound

# Which part of a noise recording serves which split; no stretch is in two.
_NOISE_PARTS: dict[Split, tuple[float, float]] = {"training": (0.0, 0.8), "validation": (0.8, 0.9), "test": (0.9, 1.0)}
_STRETCH = 1.0  # seconds of noise in a silence clip
_DIGITAL_SILENCE = 8  # every 8th silence clip is exactly zero, as from a muted microphone
_MOST_CLASSES = 200
_POOL = 4  # training clips of other words per clip of an epoch, which draws different ones each time
_HELD_OUT = 0.2  # share of the other words
_FEWEST_OTHER_WORDS = 5  # with fewer, none is held out


@dataclass(frozen=True)
class Task:
    """The classes of a network.

    Attributes:
        labels: the words, each a class, in composed Unicode (NFC).
        unknown: whether other words of the corpus form a class `_unknown_`.
        silence: whether background noise forms a class `_silence_`.
        held_out: other words to keep out of training, to measure how words never heard are rejected; by default a fifth
            of them, see `held_out_words`.

    Raises:
        CorpusError: fewer than two classes, or a label twice.
    """

    labels: tuple[str, ...]
    unknown: bool = False
    silence: bool = False
    held_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(composed(label) for label in self.labels))
        object.__setattr__(self, "held_out", tuple(composed(word) for word in self.held_out))
        if twice := sorted({label for label in self.labels if self.labels.count(label) > 1}):
            raise CorpusError(f"The label {', '.join(twice)} is given twice.")
        if reserved := [label for label in self.labels if label in (UNKNOWN, SILENCE)]:
            option = "unknown" if reserved[0] == UNKNOWN else "silence"
            raise CorpusError(f"{reserved[0]} is not a word; add that class with --{option} instead.")
        if both := [word for word in self.held_out if word in self.labels]:
            raise CorpusError(f"{', '.join(both)} cannot be both a word of the network and held out. Drop it from one.")
        if not 2 <= len(self.classes) <= _MOST_CLASSES:
            raise CorpusError(
                f"{plural(len(self.classes), 'class', 'classes')} to tell apart ({', '.join(self.classes[:5]) or 'none'}); "
                f"between 2 and {_MOST_CLASSES} are needed. Add or drop words."
            )

    @property
    def classes(self) -> tuple[str, ...]:
        """All labels of the network, in order."""
        return (*self.labels, *([UNKNOWN] if self.unknown else []), *([SILENCE] if self.silence else []))


def examples(index: Index, task: Task, seed: int, *, makes_unknown: bool = False) -> tuple[Clip, ...]:
    """Select the clips for a training, labelled with the task's classes.

    In each split `_unknown_` and `_silence_` have as many clips as a word has on average, as in the published task of
    ten words; for training `_unknown_` has up to four times as many, and each epoch draws different ones. Unknown clips
    are spread over the other words, except `held_out_words` in training; silence is cut from noise recordings (of the
    corpus, else generated) at levels from zero to full. If the corpus has folders `_unknown_` or `_silence_`, their clips
    are used instead.

    Args:
        makes_unknown: whether training can make `_unknown_` without clips of the corpus.

    Raises:
        CorpusError: a label is not in the corpus, or no other word is left for `_unknown_`.
    """
    there = set(index.labels)
    if missing := [label for label in task.labels if label not in there]:
        raise CorpusError(f"The corpus has no clips of {', '.join(missing)}. It has: {', '.join(index.labels)}.")
    listed = set(task.labels)
    chosen = [clip for clip in index.clips if clip.label in listed]
    for split in SPLITS:
        average = _average(chosen, split, task)
        if task.unknown and split == "training":
            chosen += _unknown(index, listed | held_out_words(index, task), split, average * _POOL, seed)
        elif task.unknown:
            chosen += _unknown(index, listed, split, average, seed)
        if task.silence:
            own = [clip for clip in index.clips if clip.label == SILENCE and clip.split == split]
            chosen += own or _cut_silence(index.noise or generated_noise(), split, average, seed)
    if task.unknown and not makes_unknown and not any(clip.label == UNKNOWN for clip in chosen):
        raise CorpusError(
            "Every word of the corpus is listed, so none is left for _unknown_. List fewer words, or leave that class out."
        )
    return tuple(chosen)


def held_out_words(index: Index, task: Task) -> set[str]:
    """The other words without training clips, held out to measure the rejection of new words.

    Those that the task names, else a fifth of the words that are not listed, independent of the seed; none if there are
    fewer than five.
    """
    if task.unknown and task.held_out and UNKNOWN not in index.labels:
        return set(index.labels) & set(task.held_out)
    others = sorted(set(index.labels) - set(task.classes), key=lambda word: _shuffled(0, word))
    if not task.unknown or UNKNOWN in index.labels or len(others) < _FEWEST_OTHER_WORDS:
        return set()
    return set(others[: round(_HELD_OUT * len(others))])


def evaluation_clips(
    index: Index, task: Task, split: str, seed: int, *, generate_noise: bool = False
) -> tuple[list[Clip], list[Skipped]]:
    """Select every clip of one split, or of "all", labelled with the task's classes.

    Other labels count as `_unknown_` if the task has that class, else they are skipped with a reason. If the task has
    `_silence_` and the corpus has no clips of it, as many as a word has on average are cut from the corpus' noise.

    Args:
        generate_noise: generate noise if the corpus has none.
    """
    clips: list[Clip] = []
    skipped: list[Skipped] = []
    classes = set(task.classes)
    for one in SPLITS if split == "all" else [one for one in SPLITS if one == split]:
        here = []
        for clip in index.clips:
            if clip.split != one:
                continue
            if clip.label in classes:
                here.append(clip)
            elif task.unknown:
                here.append(replace(clip, label=UNKNOWN, word=clip.label))
            else:
                skipped.append(
                    Skipped(
                        clip.path, f"The network does not know the label '{clip.label}' and has no class _unknown_."
                    )
                )
        noise = index.noise or (generated_noise() if generate_noise else ())
        if task.silence and noise and SILENCE not in index.labels:
            here += _cut_silence(
                noise, one, _average([clip for clip in here if clip.label in task.labels], one, task), seed
            )
        clips += here
    return clips, skipped


def _average(clips: Sequence[Clip], split: Split, task: Task) -> int:
    """Clips of a word in this split on average, rounded up."""
    here = sum(clip.split == split for clip in clips)
    return -(-here // max(1, len(task.labels)))


def _unknown(index: Index, left_out: set[str], split: Split, wanted: int, seed: int) -> list[Clip]:
    own = [clip for clip in index.clips if clip.label == UNKNOWN and clip.split == split]
    if own:
        return own
    by_word: dict[str, list[Clip]] = {}
    for clip in index.clips:
        if clip.split == split and clip.label not in left_out and clip.label != SILENCE:
            by_word.setdefault(clip.label, []).append(clip)
    # each word's clips in an order of their own, then one of each word in turn
    ranked: list[tuple[int, str, Clip]] = []
    for word, clips in by_word.items():
        clips.sort(key=lambda clip: _shuffled(seed, f"{clip.label}/{clip.path.name}"))
        ranked += [(place, _shuffled(seed, f"{word} {place}"), clip) for place, clip in enumerate(clips)]
    ranked.sort(key=lambda row: row[:2])
    return [replace(clip, label=UNKNOWN, word=clip.label) for _, _, clip in ranked[:wanted]]


def _shuffled(seed: int, text: str) -> str:
    return hashlib.blake2b(f"{seed} {text}".encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def noise_stretch(split: Split) -> tuple[float, float]:
    """Beginning and end of a split's part of a noise recording, as shares of its length."""
    return _NOISE_PARTS[split]


def _cut_silence(noise: Sequence[Path], split: Split, wanted: int, seed: int) -> list[Clip]:
    recordings = []
    for path in noise:
        try:
            with open_sound(AudioSource(path)) as sound:
                seconds = sound.seconds
            digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        except (OSError, AudioError) as error:
            raise CorpusError(f"The noise recording {path} cannot be read. {error} Replace or remove it.") from error
        recordings.append((path, seconds, digest))
    low, high = _NOISE_PARTS[split]
    random = np.random.default_rng([seed, SPLITS.index(split)])
    clips = []
    for number in range(wanted):
        path, seconds, digest = recordings[number % len(recordings)]
        length = min(_STRETCH, (high - low) * seconds)
        start = random.uniform(low * seconds, max(low * seconds, high * seconds - length))
        gain = 0.0 if number % _DIGITAL_SILENCE == 0 else random.uniform(0, 1)
        clips.append(Clip(path, SILENCE, split, length, None, digest, round(start, 4), round(gain, 4), whole=False))
    return clips
