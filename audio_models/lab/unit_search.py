"""Where else does this unit do that? The clips, and the moments in them, at which a unit is most active.

Select a unit, or a moment of one clip and with it all units that are active there, and see where in a corpus they are
active again (LSTMVis: Strobelt et al., arXiv 1606.07461). All clips are read once; every question is then answered
from the numbers in memory.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from audio_models.config import NetworkConfig
from audio_models.errors import ConfigError
from audio_models.features.feature_cache import clip_features
from audio_models.features.waveform import Waveform
from audio_models.networks.cells import BACKWARD, FORWARD, GATES, ForcedGate, Numbers
from audio_models.networks.numpy_network import LayerTrace, NumpyNetwork, Trace
from audio_models.recognition.recognizer import Recognizer
from audio_models.settings import within
from data.corpus import Clip, Progress, Report, no_progress

MOST_CLIPS = 400
"""Clips that are read at most, spread over the words: some 20 MB of states and gates."""
_SECONDS = 20.0  # after which the clips read so far have to do
_ATONCE = 50  # clips whose features are computed before they are read


_TITLES = {"hidden": "Hidden state", "cell_state": "Cell state", "candidate": "Candidate", "dense": "Hidden layer"}


@dataclass(frozen=True)
class Signal:
    """Something that each unit of the top layer does at each step.

    Attributes:
        name: "hidden", "cell_state" or a gate; "dense" of a network without memory.
        direction: of the layer.
    """

    name: str
    direction: str = FORWARD

    @property
    def title(self) -> str:
        name = _TITLES.get(self.name, f"{self.name.capitalize()} gate")
        return f"{name}, backward" if self.direction == BACKWARD else name

    @property
    def is_gate(self) -> bool:
        return self.name not in _TITLES


def signals(network: NetworkConfig) -> tuple[Signal, ...]:
    """What can be searched for in a network, the hidden state first."""
    if network.cell == "feed_forward":
        return (Signal("dense"),)
    names = ["hidden", *(["cell_state"] if network.cell == "lstm" else []), *GATES.get(network.cell, ())]
    directions = (FORWARD, BACKWARD) if network.bidirectional else (FORWARD,)
    return tuple(Signal(name, direction) for direction in directions for name in names)


@dataclass(frozen=True)
class Sound:
    """A sound to search in: a clip of a corpus, or a waveform at the network's sample rate."""

    label: str
    name: str
    source: Clip | Waveform


@dataclass(frozen=True)
class Activity:
    """What all units do in each of many sounds.

    Attributes:
        sounds: those that were read.
        values: for each sound and signal, (steps, units) float16.
        step_seconds: time from one step to the next [s].
        step_end: when the first step has been read [s].
        asked: how many sounds were to be read; more than `sounds` if time ran out or some cannot be read.
    """

    sounds: tuple[Sound, ...]
    values: tuple[dict[Signal, NDArray[np.float16]], ...]
    step_seconds: float
    step_end: float
    asked: int

    def of(self, signal: Signal) -> list[Numbers]:
        """The values of one signal, (steps, units) for each sound."""
        return [one[signal].astype(np.float32) for one in self.values]


@dataclass(frozen=True)
class Moment:
    """The moment of a sound at which what was searched for is most so.

    Attributes:
        sound: its position in `Activity.sounds`.
        first, end: its steps.
        score: mean of what was searched for over these steps.
    """

    sound: int
    first: int
    end: int
    score: float


@dataclass(frozen=True)
class Pattern:
    """The units that are active throughout a moment, and which way.

    Attributes:
        units: their numbers.
        signs: 1 for high, -1 for low.
        threshold: least activity, see `levels`.
    """

    units: NDArray[np.int64]
    signs: NDArray[np.float32]
    threshold: float


def spread(clips: Sequence[Clip], most: int = MOST_CLIPS) -> list[Clip]:
    """Choose at most `most` clips, equally many of each label, test clips first."""
    by_label: dict[str, list[Clip]] = {}
    for clip in sorted(clips, key=lambda clip: (clip.split != "test", clip.split != "validation", clip.path.name)):
        by_label.setdefault(clip.label, []).append(clip)
    rounds = zip_longest(*by_label.values())
    return [clip for one in rounds for clip in one if clip is not None][:most]


