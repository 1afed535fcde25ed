"""Turn the probabilities after each step into events: this word, at this time.

Four settings decide. *Smoothing* averages the last steps, so one slip is no event. *Context* is how far back other speech
counts against a word: nobody gives a command in the middle of a sentence. *Threshold* is the score at which a word is
reported: lower misses less and gives more false alarms. *Refractory time* is a pause after each event, because a word
stays probable for a while after it ends.

The score of a word is its smoothed probability times sqrt(1 - u), where u is the mean probability of `_unknown_` over the
context, which ends half a second ago, about where the word begins. Without that class, or without a context, u is 0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import ConfigError
from audio_models.jobs.runs import Run
from audio_models.settings import check, from_dict, setting
from data import workspace
from data.corpus import SILENCE, UNKNOWN
from data.errors import WorkspaceError

_WORD = 0.5
"""The context of a word ends so long before its end [s]: a word is about as long, and is no context of itself."""


@dataclass(frozen=True)
class DetectionConfig:
    """When a word is reported; the defaults did best on validation clips (docs/recipe.md)."""

    threshold: float = setting(
        0.8,
        0.01,
        1,
        step=0.05,
        title="Threshold",
        help="Score at which a word is reported: its smoothed probability, lowered by other speech just before.",
    )
    smoothing_ms: float = setting(
        240.0,
        0,
        2000,
        unit="ms",
        step=20,
        title="Smoothing",
        help="Stretch of time over which probabilities are averaged.",
    )
    refractory_ms: float = setting(
        500.0, 0, 10_000, unit="ms", step=100, title="Pause", help="Shortest time from one reported word to the next."
    )
    context_ms: float = setting(
        4000.0, 0, 20_000, unit="ms", step=500, title="Context",
        help="How far back other speech counts against a word, so that one in the middle of a sentence is no command; 0: not at all.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Event:
    """A detected word.

    Attributes:
        start, end: where it lies [s]: it was reported at `end`, and one training clip reaches back to `start`.
        label: the word.
        confidence: its score.
    """

    start: float
    end: float
    label: str
    confidence: float


class Detector:
    """Detects events step by step.

    Attributes:
        is_refusing: whether what sounds is speech, but none of the words: of the smoothed probabilities that of `_unknown_`
            is the highest.

    Args:
        config: when a word is reported.
        labels: in the order of the probabilities; `_unknown_` and `_silence_` are never reported.
        step_seconds: time from one step to the next [s].
        clip_seconds: length of a training clip [s].
    """

    def __init__(
        self, config: DetectionConfig, labels: Sequence[str], step_seconds: float, clip_seconds: float
    ) -> None:
        self._config = config
        self._labels = tuple(labels)
        self._words = np.array([label not in (UNKNOWN, SILENCE) for label in labels])
        self._clip_seconds = clip_seconds
        self._unknown = self._labels.index(UNKNOWN) if UNKNOWN in self._labels else None
        self._recent: deque[NDArray[np.float32]] = deque(maxlen=smoothing_steps(config, step_seconds))
        self._gap = round(_WORD / step_seconds)
        self._context = max(1, round(config.context_ms / 1000 / step_seconds))
        self._before: deque[float] = deque(maxlen=self._context + self._gap)  # probabilities of `_unknown_`
        self.is_refusing = False
        self._last = -np.inf
        self._sounding: int | None = None  # the word of the last event, until its probability has fallen

    def feed(self, time: float, probabilities: NDArray[np.float32]) -> Event | None:
        """Take the probabilities (labels,) after the step that ends at `time` [s]; return the event it completes, if any."""
        self._recent.append(probabilities)
        scores = np.mean(self._recent, axis=0)
        self.is_refusing = self._unknown is not None and int(scores.argmax()) == self._unknown
        if self._unknown is not None and self._config.context_ms:
            self._before.append(float(probabilities[self._unknown]))
            scores = scores * _after_speech(self._speech_before())
        if self._sounding is not None and scores[self._sounding] < self._config.threshold / 2:
            self._sounding = None
        best = int(np.where(self._words, scores, -1).argmax())
        if (
            not self._words[best]
            or not scores[best] >= self._config.threshold  # also if it is not a number
            or best == self._sounding
            or time - self._last < self._config.refractory_ms / 1000
        ):
            return None
        self._last, self._sounding = time, best
        return self._event(time, best, float(scores[best]))

    def _speech_before(self) -> float:
        """The mean probability of `_unknown_` over the context; the same as the last of `_mean_before`, to the last bit."""
        context = list(self._before)[: max(0, len(self._before) - self._gap)]
        total = 0.0
        for one in context:
            total += one
        return total / len(context) if context else 0.0

    def events(self, times: NDArray[np.float64], probabilities: NDArray[np.float32]) -> list[Event]:
        """Detect the events of a whole recording: those that `feed` finds from the beginning, in a fraction of the time.

        Args:
            times: end of each step [s], (steps,).
            probabilities: (steps, labels).
        """
        if not len(times) or not self._words.any():
            return []
        scores = _smoothed(probabilities, self._recent.maxlen or 1)
        if self._unknown is not None and self._config.context_ms:
            before = _mean_before(probabilities[:, self._unknown].astype(float), self._context, self._gap)
            scores = scores * _after_speech(before)[:, None]
        words = np.flatnonzero(self._words)
        best = words[scores[:, words].argmax(axis=1)]
        height = scores[np.arange(len(times)), best]
        faded = {word: np.flatnonzero(scores[:, word] < self._config.threshold / 2) for word in words.tolist()}
        found: list[Event] = []
        last, sounding, reported_at = -np.inf, -1, 0
        for step in np.flatnonzero(height >= self._config.threshold).tolist():
            word, time = int(best[step]), float(times[step])
            if word == sounding and not _any_between(faded[word], reported_at, step):
                continue
            if time - last < self._config.refractory_ms / 1000:
                continue
            last, sounding, reported_at = time, word, step
            found.append(self._event(time, word, float(height[step])))
        return found

    def refused(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether each step of a whole recording is other speech, (steps,): as `is_refusing` tells while it is read."""
        if self._unknown is None or not len(probabilities):
            return np.zeros(len(probabilities), bool)
        leads: NDArray[np.bool_] = _smoothed(probabilities, self._recent.maxlen or 1).argmax(axis=1) == self._unknown
        return leads

    def _event(self, time: float, word: int, confidence: float) -> Event:
        return Event(max(0.0, time - self._clip_seconds), time, self._labels[word], min(1.0, confidence))


