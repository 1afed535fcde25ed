"""The clips of a corpus that an evaluation asks a network about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from audio_models.jobs.runs import Run
from audio_models.recognition.evaluation_result import CROSS_VALIDATED, EvaluationSplit
from audio_models.recognition.learned import Learned
from data import catalogue, task
from data.corpus import SILENCE, UNKNOWN, Clip, CorpusReference, Index, Report, Skipped
from data.names import composed
from data.task import Task


@dataclass(frozen=True)
class EvaluatedClips:
    """The clips of a corpus for one evaluation, including those that the run was trained on."""

    index: Index
    task: Task
    clips: list[Clip]
    skipped: list[Skipped]


def never_learned(
    run: Run, reference: CorpusReference, found: EvaluatedClips, known: Learned | None
) -> tuple[str, ...] | None:
    """The other words of an evaluation that the run never learned; None if that is not known."""
    words = {clip.word for clip in found.clips if clip.label == UNKNOWN and clip.word}
    if known and known.words:
        return tuple(sorted(words - known.words))
    if reference == run.config.corpus:
        return tuple(sorted(words & task.held_out_words(found.index, found.task)))
    return None


def choose(
    run: Run, labels: Sequence[str], reference: CorpusReference, split: EvaluationSplit, report: Report
) -> EvaluatedClips:
    """Choose the clips of a split of a corpus that a network of these labels is asked about.

    Raises:
        CorpusError: the corpus is not available, or lacks a word.
        Cancelled: `report` raised it.
    """
    words = tuple(label for label in labels if label not in (UNKNOWN, SILENCE))
    held_out = tuple(word for word in run.config.task.held_out if word not in words)
    wanted = Task(words, unknown=UNKNOWN in labels, silence=SILENCE in labels, held_out=held_out)
    opened = catalogue.open_corpus(reference, words=words)
    if not opened.is_loaded():
        opened.load(report)
    index = opened.index(report)
    is_own = reference == run.config.corpus
    if split == CROSS_VALIDATED:
        index = replace(index, clips=tuple(replace(clip, split="training") for clip in index.clips))
        chosen = task.examples(index, wanted, run.config.training.seed, makes_unknown=run.config.negatives.makes)
        return EvaluatedClips(index, wanted, [clip for clip in chosen if clip.label != SILENCE], [])
    seed = run.config.training.seed if is_own else 0
    clips, skipped = task.evaluation_clips(index, wanted, split, seed, generate_noise=is_own)
    return EvaluatedClips(index, wanted, clips, skipped)


def fingerprint_of(clips: Iterable[Clip], *, with_paths: bool = False) -> str:
    """BLAKE2b over the content, label, speaker and split of clips, in any order.

    Args:
        with_paths: whether a moved file counts as another one, which matters if it is to be played.
    """
    rows = sorted(
        json.dumps(
            [
                clip.digest, composed(clip.label), clip.word, clip.speaker, clip.split, clip.start, clip.gain,
                str(clip.path) if with_paths else "",
            ]
        )
        for clip in clips
    )  # fmt: skip
    return hashlib.blake2b("\n".join(rows).encode(), digest_size=16).hexdigest()
