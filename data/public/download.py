"""Download files: resume interrupted downloads, and verify size and checksum."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

import requests

from data import workspace
from data.corpus import Progress, Report, no_progress
from data.errors import DownloadError, WorkspaceError

_CHUNK = 1 << 18
_TIMEOUT = (10, 30)  # seconds to connect, and between two chunks
_TRIES = 4
_PAUSE = 0.5  # seconds before the second try; doubled for each further one


def download(
    url: str, path: Path, *, size: int | None = None, sha256: str | None = None, report: Report = no_progress
) -> None:
    """Download `url` to `path`, resuming an earlier try (`<path>.part`).

    Args:
        size: expected size [bytes].
        sha256: published checksum, hexadecimal.

    Raises:
        DownloadError: no connection, an answer without a file, or a file that differs from the published one.
        WorkspaceError: it does not fit on the disk, or cannot be written.
        Cancelled: `report` raised it; the next try resumes.
    """
    part = path.with_name(path.name + ".part")
    _check_space(path.parent, size, part)
    for attempt in range(1, _TRIES + 1):
        try:
            _fetch(url, part, size, report)
            break
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
            _CutOffError,
        ) as error:
            if attempt == _TRIES:
                stored = (
                    f" {part.stat().st_size / 1e6:.1f} MB are stored: load again to resume." if part.is_file() else ""
                )
                raise DownloadError(
                    f"{url} could not be downloaded ({_short_reason(error)}). Check the network.{stored}"
                ) from error
            time.sleep(_PAUSE * 2 ** (attempt - 1))
        except requests.RequestException as error:
            raise DownloadError(f"{url} could not be downloaded ({_short_reason(error)}).") from error
        except OSError as error:
            raise WorkspaceError(
                f"{part} could not be written ({error.strerror or error}). Free some disk space, then load again to resume."
            ) from error
    _check(part, url, size, sha256, report)
    try:
        workspace.move_file(part, path)
    except OSError as error:
        raise WorkspaceError(
            f"{path} could not be written ({error.strerror or error}). Load again to resume."
        ) from error


class _CutOffError(Exception):
    pass


def _fetch(url: str, part: Path, size: int | None, report: Report) -> None:
    have = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
        if answer.status_code == 416:  # nothing left: complete, or the file has changed
            total = answer.headers.get("Content-Range", "").rpartition("/")[2]
            if total == str(have):
                return
            part.unlink()
            raise _CutOffError("the file has changed")
        if answer.status_code not in (200, 206):
            raise DownloadError(
                f"{url} answered with status {answer.status_code}, not with a file. It may have moved; try again later."
            )
        resumed = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        have = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total_bytes = have + int(length) if length and length.isdigit() else size
        with part.open("ab" if resumed else "wb") as file:
            for piece in answer.iter_content(_CHUNK):
                file.write(piece)
                have += len(piece)
                if size is not None and have > size:
                    break
                report(Progress("Downloading", have, total_bytes, "bytes"))
        if total_bytes is not None and have < total_bytes:
            raise _CutOffError(f"cut off after {have} of {total_bytes} bytes")


def _check(part: Path, url: str, size: int | None, sha256: str | None, report: Report) -> None:
    have = part.stat().st_size
    if size is not None and have != size:
        part.unlink()
        raise DownloadError(
            f"{url} gave {have} bytes instead of {size}; it is not the published file. It was removed; try again later."
        )
    if sha256 is None:
        return
    digest = hashlib.sha256()
    done = 0
    with part.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            done += len(piece)
            report(Progress("Checking the download", done, have, "bytes"))
    if digest.hexdigest() != sha256:
        part.unlink()
        raise DownloadError(f"{url} gave a file whose checksum is not the published one. It was removed; load again.")


def _check_space(folder: Path, size: int | None, part: Path) -> None:
    have = part.stat().st_size if part.is_file() else 0
    free = shutil.disk_usage(folder).free
    if size is not None and size - have > free:
        raise WorkspaceError(
            f"The download needs {(size - have) / 1e9:.1f} GB in {folder}, {free / 1e9:.1f} GB are free. Free some space, or move the workspace with ECHOIC_HOME."
        )


def _short_reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)[:200] or type(error).__name__