def read_all(
    network: NumpyNetwork,
    recognizer: Recognizer,
    sounds: Sequence[Sound],
    report: Report = no_progress,
    *,
    forced: Sequence[ForcedGate] = (),
) -> Activity:
    """Read sounds with a network, and record what its top layer does.

    Args:
        recognizer: of the same run; its features and normalisation are used.
        sounds: at most `MOST_CLIPS`; those that cannot be read are left out.
        forced: gates to hold open or shut.

    Raises:
        ConfigError: there are too many sounds.
        Cancelled: `report` raised it.
    """
    within("The number of sounds", len(sounds), 0, MOST_CLIPS)
    began = time.monotonic()
    read: list[Sound] = []
    values: list[dict[Signal, NDArray[np.float16]]] = []
    for first in range(0, len(sounds), _ATONCE):
        part = sounds[first : first + _ATONCE]
        clips = [sound.source for sound in part if isinstance(sound.source, Clip)]
        found = iter(clip_features(clips, recognizer.features)[0])
        for sound in part:
            frames = next(found) if isinstance(sound.source, Clip) else recognizer.frames(sound.source)
            if frames is not None:
                read.append(sound)
                values.append(_signals(network.config, network.read(recognizer.normalise(frames), forced)))
        report(Progress("Reading clips", first + len(part), len(sounds)))
        if time.monotonic() - began > _SECONDS:
            break
    features = recognizer.features
    step = network.config.frames_a_step * features.hop_length / features.sample_rate
    return Activity(tuple(read), tuple(values), step, features.first_end / features.sample_rate, len(sounds))


def activity_in(network: NetworkConfig, trace: Trace, signal: Signal) -> Numbers:
    """What all units do in one clip, (steps, units)."""
    return _signals(network, trace)[signal].astype(np.float32)


def unit_scores(activity: Activity, signal: Signal, unit: int, *, low: bool = False) -> list[Numbers]:
    """How active a unit is at each step of each sound, (steps,); `low`: how far below zero, or how shut a gate.

    Raises:
        ConfigError: there is no such unit.
    """
    values = activity.of(signal)
    if values:
        within("The unit", unit, 0, values[0].shape[1] - 1)
    return [-one[:, unit] if low else one[:, unit] for one in values]


def levels(values: Numbers, signal: Signal) -> Numbers:
    """Activity between -1 and 1: a state as it is, what has no bound through tanh, a gate from shut (-1) to open (1)."""
    if signal.name in ("cell_state", "dense"):
        return np.asarray(np.tanh(values))
    return 2 * values - 1 if signal.is_gate else values


def pattern(values: Numbers, signal: Signal, first: int, end: int, threshold: float) -> Pattern:
    """The units whose activity stays beyond the threshold from step `first` to before `end`.

    Args:
        values: of one clip, (steps, units).
        threshold: 0 to 1, see `levels`.

    Raises:
        ConfigError: the steps are not in the clip, or no unit is that active throughout.
    """
    within("The threshold", threshold, 0, 1)
    if not 0 <= first < end <= len(values):
        raise ConfigError(f"The clip has steps 0 to {len(values) - 1}; {first} to {end - 1} are not in it.")
    here = levels(values[first:end], signal)
    high, low = np.all(here >= threshold, axis=0), np.all(here <= -threshold, axis=0)
    units = np.flatnonzero(high | low)
    if not len(units):
        raise ConfigError(
            f"No unit stays beyond {threshold:.2f} for that long. Lower the threshold or choose a shorter moment."
        )
    return Pattern(units, np.where(high[units], 1, -1).astype(np.float32), threshold)


def pattern_scores(activity: Activity, signal: Signal, wanted: Pattern) -> list[Numbers]:
    """The share of the pattern's units that are active the same way, at each step of each sound, (steps,)."""
    return [
        (levels(one[:, wanted.units], signal) * wanted.signs >= wanted.threshold).mean(axis=1)
        for one in activity.of(signal)
    ]


def best_moments(scores: Sequence[Numbers], steps: int) -> list[Moment]:
    """For each sound the moment of `steps` steps with the highest mean score, the best sound first."""
    found = []
    for sound, row in enumerate(scores):
        width = min(max(steps, 1), len(row))
        sums = np.convolve(row, np.ones(width), "valid") / width
        first = int(sums.argmax())
        found.append(Moment(sound, first, first + width, float(sums[first])))
    return sorted(found, key=lambda moment: -moment.score)


def means_by_label(activity: Activity, moments: Sequence[Moment]) -> dict[str, float]:
    """The mean score of the sounds of each label, the highest first."""
    scores: dict[str, list[float]] = {}
    for moment in moments:
        scores.setdefault(activity.sounds[moment.sound].label, []).append(moment.score)
    means = {label: float(np.mean(row)) for label, row in scores.items()}
    return dict(sorted(means.items(), key=lambda row: -row[1]))


def _signals(network: NetworkConfig, trace: Trace) -> dict[Signal, NDArray[np.float16]]:
    if not trace.layers:
        return {Signal("dense"): trace.hidden.astype(np.float16)}
    top = [layer for layer in trace.layers if layer.number == network.layers]
    return {
        signal: _values(layer, signal.name)
        for layer in top
        for signal in signals(network)
        if signal.direction == layer.direction
    }


def _values(layer: LayerTrace, name: str) -> NDArray[np.float16]:
    if name == "hidden":
        found: Numbers | None = layer.hidden
    else:
        found = layer.cell_states if name == "cell_state" else layer.gate(name)
    assert found is not None
    return found.astype(np.float16)
