"""Synthetic voices: any word, spoken by eSpeak NG in a hundred voices; needs no download.

A voice is an accent, a timbre, a pitch and a pace, and counts as a speaker. The same word, voice and take always give
the same file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import soxr
from numpy.typing import NDArray

from data import command, workspace
from data.audio_file import encode_wav
from data.corpus import Corpus, Description, Index, Progress, Report, no_progress
from data.errors import CorpusError
from data.folder import FolderCorpus
from data.public.espeak import Synthesiser

DEFAULT_WORDS = (
    "left", "right", "up", "down", "go", "stop", "on", "off", "yes", "no",
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
)  # fmt: skip
SAMPLE_RATE = 16_000
TAKES = 2
_SEED = 0
_LONGEST_WORD = 40
_WORKERS = 2
_SAFE = " -'"

ACCENTS = ("en-us", "en", "en-gb-scotland", "en-gb-x-rp", "en-029")
# Timbres that are intelligible and repeat exactly. Without whispers, croaks and robots, and without those with breath
# noise (f2, f3, f5, Alicia, sandro, victor), which eSpeak NG seeds from the clock.
_TIMBRES = (
    "f1", "f4", "Annie", "Andrea", "anika", "belinda", "linda", "steph",
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "Alex", "Andy", "Lee", "Michael",
)  # fmt: skip


@dataclass(frozen=True)
class Voice:
    """One synthetic speaker: an accent with a timbre, a pitch (0 to 100) and a pace (words per minute)."""

    accent: str
    timbre: str
    pitch: int
    pace: int

    @property
    def speaker(self) -> str:
        return f"{self.accent}-{self.timbre}"


def voices() -> tuple[Voice, ...]:
    """Return all hundred voices, each with its own pitch and pace."""
    made = []
    for accent in ACCENTS:
        for timbre in _TIMBRES:
            random = _random("voice", accent, timbre)
            made.append(Voice(accent, timbre, int(random.integers(30, 71)), int(random.integers(120, 201))))
    return tuple(made)


DESCRIPTION = Description(
    name="synthetic_voices",
    title="Synthetic voices",
    holds=f"Words spoken by a speech synthesiser (eSpeak NG) in {len(ACCENTS) * len(_TIMBRES)} voices, none of them human. Good for trying everything at once; a network trained on them recognises people poorly.",
    licence="The clips are made on this computer. eSpeak NG: GPL-3, used as a separate program.",
    citation="eSpeak NG contributors: eSpeak NG, a text-to-speech synthesiser",
    homepage="https://github.com/espeak-ng/espeak-ng",
    size="made in a few seconds, no download",
    speakers="A voice (accent, timbre, pitch, pace) counts as a speaker.",
    splits="Each voice appears in one split only.",
    synthetic=True,
    words=DEFAULT_WORDS[:6],
)


class SyntheticVoices(Corpus):
    """The synthetic corpus.

    Args:
        words: words to have besides the default ones; by default all that were synthesised before.
        split_by: "speaker" (the default) or "clip".

    Raises:
        CorpusError: a word cannot be spoken.
    """

    def __init__(self, words: Sequence[str] | None = None, split_by: str | None = None) -> None:
        self.description = DESCRIPTION
        for word in words or ():
            _check_word(word)
        self._words = None if words is None else tuple(dict.fromkeys((*DEFAULT_WORDS, *words)))
        self._split_by = split_by or "speaker"

    @property
    def path(self) -> Path:
        """The folder of its clips."""
        return workspace.shared_root() / "corpora" / DESCRIPTION.name

    @property
    def words(self) -> tuple[str, ...]:
        """The default words and those requested, or all that were synthesised before."""
        if self._words is not None:
            return self._words
        there = [unquote(path.name) for path in sorted(self._asked_for().glob("[!.]*")) if path.is_dir()]
        return tuple(dict.fromkeys((*DEFAULT_WORDS, *there)))

    @staticmethod
    def _asked_for() -> Path:
        """A folder for each word that the user has asked for; users share the clips, and each has a list of words."""
        return workspace.root() / "corpora" / DESCRIPTION.name

    @staticmethod
    def training_clips_per_word() -> int:
        """Estimate the training clips of a word before it is synthesised: a tenth each goes to validation and test."""
        return round(0.8 * len(voices()) * TAKES)

    def is_loaded(self) -> bool:
        return all((self.path / _folder_name(word)).is_dir() for word in self.words)

    def load(self, report: Report = no_progress) -> None:
        self._synthesise(report)
        for word in self.words:
            workspace.made(self._asked_for() / _folder_name(word))

    def _synthesise(self, report: Report) -> None:
        """Make the clips that are missing."""
        workspace.made(self.path)
        with workspace.locked(self.path / ".lock"):
            missing = [word for word in self.words if not (self.path / _folder_name(word)).is_dir()]
            if not missing:
                return
            total = len(missing) * len(voices()) * TAKES
            report(Progress("Synthesising", 0, total))
            with ThreadPoolExecutor(_WORKERS) as pool:
                try:
                    for number, _ in enumerate(pool.map(self._make, missing), 1):
                        report(Progress("Synthesising", number * len(voices()) * TAKES, total))
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise

    def index(self, report: Report = no_progress) -> Index:
        if not self.is_loaded():
            raise CorpusError(
                f"The synthetic voices have not been made yet. Load them on the Data page, or with: {command.shell(f'fetch {DESCRIPTION.name}')}"
            )
        found = FolderCorpus(self.path, split_by=self._split_by).index(report)
        words = set(self.words)
        clips = [replace(clip, label=unquote(clip.label)) for clip in found.clips]
        return replace(found, clips=tuple(clip for clip in clips if clip.label in words))

    def _make(self, word: str) -> None:
        """Synthesise all clips of a word; its folder appears when it is complete."""
        speaker = Synthesiser()
        try:
            with workspace.replacing(self.path / _folder_name(word)) as folder:
                folder.mkdir()
                for voice in voices():
                    for take in range(TAKES):
                        samples = _record(speaker, word, voice, take)
                        (folder / f"{voice.speaker}_nohash_{take}.wav").write_bytes(encode_wav(samples, SAMPLE_RATE))
        finally:
            speaker.stop()


def say(word: str, voice: Voice, take: int = 0) -> NDArray[np.float32]:
    """Synthesise one clip of a word, (samples,) float32 at `SAMPLE_RATE`; nothing is stored.

    Raises:
        CorpusError: the word cannot be spoken.
    """
    return next(say_each([(word, voice)], take))


def say_each(spoken: Iterable[tuple[str, Voice]], take: int = 0) -> Iterator[NDArray[np.float32]]:
    """Synthesise a clip of each word by its voice, as `say` does, with one synthesiser for all.

    Raises:
        CorpusError: a word cannot be spoken.
    """
    speaker = Synthesiser()
    try:
        for word, voice in spoken:
            _check_word(word)
            yield _record(speaker, word, voice, take)
    finally:
        speaker.stop()


def _record(speaker: Synthesiser, word: str, voice: Voice, take: int) -> NDArray[np.float32]:
    """Synthesise one take of a word: the same each time."""
    return record(speaker, word, voice, _random(str(_SEED), word, voice.speaker, str(take)))


def record(speaker: Synthesiser, text: str, voice: Voice, random: np.random.Generator) -> NDArray[np.float32]:
    """Synthesise a text: pitch, pace, level and background noise differ a little each time.

    Returns:
        (samples,) float32 at `SAMPLE_RATE`, with up to 0.2 s of the noise before and after.

    Raises:
        CorpusError: it cannot be spoken.
    """
    pitch = int(np.clip(voice.pitch + random.integers(-6, 7), 0, 99))
    pace = int(np.clip(voice.pace + random.integers(-15, 16), 80, 260))
    spoken = speaker.say(text, f"{voice.accent}+{voice.timbre}", pace, pitch)
    spoken = soxr.resample(spoken, speaker.rate, SAMPLE_RATE).astype(np.float32)
    loud = np.flatnonzero(np.abs(spoken) > 0.02 * np.abs(spoken).max())
    spoken = spoken[loud[0] : loud[-1] + 1] if len(loud) else spoken
    before, after = (random.uniform(0.06, 0.2, 2) * SAMPLE_RATE).astype(int)
    samples = np.pad(spoken, (before, after))
    samples *= random.uniform(0.2, 0.8) / max(float(np.abs(samples).max()), 1e-6)
    level = 10 ** random.uniform(-3.3, -2.3)  # of the noise, full scale being 1
    return (samples + random.normal(0, level, len(samples))).astype(np.float32)


def _random(*names: str) -> np.random.Generator:
    digest = hashlib.blake2b("|".join(names).encode("utf-8", "surrogateescape"), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def can_be_spoken(word: str) -> bool:
    """Whether a word can be read out: it holds letters or digits, is not too long, and does not begin with "_"."""
    try:
        _check_word(word)
    except CorpusError:
        return False
    return not word.startswith("_")


def _check_word(word: str) -> None:
    if not word.strip() or any(ord(character) < 32 for character in word):
        raise CorpusError("A word to be spoken must hold letters, and no line breaks.")
    if len(word) > _LONGEST_WORD or len(_folder_name(word).encode()) > 240:
        raise CorpusError(
            f"'{word[:30]} …' has {len(word)} characters; a word to be spoken may have up to {_LONGEST_WORD}."
        )
    if not any(character.isalnum() for character in word):
        raise CorpusError(f"'{word}' holds no letter or digit, so it cannot be spoken.")


def _folder_name(word: str) -> str:
    return "".join(
        character if character.isalnum() or character in _SAFE else quote(character, safe="") for character in word
    ).replace(".", "%2E")
