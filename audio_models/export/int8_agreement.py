"""Two graphs of one network, float and int8, judged by the same clips."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio_models.errors import RunError, TrainingError
from audio_models.features.feature_cache import clip_features
from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation
from audio_models.recognition.evaluation import Evaluation, EvaluationSplit
from audio_models.recognition.recognizer import Recognizer
from data import catalogue
from data.corpus import Report, no_progress


@dataclass(frozen=True)
class SideBySide:
    """How the same clips fare with both.

    Attributes:
        split: the side that the clips are from.
        clips: how many.
        float_accuracy, int8_accuracy: share of them that is heard right.
        alike: clips to which both give the same label.
    """

    split: EvaluationSplit
    clips: int
    float_accuracy: float
    int8_accuracy: float
    alike: int

    @property
    def in_words(self) -> str:
        """One sentence."""
        held_back = self.split == evaluation.CROSS_VALIDATED
        clips = f"{self.clips} clips that it has learned from, so that only the difference counts," if held_back else f"{self.clips} {self.split} clips"  # fmt: skip
        return (
            f"On {clips} float hears {self.float_accuracy:.1%} right and int8 {self.int8_accuracy:.1%}; "
            f"both give the same label to {self.alike}."
        )


def measure(run: Run, int8: bytes, report: Report = no_progress) -> SideBySide:
    """Judge a run's graph and its copy with weights of 8 bits by the clips that the run is judged by.

    Raises:
        RunError: the run's corpus or its clips are not on this computer.
        CorpusError, TrainingError: the corpus cannot be used, or none of its clips can be judged.
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
        raise RunError(f"The clips that {run.name} was judged by are not there any more, so int8 was not measured.")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model.int8.onnx"
        copy.write_bytes(int8)
        both = [recognizer, Recognizer(copy)]
    said = np.array([recognizer.labels.index(label) for label, _ in there])
    heard, heard_int8 = (one.probabilities([frames for _, frames in there]).argmax(axis=1) for one in both)
    return SideBySide(
        evaluated.split,
        len(there),
        float((heard == said).mean()),
        float((heard_int8 == said).mean()),
        int((heard == heard_int8).sum()),
    )


def _evaluated(run: Run, report: Report) -> Evaluation:
    """The kept judgement of a run, else one that is made now; test clips before others."""
    splits: tuple[EvaluationSplit, ...] = tuple(
        split for split in evaluation.splits_of(run) if split not in ("training", "all")
    )
    for split in splits:
        if kept := evaluation.load_cached(run, None, split):
            return kept
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
