"""The recordings that a run was trained on, by content: none of them may count as a test clip.

A training records them in its run folder, `learned.json`; the bundled networks share one. For an older run they are found
again in its corpus.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from audio_models.errors import RunError
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.recognition.evaluation_result import EvaluationSplit
from data import catalogue, stored, task, workspace
from data.corpus import UNKNOWN, Clip, Report, Skipped, no_progress
from data.errors import CorpusError, WorkspaceError
from data.other_recordings import Recording

FILE_NAME = "learned.json"
_LEARNED = "The network was trained on this recording."
_CHOSEN = "The network was selected on this recording: it was a validation clip."
_NOISE = "The network was trained with this stretch of noise."
_ROUNDING = 0.01  # seconds
_ONE_WORD = 3.0  # seconds of an other recording whose text is a word


@dataclass(frozen=True)
class Learned:
    """The recordings used to train a network, each by its `Clip.content`.

    Attributes:
        training: recordings that its weights were trained on.
        validation: recordings that its epoch and threshold were chosen on.
        noise: recordings of noise, apart from their test stretches.
        unknown: names of networks that it started from and whose recordings are not known.
        words: other words, among its training clips of `_unknown_`.
        stretches: of long other recordings: `content@start-end` [s].
    """

    training: frozenset[str] = frozenset()
    validation: frozenset[str] = frozenset()
    noise: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    stretches: frozenset[str] = frozenset()

    @classmethod
    def of(cls, clips: Iterable[Clip], other: Iterable[Recording] = ()) -> Self:
        """Collect the training and validation clips among `clips`, and among `other` recordings."""
        clips, other = tuple(clips), tuple(other)

        def contents(split: str) -> frozenset[str]:
            known: tuple[Clip | Recording, ...] = (*clips, *other)
            return frozenset(one.content for one in known if one.split == split and one.whole)

        noise = frozenset(clip.digest for clip in clips if clip.split != "test" and not clip.whole)
        words = frozenset(clip.word for clip in clips if clip.split == "training" and clip.label == UNKNOWN)
        words |= frozenset(one.text for one in other if one.split == "training" and one.seconds <= _ONE_WORD)
        stretches = frozenset(_stretch(one) for one in other if one.split != "test" and not one.whole)
        return cls(contents("training"), contents("validation"), noise, words=words - {""}, stretches=stretches)

    def __or__(self, other: Learned) -> Learned:
        return Learned(
            self.training | other.training,
            self.validation | other.validation,
            self.noise | other.noise,
            self.unknown | other.unknown,
            self.words | other.words,
            self.stretches | other.stretches,
        )

    def reason(self, clip: Clip) -> str:
        """Why a clip cannot test the network, one sentence; "" if it can."""
        if not clip.whole:
            return _NOISE if clip.split != "test" and clip.digest in self.noise else ""
        if self.has_learned(clip):
            return _LEARNED
        return _CHOSEN if clip.content in self.validation else ""

    def has_used(self, recording: Recording) -> bool:
        """Whether a network was trained, or its epoch or threshold chosen, on any part of an other recording."""
        if recording.content in self.training | self.validation:
            return True
        ends = [_ends(name) for name in self.stretches if name.startswith(f"{recording.content}@")]
        begin, end = recording.start, recording.start + recording.seconds
        return any(begin < last - _ROUNDING and end > first + _ROUNDING for first, last in ends)

    def without_learned(
        self, clips: Iterable[Clip], split: EvaluationSplit, *, is_own: bool
    ) -> tuple[list[Clip], list[Skipped]]:
        """Separate the clips that count in an evaluation from those that the network was trained on, with the reasons.

        Args:
            clips: of `split`.
            is_own: whether corpus and splits are those of the training. Then training, validation and all clips count.
        """
        counted: list[Clip] = []
        skipped: list[Skipped] = []
        for clip in clips:
            is_expected = is_own and (
                split in ("training", "all") or (split == "validation" and not self.has_learned(clip))
            )
            if not is_expected and (reason := self.reason(clip)):
                skipped.append(Skipped(clip.path, reason))
            else:
                counted.append(clip)
        return counted, skipped

    def has_learned(self, clip: Clip) -> bool:
        """Whether the weights were trained on this recording."""
        return clip.whole and clip.content in self.training


def _stretch(recording: Recording) -> str:
    return f"{recording.content}@{recording.start:.3f}-{recording.start + recording.seconds:.3f}"


def _ends(stretch: str) -> tuple[float, float]:
    """Where a stretch begins and ends [s]; of a damaged name, everything."""
    try:
        first, _, last = stretch.partition("@")[2].partition("-")
        return float(first), float(last)
    except ValueError:
        return 0.0, math.inf


def store(run: Run, clips: Iterable[Clip], other: Iterable[Recording] = ()) -> None:
    """Record the clips and the other recordings of a training, in addition to those of the run so far and of the run that it starts from.

    Raises:
        WorkspaceError: it cannot be written.
    """
    learned = Learned.of(clips, other) | (_recorded(run) or Learned()) | _of_start(run, no_progress, frozenset())
    _write(run.folder / FILE_NAME, learned)


def store_together(path: Path, run: Run) -> None:
    """Record the recordings of a run in a note that several runs share, in addition to those in it.

    Raises:
        WorkspaceError: it cannot be written.
    """
    learned = _recorded(run) or Learned()
    with contextlib.suppress(FileNotFoundError):
        learned |= stored.read(path, Learned)
    _write(path, learned)


def _write(path: Path, learned: Learned) -> None:
    workspace.write_json(path, {name: sorted(names) for name, names in asdict(learned).items()})


def load(run: Run, report: Report = no_progress) -> Learned | None:
    """Load the recordings of a run; None if it did not record them and its corpus is gone."""
    return _load(run, report, frozenset())


def _load(run: Run, report: Report, followers: frozenset[Path]) -> Learned | None:
    """Load as `load` does; a run whose start leads back to one of `followers` adds nothing."""
    if (recorded := _recorded(run)) is not None:
        return recorded
    found = _from_corpus(run, report)
    return found and found | _of_start(run, report, followers)


def _recorded(run: Run) -> Learned | None:
    folder = runs.BUNDLED if run.is_bundled else run.folder  # the bundled networks were trained on the same clips
    with contextlib.suppress(FileNotFoundError, WorkspaceError):
        return stored.read(folder / FILE_NAME, Learned)
    return None


def _of_start(run: Run, report: Report, followers: frozenset[Path]) -> Learned:
    """The recordings of the network that a run started from; none for random weights."""
    if not run.start:
        return Learned()
    followers |= {run.folder}
    with contextlib.suppress(RunError):
        start = runs.find(run.start)
        if start.folder not in followers and (found := _load(start, report, followers)):
            return found
    return Learned(unknown=frozenset({run.start_name}))


def _from_corpus(run: Run, report: Report) -> Learned | None:
    """Select the clips of a run again from its present corpus; None if that is not on this computer."""
    try:
        config = run.config
        if config.opened_from:  # trained elsewhere
            return None
        corpus = catalogue.open_corpus(config.corpus, words=config.task.labels)
        if not corpus.is_loaded():
            return None
        index = corpus.index(report)
        if config.training.folds:
            index = replace(index, clips=tuple(replace(clip, split="training") for clip in index.clips))
        learned = Learned.of(
            task.examples(index, config.task, config.training.seed, makes_unknown=config.negatives.makes)
        )
    except CorpusError:
        return None
    if index.speaker_disjoint:
        return learned
    # Older versions put copies of a recording into different splits. Which was trained on is not known: all count.
    counts = Counter(clip.sound for clip in index.clips if clip.sound)
    return learned | Learned(training=frozenset(sound for sound, count in counts.items() if count > 1))
