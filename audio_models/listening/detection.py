"""Turn the probabilities after each step into events: this word, at this time.

Three settings decide. *Smoothing* averages the last steps, so one slip is no event. *Threshold* is the averaged
probability at which a word is reported: lower misses less and gives more false alarms. *Refractory time* is a pause after
each event, because a word stays probable for a while after it ends.
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


@dataclass(frozen=True)
class DetectionConfig:
    """When a word is reported; the defaults did best on validation clips (docs/recipe.md)."""

    threshold: float = setting(
        0.8, 0.01, 1, step=0.05, title="Threshold", help="Smoothed probability at which a word is reported."
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

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Event:
    """A detected word.

    Attributes:
        start, end: where it lies [s]: it was reported at `end`, and one training clip reaches back to `start`.
        label: the word.
        confidence: its smoothed probability.
    """

    start: float
    end: float
    label: str
    confidence: float


class Detector:
    """Detects events step by step.

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
        self._recent: deque[NDArray[np.float32]] = deque(maxlen=smoothing_steps(config, step_seconds))
        self._last = -np.inf
        self._sounding: int | None = None  # the word of the last event, until its probability has fallen

    def feed(self, time: float, probabilities: NDArray[np.float32]) -> Event | None:
        """Take the probabilities (labels,) after the step that ends at `time` [s]; return the event it completes, if any."""
        self._recent.append(probabilities)
        smoothed = np.mean(self._recent, axis=0)
        if self._sounding is not None and smoothed[self._sounding] < self._config.threshold / 2:
            self._sounding = None
        best = int(np.where(self._words, smoothed, -1).argmax())
        if (
            not self._words[best]
            or not smoothed[best] >= self._config.threshold  # also if it is not a number
            or best == self._sounding
            or time - self._last < self._config.refractory_ms / 1000
        ):
            return None
        self._last, self._sounding = time, best
        return self._event(time, best, float(smoothed[best]))

    def events(self, times: NDArray[np.float64], probabilities: NDArray[np.float32]) -> list[Event]:
        """Detect the events of a whole recording: those that `feed` finds from the beginning, in a fraction of the time.

        Args:
            times: end of each step [s], (steps,).
            probabilities: (steps, labels).
        """
        if not len(times) or not self._words.any():
            return []
        smoothed = _smoothed(probabilities, self._recent.maxlen or 1)
        words = np.flatnonzero(self._words)
        best = words[smoothed[:, words].argmax(axis=1)]
        height = smoothed[np.arange(len(times)), best]
        faded = {word: np.flatnonzero(smoothed[:, word] < self._config.threshold / 2) for word in words.tolist()}
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

    def _event(self, time: float, word: int, confidence: float) -> Event:
        return Event(max(0.0, time - self._clip_seconds), time, self._labels[word], min(1.0, confidence))


def _smoothed(probabilities: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Average each row with those before it, `steps` in all, summed in their order as `np.mean` does."""
    total = np.zeros_like(probabilities)
    for back in range(min(steps, len(probabilities)) - 1, -1, -1):
        total[back:] += probabilities[: len(probabilities) - back]
    counts = np.minimum(np.arange(1, len(probabilities) + 1), steps).astype(np.float32)
    return np.asarray(total / counts[:, None])


def _any_between(places: NDArray[np.int64], after: int, until: int) -> bool:
    """Whether one of the sorted places lies after `after` and not after `until`."""
    next_one = int(np.searchsorted(places, after, side="right"))
    return next_one < len(places) and bool(places[next_one] <= until)


def smoothing_steps(config: DetectionConfig, step_seconds: float) -> int:
    """The number of steps that are averaged, at least one."""
    return max(1, round(config.smoothing_ms / 1000 / step_seconds))


def load_settings(run: Run) -> DetectionConfig:
    """Load a run's detection settings: those its user chose, else those it came with, else the defaults."""
    for folder in (run.results_folder, run.folder):
        try:
            return from_dict(DetectionConfig, workspace.read_json(folder / "detection.json"))
        except (OSError, ValueError, WorkspaceError, ConfigError):
            continue
    return DetectionConfig()


def store_settings(run: Run, config: DetectionConfig) -> None:
    """Store detection settings with a run.

    Raises:
        WorkspaceError: they cannot be written.
    """
    workspace.write_json(workspace.made(run.results_folder) / "detection.json", asdict(config))
