"""Texts that users give are made clean, or refused in a sentence, and can name files."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import CorpusError
from data.names import clean_label, clean_original, clean_speaker, file_name
from data.own.corpus import OwnCorpus
from data.own.new_clips import NewClip


def new(label: str = "left", speaker: str | None = None, content: bytes | Path = b"RIFF", **more) -> NewClip:
    return replace(NewClip(label, speaker, "upload", "a.wav", content, ".wav", 0.5), **more)


def _state(corpus: OwnCorpus) -> list[tuple[object, ...]]:
    return sorted((one.id, one.label, one.speaker or "") for one in (*corpus.clips(), *corpus.noise()))


def _ids(corpus: OwnCorpus, label: str | None = None) -> list[str]:
    return [one.id for one in corpus.clips() if label in (None, one.label)]


def _files(corpus: OwnCorpus) -> set[str]:
    return {path.name for path in (corpus.path / "clips").iterdir()}


@given(st.text(max_size=80))
def test_a_clean_label_stays_as_it_is_and_is_text(text: str) -> None:
    try:
        label = clean_label(text)
    except CorpusError as error:
        said = str(error)
        label = None
    if label is None:
        assert len(said.encode()) < 400, "short, and no half of a surrogate in what is printed"
        return
    assert clean_label(label) == label == unicodedata.normalize("NFC", label)
    assert 1 <= len(label) <= 60
    assert label == " ".join(label.split())


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("  turn \t left\n", "turn left"),
        ("e\u0301", "é"),
        ("a/b\\c:*?", "a/b\\c:*?"),
        ("👩‍🚀", "👩‍🚀"),
        ("_silence_", "_silence_"),
    ],
)
def test_labels_are_made_clean(text: str, label: str) -> None:
    assert clean_label(text) == label
    assert clean_speaker(text) == label


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"), (" \n", "is empty"), ("a\0b", r"U\+0000"), ("a\x1bb", r"U\+001B"), ("a\ud800", r"U\+D800"),
        ("x" * 61, "61 characters"), ("_private", "begin with '_'"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_label_is_explained(text: str, said: str) -> None:
    with pytest.raises(CorpusError, match=said):
        clean_label(text)


def test_no_speaker_is_none_and_a_speaker_is_bounded() -> None:
    assert clean_speaker(None) is clean_speaker("") is clean_speaker("  ") is None
    assert clean_speaker("_ann") == "_ann"
    with pytest.raises(CorpusError, match=r"speaker 'y{40}…' has 5,000 characters"):
        clean_speaker("y" * 5000)


@given(st.lists(st.text(min_size=1, max_size=60), min_size=2, max_size=2, unique=True))
def test_file_names_tell_texts_apart_and_can_be_held_everywhere(texts: list[str]) -> None:
    names = [file_name(text, reserved=("index.json",)) for text in texts]
    assert names[0] != names[1]
    for name in names:
        assert 1 <= len(name.encode()) <= 100
        assert not set(name) & set('/\\:*?"<>|\0')
        assert not name.startswith(".")
        assert not name.endswith((".", " "))
        assert name.lower() != "index.json"


def test_the_originals_name_is_text_of_bounded_length() -> None:
    assert clean_original("a\0b\n\udcff.wav") == "a�b��.wav"
    assert len(clean_original("x" * 1000)) == 255


@pytest.mark.parametrize(
    ("label", "said"),
    [("\u200b", "is empty"), ("\u200d\u200d", "is empty"), ("a\u202eb", r"U\+202E"), ("\u2067x", r"U\+2067")],
)
def test_labels_that_cannot_be_seen_or_turn_the_text_are_refused(label: str, said: str) -> None:
    with pytest.raises(CorpusError, match=said):
        clean_label(label)
