"""Assign clips to folds for cross-validation, whole speakers if there are several.

For each fold, a network is trained on the other folds and evaluated on this one, so every clip is answered once by a
network that was not trained on it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import TrainingError
from data.corpus import SILENCE, UNKNOWN, Clip

FEWEST_CLIPS = 5
"""Fewest clips of a word: with less it can be neither learned nor evaluated."""

_FEWEST_SPEAKERS = 3  # with two, a network would be trained on one voice and tested on the other

_MOST_OF_ONE = 0.5  # share of the clips
_CHOSEN = "The epoch and the threshold were chosen on the same answers, so the accuracy is slightly optimistic."

NEVER = -1
"""The fold of a clip that is always trained on and never evaluated: silence, which is cut from noise."""


@dataclass(frozen=True)
class Folds:
    """How the clips were assigned.

    Attributes:
        fold_of_clip: the fold of each clip, (clips,), from 0; or `NEVER`.
        count: number of folds.
        by_speaker: whether no speaker is in two folds.
        rule: description in a sentence.
    """

    fold_of_clip: NDArray[np.int64]
    count: int
    by_speaker: bool
    rule: str


def make_folds(clips: Sequence[Clip], folds: int, *, makes_unknown: bool = False) -> Folds:
    """Assign clips to folds: whole speakers where possible, else clip by clip, with each word spread evenly.

    Whole speakers need three or more known ones, none with most of the clips or the only clips of a word: too little would
    be left for training. The order of the clips does not matter. Copies of a recording stay together, and clip by clip all
    clips of another word, so that no network has learned the other words that it is tested on.

    Args:
        makes_unknown: whether training can make `_unknown_` without clips of the corpus, so that a few suffice.

    Raises:
        TrainingError: a word has fewer than five clips.
    """
    suffices = {UNKNOWN} if makes_unknown else set()
    evaluated = [place for place, clip in enumerate(clips) if clip.label != SILENCE]
    different: dict[str, set[str]] = defaultdict(set)
    for place in evaluated:
        different[clips[place].label].add(clips[place].content)
    if few := sorted(
        label for label, contents in different.items() if len(contents) < FEWEST_CLIPS and label not in suffices
    ):
        raise TrainingError(
            f"{', '.join(f'“{label}” has {len(different[label])}' for label in few[:5])} of the {FEWEST_CLIPS} different clips that each word needs. "
            "Record more, or leave that word out."
        )
    fold_of_clip = np.full(len(clips), NEVER)
    speakers = _speakers([clips[place] for place in evaluated])
    if speakers is not None:
        count = min(folds, len(speakers))
        fold_of = _deal_groups(speakers, count)
        for place in evaluated:
            fold_of_clip[place] = fold_of[str(clips[place].speaker)]
        if _every_word_is_learned([clip.label for clip in clips], fold_of_clip, suffices):
            who = "one speaker" if len(speakers) == count else "some speakers"
            rule = f"Cross-validated in {count} folds, each leaving out {who}: every clip is answered by a network that does not know its voice."
            return Folds(fold_of_clip, count, True, f"{rule} {_CHOSEN}")
    unit_of = {place: _unit(clips[place], makes_unknown) for place in evaluated}
    units: dict[str, set[str]] = defaultdict(set)
    for place in evaluated:
        units[clips[place].label].add(unit_of[place])
    place_of: dict[str, int] = {}
    for label in sorted(units):
        for unit in sorted(units[label], key=_hash):
            place_of.setdefault(unit, len(place_of))
    count = min(folds, len(place_of))
    for place in evaluated:
        fold_of_clip[place] = place_of[unit_of[place]] % count
    rule = f"Cross-validated in {count} folds: every clip is answered by a network that has not learned it, but knows its speaker."
    return Folds(fold_of_clip, count, False, f"{rule} {_CHOSEN}")


def _unit(clip: Clip, makes_unknown: bool) -> str:
    """What stays together: the copies of a recording, or all clips of another word."""
    return f"word {clip.word}" if makes_unknown and clip.label == UNKNOWN and clip.word else clip.content


def _every_word_is_learned(labels: Sequence[str], fold_of_clip: NDArray[np.int64], suffices: set[str]) -> bool:
    """Whether each word has clips outside of each fold, but for labels of which any clips suffice."""
    folds_of: dict[str, set[int]] = defaultdict(set)
    for label, fold in zip(labels, fold_of_clip.tolist(), strict=True):
        folds_of[label].add(fold)
    return all(len(folds) > 1 or NEVER in folds or label in suffices for label, folds in folds_of.items())


def _speakers(clips: Sequence[Clip]) -> Counter[str] | None:
    """Count the clips of each speaker; None if whole speakers cannot be left out."""
    clips_of: Counter[str] = Counter()
    speaker_of: dict[str, str] = {}
    for clip in clips:
        if clip.speaker is None or speaker_of.setdefault(clip.content, clip.speaker) != clip.speaker:
            return None  # the same sound with two speakers: one of them is wrong
        clips_of[clip.speaker] += 1
    enough = len(clips_of) >= _FEWEST_SPEAKERS and max(clips_of.values()) <= _MOST_OF_ONE * len(clips)
    return clips_of if enough else None


def _deal_groups(sizes: Counter[str], folds: int) -> dict[str, int]:
    """Assign each group to a fold: the largest first, each to the fold with the fewest clips."""
    held = [0] * folds
    fold_of = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], _hash(name))):
        fold = held.index(min(held))
        fold_of[name] = fold
        held[fold] += sizes[name]
    return fold_of


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest()
