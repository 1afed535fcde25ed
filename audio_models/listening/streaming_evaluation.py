"""Evaluate a network on a stream: missed words, false alarms per hour, and delay, at every threshold.

The network reads soundscapes with known words once, and recordings of other speech and noise as they are; then every
threshold is tried on the stored probabilities.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from audio_models.errors import RunError
from audio_models.jobs.runs import Run
from audio_models.listening import detection, false_alarms
from audio_models.listening.detection import DetectionConfig, Event
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.listening.false_alarms import MIXED, AlarmCount, AlarmCurve, Selection
from audio_models.listening.network_stream import NetworkStream
from audio_models.listening.soundscapes import SoundscapeGenerator, SpokenWord
from audio_models.listening.traces import Trace, listen
from audio_models.recognition import learned
from audio_models.recognition.evaluated_clips import fingerprint_of
from audio_models.recognition.evaluation_files import model_digest
from audio_models.recognition.learned import Learned
from audio_models.recognition.metrics import Interval, share_interval
from audio_models.settings import from_dict, to_dict
from data import catalogue, other_recordings, stored, task, workspace
from data.corpus import Clip, CorpusReference, Index, Progress, Report, Split, no_progress
from data.errors import CorpusError, EchoicError, WorkspaceError
from data.other_recordings import Kind

THRESHOLDS = tuple(dict.fromkeys(round(float(1 / (1 + np.exp(-logit))), 3) for logit in np.arange(-2, 7.01, 0.2)))
"""The thresholds that are tried: evenly spaced in log odds, since most probabilities lie near 0 or 1."""
EARLY, LATE = 0.3, 1.0
"""An event belongs to a word if it comes this many seconds before or after the word's end."""

_NAME = "benches/{}.json"
_SHORT = 15.0  # minutes of other speech and of noise after a training


@dataclass(frozen=True)
class Point:
    """The result at one threshold.

    Attributes:
        threshold: smoothed probability at which a word is reported.
        words, heard: words spoken, and words detected.
        wrong: false alarms among the words.
        speech_alarms, noise_alarms: false alarms per hour of other speech, and of noise.
        delay, late_delay: median and 95th percentile of the time from a word's end to its event [s]; None if no word was
            detected.
    """

    threshold: float
    words: int
    heard: int
    wrong: int
    speech_alarms: float
    noise_alarms: float
    delay: float | None
    late_delay: float | None

    @property
    def missed(self) -> float | None:
        """The miss rate: share of the words that were not detected; None if none was spoken."""
        return 1 - self.heard / self.words if self.words else None

    @property
    def recall_interval(self) -> Interval:
        """The 95 % confidence interval of the share of words that were detected (Wilson 1927)."""
        return share_interval(self.heard, self.words)

    @property
    def f1(self) -> float:
        """The F1 score among the words: 2 detected / (words + events)."""
        return 2 * self.heard / max(1, self.words + self.heard + self.wrong)


@dataclass(frozen=True)
class Traces:
    """A network's answers to the three soundscapes of one split, words, other speech, noise, and to other recordings."""

    words: Trace
    speech: Trace
    noise: Trace
    other: tuple[tuple[Selection, Trace], ...] = ()


