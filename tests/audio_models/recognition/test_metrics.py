"""Judgement: known answers, and what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_models.recognition import metrics

_pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


@given(pairs=_pairs)
def test_confusion_counts_every_clip_once(pairs: list[tuple[int, int]]) -> None:
    true, predicted = np.array(pairs).T
    confusion = metrics.confusion_matrix(true, predicted, 4)
    assert confusion.sum() == len(pairs)
    assert np.trace(confusion) == (true == predicted).sum()
    assert confusion.sum(axis=1).tolist() == np.bincount(true, minlength=4).tolist()


@given(pairs=_pairs, order=st.permutations(range(4)))
def test_renaming_the_classes_permutes_the_scores(pairs: list[tuple[int, int]], order: list[int]) -> None:
    true, predicted = np.array(pairs).T
    labels = list("abcd")
    plain = {s.label: s for s in metrics.class_scores(metrics.confusion_matrix(true, predicted, 4), labels)}
    renamed = np.array(order)
    moved = metrics.class_scores(
        metrics.confusion_matrix(renamed[true], renamed[predicted], 4),
        [labels[order.index(place)] for place in range(4)],
    )
    assert {s.label: s for s in moved} == plain


def test_scores_by_hand() -> None:
    confusion = np.array([[8, 2], [4, 6]])
    first, second = metrics.class_scores(confusion, ["a", "b"])
    assert (first.precision, first.recall, first.support) == (pytest.approx(8 / 12), 0.8, 10)
    assert first.f1 == pytest.approx(2 * (8 / 12) * 0.8 / (8 / 12 + 0.8))
    assert (second.precision, second.recall) == (0.75, 0.6)


def test_a_class_never_said_nor_heard_scores_zero_not_nan() -> None:
    scores = metrics.class_scores(np.array([[3, 0], [0, 0]]), ["a", "b"])
    assert (scores[1].precision, scores[1].recall, scores[1].f1, scores[1].support) == (0, 0, 0, 0)


def test_speakers_worst_first() -> None:
    correct = np.array([True, False, True, True, False])
    scores = metrics.speaker_scores(correct, ["ann", "ann", "bob", "bob", None])
    assert [(s.speaker, s.clips, s.accuracy) for s in scores] == [("ann", 2, 0.5), ("bob", 2, 1.0)]


@settings(max_examples=40, deadline=None)
@given(hits=st.lists(st.booleans(), min_size=1, max_size=80), speakers=st.integers(1, 12))
def test_the_interval_holds_the_accuracy_and_lies_in_0_to_1(hits: list[bool], speakers: int) -> None:
    correct = np.array(hits)
    interval = metrics.accuracy_interval(correct, [f"s{number % speakers}" for number in range(len(hits))])
    assert 0 <= interval.low <= correct.mean() + 1e-9
    assert correct.mean() - 1e-9 <= interval.high <= 1
    assert interval.low < interval.high


def test_wilson_by_hand() -> None:
    interval = metrics.accuracy_interval(np.array([True] * 9 + [False]), [None] * 10)
    assert interval.over == "clips"
    assert (interval.low, interval.high) == (pytest.approx(0.5958, abs=1e-4), pytest.approx(0.9821, abs=1e-4))


def test_speakers_who_stand_or_fall_together_widen_the_interval() -> None:
    """Ten speakers with 20 clips each, eight of them understood always and two never, are ten draws, not 200."""
    correct = np.repeat([True] * 8 + [False] * 2, 20)
    by_speaker = metrics.accuracy_interval(correct, list(np.repeat([f"s{n}" for n in range(10)], 20)))
    by_clip = metrics.accuracy_interval(correct, [None] * 200)
    assert by_speaker.over == "speakers"
    assert by_speaker.high - by_speaker.low > 3 * (by_clip.high - by_clip.low)


def test_coverage_of_the_bootstrap() -> None:
    """The interval holds the truth in about 95 % of made-up experiments with 60 speakers."""
    random = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        skill = random.beta(8, 2, 60)  # of each speaker; 0.8 on average
        correct = random.random((60, 6)) < skill[:, None]
        interval = metrics.accuracy_interval(correct.ravel(), list(np.repeat(np.arange(60).astype(str), 6)))
        held += interval.low <= 0.8 <= interval.high
    assert 0.88 <= held / 200 <= 0.99


def test_reliability_gathers_answers_by_confidence() -> None:
    confidences = np.array([0.05, 0.55, 0.58, 0.95, 1.0])
    correct = np.array([False, True, False, True, True])
    bins = metrics.reliability(confidences, correct)
    assert [(round(one.low, 1), one.clips, one.accuracy) for one in bins] == [
        (0.0, 1, 0.0),
        (0.5, 2, 0.5),
        (0.9, 2, 1.0),
    ]
    assert metrics.calibration_error(bins) == pytest.approx((0.05 + 2 * 0.065 + 2 * 0.025) / 5)


def test_answers_as_right_as_they_are_sure_have_no_calibration_error() -> None:
    random = np.random.default_rng(0)
    confidences = random.uniform(0.2, 1, 50_000)
    assert metrics.calibration_error(metrics.reliability(confidences, random.random(50_000) < confidences)) < 0.01


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (10, 4.7954, 18.3904), (50, 37.1110, 65.9190)],
)
def test_rates_have_the_published_exact_intervals(events: int, low: float, high: float) -> None:
    """Garwood (1936), as tabulated by Ulm (1990); of ten hours they are a tenth."""
    interval = metrics.rate_interval(events, 1)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))
    tenth = metrics.rate_interval(events, 10)
    assert (tenth.low, tenth.high) == (pytest.approx(interval.low / 10), pytest.approx(interval.high / 10))


def test_of_no_clips_any_share_is_possible() -> None:
    assert metrics.share_interval(0, 0) == metrics.Interval(0, 1, "clips")
    assert metrics.share_interval(0, 20).low == 0
