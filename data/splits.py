"""Which side a clip is on: training, validation or test. Every rule is deterministic and independent of order."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from data.corpus import Clip, Split

_LARGEST_BUCKET = 2**27 - 1  # MAX_NUM_WAVS_PER_CLASS in the README of Speech Commands
_SHARE = 0.1  # of the clips, for validation and for test each


def split_by_hash(speaker: str, validation_percent: float = 10, testing_percent: float = 10) -> Split:
    """The side of a speaker after the rule that Speech Commands publishes in its README.

    The SHA-1 of the speaker's name, taken as a number, decides; so a speaker stays where they are when clips or
    speakers are added.
    """
    bucket = int(hashlib.sha1(speaker.encode()).hexdigest(), 16) % (_LARGEST_BUCKET + 1)
    percent = bucket * 100 / _LARGEST_BUCKET
    if percent < validation_percent:
        return "validation"
    if percent < validation_percent + testing_percent:
        return "test"
    return "training"


def split_by_speaker(clips_of: Mapping[str, int]) -> dict[str, Split]:
    """A side for each speaker, no speaker on two.

    Speakers are taken in the order of a hash of their names; the first ones go to test until it holds a tenth of the
    clips, the next to validation, the rest to training. With three or more speakers no side is empty; with two there
    is no test side, with one there is training alone.

    Args:
        clips_of: how many clips each speaker has.
    """
    order = sorted(clips_of, key=_hash)
    wanted = _SHARE * sum(clips_of.values())
    splits: dict[str, Split] = {}
    kept_back: list[Split] = ["test", "validation"] if len(order) > 2 else ["validation"]
    rest = iter(order)
    left = len(order)
    for place, split in enumerate(kept_back):
        held = 0
        # as many speakers must be left as there are sides after this one
        while left > len(kept_back) - place and held < wanted:
            speaker = next(rest)
            splits[speaker] = split
            held += clips_of[speaker]
            left -= 1
    for speaker in rest:
        splits[speaker] = "training"
    return splits


def split_by_clip(names: Sequence[tuple[str, str]]) -> list[Split]:
    """A side for each clip: of each label a tenth for test and validation each, at least one from three clips on.

    Args:
        names: label and file name of each clip; together they tell clips apart.
    """
    by_label: dict[str, list[int]] = defaultdict(list)
    for position, (label, _) in enumerate(names):
        by_label[label].append(position)
    splits: list[Split] = ["training"] * len(names)
    for positions in by_label.values():
        positions.sort(key=lambda position: (_hash("/".join(names[position])), names[position]))
        held = max(1, round(_SHARE * len(positions))) if len(positions) >= 3 else 0
        for position in positions[:held]:
            splits[position] = "test"
        for position in positions[held : 2 * held]:
            splits[position] = "validation"
    return splits


def splits_by_speaker(speakers: Sequence[str]) -> tuple[list[Split], str]:
    """The side of each clip by its speaker (`split_by_speaker`), and the rule in one sentence.

    Args:
        speakers: who speaks in each clip.
    """
    split_of = split_by_speaker(Counter(speakers))
    rule = "Each speaker is on one side only, about a tenth of the clips for validation and for test each."
    return [split_of[speaker] for speaker in speakers], rule


def splits_by_clip(names: Sequence[tuple[str, str]]) -> tuple[list[Split], str]:
    """The side of each clip by itself (`split_by_clip`), and the rule in one sentence."""
    return split_by_clip(names), "Clip by clip: of each word a tenth for validation and for test each."


def is_speaker_disjoint(clips: Iterable[Clip]) -> bool | None:
    """Whether no speaker is on two sides; None where not every clip has a speaker."""
    split_of: dict[str, Split] = {}
    disjoint = True
    for clip in clips:
        if clip.speaker is None:
            return None
        disjoint &= split_of.setdefault(clip.speaker, clip.split) == clip.split
    return disjoint


def has_every_split(splits: Iterable[Split]) -> bool:
    """Whether no side is empty."""
    return len(Counter(splits)) == 3


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest()
