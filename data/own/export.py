"""A corpus of the user's own as one zip file: a folder of words that any program reads, and a list that says it all."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path

from data import workspace
from data.corpus import Progress, Report, Skipped, no_progress
from data.errors import CorpusError
from data.folder import LISTS
from data.names import file_name, same_on_every_system
from data.own.clip_lists import FORMAT, OWN_LIST
from data.own.corpus import OwnCorpus
from data.own.store import OwnClip


def export(corpus: OwnCorpus, path: Path, report: Report = no_progress) -> tuple[Skipped, ...]:
    """Write a corpus to a zip file in the layout of Speech Commands, with all that is known of each clip in index.json.

    Where a label or a speaker cannot name a file, the name in the zip is percent-encoded or cut; index.json holds the
    text itself, so that importing the zip gives the same corpus.

    Args:
        path: the zip file; it appears, or takes an older one's place, only when it is complete.

    Returns:
        the clips whose file is not there any more; they are not in it.

    Raises:
        CorpusError: the corpus is not there, or damaged, or the path cannot be that of a file.
        WorkspaceError: the disk is full, or the file cannot be written.
        Cancelled: `report` raised it; nothing is left.
    """
    if not path.name or path.is_dir() or (path.exists() and not path.is_file()):
        raise CorpusError(f"'{path}' is no file that a zip can be written to. Give its name, lights.zip say.")
    now = corpus.snapshot()
    clips = (*now.clips, *now.noise)
    gone: list[Skipped] = []
    rows = []
    with workspace.replacing(path) as new:
        # the clips are compressed already, or hardly can be
        with zipfile.ZipFile(new, "w", zipfile.ZIP_STORED, strict_timestamps=False) as packed:
            for number, (clip, name) in enumerate(zip(clips, _names(clips), strict=True)):
                if number % 50 == 0:
                    report(Progress("Packing clips", number, len(clips)))
                if not clip.path.is_file():
                    gone.append(Skipped(clip.path, "Its file is not there any more."))
                    continue
                packed.write(clip.path, name)
                rows.append(_row(clip, name))
            for list_name, split in LISTS.items():
                names = [str(row["file"]) for row in rows if row["split"] == split]
                if any(row["split"] for row in rows):
                    packed.writestr(list_name, "".join(f"{name}\n" for name in names))
            content = {"format": FORMAT, "version": 1, "name": corpus.title, "clips": rows}
            packed.writestr(OWN_LIST, json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False))
        report(Progress("Packing clips", len(clips), len(clips)))
    return tuple(gone)


def _names(clips: tuple[OwnClip, ...]) -> list[str]:
    """A name in the zip for each clip, none twice on any system: `left/ann_nohash_0.wav`."""
    taken: Counter[str] = Counter()
    names = []
    for clip in clips:
        folder = file_name(clip.label, reserved=(OWN_LIST, *LISTS))
        speaker = f"{file_name(clip.speaker)}_nohash" if clip.speaker else "clip"
        # numbered on through the folders that some system takes for one
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
