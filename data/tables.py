"""Read a table (CSV or TSV) by the names of its columns, and write one. The content of neither is trusted."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from data.errors import CorpusError

_MOST_BYTES = 50_000_000

_FORMULA = r"\s*[=+\-@＝＋－＠]"  # what a spreadsheet runs, in half and in full width
_RUNS = re.compile(rf"^(?=[\t\r\n]|{_FORMULA})|(?<=[;\t\r\n])(?={_FORMULA})")
"""Where a cell would be run: at its start, and after what separates cells in some countries' spreadsheets."""


def read_text(path: Path, called: str) -> str:
    """Read a text file in UTF-8 or UTF-16, `called` so in messages.

    Raises:
        CorpusError: it is too large, another encoding, or cannot be read.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise CorpusError(f"{called} holds more than {_MOST_BYTES / 1e6:.0f} MB. Split it into several lists.")
        content = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{called} cannot be read ({error.strerror or error}).") from error
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeError as error:
        raise CorpusError(
            f"{called} is neither UTF-8 nor UTF-16 text ({error}). Save it as 'CSV UTF-8' in the program that wrote it."
        ) from error


def places_of(header: list[str], columns: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The place of each of `columns` in a header in lower case; those that are not there are left out.

    Args:
        columns: the names of each column, the preferred first.
    """
    return {
        name: next(header.index(other) for other in names if other in header)
        for name, names in columns.items()
        if any(other in header for other in names)
    }


def rows(text: str, called: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the line and the cells of each row that is not blank; the first is the header.

    The most frequent of comma, semicolon and tab in the header separates the cells.

    Raises:
        CorpusError: the table is damaged.
    """
    header_line = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=header_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise CorpusError(
            f"{called} is damaged at line {reader.line_num} ({error}). A table with one row per clip is expected."
        ) from error


def csv_text(rows: Sequence[Mapping[str, object]], columns: Sequence[str] = (), *, exact: Collection[str] = ()) -> str:
    """Write rows as CSV with a header; None becomes an empty cell.

    Args:
        columns: the header; by default the keys of the first row.
        exact: columns with text that a program must read back as it is; every other text is made `harmless`.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    columns = columns or list(rows[0] if rows else ())
    writer.writerow(map(harmless, columns))
    for row in rows:
        writer.writerow([row[name] if name in exact else _cell(row[name]) for name in columns])
    return text.getvalue()


def as_file(csv: str) -> bytes:
    """The content of a CSV file; a byte order mark tells spreadsheets its encoding."""
    return csv.encode("utf-8-sig")


def harmless(text: str) -> str:
    """Put an apostrophe in front of whatever a spreadsheet would run as a formula: it shows that cell as text."""
    return _RUNS.sub("'", text)


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return harmless(value) if isinstance(value, str) else value
