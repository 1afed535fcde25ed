"""Words by synthetic voices that are not the task's: some that sound much like them, and common English words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import soxr
from numpy.typing import NDArray

from audio_models.features.waveform import Waveform
from data.corpus import Progress, Report, no_progress
from data.public.english_words import COMMON_WORDS
from data.public.espeak import Synthesiser
from data.public.near_words import NearWords, phonemes_of, written
from data.public.synthetic_voices import ACCENTS, SAMPLE_RATE, Voice, record, voices

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

    Raises:
        CorpusError: the synthesiser has ended.
    """

    def __init__(
        self, words: Sequence[str], count: int, sample_rate: int, seed: int, report: Report = no_progress
    ) -> None:
        random = np.random.default_rng(seed)
        speaker = Synthesiser()
        try:
            near = NearWords(speaker, words, ACCENTS, _INVENTORY)
            self._said: list[NDArray[np.int16]] = []
            for number in range(count):
                if number % _CHUNK == 0:
                    report(Progress("Speaking other words", number, count, "words"))
                samples = np.clip(_say(speaker, near, random), -1, 1)
                if sample_rate != SAMPLE_RATE:
                    samples = np.clip(soxr.resample(samples, SAMPLE_RATE, sample_rate), -1, 1)
                self._said.append(np.round(samples * _FULL_SCALE).astype(np.int16))
        finally:
            speaker.stop()

    def draw(self, random: np.random.Generator) -> Waveform:
        """One of them at random, (samples,) float32."""
        return self._said[int(random.integers(len(self._said)))].astype(np.float32) / np.float32(_FULL_SCALE)


def _say(speaker: Synthesiser, near: NearWords, random: np.random.Generator) -> Waveform:
    said = voices()
    voice = said[int(random.integers(len(said)))]
    return record(speaker, _text(speaker, near, voice, random), voice, random)


def _text(speaker: Synthesiser, near: NearWords, voice: Voice, random: np.random.Generator) -> str:
    if random.random() < _NEAR and (made := near.draw(voice.accent, random)):
        return written(made)
    while True:
        word = COMMON_WORDS[int(random.integers(len(COMMON_WORDS)))]
        if not near.is_one_of_them(phonemes_of(speaker, word, voice.accent)):
            return word
