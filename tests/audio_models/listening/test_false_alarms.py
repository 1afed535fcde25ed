"""False alarms on recordings as they are: which recordings count, and what is counted in them."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from audio_models.config import NegativesConfig, NetworkConfig
from audio_models.jobs.runs import Run
from audio_models.listening import detection, false_alarms, streaming_evaluation
from audio_models.listening.detection import DetectionConfig, Detector
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.listening.false_alarms import MIXED, AlarmCount, AlarmCurve
from audio_models.listening.streaming_evaluation import Point, StreamingEvaluation
from audio_models.listening.traces import Trace
from audio_models.recognition.learned import Learned
from audio_models.settings import to_dict
from data import catalogue, other_recordings, workspace
from data.errors import CorpusError
from tests.support.sounds import RATE, chirp, glides, tone, write
from tests.support.untrained import untrained_run

STREAMING = NetworkConfig("gru", 6, convolutions=2, filters=3, causal=True)
WORDS = ("rise", "fall")


@pytest.fixture
def readers(tmp_path: Path) -> Path:
    """Ten readers with two utterances of 4 s each; one is said to hold a word. Beside them two recordings of noise."""
    folder = tmp_path / "readers"
    rows = ["file,text"]
    for speaker in range(10):
        for number in range(2):
            name = f"{speaker}-1-{number:04d}.wav"
            write(folder / name, chirp(300 + 100 * speaker, 2000, 4.0, seed=10 * speaker + number))
            rows.append(f"{name},{'prices rise again' if (speaker, number) == (0, 0) else 'a sunrise'}")
    (folder / "clips.csv").write_text("\n".join(rows))
    for seed in range(10):
        write(folder / "noise" / f"{seed}.wav", np.random.default_rng(seed).normal(0, 0.05, 3 * RATE))
    return folder


def _select(folder: Path, split: str, known: Learned | None = None, seconds: float = 1e6):
    return false_alarms.select([str(folder)], split, WORDS, known, seconds)  # type: ignore[arg-type]


def test_what_counts_is_of_the_split_not_learned_and_not_known_to_hold_a_word(readers: Path) -> None:
    there = other_recordings.scan(readers).recordings
    (spoken,) = [one for one in there if other_recordings.words_in(one, WORDS)]
    for split in ("training", "validation", "test"):
        speech, noise = _select(readers, split)
        assert [(one.name, one.kind) for one in (speech, noise)] == [
            ("readers (speech)", "speech"),
            ("readers (noise)", "noise"),
        ]
        assert spoken not in speech.recordings
        for selection in (speech, noise):
            expected = [one for one in there if (one.split, one.kind) == (split, selection.kind) and one != spoken]
            assert list(selection.recordings) == expected
    speech, _ = _select(readers, "test")
    first = speech.recordings[0]
    for known in (Learned(training=frozenset({first.content})), Learned(validation=frozenset({first.content}))):
        assert first not in _select(readers, "test", known)[0].recordings
    assert first in _select(readers, "test", Learned(training=frozenset({"another"})))[0].recordings
    own = _select(readers, "validation")[0].recordings
    chosen_on = Learned(validation=frozenset(one.content for one in own))
    assert _select(readers, "validation", chosen_on)[0].recordings == own, "a threshold is chosen on them again"


def test_a_folder_given_twice_counts_once_and_a_missing_one_is_named(readers: Path) -> None:
    assert len(false_alarms.select([str(readers)] * 2, "test", WORDS, None, 60)) == 2
    with pytest.raises(CorpusError, match="nowhere does not exist"):
        false_alarms.select([str(readers / "nowhere")], "test", WORDS, None, 60)


def test_no_more_is_read_than_asked_for(readers: Path) -> None:
    speech = _select(readers, "training", seconds=10)[0]
    assert speech.seconds == 12, "whole recordings of 4 s"
    assert sum(len(piece) for piece, _ in false_alarms.sound(speech, 8000, 10)) == 80_000
    assert _select(readers, "training", seconds=10)[0] == speech, "the same ones every time"


def test_recordings_are_read_one_after_the_other_at_the_rate_of_the_network(tmp_path: Path) -> None:
    for number, rate in enumerate((16_000, 44_100, 16_000)):
        write(tmp_path / "talk" / f"{number}-1-0000.wav", tone(440 * (number + 1), 2.5, rate), rate)
    (tmp_path / "talk" / "2-1-0000.wav").write_bytes((tmp_path / "talk" / "2-1-0000.wav").read_bytes()[:30_000])
    found = other_recordings.scan(tmp_path / "talk").recordings
    there = false_alarms.Selection("talk", "speech", found)
    whole = np.concatenate([piece for piece, words in false_alarms.sound(there, RATE, 1e6) if not words])
    assert len(whole) >= 5 * RATE
    for start, hertz in ((0.5, 440), (3.0, 880)):
        piece = whole[round(start * RATE) : round((start + 1) * RATE)]
        assert np.abs(np.fft.rfft(piece)).argmax() == hertz, "a second: the bins are hertz"


def test_of_a_long_recording_only_its_stretch_is_read(tmp_path: Path) -> None:
    write(tmp_path / "noise" / "rain.wav", np.concatenate([tone(200, 12), tone(400, 4), tone(800, 4)]))
    (test,) = false_alarms.select([str(tmp_path / "noise")], "test", WORDS, None, 60)
    whole = np.concatenate([piece for piece, _ in false_alarms.sound(test, RATE, 60)])
    assert len(whole) == 4 * RATE
    assert np.abs(np.fft.rfft(whole)).argmax() == 4 * 800


class _Stream:
    """Stands for a network whose labels are yes, no and silence, one step a tenth of a second."""

    def detector(self, config: DetectionConfig) -> Detector:
        return Detector(config, ("yes", "no", "_silence_"), 0.1, 1.0)


def _trace(hours: float, peaks: dict[float, tuple[int, float]]) -> Trace:
    times = np.round(np.arange(0.1, 3600 * hours, 0.1), 1)
    rows = np.tile(np.array([0, 0, 1], np.float32), (len(times), 1))
    for moment, (label, value) in peaks.items():
        rows[round(10 * moment)] = 0
        rows[round(10 * moment), label] = value
    return Trace(times, rows, (), 3600 * hours)


def test_alarms_are_counted_by_word_and_per_hour_with_their_interval() -> None:
    trace = _trace(0.5, {10: (0, 0.9), 20: (1, 0.95), 30: (1, 0.7), 40: (1, 0.99)})
    configs = [DetectionConfig(threshold, 0, 500) for threshold in (0.6, 0.92)]
    curve = false_alarms.count("talk", "speech", trace, _Stream(), configs, 3)  # type: ignore[arg-type]
    assert curve.counts == (AlarmCount(0.6, 4, {"no": 3, "yes": 1}), AlarmCount(0.92, 2, {"no": 2}))
    rate = curve.at(0.6)
    assert (rate.per_hour, rate.hours) == (8.0, 0.5)
    assert (rate.interval.low, rate.interval.high) == (
        pytest.approx(2 * 1.0899, abs=1e-3),
        pytest.approx(2 * 10.2416, abs=1e-3),
    )
    both = false_alarms.pooled([curve, replace(curve, name="more", hours=1.5)], 0.6)
    assert (both.name, both.alarms, both.per_hour, both.words) == ("talk, more", 8, 4.0, {"no": 6, "yes": 2})


def _evaluation(missed: list[int], speech: list[int], noise: list[int], words: int = 10) -> StreamingEvaluation:
    """Thresholds .1, .2 and so on; ten hours of recorded speech, one of noise."""
    thresholds = [(number + 1) / 10 for number in range(len(missed))]
    points = [
        Point(one, words, words and words - m, 0, 99, n, None, None)
        for one, m, n in zip(thresholds, missed, noise, strict=True)
    ]

    def curve(name: str, kind: str, hours: float, alarms: list[int], recordings: int) -> AlarmCurve:
        counts = tuple(AlarmCount(one, count) for one, count in zip(thresholds, alarms, strict=True))
        return AlarmCurve(name, kind, hours, counts, recordings)  # type: ignore[arg-type]

    alarms = (curve("talk", "speech", 10, speech, 5), curve(MIXED["noise"], "noise", 1, noise, 0))
    return StreamingEvaluation(StreamingEvaluationConfig(), 240, 500, words, 0, tuple(points), alarms=alarms)


def test_the_suggested_threshold_misses_least_among_those_that_keep_the_targets() -> None:
    def suggested(*found: list[int], **options: int) -> float:
        point = _evaluation(*found, **options).suggested
        assert point is not None
        return point.threshold

    assert suggested([1, 2, 3, 4], [500, 100, 50, 0], [0, 0, 0, 0]) == 0.2, "100 in ten hours are 10 an hour"
    assert suggested([1, 2, 3, 4], [500, 101, 50, 0], [0, 0, 0, 0]) == 0.3
    assert suggested([1, 2, 3, 4], [0, 0, 0, 0], [9, 4, 3, 0]) == 0.3, "noise has a target of its own"
    assert suggested([2, 2, 2, 4], [0, 0, 0, 0], [0, 0, 0, 0]) == 0.3, "the highest of those that miss as little"
    assert suggested([1, 2, 3, 4], [50, 500, 50, 0], [0, 0, 0, 0]) == 0.3, "a dip below the target is luck"
    assert suggested([1, 2, 3, 4], [900, 900, 900, 900], [0, 0, 0, 0]) == 0.4, "none keeps it"
    assert suggested([0, 0, 0, 0], [500, 100, 50, 0], [0, 0, 0, 0], words=0) == 0.2, (
        "the lowest, where misses are unknown"
    )
    without = replace(_evaluation([0, 0], [0, 0], [0, 0], words=0), alarms=())
    assert without.suggested is None, "nothing tells how many words a threshold would miss or make up"


def test_single_words_one_after_the_other_do_not_choose_the_threshold_where_there_is_running_speech() -> None:
    """Isolated words, without a pause between them, raise many times the alarms of speech, and would cost half of the words."""
    talk = _evaluation([1, 2, 3, 4], [100, 50, 20, 0], [0, 0, 0, 0])
    words = replace(talk.alarms[0], name="words", recordings=36_000)
    assert [curve.is_running for curve in (*talk.alarms, words)] == [True, False, False]
    louder = replace(words, counts=tuple(replace(one, alarms=10_000) for one in words.counts))
    both, alone = (replace(talk, alarms=(*kept, louder)).suggested for kept in (talk.alarms, talk.alarms[1:]))
    assert both is not None
    assert alone is not None
    assert (both.threshold, alone.threshold) == (0.1, 0.4)


def _with(run: Run, **changed: object) -> Run:
    workspace.write_json(run.folder / "config.json", to_dict(replace(run.config, **changed)))
    return Run(run.folder)


def test_recordings_are_measured_beside_the_soundscapes_and_stored(
    tmp_path: Path, readers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = catalogue.refer(str(glides(tmp_path / "clips")), split_by="speaker")
    run = untrained_run(STREAMING, corpus=corpus, words=WORDS, scale=8)
    own = write(tmp_path / "own" / "a-1-0000.wav", chirp(200, 900, 20.0)).parent
    gone = str(tmp_path / "gone")  # a bundled network's folders are on the computer that made it
    monkeypatch.chdir(tmp_path)
    negatives = NegativesConfig(other=(gone, "clips", str(own)))  # only the name of a folder; this one is another
    run = _with(run, negatives=negatives)
    found = streaming_evaluation.measure(run, StreamingEvaluationConfig("test", minutes=1, other=(str(readers),)))
    names = [(one.name, one.kind, one.recordings > 0) for one in found.alarms]
    assert names == [
        (MIXED["speech"], "speech", False),
        (MIXED["noise"], "noise", False),
        ("own", "speech", True),
        ("readers (speech)", "speech", True),
        ("readers (noise)", "noise", True),
    ]
    selected = _select(readers, "test")
    assert found.alarms[3].hours == pytest.approx(selected[0].seconds / 3600)
    for number, point in enumerate(found.points):
        assert found.alarms[1].counts[number].alarms / found.alarms[1].hours == pytest.approx(point.noise_alarms)
    assert any(count.alarms for curve in found.alarms for count in curve.counts), "nothing heard would prove nothing"
    streaming_evaluation.store(run, found)
    assert streaming_evaluation.load_cached(run, "test") == found


def test_a_network_that_learned_from_all_its_clips_is_measured_on_what_it_has_not_learned(tmp_path: Path) -> None:
    """The page asked for a split that does not exist, and the shell refused."""
    corpus = catalogue.refer(str(glides(tmp_path / "clips")), split_by="speaker")
    run = untrained_run(STREAMING, corpus=corpus, words=WORDS)
    run = _with(run, training=replace(run.config.training, folds=5))
    talk = write(tmp_path / "talk" / "a-1-0000.wav", chirp(200, 900, 20.0)).parent
    found = streaming_evaluation.measure(run, StreamingEvaluationConfig(minutes=1, other=(str(talk),)))
    assert (found.words, found.others) == (0, 0)
    assert {point.missed for point in found.points} == {None}
    assert [one.name for one in found.alarms] == [MIXED["noise"], "talk"]
    streaming_evaluation.store(run, found)
    assert streaming_evaluation.load_cached(run, "validation") == found
    elsewhere = catalogue.refer(str(glides(tmp_path / "others", seed=1)), split_by="speaker")
    both = streaming_evaluation.measure(run, StreamingEvaluationConfig(minutes=1, other=(str(talk),)), elsewhere)
    assert both.words
    assert [one.name for one in both.alarms] == [MIXED["speech"], MIXED["noise"], "talk"]


def test_other_words_are_those_of_other_corpora_that_were_not_learned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = untrained_run(STREAMING, words=WORDS)
    elsewhere = catalogue.open_corpus(catalogue.refer(str(glides(tmp_path / "others")), split_by="speaker"))
    monkeypatch.setattr(false_alarms.catalogue, "NAMES", ("fsdd",))
    monkeypatch.setattr(false_alarms.catalogue, "open_corpus", lambda _: elsewhere)
    hums = [clip for clip in elsewhere.index().clips if clip.label == "hum" and clip.split == "validation"]
    assert hums
    found = false_alarms.other_words(run, "validation", None)
    assert [(clip.word, clip.label) for clip in found] == [("hum", "_unknown_")] * len(hums)
    known = Learned(training=frozenset(clip.content for clip in hums))
    assert false_alarms.other_words(run, "validation", known) == []


def test_an_evaluation_of_an_earlier_version_shows_what_it_measured(tmp_path: Path) -> None:
    run = untrained_run(STREAMING)
    points = [Point(0.5, 10, 9, 1, 120.0, 4.0, 0.1, 0.2), Point(0.9, 10, 5, 0, 8.0, 0.0, 0.1, 0.2)]
    old = asdict(StreamingEvaluation(StreamingEvaluationConfig(minutes=15), 240, 500, 10, 5, tuple(points)))
    for name in ("alarms", "context_ms", "model", "fingerprint"):
        del old[name]
    for name in ("other", "speech_target", "noise_target"):
        del old["config"][name]
    (run.folder / "benches").mkdir()
    (run.folder / "benches" / "test.json").write_text(json.dumps(old))
    found = streaming_evaluation.load_cached(run, "test")
    assert found is not None
    assert [(one.name, one.hours) for one in found.alarms] == [(MIXED["speech"], 0.25), (MIXED["noise"], 0.25)]
    assert [(rate.alarms, rate.per_hour) for rate in (one.at(0.5) for one in found.alarms)] == [(30, 120), (1, 4)]
    assert (found.context_ms, found.suggested) == (0, points[1])
    assert detection.load_settings(run) == DetectionConfig()
