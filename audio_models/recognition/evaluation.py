"""Evaluate a run on the clips of one split of a corpus; the result is stored with the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import RunError, TrainingError
from audio_models.features.feature_cache import clip_features
from audio_models.jobs.runs import Run
from audio_models.recognition import evaluated_clips, evaluation_files, learned, metrics, other_sound, threshold
from audio_models.recognition.calibration import apply_temperature
from audio_models.recognition.cross_validation import Folds
from audio_models.recognition.evaluated_clips import fingerprint_of
from audio_models.recognition.evaluation_result import (
    CROSS_VALIDATED,
    EVALUATION_SPLITS,
    SYNTHETIC_WORDS,
    ClipPrediction,
    Evaluation,
    EvaluationSplit,
    OtherSound,
    Rejection,
    predictions,
)
from audio_models.recognition.learned import Learned
from audio_models.recognition.recognizer import Recognizer
from data import catalogue, task
from data.corpus import SILENCE, SPLITS, UNKNOWN, Clip, CorpusReference, Report, Skipped, Split, no_progress
from data.errors import CorpusError
from data.names import composed


class AllLearnedError(TrainingError):
    """No clip can test a run, since it was trained on them all."""


_SPLIT_OF_RECORDINGS: dict[EvaluationSplit, Split] = {
    "training": "training", "validation": "validation", "test": "test", "all": "test", CROSS_VALIDATED: "test"
}  # fmt: skip


def evaluate(
    run: Run, corpus: CorpusReference | None = None, split: EvaluationSplit = "test", report: Report = no_progress
) -> Evaluation:
    """Evaluate a run on every clip of one split of a corpus, its own by default.

    A recording that the run was trained on, whatever its name, format or folder, is skipped with the reason, unless the
    training, validation or all clips of its own corpus are asked for.

    Raises:
        RunError: the run has no network, or no configuration to take the corpus from.
        CorpusError: the corpus is not available.
        AllLearnedError: the run was trained on every clip of that split.
        TrainingError: no clip of that split can be evaluated.
    """
    recognizer = Recognizer.of_run(run)
    reference = corpus or run.config.corpus
    learned_all = splits_of(run) == (CROSS_VALIDATED,) and reference.name == run.config.corpus.name
    if split == CROSS_VALIDATED or learned_all:
        return _cross_validated(run, run.config.corpus if learned_all else reference, split)
    labels = _labels(recognizer)
    found = evaluated_clips.choose(run, labels, reference, split, report)
    known = learned.load(run, report)
    clips, skipped = (
        known.without_learned(found.clips, split, is_own=reference == run.config.corpus) if known else (found.clips, [])
    )
    if not clips and skipped:
        raise AllLearnedError(
            f"{run.name} was trained on all {len(skipped):,} {'' if split == 'all' else split + ' '}clips of {reference.name}, "
            "so they cannot test it. Evaluate it on other recordings."
        )
    answers, unreadable = answered(recognizer, clips, report)
    if not answers:
        counts = ", ".join(f"{sum(clip.split == one for clip in found.index.clips)} {one}" for one in SPLITS)
        raise TrainingError(
            f"No {'' if split == 'all' else split + ' '}clip of {reference.name} can be used to evaluate {run.id}. "
            f"It has {counts} clips with the labels {', '.join(found.index.labels[:12])}; the network knows {', '.join(labels)}."
        )
    made = _result(run, reference, split, labels, answers)
    rejection = None
    if reference == run.config.corpus:  # only for its own corpus the words without a training clip are known
        rejection = _rejection(
            made.predictions, task.held_out_words(found.index, found.task), recognizer.metadata.threshold
        )
    return replace(
        made,
        skipped=[*found.skipped, *skipped, *unreadable],
        threshold=recognizer.metadata.threshold,
        rejection=rejection,
        new_words=evaluated_clips.never_learned(run, reference, found, known),
        other_sound=_other_sound(run, recognizer, split, known, report),
        speaker_disjoint=found.index.speaker_disjoint,
        split_rule=found.index.split_rule,
        fingerprint=fingerprint_of(found.clips, with_paths=True),
        unchecked="" if split in ("training", "all") and reference == run.config.corpus else _unchecked(run, known),
    )


def _other_sound(
    run: Run, recognizer: Recognizer, split: EvaluationSplit, known: Learned | None, report: Report
) -> list[OtherSound]:
    """Answer the other recordings of a split; of all clips and after a cross-validation, the test recordings."""
    if UNKNOWN not in recognizer.labels:
        return []
    of_split = _SPLIT_OF_RECORDINGS[split]
    words = [label for label in recognizer.labels if label not in (UNKNOWN, SILENCE)]
    found = []
    is_used = known.has_used if known and of_split == "test" else lambda _: False
    for cut in other_sound.stretches(
        run.config.negatives.other,
        of_split,
        words,
        recognizer.clip_seconds,
        recognizer.features.sample_rate,
        is_used,
        report,
    ):
        answers, _ = answered(recognizer, cut.clips, report)
        if answers:
            found.append(OtherSound(cut.folder, cut.kind, cut.recordings, answers))
    return found


def answered(
    recognizer: Recognizer, clips: Sequence[Clip], report: Report = no_progress
) -> tuple[list[ClipPrediction], list[Skipped]]:
    """The answers to clips, each labelled with one of the network's classes, and the clips that cannot be read.

    Raises:
        Cancelled: `report` raised it.
    """
    sequences, unreadable = clip_features(clips, recognizer.features, report)
    read = [(clip, frames) for clip, frames in zip(clips, sequences, strict=True) if frames is not None]
    probabilities = recognizer.probabilities([frames for _, frames in read])
    return predictions([clip for clip, _ in read], _labels(recognizer), probabilities), unreadable


def _labels(recognizer: Recognizer) -> tuple[str, ...]:
    """The labels as corpora write them: Unicode composed."""
    return tuple(composed(label) for label in recognizer.labels)


def _unchecked(run: Run, known: Learned | None) -> str:
    if known is None:
        return f"The training clips of {run.name} are not on this computer, so some of these clips may be among them."
    if known.unknown:
        names = ", ".join(sorted(known.unknown))
        return f"The training clips of {names}, which this run started from, are not on this computer; some of these clips may be among them."
    return ""


def splits_of(run: Run) -> tuple[EvaluationSplit, ...]:
    """The splits of its own corpus that a run can be evaluated on, the best first."""
    return (CROSS_VALIDATED,) if run.config.training.folds else ("test", "validation", "training", "all")


def store_cross_validated(
    run: Run,
    folds: Folds,
    clips: Sequence[Clip],
    probabilities: NDArray[np.float32],
    held_back: NDArray[np.float32] | None = None,
) -> None:
    """Store the cross-validated evaluation of a run in its folder.

    Args:
        folds: how its clips were assigned.
        clips: those that were answered.
        probabilities: (clips, labels), each row from a network that was not trained on the clip.
        held_back: the answers to synthetic words, (words, labels), each from a network that was not trained on the word.
    """
    recognizer = Recognizer.of_run(run)
    shares = apply_temperature(probabilities, recognizer.temperature)
    labels = recognizer.labels
    made = _result(run, run.config.corpus, CROSS_VALIDATED, labels, predictions(clips, labels, shares))
    made = replace(
        made,
        per_class=[score for score in made.per_class if score.support],  # silence is trained on but not evaluated
        threshold=recognizer.metadata.threshold,
        speaker_disjoint=folds.by_speaker or None,
        split_rule=folds.rule,
        new_words=None if folds.by_speaker else tuple(sorted({clip.word for clip in clips if clip.label == UNKNOWN})),
        other_sound=[
            *([] if held_back is None else [_synthetic_words(recognizer, held_back)]),
            *_other_sound(run, recognizer, CROSS_VALIDATED, learned.load(run), no_progress),
        ],
        fingerprint=fingerprint_of(clips),
    )
    evaluation_files.store(run, run.config.corpus, made)


def _synthetic_words(recognizer: Recognizer, held_back: NDArray[np.float32]) -> OtherSound:
    """The answers to synthetic words, which are in no file."""
    clip = Clip(Path(), UNKNOWN, "test", recognizer.clip_seconds, whole=False)
    shares = apply_temperature(held_back, recognizer.temperature)
    answers = predictions([clip] * len(shares), recognizer.labels, shares)
    return OtherSound(SYNTHETIC_WORDS, "speech", len(answers), answers)


def forget_cross_validated(run: Run) -> None:
    """Delete the cross-validated evaluation of a network that is about to be replaced."""
    evaluation_files.forget(run, run.config.corpus, CROSS_VALIDATED)


def _cross_validated(run: Run, reference: CorpusReference, split: EvaluationSplit) -> Evaluation:
    if split != CROSS_VALIDATED:
        raise TrainingError(
            f"{run.name} was trained on all clips of {reference.name}, so its {split} clips cannot test it. "
            "Use its cross-validated accuracy, or evaluate it on another corpus."
        )
    found = load_cached(run, reference, CROSS_VALIDATED) if reference == run.config.corpus else None
    if found is None:
        raise TrainingError(
            f"{run.name} was not cross-validated on {reference.name}. Choose another split, or train it with folds."
        )
    return found


def _result(
    run: Run,
    reference: CorpusReference,
    split: EvaluationSplit,
    labels: Sequence[str],
    answers: Sequence[ClipPrediction],
) -> Evaluation:
    position = {label: number for number, label in enumerate(labels)}
    true = np.array([position[one.clip.label] for one in answers])
    predicted = np.array([position[one.predicted] for one in answers])
    correct = true == predicted
    speakers = [one.clip.speaker for one in answers]
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
        predictions=list(answers),
        model=evaluation_files.model_digest(run),
    )


def _rejection(predictions: Sequence[ClipPrediction], words: set[str], threshold: float) -> Rejection | None:
    new = [one for one in predictions if one.clip.word in words]
    if not new:
        return None
    rejected = sum(not one.is_word(threshold) for one in new)
    return Rejection(tuple(sorted({one.clip.word for one in new})), len(new), rejected)


def evaluate_and_store(
    run: Run, corpus: CorpusReference | None = None, split: EvaluationSplit = "test", report: Report = no_progress
) -> Evaluation:
    """Evaluate as `evaluate` does, and store the result with the run if its folder can be written to.

    Returns:
        the result at the threshold chosen for the run, see `threshold`.
    """
    result = evaluate(run, corpus, split, report)
    if split != CROSS_VALIDATED:  # stored by the training itself
        evaluation_files.store(run, corpus or run.config.corpus, result)
    return _at_chosen_threshold(run, result)


def load_or_evaluate(
    run: Run, corpus: CorpusReference | None = None, split: EvaluationSplit = "test", report: Report = no_progress
) -> Evaluation:
    """Load the stored evaluation, or make a new one if there is none or the corpus has changed since.

    Raises:
        RunError, CorpusError, TrainingError: see `evaluate`.
    """
    found = load_cached(run, corpus, split)
    if found is not None and (found.split == CROSS_VALIDATED or is_current(run, found, corpus, report)):
        return found
    return evaluate_and_store(run, corpus, split, report)


def load_cached(run: Run, corpus: CorpusReference | None = None, split: EvaluationSplit = "test") -> Evaluation | None:
    """Load the stored evaluation of the run's present network, if there is one; see `is_current`."""
    found = evaluation_files.load(run, corpus or run.config.corpus, split)
    return None if found is None else _at_chosen_threshold(run, found)


