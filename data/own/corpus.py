"""A corpus of the user's own: clips recorded, uploaded or imported, stored in the workspace.

    own/<name>/corpus.sqlite     labels, speakers and every change, see `store`
    own/<name>/clips/<id>.wav    the files, byte for byte as added
    own/<name>/clips/<id>-*.flac what a trim has left of one, beside the whole
    own/<name>/about.json        who made it, licence, consent: see `data.card`

A label is never part of a file's name: any script works, and renaming a word moves no file.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from data import card, workspace
from data.card import Card
from data.corpus import (
    Corpus,
    Description,
    Index,
    Progress,
    Report,
    no_progress,
)
from data.errors import CorpusError, EchoicError, WorkspaceError
from data.names import clean_label, clean_name, clean_speaker, same_on_every_system, shown
from data.own import unfinished
from data.own.index import index_of
from data.own.new_clips import NewClip, row_of, write_clip
from data.own.records import NOTHING, Change, Field, OwnClip, Snapshot, Trim
from data.own.store import Store
from data.phrases import plural
from data.splits import check_rule

OWN_PREFIX = "own:"

_FEW = 64  # most files flushed to the disk one by one; more are flushed by one sync
_ORPHAN = 24 * 3600.0  # seconds after which a file without a clip is a leftover, not one being added


def listing() -> list[str]:
    """List the names of all corpora of the user's own, sorted."""
    try:
        found = [path.parent.name for path in (workspace.root() / "own").glob("*/corpus.sqlite")]
    except OSError:
        return []
    return sorted((name for name in found if not name.startswith(".")), key=lambda name: (name.casefold(), name))


def exists(name: str) -> bool:
    """Return whether there is a corpus with this name; False for an invalid name."""
    try:
        return clean_name(name) in listing()
    except CorpusError:
        return False


def create(name: str) -> OwnCorpus:
    """Create an empty corpus.

    Raises:
        CorpusError: the name is invalid, or taken on a system that ignores case.
        WorkspaceError: it cannot be written.
    """
    corpus = OwnCorpus(name)
    own = workspace.folder("own")
    with workspace.locked(own / ".lock"):  # two tabs must not create the same one
        for other in listing():
            if same_on_every_system(other) == same_on_every_system(corpus.title):
                raise CorpusError(f"There is a corpus '{other}' already. Choose another name, or add to that one.")
        _clear(own)
        with workspace.replacing(corpus.path) as new:  # there may be a leftover without a database
            (new / "clips").mkdir(parents=True)
            Store(new / "corpus.sqlite", new / "clips", corpus.title).create()
    return corpus


def delete(name: str) -> None:
    """Delete a corpus with all its clips, for good.

    Raises:
        CorpusError: there is none with that name.
        WorkspaceError: its folder cannot be moved; nothing is deleted.
    """
    corpus = OwnCorpus(name)
    corpus.load()
    own = workspace.folder("own")
    with workspace.locked(own / ".lock"):
        try:
            corpus.path.rename(own / f".old-{secrets.token_hex(8)}")  # atomic
        except OSError as error:
            raise WorkspaceError(
                f"The corpus '{corpus.title}' could not be deleted ({error.strerror or error}). Close the programs that have its files open, then try again."
            ) from error
        _clear(own)


def recover() -> None:
    """Remove from all corpora the files that killed processes were adding."""
    for name in listing():
        with suppress(EchoicError, OSError):
            OwnCorpus(name).recover()


def _clear(own: Path) -> None:
    """Remove what was deleted, or left half-created by a killed process."""
    for path in (*own.glob(".old-*"), *own.glob(f"{workspace.UNFINISHED}*")):
        shutil.rmtree(path, ignore_errors=True)


