"""Lists of clips: a table (CSV) or JSON with file, label, speaker and split of each. Its content is not trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from data import card, tables
from data.card import Card
from data.corpus import Split
from data.errors import CorpusError
from data.names import shown
from data.own.records import Source

ENDINGS = (".csv", ".tsv", ".json")
OWN_LIST = "index.json"  # written by Echoic's export
FORMAT = "echoic-corpus"  # the "format" in it
_FORMATS = (FORMAT, "hark-corpus")  # the second: before the project was renamed

_MOST_ROWS = 500_000
# Names of the columns in lower case; the first is ours.
_COLUMNS = {
    "file": ("file", "path", "filename", "clip"),
    "label": ("label", "word", "class"),
    "speaker": ("speaker", "speaker_id", "client_id"),
    "split": ("split", "side", "set"),
}
_SPLITS: dict[str, Split] = {
    **dict.fromkeys(("training", "train"), "training"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


_LATEST = 1e11  # seconds since 1970, in the year 5138


@dataclass(frozen=True, slots=True)
class Row:
    """One file of a list.

    Attributes:
        where: "Line 3" of a table, "Entry 3" of JSON.
        file: its name in the list.
        label, speaker: as in the list, "" if missing.
        split: None if missing.
        problem: why the row is invalid, one sentence, else "".
        source, added, original: as in `OwnClip`; None unless Echoic wrote the list.
    """

    where: str
    file: str = ""
    label: str = ""
    speaker: str = ""
    split: Split | None = None
    problem: str = ""
    source: Source | None = None
    added: float | None = None
    original: str | None = None


def read_list(path: Path, called: str | None = None) -> list[Row]:
    """Read all rows of a list, including invalid ones.

    Args:
        called: its name in messages, by default that of its file.

    Raises:
        CorpusError: it is too large, neither a table nor JSON, or has no column for files or labels.
    """
    called = called or path.name
    text = tables.read_text(path, called)
    is_json = called.lower().endswith(".json") or (
        not called.lower().endswith(ENDINGS) and text.lstrip()[:1] in ("[", "{")
    )
    values = _entries(text, called) if is_json else _lines(text, called)
    rows: list[Row] = []
    for where, cells, is_ours in values:
        if len(rows) >= _MOST_ROWS:
            raise CorpusError(f"{called} holds more than {_MOST_ROWS:,} rows. Split it into several lists.")
        rows.append(_row(where, cells, is_ours))
    if not rows:
        raise CorpusError(f"{called} has no rows. One row per clip is expected.")
    return rows


def is_ours(path: Path) -> bool:
    """Return whether Echoic wrote the list."""
    try:
        content = json.loads(tables.read_text(path, path.name))
    except (CorpusError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("format") in _FORMATS


def card_of(path: Path) -> Card:
    """The card of the corpus in an index that Echoic wrote; an empty one if there is none."""
    try:
        content = json.loads(tables.read_text(path, path.name))
    except (CorpusError, ValueError, RecursionError):
        return Card()
    return card.of_untrusted(content.get("about")) if isinstance(content, dict) else Card()


def _lines(text: str, called: str) -> Iterator[tuple[str, Mapping[str, object], bool]]:
    """Yield the rows of a table by the names of our columns."""
    table = tables.rows(text, called)
    _, header = next(table, (0, []))
    places = _places([cell.lower() for cell in header], called)
    for line, cells in table:
        yield f"Line {line}", {name: cells[place] for name, place in places.items() if place < len(cells)}, False


def _places(header: list[str], called: str) -> dict[str, int]:
    places = tables.places_of(header, _COLUMNS)
    for name in ("file", "label"):
        if name not in places:
            there = ", ".join(cell[:20] for cell in header[:8]) or "none"
            raise CorpusError(
                f"{called} has no column '{name}' (nor {', '.join(_COLUMNS[name][1:])}); its columns are: {there}. Name the columns file, label, speaker in the first line."
            )
    return places


def _entries(text: str, called: str) -> Iterator[tuple[str, Mapping[str, object], bool]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorpusError(
            f"{called} is not JSON ({error}). A list of objects with file and label is expected."
        ) from error
    ours = isinstance(content, dict) and content.get("format") in _FORMATS
    entries = content.get("clips") if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise CorpusError(
            f'{called} holds no list of clips. Expected: [{{"file": "a.wav", "label": "left"}}, …], or an object with such a list as "clips".'
        )
    for number, entry in enumerate(entries, start=1):
        where = f"Entry {number}"
        if not isinstance(entry, dict):
            yield where, {"problem": "It is not an object with file and label."}, False
            continue
        cells = {str(name).strip().lower(): value for name, value in entry.items()}
        found = {
            name: next((cells[other] for other in names if cells.get(other) is not None), "")
            for name, names in _COLUMNS.items()
        }
        if ours:
            found |= {name: cells.get(name) for name in ("source", "added", "original")}
        yield where, found, ours


def _row(where: str, cells: Mapping[str, object], is_ours: bool) -> Row:
    if "problem" in cells:
        return Row(where, problem=str(cells["problem"]))
    words = {}
    for name in _COLUMNS:
        value = cells.get(name, "")
        # the number 7 is a word like "7"; true, 0.5 or a list is not
        if not isinstance(value, str | int) or isinstance(value, bool):
            return Row(where, problem=f"Its {name} is not text.")
        words[name] = str(value) if is_ours else str(value).strip()
    for name in ("file", "label"):
        if not words[name]:
            return Row(where, file=words["file"], problem=f"It has no {name}.")
    split = words["split"].lower()
    if split and split not in _SPLITS:
        return Row(
            where, words["file"], problem=f"Its split is '{shown(split)}'; expected: training, validation or test."
        )
    return Row(
        where, words["file"], words["label"], words["speaker"], _SPLITS.get(split), "",
        *(_provenance(cells) if is_ours else (None, None, None)),
    )  # fmt: skip


def _provenance(cells: Mapping[str, object]) -> tuple[Source | None, float | None, str | None]:
    """Return what only an index of Echoic holds; None for values that Echoic would not write."""
    source, added, original = cells.get("source"), cells.get("added"), cells.get("original")
    known = next((one for one in get_args(Source) if one == source), None)
    is_time = isinstance(added, int | float) and not isinstance(added, bool) and 0 <= added < _LATEST
    return (
        known,
        float(added) if is_time else None,  # type: ignore[arg-type]
        original if isinstance(original, str) else None,
    )
