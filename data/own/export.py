"""Export a corpus of the user's own as a zip file: one folder per word, and an index with all details."""

from __future__ import annotations

import json
import os
import zipfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from data import workspace
from data.corpus import Progress, Report, Skipped, no_progress
from data.errors import CorpusError
from data.folder import LISTS
from data.names import file_name, same_on_every_system
from data.own.clip_lists import FORMAT, OWN_LIST
from data.own.corpus import OwnCorpus
from data.own.records import OwnClip


def export(corpus: OwnCorpus, path: Path, report: Report = no_progress) -> tuple[Skipped, ...]:
    """Write a corpus to a zip file in the layout of Speech Commands, with everything about each clip in index.json.

    A label or speaker that cannot be a file name is percent-encoded or cut in the zip; index.json holds the text itself,
    and importing the zip restores the corpus.

    Args:
        path: the zip file; it is replaced atomically.

    Returns:
        the clips that are left out because their file is gone.

    Raises:
        CorpusError: the corpus is gone or damaged, or the path is one of a folder or of a file that is no zip.
        WorkspaceError: the disk is full, or the file cannot be written.
        Cancelled: `report` raised it; nothing remains.
    """
    if not path.name or os.path.isdir(path) or (os.path.exists(path) and not os.path.isfile(path)):
        raise CorpusError(f"No zip file can be written to '{path}'. Give a file name such as lights.zip.")
    if os.path.isfile(path) and path.stat().st_size and not zipfile.is_zipfile(path):
        raise CorpusError(f"{path} exists and is not a zip file. Give another name, or remove it.")
    now = corpus.snapshot()
    clips = (*now.clips, *now.noise)
    gone: list[Skipped] = []
    rows = []
    with workspace.replacing(path) as new:
        # audio hardly compresses further
        with zipfile.ZipFile(new, "w", zipfile.ZIP_STORED, strict_timestamps=False) as packed:
            for number, (clip, name) in enumerate(zip(clips, _names(clips), strict=True)):
                if number % 50 == 0:
                    report(Progress("Packing clips", number, len(clips)))
                if not clip.path.is_file():
                    gone.append(Skipped(clip.path, "Its file is gone."))
                    continue
                packed.write(clip.path, name)
                rows.append(_row(clip, name))
            for list_name, split in LISTS.items():
                names = [str(row["file"]) for row in rows if row["split"] == split]
                if any(row["split"] for row in rows):
                    packed.writestr(list_name, "".join(f"{name}\n" for name in names))
            content = {
                "format": FORMAT,
                "version": 1,
                "name": corpus.title,
                "about": asdict(corpus.card),
                "clips": rows,
            }
            packed.writestr(OWN_LIST, json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False))
        report(Progress("Packing clips", len(clips), len(clips)))
    return tuple(gone)


def _names(clips: tuple[OwnClip, ...]) -> list[str]:
    """Name each clip in the zip, unique on every system: `left/ann_nohash_0.wav`."""
    taken: Counter[str] = Counter()
    names = []
    for clip in clips:
        folder = file_name(clip.label, reserved=(OWN_LIST, *LISTS))
        speaker = f"{file_name(clip.speaker)}_nohash" if clip.speaker else "clip"
        # folders that some system treats as one share their numbers
        key = same_on_every_system(folder)
        names.append(f"{folder}/{speaker}_{taken[key]}{clip.path.suffix}")
        taken[key] += 1
    return names


def _row(clip: OwnClip, name: str) -> dict[str, object]:
    return {
        "file": name,
        "label": clip.label,
        "speaker": clip.speaker,
        "source": clip.source,
        "added": clip.added,
        "original": clip.original,
        "seconds": clip.seconds,
        "sound": clip.sound,
        "measures": dict(clip.measures),
        "split": clip.split,
    }
