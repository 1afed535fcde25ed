"""Temperature and threshold, on probabilities whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from audio_models.recognition.calibration import apply_temperature, fit_temperature, fit_threshold


def _softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_a_network_that_is_off_by_a_factor_is_found(temperature: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (40_000, 5))
    truth = _softmax(logits)
    classes = np.array([random.choice(5, p=row / row.sum()) for row in truth.astype(np.float64)])
    assert fit_temperature(_softmax(logits * temperature), classes) == pytest.approx(temperature, rel=0.05)


def test_the_answer_stays_and_the_shares_sum_to_one() -> None:
    shares = _softmax(np.random.default_rng(1).normal(0, 3, (500, 7)))
    scaled = apply_temperature(shares, 1.7)
    np.testing.assert_array_equal(scaled.argmax(axis=1), shares.argmax(axis=1))
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    np.testing.assert_allclose(apply_temperature(shares, 1.0), shares, atol=1e-5)


def test_the_threshold_is_where_95_of_100_answers_are_right() -> None:
    confidences = np.linspace(0.3, 1.0, 701)
    correct = confidences >= 0.6  # all right from 0.6 on, all wrong below
    # 401 right ones may have 21 wrong ones beside them: 0.6 - 0.021
    assert fit_threshold(confidences, correct) == pytest.approx(0.579, abs=0.002)


def test_the_threshold_has_bounds() -> None:
    confidences = np.linspace(0.2, 1.0, 100)
    assert fit_threshold(confidences, np.ones(100, bool)) == 0.5, "below it an answer is as likely wrong as right"
    assert fit_threshold(confidences, np.zeros(100, bool)) == 0.7
