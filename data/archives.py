"""Unpack archives without trusting their names, sizes or links."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, cast

from data import workspace
from data.corpus import Progress, Report, no_progress
from data.errors import CorpusError, WorkspaceError
from data.names import is_device, same_on_every_system, shown

_MOST_FILES = 500_000
_CHUNK = 1 << 20
_LARGEST_HEADER = 1 << 24  # bytes; a tar file may claim any size for one, and it is read at once
_HARMLESS = 200_000_000  # bytes that any archive may unpack to, whatever its ratio


def unpack(
    archive: Path,
    folder: Path,
    *,
    most_bytes: int,
    most_files: int = _MOST_FILES,
    most_ratio: float | None = None,
    keep_top: bool = False,
    name: str | None = None,
    report: Report = no_progress,
) -> None:
    """Unpack a zip or tar archive into the new folder `folder`, which appears only when it is complete.

    Only regular files are unpacked. A single top folder is removed.

    Args:
        most_bytes: upper bound of the unpacked size of all files.
        most_files: upper bound of their number.
        most_ratio: upper bound of the ratio of unpacked to packed size, for more than 200 MB.
        keep_top: keep a single top folder.
        name: its name in messages, by default that of its file.

    Raises:
        CorpusError: it is damaged, not an archive, locked or too large, or a member's name leads outside, is invalid on
            some system, or appears twice.
        WorkspaceError: the disk is full or cannot be written to.
        Cancelled: `report` raised it; nothing remains.
    """
    called = name or archive.name
    with workspace.replacing(folder, must_be_new=True) as new, _explained(called):
        new.mkdir()
        if most_ratio is not None:
            most_bytes = min(most_bytes, max(_HARMLESS, int(most_ratio * archive.stat().st_size)))
        left = most_bytes
        names: set[str] = set()
        for number, (member, source) in enumerate(_members(archive, called, most_bytes, most_files)):
            if number >= most_files:
                raise _too_many(called, most_files)
            relative = _safe(member, called)
            path = new / relative
            if (same := same_on_every_system(str(relative))) in names:
                raise CorpusError(
                    f"{called} holds two files of one name ({shown(str(relative))}). It was not unpacked."
                )
            names.add(same)
            path.parent.mkdir(parents=True, exist_ok=True)
            with source, path.open("xb") as target:
                while piece := source.read(_CHUNK):
                    left -= len(piece)
                    if left < 0:
                        raise CorpusError(
                            f"{called} unpacks to more than {most_bytes / 1e9:.1f} GB; what was expected is smaller."
                        )
                    target.write(piece)
            if number % 200 == 0:
                report(Progress("Unpacking", number, None, "files"))
        top = [path for path in new.iterdir() if path.name != "__MACOSX"]
        # "./left/clip.wav" and "corpus/left/clip.wav" both end as "left/clip.wav"
        if not keep_top and len(top) == 1 and top[0].is_dir():
            inner = new.with_name(f"{new.name}.top")
            top[0].rename(inner)
            shutil.rmtree(new)
            inner.rename(new)


@contextlib.contextmanager
def _explained(called: str) -> Iterator[None]:
    """Turn what reading an archive raises into errors for the user."""
    try:
        yield
    except RuntimeError as error:  # of zipfile: an unknown method or a lock
        raise CorpusError(
            f"{called} is packed in a way that cannot be read here ({error}). Pack it as a plain zip."
        ) from error
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        ValueError,
    ) as error:
        raise CorpusError(f"{called} is damaged ({error}). Load it again.") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise CorpusError(
            f"{called} holds two files of one name, one of them as a folder. It was not unpacked."
        ) from error
    except OSError as error:
        if error.errno is None:  # of gzip and bz2: damage
            raise CorpusError(f"{called} is damaged ({error}). Load it again.") from error
        raise WorkspaceError(
            f"{called} could not be unpacked ({error.strerror}). Free some disk space and load again."
        ) from error


def _too_many(called: str, most_files: int) -> CorpusError:
    return CorpusError(f"{called} holds more than {most_files:,} files; a corpus has fewer.")


def _members(archive: Path, called: str, most_bytes: int, most_files: int) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield name and content of each regular file; links and devices are skipped."""
    if zipfile.is_zipfile(archive):
        with archive.open("rb") as file, _opened_zip(file, called, most_files) as packed:
            for info in packed.infolist():
                if info.flag_bits & 1:
                    raise CorpusError(f"{called} is locked with a password. Pack it again without one.")
                is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
                if not info.is_dir() and not is_link and not info.filename.startswith("__MACOSX/"):
                    yield info.filename, packed.open(info)
        return
    most_bytes += 4096 * most_files  # what a tar file adds to each
    with (
        _decompressed(archive) as plain,
        tarfile.open(fileobj=cast(IO[bytes], _Bounded(plain, called, most_bytes)), mode="r:") as packed_tar,
    ):
        for member in packed_tar:
            content = packed_tar.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, content
        while packed_tar.fileobj and packed_tar.fileobj.read(_CHUNK):  # gzip checks its sum at the end
            pass


