"""Assign clips to training, validation and test. Every rule is deterministic and independent of the clips' order."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from data.corpus import SILENCE, Clip, Split
from data.errors import CorpusError

SplitBy = Literal["lists", "speaker", "clip"]

_LARGEST_BUCKET = 2**27 - 1  # MAX_NUM_WAVS_PER_CLASS in the README of Speech Commands
_SHARE = 0.1  # of the clips, for validation and for test each


def check_rule(split_by: str | None) -> str | None:
    """Return `split_by`; None lets the corpus choose its rule.

    Raises:
        CorpusError: there is no such rule.
    """
    if split_by not in (None, *get_args(SplitBy)):
        raise CorpusError(f"The splits cannot be made by '{split_by}'; choose one of {', '.join(get_args(SplitBy))}.")
    return split_by


def split_by_hash(speaker: str, validation_percent: float = 10, testing_percent: float = 10) -> Split:
    """Assign a speaker by the rule in the README of Speech Commands.

    The SHA-1 of the speaker's name decides, so a speaker's split does not change when clips or speakers are added.
    """
    bucket = int(hashlib.sha1(speaker.encode()).hexdigest(), 16) % (_LARGEST_BUCKET + 1)
    percent = bucket * 100 / _LARGEST_BUCKET
    if percent < validation_percent:
        return "validation"
    if percent < validation_percent + testing_percent:
        return "test"
    return "training"


def split_by_speaker(clips_of: Mapping[str, float], share: float = _SHARE) -> dict[str, Split]:
    """Assign whole speakers.

    Speakers are sorted by a hash of their names: the first are for test, up to `share` of the clips, the next for
    validation, the rest for training. With three or more speakers no split is empty; with two there is no test split, with one only
    training.

    Args:
        clips_of: number of clips of each speaker, or any other measure of how much there is of each.
        share: of all clips, for test and for validation each.
    """
    order = sorted(clips_of, key=_hash)
    wanted = share * sum(clips_of.values())
    splits: dict[str, Split] = {}
    reserved: list[Split] = ["test", "validation"] if len(order) > 2 else ["validation"]
    rest = iter(order)
    left = len(order)
    for place, split in enumerate(reserved):
        held = 0.0
        # as many speakers must be left as there are splits after this one
        while left > len(reserved) - place and held < wanted:
            speaker = next(rest)
            splits[speaker] = split
            held += clips_of[speaker]
            left -= 1
    for speaker in rest:
        splits[speaker] = "training"
    return splits


@dataclass(frozen=True, slots=True)
class Splittable:
    """A clip that is assigned by itself.

    Attributes:
        label: its label.
        name: text whose hash decides its split; unique within the label.
        sound: its `sound_digest`; copies share it. "" if unknown.
    """

    label: str
    name: str
    sound: str = ""


def split_by_clip(clips: Sequence[Splittable]) -> list[Split]:
    """Assign clip by clip: a tenth of each label's recordings to test and to validation, at least one of three or more.

    Copies of a recording go to the same split, even with different labels. Copies of silence are not looked for.
    """
    by_label: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for position, clip in enumerate(clips):
        is_known = clip.sound and clip.label != SILENCE
        by_label[clip.label][f"sound {clip.sound}" if is_known else f"clip {position}"].append(position)
    split_of: dict[str, Split] = {}  # of a recording
    splits: list[Split] = ["training"] * len(clips)
    for label in sorted(by_label):
        recordings = by_label[label]
        order = sorted(
            recordings, key=lambda one: min((_hash(clips[at].name), clips[at].name) for at in recordings[one])
        )
        held = max(1, round(_SHARE * len(order))) if len(order) >= 3 else 0
        waiting = [one for one in order if one not in split_of]
        there = Counter(split_of[one] for one in order if one in split_of)  # copies under an earlier label
        for_test, for_validation = max(0, held - there["test"]), max(0, held - there["validation"])
        split_of.update(dict.fromkeys(waiting, "training"))
        split_of.update(dict.fromkeys(waiting[:for_test], "test"))
        split_of.update(dict.fromkeys(waiting[for_test : for_test + for_validation], "validation"))
        for one, positions in recordings.items():
            for position in positions:
                splits[position] = split_of[one]
    return splits


def splits_by_speaker(speakers: Sequence[str]) -> tuple[list[Split], str]:
    """Split clips by speaker (`split_by_speaker`); return the splits and the rule in one sentence.

    Args:
        speakers: the speaker of each clip.
    """
    split_of = split_by_speaker(Counter(speakers))
    rule = "No speaker appears in two splits; about a tenth of the clips each for validation and test."
    return [split_of[speaker] for speaker in speakers], rule


def splits_by_clip(clips: Sequence[Splittable]) -> tuple[list[Split], str]:
    """Split clip by clip (`split_by_clip`); return the splits and the rule in one sentence."""
    return split_by_clip(clips), "Clip by clip: a tenth of each word for validation and for test."


def is_speaker_disjoint(clips: Iterable[Clip]) -> bool | None:
    """Whether no speaker is in two splits; None if a clip has no speaker."""
    split_of: dict[str, Split] = {}
    disjoint = True
    for clip in clips:
        if clip.speaker is None:
            return None
        disjoint &= split_of.setdefault(clip.speaker, clip.split) == clip.split
    return disjoint


def has_every_split(splits: Iterable[Split]) -> bool:
    """Whether no split is empty."""
    return len(Counter(splits)) == 3


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest()
