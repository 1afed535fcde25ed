"""How well a network tells its own words from all else, at one threshold and over all of them.

A clip of its own words is accepted if the answer is that word and its confidence reaches the threshold; any other sound
is rejected unless the answer is a word whose confidence reaches it. Both figures at the same threshold, since either alone
can be had by giving up the other (open-set recognition, Scheirer et al. 2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from audio_models.recognition import metrics
from audio_models.recognition.evaluation_result import SYNTHETIC_WORDS, ClipPrediction, Evaluation
from audio_models.recognition.metrics import Interval
from data.corpus import SILENCE, UNKNOWN, Clip
from data.phrases import percent, plural

NEVER_LEARNED = "words it never learned"
"""The title of a group."""

_MOST_POINTS = 100  # of a curve


@dataclass(frozen=True)
class Rate:
    """A count of clips, and the 95 % interval of its share."""

    hits: int
    clips: int
    interval: Interval

    @classmethod
    def of(cls, hits: Sequence[bool], clips: Sequence[Clip]) -> Self:
        """Count the clips that are hits, at least one clip; see `metrics.accuracy_interval`."""
        interval = metrics.accuracy_interval(np.array(hits, bool), [clip.speaker for clip in clips])
        return cls(sum(hits), len(clips), interval)

    @property
    def share(self) -> float:
        return self.hits / self.clips

    @property
    def text(self) -> str:
        """Share, interval and counts in words."""
        low, high = self.interval.low, self.interval.high
        return f"{percent(self.share)} ({percent(low)} to {percent(high)}), {self.hits} of {plural(self.clips, 'clip')}"


@dataclass(frozen=True)
class Point:
    """The shares at one threshold: own words accepted and right, and other sound accepted."""

    threshold: float
    own: float
    other: float


@dataclass(frozen=True)
class Group:
    """Sound of one kind that holds none of the words.

    Attributes:
        title: what it is.
        detail: its words, or how much of it there is.
        spoken: whether it is speech, not noise.
        rejected: at the threshold.
        auroc: the chance that a word of its own is recognised and scores higher than a sound of this group, one of each
            drawn at random: the area under its curve.
    """

    title: str
    detail: str
    spoken: bool
    rejected: Rate
    auroc: float

    @property
    def name(self) -> str:
        """Title and detail."""
        return f"{self.title} ({self.detail})" if self.detail else self.title


@dataclass(frozen=True)
class Curve:
    """Own words against other speech, or against noise.

    Attributes:
        title: which of the two.
        points: over all thresholds, from the highest to the lowest.
        at_threshold: the point of the network's own threshold.
    """

    title: str
    points: list[Point]
    at_threshold: Point


@dataclass(frozen=True)
class Taken:
    """Other words that were accepted as one of the network's.

    Attributes:
        word: the word that was spoken.
        label: the word that it was taken for.
        accepted: the clips, the most confident first.
        clips: number of clips of that word.
    """

    word: str
    label: str
    accepted: list[ClipPrediction]
    clips: int


@dataclass(frozen=True)
class OpenSet:
    """The open-set figures of an evaluation.

    Attributes:
        threshold: the confidence that a word needs.
        own: clips of its words that are accepted and right.
        groups: of other sound; may be empty.
        curves: a curve for all speech among them, and one for all noise.
        taken: which words are taken for which, the most frequent first.
    """

    threshold: float
    own: Rate
    groups: list[Group]
    curves: list[Curve]
    taken: list[Taken]


def open_set(result: Evaluation) -> OpenSet | None:
    """Compute the open-set figures of an evaluation at its threshold; None if it has no clip of the words."""
    threshold = result.threshold
    own = [one for one in result.predictions if one.clip.label not in (UNKNOWN, SILENCE)]
    if not own:
        return None
    scores = np.array([one.confidence if one.correct else 0.0 for one in own])
    others = [(title, detail, spoken, found) for title, detail, spoken, found in _others(result) if found]
    groups = [
        Group(
            title,
            detail,
            spoken,
            Rate.of([not one.is_word(threshold) for one in found], [one.clip for one in found]),
            auroc(scores, _scores(found)),
        )
        for title, detail, spoken, found in others
    ]
    curves = []
    for is_speech, title in ((True, "other speech"), (False, "noise")):
        sounds = _scores([one for _, _, spoken, found in others if spoken == is_speech for one in found])
        if len(sounds):
            curves.append(Curve(title, curve(scores, sounds), _point(scores, sounds, threshold)))
    accepted = Rate.of([one.correct and one.is_word(threshold) for one in own], [one.clip for one in own])
    return OpenSet(threshold, accepted, groups, curves, _taken(result))


def as_numbers(found: OpenSet) -> dict[str, Any]:
    """The figures as JSON values, for the shell."""
    return {
        "threshold": found.threshold,
        "own_words_accepted": _numbers(found.own),
        "rejected": [
            {"group": one.title, "detail": one.detail, **_numbers(one.rejected), "auroc": one.auroc}
            for one in found.groups
        ],
        "taken_for": [
            {"word": one.word, "label": one.label, "accepted": len(one.accepted), "clips": one.clips}
            for one in found.taken
        ],
    }


def _numbers(rate: Rate) -> dict[str, Any]:
    return {"count": rate.hits, "clips": rate.clips, "share": rate.share, "interval": asdict(rate.interval)}


def _others(result: Evaluation) -> list[tuple[str, str, bool, list[ClipPrediction]]]:
    """Every group of other sound: title, detail, whether it is spoken, and the answers."""
    other = [one for one in result.predictions if one.clip.label == UNKNOWN]
    new = result.new_words if result.new_words is not None else result.rejection and result.rejection.words
    silence = [one for one in result.predictions if one.clip.label == SILENCE]
    learned = [one for one in other if one.clip.word not in (new or ())]
    unlearned = [one for one in other if one.clip.word in (new or ())]
    groups = [
        ("other words" if new is None else "other words it learned from", _words(learned), True, learned),
        (NEVER_LEARNED, _words(unlearned), True, unlearned),
        ("noise and silence", "", False, silence),
    ]
    for heard in result.other_sound:
        minutes = sum(one.clip.seconds for one in heard.predictions) / 60
        title = heard.folder if heard.folder == SYNTHETIC_WORDS else f"{heard.kind} in {heard.folder}"
        groups.append((title, f"{minutes:.1f} minutes", heard.kind == "speech", heard.predictions))
    return groups


def _words(found: Sequence[ClipPrediction]) -> str:
    return ", ".join(sorted({one.clip.word for one in found if one.clip.word}))


def _scores(found: Sequence[ClipPrediction]) -> NDArray[np.float64]:
    """How strongly each sound is taken for a word; 0 if it is not."""
    return np.array([one.confidence if one.is_word(0.0) else 0.0 for one in found])


def _accepted(scores: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    return (scores >= threshold) & (scores > 0)


def auroc(own: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The probability that a score of `own` is above one of `other`, ties counting half (Hanley and McNeil 1982)."""
    ranked = np.sort(other)
    below, up_to = np.searchsorted(ranked, own, "left"), np.searchsorted(ranked, own, "right")
    return float(((below + up_to) / 2).mean() / len(other))


