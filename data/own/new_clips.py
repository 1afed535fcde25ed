"""A new clip for a corpus of the user's own: checked, then stored byte for byte."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from data.audio_formats import ENDINGS, NAMES
from data.corpus import SPLITS, Split
from data.errors import CorpusError
from data.names import clean_label, clean_original, clean_speaker, shown
from data.own.records import Source

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class NewClip:
    """A clip to add.

    Attributes:
        label, speaker: see `data.names`.
        source: how it was added.
        original: the original name of its file.
        content: the file or its content; stored byte for byte.
        ending: one of `audio_formats.ENDINGS`.
        seconds: its length [s].
        sound: digest of its samples, which finds the same sound in two files; "" if it was not computed.
        measures: numbers by name; those that are not finite are left out.
        split: None unless a list fixes it.
        added: when it was first added [s since 1970]; None is now.
        notes: sentences for the user on how it was read; not stored.
    """

    label: str
    speaker: str | None
    source: Source
    original: str
    content: bytes | Path
    ending: str
    seconds: float
    sound: str = ""
    measures: Mapping[str, float] = field(default_factory=dict, hash=False)
    split: Split | None = None
    added: float | None = None
    notes: tuple[str, ...] = ()


def notes_of(clips: Iterable[NewClip]) -> list[tuple[str, list[str]]]:
    """What there is to tell of clips, and the names of the files for each; what is told of most files comes first."""
    names: dict[str, list[str]] = {}
    for clip in clips:
        for note in clip.notes:
            names.setdefault(note, []).append(clip.original)
    return sorted(names.items(), key=lambda one: -len(one[1]))


def row_of(new: NewClip) -> dict[str, object]:
    """Build the row of a new clip, in the order of the database's columns, with an empty digest.

    Raises:
        CorpusError: one of its values is invalid.
    """
    if new.ending not in ENDINGS:
        raise CorpusError(
            f"'{shown(new.original)}' cannot be added: its ending is '{shown(new.ending)}'. Echoic reads {NAMES}."
        )
    if not (math.isfinite(new.seconds) and new.seconds > 0):
        raise CorpusError(f"'{shown(new.original)}' cannot be added: its length is {new.seconds:g} s.")
    if new.split not in (None, *SPLITS) or new.source not in get_args(Source):
        raise CorpusError(
            f"'{shown(new.original)}' has the split '{new.split}' and the source '{new.source}'; a split is one of {', '.join(SPLITS)}, a source one of {', '.join(get_args(Source))}."
        )
    measures = {name: float(value) for name, value in new.measures.items() if math.isfinite(value)}
    return {
        "id": secrets.token_hex(8),
        "label": clean_label(new.label),
        "speaker": clean_speaker(new.speaker),
        "source": new.source,
        "added": time.time() if new.added is None else float(new.added),
        "original": clean_original(new.original),
        "ending": new.ending,
        "seconds": float(new.seconds),
        "digest": "",
        "sound": new.sound,
        "measures": json.dumps(measures, ensure_ascii=False, allow_nan=False),
        "side": new.split,
    }


def write_clip(content: bytes | Path, path: Path, *, flush: bool) -> str:
    """Write the file of a clip; return its BLAKE2b digest, hexadecimal (16 bytes).

    Args:
        flush: wait until it is on disk.

    Raises:
        OSError: it cannot be read or written; a part of it may remain.
    """
    digest = hashlib.blake2b(digest_size=16)
    source = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    with source, path.open("xb") as target:
        while piece := source.read(_CHUNK):
            digest.update(piece)
            target.write(piece)
        if flush:
            target.flush()
            os.fsync(target.fileno())
    return digest.hexdigest()
