"""Choose when a taught listener reports a word, on takes and other words that follow each other with pauses.

Each sequence is heard by the network of a fold, which has learned none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audio_models.features.mfcc import Frames
from audio_models.listening.detection import DetectionConfig, Detector
from audio_models.listening.soundscapes import SpokenWord
from audio_models.listening.streaming_evaluation import THRESHOLDS, match
from data.corpus import SILENCE, UNKNOWN

_PAUSE = 0.8  # seconds between two takes
_QUIET = 0.1  # share of a take's frames that are its background
_OTHERS = 2  # other words to a take


@dataclass(frozen=True)
class TakesInSequence:
    """Takes and other words in one sequence.

    Attributes:
        frames: normalised, (frames, width).
        spoken: the takes of the words, with the time at which each clip ends [s].
    """

    frames: Frames
    spoken: tuple[SpokenWord, ...]


def in_sequence(
    takes: Sequence[Frames], labels: Sequence[str], others: Sequence[Frames], hop_seconds: float, seed: int
) -> TakesInSequence:
    """Join takes and up to twice as many other words in random order, with pauses that sound like the takes' background.

    Args:
        takes, others: normalised frames, each (frames, width).
        labels: what each take is of; `_unknown_` and `_silence_` are no words.
        hop_seconds: time from one frame to the next [s].
    """
    random = np.random.default_rng(seed)
    chosen = [others[place] for place in random.permutation(len(others))[: _OTHERS * len(takes)]]
    clips = [*zip(takes, labels, strict=True), *((one, UNKNOWN) for one in chosen)]
    parts: list[Frames] = [_pause(takes, hop_seconds, random)]
    spoken, length = [], len(parts[0])
    for place in random.permutation(len(clips)):
        clip, label = clips[place]
        pause = _pause(takes, hop_seconds, random)
        parts += [clip, pause]
        if label not in (UNKNOWN, SILENCE):
            spoken.append(SpokenWord(label, (length + len(clip)) * hop_seconds))
        length += len(clip) + len(pause)
    return TakesInSequence(np.concatenate(parts), tuple(spoken))


def _pause(takes: Sequence[Frames], hop_seconds: float, random: np.random.Generator) -> Frames:
    """Frames of the background of one of the takes, drawn at random."""
    take = takes[int(random.integers(len(takes)))]
    quiet = np.argsort(take.mean(axis=1))[: max(1, round(_QUIET * len(take)))]
    pause: Frames = take[random.choice(quiet, max(1, round(_PAUSE / hop_seconds)))]
    return pause


def choose_threshold(
    heard: Sequence[tuple[TakesInSequence, NDArray[np.float64]]],
    config: DetectionConfig,
    detector: Callable[[DetectionConfig], Detector],
    step_seconds: float,
) -> float:
    """The threshold with the best F1 score: 2 detected / (words + events); of equally good ones, the middle.

    Args:
        heard: each sequence with the probabilities after each step, (steps, labels).
        step_seconds: time from one step to the next [s].
    """
    scores = []
    for threshold in THRESHOLDS:
        words = found = wrong = 0
        for sequence, probabilities in heard:
            times = np.arange(1, len(probabilities) + 1, dtype=np.float64) * step_seconds
            events = detector(replace(config, threshold=threshold)).events(times, probabilities.astype(np.float32))
            delays, others = match(events, sequence.spoken)
            words, found, wrong = words + len(sequence.spoken), found + len(delays), wrong + others
        scores.append(2 * found / max(1, words + found + wrong))
    best = np.flatnonzero(np.isclose(scores, max(scores)))
    return THRESHOLDS[int(best[len(best) // 2])]
