"""From probabilities to events: analytic curves whose events are known."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.config import NetworkConfig
from audio_models.errors import ConfigError
from audio_models.listening import detection
from audio_models.listening.detection import DetectionConfig, Detector, Event
from tests.conftest import PROJECT
from tests.support.untrained import untrained_run

LABELS = ("yes", "no", "_unknown_", "_silence_")
STEP = 0.1


def _events(config: DetectionConfig, rows: list[list[float]]) -> list[Event]:
    detector = Detector(config, LABELS, STEP, 1.0)
    found = [detector.feed((number + 1) * STEP, np.array(row, np.float32)) for number, row in enumerate(rows)]
    return [event for event in found if event]


def _curve(label: str, values: list[float]) -> list[list[float]]:
    """That label at these probabilities, silence the rest."""
    rows = []
    for value in values:
        row = [0.0, 0.0, 0.0, 1 - value]
        row[LABELS.index(label)] += value
        rows.append(row)
    return rows


AT_ONCE = DetectionConfig(0.8, smoothing_ms=0, refractory_ms=500)


def test_a_word_is_one_event_however_long_it_stays_probable() -> None:
    events = _events(AT_ONCE, _curve("yes", [0, 0.5, 0.9, 1, *[1] * 30, 0.2]))
    assert events == [Event(0.0, pytest.approx(0.3), "yes", pytest.approx(0.9))]


def test_the_same_word_again_once_it_has_ceased() -> None:
    said = [1, 1, 0, 0, 0, 0, 0]
    assert [event.end for event in _events(AT_ONCE, _curve("yes", said * 3))] == pytest.approx([0.1, 0.8, 1.5])


def test_a_dip_that_stays_above_half_the_threshold_ends_no_word() -> None:
    assert len(_events(AT_ONCE, _curve("yes", [1, *[0.5] * 9, 1]))) == 1


def test_another_word_follows_after_the_refractory_time_and_not_before() -> None:
    rows = _curve("yes", [1, 1]) + _curve("no", [1] * 10)
    assert [(event.label, pytest.approx(event.end)) for event in _events(AT_ONCE, rows)] == [("yes", 0.1), ("no", 0.6)]


def test_a_slip_of_one_step_is_smoothed_away() -> None:
    config = DetectionConfig(0.8, smoothing_ms=300, refractory_ms=0)
    assert _events(config, _curve("yes", [0, 0, 0, 1, 0, 0, 0])) == []
    (event,) = _events(config, _curve("yes", [0, 0, 0, 1, 1, 1, 0]))
    assert event.end == pytest.approx(0.6)
    assert event.confidence == pytest.approx(1.0)


def test_speech_that_is_none_of_the_words_is_refused_and_silence_is_not() -> None:
    config = DetectionConfig(0.8, smoothing_ms=200, refractory_ms=0)
    rows = _curve("_silence_", [1] * 3) + _curve("_unknown_", [0.9] * 4) + _curve("yes", [0.9] * 4)
    refused = [False] * 3 + [False, True, True, True] + [False] * 4  # of half silence, half speech the first leads
    assert Detector(config, LABELS, STEP, 1.0).refused(np.array(rows, np.float32)).tolist() == refused
    detector, told = Detector(config, LABELS, STEP, 1.0), []
    for number, row in enumerate(rows):
        detector.feed((number + 1) * STEP, np.array(row, np.float32))
        told.append(detector.is_refusing)
    assert told == refused
    without = Detector(config, ("yes", "no"), STEP, 1.0)
    assert not without.refused(np.ones((5, 2), np.float32)).any()
    assert without.refused(np.empty((0, 2), np.float32)).shape == (0,)


@pytest.mark.parametrize("label", ["_unknown_", "_silence_"])
def test_what_is_no_word_is_no_event(label: str) -> None:
    assert _events(AT_ONCE, _curve(label, [1] * 20)) == []


@given(
    st.lists(st.sampled_from(["yes", "no", "_silence_"]), max_size=60),
    st.floats(0, 500),
    st.floats(0, 2000),
)
def test_events_keep_their_distance_and_a_higher_threshold_hears_no_sooner(
    said: list[str], smoothing: float, refractory: float
) -> None:
    rows = [row for label in said for row in _curve(label, [0.93])]
    low = _events(DetectionConfig(0.6, smoothing, refractory), rows)
    high = _events(DetectionConfig(0.9, smoothing, refractory), rows)
    for found in (low, high):
        gaps = np.diff([event.end for event in found])
        assert (gaps >= refractory / 1000 - 1e-9).all()
        assert all(0 <= event.start < event.end for event in found)
    if high:
        assert low
        assert low[0].end <= high[0].end


def test_other_speech_just_before_a_word_counts_against_it() -> None:
    config = DetectionConfig(0.8, smoothing_ms=0, refractory_ms=0, context_ms=1000)
    speech, pause, word = _curve("_unknown_", [1]), _curve("yes", [0]), _curve("yes", [0.9])
    assert _events(config, speech * 20 + pause * 4 + word) == [], "it follows a sentence"
    assert len(_events(replace(config, context_ms=0), speech * 20 + pause * 4 + word)) == 1
    (event,) = _events(config, speech * 20 + pause * 15 + word)
    assert event.confidence == pytest.approx(0.9), "the sentence is over"
    # of the ten steps that end five before the word two are speech: 0.9 * sqrt(0.8)
    (event,) = _events(replace(config, threshold=0.7), speech * 2 + pause * 12 + word)
    assert event.confidence == pytest.approx(0.9 * np.sqrt(0.8))


def test_a_word_is_no_context_of_itself_nor_is_another_of_the_words() -> None:
    config = DetectionConfig(0.8, smoothing_ms=0, refractory_ms=0, context_ms=1000)
    begins_like_another = _curve("_unknown_", [1] * 5) + _curve("yes", [0.9])
    assert len(_events(config, _curve("yes", [0] * 20) + begins_like_another)) == 1
    assert len(_events(config, _curve("no", [1] * 20) + _curve("yes", [0.9]))) == 2


@given(
    st.lists(st.lists(st.floats(0, 1, width=32) | st.just(np.nan), min_size=4, max_size=4), max_size=80),
    st.sampled_from([0.05, 0.3, 0.5, 0.8]),
    st.sampled_from([0, 100, 200, 330]),
    st.sampled_from([0, 250, 900]),
    st.sampled_from([0, 100, 1000, 20_000]),
)
def test_of_a_whole_recording_the_events_are_the_same(
    rows: list[list[float]], threshold: float, smoothing: float, refractory: float, context: float
) -> None:
    config = DetectionConfig(threshold, smoothing, refractory, context)
    times = (np.arange(len(rows)) + 1) * STEP
    whole = np.array(rows, np.float32).reshape(-1, 4)
    assert Detector(config, LABELS, STEP, 1.0).events(times, whole) == _events(config, rows)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("threshold", 0.0), ("threshold", 1.5), ("smoothing_ms", -1), ("refractory_ms", 1e6), ("context_ms", -1)],
)
def test_settings_out_of_range_are_refused(setting: str, value: float) -> None:
    with pytest.raises(ConfigError, match="expected a number from"):
        DetectionConfig(**{setting: value})


def test_reading_the_settings_imports_no_network() -> None:
    """They are read on pages whose first drawing must not wait for onnxruntime or librosa."""
    code = "import sys, audio_models.listening.detection; print([m for m in ('onnxruntime', 'onnx', 'librosa', 'soxr') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_settings_stored_before_there_was_a_context_have_none() -> None:
    """Their threshold was chosen without it."""
    run = untrained_run(NetworkConfig("gru", 4))
    assert detection.load_settings(run).context_ms == DetectionConfig().context_ms > 0
    old = {"threshold": 0.6, "smoothing_ms": 240.0, "refractory_ms": 500.0}
    (run.folder / "detection.json").write_text(json.dumps(old))
    assert detection.load_settings(run) == DetectionConfig(0.6, 240, 500, 0)
    (run.folder / "detection.json").write_text("7")
    assert detection.load_settings(run) == DetectionConfig()