@dataclass(frozen=True)
class StreamingEvaluation:
    """The result of a streaming evaluation.

    Attributes:
        config: what the soundscapes are like.
        smoothing_ms, refractory_ms, context_ms: settings of the detector.
        words: distinct clips of the network's words, each played once; 0 for a network that learned from all of them, whose
            missed words were then not measured.
        others: distinct clips of other words, played over and over; 0 if there are none: false alarms in them were then not
            measured.
        points: the result at each threshold, in ascending order.
        fingerprint: of the clips; "" in an evaluation of an earlier version.
        model: digest of the model file; "" likewise.
        alarms: the false alarms in each corpus: the soundscapes without words, then the folders of other recordings.
    """

    config: StreamingEvaluationConfig
    smoothing_ms: float
    refractory_ms: float
    words: int
    others: int
    points: tuple[Point, ...]
    fingerprint: str = ""
    model: str = ""
    context_ms: float = 0.0
    alarms: tuple[AlarmCurve, ...] = ()

    @property
    def suggested(self) -> Point | None:
        """The point to use: the one that misses least among those that keep the targets, as do all higher thresholds.

        The targets are false alarms per hour, of running speech in the folders of other recordings together, and of the mixed
        noise; if no threshold keeps them, it is the highest. Without recordings of other speech nothing bounds the alarms
        in speech, so it is the best F1 score among the words where noise keeps its target; None if there are no words either.
        """
        if not self._recorded_speech:
            quiet = [point for point in self.points if point.noise_alarms <= self.config.noise_target]
            return max(quiet or self.points[-1:], key=lambda point: point.f1) if self.words else None
        kept: list[Point] = []
        for point in reversed(self.points):
            speech = false_alarms.pooled(self._recorded_speech, point.threshold)
            if speech.per_hour > self.config.speech_target or point.noise_alarms > self.config.noise_target:
                break
            kept.append(point)
        if not self.words:
            return (kept or [self.points[-1]])[-1]
        return max(kept or self.points[-1:], key=lambda point: point.heard)  # the highest threshold of equals

    @property
    def suggestion_rule(self) -> str:
        """The rule of `suggested`, a clause for the page."""
        noise = f"at most {self.config.noise_target:g} an hour of noise"
        if not self._recorded_speech:
            return f"the best F1 with {noise}"
        least = "the fewest missed words" if self.words else "the lowest"
        return f"{least} with at most {self.config.speech_target:g} false alarms an hour of recorded speech and {noise}"

    @property
    def has_recordings(self) -> bool:
        """Whether false alarms were counted in folders of other recordings."""
        return any(curve.recordings for curve in self.alarms)

    @property
    def _recorded_speech(self) -> list[AlarmCurve]:
        """The recordings of running speech; all recordings of speech if there are only single words."""
        speech = [curve for curve in self.alarms if curve.kind == "speech" and curve.recordings]
        return [curve for curve in speech if curve.is_running] or speech

    def at(self, threshold: float) -> Point:
        """The point with the nearest threshold."""
        return min(self.points, key=lambda point: abs(point.threshold - threshold))


def measure(
    run: Run, config: StreamingEvaluationConfig, corpus: CorpusReference | None = None, report: Report = no_progress
) -> StreamingEvaluation:
    """Mix the soundscapes, run the network on them and on other recordings, and try every threshold.

    A cross-validated network learned from all clips of its corpus. On that corpus only its false alarms are measured: on
    other words of other corpora of this computer, noise, and other recordings.

    Args:
        corpus: source of the clips; the run's own corpus by default.

    Raises:
        RunError: the run has no network yet, or the split has no clip of its words.
        CorpusError: a folder of other recordings is missing or holds none.
        Cancelled: `report` raised it.
    """
    soundscapes, traces, stream = collect_traces(run, config, corpus, report)
    chosen = detection.load_settings(run)
    settings = [replace(chosen, threshold=threshold) for threshold in THRESHOLDS]
    points = tuple(point(traces, stream, one) for one in settings)
    return StreamingEvaluation(
        config, chosen.smoothing_ms, chosen.refractory_ms, len(traces.words.spoken), soundscapes.other_clips, points,
        fingerprint_of(soundscapes.clips), model_digest(run), chosen.context_ms, alarm_curves(traces, stream, settings),
    )  # fmt: skip


def alarm_curves(traces: Traces, stream: NetworkStream, settings: Sequence[DetectionConfig]) -> tuple[AlarmCurve, ...]:
    """Count the false alarms in each corpus of the traces, for each setting of the detector."""
    mixed: list[tuple[Kind, Trace]] = [("speech", traces.speech), ("noise", traces.noise)]
    curves = [false_alarms.count(MIXED[kind], kind, trace, stream, settings) for kind, trace in mixed if trace.seconds]
    curves += [
        false_alarms.count(one.name, one.kind, trace, stream, settings, len(one.recordings))
        for one, trace in traces.other
        if trace.seconds
    ]
    return tuple(curves)


