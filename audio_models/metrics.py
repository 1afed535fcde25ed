"""Numbers that judge a classifier, from true and predicted classes alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.int64]

_RESAMPLES = 2000
_FEWEST_SPEAKERS = 5  # with fewer, drawing speakers anew says nothing of other speakers
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """A 95 % interval of an accuracy, and what was drawn anew for it: "speakers" or "clips"."""

    low: float
    high: float
    over: str


@dataclass(frozen=True)
class ClassScore:
    """How one label fares. `support` counts its clips; a share of nothing is 0."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class SpeakerScore:
    """How one speaker's clips fare."""

    speaker: str
    clips: int
    accuracy: float


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers of about the same confidence. `confidence` and `accuracy` are means over its clips."""

    low: float
    high: float
    clips: int
    confidence: float
    accuracy: float


def reliability(confidences: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = 10) -> list[ReliabilityBin]:
    """Answers gathered by confidence, empty bins left out; calibrated, each bin's accuracy is its confidence."""
    place = np.minimum((confidences * bins).astype(int), bins - 1)
    return [
        ReliabilityBin(
            one / bins, (one + 1) / bins, int((place == one).sum()),
            float(confidences[place == one].mean()), float(correct[place == one].mean()),
        )
        for one in np.unique(place).tolist()
    ]  # fmt: skip


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """The mean distance of confidence and accuracy over all clips (expected calibration error, Naeini et al. 2015)."""
    clips = sum(one.clips for one in bins)
    return sum(one.clips * abs(one.confidence - one.accuracy) for one in bins) / clips


def confusion_matrix(true: Classes, predicted: Classes, classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts: rows are what was said, columns what was heard."""
    return np.bincount(true * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def class_scores(confusion: NDArray[np.int64], labels: Sequence[str]) -> list[ClassScore]:
    """Precision, recall and F1 of each label."""
    hits = np.diag(confusion).astype(float)
    heard, said = confusion.sum(axis=0), confusion.sum(axis=1)
    precision = np.divide(hits, heard, out=np.zeros_like(hits), where=heard > 0)
    recall = np.divide(hits, said, out=np.zeros_like(hits), where=said > 0)
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(hits), where=both > 0)
    return [
        ClassScore(label, float(p), float(r), float(f), int(n))
        for label, p, r, f, n in zip(labels, precision, recall, f1, said, strict=True)
    ]


def speaker_scores(correct: NDArray[np.bool_], speakers: Sequence[str | None]) -> list[SpeakerScore]:
    """Accuracy of each known speaker, the lowest first."""
    by_speaker: dict[str, list[bool]] = {}
    for hit, speaker in zip(correct, speakers, strict=True):
        if speaker is not None:
            by_speaker.setdefault(speaker, []).append(bool(hit))
    scores = [SpeakerScore(speaker, len(hits), sum(hits) / len(hits)) for speaker, hits in by_speaker.items()]
    return sorted(scores, key=lambda score: (score.accuracy, -score.clips, score.speaker))


def accuracy_interval(correct: NDArray[np.bool_], speakers: Sequence[str | None]) -> Interval:
    """The 95 % interval of the accuracy.

    Clips of one speaker stand or fall together, so where five or more speakers are known, speakers are drawn anew
    (cluster bootstrap, percentiles; Efron and Tibshirani 1993, a fixed seed). Clips without a speaker (silence) are
    drawn one by one. Otherwise, and where all or no clips are right, which drawing anew cannot see beyond: Wilson's
    interval over clips (1927).
    """
    groups: dict[str, list[bool]] = {}
    for number, (hit, speaker) in enumerate(zip(correct, speakers, strict=True)):
        groups.setdefault(f"clip {number}" if speaker is None else f"speaker {speaker}", []).append(bool(hit))
    known = sum(name.startswith("speaker ") for name in groups)
    if known < _FEWEST_SPEAKERS or correct.all() or not correct.any():
        return _wilson(int(correct.sum()), len(correct))
    hits = np.array([sum(group) for group in groups.values()])
    clips = np.array([len(group) for group in groups.values()])
    random = np.random.default_rng(0)
    drawn = random.integers(len(groups), size=(_RESAMPLES, len(groups)))
    accuracies = hits[drawn].sum(axis=1) / clips[drawn].sum(axis=1)
    low, high = np.percentile(accuracies, [2.5, 97.5])
    return Interval(float(low), float(high), "speakers")


@dataclass(frozen=True)
class PairedDifference:
    """How much more often one network is right than another, on the same clips.

    Attributes:
        difference: of the accuracies.
        low, high: its 95 % interval.
        p: how often a difference at least this large would come by chance if the two were equally good.
    """

    difference: float
    low: float
    high: float
    p: float


def paired_difference(
    one: NDArray[np.bool_], other: NDArray[np.bool_], speakers: Sequence[str | None], comparisons: int = 1
) -> PairedDifference:
    """Compare two networks that heard the same clips.

    Speakers are drawn anew for the interval (cluster bootstrap), and for p the two networks' answers are exchanged at
    random for whole speakers (a permutation test; Good 2005). A clip without a speaker stands for itself.

    Args:
        one, other: (clips,), whether each clip was heard right; several trainings one after the other.
        speakers: (clips,).
        comparisons: that are made at once; the interval is widened so that all of them hold together (Bonferroni).
    """
    gained = one.astype(float) - other.astype(float)
    names = [f"clip {number}" if speaker is None else f"speaker {speaker}" for number, speaker in enumerate(speakers)]
    _, group = np.unique(names, return_inverse=True)
    gains, clips = np.bincount(group, gained), np.bincount(group)
    random = np.random.default_rng(0)
    drawn = random.integers(len(gains), size=(_RESAMPLES, len(gains)))
    tail = 2.5 / comparisons
    low, high = np.percentile(gains[drawn].sum(axis=1) / clips[drawn].sum(axis=1), [tail, 100 - tail])
    signs = random.choice([-1.0, 1.0], size=(_RESAMPLES, len(gains)))
    as_large = np.abs(signs @ gains) >= abs(gains.sum()) - 1e-9
    return PairedDifference(
        float(gained.mean()), float(low), float(high), float((as_large.sum() + 1) / (_RESAMPLES + 1))
    )


def _wilson(hits: int, clips: int) -> Interval:
    share = hits / clips
    scale = 1 + _Z95**2 / clips
    middle = (share + _Z95**2 / (2 * clips)) / scale
    reach = _Z95 / scale * np.sqrt(share * (1 - share) / clips + _Z95**2 / (4 * clips**2))
    return Interval(float(max(0.0, middle - reach)), float(min(1.0, middle + reach)), "clips")
