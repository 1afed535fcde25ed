"""Soundscapes: long recordings with known words, mixed from the clips of one split and background noise.

There are three kinds. *Words*: the network's words among other words, with pauses. *Speech*: only other words, close
together. *Noise*: no words. Background noise lies under all of them, `snr_db` below the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from audio_models.errors import AudioError
from audio_models.features import waveform
from audio_models.features.clip_audio import load_clip
from audio_models.features.segments import word_span
from audio_models.features.waveform import AudioSource, Waveform
from data.corpus import SILENCE, UNKNOWN, Clip, Index, Split
from data.noise import generated_noise
from data.task import noise_stretch

_LEVEL_DB = -26.0  # of a word, below full scale
_LEVELS_DB = 4.0  # largest deviation of a word's level, up or down
_PAUSES = {"words": (0.3, 2.5), "speech": (0.0, 0.3)}  # seconds between clips
_LAST_PAUSE = 1.5  # seconds after the last word, which may be detected late
_NOISES_DB = (-45.0, -15.0)  # of noise alone
_PIECE = 30.0  # seconds of noise at one level
_LONGEST_NOISE = 300.0  # seconds of each recording


@dataclass(frozen=True)
class SpokenWord:
    """One of the network's words in a soundscape: its label and when it ends [s]."""

    label: str
    end: float


@dataclass(frozen=True)
class _Word:
    samples: Waveform
    end: float  # of the word in it [s]
    label: str


class SoundscapeGenerator:
    """Mixes soundscapes from the clips and the noise of one split.

    Args:
        clips: clips of the split, labelled with the network's classes.
        index: the corpus, for its noise recordings; generated noise if it has none.
        sample_rate: rate of the soundscapes [Hz].
        split: selects the part of each noise recording that is used.
        snr_db: level of the words above the noise [dB].
        seed: same seed, same soundscapes.

    Attributes:
        clips: as given.
    """

    def __init__(
        self, clips: Sequence[Clip], index: Index, sample_rate: int, split: Split, *, snr_db: float, seed: int = 0
    ) -> None:
        self.clips = tuple(clips)
        self.sample_rate = sample_rate
        self._snr_db = snr_db
        self._random = np.random.default_rng(seed)
        read = [word for clip in clips if clip.label != SILENCE and (word := _word(clip, sample_rate))]
        self._own = [word for word in read if word.label != UNKNOWN]
        self._other = [word for word in read if word.label == UNKNOWN]
        self._noise = []
        low, high = noise_stretch(split)
        for path in index.noise or generated_noise():
            seconds = waveform.duration(path)
            stretch = min(_LONGEST_NOISE, (high - low) * seconds)
            self._noise.append(waveform.load(AudioSource(path), sample_rate, start=low * seconds, seconds=stretch))

    @property
    def has_words(self) -> bool:
        return bool(self._own)

    @property
    def other_clips(self) -> int:
        """The number of clips of other words."""
        return len(self._other)

    @property
    def words_seconds(self) -> float:
        """The approximate length of `words` [s]."""
        clips = [*self._own, *self._others_among_words()]
        return sum(len(word.samples) for word in clips) / self.sample_rate + len(clips) * sum(_PAUSES["words"]) / 2

    def words(self) -> Iterator[tuple[Waveform, list[SpokenWord]]]:
        """Play each clip of the network's words once, among as many of other words.

        Yields:
            a piece of the recording, and the words spoken in it, with times in the whole recording.
        """
        order = [*self._own, *self._others_among_words()]
        yield from self._spoken([order[place] for place in self._random.permutation(len(order))], _PAUSES["words"])

    def speech(self, seconds: float) -> Iterator[tuple[Waveform, list[SpokenWord]]]:
        """Play other words only, over and over for `seconds`."""
        done = 0.0
        while done < seconds:
            order = [self._other[place] for place in self._random.permutation(len(self._other))]
            for piece, _ in self._spoken(order, _PAUSES["speech"]):
                yield piece, []
                done += len(piece) / self.sample_rate
                if done >= seconds:
                    return

    def noise(self, seconds: float) -> Iterator[tuple[Waveform, list[SpokenWord]]]:
        """Play noise only, at changing levels."""
        for _ in range(round(seconds / _PIECE)):
            level = self._random.uniform(*_NOISES_DB)
            yield self._stretch(round(_PIECE * self.sample_rate), level), []

    def _others_among_words(self) -> list[_Word]:
        return [self._other[n % len(self._other)] for n in range(len(self._own))] if self._other else []

    def _spoken(
        self, words: Sequence[_Word], pauses: tuple[float, float]
    ) -> Iterator[tuple[Waveform, list[SpokenWord]]]:
        """Mix pieces of ten words, each under one noise."""
        begin = 0.0
        for first in range(0, len(words), 10):
            parts: list[Waveform] = []
            spoken, at = [], 0
            for word in words[first : first + 10]:
                pause = np.zeros(round(self._random.uniform(*pauses) * self.sample_rate), np.float32)
                gain = 10 ** (self._random.uniform(-_LEVELS_DB, _LEVELS_DB) / 20)
                parts += [pause, word.samples * np.float32(gain)]
                at += len(pause)
                if word.label != UNKNOWN:
                    spoken.append(SpokenWord(word.label, begin + at / self.sample_rate + word.end))
                at += len(word.samples)
            if first + 10 >= len(words):
                parts.append(np.zeros(round(_LAST_PAUSE * self.sample_rate), np.float32))
            piece = np.concatenate(parts)
            piece += self._stretch(len(piece), _LEVEL_DB - self._snr_db)
            yield np.clip(piece, -1, 1), spoken
            begin += len(piece) / self.sample_rate

    def _stretch(self, samples: int, level_db: float) -> Waveform:
        """Cut noise from a random place in a recording and set its level [dB of full scale]."""
        recording = self._noise[int(self._random.integers(len(self._noise)))]
        start = int(self._random.integers(len(recording)))
        stretch = np.resize(np.roll(recording, -start), samples)
        own = float(np.sqrt(np.mean(stretch**2)))
        scaled: Waveform = stretch * np.float32(10 ** (level_db / 20) / max(own, 1e-6))
        return scaled


def _word(clip: Clip, sample_rate: int) -> _Word | None:
    """Load a clip and set its word to the common level; None if it cannot be read."""
    try:
        samples = load_clip(clip, sample_rate)
    except AudioError:
        return None
    start, end = word_span(samples, sample_rate)
    spoken = samples[round(start * sample_rate) : max(round(end * sample_rate), 1)]
    level = float(np.sqrt(np.mean(spoken**2)))
    if level < 1e-5:
        return None
    return _Word(samples * np.float32(10 ** (_LEVEL_DB / 20) / level), end, clip.label)
