"""Stretches of speech that is not one of the words, cut at random from other recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audio_models.features.clip_audio import ClipWaveforms
from audio_models.features.segments import levels, word_span
from audio_models.features.waveform import Waveform
from data.corpus import UNKNOWN, Clip, Report, no_progress
from data.other_recordings import Recording

PIECE = 30.0
"""Seconds of a long recording that are decoded at a time."""

_HOP = 0.01  # seconds between two levels
_ONE_WORD = 3.0  # seconds of a recording that may hold a single word
_SHORTEST, _LONGEST = 0.2, 0.75  # seconds of a segment
_TO_A_MINIMUM = 0.08  # seconds that the end of a segment may move to where the level is lowest
_LEAST = 0.15  # seconds of a segment after that
_SPEECH = 60  # percentile of a recording's levels that some part of what is cut must exceed
_ATTEMPTS = 20
_QUIETEST, _LOUDEST = -5.0, -3.0  # decimal logarithm of the noise that a segment is placed in, full scale being 1
_FADE = 0.01  # seconds at both ends of a segment
_CENTRED = 0.075  # seconds from the middle, standard deviation
_PEAK, _PEAK_DB = 0.25, (-14.0, 4.0)


class Stretch(NamedTuple):
    """A waveform (samples,) float32, and where in it the sound begins and ends [s]."""

    samples: Waveform
    span: tuple[float, float]


class OtherSpeech:
    """Cuts windows and segments from recordings; each second is as likely as another.

    Recordings are decoded in pieces. They stay in memory if they fit, see `ClipWaveforms`.

    Args:
        recordings: of speech.
        sample_rate: of the stretches [Hz].
    """

    def __init__(self, recordings: Sequence[Recording], sample_rate: int) -> None:
        self._pieces = [piece for recording in recordings for piece in _pieces(recording)]
        self._rate = sample_rate
        self._waveforms = ClipWaveforms(self._pieces, sample_rate)
        self._until = np.cumsum([piece.seconds for piece in self._pieces])
        self._levels: dict[int, NDArray[np.float32]] = {}

    def load(self, report: Report = no_progress) -> None:
        """Decode them, if they fit into memory."""
        self._waveforms.store_all(report)

    def window(self, seconds: float, random: np.random.Generator) -> Stretch:
        """A stretch of running speech; one recording of a single word is centred on it."""
        samples, level = self._piece(random)
        length = round(seconds * self._rate)
        if len(samples) <= length:
            return _placed(samples, length, self._rate, random)
        if len(samples) <= _ONE_WORD * self._rate:
            start, end = word_span(samples, self._rate)
            middle = round((start + end) / 2 * self._rate)
            first = int(np.clip(middle - length // 2, 0, len(samples) - length))
        else:
            for _ in range(_ATTEMPTS):
                first = int(random.integers(len(samples) - length + 1))
                if _is_speech(level, first / self._rate, seconds):
                    break
        return Stretch(samples[first : first + length].copy(), (0.0, length / self._rate))

    def segment(self, seconds: float, random: np.random.Generator) -> Stretch:
        """A syllable or a word of running speech, alone in quiet, as in a clip of `seconds`."""
        for _ in range(_ATTEMPTS):
            samples, level = self._piece(random)
            first = _lowest(level, int(random.integers(max(1, len(level)))))
            last = _lowest(level, first + round(random.uniform(_SHORTEST, _LONGEST) / _HOP))
            if last - first >= _LEAST / _HOP and _is_speech(level, first * _HOP, (last - first) * _HOP):
                break
        hop = _HOP * self._rate
        cut = samples[round(first * hop) : max(round(first * hop) + 2, round((last + 2) * hop))].copy()
        peak = max(float(np.abs(cut).max(initial=0.0)), _PEAK / 10)
        if random.random() < 0.5:  # as loud as another speaker might say it
            cut *= np.float32(_PEAK / peak * 10 ** (random.uniform(*_PEAK_DB) / 20))
        return _placed(cut, round(seconds * self._rate), self._rate, random)

    def _piece(self, random: np.random.Generator) -> tuple[Waveform, NDArray[np.float32]]:
        """A piece drawn by its length, and its levels [dB] every 10 ms."""
        number = int(np.searchsorted(self._until, random.random() * self._until[-1], side="right"))
        number = min(number, len(self._pieces) - 1)
        samples = self._waveforms(self._pieces[number])
        if number not in self._levels:
            self._levels[number] = levels(samples, self._rate).astype(np.float32)
        return samples, self._levels[number]


def place(sound: Waveform, seconds: float, sample_rate: int, random: np.random.Generator) -> Stretch:
    """Put a sound (samples,) alone into a clip of `seconds`, anywhere or near its middle; cut what is too long."""
    return _placed(sound, round(seconds * sample_rate), sample_rate, random)


def _placed(sound: Waveform, length: int, rate: int, random: np.random.Generator) -> Stretch:
    level = 10 ** random.uniform(_QUIETEST, _LOUDEST)
    whole = random.normal(0, level, length).astype(np.float32)
    sound = sound[:length].copy()
    fade = min(round(_FADE * rate), len(sound) // 4)
    if fade:
        sound[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
        sound[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    free = length - len(sound)
    first = int(random.integers(free + 1))
    if random.random() < 0.5:
        first = int(np.clip(free / 2 + random.normal(0, _CENTRED * rate), 0, free))
    whole[first : first + len(sound)] += sound
    return Stretch(whole, (first / rate, (first + len(sound)) / rate))


def _pieces(recording: Recording) -> list[Clip]:
    """A recording as clips of at most `PIECE` seconds."""

    def clip(start: float, seconds: float, whole: bool) -> Clip:
        return Clip(
            recording.path, UNKNOWN, recording.split, seconds, digest=recording.content, start=start, whole=whole
        )

    if recording.whole and recording.seconds <= PIECE:
        return [clip(0.0, recording.seconds, True)]
    count = int(np.ceil(recording.seconds / PIECE))
    each = recording.seconds / count
    return [clip(round(recording.start + number * each, 3), round(each, 3), False) for number in range(count)]


def _lowest(level: NDArray[np.float32], near: int) -> int:
    """Where the level is lowest within 80 ms of a place, in hops."""
    reach = round(_TO_A_MINIMUM / _HOP)
    first = min(max(0, near - reach), max(0, len(level) - 1))
    return first + int(np.argmin(level[first : near + reach])) if len(level) else 0


def _is_speech(level: NDArray[np.float32], start: float, seconds: float) -> bool:
    """Whether a stretch is no pause."""
    part = level[int(start / _HOP) : int((start + seconds) / _HOP)]
    return len(part) > 0 and bool(part.max() > np.percentile(level, _SPEECH))
