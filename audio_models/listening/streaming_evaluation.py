"""How a network fares that listens for hours: what it misses, what it hears that nobody said, and how late it answers.

Recordings whose words are known are heard once; then every threshold is tried on the probabilities that are kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_models.config import within
from audio_models.errors import RunError
from audio_models.features.waveform import Waveform
from audio_models.jobs.runs import Run
from audio_models.listening import detection
from audio_models.listening.detection import DetectionConfig, Event
from audio_models.listening.network_stream import NetworkStream
from audio_models.listening.soundscapes import SoundscapeGenerator, SpokenWord
from data import catalogue, task, workspace
from data.corpus import CorpusReference, Progress, Report, Split, no_progress
from data.errors import EchoicError, WorkspaceError

THRESHOLDS = tuple(dict.fromkeys(round(float(1 / (1 + np.exp(-logit))), 3) for logit in np.arange(-1, 7.01, 0.25)))
"""Those that are tried: evenly spread in log odds, as most of the answers lie near 0 or 1."""
EARLY, LATE = 0.3, 1.0
"""Seconds before and after the end of a word in which an event counts as that word's."""
ALARMS = 1.0
"""False alarms an hour of noise that the threshold chosen by itself may give."""

_HOUR = 3600.0
_NAME = "benches/{}.json"
_OLD_KEYS = {"side": "split"}  # as older benches were written
_SHORT = 15.0  # minutes of other speech and of noise after a training


