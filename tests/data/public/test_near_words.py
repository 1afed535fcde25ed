"""Words near to given ones: like them in all phonemes but one, and never one of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from data.public.english_words import COMMON_WORDS
from data.public.espeak import Synthesiser
from data.public.near_words import NearWords, phonemes_of, written
from data.public.synthetic_voices import ACCENTS, record, voices

WORDS = ("left", "right", "go", "café", "hey archie")


@pytest.fixture(scope="module")
def speaker() -> Iterator[Synthesiser]:
    made = Synthesiser()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def near(speaker: Synthesiser) -> NearWords:
    return NearWords(speaker, WORDS, ACCENTS, COMMON_WORDS[::20])


def test_the_phonemes_of_a_word_are_those_that_it_is_said_with(speaker: Synthesiser) -> None:
    assert phonemes_of(speaker, "left", "en") == ("l", "'E", "f", "t")
    assert phonemes_of(speaker, "write", "en") == phonemes_of(speaker, "right", "en")
    assert phonemes_of(speaker, "?", "en") == ()
    assert len(speaker.phonemes("go now. left, right", "en-us")) == 4, "every clause of a text"
    voice = voices()[0]
    text, said = (
        record(speaker, one, voice, np.random.default_rng(1)) for one in ("left", written(("l", "'E", "f", "t")))
    )
    assert len(said) == pytest.approx(len(text), rel=0.1)


def test_a_near_word_differs_in_one_phoneme_and_is_none_of_the_words(speaker: Synthesiser, near: NearWords) -> None:
    random = np.random.default_rng(0)
    taken = {accent: [phonemes_of(speaker, word, accent) for word in WORDS] for accent in ACCENTS}
    found = set()
    for accent in ACCENTS:
        for _ in range(40):
            made = near.draw(accent, random)
            assert made is not None
            assert not near.is_one_of_them(made)
            assert min(_distance(made, word) for word in taken[accent]) == 1
            found.add(made)
    assert len(found) > 100, "hardly ever the same"


def _distance(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Levenshtein's, in phonemes."""
    row = list(range(len(other) + 1))
    for place, phoneme in enumerate(one, 1):
        before, row = row, [place]
        for at, wanted in enumerate(other, 1):
            row.append(min(before[at] + 1, row[-1] + 1, before[at - 1] + (phoneme != wanted)))
    return row[-1]


def test_a_word_that_sounds_like_one_of_them_is_one_of_them(speaker: Synthesiser, near: NearWords) -> None:
    assert near.is_one_of_them(phonemes_of(speaker, "write", "en-us"))
    assert not near.is_one_of_them(phonemes_of(speaker, "bird", "en-us"))


def test_a_word_that_is_never_made_has_no_neighbours_made_for_it(speaker: Synthesiser) -> None:
    made = NearWords(speaker, ("left",), ("en",), COMMON_WORDS[::20], never=("lift", "bird"))
    random = np.random.default_rng(0)
    drawn = {near for _ in range(300) if (near := made.draw("en", random))}
    assert made.is_one_of_them(phonemes_of(speaker, "lift", "en"))
    assert phonemes_of(speaker, "lift", "en") not in drawn
    assert {_distance(one, phonemes_of(speaker, "left", "en")) for one in drawn} == {1}, (
        "near left, none near bird alone"
    )


def test_words_that_cannot_be_said_have_no_near_words(speaker: Synthesiser) -> None:
    assert NearWords(speaker, ("?",), ("en",), ("cat",)).draw("en", np.random.default_rng(0)) is None


def test_the_common_words_are_many_and_none_twice() -> None:
    assert len(COMMON_WORDS) == len(set(COMMON_WORDS)) > 500
    assert all(word.isalpha() and word.islower() for word in COMMON_WORDS)
