"""Streaming evaluation: soundscapes with known words, and what counts as detected."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.config import NetworkConfig
from audio_models.errors import ConfigError, RunError
from audio_models.listening import detection, streaming_evaluation
from audio_models.listening.detection import DetectionConfig, Detector, Event
from audio_models.listening.soundscapes import SoundscapeGenerator, SpokenWord
from audio_models.listening.streaming_evaluation import (
    Point,
    StreamingEvaluation,
    StreamingEvaluationConfig,
    Traces,
    match,
)
from audio_models.listening.traces import Trace
from data import catalogue, task
from data.corpus import Index, Progress
from data.errors import Cancelled
from tests.support.sounds import RATE, glides
from tests.support.untrained import untrained_run

STREAMING = NetworkConfig("gru", 6, convolutions=2, filters=3, causal=True)


def _event(label: str, end: float) -> Event:
    return Event(max(0, end - 1), end, label, 0.9)


def test_an_event_is_a_words_if_it_has_its_label_and_comes_near_its_end() -> None:
    said = [SpokenWord("yes", 1.0), SpokenWord("no", 3.0), SpokenWord("yes", 5.0)]
    delays, wrong = match([_event("yes", 1.2), _event("yes", 3.1), _event("yes", 6.5)], said)
    assert delays == [pytest.approx(0.2)]
    assert wrong == 2


def test_a_word_is_heard_once_the_second_event_is_wrong() -> None:
    assert match([_event("yes", 1.1), _event("yes", 1.6)], [SpokenWord("yes", 1.0)]) == ([pytest.approx(0.1)], 1)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=15), st.lists(st.floats(0, 30), max_size=9)
)
def test_each_event_is_heard_or_wrong_and_each_word_heard_once_at_the_most(
    heard: list[tuple[str, float]], ends: list[float]
) -> None:
    events = [_event(label, end) for label, end in heard]
    delays, wrong = match(events, [SpokenWord("a", end) for end in ends])
    assert len(delays) + wrong == len(events)
    assert len(delays) <= len(ends)
    assert all(-streaming_evaluation.EARLY <= delay <= streaming_evaluation.LATE for delay in delays)


class _Stream:
    """Stands for a network whose labels are yes, no and silence, one step a tenth of a second."""

    def detector(self, config: DetectionConfig) -> Detector:
        return Detector(config, ("yes", "no", "_silence_"), 0.1, 1.0)


def _listened(seconds: float, peaks: dict[float, tuple[int, float]], said: tuple[SpokenWord, ...] = ()) -> Trace:
    """Silence, but at these moments a label with that probability for three steps."""
    times = np.round(np.arange(0.1, seconds, 0.1), 1)
    rows = np.tile(np.array([0, 0, 1], np.float32), (len(times), 1))
    for moment, (label, value) in peaks.items():
        for row in range(3):
            place = int(np.searchsorted(times, moment - 1e-6)) + row
            rows[place] = 0
            rows[place, label] = value
    return Trace(times, rows, said, seconds)


def test_a_point_counts_what_was_missed_wrong_late_and_alarming() -> None:
    said = (SpokenWord("yes", 2.0), SpokenWord("yes", 5.0), SpokenWord("no", 8.0))
    words = _listened(12, {2.1: (0, 0.9), 5.1: (0, 0.6), 8.1: (1, 0.95), 10.5: (0, 0.97)}, said)
    speech = _listened(1800, {100.0: (0, 0.9), 900.0: (1, 0.7)})
    heard = Traces(words, speech, _listened(3600, {}))
    settings = DetectionConfig(0.8, smoothing_ms=0, refractory_ms=500)
    strict = streaming_evaluation.point(heard, _Stream(), settings)  # type: ignore[arg-type]
    assert (strict.words, strict.heard, strict.wrong) == (3, 2, 1)
    assert strict.missed == pytest.approx(1 / 3)
    assert (strict.speech_alarms, strict.noise_alarms) == (2.0, 0.0)
    assert strict.delay == pytest.approx(0.1)
    loose = streaming_evaluation.point(heard, _Stream(), DetectionConfig(0.5, 0, 500))  # type: ignore[arg-type]
    assert (loose.heard, loose.speech_alarms) == (3, 4.0)


def _evaluation(points: list[Point]) -> StreamingEvaluation:
    return StreamingEvaluation(StreamingEvaluationConfig(), 160, 800, 10, 5, tuple(points))


def test_the_suggested_threshold_balances_among_words_and_leaves_noise_alone() -> None:
    noisy = Point(0.3, 10, 10, 0, 9, 5, 0.1, 0.2)
    good = Point(0.6, 10, 9, 1, 5, 1, 0.1, 0.2)
    shy = Point(0.9, 10, 3, 0, 0, 0, 0.1, 0.2)
    assert _evaluation([noisy, good, shy]).suggested == good
    assert _evaluation([noisy, shy]).suggested == shy
    assert _evaluation([noisy]).suggested == noisy, "the highest threshold where all are noisy"
    assert _evaluation([noisy, good, shy]).at(0.7) == good


def _soundscapes(tmp_path: Path, snr_db: float = 20) -> tuple[SoundscapeGenerator, Index]:
    index = catalogue.open_corpus(catalogue.refer(str(glides(tmp_path / "clips")), split_by="speaker")).index()
    config = task.Task(("rise", "fall"), unknown=True)
    clips, _ = task.evaluation_clips(index, config, "validation", 0)
    return SoundscapeGenerator(clips, index, RATE, "validation", snr_db=snr_db), index


def test_each_word_is_said_once_and_ends_where_it_is_said_to(tmp_path: Path) -> None:
    soundscapes, _ = _soundscapes(tmp_path)
    pieces = list(soundscapes.words())
    whole = np.concatenate([piece for piece, _ in pieces])
    said = [word for _, words in pieces for word in words]
    assert {word.label for word in said} == {"rise", "fall"}
    assert [word.end for word in said] == sorted(word.end for word in said)
    for word in said:  # loud before its end, no louder than the noise after it
        end = round(word.end * RATE)
        before, after = whole[end - 3200 : end - 800], whole[end + 800 : end + 2400]
        assert np.sqrt(np.mean(before**2)) > 2 * np.sqrt(np.mean(after**2)), word
    assert soundscapes.words_seconds == pytest.approx(len(whole) / RATE, rel=0.3)


def test_speech_has_none_of_the_words_and_lasts_as_long_as_asked(tmp_path: Path) -> None:
    soundscapes, _ = _soundscapes(tmp_path)
    assert soundscapes.other_clips
    for pieces in (list(soundscapes.speech(30)), list(soundscapes.noise(30))):
        assert not any(words for _, words in pieces)
        assert 30 <= sum(len(piece) for piece, _ in pieces) / RATE < 45


@pytest.mark.parametrize("snr_db", [0, 20])
def test_words_are_that_much_louder_than_the_noise(tmp_path: Path, snr_db: float) -> None:
    soundscapes, _ = _soundscapes(tmp_path, snr_db)
    levels = []
    for piece, words in soundscapes.words():
        blocks = np.sqrt(np.mean(piece[: len(piece) // 800 * 800].reshape(-1, 800) ** 2, axis=1))
        if words:
            levels.append(20 * np.log10(np.quantile(blocks, 0.1)))  # pauses: the noise alone
    assert np.mean(levels) == pytest.approx(-26 - snr_db, abs=4)


def test_measured_kept_and_chosen(tmp_path: Path) -> None:
    corpus = catalogue.refer(str(glides(tmp_path / "clips")), split_by="speaker")
    run = untrained_run(STREAMING, corpus=corpus, words=("rise", "fall"))
    assert streaming_evaluation.load_cached(run, "validation") is None
    said: list[int] = []
    found = streaming_evaluation.measure(
        run,
        StreamingEvaluationConfig(minutes=1),
        report=lambda step: step.stage == "Listening" and said.append(step.done),
    )
    assert len(said) > 3
    assert said == sorted(said)
    assert found.words > 0
    assert [point.threshold for point in found.points] == list(streaming_evaluation.THRESHOLDS)
    heard = [point.heard + point.wrong for point in found.points]
    assert heard[0] >= heard[-1]

    streaming_evaluation.store(run, found)
    assert streaming_evaluation.load_cached(run, "validation") == found
    assert streaming_evaluation.load_cached(run, "test") is None
    detection.store_settings(run, DetectionConfig(threshold=0.66))
    assert detection.load_settings(run).threshold == 0.66

    earlier = dataclasses.replace(found, fingerprint="", model="")  # an earlier version noted no model, so times decide
    streaming_evaluation.store(run, earlier)
    assert streaming_evaluation.load_cached(run, "validation") == earlier
    os.utime(run.results_folder / "benches" / "validation.json", (0, 0))
    assert streaming_evaluation.load_cached(run, "validation") is None, "it is of a network that the run no longer has"


def test_an_evaluation_is_of_its_clips_and_of_its_network(tmp_path: Path) -> None:
    corpus = catalogue.refer(str(glides(tmp_path / "clips")), split_by="speaker")
    run = untrained_run(STREAMING, corpus=corpus, words=("rise", "fall"))
    found = streaming_evaluation.measure(run, StreamingEvaluationConfig("test", minutes=1))
    assert streaming_evaluation.is_current(run, found)
    streaming_evaluation.store(run, found)
    assert streaming_evaluation.load_cached(run, "test") == found
    clips = catalogue.open_corpus(corpus).index().clips
    next(clip for clip in clips if clip.split == "training").path.unlink()
    assert streaming_evaluation.is_current(run, found), "it was not measured on that clip"
    next(clip for clip in clips if clip.split == "test").path.unlink()
    assert not streaming_evaluation.is_current(run, found)
    assert streaming_evaluation.is_current(run, dataclasses.replace(found, fingerprint="")), (
        "an earlier version noted none"
    )
    other = untrained_run(STREAMING, corpus=corpus, words=("rise", "fall"), seed=1)
    run.model_path.write_bytes(other.model_path.read_bytes())
    os.utime(run.model_path, (0, 0))  # as a copied folder may have it
    assert streaming_evaluation.load_cached(run, "test") is None


def test_a_clip_that_goes_while_the_network_listens_is_noticed(tmp_path: Path) -> None:
    """The fingerprint was of the clips at the end, minutes after those that were mixed had been chosen."""
    corpus = catalogue.refer(str(glides(tmp_path / "clips")), split_by="speaker")
    run = untrained_run(STREAMING, corpus=corpus, words=("rise", "fall"))
    gone = next(clip.path for clip in catalogue.open_corpus(corpus).index().clips if clip.split == "test")

    def report(step: Progress) -> None:
        if step.stage == "Listening":
            gone.unlink(missing_ok=True)

    found = streaming_evaluation.measure(run, StreamingEvaluationConfig("test", minutes=1), report=report)
    assert not gone.exists()
    assert not streaming_evaluation.is_current(run, found)


def test_the_same_seed_gives_the_same_evaluation(tmp_path: Path) -> None:
    corpus = catalogue.refer(str(glides(tmp_path / "clips")), split_by="speaker")
    run = untrained_run(STREAMING, corpus=corpus, words=("rise", "fall"))
    first, again = (streaming_evaluation.measure(run, StreamingEvaluationConfig(minutes=1)) for _ in range(2))
    assert first == again


def test_what_cannot_be_measured_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Split is 'training'; expected one of validation, test"):
        StreamingEvaluationConfig("training")
    with pytest.raises(ConfigError, match="Length is 0 minutes"):
        StreamingEvaluationConfig(minutes=0)
    corpus = catalogue.refer(str(glides(tmp_path / "clips")), split_by="speaker")
    foreign = untrained_run(STREAMING)
    with pytest.raises(RunError, match="no validation clip of left, right"):
        streaming_evaluation.measure(foreign, StreamingEvaluationConfig(minutes=1), corpus)

    def cancel(_: object) -> None:
        raise Cancelled

    mine = untrained_run(STREAMING, corpus=corpus, words=("rise", "fall"))
    with pytest.raises(Cancelled):
        streaming_evaluation.measure(mine, StreamingEvaluationConfig(minutes=1), report=cancel)


def test_damaged_settings_and_evaluations_are_left_aside(tmp_path: Path) -> None:
    run = untrained_run(STREAMING)
    (run.folder / "detection.json").write_text('{"threshold": 7}')
    assert detection.load_settings(run) == DetectionConfig()
    (run.folder / "benches").mkdir()
    (run.folder / "benches" / "test.json").write_text("{}")
    assert streaming_evaluation.load_cached(run, "test") is None