def _smoothed(probabilities: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Average each row with those before it, `steps` in all, summed in their order as `np.mean` does."""
    total = np.zeros_like(probabilities)
    for back in range(min(steps, len(probabilities)) - 1, -1, -1):
        total[back:] += probabilities[: len(probabilities) - back]
    counts = np.minimum(np.arange(1, len(probabilities) + 1), steps).astype(np.float32)
    return np.asarray(total / counts[:, None])


def _mean_before(unknown: NDArray[np.float64], steps: int, gap: int) -> NDArray[np.float64]:
    """Average at each step the `steps` values, or those there are, that ended `gap` steps ago; 0 of none."""
    count = len(unknown) - gap
    means = np.zeros(len(unknown))
    if count > 0:
        total = np.zeros(count)
        for back in range(min(steps, count) - 1, -1, -1):
            total[back:] += unknown[: count - back]
        means[gap:] = total / np.minimum(np.arange(1, count + 1), steps)
    return means


def _after_speech(before: NDArray[np.float64] | float) -> NDArray[np.float32]:
    """What remains of a word's probability after that share of other speech."""
    return np.asarray(np.sqrt(np.maximum(0, 1 - np.asarray(before))), np.float32)


def _any_between(places: NDArray[np.int64], after: int, until: int) -> bool:
    """Whether one of the sorted places lies after `after` and not after `until`."""
    next_one = int(np.searchsorted(places, after, side="right"))
    return next_one < len(places) and bool(places[next_one] <= until)


def smoothing_steps(config: DetectionConfig, step_seconds: float) -> int:
    """The number of steps that are averaged, at least one."""
    return max(1, round(config.smoothing_ms / 1000 / step_seconds))


def load_settings(run: Run) -> DetectionConfig:
    """Load a run's detection settings: those its user chose, else those it came with, else the defaults.

    Settings from before there was a context have none: their threshold was chosen without it.
    """
    for folder in (run.results_folder, run.folder):
        try:
            return from_dict(DetectionConfig, {"context_ms": 0.0, **workspace.read_json(folder / "detection.json")})
        except (OSError, TypeError, ValueError, WorkspaceError, ConfigError):
            continue
    return DetectionConfig()


def store_settings(run: Run, config: DetectionConfig) -> None:
    """Store detection settings with a run.

    Raises:
        WorkspaceError: they cannot be written.
    """
    workspace.write_json(workspace.made(run.results_folder) / "detection.json", asdict(config))