def curve(own: NDArray[np.float64], other: NDArray[np.float64]) -> list[Point]:
    """The shares accepted at each threshold that changes them, from the highest down; at most a hundred of them."""
    thresholds = np.unique(np.concatenate([own, other]))
    thresholds = thresholds[thresholds > 0][::-1]
    places = np.linspace(0, len(thresholds) - 1, min(len(thresholds), _MOST_POINTS)).astype(int)
    return [_point(own, other, float(thresholds[place])) for place in places]


def _point(own: NDArray[np.float64], other: NDArray[np.float64], threshold: float) -> Point:
    return Point(threshold, float(_accepted(own, threshold).mean()), float(_accepted(other, threshold).mean()))


def _taken(result: Evaluation) -> list[Taken]:
    spoken = [one for one in result.predictions if one.clip.label == UNKNOWN]
    spoken += [one for heard in result.other_sound for one in heard.predictions]
    clips: dict[str, int] = {}
    pairs: dict[tuple[str, str], list[ClipPrediction]] = {}
    for one in spoken:
        if not one.clip.word:
            continue
        clips[one.clip.word] = clips.get(one.clip.word, 0) + 1
        if one.is_word(result.threshold):
            pairs.setdefault((one.clip.word, one.predicted), []).append(one)
    found = [
        Taken(word, label, sorted(accepted, key=lambda one: -one.confidence), clips[word])
        for (word, label), accepted in pairs.items()
    ]
    return sorted(found, key=lambda one: (-len(one.accepted), one.word, one.label))