def collect_traces(
    run: Run, config: StreamingEvaluationConfig, corpus: CorpusReference | None = None, report: Report = no_progress
) -> tuple[SoundscapeGenerator, Traces, NetworkStream]:
    """Run the network on the soundscapes and the other recordings: the part of `measure` that takes minutes."""
    stream = NetworkStream(run)
    reference = corpus or run.config.corpus
    known = learned.load(run, report)
    index, clips = _clips(run, config.split, reference, known, report)
    soundscapes = SoundscapeGenerator(
        clips, index, stream.sample_rate, config.split, snr_db=config.snr_db, seed=config.seed
    )
    if not soundscapes.has_words and not _learned_all(run, reference):
        raise RunError(f"There is no {config.split} clip of {', '.join(run.config.task.labels)} to evaluate on.")
    seconds = 60 * config.minutes
    folders = (*other_recordings.on_this_computer(run.config.negatives.other), *config.other)
    words = run.config.task.labels
    selected = false_alarms.select(folders, config.split, words, known, seconds, seed=config.seed, report=report)
    total = soundscapes.words_seconds + (2 if soundscapes.other_clips else 1) * seconds
    total += sum(min(seconds, one.seconds) for one in selected)
    done = 0.0

    def on_seconds(at: float) -> None:
        report(Progress("Listening", round(done + at), round(total), "s"))

    words_trace = listen(stream, soundscapes.words(), on_seconds)
    done += words_trace.seconds
    speech = listen(stream, soundscapes.speech(seconds) if soundscapes.other_clips else (), on_seconds)
    done += speech.seconds
    noise = listen(stream, soundscapes.noise(seconds), on_seconds)
    done += noise.seconds
    other: list[tuple[Selection, Trace]] = []
    for one in selected:
        trace = listen(stream, false_alarms.sound(one, stream.sample_rate, seconds), on_seconds)
        done += trace.seconds
        other.append((one, trace))
    return soundscapes, Traces(words_trace, speech, noise, tuple(other)), stream


def _learned_all(run: Run, reference: CorpusReference) -> bool:
    """Whether the network learned from every clip of this corpus: it is cross-validated."""
    return bool(run.config.training.folds) and reference.name == run.config.corpus.name


def _clips(
    run: Run, split: Split, reference: CorpusReference, known: Learned | None, report: Report
) -> tuple[Index, list[Clip]]:
    """The corpus, for its noise, and the clips that the soundscapes are mixed from."""
    index = catalogue.open_corpus(reference, words=run.config.task.labels).index(report)
    if _learned_all(run, reference):
        return index, false_alarms.other_words(run, split, known, report)
    clips, _ = task.evaluation_clips(index, run.config.task, split, run.config.training.seed)
    if known:
        clips, _ = known.without_learned(clips, split, is_own=reference == run.config.corpus)
    return index, clips


def is_current(run: Run, found: StreamingEvaluation, report: Report = no_progress) -> bool:
    """Whether the run's corpus still holds the clips of a stored evaluation.

    True if the corpus is not on this computer, or if the evaluation is of an earlier version, which noted no clips.
    """
    try:
        if not found.fingerprint or not catalogue.open_corpus(run.config.corpus).is_loaded():
            return True
        known = learned.load(run, report)
        return found.fingerprint == fingerprint_of(_clips(run, found.config.split, run.config.corpus, known, report)[1])
    except CorpusError:
        return True


def point(traces: Traces, stream: NetworkStream, config: DetectionConfig) -> Point:
    """Evaluate one setting of the detector."""
    delays, wrong = match(traces.words.events(config, stream), traces.words.spoken)
    speech, noise = (
        3600 * len(part.events(config, stream)) / part.seconds if part.seconds else 0.0
        for part in (traces.speech, traces.noise)
    )
    return Point(
        config.threshold,
        len(traces.words.spoken),
        len(delays),
        wrong,
        speech,
        noise,
        delay=float(np.median(delays)) if delays else None,
        late_delay=float(np.quantile(delays, 0.95)) if delays else None,
    )