@dataclass(frozen=True)
class Point:
    """What one threshold gives.

    Attributes:
        threshold: of the smoothed probability.
        words, heard: words of the network's own that were said, and those that were heard.
        wrong: events among the words that no word explains.
        speech_alarms, noise_alarms: events an hour of other speech, and of noise.
        delay, late_delay: median and 95th percentile of the time from a word's end to its event [s]; None where none was
            heard.
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
        """Share of the words that were not heard."""
        return 1 - self.heard / self.words if self.words else 0.0

    @property
    def f1(self) -> float:
        """2 heard / (words + events), of the words among other words."""
        return 2 * self.heard / max(1, self.words + self.heard + self.wrong)


@dataclass(frozen=True)
class Trace:
    """A recording as the network heard it: at each step until when [s], and the probabilities (steps, labels)."""

    times: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    said: tuple[SpokenWord, ...]
    seconds: float

    def events(self, config: DetectionConfig, stream: NetworkStream) -> list[Event]:
        """What a detector makes of it."""
        return stream.detector(config).events(self.times, self.probabilities)


def listen(
    stream: NetworkStream,
    pieces: Iterator[tuple[Waveform, list[SpokenWord]]],
    heard: Callable[[float], None],
) -> Trace:
    """Let a network hear pieces of one recording."""
    stream.reset()
    times, rows, said, samples = [], [], [], 0
    for piece, words in pieces:
        said += words
        samples += len(piece)
        for time, probabilities in stream.feed(piece):
            times.append(time)
            rows.append(probabilities)
        heard(samples / stream.sample_rate)
    return Trace(
        np.array(times),
        np.array(rows, np.float32).reshape(-1, len(stream.labels)),
        tuple(said),
        samples / stream.sample_rate,
    )


@dataclass(frozen=True)
class Traces:
    """A network on the recordings of one split: words among other words, other speech, noise."""

    words: Trace
    speech: Trace
    noise: Trace


@dataclass(frozen=True)
class StreamingEvaluationConfig:
    """What the recordings are like.

    Attributes:
        split: whose clips they are made of; a threshold is chosen on validation clips and evaluated on test clips.
        snr_db: level of the words over the noise [dB].
        minutes: of other speech, and as much of noise.
        seed: of all that is random.
    """

    split: Split = "validation"
    snr_db: float = 10.0
    minutes: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split not in ("validation", "test"):
            raise RunError(f"The bench takes validation or test clips, not '{self.split}': the others were learned.")
        within("The level over the noise", self.snr_db, -20, 60, " dB")
        within("The length of the recordings", self.minutes, 1, 600, " minutes")


@dataclass(frozen=True)
class StreamingEvaluation:
    """How a run's network fares that listens.

    Attributes:
        config: what the recordings are like.
        smoothing_ms, refractory_ms: of the detector.
        words: distinct clips of the network's words, each said once.
        others: distinct clips of other words, said again and again in the speech; 0 where the corpus has none, and then
            no alarms of speech were measured.
        points: what each threshold gives, from the lowest to the highest.
    """

    config: StreamingEvaluationConfig
    smoothing_ms: float
    refractory_ms: float
    words: int
    others: int
    points: tuple[Point, ...]

    @property
    def suggested(self) -> Point:
        """The point with the best F1 score among words, of those with at most `ALARMS` an hour of noise."""
        quiet_ones = [point for point in self.points if point.noise_alarms <= ALARMS]
        return max(quiet_ones or self.points[-1:], key=lambda point: point.f1)

    def at(self, threshold: float) -> Point:
        """The point whose threshold is nearest."""
        return min(self.points, key=lambda point: abs(point.threshold - threshold))


def measure(
    run: Run, config: StreamingEvaluationConfig, corpus: CorpusReference | None = None, report: Report = no_progress
) -> StreamingEvaluation:
    """Make the recordings and let the run's network hear them.

    Args:
        corpus: whose clips; the run's own by default.

    Raises:
        RunError: the run has no network yet, or there is no clip of its words in that split.
        Cancelled: `report` raised it.
    """
    stage, heard, stream = hear(run, config, corpus, report)
    chosen = detection.settings(run)
    points = tuple(point(heard, stream, replace(chosen, threshold=threshold)) for threshold in THRESHOLDS)
    return StreamingEvaluation(
        config, chosen.smoothing_ms, chosen.refractory_ms, len(heard.words.said), stage.other_clips, points
    )  # fmt: skip


def hear(
    run: Run, config: StreamingEvaluationConfig, corpus: CorpusReference | None = None, report: Report = no_progress
) -> tuple[SoundscapeGenerator, Traces, NetworkStream]:
    """What `measure` judges: the clips, the recordings as the network heard them, and the network."""
    stream = NetworkStream(run)
    if run.config.training.folds:
        raise RunError(
            "This network has learned from all clips of its corpus, so none is left to make the recordings of. "
            "Judge it by another corpus."
        )
    index = catalogue.open_corpus(corpus or run.config.corpus, words=run.config.task.labels).index(report)
    clips, _ = task.evaluation_clips(index, run.config.task, config.split, run.config.training.seed)
    stage = SoundscapeGenerator(clips, index, stream.sample_rate, config.split, snr_db=config.snr_db, seed=config.seed)
    if not stage.has_words:
        raise RunError(f"There is no {config.split} clip of {', '.join(run.config.task.labels)} to make recordings of.")
    seconds = 60 * config.minutes
    total = stage.words_seconds + (2 if stage.other_clips else 1) * seconds
    done = 0.0

    def said(at: float) -> None:
        report(Progress("Listening", round(done + at), round(total), "s"))

    words = listen(stream, stage.words(), said)
    done += words.seconds
    speech = listen(stream, stage.speech(seconds) if stage.other_clips else iter(()), said)
    done += speech.seconds
    noise = listen(stream, stage.noise(seconds), said)
    return stage, Traces(words, speech, noise), stream


def point(heard: Traces, stream: NetworkStream, config: DetectionConfig) -> Point:
    """What one setting of the detector gives."""
    delays, wrong = match(heard.words.events(config, stream), heard.words.said)
    speech, noise = (
        len(part.events(config, stream)) / part.seconds * _HOUR if part.seconds else 0.0
        for part in (heard.speech, heard.noise)
    )
    return Point(
        config.threshold,
        len(heard.words.said),
        len(delays),
        wrong,
        speech,
        noise,
        delay=float(np.median(delays)) if delays else None,
        late_delay=float(np.quantile(delays, 0.95)) if delays else None,
    )


def match(events: Sequence[Event], said: Sequence[SpokenWord]) -> tuple[list[float], int]:
    """How late each word was heard [s], those that were, and how many events no word explains.

    An event is a word's if it has its label and comes near its end, see `EARLY` and `LATE`; each explains one.
    """
    open_words = sorted(said, key=lambda word: word.end)
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
    """A short bench on validation clips, kept with the run, and the threshold that it suggests."""
    bench = measure(run, StreamingEvaluationConfig(minutes=_SHORT), report=report)
    store(run, bench)
    with contextlib.suppress(WorkspaceError):  # as in `keep`
        detection.keep_settings(run, replace(detection.settings(run), threshold=bench.suggested.threshold))


def store(run: Run, bench: StreamingEvaluation) -> None:
    """Store a bench with the run, where that can be written to."""
    path = _path(run, bench.config.split)
    with contextlib.suppress(WorkspaceError):  # a run on a read-only disk can be judged too
        workspace.write_json(workspace.made(path.parent) / path.name, asdict(bench))


def advised(run: Run) -> DetectionConfig:
    """When a word should count as heard, by what was measured on validation clips; the default where nothing was."""
    found = load_cached(run, "validation")
    if found is None:
        return DetectionConfig()
    return DetectionConfig(found.suggested.threshold, found.smoothing_ms, found.refractory_ms)


def load_cached(run: Run, split: Split) -> StreamingEvaluation | None:
    """The stored bench of that split, if there is one of the network that the run has now; or the one that came with it."""
    for path in (_path(run, split), run.folder / _NAME.format(split)):
        try:
            if run.is_bundled or path.stat().st_mtime >= run.model_path.stat().st_mtime:
                return from_json(workspace.read_json(path))
        except (OSError, KeyError, TypeError, ValueError, EchoicError):
            continue
    return None


def from_json(values: dict[str, Any]) -> StreamingEvaluation:
    """The bench of these JSON values.

    Raises:
        KeyError, TypeError, ValueError: they are something else.
    """
    points = tuple(Point(**row) for row in values["points"])
    config = {_OLD_KEYS.get(key, key): value for key, value in values["config"].items()}
    return StreamingEvaluation(**{**values, "config": StreamingEvaluationConfig(**config), "points": points})


def _path(run: Run, split: Split) -> Path:
    return run.kept_folder / _NAME.format(split)
