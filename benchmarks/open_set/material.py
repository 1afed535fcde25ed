"""The recordings that the networks are measured on, and how many of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audio_models.cli import terminal
from audio_models.jobs import runs
from audio_models.pretrained.build import merged
from audio_models.recognition import learned, other_sound
from audio_models.recognition.learned import Learned
from audio_models.recognition.other_sound import Stretches
from audio_models.recognition.recognizer import Recognizer
from benchmarks.own_words import ROUNDS, takes_by_speaker
from benchmarks.own_words_open_set import spoken_clips
from data import catalogue, other_recordings
from data.corpus import Clip, CorpusReference, Index, Report
from data.errors import CorpusError
from data.phrases import plural

REFERENCE = "commands"
"""The network that the others are compared with, and that own words are taught from."""
TAUGHT_WORDS = 3
SEED = 0


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        clips: at most, of each kind; None for all.
        training: clips that the tutorial's network is trained on, at most; None for all.
        epochs: of that training, at most.
        minutes: of each soundscape, and at most of each folder.
        draws: how often a speaker and words are drawn to be taught.
    """

    clips: int | None = None
    training: int | None = None
    epochs: int = 10
    minutes: float = 60.0
    draws: int = 6


QUICK = Size(clips=100, training=1000, epochs=2, minutes=2.0, draws=1)


@dataclass(frozen=True)
class Material:
    """The recordings of one run of the benchmark.

    Attributes:
        reference: the corpus of the words.
        index: its clips.
        folders: absolute paths of the other recordings.
        known: what the networks that come with Echoic were trained and selected on.
        takes: of the words to be taught; empty if that is not measured.
        size: how much is measured.
    """

    reference: CorpusReference
    index: Index
    folders: tuple[str, ...]
    known: Learned
    takes: tuple[Clip, ...]
    size: Size

    def test_stretches(self, words: Sequence[str], report: Report) -> list[Stretches]:
        """The test recordings of the folders that no network has used and that hold none of `words`, cut into clips."""
        first = Recognizer.of_run(runs.find(REFERENCE))
        return other_sound.stretches(
            self.folders, "test", words, first.clip_seconds, first.features.sample_rate, self.known.has_used, report
        )


def open_folders(
    corpus: str,
    more: Sequence[str],
    other: Sequence[str],
    words: Sequence[str],
    report: Report,
    *,
    takes: str | None = None,
    size: Size,
) -> Material:
    """Open the folders of all tables, so that a wrong one is told before anything is measured.

    Args:
        words: that the corpus must have test clips of.

    Raises:
        CorpusError: a folder cannot be used, or the corpus has no test clip of a word.
    """
    paths = [Path(folder).expanduser().absolute() for folder in (corpus, *more)]
    if missing := [path for path in paths if not path.is_dir()]:
        raise CorpusError(f"There is no folder {missing[0]}. Give a folder of clips, one folder per word.")
    reference = catalogue.refer(str(merged(paths) if more else paths[0]))
    index = catalogue.open_corpus(reference).index(report)
    there = {clip.label for clip in index.clips if clip.split == "test"}
    if absent := [word for word in words if word not in there]:
        raise CorpusError(
            f"{corpus} has no test clip of {', '.join(absent)}. "
            "Give clips in the layout of Speech Commands, with its lists."
        )
    folders = tuple(dict.fromkeys(str(Path(folder).expanduser().absolute()) for folder in other))
    for folder in folders:
        terminal.complain(f"{Path(folder).name}: {other_recordings.scan(Path(folder), report)}")
    complete = complete_takes(spoken_clips(takes), takes) if takes else []
    known = learned.load(runs.find(REFERENCE)) or Learned()
    return Material(reference, index, folders, known, tuple(complete), size)


def complete_takes(clips: Sequence[Clip], folder: str) -> list[Clip]:
    """The clips of the speakers who say every word more than five times.

    Raises:
        CorpusError: they are fewer than two, or say too few words.
    """
    takes = takes_by_speaker(clip for clip in clips if clip.speaker is not None)
    words = {clip.label for clip in clips}
    speakers = {who for who, said in takes.items() if all(len(said[word]) > ROUNDS for word in words)}
    if len(speakers) < 2 or len(words) <= TAUGHT_WORDS:
        raise CorpusError(
            f"{plural(len(speakers), 'speaker')} in {folder} said each of {plural(len(words), 'word')} more than "
            f"{ROUNDS} times. At least 2 speakers and {TAUGHT_WORDS + 1} words are needed: give another folder, "
            "or choose --only clips,listening."
        )
    return [clip for clip in clips if clip.speaker in speakers]


def few(clips: Sequence[Clip], most: int | None) -> list[Clip]:
    """At most so many clips, drawn with a fixed seed."""
    return list(clips) if most is None or len(clips) <= most else random.Random(SEED).sample(list(clips), most)
