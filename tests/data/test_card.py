"""The card of a corpus or a run: kept atomically, never in the way, restored where an export is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import card
from data.card import Card
from data.errors import WorkspaceError
from data.own import corpus as own_corpus
from data.own import incoming
from data.own.export import export
from data.own.new_clips import NewClip
from tests.support.sounds import tone, write

FULL = Card("Ann", "at home, 2026", "CC BY 4.0", "asked each speaker", "a\nb")


def test_a_card_is_kept_as_it_was_typed(tmp_path: Path) -> None:
    assert card.load(tmp_path) == Card()
    assert not card.load(tmp_path)
    card.store(tmp_path, FULL)
    assert card.load(tmp_path) == FULL
    assert list(card.load(tmp_path).entries) == ["Made by", "Recorded", "Licence", "Consent", "Notes"]
    card.store(tmp_path, Card(made_by="  \x00 "))
    assert list(tmp_path.iterdir()) == [], "an empty card leaves no file"


def test_what_cannot_be_a_card_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="“Notes” has 2,001 characters; up to 2,000 fit"):
        card.store(tmp_path, Card(notes="x" * 2001))
    (tmp_path / card.FILE).write_text('{"made_by": 7}', encoding="utf-8")
    with pytest.raises(WorkspaceError, match="is damaged"):
        card.load(tmp_path)
    (tmp_path / card.FILE).write_text('{"licence": "MIT", "of a later version": 1}', encoding="utf-8")
    assert card.load(tmp_path) == Card(licence="MIT"), "what is missing is empty"


@pytest.mark.parametrize("values", [None, 3, [], {"made_by": 3}, {"made_by": ["x"]}, {"other": "x"}])
def test_a_foreign_card_is_never_in_the_way(values: object) -> None:
    assert card.of_untrusted(values) == Card()


def test_a_foreign_card_is_cut_and_cleaned(tmp_path: Path) -> None:
    found = card.of_untrusted({"made_by": "\ud800A\x1bnn", "notes": "x" * 9999})
    assert (found.made_by, len(found.notes)) == ("Ann", card.LONGEST)
    card.store(tmp_path, found)


def test_an_exported_corpus_takes_its_card_along(tmp_path: Path) -> None:
    made = own_corpus.create("lights")
    made.add([NewClip("on", "ann", "upload", "a.wav", write(tmp_path / "a.wav", tone(300)), ".wav", 1.0)])
    assert made.card == Card(), "a corpus of before has none, and opens"
    made.write_card(FULL)
    export(made, tmp_path / "lights.zip")
    with incoming.staging() as staged:
        batch = incoming.collect(tmp_path / "lights.zip", staged)
    assert batch.card == FULL
    other = own_corpus.create("restored")
    other.adopt_card(batch.card)
    assert other.card == FULL
    other.adopt_card(Card("someone else"))
    assert other.card == FULL, "its own stays"
