"""Clips of the user's own with their measures, made up for the checks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from audio_models.own_words.clip_measures import measure
from data.sound_digest import sound_digest
from tests.support.sounds import RATE, tone


@dataclass
class OwnSound:
    """A clip of the user's own with its measures."""

    id: str
    label: str
    sound: str = ""
    seconds: float = 1.0
    speaker: str | None = None
    measures: dict[str, float] = field(default_factory=dict)


def own(name: str, label: str, samples: np.ndarray, rate: int = RATE) -> OwnSound:
    return OwnSound(name, label, sound_digest(samples, rate), len(samples) / rate, None, measure(samples, rate))


def noise(seconds: float, decibels: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(0, 10 ** (decibels / 20), round(seconds * RATE)).astype(np.float32)


def word(decibels: float = -12.0, seed: int = 0, before: float = 0.3, after: float = 0.3) -> np.ndarray:
    """A tone of 0.4 s with soft edges, at a level [dB of full scale], in faint noise."""
    sound = tone(500 + seed, 0.4, amplitude=10 ** (decibels / 20) * 2**0.5)
    ramp = np.minimum(1, np.arange(len(sound)) / 800)
    whole = np.concatenate([np.zeros(round(before * RATE)), sound * ramp * ramp[::-1], np.zeros(round(after * RATE))])
    return (whole + noise(len(whole) / RATE, -80, seed)).astype(np.float32)
