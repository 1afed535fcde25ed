"""Your words reads its database once for each drawing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from data.own.corpus import OwnCorpus
from tests.support.words import clips_of, go, open_words

_SECTIONS = ("Record", "Upload", "Clips", "Map", "Teach")


@pytest.mark.parametrize("section", _SECTIONS)
def test_a_drawing_opens_the_database_once(section: str, mine: OwnCorpus, count_connections: Callable[[], int]) -> None:
    """Clips opened it nine times, so a drawing could also show two versions of the corpus at once."""
    mine.add([*clips_of("left", 5), *clips_of("right", 5)])
    app = open_words() if section == "Record" else go(open_words(), section)
    before = count_connections()
    app.run()
    assert count_connections() - before == 1


@pytest.fixture
def count_connections(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Counts the databases opened so far."""
    opened: list[object] = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: opened.append(given) or connect(*given, **named))
    return lambda: len(opened)
