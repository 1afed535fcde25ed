"""A run is judged by the clips of one side of a corpus; the judgement is kept with the run."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import RunError, TrainingError
from audio_models.features.feature_cache import clip_features
from audio_models.jobs.runs import Run
from audio_models.recognition import metrics
from audio_models.recognition.calibration import apply_temperature
from audio_models.recognition.cross_validation import Folds
from audio_models.recognition.metrics import ClassScore, SpeakerScore
from audio_models.recognition.recognizer import Recognizer
from data import catalogue, task, workspace
from data.corpus import SILENCE, SPLITS, UNKNOWN, Clip, CorpusReference, Report, Skipped, no_progress
from data.errors import WorkspaceError
from data.task import Task

EvaluationSplit = Literal["training", "validation", "test", "all", "held back"]
EVALUATION_SPLITS: tuple[EvaluationSplit, ...] = (*SPLITS, "all")
CROSS_VALIDATED: EvaluationSplit = "held back"
"""The clips of a run that was judged by cross-validation: each was answered by a network that had not learned it."""


@dataclass(frozen=True)
class ClipPrediction:
    """One clip of an evaluation: what was said, and what the network heard.

    Attributes:
        clip: with its label as the network's classes have it.
        predicted: the label that was heard.
        confidence: its probability.
        label_probability: the probability of the true label.
    """

    clip: Clip
    predicted: str
    confidence: float
    label_probability: float

    @property
    def correct(self) -> bool:
        return self.clip.label == self.predicted


@dataclass(frozen=True)
class Rejection:
    """How words fare that the network has never heard and should not take for one of its own."""

    words: tuple[str, ...]
    clips: int
    rejected: int


@dataclass(frozen=True)
class Evaluation:
    """How a run fares on the clips of one side of a corpus.

    Attributes:
        run: id of the run.
        corpus: name of the corpus, or the folder's path.
        split: the side: "training", "validation", "test", "all" or "held back".
        labels: classes in the order of the matrix.
        accuracy: share of the clips that were heard right.
        interval: its 95 % interval.
        confusion: counts, rows are what was said, columns what was heard.
        per_class, per_speaker: see `metrics`.
        skipped: clips that could not be judged, and why.
        predictions: every clip with its answer.
        threshold: the confidence under which the network says "not sure".
        rejection: of words that no training clip had, which ones, how many clips, and how many of them were rejected:
            heard as `_unknown_` or `_silence_`, or not sure. None where there are none.
        speaker_disjoint: whether no speaker of the corpus is on two sides; None where speakers are not known.
        split_rule: how the corpus' sides were made.
    """

    run: str
    corpus: str
    split: EvaluationSplit
    labels: tuple[str, ...]
    accuracy: float
    interval: metrics.Interval
    confusion: list[list[int]]
    per_class: list[ClassScore]
    per_speaker: list[SpeakerScore]
    skipped: list[Skipped]
    predictions: list[ClipPrediction] = field(repr=False)
    threshold: float = 0.0
    rejection: Rejection | None = None
    speaker_disjoint: bool | None = None
    split_rule: str = ""

    @property
    def clips(self) -> int:
        return len(self.predictions)

    def mistakes(self) -> list[ClipPrediction]:
        """Clips that were heard wrong, the most confident first."""
        return sorted((heard for heard in self.predictions if not heard.correct), key=lambda heard: -heard.confidence)

    def cell(self, said: str, predicted: str) -> list[ClipPrediction]:
        """The clips of one cell of the matrix, the most confident first."""
        found = [heard for heard in self.predictions if heard.clip.label == said and heard.predicted == predicted]
        return sorted(found, key=lambda heard: -heard.confidence)


def evaluate(
    run: Run, corpus: CorpusReference | None = None, split: EvaluationSplit = "test", report: Report = no_progress
) -> Evaluation:
    """Judge a run by every clip of one side of a corpus, its own by default.

    Raises:
        RunError: the run has no network, or lacks a configuration where its own corpus is asked for.
        CorpusError: the corpus cannot be had.
        TrainingError: no clip of that side can be judged, or the run has learned them all.
    """
    recognizer = Recognizer.of_run(run)
    reference = corpus or run.config.corpus
    learned_all = (
        splits_of(run) == (CROSS_VALIDATED,) if corpus is None or corpus.name == run.config.corpus.name else False
    )
    if split == CROSS_VALIDATED or learned_all:
        return _cross_validated(run, run.config.corpus if learned_all else reference, split)
    labels = recognizer.labels
    words = tuple(label for label in labels if label not in (UNKNOWN, SILENCE))
    asked = Task(words, unknown=UNKNOWN in labels, silence=SILENCE in labels)
    opened = catalogue.open_corpus(reference, words=words)
    if not opened.is_loaded():
        opened.load(report)
    index = opened.index(report)
    seed = run.config.training.seed if corpus is None else 0
    clips, skipped = task.evaluation_clips(index, asked, split, seed, generate_noise=corpus is None)
    sequences, unreadable = clip_features(clips, recognizer.features, report)
    evaluated = [(clip, frames) for clip, frames in zip(clips, sequences, strict=True) if frames is not None]
    if not evaluated:
        splits = ", ".join(f"{sum(clip.split == split for clip in index.clips)} {split}" for split in SPLITS)
        raise TrainingError(
            f"No {'' if split == 'all' else split + ' '}clip of {reference.name} can be judged by {run.id}. "
            f"It holds {splits} clips with the labels {', '.join(index.labels[:12])}; the network knows {', '.join(labels)}."
        )
    probabilities = recognizer.probabilities([frames for _, frames in evaluated])
    made = _evaluation(run, reference, split, labels, [clip for clip, _ in evaluated], probabilities)
    return replace(
        made,
        skipped=[*skipped, *unreadable],
        threshold=recognizer.threshold,
        # which words those are is known of the corpus that it learned from alone
        rejection=_rejection(made.predictions, task.kept_out(index, asked), recognizer.threshold)
        if corpus is None
        else None,
        speaker_disjoint=index.speaker_disjoint,
        split_rule=index.split_rule,
    )


def splits_of(run: Run) -> tuple[EvaluationSplit, ...]:
    """The sides of its own corpus by which a run can be judged, the best first."""
    return (CROSS_VALIDATED,) if run.config.training.folds else ("test", "validation", "training", "all")


def store_cross_validated(run: Run, folds: Folds, clips: Sequence[Clip], probabilities: NDArray[np.float32]) -> None:
    """Keep the judgement of a run by cross-validation in its folder.

    Args:
        folds: how its clips were dealt.
        clips: those that were held back in turn.
        probabilities: (clips, labels), each row by a network that had not learned the clip.
    """
    recognizer = Recognizer.of_run(run)
    shares = apply_temperature(probabilities, recognizer.temperature)
    made = _evaluation(run, run.config.corpus, CROSS_VALIDATED, recognizer.labels, clips, shares)
    made = replace(
        made,
        per_class=[score for score in made.per_class if score.support],  # silence is learned and not judged
        threshold=recognizer.threshold,
        speaker_disjoint=folds.by_speaker or None,
        split_rule=folds.rule,
    )
    _store(run, run.config.corpus, made)


def forget_cross_validated(run: Run) -> None:
    """Drop the judgement by cross-validation of a network that is about to be replaced."""
    _path(run, run.config.corpus, CROSS_VALIDATED).unlink(missing_ok=True)


def _cross_validated(run: Run, reference: CorpusReference, split: EvaluationSplit) -> Evaluation:
    if split != CROSS_VALIDATED:
        raise TrainingError(
            f"{run.name} has learned from all clips of {reference.name}, so its {split} clips would flatter it. Judge it by its clips that were held back, or by another corpus."
        )
    found = load_cached(run, reference, CROSS_VALIDATED) if reference == run.config.corpus else None
    if found is None:
        raise TrainingError(
            f"There are no clips of {reference.name} that were held back from {run.name} in turn. Choose another side, or train it with folds."
        )
    return found


def _evaluation(
    run: Run,
    reference: CorpusReference,
    split: EvaluationSplit,
    labels: Sequence[str],
    clips: Sequence[Clip],
    probabilities: NDArray[np.floating[Any]],
) -> Evaluation:
    position = {label: number for number, label in enumerate(labels)}
    true = np.array([position[clip.label] for clip in clips])
    predicted = probabilities.argmax(axis=1)
    correct = true == predicted
    speakers = [clip.speaker for clip in clips]
    confusion = metrics.confusion_matrix(true, predicted, len(labels))
    return Evaluation(
        run=run.id,
        corpus=reference.name,
        split=split,
        labels=tuple(labels),
        accuracy=float(correct.mean()),
        interval=metrics.accuracy_interval(correct, speakers),
        confusion=confusion.tolist(),
        per_class=metrics.class_scores(confusion, labels),
        per_speaker=metrics.speaker_scores(correct, speakers),
        skipped=[],
        predictions=[
            ClipPrediction(clip, labels[choice], float(shares[choice]), float(shares[said]))
            for clip, choice, said, shares in zip(clips, predicted, true, probabilities, strict=True)
        ],
    )


def _rejection(heard: Sequence[ClipPrediction], words: set[str], threshold: float) -> Rejection | None:
    new = [one for one in heard if one.clip.word in words]
    if not new:
        return None
    rejected = [one for one in new if one.predicted in (UNKNOWN, SILENCE) or one.confidence < threshold]
    return Rejection(tuple(sorted({one.clip.word for one in new})), len(new), len(rejected))


def evaluate_and_store(
    run: Run, corpus: CorpusReference | None = None, split: EvaluationSplit = "test", report: Report = no_progress
) -> Evaluation:
    """`evaluate`, and keep the judgement in the run's folder where that can be written to."""
    evaluation = evaluate(run, corpus, split, report)
    _store(run, corpus or run.config.corpus, evaluation)
    return evaluation


