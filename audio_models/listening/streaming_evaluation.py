"""Evaluate a network on a stream: missed words, false alarms per hour, and delay, at every threshold.

The network reads soundscapes with known words once; then every threshold is tried on the stored probabilities.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import RunError
from audio_models.features.waveform import Waveform
from audio_models.jobs.runs import Run
from audio_models.listening import detection
from audio_models.listening.detection import DetectionConfig, Event
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.listening.network_stream import NetworkStream
from audio_models.listening.soundscapes import SoundscapeGenerator, SpokenWord
from audio_models.recognition import learned
from audio_models.recognition.evaluation import fingerprint_of, model_digest
from audio_models.settings import from_dict, to_dict
from data import catalogue, stored, task, workspace
from data.corpus import Clip, CorpusReference, Index, Progress, Report, Split, no_progress
from data.errors import CorpusError, EchoicError, WorkspaceError

THRESHOLDS = tuple(dict.fromkeys(round(float(1 / (1 + np.exp(-logit))), 3) for logit in np.arange(-1, 7.01, 0.25)))
"""The thresholds that are tried: evenly spaced in log odds, since most probabilities lie near 0 or 1."""
EARLY, LATE = 0.3, 1.0
"""An event belongs to a word if it comes this many seconds before or after the word's end."""
ALARMS = 1.0
"""False alarms per hour of noise allowed at the suggested threshold."""

_HOUR = 3600.0
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
    def missed(self) -> float:
        """The miss rate: share of the words that were not detected."""
        return 1 - self.heard / self.words if self.words else 0.0

    @property
    def f1(self) -> float:
        """The F1 score among the words: 2 detected / (words + events)."""
        return 2 * self.heard / max(1, self.words + self.heard + self.wrong)


@dataclass(frozen=True)
class Trace:
    """A network's answers to one soundscape.

    Attributes:
        times: end of each step [s], (steps,).
        probabilities: (steps, labels).
        spoken: the network's words in it.
        seconds: its length [s].
    """

    times: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    spoken: tuple[SpokenWord, ...]
    seconds: float

    def events(self, config: DetectionConfig, stream: NetworkStream) -> list[Event]:
        """Detect words in it."""
        return stream.detector(config).events(self.times, self.probabilities)


def listen(
    stream: NetworkStream,
    pieces: Iterator[tuple[Waveform, list[SpokenWord]]],
    report: Callable[[float], None],
) -> Trace:
    """Run a network on the pieces of one soundscape; `report` is called with the seconds read so far."""
    stream.reset()
    times, rows, spoken, samples = [], [], [], 0
    for piece, words in pieces:
        spoken += words
        samples += len(piece)
        for time, probabilities in stream.feed(piece):
            times.append(time)
            rows.append(probabilities)
        report(samples / stream.sample_rate)
    return Trace(
        np.array(times),
        np.array(rows, np.float32).reshape(-1, len(stream.labels)),
        tuple(spoken),
        samples / stream.sample_rate,
    )


@dataclass(frozen=True)
class Traces:
    """A network's answers to the three soundscapes of one split: words, other speech, noise."""

    words: Trace
    speech: Trace
    noise: Trace


