"""What is in a folder of audio files: length and content of each, read in parallel and remembered."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import soundfile

from data import workspace
from data.corpus import Progress, Report, no_progress
from data.errors import WorkspaceError

ENDINGS = (".wav", ".flac", ".ogg", ".mp3")
MAX_SECONDS = 30.0
_MAX_BYTES = 64_000_000  # 30 s at 192 kHz, 32 bit, two channels, with room to spare
_CHUNK = 200  # files between two words of progress
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Sound:
    """A file as it was found.

    Attributes:
        path: relative to the folder, with forward slashes.
        seconds: its length; 0 where it cannot be used.
        digest: BLAKE2b of its content.
        problem: why it cannot be used, one sentence, else "".
    """

    path: str
    seconds: float
    digest: str
    problem: str


def audio_files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Audio files directly in `folder` and one level below, sorted, with what the file system says of them.

    Hidden ones, links, and the `__MACOSX` of zip files are passed over.
    """
    for entry in entries(folder):
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__MACOSX":
                for inner in entries(Path(entry.path)):
                    if _is_clip(inner):
                        yield f"{entry.name}/{inner.name}", inner.stat(follow_symlinks=False)
        elif _is_clip(entry):
            yield entry.name, entry.stat(follow_symlinks=False)


def scan(folder: Path, files: Sequence[tuple[str, os.stat_result]], report: Report = no_progress) -> list[Sound]:
    """Read the header and the digest of each file, those that have not changed since the last scan from memory.

    A file counts as unchanged while its size and time of change are the same.

    Raises:
        Cancelled: `report` raised it.
    """
    memory = _Memory(folder)
    found: list[Sound | None] = [memory.get(path, status) for path, status in files]
    missing = [position for position, sound in enumerate(found) if sound is None]
    done = len(files) - len(missing)
    report(Progress("Reading clips", done, len(files)))
    if missing:
        parts = [missing[first : first + _CHUNK] for first in range(0, len(missing), _CHUNK)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            try:
                for part, sounds in zip(
                    parts,
                    pool.map(lambda part: [_look(folder, *files[position]) for position in part], parts),
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
    if missing or memory.size != len(files):
        memory.write(sounds, files)
    return sounds


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, sorted by name, hidden things left out; nothing where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError:
        return []


def is_audio(name: str) -> bool:
    """Whether a file's name ends as an audio file's."""
    return name.lower().endswith(ENDINGS)


def _is_clip(entry: os.DirEntry[str]) -> bool:
    return is_audio(entry.name) and entry.is_file(follow_symlinks=False)


def _look(folder: Path, path: str, status: os.stat_result) -> Sound:
    def unusable(problem: str) -> Sound:
        return Sound(path, 0.0, "", problem)

    if status.st_size == 0:
        return unusable("It is empty: it holds no bytes.")
    if status.st_size > _MAX_BYTES:
        return unusable(
            f"It holds {status.st_size / 1e6:,.0f} MB; a clip of up to {MAX_SECONDS:g} s is smaller. Cut the part that matters out of it."
        )
    try:
        content = (folder / path).read_bytes()
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            frames, rate = file.frames, file.samplerate
    except soundfile.LibsndfileError as error:
        return unusable(f"It cannot be read as audio ({error.error_string.rstrip('. ')}).")
    except OSError as error:
        return unusable(f"It cannot be opened ({error.strerror or error}).")
    if frames <= 0 or rate <= 0:
        return unusable("It holds no sound: its length is zero.")
    if frames > MAX_SECONDS * rate:
        return unusable(
            f"It lasts {frames / rate:,.0f} s; a clip may last up to {MAX_SECONDS:g} s. Cut the part that matters out of it."
        )
    return Sound(path, frames / rate, hashlib.blake2b(content, digest_size=16).hexdigest(), "")


class _Memory:
    """What the last scan of a folder found; a damaged file is as good as none."""

    def __init__(self, folder: Path) -> None:
        name = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=8).hexdigest()
        self._path = workspace.root() / "indexes" / f"{name}.json"
        self._rows: dict[str, list[object]] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, KeyError):
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if kept["version"] == _VERSION:
                self._rows = kept["files"]
        if not isinstance(self._rows, dict):
            self._rows = {}

    @property
    def size(self) -> int:
        return len(self._rows)

    def get(self, path: str, status: os.stat_result) -> Sound | None:
        try:
            size, changed, seconds, digest, problem = self._rows[path]
            if (size, changed) == (status.st_size, status.st_mtime_ns):
                return Sound(path, float(seconds), str(digest), str(problem))  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError):
            pass
        return None

    def write(self, sounds: Sequence[Sound], files: Sequence[tuple[str, os.stat_result]]) -> None:
        rows = {
            sound.path: [status.st_size, status.st_mtime_ns, sound.seconds, sound.digest, sound.problem]
            for sound, (_, status) in zip(sounds, files, strict=True)
        }
        with contextlib.suppress(WorkspaceError, UnicodeError):  # without it the next scan only takes longer
            workspace.folder("indexes")
            content = json.dumps({"version": _VERSION, "files": rows}, ensure_ascii=False)
            workspace.write_atomically(self._path, content.encode("utf-8"))