def _at_chosen_threshold(run: Run, found: Evaluation) -> Evaluation:
    """An evaluation at the threshold chosen for the run; stored ones are at that of its network."""
    chosen = threshold.load(run)
    if chosen is None:
        return found
    words = set(found.rejection.words) if found.rejection else set()
    return replace(found, threshold=chosen, rejection=_rejection(found.predictions, words, chosen))


def is_current(
    run: Run, result: Evaluation, corpus: CorpusReference | None = None, report: Report = no_progress
) -> bool:
    """Whether the corpus still holds the clips of an evaluation, with the same labels, speakers and splits.

    True if the corpus is not on this computer.
    """
    reference = corpus or run.config.corpus
    try:
        if not catalogue.open_corpus(reference, words=result.labels).is_loaded():
            return True
        clips = evaluated_clips.choose(run, result.labels, reference, result.split, report).clips
    except CorpusError:
        # the corpus is gone, or one of the evaluated words is
        return not _is_there(reference)
    if result.split != CROSS_VALIDATED:
        return result.fingerprint == fingerprint_of(clips, with_paths=True)
    wanted = result.fingerprint or fingerprint_of(one.clip for one in result.predictions)
    if wanted == fingerprint_of(clips):
        return True
    sequences, _ = clip_features(clips, Recognizer.of_run(run).features, report)
    return wanted == fingerprint_of(clip for clip, frames in zip(clips, sequences, strict=True) if frames is not None)


def _is_there(reference: CorpusReference) -> bool:
    try:
        return catalogue.open_corpus(reference).is_loaded()
    except CorpusError:
        return False


def split_of(text: str) -> EvaluationSplit:
    """The split that `text` names; "held-back" is an earlier name of "cross-validated".

    Raises:
        RunError: there is none.
    """
    for split in (*EVALUATION_SPLITS, CROSS_VALIDATED):
        if text == split:
            return split
    if text in ("held-back", "held back"):
        return CROSS_VALIDATED
    raise RunError(f"There is no split '{text}'. Choose one of {', '.join(EVALUATION_SPLITS)}, {CROSS_VALIDATED}.")
