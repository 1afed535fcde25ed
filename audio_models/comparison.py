"""The cells compared on the user's own clips: each trained on the same split with the same budget, several times over.

    comparisons/<id>/
      config.json    corpus, task, cells, recipe, seeds; never changes
      runs/<cell>-<seed>/     a run folder each, with measures.json beside
      state.json, process.json, cancel, log.txt    see `work_folder`

Importing this module is cheap; `comparison_process` trains.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audio_models import metrics, work_folder
from audio_models.config import (
    CELL_TITLES,
    CELLS,
    Cell,
    Recipe,
    RunConfig,
    default_augmentation,
    default_features,
    default_network,
    default_training,
    from_dict,
    within,
)
from audio_models.errors import ConfigError, RunError
from audio_models.runs import Run
from audio_models.work_folder import MissingFileError, WorkFolder
from data import workspace
from data.catalogue import CorpusReference
from data.errors import HarkError
from data.task import Task

SURE = 0.05
"""A difference that chance alone makes in more than one of twenty comparisons is called none."""


@dataclass(frozen=True)
class ComparisonConfig:
    """What is compared.

    Attributes:
        corpus, task: what all of them learn, from the same split.
        cells: which.
        recipe: what their other settings come from.
        seeds: trainings of each cell.
        epochs: of each training at the most; the recipe's where 0.
    """

    corpus: CorpusReference
    task: Task
    cells: tuple[Cell, ...] = CELLS
    recipe: Recipe = "plain"
    seeds: int = 3
    epochs: int = 0

    def __post_init__(self) -> None:
        if len(self.cells) < 2 or any(cell not in CELLS for cell in self.cells):
            raise ConfigError(
                f"The cells are {', '.join(self.cells) or 'none'}; choose two or more of {', '.join(CELLS)}."
            )
        within("The number of seeds", self.seeds, 1, 20)
        within("The number of epochs", self.epochs, 0, 1000)

    @property
    def jobs(self) -> list[tuple[Cell, int]]:
        """What is trained, in order: each cell once, then each a second time, so that there is soon something to see."""
        return [(cell, seed) for seed in range(self.seeds) for cell in self.cells]

    def run_config(self, cell: Cell, seed: int) -> RunConfig:
        """The configuration of one training."""
        training = replace(default_training(cell, self.recipe), seed=seed)
        return RunConfig(
            self.corpus,
            self.task,
            f"{CELL_TITLES[cell]}, seed {seed}",
            default_features(self.recipe),
            default_network(cell, self.recipe),
            replace(training, epochs=self.epochs) if self.epochs else training,
            default_augmentation(self.recipe),
        )


@dataclass(frozen=True)
class Measures:
    """What is measured of a trained network beside its accuracy.

    Attributes:
        answer_seconds: from a waveform to an answer, median [s].
        memory_seconds: memory length, median over test clips [s]; None where it is longer than half of them.
    """

    answer_seconds: float
    memory_seconds: float | None


@dataclass(frozen=True)
class Comparison(WorkFolder):
    """One comparison and its folder."""

    @cached_property
    def config(self) -> ComparisonConfig:
        """Raises `RunError` where config.json is missing or damaged."""
        return from_dict(ComparisonConfig, self._read("config.json"))

    def run(self, cell: Cell, seed: int) -> Run:
        """The run folder of one training; it may not be there yet."""
        return Run(self.folder / "runs" / f"{cell}-{seed}")

    def measures(self, cell: Cell, seed: int) -> Measures | None:
        """What was measured of it, once it is trained."""
        try:
            return from_dict(Measures, self._read(f"runs/{cell}-{seed}/measures.json"))
        except (MissingFileError, ConfigError):
            return None

    def write_measures(self, cell: Cell, seed: int, measured: Measures) -> None:
        workspace.write_json(self.run(cell, seed).folder / "measures.json", asdict(measured))


@dataclass(frozen=True)
class CellResult:
    """How one cell fared.

    Attributes:
        accuracy: mean over its trainings, on the judged side; `interval` over speakers, `each` of the trainings.
        parameters: trained numbers.
        epochs: of the trainings, mean.
        epoch_seconds: mean [s].
        measures: medians over the trainings.
        correct: whether each clip was heard right, the trainings one after the other.
        speakers: of these clips.
    """

    cell: Cell
    accuracy: float
    interval: metrics.Interval
    each: tuple[float, ...]
    parameters: int
    epochs: float
    epoch_seconds: float
    measures: Measures
    correct: NDArray[np.bool_] = field(repr=False)
    speakers: tuple[str | None, ...] = field(repr=False)


@dataclass(frozen=True)
class Finding:
    """Two cells on the same clips; `one` is the one that was right more often.

    Attributes:
        p: corrected for the number of comparisons (Holm 1979).
        told_apart: whether p is below `SURE`.
    """

    one: Cell
    other: Cell
    difference: metrics.PairedDifference
    p: float

    @property
    def told_apart(self) -> bool:
        return self.p < SURE

    def in_words(self) -> str:
        """The finding and how sure it is, one sentence."""
        gap = self.difference
        points = f"{100 * gap.difference:.1f} points ({100 * gap.low:.1f} to {100 * gap.high:.1f})"
        one, other = CELL_TITLES[self.one], CELL_TITLES[self.other]
        if self.told_apart:
            return f"{one} is right more often than {other}, by {points}; chance alone would do that in {self.p:.1%} of such comparisons."
        return f"Between {one} and {other} no difference could be told: {points}, and chance alone would do that in {self.p:.0%} of such comparisons."


def results(comparison: Comparison) -> list[CellResult]:
    """Of the cells of which a training is finished and judged, the best first.

    Only seeds that every such cell has are counted, so that all are judged by the same trainings and clips.
    """
    from audio_models import evaluation
    from audio_models.recognizer import Recognizer

    config = comparison.config
    judged = {
        (cell, seed): found
        for cell, seed in config.jobs
        if comparison.measures(cell, seed) is not None and (found := _judged(comparison.run(cell, seed)))
    }
    cells = [cell for cell in config.cells if (cell, 0) in judged]
    seeds = [seed for seed in range(config.seeds) if all((cell, seed) in judged for cell in cells)]
    found = []
    for cell in cells if seeds else []:
        rows: list[evaluation.Evaluation] = [judged[cell, seed] for seed in seeds]
        runs = [comparison.run(cell, seed) for seed in seeds]
        correct = np.array([one.correct for row in rows for one in row.heard])
        speakers = tuple(one.clip.speaker for row in rows for one in row.heard)
        epochs = [row for run in runs for row in run.history]
        measured = [one for seed in seeds if (one := comparison.measures(cell, seed)) is not None]
        lengths = [np.inf if one.memory_seconds is None else one.memory_seconds for one in measured]
        length = float(statistics.median(lengths))
        found.append(
            CellResult(
                cell,
                float(correct.mean()),
                metrics.accuracy_interval(correct, speakers),
                tuple(row.accuracy for row in rows),
                Recognizer(runs[0]).parameters,
                len(epochs) / len(runs),
                statistics.mean(row.seconds for row in epochs),
                Measures(
                    statistics.median(one.answer_seconds for one in measured), length if np.isfinite(length) else None
                ),
                correct,
                speakers,
            )
        )
    return sorted(found, key=lambda one: -one.accuracy)


def findings(found: Sequence[CellResult]) -> list[Finding]:
    """The best cell beside each of the others, by a paired test on the same clips; p after Holm (1979)."""
    if len(found) < 2:
        return []
    best = found[0]
    gaps = [
        (other, metrics.paired_difference(best.correct, other.correct, best.speakers, len(found) - 1))
        for other in found[1:]
    ]
    corrected: dict[Cell, float] = {}
    highest = 0.0
    for rank, (other, gap) in enumerate(sorted(gaps, key=lambda pair: pair[1].p)):
        highest = max(highest, min(1.0, gap.p * (len(gaps) - rank)))
        corrected[other.cell] = highest
    return [Finding(best.cell, other.cell, gap, corrected[other.cell]) for other, gap in gaps]


def _judged(run: Run):  # type: ignore[no-untyped-def]
    from audio_models import evaluation

    return evaluation.kept(run, split="test") or evaluation.kept(run, split="validation")


def create(config: ComparisonConfig) -> Comparison:
    """Make the folder of a new comparison, queued and with no process yet.

    Raises:
        WorkspaceError: it cannot be made.
    """
    return Comparison(work_folder.create(workspace.folder("comparisons"), work_folder.new_name("cells"), config))


def listing() -> list[Comparison]:
    """All comparisons in the workspace that can be read, newest first."""
    found = []
    for one in work_folder.listing(workspace.root() / "comparisons", Comparison):
        try:
            if one.config:
                found.append(one)
        except HarkError:
            continue
    return found


def find(text: str) -> Comparison:
    """The comparison of that id, or the newest.

    Raises:
        RunError: there is none.
    """
    known = listing()
    for one in known:
        if text in (one.id, ""):
            return one
    raise RunError(
        f"There is no comparison '{text}'. There are: {', '.join(one.id for one in known[:5]) or 'none yet'}."
    )