class OwnCorpus(Corpus):
    """A corpus of the user's own. Nothing is read until it is used.

    Args:
        name: its name.
        split_by: "lists" (the splits that came with its clips), "speaker" (no speaker in two splits) or "clip"; by default
            the first of these that its clips allow.

    Raises:
        CorpusError: the name or the rule is invalid.
    """

    def __init__(self, name: str, split_by: str | None = None) -> None:
        self.title = clean_name(name)
        self._split_by = check_rule(split_by)
        self._store = Store(self.path / "corpus.sqlite", self.path / "clips", self.title)
        self.description = Description(
            name=f"{OWN_PREFIX}{self.title}",
            title=self.title,
            holds="The clips that you recorded, uploaded or imported.",
            licence="Yours, or that of whoever made the clips.",
            citation="",
            homepage="",
            size="already on this computer",
            speakers="As given with each clip.",
            splits="The lists that came with its clips, if any; else by speaker if three or more are known; else clip by clip.",
        )

    @property
    def path(self) -> Path:
        """Its folder."""
        return workspace.root() / "own" / self.title

    @property
    def card(self) -> Card:
        """What its maker says about it.

        Raises:
            WorkspaceError: its file is damaged.
        """
        return card.load(self.path)

    def write_card(self, made: Card) -> None:
        """Store what its maker says about it; see `data.card.store`.

        Raises:
            CorpusError: the corpus is gone.
        """
        self.load()
        card.store(self.path, made)

    def adopt_card(self, found: Card) -> None:
        """Take over the card of an imported corpus, unless there is one."""
        if found and not self.card:
            self.write_card(found)

    def is_loaded(self) -> bool:
        return (self.path / "corpus.sqlite").is_file()

    def load(self, report: Report = no_progress) -> None:
        if not self.is_loaded():
            others = ", ".join(f"'{shown(name)}'" for name in listing()[:20])
            raise CorpusError(
                f"There is no corpus '{self.title}' of your own. "
                + (f"Yours are {others}." if others else "You have none yet; record or upload some clips first.")
            )

    @property
    def version(self) -> int:
        """A number that grows with every change, even if a deleted corpus is created again with the same name.

        Raises:
            CorpusError: the corpus is gone, or its database is damaged. So do all methods below.
            WorkspaceError: it cannot be read or written. So do all methods below.
        """
        self.load()
        return self._store.version()

    def snapshot(self) -> Snapshot:
        """Read its version, its clips and its last change at once."""
        self.load()
        return self._store.snapshot()

    def clips(self) -> tuple[OwnClip, ...]:
        """Read all clips but background noise, by label, then by the time they were added."""
        return self.snapshot().clips

    def noise(self) -> tuple[OwnClip, ...]:
        """Read the recordings of background noise, by the time they were added."""
        return self.snapshot().noise

    def clip(self, id: str) -> OwnClip:
        """Read one clip.

        Raises:
            CorpusError: there is none with this id, or it was removed.
        """
        self.load()
        found = self._store.clips("id = ?", (id,))
        if not found:
            raise CorpusError(f"The clip {shown(id)} is no longer in '{self.title}'; another tab may have removed it.")
        return found[0]

    def index(self, report: Report = no_progress) -> Index:
        self.load(report)
        return index_of(self.snapshot(), self.path / "clips", self.title, self._split_by, report)

    def add(self, clips: Sequence[NewClip], report: Report = no_progress) -> Change:
        """Add clips: all of them, or none if one fails.

        Raises:
            CorpusError: a label, speaker, ending, source, split or length is invalid.
            WorkspaceError: the disk is full, or a file cannot be read or written.
            Cancelled: `report` raised it.
        """
        self.load()
        rows = [row_of(clip) for clip in clips]
        if not rows:
            return NOTHING
        written: list[Path] = []
        try:
            with unfinished.announced(self.path, [f"{row['id']}{row['ending']}" for row in rows]):
                for number, (clip, row) in enumerate(zip(clips, rows, strict=True)):
                    if number % 50 == 0:
                        report(Progress("Adding clips", number, len(rows)))
                    # the database does not name the file yet, so it needs no temporary name
                    written.append(self.path / "clips" / f"{row['id']}{row['ending']}")
                    row["digest"] = write_clip(clip.content, written[-1], flush=len(rows) <= _FEW)
                if len(rows) > _FEW and hasattr(os, "sync"):
                    os.sync()
                report(Progress("Adding clips", len(rows), len(rows)))
                return self._store.add([tuple(row.values()) for row in rows])
        except BaseException as error:
            for path in written:
                with suppress(OSError):
                    path.unlink()
            if isinstance(error, OSError):
                raise WorkspaceError(
                    f"The clips could not be added to '{self.title}' ({error.strerror or error}). None was added; free some disk space or check the permissions, then try again."
                ) from error
            raise

    def relabel(self, ids: Sequence[str], label: str) -> Change:
        """Change the label of clips. Those that are gone are skipped.

        Raises:
            CorpusError: the label is invalid, or all of the clips are gone.
        """
        label = clean_label(label)
        return self._set("label", label, lambda clips: f"{clips} labelled '{label}'", ids)

    def set_speaker(self, ids: Sequence[str], speaker: str | None) -> Change:
        """Change the speaker of clips; None if unknown.

        Raises:
            CorpusError: the speaker is invalid, or all of the clips are gone.
        """
        speaker = clean_speaker(speaker)
        by = f"'{speaker}'" if speaker else "unknown"
        return self._set("speaker", speaker, lambda clips: f"Speaker of {clips} set to {by}", ids)

    def remove(self, ids: Sequence[str]) -> Change:
        """Remove clips. Their files stay until `purge`: the removal can be undone.

        Raises:
            CorpusError: all of the clips are gone.
        """
        return self._set("removed", 1, lambda clips: f"{clips} deleted", ids)

    def trim(self, id: str, left: NewClip, start: float, end: float) -> Change:
        """Let a clip be the stretch of its recording from `start` to `end` [s]. The whole stays, see `untrim`.

        Args:
            left: the stretch as a clip of its own.

        Raises:
            CorpusError: the clip is gone.
            WorkspaceError: the disk is full, or the file cannot be written.
        """
        row = row_of(left)
        path = self.path / "clips" / f"{id}-{secrets.token_hex(4)}{left.ending}"
        try:
            with unfinished.announced(self.path, [path.name]):
                digest = write_clip(left.content, path, flush=True)
                trim = Trim(path.name, start, end, left.seconds, digest, left.sound, json.loads(str(row["measures"])))
                seconds = f"trimmed to {left.seconds:.2f} s"
                return self._set("trim", json.dumps(asdict(trim)), lambda clips: f"{clips} {seconds}", [id])
        except BaseException as error:
            with suppress(OSError):
                path.unlink()
            if isinstance(error, OSError):
                raise WorkspaceError(
                    f"The trimmed clip could not be written ({error.strerror or error}). Nothing was changed; free some disk space or check the permissions, then try again."
                ) from error
            raise

    def untrim(self, ids: Sequence[str]) -> Change:
        """Let trimmed clips be their whole recordings again.

        Raises:
            CorpusError: all of the clips are gone.
        """
        return self._set("trim", None, lambda clips: f"{clips} as long as recorded again", ids)

    def keep(self, ids: Sequence[str]) -> Change:
        """Note that the user has listened to clips and keeps them.

        Raises:
            CorpusError: all of the clips are gone.
        """
        return self._set("kept", 1, lambda clips: f"{clips} kept", ids)

    def rename_word(self, old: str, new: str) -> Change:
        """Change the label of all clips of a word; if another word has the new label, the two are merged.

        Raises:
            CorpusError: the new label is invalid, or no clip has the old one.
        """
        self.load()
        new = clean_label(new)
        what = "merged into" if self._store.clips("label = ?", (new,)) else "renamed to"
        change = self._store.put("label", new, lambda clips: f"'{old}' {what} '{new}' ({clips})", "label = ?", (old,))
        if change is None:
            raise CorpusError(f"No clip of '{self.title}' has the label '{shown(old)}' any more. Nothing was renamed.")
        return change

    def last_change(self) -> Change | None:
        """Return the newest change that is neither undone nor an undo; None if there is none."""
        self.load()
        return self._store.last_change()

    def undo(self, number: int | None = None) -> Change:
        """Undo a change, by default the last. Values changed again since then stay.

        Raises:
            CorpusError: there is no such change, or it is already undone.
        """
        self.load()
        return self._store.undo(number)

    def purge(self) -> int:
        """Delete the files of removed clips and the history of changes; return the number of files."""
        self.load()
        before = self._store.files()
        self._store.purge()
        named = self._store.files()
        removed = 0
        with suppress(OSError):
            for entry in list(os.scandir(self.path / "clips")):
                left_over = entry.name in before or entry.stat().st_mtime < time.time() - _ORPHAN
                if entry.name not in named and left_over:
                    os.unlink(entry.path)
                    removed += 1
        return removed

    def recover(self) -> int:
        """Remove files that a killed process was adding; return their number."""
        self.load()
        return unfinished.abandoned(self.path, self._store.files)

    def _set(self, field: Field, value: object, text_of: Callable[[str], str], ids: Sequence[str]) -> Change:
        self.load()
        if not ids:
            return NOTHING
        # one parameter for all ids: SQLite bounds their number
        where, values = "id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        change = self._store.put(field, value, text_of, where, values)
        if change is None:
            raise CorpusError(
                f"None of the {plural(len(ids), 'clip')} is in '{self.title}' any more; another tab may have removed them. Nothing was changed."
            )
        return change
