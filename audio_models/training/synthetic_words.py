"""Words by synthetic voices: the task's own, and others: some that sound much like them, and common English words."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import soxr
from numpy.typing import NDArray

from audio_models.features.waveform import Waveform
from audio_models.training.as_recorded import AsRecorded
from audio_models.training.held_back import EVERYTHING, Group
from audio_models.training.other_speech import Stretch, place
from data.corpus import Progress, Report, no_progress
from data.public.english_words import COMMON_WORDS
from data.public.espeak import Synthesiser
from data.public.near_words import NearWords, phonemes_of, written
from data.public.synthetic_voices import ACCENTS, SAMPLE_RATE, Voice, can_be_spoken, record, voices

_NEAR = 0.5  # share of words that sound much like the task's
_INVENTORY = COMMON_WORDS[::8]  # enough to have every phoneme
_FULL_SCALE = 32767
_CHUNK = 100  # words between two reports of progress


class SyntheticWords:
    """Such words, each by another voice, said in advance: what eSpeak says depends a little on what it said before.

    Args:
        words: of the task, which are never said.
        count: number of words to say.
        sample_rate: of the waveforms [Hz].
        seed: the same seed gives the same words.
        never: other words that are not said. None is said because it is near them: a network that learned their
            neighbours would have learned something of them.

    Raises:
        CorpusError: the synthesiser has ended.
    """

    def __init__(
        self,
        words: Sequence[str],
        count: int,
        sample_rate: int,
        seed: int,
        report: Report = no_progress,
        never: Sequence[str] = (),
    ) -> None:
        random = np.random.default_rng(seed)
        speaker = Synthesiser()
        try:
            near = NearWords(speaker, words, ACCENTS, _INVENTORY, never)
            self._said: list[NDArray[np.int16]] = []
            self._texts: list[str] = []
            for number in range(count):
                if number % _CHUNK == 0:
                    report(Progress("Speaking other words", number, count, "words"))
                spoken, text = _say(speaker, near, random)
                self._said.append(_stored(spoken, sample_rate))
                self._texts.append(text)
        finally:
            speaker.stop()

    def has(self, group: Group) -> bool:
        """Whether there are words of a group."""
        return any(group.holds(text) for text in self._texts)

    def draw(self, random: np.random.Generator, group: Group = EVERYTHING) -> Waveform:
        """One of a group, which must have some, at random, (samples,) float32."""
        while True:
            number = int(random.integers(len(self._said)))
            if group.holds(self._texts[number]):
                return _played(self._said[number])


class OwnWords:
    """The words of a task, each by every synthetic voice; a label that cannot be read out has none.

    Args:
        words: of the task.
        share: of a word's clips that are replaced.
        seconds: length of a clip [s].
        sample_rate: of the waveforms [Hz].
        seed: the same seed gives the same clips.

    Attributes:
        as_recorded: makes the clips resemble the user's; None leaves them as clean as they are.

    Raises:
        CorpusError: the synthesiser has ended.
    """

    as_recorded: AsRecorded | None = None

    def __init__(
        self,
        words: Sequence[str],
        share: float,
        seconds: float,
        sample_rate: int,
        seed: int,
        report: Report = no_progress,
    ) -> None:
        self._share, self._seconds, self._rate = share, seconds, sample_rate
        self._said: dict[int, list[NDArray[np.int16]]] = {}
        random = np.random.default_rng(seed)
        speaker = Synthesiser()
        try:
            for number, word in enumerate(words):
                report(Progress("Speaking the words", number, len(words), "words"))
                if can_be_spoken(word):
                    self._said[number] = [
                        _stored(record(speaker, word, voice, random), sample_rate) for voice in voices()
                    ]
        finally:
            speaker.stop()

    def draw(self, label: int, random: np.random.Generator) -> Stretch | None:
        """A clip of a word instead of one of the corpus', now and then.

        Args:
            label: index of the class.
        """
        if label not in self._said or random.random() >= self._share:
            return None
        said = _any_of(self._said[label], random)
        if self.as_recorded is not None:
            return self.as_recorded.word(said, random)
        return place(said, self._seconds, self._rate, random)

    def some(self, count: int) -> dict[int, list[Waveform]]:
        """Clips of each word, by `count` voices of all kinds, each (samples,) float32."""
        return {
            label: [_played(one) for one in said[:: max(1, len(said) // count)]] for label, said in self._said.items()
        }

    def keep(self, labels: Collection[int]) -> None:
        """Say no label but these."""
        self._said = {label: said for label, said in self._said.items() if label in labels}


def _stored(samples: Waveform, sample_rate: int) -> NDArray[np.int16]:
    samples = np.clip(samples, -1, 1)
    if sample_rate != SAMPLE_RATE:
        samples = np.clip(soxr.resample(samples, SAMPLE_RATE, sample_rate), -1, 1)
    return np.round(samples * _FULL_SCALE).astype(np.int16)


def _any_of(said: Sequence[NDArray[np.int16]], random: np.random.Generator) -> Waveform:
    return _played(said[int(random.integers(len(said)))])


def _played(samples: NDArray[np.int16]) -> Waveform:
    return samples.astype(np.float32) / np.float32(_FULL_SCALE)


def _say(speaker: Synthesiser, near: NearWords, random: np.random.Generator) -> tuple[Waveform, str]:
    said = voices()
    voice = said[int(random.integers(len(said)))]
    text = _text(speaker, near, voice, random)
    return record(speaker, text, voice, random), text


def _text(speaker: Synthesiser, near: NearWords, voice: Voice, random: np.random.Generator) -> str:
    if random.random() < _NEAR and (made := near.draw(voice.accent, random)):
        return written(made)
    while True:
        word = COMMON_WORDS[int(random.integers(len(COMMON_WORDS)))]
        if not near.is_one_of_them(phonemes_of(speaker, word, voice.accent)):
            return word
