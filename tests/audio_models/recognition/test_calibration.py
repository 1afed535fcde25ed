"""Temperature and threshold, on probabilities whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.recognition.calibration import (
    HIGHEST,
    LOWEST,
    MOST_LOST,
    REJECTED,
    accepted_scores,
    apply_temperature,
    fit_temperature,
    fit_temperature_to_few,
    fit_threshold,
    fit_threshold_by_accuracy,
    fit_threshold_to_few,
    threshold_for,
)


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


def test_a_few_clips_that_are_all_right_do_not_make_a_network_sure_of_everything() -> None:
    clips = _softmax(np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]] * 8))
    classes = np.array([0, 1] * 8)
    other = _softmax(np.tile([[3.0, 0.0, 1.0], [0.0, 0.0, 2.0], [0.0, 0.0, 2.0]], (20, 1)))
    assert fit_temperature(clips, classes) == pytest.approx(0.2, abs=0.01), "the coldest there is"
    assert fit_temperature_to_few(clips, classes, other, unknown=2) > 0.7


def test_the_answer_stays_and_the_shares_sum_to_one() -> None:
    shares = _softmax(np.random.default_rng(1).normal(0, 3, (500, 7)))
    scaled = apply_temperature(shares, 1.7)
    np.testing.assert_array_equal(scaled.argmax(axis=1), shares.argmax(axis=1))
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    np.testing.assert_allclose(apply_temperature(shares, 1.0), shares, atol=1e-5)


def test_without_other_sound_the_threshold_is_where_95_of_100_answers_are_right() -> None:
    confidences = np.linspace(0.3, 1.0, 701)
    correct = confidences >= 0.6  # all right from 0.6 on, all wrong below
    # 401 right ones may have 21 wrong ones beside them: 0.6 - 0.021
    assert fit_threshold_by_accuracy(confidences, correct) == pytest.approx(0.579, abs=0.002)


def test_that_threshold_has_bounds() -> None:
    confidences = np.linspace(0.2, 1.0, 100)
    assert fit_threshold_by_accuracy(confidences, np.ones(100, bool)) == 0.5, "below it, likelier wrong than right"
    assert fit_threshold_by_accuracy(confidences, np.zeros(100, bool)) == 0.7


def test_the_threshold_rejects_19_of_20_other_sounds() -> None:
    own = np.full(100, 0.99)
    other = np.concatenate([np.zeros(900), np.arange(100) / 100])  # 100 of 1,000 are taken for a word
    threshold = fit_threshold(own, other)
    assert 0.5 == LOWEST <= threshold, "0.5 rejects 95 already"
    assert (other[other > 0] >= threshold).sum() == 50
    other = np.concatenate([np.zeros(900), np.full(50, 0.6), np.full(50, 0.8)])
    assert 0.6 < fit_threshold(own, other) < 0.6001, "one less, and half of those at 0.6 were too many"
    assert fit_threshold(own, np.concatenate([np.zeros(940), np.full(60, 0.8)])) == pytest.approx(0.8)
    assert fit_threshold(own, np.full(1000, 0.95)) == HIGHEST


def test_the_threshold_costs_two_of_a_hundred_own_words_at_most() -> None:
    own = np.concatenate([np.zeros(10), np.linspace(0.6, 0.95, 90)])  # ten are wrong without a threshold
    threshold = fit_threshold(own, np.full(50, 0.85))
    assert threshold == pytest.approx(0.6 + 2 * 0.35 / 89)
    assert (own >= threshold).sum() == 88
    weak = np.linspace(0.2, 0.9, 100)
    assert (weak >= fit_threshold(weak, np.zeros(50))).sum() == 98, "nor for the sake of 0.5"
    assert fit_threshold(np.zeros(20), np.full(50, 0.8)) == pytest.approx(0.8), "there is nothing to lose"


@given(
    own=st.lists(st.floats(0, 1), min_size=1, max_size=60),
    other=st.lists(st.floats(0, 1), min_size=1, max_size=60),
    more=st.floats(0, 1),
)
def test_louder_other_sound_never_lowers_the_threshold(own: list[float], other: list[float], more: float) -> None:
    scores, sounds = np.array(own), np.array(other)
    threshold = fit_threshold(scores, sounds)
    assert 0 <= threshold <= HIGHEST
    assert ((scores > 0) & (scores < threshold)).sum() <= MOST_LOST * len(scores) + 1e-9
    if threshold < min(HIGHEST, fit_threshold(scores, np.ones(1))):
        assert (sounds < threshold).sum() >= REJECTED * len(sounds) - 1e-9
    assert fit_threshold(scores, np.maximum(sounds, more)) >= threshold


def test_what_is_not_a_word_has_no_score() -> None:
    words = np.array([True, True, False, False])
    shares = np.array([[0.7, 0.1, 0.1, 0.1], [0.2, 0.3, 0.4, 0.1], [0.1, 0.2, 0.1, 0.6], [0.2, 0.4, 0.3, 0.1]])
    np.testing.assert_allclose(accepted_scores(shares, words), [0.7, 0, 0, 0.4])


def test_a_network_s_threshold_comes_from_its_other_words_and_other_sound() -> None:
    labels = ("on", "off", "_unknown_", "_silence_")
    own = np.tile([0.9, 0.04, 0.03, 0.03], (50, 1))
    unknown = np.tile([0.6, 0.2, 0.1, 0.1], (50, 1))
    shares, classes = np.concatenate([own, unknown]), np.repeat([0, 2], 50)
    assert threshold_for(labels, shares, classes) == pytest.approx(0.6)
    speech = np.tile([0.1, 0.8, 0.05, 0.05], (10, 1))
    assert threshold_for(labels, shares, classes, speech) == pytest.approx(0.8), "a tenth and more of all is at 0.8"
    assert threshold_for(labels, own, np.zeros(50, int)) == 0.7, "nothing to reject: by accuracy"
    assert threshold_for(labels, own, np.zeros(50, int), speech) == pytest.approx(0.8)


def test_the_threshold_for_a_few_clips_of_one_voice_is_high_unless_that_loses_many() -> None:
    """At the lowest that rejects synthetic words, the same voice's other words were taken for its own."""
    others = np.zeros(100)
    assert fit_threshold_to_few(np.full(15, 0.99), others) == 0.8
    own = np.array([0.3, 0.5, 0.6, 0.75, *np.full(11, 0.99)])
    assert fit_threshold_to_few(own, others) == 0.75, "three of fifteen may be lost, as the stored network is surer"
    assert fit_threshold_to_few(np.concatenate([own, np.full(35, 0.6)]), others) == 0.6, "of fifty at most five"
    near = np.concatenate([others, np.full(20, 0.85)])
    assert fit_threshold_to_few(np.full(15, 0.99), near) == pytest.approx(0.85, abs=1e-6)
    assert fit_threshold_to_few(np.full(15, 0.6), near) == 0.6, "rather lets others in than loses its words"
    assert fit_threshold_to_few(np.full(15, 0.2), near) == 0.5
