"""What every corpus is: a description, a way to get it, and an index of clips."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from data.phrases import plural

Split = Literal["training", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

UNKNOWN = "_unknown_"
SILENCE = "_silence_"
BACKGROUND_NOISE = "_background_noise_"


@dataclass(frozen=True, slots=True)
class Clip:
    """One sound with one label: a whole file, or a stretch of one.

    Attributes:
        path: the audio file.
        label: what is said in it.
        split: the split that it belongs to.
        seconds: its length [s].
        speaker: who says it, None where that is not known.
        digest: BLAKE2b of the file's content, hexadecimal (16 bytes).
        start: where in the file it begins [s]; not 0 only for silence cut from a recording of noise.
        gain: factor on the samples, 0 to 1.
        whole: whether the clip is the whole file.
        word: what is said, where the label is only `_unknown_`.
        sound: `sound_digest` of the file, "" where it is silent, cannot be decoded, or was not looked at.
    """

    path: Path
    label: str
    split: Split
    seconds: float
    speaker: str | None = None
    digest: str = ""
    start: float = 0.0
    gain: float = 1.0
    whole: bool = True
    word: str = ""
    sound: str = ""

    @property
    def content(self) -> str:
        """What tells this recording from others, whatever its file: `sound`, else `digest`."""
        return self.sound or self.digest


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not in the index, and the reason in one sentence."""

    path: Path
    reason: str


def reasons(skipped: Sequence[Skipped]) -> list[tuple[str, int]]:
    """Why files were passed over, and how many for each reason, the most frequent first."""
    return Counter(one.reason for one in skipped).most_common()


@dataclass(frozen=True)
class Index:
    """What a corpus holds.

    Attributes:
        clips: every usable clip, in a fixed order (by label, then file name).
        noise: recordings of background noise (no words in them), may be empty.
        skipped: files passed over.
        split_rule: how the splits were made, one sentence for the page.
        speakers_known: whether every clip has a speaker.
        speaker_disjoint: whether no speaker is in two splits; None where speakers are not known.
    """

    clips: tuple[Clip, ...]
    noise: tuple[Path, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    split_rule: str = ""
    speakers_known: bool = False
    speaker_disjoint: bool | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted({clip.label for clip in self.clips}))

    @property
    def copies(self) -> Copies:
        """How many clips are copies of another."""
        splits_of: dict[str, set[Split]] = {}
        with_sound = [clip for clip in self.clips if clip.sound]
        for clip in with_sound:
            splits_of.setdefault(clip.sound, set()).add(clip.split)
        return Copies(
            len(with_sound) - len(splits_of),
            sum(clip.split != "training" and len(splits_of[clip.sound]) > 1 for clip in with_sound),
        )


@dataclass(frozen=True)
class Copies:
    """Recordings that a corpus holds more than once: as a WAV and a FLAC file, say, or under two names.

    Attributes:
        clips: how many clips repeat a recording that is there already.
        apart: validation and test clips with a copy in another split, where lists or speakers put it.
    """

    clips: int
    apart: int

    def __str__(self) -> str:
        """One or two sentences for the user; "" where there are none."""
        if not self.clips:
            return ""
        text = (
            f"{plural(self.clips, 'clip')} {'repeats' if self.clips == 1 else 'repeat'} another recording in the corpus"
        )
        if not self.apart:
            return f"{text}; copies stay in one split."
        return (
            f"{text}. {self.apart:,} validation and test {'clip has its' if self.apart == 1 else 'clips have their'} copy in "
            "another split; the test leaves out those that were learned."
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece of long work has come.

    Attributes:
        stage: what is being done, in the user's words ("Downloading").
        done, total: in `unit`s; total is None where it is not known.
        unit: "bytes", "clips", "files".
    """

    stage: str
    done: int = 0
    total: int | None = None
    unit: str = "clips"


Report = Callable[[Progress], None]
"""Called now and then while long work goes on. It may raise `Cancelled` to stop it."""


def no_progress(progress: Progress) -> None:
    """A `Report` that says nothing."""


@dataclass(frozen=True)
class Description:
    """What a user reads of a corpus before they load it.

    Attributes:
        name: what the shell and the configuration call it.
        title: what the page calls it.
        holds: what it holds, one sentence.
        licence, citation, homepage: as its publisher states them.
        size: what has to be loaded and kept, in words ("2.4 GB download, 3.3 GB on disk").
        speakers: how speakers are known, one sentence.
        splits: how the splits are made, one sentence.
        synthetic: whether no human voice is in it.
        words: the words that it is usually loaded for, a suggestion for the page.
    """

    name: str
    title: str
    holds: str
    licence: str
    citation: str
    homepage: str
    size: str
    speakers: str
    splits: str
    synthetic: bool = False
    words: tuple[str, ...] = field(default=())


class Corpus(ABC):
    """A collection of labelled clips that can be loaded and indexed."""

    description: Description

    @property
    def name(self) -> str:
        return self.description.name

    @abstractmethod
    def is_loaded(self) -> bool:
        """Whether the clips are on this disk, complete."""

    @abstractmethod
    def load(self, report: Report = no_progress) -> None:
        """Get the clips onto this disk; does nothing where they are. What was cut off is taken up again.

        Raises:
            CorpusError: it cannot be had; nothing half-done is left that looks done.
            Cancelled: `report` raised it.
        """

    @abstractmethod
    def index(self, report: Report = no_progress) -> Index:
        """The index of the clips; read once, then kept in the workspace until a file changes.

        Raises:
            CorpusError: the corpus is not loaded, or holds no usable clip.
        """


def count(clips: Sequence[Clip], split: Split) -> int:
    """How many of `clips` are in `split`."""
    return sum(clip.split == split for clip in clips)


@dataclass(frozen=True)
class CorpusReference:
    """Which corpus, in a form that can be stored.

    Attributes:
        name: a name of the catalogue, "own:NAME" for one of the user's own, or the absolute path of a folder.
        speaker_pattern, split_by: see `FolderCorpus`.
    """

    name: str
    speaker_pattern: str | None = None
    split_by: str | None = None
