"""Archives are unpacked without trusting their names, lengths or links."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from data.corpus import Progress, Report, quiet
from data.errors import CorpusError, WorkspaceError

_MOST_FILES = 500_000
_CHUNK = 1 << 20


def unpack(archive: Path, folder: Path, *, most_bytes: int, report: Report = quiet) -> None:
    """Unpack a zip or tar archive into `folder`, which must not be there yet and appears only when all is done.

    Only plain files are taken. One top folder that holds all the rest is left away.

    Args:
        most_bytes: unpacked, all files together.

    Raises:
        CorpusError: it is damaged, no archive, too large, or names a file outside of itself.
        WorkspaceError: the disk is full or cannot be written to.
        Cancelled: `report` raised it; nothing is left.
    """
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        left = most_bytes
        for number, (name, source) in enumerate(_members(archive)):
            if number >= _MOST_FILES:
                raise CorpusError(f"{archive.name} holds more than {_MOST_FILES:,} files; a corpus has fewer.")
            path = temporary / _safe(name, archive)
            path.parent.mkdir(parents=True, exist_ok=True)
            with source, path.open("xb") as target:
                while piece := source.read(_CHUNK):
                    left -= len(piece)
                    if left < 0:
                        raise CorpusError(
                            f"{archive.name} unpacks to more than {most_bytes / 1e9:.1f} GB; that is not the corpus."
                        )
                    target.write(piece)
            if number % 200 == 0:
                report(Progress("Unpacking", number, None, "files"))
        top = [path for path in temporary.iterdir() if path.name != "__MACOSX"]
        # "./left/clip.wav" and "corpus/left/clip.wav" both end as "left/clip.wav"
        source_folder = top[0] if len(top) == 1 and top[0].is_dir() else temporary
        source_folder.rename(folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError, RuntimeError) as error:
        raise CorpusError(f"{archive.name} is damaged ({error}). Load it again.") from error
    except FileExistsError as error:
        raise CorpusError(f"{archive.name} holds two files of one name ({error.filename}).") from error
    except OSError as error:
        if error.errno is None:  # gzip and zlib report damage this way
            raise CorpusError(f"{archive.name} is damaged ({error}). Load it again.") from error
        raise WorkspaceError(
            f"{archive.name} could not be unpacked ({error.strerror}). Free some disk space and load again."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of each plain file; links and devices are passed over."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
                if not info.is_dir() and not is_link and not info.filename.startswith("__MACOSX/"):
                    yield info.filename, packed.open(info)
        return
    import zlib

    try:
        with tarfile.open(archive) as packed_tar:
            for member in packed_tar:
                content = packed_tar.extractfile(member) if member.isreg() else None
                if content is not None:
                    yield member.name, content
            while packed_tar.fileobj and packed_tar.fileobj.read(_CHUNK):  # gzip checks its sum at the very end
                pass
    except zlib.error as error:
        raise CorpusError(f"{archive.name} is damaged ({error}). Load it again.") from error


def _safe(name: str, archive: Path) -> PurePosixPath:
    """The name as a path that stays inside.

    Raises:
        CorpusError: it does not.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part != "."]
    outside = path.is_absolute() or ".." in parts or PureWindowsPath(name).drive or "\0" in name
    if outside or not parts or len(parts) > 8 or any(len(os.fsencode(part)) > 250 for part in parts):
        raise CorpusError(
            f"{archive.name} names a file '{name[:80]}', which does not stay inside of it. It was not unpacked."
        )
    return PurePosixPath(*parts)
