"""What came of a comparison: the accuracy of each variant with its interval, and how it was trained.

Read from the runs, or from the results.json of a comparison that comes with Echoic and has no runs.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audio_models.config import Cell, Readout
from audio_models.errors import RunError
from audio_models.jobs.runs import Run
from audio_models.lab.comparison import Comparison, Measures, Variant
from audio_models.recognition import metrics
from data import stored, workspace
from data.stored import Count, Seconds, Share

if TYPE_CHECKING:
    from audio_models.recognition.evaluation_result import Evaluation


@dataclass(frozen=True)
class CellResult:
    """The results of one variant.

    Attributes:
        variant: the cell, and its readout if that is compared.
        readout: what its answer is read from.
        split: of the evaluation: "test", or "validation" if the corpus has no test clips.
        parameters: number of trained weights.
        units: size of the state.
        learning_rate: of its trainings.
        curves: validation accuracy after each epoch of each training.
        epoch_seconds: mean duration of an epoch [s]; None in a comparison that comes with Echoic.
        measures: medians over the trainings.
        correct: whether each answer is right, (trainings, clips).
        speakers: of the clips, (clips,).
    """

    variant: Variant
    readout: Readout
    split: str
    parameters: int
    units: int
    learning_rate: float
    curves: tuple[tuple[float, ...], ...]
    epoch_seconds: float | None
    measures: Measures
    correct: NDArray[np.bool_] = field(repr=False)
    speakers: tuple[str | None, ...] = field(repr=False)

    @property
    def cell(self) -> Cell:
        return self.variant.cell

    @property
    def accuracy(self) -> float:
        """Mean over its trainings."""
        return float(self.correct.mean())

    @property
    def each(self) -> tuple[float, ...]:
        """The accuracy of each training."""
        return tuple(self.correct.mean(axis=1).tolist())

    @property
    def interval(self) -> metrics.Interval:
        """The interval of the accuracy, over speakers and trainings."""
        return metrics.mean_accuracy_interval(self.correct, self.speakers)

    @property
    def epochs(self) -> float:
        """Mean number of epochs of a training."""
        return sum(map(len, self.curves)) / len(self.curves)


def results(comparison: Comparison) -> list[CellResult]:
    """Return the results of every variant with an evaluated training, best first.

    Only seeds that all these variants have count, so all are compared on the same trainings and clips.

    Raises:
        RunError: the clips are no longer the same for all, or a file is damaged.
    """
    path = comparison.folder / "results.json"
    found = _read(path) if path.is_file() else _from_runs(comparison)
    return sorted(found, key=lambda one: -one.accuracy)


def _from_runs(comparison: Comparison) -> list[CellResult]:
    from audio_models.recognition.recognizer import Recognizer

    config = comparison.config
    evaluated = {
        (variant, seed): one
        for variant, seed in config.jobs
        if comparison.measures(variant, seed) is not None and (one := evaluation_of(comparison.run(variant, seed)))
    }
    variants = [variant for variant in config.variants if (variant, 0) in evaluated]
    if not variants:
        return []
    seeds = [seed for seed in range(config.seeds) if all((variant, seed) in evaluated for variant in variants)]
    for seed in seeds:
        splits = {
            tuple((one.clip.digest, one.clip.start, one.clip.label) for one in evaluated[variant, seed].predictions)
            for variant in variants
        }
        first = variants[0]
        if len(splits) > 1 or len(evaluated[first, seed].predictions) != len(evaluated[first, 0].predictions):
            raise RunError(
                f"The clips of {config.corpus.name} have changed since the comparison began, so its networks were evaluated on different ones. Start a new comparison."
            )
    found: list[CellResult] = []
    for variant in variants:
        evaluations = [evaluated[variant, seed] for seed in seeds]
        runs = [comparison.run(variant, seed) for seed in seeds]
        histories = [run.history for run in runs]
        if not all(histories):
            raise RunError(f"{comparison.folder} is damaged: a training has lost its history. Start a new comparison.")
        measured = [known for seed in seeds if (known := comparison.measures(variant, seed)) is not None]
        network = runs[0].config.network
        found.append(
            CellResult(
                variant,
                network.readout,
                evaluations[0].split,
                Recognizer.of_run(runs[0]).parameters,
                network.units,
                runs[0].config.training.learning_rate,
                tuple(tuple(epoch.validation_accuracy for epoch in history) for history in histories),
                statistics.mean(epoch.seconds for history in histories for epoch in history),
                Measures.of(
                    [row.answer_seconds for row in measured if row.answer_seconds is not None],
                    [length for row in measured if (length := row.memory_length) is not None],
                ),
                np.array([[answer.correct for answer in one.predictions] for one in evaluations]),
                tuple(one.clip.speaker for one in evaluations[0].predictions),
            )
        )
    return found


def evaluation_of(run: Run) -> Evaluation | None:
    """Load the evaluation of a training on test clips, or on validation clips if the corpus has no test clips."""
    from audio_models.recognition import evaluation

    return evaluation.load_cached(run, split="test") or evaluation.load_cached(run, split="validation")


@dataclass(frozen=True)
class _Row:
    """A variant in results.json; `correct` holds a text of 0 and 1 for each training, one for each clip."""

    cell: Cell
    readout: Readout
    readout_is_compared: bool
    split: str
    parameters: Count
    units: Count
    learning_rate: float
    curves: list[list[Share]]
    memory_seconds: Seconds | None
    memory_is_longer: bool
    correct: list[str]


@dataclass(frozen=True)
class _Stored:
    """results.json; `speakers` holds a number for each clip, None where the speaker is unknown."""

    speakers: list[Count | None]
    variants: list[_Row]


def write(found: Sequence[CellResult], path: Path) -> None:
    """Write results without anything that depends on the machine, or names a speaker.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    numbers = {
        speaker: number for number, speaker in enumerate(dict.fromkeys(found[0].speakers)) if speaker is not None
    }
    rows = [
        _Row(
            one.cell, one.readout, one.variant.readout is not None, one.split, one.parameters, one.units,
            one.learning_rate, [[round(value, 4) for value in curve] for curve in one.curves],
            one.measures.memory_seconds, one.measures.memory_is_longer,
            ["".join("01"[int(right)] for right in training) for training in one.correct],
        )
        for one in found
    ]  # fmt: skip
    kept = _Stored([None if one is None else numbers[one] for one in found[0].speakers], rows)
    workspace.write_json(path, stored.to_builtins(kept))


def _read(path: Path) -> list[CellResult]:
    kept = stored.read(path, _Stored)
    return [
        CellResult(
            Variant(row.cell, row.readout if row.readout_is_compared else None),
            row.readout,
            row.split,
            row.parameters,
            row.units,
            row.learning_rate,
            tuple(map(tuple, row.curves)),
            None,
            Measures(None, row.memory_seconds, row.memory_is_longer),
            np.array([[right == "1" for right in training] for training in row.correct]),
            tuple(None if number is None else str(number) for number in kept.speakers),
        )
        for row in kept.variants
    ]


def as_numbers(found: Sequence[CellResult]) -> list[dict[str, Any]]:
    """What was measured of each cell as JSON values, a row for each."""
    return [
        {
            "cell": row.cell, "readout": row.readout, "accuracy": row.accuracy, "split": row.split,
            "accuracy_interval": [row.interval.low, row.interval.high], "each": list(row.each),
            "parameters": row.parameters, "learning_rate": row.learning_rate, "epochs": row.epochs,
            "epoch_seconds": row.epoch_seconds, **asdict(row.measures),
        }
        for row in found
    ]  # fmt: skip
