"""Metrics of a classifier, from true and predicted classes alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.int64]

_RESAMPLES = 2000
_FEWEST_SPEAKERS = 5  # with fewer, resampling speakers says nothing about other speakers
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval of a share or of a rate; `over` says of what it is a sample, such as "speakers" or "clips"."""

    low: float
    high: float
    over: str


@dataclass(frozen=True)
class ClassScore:
    """Scores of one label. `support` is its number of clips; a ratio with denominator 0 is 0."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class SpeakerScore:
    """Accuracy on the clips of one speaker."""

    speaker: str
    clips: int
    accuracy: float


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers of similar confidence. `confidence` and `accuracy` are means over its clips."""

    low: float
    high: float
    clips: int
    confidence: float
    accuracy: float


def reliability(confidences: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = 10) -> list[ReliabilityBin]:
    """Bin answers by confidence, without empty bins; in a calibrated network, each bin's accuracy equals its confidence."""
    place = np.minimum((confidences * bins).astype(int), bins - 1)
    return [
        ReliabilityBin(
            one / bins, (one + 1) / bins, int((place == one).sum()),
            float(confidences[place == one].mean()), float(correct[place == one].mean()),
        )
        for one in np.unique(place).tolist()
    ]  # fmt: skip


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Compute the expected calibration error: mean distance of confidence and accuracy over clips (Naeini et al. 2015)."""
    clips = sum(one.clips for one in bins)
    return sum(one.clips * abs(one.confidence - one.accuracy) for one in bins) / clips


def loss_and_accuracy(probabilities: NDArray[np.floating[Any]], classes: Classes) -> tuple[float, float]:
    """Compute cross-entropy [nat] and accuracy of probabilities (clips, labels) for true classes (clips,)."""
    of_true = probabilities[np.arange(len(classes)), classes]
    accuracy = float((probabilities.argmax(axis=1) == classes).mean())
    return float(-np.log(np.maximum(of_true, 1e-7)).mean()), accuracy


def confusion_matrix(true: Classes, predicted: Classes, classes: int) -> NDArray[np.int64]:
    """Count clips, (classes, classes): rows are true classes, columns predicted ones."""
    return np.bincount(true * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def class_scores(confusion: NDArray[np.int64], labels: Sequence[str]) -> list[ClassScore]:
    """Compute precision, recall and F1 of each label."""
    hits = np.diag(confusion).astype(float)
    predicted, support = confusion.sum(axis=0), confusion.sum(axis=1)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    recall = np.divide(hits, support, out=np.zeros_like(hits), where=support > 0)
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(hits), where=both > 0)
    return [
        ClassScore(label, float(p), float(r), float(f), int(n))
        for label, p, r, f, n in zip(labels, precision, recall, f1, support, strict=True)
    ]


def speaker_scores(correct: NDArray[np.bool_], speakers: Sequence[str | None]) -> list[SpeakerScore]:
    """Compute the accuracy of each known speaker, the lowest first."""
    by_speaker: dict[str, list[bool]] = {}
    for hit, speaker in zip(correct, speakers, strict=True):
        if speaker is not None:
            by_speaker.setdefault(speaker, []).append(bool(hit))
    scores = [SpeakerScore(speaker, len(hits), sum(hits) / len(hits)) for speaker, hits in by_speaker.items()]
    return sorted(scores, key=lambda score: (score.accuracy, -score.clips, score.speaker))


def accuracy_interval(correct: NDArray[np.bool_], speakers: Sequence[str | None]) -> Interval:
    """Compute the 95 % confidence interval of the accuracy.

    Clips of one speaker are correlated, so with five or more known speakers, speakers are resampled (cluster bootstrap,
    percentiles; Efron and Tibshirani 1993, a fixed seed). Clips without a speaker (silence) are resampled one by one.
    With fewer speakers, and where all or no clips are right, it is Wilson's interval over clips (1927).
    """
    groups: dict[str, list[bool]] = {}
    for number, (hit, speaker) in enumerate(zip(correct, speakers, strict=True)):
        groups.setdefault(f"clip {number}" if speaker is None else f"speaker {speaker}", []).append(bool(hit))
    known = sum(name.startswith("speaker ") for name in groups)
    if known < _FEWEST_SPEAKERS or correct.all() or not correct.any():
        return share_interval(int(correct.sum()), len(correct))
    hits = np.array([sum(group) for group in groups.values()])
    clips = np.array([len(group) for group in groups.values()])
    random = np.random.default_rng(0)
    drawn = random.integers(len(groups), size=(_RESAMPLES, len(groups)))
    accuracies = hits[drawn].sum(axis=1) / clips[drawn].sum(axis=1)
    low, high = np.percentile(accuracies, [2.5, 97.5])
    return Interval(float(low), float(high), "speakers")


@dataclass(frozen=True)
class PairedDifference:
    """The difference in accuracy of two networks on the same clips.

    Attributes:
        difference: of the mean accuracies.
        low, high: its 95 % confidence interval; None if it cannot be computed.
        p: probability of a difference at least this large if both were equally good; None with only one training of each,
            or hardly any clips.
    """

    difference: float
    low: float | None
    high: float | None
    p: float | None


def mean_accuracy_interval(correct: NDArray[np.bool_], speakers: Sequence[str | None]) -> Interval:
    """Compute the 95 % confidence interval of the mean accuracy of several trainings, over speakers and trainings.

    The variances of the sample of speakers and of the trainings add up (Student's t; degrees of freedom after
    Satterthwaite 1946). With fewer than five known speakers, clips take their place. Where every clip is always right, or
    always wrong, it is Wilson's interval.

    Args:
        correct: (trainings, clips), whether each answer is right.
        speakers: (clips,); a clip without one counts as a speaker of its own.
    """
    shares = correct.mean(axis=0)
    if shares.min() == shares.max():
        return share_interval(round(float(shares.sum())), len(shares))
    reach = _reach([_speaker_variance(shares, _enough(speakers)), _training_variance(correct)], 0.05)
    middle = float(shares.mean())
    over = "speakers" if any(_enough(speakers)) else "clips"
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach), over)


def paired_difference(
    one: NDArray[np.bool_], other: NDArray[np.bool_], speakers: Sequence[str | None], comparisons: int = 1
) -> PairedDifference:
    """Compare two networks on the same clips, each trained several times.

    A t-test on the differences per clip, clustered by speaker, with the variance between trainings added: without it, two
    equally good cells would seem different because one training went well (see `mean_accuracy_interval`).

    Args:
        one, other: (trainings, clips), whether each answer is right.
        speakers: (clips,).
        comparisons: number of comparisons made at once; the interval is widened for all of them to hold together (Bonferroni).
    """
    gained = one.mean(axis=0) - other.mean(axis=0)
    difference = float(gained.mean())
    if min(len(one), len(other)) < 2 or len(gained) < _FEWEST_SPEAKERS:
        return PairedDifference(difference, None, None, None)
    parts = [_speaker_variance(gained, _enough(speakers)), _training_variance(one), _training_variance(other)]
    total = sum(variance for variance, _ in parts)
    if total <= 0:
        return PairedDifference(difference, difference, difference, 1.0 if difference == 0 else 0.0)
    from scipy.special import stdtr  # takes a fifth of a second to import

    reach = _reach(parts, 0.05 / comparisons)
    p = 2 * float(stdtr(_freedom(parts), -abs(difference) / np.sqrt(total)))
    return PairedDifference(difference, difference - reach, difference + reach, p)


def sign_test(one: int, other: int) -> float:
    """Compute the p-value of two counts of outcomes that are equally likely under the null hypothesis.

    Exact and two-sided (McNemar 1947, with the binomial distribution).
    """
    clips = one + other
    if clips == 0:
        return 1.0
    tail = sum(math.comb(clips, count) for count in range(min(one, other) + 1))
    return min(1.0, 2 * tail / (1 << clips))


_Variance = tuple[float, int]
"""Variance of a mean, and its degrees of freedom."""


def _enough(speakers: Sequence[str | None]) -> Sequence[str | None]:
    """The speakers, if there are enough to generalise from; else None for each clip."""
    known = {speaker for speaker in speakers if speaker is not None}
    return speakers if len(known) >= _FEWEST_SPEAKERS else [None] * len(speakers)


def _groups(speakers: Sequence[str | None]) -> list[str]:
    return [f"clip {number}" if speaker is None else f"speaker {speaker}" for number, speaker in enumerate(speakers)]


def _speaker_variance(values: NDArray[np.floating[Any]], speakers: Sequence[str | None]) -> _Variance:
    """Variance of the mean over clips, clustered by speaker (Liang and Zeger 1986)."""
    _, group = np.unique(_groups(speakers), return_inverse=True)
    residuals = np.bincount(group, values - values.mean())
    count = len(residuals)
    return float((residuals**2).sum() / len(values) ** 2 * count / (count - 1)), count - 1


def _training_variance(correct: NDArray[np.bool_]) -> _Variance:
    """Variance of the mean over trainings."""
    accuracies = correct.mean(axis=1)
    if len(accuracies) < 2:
        return 0.0, 1
    return float(accuracies.var(ddof=1) / len(accuracies)), len(accuracies) - 1


def _freedom(parts: Sequence[_Variance]) -> float:
    total = sum(variance for variance, _ in parts)
    return total**2 / sum(variance**2 / freedom for variance, freedom in parts)


def _reach(parts: Sequence[_Variance], error: float) -> float:
    """Half the width of a confidence interval with the error rate `error`."""
    from scipy.special import stdtrit

    total = sum(variance for variance, _ in parts)
    return float(-stdtrit(_freedom(parts), error / 2) * np.sqrt(total)) if total > 0 else 0.0


def share_interval(hits: int, clips: int) -> Interval:
    """Compute the 95 % confidence interval of a share after Wilson (1927); 0 to 1 of no clips."""
    if not clips:
        return Interval(0.0, 1.0, "clips")
    share = hits / clips
    scale = 1 + _Z95**2 / clips
    middle = (share + _Z95**2 / (2 * clips)) / scale
    reach = _Z95 / scale * np.sqrt(share * (1 - share) / clips + _Z95**2 / (4 * clips**2))
    return Interval(float(max(0.0, middle - reach)), float(min(1.0, middle + reach)), "clips")


def rate_interval(events: int, hours: float) -> Interval:
    """Compute the exact 95 % confidence interval of a rate per hour from a count of independent events.

    With the quantiles of the chi-squared distribution (Garwood 1936), which are twice those of the gamma distribution:
    for no event in an hour it reaches from 0 to 3.69.

    Args:
        hours: observed, above zero [h].
    """
    from scipy.special import gammaincinv

    low = float(gammaincinv(events, 0.025)) if events else 0.0
    return Interval(low / hours, float(gammaincinv(events + 1, 0.975)) / hours, "hours")
