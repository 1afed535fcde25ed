"""How a network fares that listens for hours: what it misses, what it hears that nobody said, and how late it answers.

Recordings whose words are known are heard once; then every threshold is tried on the probabilities that are kept. The
chosen one, found on validation clips, stays with the run and is used wherever it listens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audio_models.detection import DetectionConfig, Event
from audio_models.network_stream import NetworkStream
from audio_models.runs import Run
from audio_models.scenes import Said, Stage
from audio_models.waveform import Waveform
from data import catalogue, task
from data.corpus import Progress, Report, Split, quiet

THRESHOLDS = tuple(
    float(value) for value in np.round(np.concatenate([np.arange(0.3, 0.9, 0.05), np.arange(0.9, 1.0, 0.01)]), 2)
)
EARLY, LATE = 0.3, 1.0
"""Seconds before and after the end of a word in which an event counts as that word's."""

_HOUR = 3600.0


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


@dataclass(frozen=True)
class Listened:
    """A recording as the network heard it: at each step until when [s], and the probabilities (steps, labels)."""

    times: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    said: tuple[Said, ...]
    seconds: float

    def events(self, config: DetectionConfig, stream: NetworkStream) -> list[Event]:
        """What a detector makes of it."""
        detector = stream.detector(config)
        found = (detector.feed(time, row) for time, row in zip(self.times, self.probabilities, strict=True))
        return [event for event in found if event]


def listen(
    stream: NetworkStream,
    pieces: Iterator[tuple[Waveform, list[Said]]],
    heard: Callable[[float], None],
) -> Listened:
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
    return Listened(
        np.array(times),
        np.array(rows, np.float32).reshape(-1, len(stream.labels)),
        tuple(said),
        samples / stream.sample_rate,
    )


@dataclass(frozen=True)
class Heard:
    """A network on the recordings of one side: words among other words, other speech, noise."""

    words: Listened
    speech: Listened
    noise: Listened


def hear(
    run: Run, side: Split, *, snr_db: float = 10.0, seconds: float = _HOUR, seed: int = 0, report: Report = quiet
) -> Heard:
    """Make the recordings of one side and let the run's network hear them.

    Args:
        side: whose clips.
        snr_db: level of the words over the noise [dB].
        seconds: of other speech, and as much of noise.

    Raises:
        RunError: the run has no network yet.
        Cancelled: `report` raised it.
    """
    stream = NetworkStream(run)
    config = run.config
    index = catalogue.open_corpus(config.corpus, words=config.task.labels).index(report)
    clips, _ = task.judged(index, config.task, side, config.training.seed)
    stage = Stage(clips, index, stream.sample_rate, side, snr_db=snr_db, seed=seed)
    done = 0.0

    def said(at: float) -> None:
        report(Progress("Listening", round(done + at), 0, "s"))

    words = listen(stream, stage.words(), said)
    done += words.seconds
    speech = listen(stream, stage.speech(seconds) if stage.has_speech else iter(()), said)
    done += speech.seconds
    noise = listen(stream, stage.noise(seconds), said)
    return Heard(words, speech, noise)


def curve(
    heard: Heard, stream: NetworkStream, config: DetectionConfig, thresholds: Sequence[float] = THRESHOLDS
) -> list[Point]:
    """What each threshold gives, smoothing and refractory time as in `config`."""
    return [point(heard, stream, replace(config, threshold=threshold)) for threshold in thresholds]


def point(heard: Heard, stream: NetworkStream, config: DetectionConfig) -> Point:
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


def match(events: Sequence[Event], said: Sequence[Said]) -> tuple[list[float], int]:
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
