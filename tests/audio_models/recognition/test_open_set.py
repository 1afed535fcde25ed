"""Open-set figures: counts by hand, the curve, and what is taken for what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.recognition.evaluation_result import (
    SYNTHETIC_WORDS,
    ClipPrediction,
    Evaluation,
    OtherSound,
    from_json,
    to_json,
)
from audio_models.recognition.metrics import Interval
from audio_models.recognition.open_set import as_numbers, auroc, curve, open_set
from data.corpus import SILENCE, UNKNOWN, Clip

_LABELS = ("on", "off", UNKNOWN, SILENCE)


def _answer(said: str, heard: str, confidence: float, word: str = "") -> ClipPrediction:
    clip = Clip(Path(f"{word or said}.wav"), said, "test", 1.0, word=word)
    return ClipPrediction(clip, heard, confidence, confidence if heard == said else 0.1)


_ANSWERS = [
    _answer("on", "on", 0.9),
    _answer("on", "on", 0.6),  # below the threshold
    _answer("on", "off", 0.95),  # accepted, but wrong
    _answer("off", "off", 0.7),
    _answer(UNKNOWN, "on", 0.95, "want"),
    _answer(UNKNOWN, "on", 0.8, "want"),
    _answer(UNKNOWN, UNKNOWN, 0.9, "want"),
    _answer(UNKNOWN, "off", 0.65, "tree"),
    _answer(UNKNOWN, SILENCE, 0.5, "tree"),
    _answer(SILENCE, "off", 0.75),
    _answer(SILENCE, SILENCE, 0.99),
]


def _evaluation(answers: list[ClipPrediction], threshold: float = 0.7) -> Evaluation:
    return Evaluation(
        "run", "corpus", "test", _LABELS, 0.5, Interval(0, 1, "clips"), np.zeros((4, 4), int).tolist(), [], [], [], answers,
        threshold=threshold,
    )  # fmt: skip


def test_both_figures_by_hand() -> None:
    found = open_set(_evaluation(_ANSWERS))
    assert found is not None
    assert (found.own.hits, found.own.clips) == (2, 4), "wrong and unsure answers do not count"
    assert [(one.title, one.detail, one.rejected.hits, one.rejected.clips) for one in found.groups] == [
        ("other words", "tree, want", 3, 5),
        ("noise and silence", "", 1, 2),
    ]
    assert found.own.interval.low < 0.5 < found.own.interval.high
    assert [(one.word, one.label, len(one.accepted), one.clips) for one in found.taken] == [("want", "on", 2, 3)]
    assert found.taken[0].accepted[0].confidence == 0.95, "the most confident first"


def test_words_it_never_learned_and_other_recordings_are_groups_of_their_own() -> None:
    speech = OtherSound("reading", "speech", 2, [_answer(UNKNOWN, "on", 0.8), _answer(UNKNOWN, UNKNOWN, 0.6)])
    spoken = OtherSound(SYNTHETIC_WORDS, "speech", 1, [_answer(UNKNOWN, UNKNOWN, 0.6)])
    result = replace(_evaluation(_ANSWERS), new_words=("tree",), other_sound=[spoken, speech])
    found = open_set(result)
    assert found is not None
    assert [(one.title, one.detail, one.spoken, one.rejected.hits, one.rejected.clips) for one in found.groups] == [
        ("other words it learned from", "want", True, 1, 3),
        ("words it never learned", "tree", True, 2, 2),
        ("noise and silence", "", False, 1, 2),
        ("synthetic words", "0.0 minutes", True, 1, 1),
        ("speech in reading", "0.0 minutes", True, 1, 2),
    ]
    numbers = as_numbers(found)
    assert numbers["own_words_accepted"]["share"] == 0.5
    assert [row["count"] for row in numbers["rejected"]] == [1, 2, 1, 1, 1]
    assert from_json(to_json(result)) == result


def test_clips_without_one_of_the_words_have_no_figures() -> None:
    assert open_set(_evaluation(_ANSWERS[4:])) is None
    found = open_set(_evaluation(_ANSWERS[:4]))
    assert found is not None
    assert found.groups == []
    assert found.taken == []


def test_the_curve_runs_from_nothing_accepted_to_all_and_meets_the_threshold() -> None:
    found = open_set(_evaluation(_ANSWERS))
    assert found is not None
    speech, noise = found.curves
    assert (speech.title, noise.title) == ("other speech", "noise")
    assert [(point.threshold, point.own, point.other) for point in speech.points] == [
        (0.95, 0.0, 0.2), (0.9, 0.25, 0.2), (0.8, 0.25, 0.4), (0.7, 0.5, 0.4), (0.65, 0.5, 0.6), (0.6, 0.75, 0.6)
    ]  # fmt: skip
    at = speech.at_threshold
    assert (at.threshold, at.own, at.other) == (0.7, 0.5, 1 - found.groups[0].rejected.share)
    assert noise.at_threshold.other == 0.5


@given(
    own=st.lists(st.sampled_from([0, 0.2, 0.5, 0.5, 0.8, 1]), min_size=1, max_size=20),
    other=st.lists(st.sampled_from([0, 0.2, 0.5, 0.9]), min_size=1, max_size=20),
)
def test_the_auroc_is_the_share_of_pairs_in_order(own: list[float], other: list[float]) -> None:
    pairs = [1.0 if one > two else 0.5 if one == two else 0.0 for one in own for two in other]
    assert auroc(np.array(own), np.array(other)) == pytest.approx(np.mean(pairs))


def test_a_long_curve_is_thinned() -> None:
    random = np.random.default_rng(0)
    points = curve(random.uniform(size=2000), random.uniform(size=2000))
    assert len(points) <= 100
    assert (points[-1].own, points[-1].other) == (1.0, 1.0)