def match(events: Sequence[Event], spoken: Sequence[SpokenWord]) -> tuple[list[float], int]:
    """Match events to spoken words: the delay of each detected word [s], and the number of false alarms.

    An event belongs to a word with its label that ends near it, see `EARLY` and `LATE`; each word takes one event.
    """
    open_words = sorted(spoken, key=lambda word: word.end)
    delays: list[float] = []
    wrong = 0
    for event in events:
        mine = next(
            (w for w in open_words if w.label == event.label and w.end - EARLY <= event.end <= w.end + LATE), None
        )
        if mine is None:
            wrong += 1
        else:
            open_words.remove(mine)
            delays.append(event.end - mine.end)
    return delays, wrong


def measure_and_choose(run: Run, report: Report = no_progress) -> None:
    """Run a short evaluation on validation clips; store it, and set the threshold that it suggests."""
    found = measure(run, StreamingEvaluationConfig(minutes=_SHORT), report=report)
    store(run, found)
    if found.suggested:
        with contextlib.suppress(WorkspaceError):  # as in `store`
            detection.store_settings(run, replace(detection.load_settings(run), threshold=found.suggested.threshold))


def store(run: Run, found: StreamingEvaluation) -> None:
    """Store an evaluation with its run, if its folder can be written to."""
    path = _path(run, found.config.split)
    with contextlib.suppress(WorkspaceError):  # a run on a read-only disk can be evaluated too
        workspace.write_json(workspace.made(path.parent) / path.name, asdict(found))


def advised(run: Run) -> DetectionConfig:
    """The detection settings that did best on validation clips; the defaults before any evaluation."""
    found = load_cached(run, "validation")
    if found is None or found.suggested is None:
        return DetectionConfig()
    return DetectionConfig(found.suggested.threshold, found.smoothing_ms, found.refractory_ms, found.context_ms)


def load_cached(run: Run, split: Split) -> StreamingEvaluation | None:
    """Load the stored evaluation of a split, unless the network has changed since; a bundled run has one of its own."""
    for path in (_path(run, split), run.folder / _NAME.format(split)):
        try:
            found = from_json(workspace.read_json(path))
            is_newer = run.is_bundled or path.stat().st_mtime >= run.model_path.stat().st_mtime
            if found.model == model_digest(run) if found.model else is_newer:
                return found
        except (OSError, LookupError, TypeError, ValueError, EchoicError):
            continue
    return None


def from_json(values: dict[str, Any]) -> StreamingEvaluation:
    """Convert stored JSON values to an evaluation.

    Raises:
        ValueError, TypeError, LookupError, EchoicError: they are not an evaluation.
    """
    config = to_dict(from_dict(StreamingEvaluationConfig, values["config"]))
    found = stored.convert({**values, "config": config}, StreamingEvaluation)
    if not found.points:
        raise ValueError("it has no points")
    return found if found.alarms else replace(found, alarms=_mixed_alarms(found))


def _mixed_alarms(found: StreamingEvaluation) -> tuple[AlarmCurve, ...]:
    """The false alarms in the soundscapes of an evaluation of an earlier version, which stored their rates alone."""
    hours = found.config.minutes / 60

    def curve(kind: Kind, rates: Sequence[float]) -> AlarmCurve:
        counts = (AlarmCount(one.threshold, round(rate * hours)) for one, rate in zip(found.points, rates, strict=True))
        return AlarmCurve(MIXED[kind], kind, hours, tuple(counts))

    speech = [curve("speech", [one.speech_alarms for one in found.points])] if found.others else []
    return (*speech, curve("noise", [one.noise_alarms for one in found.points]))


def _path(run: Run, split: Split) -> Path:
    return run.results_folder / _NAME.format(split)
