"""Words that sound much like given ones: their phonemes with one exchanged, left out or added."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from data.public.espeak import Synthesiser

_STRESS = re.compile(r"[',%=]+")
_VARIANT = re.compile(r"[0-9#]+$")
_VOWEL = re.compile(r"^[aeiouAEIOUV03@&QyY]")
# Consonants that differ in voice alone: at the end of a word people often say one for the other.
_VOICED = {frozenset(pair) for pair in ("pb", "td", "kg", "fv", "sz", "TD", "SZ")}
_USUAL = re.compile(r"^[A-Za-z@03][A-Za-z@03:]*$")  # not a glottal stop, nor a part of another phoneme
_ATTEMPTS = 20

Phonemes = tuple[str, ...]


class NearWords:
    """Makes words that are near to `words`, and never one of them or of `never` as one of the voices says it.

    Args:
        speaker: tells the phonemes.
        words: in any language; what the synthesiser cannot say has no near words.
        accents: the voices' languages.
        vocabulary: words of the same language, whose phonemes may be put in.
        never: other words that are not made either; none is made to be near them.
    """

    def __init__(
        self,
        speaker: Synthesiser,
        words: Sequence[str],
        accents: Sequence[str],
        vocabulary: Iterable[str],
        never: Sequence[str] = (),
    ) -> None:
        said = {(word, accent): phonemes_of(speaker, word, accent) for word in (*words, *never) for accent in accents}
        self._taken = {_sounds(phonemes) for phonemes in said.values()}
        self._of_accent = {accent: [said[word, accent] for word in words if said[word, accent]] for accent in accents}
        spoken = [*vocabulary, *words]
        self._inventory = {
            accent: sorted(
                {
                    plain
                    for word in spoken
                    for one in phonemes_of(speaker, word, accent)
                    if _USUAL.match(plain := _plain(one))
                }
            )
            for accent in accents
        }

    def is_one_of_them(self, phonemes: Phonemes) -> bool:
        """Whether it sounds like one of the words, or of those never made, in one of the accents."""
        return _sounds(phonemes) in self._taken

    def draw(self, accent: str, random: np.random.Generator) -> Phonemes | None:
        """The phonemes of a word near to one of the words, drawn at random; None if none was found."""
        words = self._of_accent[accent]
        for _ in range(_ATTEMPTS if words else 0):
            word = words[int(random.integers(len(words)))]
            change = _CHANGES[int(random.choice(len(_CHANGES), p=_WEIGHTS))]
            near = change(word, self._inventory[accent], random)
            if near and not self.is_one_of_them(near):
                return near
        return None


def written(phonemes: Phonemes) -> str:
    """Phonemes as a text that the synthesiser can say."""
    return f"[[{'|'.join(phonemes)}]]"


def phonemes_of(speaker: Synthesiser, word: str, accent: str) -> Phonemes:
    """The phonemes of a word or phrase; empty if it cannot be said."""
    spoken = speaker.phonemes(word, accent)
    return tuple(one for part in spoken for one in part if _plain(one))


def _sounds(phonemes: Phonemes) -> Phonemes:
    return tuple(map(_plain, phonemes))


def _plain(phoneme: str) -> str:
    """A phoneme without its stress and without the mark of a variant."""
    return _VARIANT.sub("", bare) if len(bare := _STRESS.sub("", phoneme).strip("_|")) > 1 else bare


def _exchanged(word: Phonemes, inventory: Sequence[str], random: np.random.Generator) -> Phonemes | None:
    """One phoneme for another of its kind, and not for one that is often said in its place."""
    place = int(random.integers(len(word)))
    old = _plain(word[place])
    is_last = place == len(word) - 1
    others = [
        one
        for one in inventory
        if _is_vowel(one) == _is_vowel(old)
        and one[0].lower() != old[0].lower()
        and not (is_last and frozenset((one, old)) in _VOICED)
    ]
    if not others:
        return None
    stress = "".join(_STRESS.findall(word[place]))
    return (*word[:place], stress + others[int(random.integers(len(others)))], *word[place + 1 :])


def _shortened(word: Phonemes, _: Sequence[str], random: np.random.Generator) -> Phonemes | None:
    """Without one consonant; the last one stays, which many people hardly say."""
    places = [place for place, one in enumerate(word[:-1]) if not _is_vowel(_plain(one))]
    if not places:
        return None
    place = places[int(random.integers(len(places)))]
    return (*word[:place], *word[place + 1 :])


def _lengthened(word: Phonemes, inventory: Sequence[str], random: np.random.Generator) -> Phonemes | None:
    """With one more consonant before one of its phonemes."""
    consonants = [one for one in inventory if not _is_vowel(one)]
    if not consonants:
        return None
    place = int(random.integers(len(word)))
    return (*word[:place], consonants[int(random.integers(len(consonants)))], *word[place:])


_CHANGES: tuple[Callable[[Phonemes, Sequence[str], np.random.Generator], Phonemes | None], ...] = (
    _exchanged, _shortened, _lengthened,
)  # fmt: skip
_WEIGHTS = (0.6, 0.2, 0.2)


def _is_vowel(phoneme: str) -> bool:
    return _VOWEL.match(phoneme) is not None
