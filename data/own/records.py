"""What the database of a corpus of the user's own holds: clips and changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from data.corpus import Split

Source = Literal["recording", "upload", "import"]
Field = Literal["label", "speaker", "removed", "trim", "kept"]


@dataclass(frozen=True, slots=True)
class Trim:
    """What is left of a clip: a file of its own beside the whole recording, which stays.

    Attributes:
        file: its name in the folder of the clips.
        start, end: in the whole recording [s].
        seconds, digest, sound, measures: as in `OwnClip`.
    """

    file: str
    start: float
    end: float
    seconds: float
    digest: str
    sound: str
    measures: Mapping[str, float] = field(hash=False)


@dataclass(frozen=True, slots=True)
class OwnClip:
    """A stored clip.

    Attributes:
        id: 16 random hexadecimal digits; the name of the whole recording's file without its ending.
        path: the file: as added, byte for byte, or what a trim has left of it.
        label, speaker: text in any script; the speaker is None if unknown.
        source: how it was added.
        added: when it was added [s since 1970].
        original: the original name of its file; for display only.
        seconds: its length [s].
        digest: BLAKE2b of the file's content, hexadecimal (16 bytes), as in `data.scan`.
        sound: digest of its samples, which finds the same sound in two files; "" if it was not computed.
        measures: finite numbers by name.
        split: None unless a list fixed it.
        whole: the whole recording, as added; equal to `path` unless the clip is trimmed.
        whole_seconds: its length [s].
        trim: where it is cut [s]; None for a clip that is whole.
        kept: whether the user has listened to it and kept it; one that was trimmed was.
    """

    id: str
    path: Path
    label: str
    speaker: str | None
    source: Source
    added: float
    original: str
    seconds: float
    digest: str
    sound: str = ""
    measures: Mapping[str, float] = field(default_factory=dict, hash=False)
    split: Split | None = None
    whole: Path = Path()
    whole_seconds: float = 0.0
    trim: tuple[float, float] | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a corpus, as a page shows it.

    Attributes:
        number: its id; 0 if nothing was changed.
        text: "12 clips deleted".
        clips: the number of clips changed.
        can_be_undone: False for an undo, and for a change that is undone.
    """

    number: int
    text: str
    clips: int
    can_be_undone: bool = True


@dataclass(frozen=True)
class Snapshot:
    """A corpus at one moment, read in one transaction.

    Attributes:
        version: see `OwnCorpus.version`.
        clips: all but background noise, by label, then by the time they were added.
        noise: the recordings of background noise, by the time they were added.
        last_change: the newest change that is neither undone nor an undo; None if there is none.
    """

    version: int
    clips: tuple[OwnClip, ...]
    noise: tuple[OwnClip, ...]
    last_change: Change | None


NOTHING = Change(0, "Nothing changed", 0, can_be_undone=False)
