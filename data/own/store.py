"""The database of a corpus of the user's own: its clips, and every change, for undo.

Tabs, threads and processes may change it at the same time: every change is one transaction on a connection of its own.
A change sets one field of some clips and records the values before and after.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from data.corpus import BACKGROUND_NOISE
from data.errors import CorpusError, EchoicError, WorkspaceError
from data.own.records import NOTHING, Change, Field, OwnClip, Snapshot, Trim
from data.phrases import plural

_FORMAT = 2  # 1: without the columns trim and kept, which the first change adds
_READ, _WRITE = "BEGIN", "BEGIN IMMEDIATE"
_PATIENCE = 30.0  # seconds to wait for another writer
_SCHEMA = f"""
BEGIN;
CREATE TABLE clips (
    id TEXT PRIMARY KEY, label TEXT NOT NULL, speaker TEXT, source TEXT NOT NULL, added REAL NOT NULL,
    original TEXT NOT NULL, ending TEXT NOT NULL, seconds REAL NOT NULL, digest TEXT NOT NULL, sound TEXT NOT NULL,
    measures TEXT NOT NULL, side TEXT, removed INTEGER NOT NULL DEFAULT 0, trim TEXT, kept INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX clips_by_label ON clips (label);
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL, clips INTEGER NOT NULL, field TEXT NOT NULL,
    is_undo INTEGER NOT NULL DEFAULT 0, undone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE changed (change INTEGER, clip TEXT, before, after, PRIMARY KEY (change, clip)) WITHOUT ROWID;
CREATE TABLE version (number INTEGER NOT NULL);
PRAGMA user_version = {_FORMAT};
COMMIT;
"""
_UPGRADE = (
    "ALTER TABLE clips ADD COLUMN trim TEXT",
    "ALTER TABLE clips ADD COLUMN kept INTEGER NOT NULL DEFAULT 0",
    f"PRAGMA user_version = {_FORMAT}",
)
_COLUMNS = "id, label, speaker, source, added, original, ending, seconds, digest, sound, measures, side"


class Store:
    """A database file.

    Args:
        path: the file.
        clips: the folder of the clips' files.
        title: the name of the corpus in messages.
    """

    def __init__(self, path: Path, clips: Path, title: str) -> None:
        self._path, self._clips, self._title = path, clips, title

    def create(self) -> None:
        """Create the file without clips.

        Raises:
            WorkspaceError: it cannot be written.
        """
        try:
            with closing(sqlite3.connect(self._path)) as connection:
                connection.executescript(_SCHEMA)
                # A corpus deleted and created again with the same name continues with higher versions, so a page that
                # caches by name and version does not show the old one.
                connection.execute("INSERT INTO version VALUES (?)", (time.time_ns() // 1_000_000,))
                connection.commit()
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def version(self) -> int:
        with self._opened(_READ) as connection:
            return _version(connection)

    def snapshot(self) -> Snapshot:
        with self._opened(_READ) as connection:
            version, rows, last_change = _version(connection), _rows(connection), _last(connection)
        clips = self._clips_of(rows)
        return Snapshot(
            version,
            tuple(clip for clip in clips if clip.label != BACKGROUND_NOISE),
            tuple(clip for clip in clips if clip.label == BACKGROUND_NOISE),
            last_change,
        )

    def clips(self, where: str = "TRUE", values: Sequence[object] = ()) -> list[OwnClip]:
        """Read the clips that are not removed and meet a condition, by label, then by the time they were added."""
        with self._opened(_READ) as connection:
            rows = _rows(connection, where, values)
        return self._clips_of(rows)

    def _clips_of(self, rows: Sequence[tuple[Any, ...]]) -> list[OwnClip]:
        try:
            return [self._clip_of(row) for row in rows]
        except (ValueError, TypeError, RecursionError) as error:
            raise self._damaged(error) from error

    def _clip_of(self, row: tuple[Any, ...]) -> OwnClip:
        id, label, speaker, source, added, original, ending, seconds, digest, sound, measures, split, trim, kept = row
        whole = self._clips / f"{id}{ending}"
        if trim is None:
            return OwnClip(
                id, whole, label, speaker, source, added, original, seconds, digest, sound, json.loads(measures), split,
                whole, seconds, None, bool(kept),
            )  # fmt: skip
        left = Trim(**json.loads(trim))
        return OwnClip(
            id, self._clips / left.file, label, speaker, source, added, original, left.seconds, left.digest, left.sound,
            left.measures, split, whole, seconds, (left.start, left.end), True,
        )  # fmt: skip

    def add(self, rows: Sequence[tuple[object, ...]]) -> Change:
        """Add clips, each a tuple in the order of `_COLUMNS`; if that fails, none is added."""
        text = f"{plural(len(rows), 'clip')} added"
        with self._opened(_WRITE) as connection:
            marks = ", ".join("?" * (_COLUMNS.count(",") + 1))
            connection.executemany(f"INSERT INTO clips ({_COLUMNS}) VALUES ({marks})", rows)
            number = _record(connection, "removed", text, len(rows))
            connection.executemany("INSERT INTO changed VALUES (?, ?, 1, 0)", [(number, row[0]) for row in rows])
        return Change(number, text, len(rows))

    def put(
        self, field: Field, value: object, text_of: Callable[[str], str], where: str, values: Sequence[object]
    ) -> Change | None:
        """Set a field of the clips that meet a condition; return None if none does.

        Args:
            text_of: makes the text of the change from "12 clips".
        """
        chosen = f"FROM clips WHERE removed = 0 AND {where}"
        with self._opened(_WRITE) as connection:
            if connection.execute(f"SELECT 1 {chosen} LIMIT 1", values).fetchone() is None:
                return None
            parameters = (*values, value)
            count = connection.execute(f"SELECT COUNT(*) {chosen} AND {field} IS NOT ?", parameters).fetchone()[0]
            if not count:
                return NOTHING
            text = text_of(plural(count, "clip"))
            number = _record(connection, field, text, count)
            connection.execute(
                f"INSERT INTO changed SELECT ?, id, {field}, ? {chosen} AND {field} IS NOT ?",
                (number, value, *parameters),
            )
            connection.execute(
                f"UPDATE clips SET {field} = ? WHERE id IN (SELECT clip FROM changed WHERE change = ?)",
                (value, number),
            )
        return Change(number, text, count)

    def last_change(self) -> Change | None:
        with self._opened(_READ) as connection:
            return _last(connection)

    def undo(self, number: int | None) -> Change:
        """Restore the values before a change, by default the last, where they have not changed since.

        Raises:
            CorpusError: there is no such change, or it is already undone.
        """
        with self._opened(_WRITE) as connection:
            if number is None:
                last = _last(connection)
                number = last.number if last else 0
            row = connection.execute(
                "SELECT text, field FROM changes WHERE number = ? AND NOT undone AND NOT is_undo", (number,)
            ).fetchone()
            if row is None:
                raise CorpusError(
                    f"There is nothing to undo in '{self._title}': it is already undone, or removed for good."
                )
            text, field = f"Undone: {row[0]}", row[1]
            entry = "FROM changed WHERE change = ? AND clip = clips.id"
            count = connection.execute(
                f"UPDATE clips SET {field} = (SELECT before {entry}) "
                f"WHERE id IN (SELECT clip FROM changed WHERE change = ?) AND {field} IS (SELECT after {entry})",
                (number, number, number),
            ).rowcount
            connection.execute("UPDATE changes SET undone = 1 WHERE number = ?", (number,))
            made = _record(connection, field, text, count, is_undo=True)
        return Change(made, text, count, can_be_undone=False)

    def purge(self) -> None:
        """Delete the removed clips and the history of changes."""
        with self._opened(_WRITE) as connection:
            connection.execute("DELETE FROM clips WHERE removed")
            connection.execute("DELETE FROM changes")
            connection.execute("DELETE FROM changed")
            connection.execute("UPDATE version SET number = number + 1")

    def files(self) -> set[str]:
        """Return the file names of all clips, including removed ones, and of all trims, including those undone."""
        with self._opened(_READ) as connection:
            named = {row[0] for row in connection.execute("SELECT id || ending FROM clips")}
            if _format(connection) < 2:
                return named
            trims = connection.execute(
                "SELECT trim FROM clips WHERE trim IS NOT NULL UNION "
                "SELECT after FROM changed JOIN changes ON number = change WHERE field = 'trim' AND after IS NOT NULL"
            )
            return named | {json.loads(row[0])["file"] for row in trims}

    @contextmanager
    def _opened(self, begin: str) -> Iterator[sqlite3.Connection]:
        """Open a connection with a transaction, which is rolled back if the block raises."""
        if not self._path.is_file():
            raise CorpusError(f"The corpus '{self._title}' is gone: it was deleted or moved.")
        try:
            # rw: if it has just been deleted, no empty file takes its place
            uri = f"{self._path.absolute().as_uri()}?mode=rw"
            with closing(sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)) as connection:
                found = _format(connection)
                if found > _FORMAT:
                    raise CorpusError(f"The corpus '{self._title}' was written by a newer Echoic. Update this one.")
                if found < 1:
                    raise self._damaged("it holds no corpus")
                connection.execute(begin)
                try:
                    if begin == _WRITE and _format(connection) < _FORMAT:
                        for statement in _UPGRADE:
                            connection.execute(statement)
                    yield connection
                    connection.commit()
                except BaseException:
                    with suppress(sqlite3.Error):
                        connection.rollback()
                    raise
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def _explained(self, error: sqlite3.Error) -> EchoicError:
        """Turn a database error into one for the user."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            return WorkspaceError(
                f"Another tab has been changing the corpus '{self._title}' for {_PATIENCE:.0f} seconds. Nothing was changed; try again."
            )
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            return WorkspaceError(
                f"The corpus '{self._title}' could not be read or written ({error}). Nothing was changed; free some disk space or check the permissions, then try again."
            )
        return self._damaged(error)

    def _damaged(self, why: object) -> CorpusError:
        return CorpusError(
            f"The database of the corpus '{self._title}' is damaged ({why}). Its clips are still in {self._clips}; import that folder into a new corpus."
        )


def _format(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT number FROM version").fetchone()[0])


def _rows(connection: sqlite3.Connection, where: str = "TRUE", values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    more = "trim, kept" if _format(connection) >= 2 else "NULL, 0"
    return connection.execute(
        f"SELECT {_COLUMNS}, {more} FROM clips WHERE removed = 0 AND {where} ORDER BY label, added, rowid", values
    ).fetchall()


def _record(connection: sqlite3.Connection, field: str, text: str, count: int, is_undo: bool = False) -> int:
    """Record a change; return its number."""
    connection.execute("UPDATE version SET number = number + 1")
    row: Any = connection.execute(
        "INSERT INTO changes (text, clips, field, is_undo) VALUES (?, ?, ?, ?)", (text, count, field, is_undo)
    )
    return int(row.lastrowid)


def _last(connection: sqlite3.Connection) -> Change | None:
    row = connection.execute(
        "SELECT number, text, clips FROM changes WHERE NOT undone AND NOT is_undo ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return Change(*row) if row else None
