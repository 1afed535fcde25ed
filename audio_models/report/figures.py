"""The figures of an evaluation: each a chart with its title, and what it shows in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from audio_models.listening.streaming_evaluation import Point, StreamingEvaluation
from audio_models.recognition import metrics
from audio_models.recognition.evaluation_result import Evaluation
from audio_models.recognition.open_set import OpenSet
from audio_models.report import charts
from audio_models.report.matrix import confusion_matrix, matrix_in_words
from data.phrases import percent, plural


@dataclass(frozen=True)
class Figure:
    """A chart to show or to save.

    Attributes:
        title: a noun phrase, also the name of its file.
        text: what it shows, in a sentence or two, for those who cannot see it.
        chart: of Altair, without a size of its own where it fills the page's width.
    """

    title: str
    text: str
    chart: Any


def confusion(result: Evaluation, *, shares: bool = False, on_dark: bool = False) -> Figure:
    """The confusion matrix, in counts or in shares of each row; `on_dark`: for a dark page."""
    counts = np.array(result.confusion)
    chart = confusion_matrix(counts, result.labels, shares=shares, on_dark=on_dark)
    return Figure("Confusion matrix", matrix_in_words(counts, result.labels), chart)


def class_scores(result: Evaluation) -> Figure:
    """Precision, recall and F1 of each class."""
    table = pd.DataFrame([asdict(row) for row in result.per_class]).rename(columns={"f1": "F1"})
    long = table.melt("label", ["precision", "recall", "F1"], "measure", "score")
    return Figure("Scores of each class", "Precision, recall and F1 of each class.", charts.score_bars(long))


def speakers(result: Evaluation) -> Figure | None:
    """How the accuracies of the speakers are spread; None if speakers are unknown."""
    if not result.per_speaker:
        return None
    table = pd.DataFrame([asdict(row) for row in result.per_speaker])
    lowest, highest = table["accuracy"].min(), table["accuracy"].max()
    text = f"Accuracies of {plural(len(table), 'speaker')}, from {100 * lowest:.1f} % to {100 * highest:.1f} %."
    return Figure("Accuracy of each speaker", text, charts.speaker_accuracies(table))


def confidence(result: Evaluation) -> Figure:
    """Accuracy against confidence."""
    bins = reliability_bins(result)
    said = "; ".join(
        f"{one.clips} answers at {percent(one.confidence, 0)}: {percent(one.accuracy, 0)} right" for one in bins
    )
    chart = charts.reliability(pd.DataFrame([asdict(one) for one in bins]), result.threshold)
    return Figure("Accuracy against confidence", f"Accuracy against confidence. {said}.", chart)


def reliability_bins(result: Evaluation) -> list[metrics.ReliabilityBin]:
    """The answers in bins of similar confidence, see `metrics.reliability`."""
    confidences = np.array([one.confidence for one in result.predictions])
    return metrics.reliability(confidences, np.array([one.correct for one in result.predictions]))


def acceptance(found: OpenSet) -> Figure | None:
    """Own words accepted against other sound accepted, over all thresholds; None without other sound."""
    if not found.curves:
        return None
    rows = [
        {"sound": line.title, "threshold": point.threshold, "own": point.own, "other": point.other,
         "in use": point is line.at_threshold}
        for line in found.curves
        for point in [*line.points, line.at_threshold]
    ]  # fmt: skip
    others = ", ".join(f"{100 * line.at_threshold.other:.1f} % of {line.title}" for line in found.curves)
    text = f"At the threshold of {100 * found.threshold:.1f} %, {100 * found.own.share:.1f} % of own words are accepted, and {others}."
    return Figure("Own words and other sound accepted", text, charts.acceptance(pd.DataFrame(rows)))


def false_alarms(found: StreamingEvaluation, chosen: Point) -> Figure:
    """Missed words against false alarms per hour; `chosen` is ringed."""
    text = "Missed words against false alarms an hour, a point for each threshold."
    return Figure("Missed words and false alarms", text, charts.false_alarms(found, chosen))
