"""Import folders, archives, lists and files: collect the clips in them before anything is decoded.

Names, lists and archives are not trusted. A label comes from a list that names the file, else from the folder of the
file, else from the user.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from data import workspace
from data.archives import unpack
from data.audio_formats import is_audio
from data.card import Card
from data.corpus import BACKGROUND_NOISE, Report, Skipped, no_progress
from data.errors import CorpusError, WorkspaceError
from data.names import clean_label, clean_speaker, shown
from data.own import clip_lists
from data.own.layouts import Entry, ImportBatch, by_lists, is_hidden, sort_out

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")

_MOST_BYTES = 4_000_000_000  # unpacked
_MOST_FILES = 200_000
_MOST_RATIO = 100.0  # of unpacked to packed sound; only silence packs better, and never 200 MB of it
_OLD = 24 * 3600.0  # seconds after which a staging folder is a leftover
_DEEPEST = 16  # nested folders


def new_staging() -> Path:
    """Create an empty folder in the workspace for an import; the caller removes it.

    Leftovers of closed pages are removed after a day.

    Raises:
        WorkspaceError: it cannot be created.
    """
    incoming = workspace.folder("incoming")
    for old in incoming.iterdir():
        with contextlib.suppress(OSError):
            if old.stat().st_mtime < time.time() - _OLD:
                shutil.rmtree(old)
    return workspace.folder("incoming", secrets.token_hex(8))


@contextlib.contextmanager
def staging() -> Iterator[Path]:
    """Create a folder as `new_staging` does, and remove it afterwards.

    Raises:
        WorkspaceError: it cannot be created.
    """
    path = new_staging()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def stage(folder: Path, name: str, content: bytes | memoryview) -> Path:
    """Write an uploaded file into a staging folder.

    It is not flushed to the disk: after a power failure it is uploaded again anyway, and flushing 500 clips takes
    seconds.

    Args:
        name: the name of the file in the folder.

    Raises:
        WorkspaceError: it cannot be written.
    """
    path = folder / name
    try:
        path.write_bytes(content)
    except OSError as error:
        raise WorkspaceError(
            f"The upload could not be stored ({error.strerror or error}). Free some disk space, then upload it again."
        ) from error
    return path


def collect(
    things: Path | Sequence[Entry],
    staging: Path,
    *,
    label: str | None = None,
    speaker: str | None = None,
    speaker_pattern: str | None = None,
    report: Report = no_progress,
) -> ImportBatch:
    """Collect the clips in a folder, an archive, a list with its files, single files, or several of these.

    Args:
        things: a path on this computer, or uploaded files with their names.
        staging: a folder to unpack archives into, see `staging`.
        label: for files without a label; for uploaded files that no list names, also instead of the folder's name.
        speaker: for files without a speaker.
        speaker_pattern: see `FolderCorpus`.

    Raises:
        CorpusError: the path does not exist; an archive or a list cannot be read; label, speaker or pattern is
            invalid.
        WorkspaceError: an archive cannot be unpacked.
        Cancelled: `report` raised it.
    """
    label = clean_label(label) if label is not None else None
    speaker = clean_speaker(speaker)
    if isinstance(things, Path):
        if os.path.isdir(things):  # unlike `is_dir`, no error if a name is too long
            return _filled([from_folder(things, speaker_pattern)], label, speaker)
        if not os.path.isfile(things):
            raise CorpusError(
                f"There is no folder and no file {things}. Give a folder, a zip or tar archive, a list or an audio file."
            )
        if things.name.lower().endswith(clip_lists.ENDINGS):
            return _filled([from_list(things, things.parent)], label, speaker)
        things = [(things.name, things)]
    # an archive in an uploaded folder is not unpacked, nor is one in an archive
    archives = [(name, path) for name, path in things if name.lower().endswith(ARCHIVES) and "/" not in name]
    files = [thing for thing in things if thing not in archives]
    parts = [from_archive(path, staging, speaker_pattern, name, report) for name, path in archives]
    if files:
        parts.append(from_files(files, label, speaker, speaker_pattern))
    return _filled(parts, label, speaker)


def _filled(parts: Sequence[ImportBatch], label: str | None, speaker: str | None) -> ImportBatch:
    """Join parts, and fill in missing labels and speakers. Background noise has no speaker."""
    clips = [
        replace(
            clip,
            label=clip.label or label,
            speaker=clip.speaker or (None if (clip.label or label) == BACKGROUND_NOISE else speaker),
        )
        for part in parts
        for clip in part.clips
    ]
    card = next((part.card for part in parts if part.card), Card())
    return ImportBatch(tuple(clips), tuple(one for part in parts for one in part.refused), card)


def from_folder(folder: Path, speaker_pattern: str | None = None) -> ImportBatch:
    """Collect a folder on this computer: label/clip.wav, perhaps in one top folder, or files and a list.

    Raises:
        CorpusError: it does not exist, holds too many files, or has a list that cannot be read.
    """
    if not folder.is_dir():
        raise CorpusError(f"There is no folder {folder}. Check the path; a folder of label/clip.wav is expected.")
    entries, refused = _walk(folder, follow_links=True)
    return sort_out(entries, refused, None, None, speaker_pattern)


def from_archive(
    archive: Path,
    staging: Path,
    speaker_pattern: str | None = None,
    name: str | None = None,
    report: Report = no_progress,
) -> ImportBatch:
    """Collect a zip or tar archive, which is unpacked into `staging`, as `from_folder` does.

    Args:
        name: its name in messages, by default that of its file.

    Raises:
        CorpusError: it is damaged, locked or too large, holds unsafe names, or has a list that cannot be read.
        WorkspaceError: the disk is full.
        Cancelled: `report` raised it; nothing remains.
    """
    entries, refused = _walk(_unpack(archive, staging, name, report), follow_links=False)
    return sort_out(entries, refused, None, None, speaker_pattern)


def unpack_files(archive: Path, staging: Path, name: str | None = None, report: Report = no_progress) -> list[Entry]:
    """Unpack a zip or tar archive into `staging` and list its files, as if each had been uploaded by itself.

    Args:
        name: its name in messages, by default that of its file.

    Raises:
        CorpusError, WorkspaceError, Cancelled: as `from_archive`.
    """
    entries, _ = _walk(_unpack(archive, staging, name, report), follow_links=False)
    return entries


def _unpack(archive: Path, staging: Path, name: str | None, report: Report) -> Path:
    folder = staging / secrets.token_hex(8)
    unpack(
        archive, folder, most_bytes=_MOST_BYTES, most_files=_MOST_FILES, most_ratio=_MOST_RATIO, keep_top=True,
        name=shown(name or archive.name), report=report,
    )  # fmt: skip
    return folder


def from_list(table: Path, files: Mapping[str, Path] | Path, name: str | None = None) -> ImportBatch:
    """Collect the files that a list names.

    Args:
        table: CSV (comma, semicolon or tab) or JSON with file and label of each clip, perhaps speaker and split.
        files: the folder that names are relative to, or the files by their name.
        name: the name of the list in messages, by default that of its file.

    Raises:
        CorpusError: the list cannot be read, see `clip_lists.read_list`, or the folder holds too many files.
    """
    entries, refused = _walk(files, follow_links=True) if isinstance(files, Path) else (list(files.items()), [])
    entries = [(one, path) for one, path in entries if path != table]
    return by_lists([(name or table.name, table)], [one for one in entries if is_audio(one[0])], refused)


def from_files(
    files: Sequence[Entry], label: str | None = None, speaker: str | None = None, speaker_pattern: str | None = None
) -> ImportBatch:
    """Collect files by their names; "left/a.wav", of a folder, gives the label unless one is given.

    Raises:
        CorpusError: label, speaker or pattern is invalid, or a list among the files cannot be read.
    """
    label = clean_label(label) if label is not None else None
    return sort_out([(name, path) for name, path in files], [], label, clean_speaker(speaker), speaker_pattern)


def _walk(folder: Path, *, follow_links: bool) -> tuple[list[Entry], list[Skipped]]:
    """List all files in a folder, sorted by name, and what is refused; hidden ones are left out.

    Args:
        follow_links: whether to follow symbolic links, which are safe in a folder that the user named.

    Raises:
        CorpusError: it holds too many files.
    """
    found: list[Entry] = []
    refused: list[Skipped] = []
    waiting: list[tuple[str, Path, tuple[str, ...]]] = [("", folder, (os.path.realpath(folder),))]
    while waiting:
        prefix, path, around = waiting.pop()
        for entry in _entries(path):
            name = f"{prefix}{entry.name}"
            if is_hidden(name):
                continue
            if entry.is_symlink() and (problem := _link_problem(entry, around, follow_links)):
                refused.append(Skipped(Path(name), problem))
            elif entry.is_dir():
                if len(around) > _DEEPEST:
                    refused.append(Skipped(Path(name), f"It is more than {_DEEPEST} folders deep. Move it up."))
                else:
                    waiting.append((f"{name}/", Path(entry.path), (*around, os.path.realpath(entry.path))))
            elif entry.is_file():
                found.append((name, Path(entry.path)))
        if len(found) > _MOST_FILES:
            raise CorpusError(
                f"{folder} holds more than {_MOST_FILES:,} files. Choose the folder with the clips, or add it in parts."
            )
    return sorted(found), sorted(refused, key=lambda one: one.path)


def _link_problem(entry: os.DirEntry[str], around: Sequence[str], follow: bool) -> str:
    """Say why a symbolic link is not followed; "" if it is."""
    if not follow:
        return "It is a symbolic link. Links in archives are not followed; pack the file itself."
    if not os.path.exists(entry.path):
        return "It is a symbolic link to a file that does not exist."
    if os.path.realpath(entry.path) in around:
        return "It is a symbolic link to a folder around it."
    return ""


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []
