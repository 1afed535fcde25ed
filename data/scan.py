"""Scan a folder of audio files for their length and content, in parallel; results for unchanged files are cached."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from data import stored, workspace
from data.audio_formats import is_audio
from data.audio_source import AudioSource
from data.corpus import Progress, Report, no_progress
from data.errors import AudioError, WorkspaceError
from data.sound_digest import file_sound_digest
from data.sound_file import open_sound

MAX_SECONDS = 30.0
_MAX_BYTES = 64_000_000  # 30 s at 192 kHz, 32 bit, two channels, with room to spare
_CHUNK = 200  # files between two reports of progress
_VERSION = 3  # of the cache

Fault = Literal["empty", "too_large", "not_audio", "not_opened", "too_long"]


@dataclass(frozen=True, slots=True)
class Sound:
    """The result for one file.

    Attributes:
        path: relative to the folder, with forward slashes.
        seconds: its length [s]; 0 if it cannot be used.
        digest: BLAKE2b of its content.
        sound: its `sound_digest`; "" if it is silent or cannot be decoded.
        fault: why it cannot be used, else None.
        problem: the fault in one sentence, else "".
    """

    path: str
    seconds: float = 0.0
    digest: str = ""
    sound: str = ""
    fault: Fault | None = None
    problem: str = ""


def audio_files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the audio files in `folder` and one level below, sorted, with their file status.

    Links to files and to folders of words are followed: in a folder that the user names they are intended, and archives
    are unpacked without them. Hidden files, devices, and the `__MACOSX` of zip files are skipped.
    """
    for entry in entries(folder):
        if is_word_folder(entry, folder):
            for inner in entries(Path(entry.path)):
                if status := _clip_status(inner):
                    yield f"{entry.name}/{inner.name}", status
        elif status := _clip_status(entry):
            yield entry.name, status


def scan(
    folder: Path,
    files: Sequence[tuple[str, os.stat_result]],
    report: Report = no_progress,
    *,
    any_length: bool = False,
) -> list[Sound]:
    """Find length and digests of each file; those unchanged since the last scan come from the cache.

    A file counts as unchanged while its size and modification time are the same.

    Args:
        any_length: take recordings that are too long for a clip, too; those have no `sound` digest.

    Raises:
        Cancelled: `report` raised it.
    """
    cache = _Cache(folder, "-any-length" if any_length else "")
    look = _look_at_recording if any_length else _look
    found: list[Sound | None] = [cache.get(path, status) for path, status in files]
    missing = [position for position, sound in enumerate(found) if sound is None]
    done = len(files) - len(missing)
    report(Progress("Reading clips", done, len(files)))
    if missing:
        parts = [missing[first : first + _CHUNK] for first in range(0, len(missing), _CHUNK)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            try:
                for part, sounds in zip(
                    parts,
                    pool.map(lambda part: [look(folder, *files[position]) for position in part], parts),
                    strict=True,
                ):
                    for position, sound in zip(part, sounds, strict=True):
                        found[position] = sound
                    done += len(part)
                    report(Progress("Reading clips", done, len(files)))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    sounds = [sound for sound in found if sound is not None]
    if missing or cache.size != len(files):
        cache.write(sounds, files)
    return sounds


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder, sorted by name, without hidden ones; none if it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError:
        return []


def leads_to_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, or a link to one; not a device, a pipe, or a circular link."""
    try:
        return entry.is_file()
    except OSError:
        return False


def is_word_folder(entry: os.DirEntry[str], folder: Path) -> bool:
    """Whether an entry of `folder` is a folder, or a link to one that does not hold `folder` itself."""
    try:
        if entry.name == "__MACOSX" or not entry.is_dir():
            return False
        return not entry.is_symlink() or not folder.resolve().is_relative_to(Path(entry.path).resolve())
    except OSError:
        return False


def _clip_status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """The status of an audio file, or of the one that a link leads to; None for anything else."""
    try:
        return entry.stat() if is_audio(entry.name) and leads_to_file(entry) else None
    except OSError:  # deleted, or a circular link
        return None


def _look(folder: Path, path: str, status: os.stat_result) -> Sound:
    def unusable(fault: Fault, problem: str) -> Sound:
        return Sound(path, fault=fault, problem=problem)

    if status.st_size == 0:
        return unusable("empty", "It is empty: it holds no bytes.")
    if status.st_size > _MAX_BYTES:
        return unusable(
            "too_large",
            f"It holds {status.st_size / 1e6:,.0f} MB; a clip of up to {MAX_SECONDS:g} s is smaller. Cut the part that matters out of it.",
        )
    source = AudioSource(folder / path, "It")
    try:
        with open_sound(source) as file:
            seconds = file.seconds
            file.check_is_long_enough("It")
            sound = file_sound_digest(file) if seconds <= MAX_SECONDS else ""
        digest = hashlib.blake2b((folder / path).read_bytes(), digest_size=16).hexdigest()
    except AudioError as error:
        return unusable("not_audio", str(error))
    except OSError as error:
        return unusable("not_opened", _not_opened(error))
    if seconds > MAX_SECONDS:
        return unusable(
            "too_long",
            f"It lasts {seconds:,.0f} s; a clip may last up to {MAX_SECONDS:g} s. Cut the part that matters out of it.",
        )
    return Sound(path, seconds, digest, sound)


def _look_at_recording(folder: Path, path: str, status: os.stat_result) -> Sound:
    """As `_look` for a recording of any length, which is never in memory as a whole."""
    if status.st_size <= _MAX_BYTES and (found := _look(folder, path, status)).fault != "too_long":
        return found
    try:
        with open_sound(AudioSource(folder / path, "It")) as sound:
            seconds = sound.seconds
        with (folder / path).open("rb") as content:
            digest = hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except AudioError as error:
        return Sound(path, fault="not_audio", problem=str(error))
    except OSError as error:
        return Sound(path, fault="not_opened", problem=_not_opened(error))
    return Sound(path, seconds, digest)


def _not_opened(error: OSError) -> str:
    return f"It cannot be opened ({error.strerror or error})."


class _Cache:
    """The results of the last scan of a folder; a damaged file counts as empty.

    Args:
        folder: what was scanned.
        kind: of the scan, as a part of the file's name.
    """

    def __init__(self, folder: Path, kind: str = "") -> None:
        name = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=8).hexdigest()
        self._path = workspace.root() / "indexes" / f"{name}{kind}.json"
        self._rows: dict[str, list[Any]] = {}
        with contextlib.suppress(OSError, WorkspaceError, TypeError, KeyError):
            content = stored.read_json(self._path)
            if content["version"] == _VERSION:
                self._rows = content["files"]
        if not isinstance(self._rows, dict):
            self._rows = {}

    @property
    def size(self) -> int:
        return len(self._rows)

    def get(self, path: str, status: os.stat_result) -> Sound | None:
        try:
            size, changed, seconds, digest, sound, fault, problem = self._rows[path]
        except (KeyError, TypeError, ValueError):
            return None
        texts = isinstance(digest, str) and isinstance(sound, str) and isinstance(problem, str)
        if not (texts and isinstance(seconds, int | float) and fault in (None, *get_args(Fault))):
            return None
        if (size, changed) != (status.st_size, status.st_mtime_ns):
            return None
        return Sound(path, float(seconds), digest, sound, fault, problem)

    def write(self, sounds: Sequence[Sound], files: Sequence[tuple[str, os.stat_result]]) -> None:
        rows = {
            sound.path: [
                status.st_size, status.st_mtime_ns, sound.seconds, sound.digest, sound.sound, sound.fault, sound.problem
            ]
            for sound, (_, status) in zip(sounds, files, strict=True)
        }  # fmt: skip
        with contextlib.suppress(WorkspaceError, UnicodeError):  # without it the next scan only takes longer
            workspace.folder("indexes")
            content = json.dumps({"version": _VERSION, "files": rows}, ensure_ascii=False)
            workspace.write_atomically(self._path, content.encode("utf-8"))