def _store(run: Run, corpus: CorpusReference, evaluation: Evaluation) -> None:
    path = _path(run, corpus, evaluation.split)
    with contextlib.suppress(WorkspaceError):  # a run on a read-only disk can be judged too
        workspace.write_json(workspace.made(path.parent) / path.name, to_json(evaluation))


def load_cached(run: Run, corpus: CorpusReference | None = None, split: EvaluationSplit = "test") -> Evaluation | None:
    """The kept judgement, if there is one and it is of the network that the run has now."""
    path = _path(run, corpus or run.config.corpus, split)
    try:
        # what cannot be made again is not doubted for the times of a copied folder: a training forgets it when it begins
        if split != CROSS_VALIDATED and path.stat().st_mtime < run.model_path.stat().st_mtime:
            return None
        return from_json(workspace.read_json(path))
    except (OSError, WorkspaceError, KeyError, TypeError, ValueError):
        return None


def _path(run: Run, corpus: CorpusReference, split: EvaluationSplit) -> Path:
    name = hashlib.blake2b(repr(corpus).encode(), digest_size=6).hexdigest()
    return run.evaluations_folder / f"{split.replace(' ', '-')}-{name}.json"


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Everything of an evaluation as JSON values; each clip is a row."""
    values = asdict(evaluation)
    values["skipped"] = [{"path": str(one.path), "reason": one.reason} for one in evaluation.skipped]
    values["predictions"] = [
        [
            str(one.clip.path), one.clip.label, one.clip.split, one.clip.seconds, one.clip.speaker, one.clip.digest,
            one.clip.start, one.clip.gain, one.clip.whole, one.clip.word, one.predicted, one.confidence,
            one.label_probability,
        ]
        for one in evaluation.predictions
    ]  # fmt: skip
    return values


def from_json(values: dict[str, Any]) -> Evaluation:
    """The evaluation that `to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    values = dict(values)
    values["labels"] = tuple(values["labels"])
    values["interval"] = metrics.Interval(**values["interval"])
    values["per_class"] = [ClassScore(**row) for row in values["per_class"]]
    values["per_speaker"] = [SpeakerScore(**row) for row in values["per_speaker"]]
    values["skipped"] = [Skipped(Path(row["path"]), row["reason"]) for row in values["skipped"]]
    if values.get("rejection"):
        values["rejection"] = Rejection(**{**values["rejection"], "words": tuple(values["rejection"]["words"])})
    rows = values.pop("heard") if "heard" in values else values["predictions"]
    values["predictions"] = [ClipPrediction(Clip(Path(row[0]), *row[1:10]), *row[10:]) for row in rows]
    return Evaluation(**values)


def summary(evaluation: Evaluation) -> dict[str, Any]:
    """What the shell prints: all but the single clips."""
    return {
        "run": evaluation.run,
        "corpus": evaluation.corpus,
        "split": evaluation.split,
        "labels": list(evaluation.labels),
        "clips": evaluation.clips,
        "accuracy": evaluation.accuracy,
        "accuracy_interval": [evaluation.interval.low, evaluation.interval.high],
        "interval_over": evaluation.interval.over,
        "confusion": evaluation.confusion,
        "per_class": [asdict(row) for row in evaluation.per_class],
        "per_speaker": [asdict(row) for row in evaluation.per_speaker],
        "threshold": evaluation.threshold,
        "rejection": asdict(evaluation.rejection) if evaluation.rejection else None,
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in evaluation.skipped],
    }


def split_of(text: str) -> EvaluationSplit:
    """The side that `text` names.

    Raises:
        RunError: there is none.
    """
    for split in (*EVALUATION_SPLITS, CROSS_VALIDATED):
        if text in (split, split.replace(" ", "-")):
            return split
    raise RunError(f"There is no split '{text}'; choose one of {', '.join(EVALUATION_SPLITS)}, held-back.")
