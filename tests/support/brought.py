"""What is brought to a corpus, for the tests: archives, folders, and what came of them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from data.own.layouts import ImportBatch

Bring = Callable[[Path], ImportBatch]
"""Delivers a folder in one of the ways in which it may come."""


def packed_tar(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    """A tar file of these members."""
    with tarfile.open(path, mode) as packed:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return path


def packed_zip(path: Path, members: dict[str, bytes]) -> Path:
    """A zip file of these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def told(batch: ImportBatch) -> dict[str, tuple[str | None, str | None, str | None]]:
    """Label, speaker and split of each clip, by its original name."""
    return {one.original: (one.label, one.speaker, one.split) for one in batch.clips}


def refusals(batch: ImportBatch) -> dict[str, str]:
    """Why each file was refused."""
    return {str(one.path): one.reason for one in batch.refused}


def put(folder: Path, *names: str, content: bytes = b"RIFF") -> Path:
    """Files in a folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def packed_folder(folder: Path, kind: str = "zip") -> Path:
    """The folder as an archive beside it."""
    members = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    path = folder.parent / f"packed.{kind}"
    return packed_zip(path, members) if kind == "zip" else packed_tar(path, members, "w:" + kind.partition(".")[2])
