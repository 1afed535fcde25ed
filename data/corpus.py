"""The parts of every corpus: a description, how to load it, and an index of its clips."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from data.phrases import plural

Split = Literal["training", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

UNKNOWN = "_unknown_"
SILENCE = "_silence_"
PLAIN_LABELS = {UNKNOWN: "another word", SILENCE: "silence"}
"""How the labels that are no words read, on pages and in reports."""
BACKGROUND_NOISE = "_background_noise_"


def plain_label(label: str, others: Collection[str] = ()) -> str:
    """Write a label as people read it: "_unknown_" -> "another word".

    Args:
        others: labels beside it; where one of them is "another word" itself, it stays as it is.
    """
    plain = PLAIN_LABELS.get(label, label)
    return label if plain in others else plain


@dataclass(frozen=True, slots=True)
class Clip:
    """One sound with one label: a whole file, or a stretch of one.

    Attributes:
        path: the audio file.
        label: the word spoken in it, or a special label.
        split: its split.
        seconds: its length [s].
        speaker: None if unknown.
        digest: BLAKE2b of the file's content, hexadecimal (16 bytes).
        start: where in the file it begins [s]; not 0 only for silence cut from a recording of noise.
        gain: factor on the samples, 0 to 1.
        whole: whether the clip is the whole file.
        word: the word spoken, if the label is `_unknown_`.
        sound: `sound_digest` of the file, "" if it is silent, cannot be decoded, or was not computed.
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
        """Identifies the recording, whatever its file: `sound`, else `digest`."""
        return self.sound or self.digest


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not in the index, and the reason in one sentence."""

    path: Path
    reason: str


def reasons(skipped: Sequence[Skipped]) -> list[tuple[str, int]]:
    """The reasons and how many files were skipped for each, the most frequent first."""
    return Counter(one.reason for one in skipped).most_common()


@dataclass(frozen=True)
class Index:
    """The contents of a corpus.

    Attributes:
        clips: every usable clip, in a fixed order (by label, then file name).
        noise: recordings of background noise (no words in them), may be empty.
        skipped: files that are not used.
        split_rule: how the splits were made, one sentence for the page.
        speakers_known: whether every clip has a speaker.
        speaker_disjoint: whether no speaker is in two splits; None if speakers are unknown.
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
        clips: number of clips that repeat a recording.
        apart: number of validation and test clips with a copy in another split, put there by lists or speakers.
    """

    clips: int
    apart: int

    def __str__(self) -> str:
        """One or two sentences for the user; "" if there are none."""
        if not self.clips:
            return ""
        text = (
            f"{plural(self.clips, 'clip')} {'repeats' if self.clips == 1 else 'repeat'} another recording in the corpus"
        )
        if not self.apart:
            return f"{text}; copies stay in one split."
        return (
            f"{text}. {self.apart:,} validation and test {'clip has its' if self.apart == 1 else 'clips have their'} copy in "
            "another split; the test leaves out those that were trained on."
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a long task.

    Attributes:
        stage: the current step, as the user reads it ("Downloading").
        done, total: in `unit`s; total is None if unknown.
        unit: a plural: "bytes", "clips", "files".
    """

    stage: str
    done: int = 0
    total: int | None = None
    unit: str = "clips"


Report = Callable[[Progress], None]
"""Called regularly during a long task. It may raise `Cancelled` to stop it."""


def no_progress(progress: Progress) -> None:
    """Do nothing: the default `Report`."""


@dataclass(frozen=True)
class Description:
    """What a user reads about a corpus before loading it.

    Attributes:
        name: its name in the shell and the configuration.
        title: its name on the pages.
        holds: what it holds, one sentence.
        licence, citation, homepage: as its publisher states them.
        size: of download and files ("2.4 GB download, 3.3 GB on disk").
        speakers: how speakers are known, one sentence.
        splits: how the splits are made, one sentence.
        synthetic: whether all voices are synthetic.
        words: words that the pages suggest.
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
        """Whether all clips are on this disk."""

    @abstractmethod
    def load(self, report: Report = no_progress) -> None:
        """Load the clips onto this disk, unless they are there; resume an interrupted download.

        Raises:
            CorpusError: it cannot be loaded; nothing incomplete remains that looks complete.
            Cancelled: `report` raised it.
        """

    @abstractmethod
    def index(self, report: Report = no_progress) -> Index:
        """The index of the clips; cached in the workspace until a file changes.

        Raises:
            CorpusError: the corpus is not loaded, or holds no usable clip.
        """


def count(clips: Sequence[Clip], split: Split) -> int:
    """How many of `clips` are in `split`."""
    return sum(clip.split == split for clip in clips)


@dataclass(frozen=True)
class CorpusReference:
    """A reference to a corpus, which can be stored.

    Attributes:
        name: a name of the catalogue, "own:NAME" for one of the user's own, or the absolute path of a folder.
        speaker_pattern, split_by: see `FolderCorpus`.
    """

    name: str
    speaker_pattern: str | None = None
    split_by: str | None = None
