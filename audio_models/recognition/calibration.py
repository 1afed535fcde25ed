"""Calibrate confidence, so that of the answers with 80 % confidence 80 % are right, and choose the confidence that a word needs.

Temperature and threshold are fitted on validation clips and stored with the network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from data.corpus import SILENCE, UNKNOWN

_COLDEST, _HOTTEST = 0.2, 5.0
REJECTED = 0.95
"""Share of the other sound that the threshold rejects."""
MOST_LOST = 0.02
"""Share of the own words that the threshold may cost."""
LOWEST, HIGHEST = 0.5, 0.9
"""Below the first, an answer is likelier wrong than right; above the second, a few validation clips would decide."""
_LOWEST_FOR_FEW, _CLIPS_LOST_OF_FEW, _MOST_LOST_OF_FEW = 0.8, 3, 0.1
_WANTED, _MOST_WANTED = 0.95, 0.7


def fit_temperature(probabilities: NDArray[np.float32], classes: NDArray[np.int64]) -> float:
    """Fit the temperature T of softmax(logits / T) by minimum cross-entropy (Guo et al. 2017).

    Args:
        probabilities: (clips, labels), softmax of the logits.
        classes: (clips,) the true ones.

    Returns:
        between 0.2 and 5; above 1 the network was overconfident.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-12))

    def cross_entropy(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        normaliser = np.log(np.exp(scaled).sum(axis=1))
        return float((normaliser - scaled[np.arange(len(classes)), classes]).mean())

    found = minimize_scalar(cross_entropy, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def fit_temperature_to_few(
    probabilities: NDArray[np.float32], classes: NDArray[np.int64], other: NDArray[np.float32], unknown: int
) -> float:
    """Fit the temperature on a few clips and on other sound: clips alone, all right, would make it sure of everything.

    Args:
        probabilities, classes: of the clips, see `fit_temperature`.
        other: of other sound, (sounds, labels).
        unknown: index of `_unknown_`, the right answer to it.
    """
    return fit_temperature(
        np.concatenate([probabilities, other]), np.concatenate([classes, np.full(len(other), unknown, np.int64)])
    )


def apply_temperature(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Compute softmax(logits / temperature) from softmax(logits), (clips, labels)."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-12)) / temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return scaled


def threshold_for(
    labels: Sequence[str],
    probabilities: NDArray[np.float64],
    classes: NDArray[np.int64],
    other: NDArray[np.floating[Any]] | None = None,
    *,
    few: bool = False,
) -> float:
    """Fit the threshold of a network on validation clips, and on other sound if there is any.

    Args:
        labels: in the network's order.
        probabilities: of the validation clips, (clips, labels).
        classes: the true ones, (clips,).
        other: of other sound without its words, (sounds, labels); in addition to the validation clips of `_unknown_`.
        few: whether there are only a few clips of one voice, see `fit_threshold_to_few`.
    """
    words = np.array([label not in (UNKNOWN, SILENCE) for label in labels])
    is_right = probabilities.argmax(axis=1) == classes
    is_other = np.array([label == UNKNOWN for label in labels])[classes]
    scores = accepted_scores(probabilities, words)
    others = np.concatenate([scores[is_other], *([accepted_scores(other, words)] if other is not None else [])])
    if not len(others):
        return fit_threshold_by_accuracy(probabilities.max(axis=1), is_right)
    fit = fit_threshold_to_few if few else fit_threshold
    return fit(np.where(is_right, scores, 0.0)[words[classes]], others)


def accepted_scores(probabilities: NDArray[np.floating[Any]], words: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How strongly each sound is taken for a word: the confidence of its answer, or 0 if the answer is no word.

    A sound is accepted at a threshold if its score reaches it, and is not 0.

    Args:
        probabilities: (clips, labels).
        words: (labels,) whether a label is a word, not `_unknown_` or `_silence_`.
    """
    scores: NDArray[np.float64] = np.where(words[probabilities.argmax(axis=1)], probabilities.max(axis=1), 0.0).astype(
        np.float64
    )
    return scores


def fit_threshold(own: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Fit the confidence that a word needs, so that other sound is rejected.

    The lowest threshold that rejects `REJECTED` of the other sound, but not so high that more than `MOST_LOST` of the own
    words are lost, nor above `HIGHEST`; at least `LOWEST`, unless that loses more.

    Args:
        own: (clips,) of each clip of a word, the confidence of the answer if it is that word, else 0.
        other: (sounds,) of everything else, see `accepted_scores`.
    """
    return min(max(_rejecting(other), LOWEST), _losing(own, MOST_LOST), HIGHEST)


def fit_threshold_to_few(own: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Fit the threshold to a few clips of one voice, and other sound that others say.

    Other words by the same voice come nearer to its words than what others say, and there are none to fit to. So the
    threshold is at least `_LOWEST_FOR_FEW`, unless that loses more than `_MOST_LOST_OF_FEW` of the own words, or
    `_CLIPS_LOST_OF_FEW` of very few: their answers are those of networks that learned from fewer clips than the one that is
    stored, which is surer.

    Args:
        own, other: see `fit_threshold`.
    """
    lost = max(_MOST_LOST_OF_FEW, _CLIPS_LOST_OF_FEW / max(len(own), 1))
    return min(max(_rejecting(other), _LOWEST_FOR_FEW), max(_losing(own, lost), LOWEST), HIGHEST)


def _rejecting(other: NDArray[np.float64]) -> float:
    """The lowest threshold below which the score of `REJECTED` of the other sound lies."""
    if not len(other):
        return 0.0
    accepted = math.floor(round((1 - REJECTED) * len(other), 6))  # sounds that may be accepted
    highest_rejected = np.sort(other)[len(other) - accepted - 1]
    return float(np.nextafter(highest_rejected, 2.0)) if highest_rejected else 0.0


def _losing(own: NDArray[np.float64], most: float) -> float:
    """The highest threshold that loses no more than a share of the own words."""
    right = np.sort(own[own > 0])
    lost = math.floor(round(most * len(own), 6))  # words that may be lost
    return float(right[lost]) if lost < len(right) else 1.0


def fit_threshold_by_accuracy(confidences: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Fit the confidence that a word needs where there is no other sound to reject.

    The lowest confidence above which 95 % of the answers are right, but at least 0.5, where an answer is as likely wrong
    as right, and at most 0.7, above which a weak network would hardly answer at all.
    """
    order = np.argsort(-confidences)
    right = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(right >= _WANTED)
    lowest = float(confidences[order[good[-1]]]) if len(good) else _MOST_WANTED
    return float(np.clip(lowest, LOWEST, _MOST_WANTED))