def _opened_zip(file: IO[bytes], called: str, most_files: int) -> zipfile.ZipFile:
    """Open a zip archive; zipfile makes half a kilobyte of each entry of its directory, so they are counted first.

    Raises:
        CorpusError: it has more than `most_files` files.
    """
    counted = _CountedDirectory(file, called, most_files)
    packed = zipfile.ZipFile(cast(IO[bytes], counted))
    packed.fp = file
    return packed


class _CountedDirectory:
    """A zip file whose directory zipfile is about to read, in one piece."""

    def __init__(self, file: IO[bytes], called: str, most_files: int) -> None:
        self.seek, self.tell, self.seekable, self.close = file.seek, file.tell, file.seekable, file.close
        self._read, self._called, self._most = file.read, called, most_files

    def read(self, size: int = -1) -> bytes:
        content = self._read(size)
        if content.count(b"PK\1\2") > self._most:  # each entry begins so
            raise _too_many(self._called, self._most)
        return content


def _decompressed(archive: Path) -> IO[bytes]:
    """Open the tar file in an archive that may be compressed."""
    with archive.open("rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(archive))
    if start.startswith(b"BZh"):
        return cast(IO[bytes], bz2.open(archive))
    if start.startswith(b"\xfd7zXZ"):
        return cast(IO[bytes], lzma.open(archive))
    return archive.open("rb")


class _Bounded:
    """A tar file that is read up to a bound; what lies between its members counts too."""

    def __init__(self, plain: IO[bytes], called: str, most_bytes: int) -> None:
        self._plain, self._called, self._most = plain, called, most_bytes

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _LARGEST_HEADER:
            raise tarfile.ReadError("it claims a header of more than 16 MB")
        self._check(self.tell() + size)
        return self._plain.read(size)

    def seek(self, position: int) -> int:
        self._check(position)
        return self._plain.seek(position)

    def tell(self) -> int:
        return self._plain.tell()

    def _check(self, position: int) -> None:
        if position > self._most + _LARGEST_HEADER:
            raise CorpusError(
                f"{self._called} unpacks to more than {self._most / 1e9:.1f} GB; what was expected is smaller."
            )


def _safe(name: str, called: str) -> PurePosixPath:
    """Return a name as a path that stays inside the archive and that every system can store.

    Raises:
        CorpusError: there is no such path.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part != "."]
    leads_outside = path.is_absolute() or ".." in parts or PureWindowsPath(name).drive or "\0" in name
    if leads_outside or not parts or len(parts) > 8 or any(len(os.fsencode(part)) > 250 for part in parts):
        raise CorpusError(
            f"{called} names a file '{shown(name)}', which leads outside the archive or is too long or too deep. It was not unpacked."
        )
    if device := next((part for part in parts if is_device(part)), None):
        raise CorpusError(
            f"{called} names a file '{shown(name)}', and '{shown(device)}' is a device on Windows. Rename it and pack it again."
        )
    return PurePosixPath(*parts)
