"""Compare a network with its int8 copy on the same clips."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio_models.errors import RunError, TrainingError
from audio_models.features.feature_cache import clip_features
from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation
from audio_models.recognition.evaluation_result import CROSS_VALIDATED, Evaluation, EvaluationSplit
from audio_models.recognition.recognizer import Recognizer
from data import catalogue
from data.corpus import Report, no_progress
from data.phrases import percent


@dataclass(frozen=True)
class Int8Agreement:
    """The answers of float and int8 weights to the same clips.

    Attributes:
        split: the split of the clips.
        clips: their number.
        float_accuracy, int8_accuracy: share of right answers.
        alike: clips to which both give the same answer.
    """

    split: EvaluationSplit
    clips: int
    float_accuracy: float
    int8_accuracy: float
    alike: int

    @property
    def summary(self) -> str:
        """Summarise in one sentence, with the accuracy only if the network was not trained on the clips."""
        trained_on = self.split == CROSS_VALIDATED
        clips = f"{self.clips} {'training' if trained_on else self.split} clips"
        agreement = f"int8 and float agree on {'all' if self.alike == self.clips else f'{self.alike} of'} {clips}"
        if trained_on:
            return f"{agreement}."
        return (
            f"{agreement}: accuracy {percent(self.int8_accuracy)} with int8, {percent(self.float_accuracy)} with float."
        )


def measure(run: Run, int8: bytes, report: Report = no_progress) -> Int8Agreement:
    """Compare a run's network with its copy with 8-bit weights on the clips that the run is evaluated on.

    Raises:
        RunError: the run's corpus or its clips are not on this computer.
        CorpusError, TrainingError: the corpus cannot be used, or has no clips to evaluate on.
    """
    evaluated = _evaluated(run, report)
    recognizer = Recognizer.of_run(run)
    sequences, _ = clip_features([one.clip for one in evaluated.predictions], recognizer.features, report)
    there = [
        (one.clip.label, frames)
        for one, frames in zip(evaluated.predictions, sequences, strict=True)
        if frames is not None
    ]
    if not there:
        raise RunError(f"The clips that {run.name} was evaluated on are gone, so int8 was not measured.")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model.int8.onnx"
        copy.write_bytes(int8)
        both = [recognizer, Recognizer(copy)]
    labels = np.array([recognizer.labels.index(label) for label, _ in there])
    float_answers, int8_answers = (one.probabilities([frames for _, frames in there]).argmax(axis=1) for one in both)
    return Int8Agreement(
        evaluated.split,
        len(there),
        float((float_answers == labels).mean()),
        float((int8_answers == labels).mean()),
        int((float_answers == int8_answers).sum()),
    )


def _evaluated(run: Run, report: Report) -> Evaluation:
    """Load a run's stored evaluation or evaluate it now; test clips before others."""
    splits: tuple[EvaluationSplit, ...] = tuple(
        split for split in evaluation.splits_of(run) if split not in ("training", "all")
    )
    for split in splits:
        if stored := evaluation.load_cached(run, None, split):
            return stored
    corpus = catalogue.open_corpus(run.config.corpus)
    if not (corpus.is_loaded() or corpus.description.synthetic):  # synthetic voices are made in seconds
        raise RunError(
            f"The corpus {corpus.description.title} of {run.name} is not on this computer, so int8 was not measured. Load it and export again."
        )
    try:
        return evaluation.evaluate_and_store(run, None, splits[0], report)
    except TrainingError:
        if len(splits) == 1:
            raise
        return evaluation.evaluate_and_store(run, None, splits[1], report)
