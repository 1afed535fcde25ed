"""The card of a corpus or a network of the user's own: who made it, where, and what others may do with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from data import stored, workspace
from data.errors import WorkspaceError

FILE = "about.json"
"""The name of its file, in the folder of the corpus or the run."""

LONGEST = 2000
"""Characters of one entry."""


def _entry(title: str, help: str) -> Any:
    return field(default="", metadata={"title": title, "help": help})


@dataclass(frozen=True)
class Card:
    """What its maker says; every entry may be empty."""

    made_by: str = _entry("Made by", "Who recorded, collected or trained it.")
    recorded: str = _entry("Recorded", "Where, when and with which microphone.")
    licence: str = _entry("Licence", "Such as CC BY 4.0, or: not to be passed on.")
    consent: str = _entry("Consent", "What the speakers agreed to, and how.")
    notes: str = _entry("Notes", "What else one should know, such as what it is not good for.")

    @property
    def entries(self) -> dict[str, str]:
        """What is filled in, by title."""
        return {one.title: one.text for one in rows(self) if one.text}

    def __bool__(self) -> bool:
        return bool(self.entries)


@dataclass(frozen=True)
class Entry:
    """An entry of a card: the name of its field, what a form calls it, what belongs there, and its text."""

    name: str
    title: str
    help: str
    text: str


def rows(card: Card) -> list[Entry]:
    """All entries of a card, in order."""
    return [
        Entry(one.name, one.metadata["title"], one.metadata["help"], getattr(card, one.name)) for one in fields(card)
    ]


def load(folder: Path) -> Card:
    """Load the card of a corpus or a run; an empty one if it has none.

    Raises:
        WorkspaceError: the file is damaged.
    """
    try:
        return _clean(stored.read(folder / FILE, Card))
    except FileNotFoundError:
        return Card()


def store(folder: Path, card: Card) -> None:
    """Store a card; an empty one leaves no file.

    Raises:
        WorkspaceError: an entry is too long, or the folder cannot be written to.
    """
    card = _clean(card)
    for one in rows(card):
        if len(one.text) > LONGEST:
            raise WorkspaceError(
                f"“{one.title}” has {len(one.text):,} characters; up to {LONGEST:,} fit. Shorten it, or link to a page."
            )
    if card:
        workspace.write_json(folder / FILE, asdict(card))
    else:
        (folder / FILE).unlink(missing_ok=True)


def of_untrusted(values: object) -> Card:
    """Read a card from the JSON values of an export, whatever they are: what is not text is left out, what is too long is cut."""
    if not isinstance(values, Mapping):
        return Card()
    found = {one.name: values.get(one.name) for one in fields(Card)}
    return _clean(Card(**{name: text[:LONGEST] for name, text in found.items() if isinstance(text, str)}))


def _clean(card: Card) -> Card:
    return replace(card, **{one.name: _readable(one.text) for one in rows(card)})


def _readable(text: str) -> str:
    """The text without control characters but line breaks, and without halves of characters, which no file can hold."""
    kept = (
        character
        for character in text.replace("\r\n", "\n")
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cs")
    )
    return "".join(kept).strip()