@dataclass(frozen=True)
class StreamingEvaluation:
    """The result of a streaming evaluation.

    Attributes:
        config: what the soundscapes are like.
        smoothing_ms, refractory_ms, context_ms: settings of the detector.
        words: distinct clips of the network's words, each played once.
        others: distinct clips of other words, played over and over; 0 if the corpus has none: false alarms in speech
            were then not measured.
        points: the result at each threshold, in ascending order.
        fingerprint: of the clips; "" in an evaluation of an earlier version.
        model: digest of the model file; "" likewise.
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

    @property
    def suggested(self) -> Point:
        """The point with the best F1 score among those with at most `ALARMS` false alarms per hour of noise."""
        quiet = [point for point in self.points if point.noise_alarms <= ALARMS]
        return max(quiet or self.points[-1:], key=lambda point: point.f1)

    def at(self, threshold: float) -> Point:
        """The point with the nearest threshold."""
        return min(self.points, key=lambda point: abs(point.threshold - threshold))


def measure(
    run: Run, config: StreamingEvaluationConfig, corpus: CorpusReference | None = None, report: Report = no_progress
) -> StreamingEvaluation:
    """Mix the soundscapes, run the network on them, and try every threshold.

    Args:
        corpus: source of the clips; the run's own corpus by default.

    Raises:
        RunError: the run has no network yet, or the split has no clip of its words.
        Cancelled: `report` raised it.
    """
    soundscapes, traces, stream = collect_traces(run, config, corpus, report)
    chosen = detection.load_settings(run)
    points = tuple(point(traces, stream, replace(chosen, threshold=threshold)) for threshold in THRESHOLDS)
    return StreamingEvaluation(
        config, chosen.smoothing_ms, chosen.refractory_ms, len(traces.words.spoken), soundscapes.other_clips, points,
        fingerprint_of(soundscapes.clips), model_digest(run), chosen.context_ms,
    )  # fmt: skip


def collect_traces(
    run: Run, config: StreamingEvaluationConfig, corpus: CorpusReference | None = None, report: Report = no_progress
) -> tuple[SoundscapeGenerator, Traces, NetworkStream]:
    """Run the network on the soundscapes: the part of `measure` that takes minutes."""
    stream = NetworkStream(run)
    reference = corpus or run.config.corpus
    if run.config.training.folds and reference.name == run.config.corpus.name:
        raise RunError(
            "This network was trained on all clips of its corpus, so none is left to evaluate it on. Choose another corpus."
        )
    index, clips = _clips(run, config.split, reference, report)
    soundscapes = SoundscapeGenerator(
        clips, index, stream.sample_rate, config.split, snr_db=config.snr_db, seed=config.seed
    )
    if not soundscapes.has_words:
        raise RunError(f"There is no {config.split} clip of {', '.join(run.config.task.labels)} to evaluate on.")
    seconds = 60 * config.minutes
    total = soundscapes.words_seconds + (2 if soundscapes.other_clips else 1) * seconds
    done = 0.0

    def on_seconds(at: float) -> None:
        report(Progress("Listening", round(done + at), round(total), "s"))

    words = listen(stream, soundscapes.words(), on_seconds)
    done += words.seconds
    speech = listen(stream, soundscapes.speech(seconds) if soundscapes.other_clips else iter(()), on_seconds)
    done += speech.seconds
    noise = listen(stream, soundscapes.noise(seconds), on_seconds)
    return soundscapes, Traces(words, speech, noise), stream


def _clips(run: Run, split: Split, reference: CorpusReference, report: Report) -> tuple[Index, list[Clip]]:
    """The corpus and those of its clips that the soundscapes are mixed from."""
    index = catalogue.open_corpus(reference, words=run.config.task.labels).index(report)
    clips, _ = task.evaluation_clips(index, run.config.task, split, run.config.training.seed)
    if known := learned.load(run, report):
        clips, _ = known.without_learned(clips, split, is_own=reference == run.config.corpus)
    return index, clips


def is_current(run: Run, found: StreamingEvaluation, report: Report = no_progress) -> bool:
    """Whether the run's corpus still holds the clips of a stored evaluation.

    True if the corpus is not on this computer, or if the evaluation is of an earlier version, which noted no clips.
    """
    try:
        if not found.fingerprint or not catalogue.open_corpus(run.config.corpus).is_loaded():
            return True
        return found.fingerprint == fingerprint_of(_clips(run, found.config.split, run.config.corpus, report)[1])
    except CorpusError:
        return True


def point(traces: Traces, stream: NetworkStream, config: DetectionConfig) -> Point:
    """Evaluate one setting of the detector."""
    delays, wrong = match(traces.words.events(config, stream), traces.words.spoken)
    speech, noise = (
        len(part.events(config, stream)) / part.seconds * _HOUR if part.seconds else 0.0
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
    if found is None:
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
    return found


def _path(run: Run, split: Split) -> Path:
    return run.results_folder / _NAME.format(split)
