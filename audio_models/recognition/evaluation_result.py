"""The result of an evaluation: every clip with its answer, and the figures; stored as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audio_models.recognition.answer import kind_of
from audio_models.recognition.metrics import ClassScore, Interval, SpeakerScore
from data import stored
from data.corpus import SPLITS, Clip, Skipped
from data.other_recordings import Kind
from data.stored import Share

EvaluationSplit = Literal["training", "validation", "test", "all", "cross-validated"]
EVALUATION_SPLITS: tuple[EvaluationSplit, ...] = (*SPLITS, "all")
CROSS_VALIDATED: EvaluationSplit = "cross-validated"
"""The clips of a run evaluated by cross-validation: each was answered by a network that was not trained on it."""


SYNTHETIC_WORDS = "synthetic words"
"""Name of the other sound that cross-validation makes: words that the network of a fold has not learned."""


@dataclass(frozen=True)
class ClipPrediction:
    """One clip of an evaluation and the network's answer.

    Attributes:
        clip: the clip, labelled with one of the network's classes.
        predicted: the label with the highest probability.
        confidence: that probability.
        label_probability: the probability of the true label.
    """

    clip: Clip
    predicted: str
    confidence: Share
    label_probability: Share

    @property
    def correct(self) -> bool:
        return self.clip.label == self.predicted

    def is_word(self, threshold: float) -> bool:
        """Whether the answer is a word whose confidence reaches the threshold; if not, the clip is rejected."""
        return kind_of(self.predicted, self.confidence, threshold, has_unknown=True) == "word"


def predictions(
    clips: Sequence[Clip], labels: Sequence[str], probabilities: NDArray[np.floating[Any]]
) -> list[ClipPrediction]:
    """The answers to clips.

    Args:
        clips: each labelled with one of `labels`.
        labels: in the network's order.
        probabilities: (clips, labels).
    """
    place = {label: number for number, label in enumerate(labels)}
    return [
        ClipPrediction(clip, labels[shares.argmax()], _share(shares.max()), _share(shares[place[clip.label]]))
        for clip, shares in zip(clips, probabilities, strict=True)
    ]


def _share(probability: float) -> float:
    return min(1.0, max(0.0, float(probability)))  # a softmax in float32 may reach 1.0000001


@dataclass(frozen=True)
class Rejection:
    """How often words without a training clip are rejected: answered with `_unknown_`, `_silence_`, or a word below the threshold."""

    words: tuple[str, ...]
    clips: int
    rejected: int


@dataclass(frozen=True)
class OtherSound:
    """The answers to stretches of other recordings, in which none of the words is said.

    Attributes:
        folder: name of their folder.
        kind: "speech" or "noise".
        recordings: number of recordings that they are cut from.
        predictions: one for each stretch.
    """

    folder: str
    kind: Kind
    recordings: int
    predictions: list[ClipPrediction] = field(repr=False)


@dataclass(frozen=True)
class Evaluation:
    """The figures of a run on the clips of one split of a corpus.

    Attributes:
        run: id of the run.
        corpus: name of the corpus, or the folder's path.
        split: the split that was evaluated.
        labels: classes in the order of the matrix.
        accuracy: share of the clips with the right answer.
        interval: its 95 % interval.
        confusion: counts; rows are true labels, columns predicted ones.
        per_class, per_speaker: see `metrics`.
        skipped: clips that were not counted, and why.
        predictions: every clip with its answer.
        threshold: confidence that a word needs.
        rejection: of words without a training clip; None if there are none.
        speaker_disjoint: whether no speaker of the corpus is in two splits; None if speakers are unknown.
        split_rule: how the corpus was split.
        fingerprint: of the corpus' clips for this split; "" in older results.
        model: digest of the model file; "" in older results.
        unchecked: why some clips may have been trained on, one sentence; "" if none was.
        new_words: the other words that the network never learned; None if that is not known.
        other_sound: from the folders of other recordings of the training; not part of the accuracy.
    """

    run: str
    corpus: str
    split: EvaluationSplit
    labels: tuple[str, ...]
    accuracy: Share
    interval: Interval
    confusion: list[list[int]]
    per_class: list[ClassScore]
    per_speaker: list[SpeakerScore]
    skipped: list[Skipped]
    predictions: list[ClipPrediction] = field(repr=False)
    threshold: Share = 0.0
    rejection: Rejection | None = None
    speaker_disjoint: bool | None = None
    split_rule: str = ""
    fingerprint: str = ""
    model: str = ""
    unchecked: str = ""
    new_words: tuple[str, ...] | None = None
    other_sound: list[OtherSound] = field(default_factory=list, repr=False)

    @property
    def clips(self) -> int:
        return len(self.predictions)

    def mistakes(self) -> list[ClipPrediction]:
        """Clips with a wrong answer, the most confident first."""
        return sorted((one for one in self.predictions if not one.correct), key=lambda one: -one.confidence)

    def cell(self, label: str, predicted: str) -> list[ClipPrediction]:
        """The clips of one cell of the matrix, the most confident first."""
        found = [one for one in self.predictions if one.clip.label == label and one.predicted == predicted]
        return sorted(found, key=lambda one: -one.confidence)


def summary(result: Evaluation) -> dict[str, Any]:
    """The figures that the shell prints, without the clips."""
    return {
        "run": result.run,
        "corpus": result.corpus,
        "split": result.split,
        "labels": list(result.labels),
        "clips": result.clips,
        "accuracy": result.accuracy,
        "accuracy_interval": [result.interval.low, result.interval.high],
        "interval_over": result.interval.over,
        "confusion": result.confusion,
        "per_class": [asdict(row) for row in result.per_class],
        "per_speaker": [asdict(row) for row in result.per_speaker],
        "threshold": result.threshold,
        "rejection": asdict(result.rejection) if result.rejection else None,
        "other_sound": [
            {"folder": one.folder, "kind": one.kind, "recordings": one.recordings, "stretches": len(one.predictions)}
            for one in result.other_sound
        ],
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in result.skipped],
        "unchecked": result.unchecked,
    }


def to_json(result: Evaluation) -> Any:
    """Convert an evaluation to JSON values."""
    return stored.to_builtins(result)


def from_json(values: Mapping[str, Any]) -> Evaluation:
    """Read the values of `to_json`, or of an earlier version.

    Raises:
        ValueError, TypeError, LookupError: they are not an evaluation.
    """
    values = dict(values)
    if "heard" in values:  # before the rows had names
        values["predictions"] = [_old_row(row) for row in values.pop("heard")]
    if values["split"] == "held back":
        values["split"] = CROSS_VALIDATED
    result = stored.convert(values, Evaluation)
    size = len(result.labels)
    if len(result.confusion) != size or any(len(row) != size for row in result.confusion):
        raise ValueError(f"a matrix that does not fit {size} labels")
    if not {one.clip.label for one in result.predictions} | {one.predicted for one in result.predictions} <= set(
        result.labels
    ):
        raise ValueError("a clip with a label that is none of the classes")
    return result


_OLD_ROW = ("path", "label", "split", "seconds", "speaker", "digest", "start", "gain", "whole", "word")


def _old_row(row: list[Any]) -> dict[str, Any]:
    *clip, predicted, confidence, label_probability = row
    return {
        "clip": dict(zip(_OLD_ROW, clip, strict=True)),
        "predicted": predicted,
        "confidence": confidence,
        "label_probability": label_probability,
    }
