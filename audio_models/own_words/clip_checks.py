"""Find possible problems in a user's own clips: too quiet, cut off, duplicated, unusually long.

Findings are shown and never acted on: a clip that looks odd may be intended. They need only what `clip_measures`
measured when a clip was added; `label_errors` finds clips that sound like another word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np

from audio_models.own_words.clip_measures import FLOOR_DB, RISE_DB

Kind = Literal["quiet", "clipped", "silent", "cut_off", "long", "short", "duplicate", "unlike"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_SILENT_DB = -60.0
_FAINT_DB = -40.0  # a faint noise, steady throughout, is silence; a loud one may be a hum to learn
_QUIET_DB = -40.0
_QUIETER_DB, _FAIRLY_QUIET_DB = 18.0, -30.0  # below the other clips, and not loud in itself either
_CLIPPED_SECONDS = 0.002  # one clip in fifty of Speech Commands; less is inaudible
_EDGE_DB, _EDGE_RISE_DB = 6.0, 15.0  # a tightly cut clip begins abruptly too, but rarely at its loudest
_LONG, _LONG_SECONDS, _TOO_LONG_SECONDS = 3.0, 2.0, 5.0
_SHORT, _SHORT_SECONDS, _TOO_SHORT_SECONDS = 1 / 3, 0.25, 0.1
_ENOUGH = 3  # clips of a word before its median counts


class Checked(Protocol):
    """A clip with the measures taken when it was added.

    Attributes:
        id: unique among the clips.
        label: its word.
        speaker: None if unknown.
        seconds: its length [s].
        sound: see `sound_digest`.
        measures: see `measure`.
    """

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def speaker(self) -> str | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def sound(self) -> str: ...
    @property
    def measures(self) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class Finding:
    """A possible problem.

    Attributes:
        id: of the clip.
        kind: its kind.
        text: description, with what to do.
        other: ids of the clips to compare it with.
    """

    id: str
    kind: Kind
    text: str
    other: tuple[str, ...] = ()


def findings(clips: Sequence[Checked]) -> list[Finding]:
    """Find possible problems of clips from their measures, in the order of the clips.

    A clip is checked by itself and against the others: against the level of all, and the length of those of its word.
    """
    usual = _Usual(clips)
    found = _duplicates(clips)
    for clip in clips:
        found += [Finding(clip.id, kind, text) for kind, text in _alone(clip, usual)]
    place = {clip.id: position for position, clip in enumerate(clips)}
    return sorted(found, key=lambda one: (place[one.id], KINDS.index(one.kind)))


class _Usual:
    """The median level of all clips [dB], and the median length of each word's [s]."""

    def __init__(self, clips: Sequence[Checked]) -> None:
        self.loudest = _median(_measured(clip, "loudest") for clip in clips)
        by_word = defaultdict(list)
        for clip in clips:
            by_word[clip.label].append(clip.seconds)
        self.seconds = {word: _median(seconds) for word, seconds in by_word.items()}


def _alone(clip: Checked, usual: _Usual) -> list[tuple[Kind, str]]:
    """Check one clip. A measure that was not taken is NaN and finds nothing."""
    loudest = _measured(clip, "loudest")
    rise = loudest - _measured(clip, "noise")
    edges = min(_measured(clip, "starts"), _measured(clip, "ends"))
    found: list[tuple[Kind, str]] = []
    if loudest < _SILENT_DB or (loudest < _FAINT_DB and rise < RISE_DB and edges > -RISE_DB):
        # the other checks would only repeat it
        found.append(("silent", "Silent. Check the microphone and record it again."))
    else:
        if loudest < _QUIET_DB or (loudest < _FAIRLY_QUIET_DB and usual.loudest - loudest > _QUIETER_DB):
            found.append(("quiet", f"Too quiet: at most {loudest:.0f} dB. Speak closer to the microphone."))
        if _measured(clip, "clipped") >= _CLIPPED_SECONDS:
            found.append(
                (
                    "clipped",
                    "Clipped: too loud. Speak further from the microphone or turn it down.",
                )
            )
        cut = [
            where
            for where, name in (("beginning", "starts"), ("end", "ends"))
            if _measured(clip, name) > -_EDGE_DB and rise > _EDGE_RISE_DB
        ]
        if cut:
            found.append(
                (
                    "cut_off",
                    f"Cut off at the {' and the '.join(cut)}: part of the word may be missing. "
                    "Leave a short pause before and after.",
                )
            )
    seconds = usual.seconds[clip.label]
    if clip.seconds > _TOO_LONG_SECONDS or (clip.seconds > _LONG_SECONDS and clip.seconds > _LONG * seconds):
        found.append(("long", f"Long: {clip.seconds:.1f} s{_usually(seconds)}. Cut out the word."))
    if clip.seconds < _TOO_SHORT_SECONDS or (clip.seconds < _SHORT_SECONDS and clip.seconds < _SHORT * seconds):
        found.append(("short", f"Short: {clip.seconds:.2f} s{_usually(seconds)}. Check that the whole word is in it."))
    return found


def _usually(seconds: float) -> str:
    return f"; clips of this word usually last {seconds:.1f} s" if np.isfinite(seconds) else ""


def _duplicates(clips: Sequence[Checked]) -> list[Finding]:
    """Find clips with the same sound: all but the first of a word, and all of them if their words differ."""
    alike: dict[str, list[Checked]] = defaultdict(list)
    for clip in clips:
        if clip.sound and _measured(clip, "peak") != FLOOR_DB:  # all silent clips are alike
            alike[clip.sound].append(clip)
    found = []
    for group in alike.values():
        words = list(dict.fromkeys(clip.label for clip in group))
        for place, clip in enumerate(group):
            elsewhere = [word for word in words if word != clip.label]
            other = tuple(one.id for one in group if one is not clip)
            if elsewhere:
                text = f"Duplicate: the same recording is also labelled {_quoted(elsewhere)}. Keep the right one."
            elif place:
                text = f"Duplicate: the same recording is already in {_quoted(words)}. Delete one of them."
            else:
                continue
            found.append(Finding(clip.id, "duplicate", text, other))
    return found


def _quoted(words: Sequence[str]) -> str:
    return " and ".join(f"“{word}”" for word in words)


def _measured(clip: Checked, name: str) -> float:
    """Return a measure; NaN, for which every comparison is false, if it was not taken."""
    return clip.measures.get(name, float("nan"))


def _median(values: Iterable[float]) -> float:
    """Return the median of the finite values; NaN if there are too few."""
    there = [value for value in values if np.isfinite(value)]
    return float(np.median(there)) if len(there) >= _ENOUGH else float("nan")
