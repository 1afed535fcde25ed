"""Calibrate confidence: of the answers with 80 % confidence, 80 % should be right.

Temperature and threshold are fitted on validation clips and stored with the network.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

_COLDEST, _HOTTEST = 0.2, 5.0
_WANTED = 0.95
_LOWEST, _HIGHEST = 0.5, 0.7


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


def apply_temperature(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Compute softmax(logits / temperature) from softmax(logits), (clips, labels)."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-12)) / temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return scaled


def fit_threshold(confidences: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Fit the confidence below which an answer is "not sure".

    The lowest confidence above which 95 % of the answers are right, but at least 0.5, where an answer is as likely wrong
    as right, and at most 0.7, above which a weak network would hardly answer at all.
    """
    order = np.argsort(-confidences)
    right = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(right >= _WANTED)
    lowest = float(confidences[order[good[-1]]]) if len(good) else _HIGHEST
    return float(np.clip(lowest, _LOWEST, _HIGHEST))
