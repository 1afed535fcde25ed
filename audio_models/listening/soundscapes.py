"""Long recordings whose words are known: made of clips of one split of a corpus, to judge a network that listens.

Three kinds. *Words*: the network's words among other words, with pauses. *Speech*: other words alone, one close upon the
other. *Noise*: none at all. Background noise lies under all of it, so loud that the words are `snr_db` above it.
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
_LEVELS_DB = 4.0  # by which words differ to either side
_PAUSES = {"words": (0.3, 2.5), "speech": (0.0, 0.3)}  # seconds between clips
_LAST_PAUSE = 1.5  # seconds behind the last word, which may be heard late
_NOISES_DB = (-45.0, -15.0)  # of noise alone
_PIECE = 30.0  # seconds of noise at one level
_LONGEST_NOISE = 300.0  # seconds of each recording


@dataclass(frozen=True)
class SpokenWord:
    """A word of the network's own in a recording: its label, and when it ends [s]."""

    label: str
    end: float


@dataclass(frozen=True)
class _Word:
    samples: Waveform
    end: float  # of the word in it [s]
    label: str


class SoundscapeGenerator:
    """Clips and noise of one split, ready to be put together.

    Args:
        clips: of that split, labelled with the network's classes.
        noise: the corpus' noise recordings; generated noise where there are none.
        sample_rate: [Hz].
        split: which stretch of the noise serves.
        snr_db: level of the words over the noise [dB].
        seed: of all that is random.
    """

    def __init__(
        self, clips: Sequence[Clip], index: Index, sample_rate: int, split: Split, *, snr_db: float, seed: int = 0
    ) -> None:
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
        """Clips of other words."""
        return len(self._other)

    @property
    def words_seconds(self) -> float:
        """About how long `words` lasts [s]."""
        clips = [*self._own, *self._others_among_words()]
        return sum(len(word.samples) for word in clips) / self.sample_rate + len(clips) * sum(_PAUSES["words"]) / 2

    def words(self) -> Iterator[tuple[Waveform, list[SpokenWord]]]:
        """Each clip of the network's words once, among as many of other words: pieces of one recording, and what is said
        in each, in seconds of the whole."""
        order = [*self._own, *self._others_among_words()]
        yield from self._spoken([order[place] for place in self._random.permutation(len(order))], _PAUSES["words"])

    def speech(self, seconds: float) -> Iterator[tuple[Waveform, list[SpokenWord]]]:
        """Other words alone, again and again until `seconds` are over."""
        done = 0.0
        while done < seconds:
            order = [self._other[place] for place in self._random.permutation(len(self._other))]
            for piece, _ in self._spoken(order, _PAUSES["speech"]):
                yield piece, []
                done += len(piece) / self.sample_rate
                if done >= seconds:
                    return

    def noise(self, seconds: float) -> Iterator[tuple[Waveform, list[SpokenWord]]]:
        """Noise alone, at one level after the other."""
        for _ in range(round(seconds / _PIECE)):
            level = self._random.uniform(*_NOISES_DB)
            yield self._stretch(round(_PIECE * self.sample_rate), level), []

    def _others_among_words(self) -> list[_Word]:
        return [self._other[n % len(self._other)] for n in range(len(self._own))] if self._other else []

    def _spoken(
        self, words: Sequence[_Word], pauses: tuple[float, float]
    ) -> Iterator[tuple[Waveform, list[SpokenWord]]]:
        """Pieces of ten words under one noise each."""
        begin = 0.0
        for first in range(0, len(words), 10):
            parts: list[Waveform] = []
            said, at = [], 0
            for word in words[first : first + 10]:
                pause = np.zeros(round(self._random.uniform(*pauses) * self.sample_rate), np.float32)
                gain = 10 ** (self._random.uniform(-_LEVELS_DB, _LEVELS_DB) / 20)
                parts += [pause, word.samples * np.float32(gain)]
                at += len(pause)
                if word.label != UNKNOWN:
                    said.append(SpokenWord(word.label, begin + at / self.sample_rate + word.end))
                at += len(word.samples)
            if first + 10 >= len(words):
                parts.append(np.zeros(round(_LAST_PAUSE * self.sample_rate), np.float32))
            piece = np.concatenate(parts)
            piece += self._stretch(len(piece), _LEVEL_DB - self._snr_db)
            yield np.clip(piece, -1, 1), said
            begin += len(piece) / self.sample_rate

    def _stretch(self, samples: int, level_db: float) -> Waveform:
        """Noise from anywhere in a recording, at a level below full scale [dB]."""
        recording = self._noise[int(self._random.integers(len(self._noise)))]
        start = int(self._random.integers(len(recording)))
        stretch = np.resize(np.roll(recording, -start), samples)
        own = float(np.sqrt(np.mean(stretch**2)))
        scaled: Waveform = stretch * np.float32(10 ** (level_db / 20) / max(own, 1e-6))
        return scaled


def _word(clip: Clip, sample_rate: int) -> _Word | None:
    """A clip whose word has the level that all have; None where it cannot be read."""
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
