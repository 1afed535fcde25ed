"""Compare cells on the user's own clips: each is trained several times on the same split with the same budget.

    comparisons/<id>/
      config.json    corpus, task, cells, recipe, seeds; never changes
      runs/<cell>-<seed>/     a run folder with measures.json added
      state.json, process.json, cancel, log.txt    see `job_folder`

Importing this module is cheap; `comparison_process` trains.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from audio_models.config import CELL_TITLES, CELLS, Cell, Recipe, RunConfig
from audio_models.errors import ConfigError, RunError
from audio_models.jobs import job_folder
from audio_models.jobs.job_folder import JobFolder, MissingFileError
from audio_models.jobs.runs import Run
from audio_models.recipes import default_run
from audio_models.recognition import metrics
from audio_models.settings import check, setting
from data import workspace
from data.corpus import CorpusReference
from data.stored import Seconds
from data.task import Task

if TYPE_CHECKING:
    from audio_models.recognition.evaluation_result import Evaluation

SIGNIFICANCE = 0.05
"""Significance level: with a larger p-value, two cells are too close to call."""


@dataclass(frozen=True)
class ComparisonConfig:
    """The settings of a comparison.

    Attributes:
        corpus, task: what all cells are trained on, with the same split.
    """

    corpus: CorpusReference
    task: Task
    cells: tuple[Cell, ...] = setting(CELLS, title="Cells", titles=CELL_TITLES, help="Cells to compare, two or more.")
    recipe: Recipe = setting("plain", title="Recipe", help="Recipe that sets everything else.")
    seeds: int = setting(3, 1, 20, title="Seeds", help="Trainings of each cell.")
    epochs: int = setting(
        0, 0, 1000, title="Epochs", help="Epochs of each training at most; 0: as many as the recipe has."
    )

    def __post_init__(self) -> None:
        check(self)
        if len(self.cells) < 2:
            raise ConfigError(f"Cells is {', '.join(self.cells) or 'empty'}; choose two or more of {', '.join(CELLS)}.")
        if len(set(self.cells)) < len(self.cells):
            raise ConfigError(f"A cell is given twice in {', '.join(self.cells)}; name each once.")

    @property
    def jobs(self) -> list[tuple[Cell, int]]:
        """The trainings in order: every cell once, then every cell a second time, and so on."""
        return [(cell, seed) for seed in range(self.seeds) for cell in self.cells]

    def run_config(self, cell: Cell, seed: int) -> RunConfig:
        """Return the configuration of one training."""
        name = f"{CELL_TITLES[cell]}, seed {seed}"
        return default_run(self.corpus, self.task, cell, self.recipe, name=name, seed=seed, epochs=self.epochs or None)


@dataclass(frozen=True)
class Measures:
    """Measurements of a trained network besides its accuracy.

    Attributes:
        answer_seconds: latency from waveform to answer, median over clips of words [s]; None without such clips.
        memory_seconds: memory length, median over these clips [s]; None if longer than the clips or not measured.
        memory_is_longer: whether it exceeds the length of half the clips.
    """

    answer_seconds: Seconds | None = None
    memory_seconds: Seconds | None = None
    memory_is_longer: bool = False

    @classmethod
    def of(cls, answers: Sequence[float], lengths: Sequence[float]) -> Measures:
        """Summarise latencies and memory lengths; an infinite length is longer than its clip."""
        if not answers or not lengths:
            return cls(statistics.median(answers) if answers else None)
        length = statistics.median_high(lengths)
        longer = math.isinf(length)
        return cls(statistics.median(answers), None if longer else length, longer)

    @property
    def memory_length(self) -> float | None:
        """Memory length [s]; infinite if longer than the clips, None if not measured."""
        return math.inf if self.memory_is_longer else self.memory_seconds

    @property
    def memory_text(self) -> str:
        if self.memory_is_longer:
            return "longer than the clips"
        return "not measured" if self.memory_seconds is None else f"{self.memory_seconds:.2f} s"

    @property
    def latency_text(self) -> str:
        return "not measured" if self.answer_seconds is None else f"{1000 * self.answer_seconds:.1f} ms"


@dataclass(frozen=True)
class Comparison(JobFolder[ComparisonConfig]):
    """One comparison in its folder."""

    config_kind: ClassVar[type[ComparisonConfig]] = ComparisonConfig
    process: ClassVar[str] = f"{__package__}.comparison_process"

    def _check_files(self) -> None:
        _ = self.config, self.state, [self.measures(*job) for job in self.config.jobs]

    def run(self, cell: Cell, seed: int) -> Run:
        """Return the run of one training, which may not exist yet."""
        return Run(self.folder / "runs" / f"{cell}-{seed}")

    def measures(self, cell: Cell, seed: int) -> Measures | None:
        """Read what was measured of a training; None before it is finished.

        Raises:
            RunError: the file is damaged.
        """
        try:
            return self._read(f"runs/{cell}-{seed}/measures.json", Measures)
        except MissingFileError:
            return None

    def write_measures(self, cell: Cell, seed: int, measured: Measures) -> None:
        workspace.write_json(self.run(cell, seed).folder / "measures.json", asdict(measured))


@dataclass(frozen=True)
class CellResult:
    """The results of one cell.

    Attributes:
        accuracy: mean over its trainings, with its `interval` over speakers and trainings; `each` per training.
        split: of the evaluation: "test", or "validation" if the corpus has no test clips.
        parameters: number of trained weights.
        epochs: mean over the trainings.
        epoch_seconds: mean duration of an epoch [s].
        measures: medians over the trainings.
        correct: whether each answer is right, (trainings, clips).
        speakers: of the clips, (clips,).
    """

    cell: Cell
    accuracy: float
    split: str
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
    """Two cells on the same clips; `one` is the more accurate.

    Attributes:
        p: p-value, corrected for the number of comparisons (Holm 1979); None with one training of each.
        is_significant: whether p is below `SIGNIFICANCE`.
    """

    one: Cell
    other: Cell
    difference: metrics.PairedDifference
    p: float | None

    @property
    def is_significant(self) -> bool:
        return self.p is not None and self.p < SIGNIFICANCE

    def summary(self) -> str:
        """Summarise which cell is better, by how much, and the p-value."""
        gap = self.difference
        one, other = CELL_TITLES[self.one], CELL_TITLES[self.other]
        points = f"{100 * gap.difference:.1f} points"
        if self.p is None or gap.low is None or gap.high is None:
            return f"{one} was ahead of {other} by {points}; too few trainings or clips to rule out chance."
        points += f" ({100 * gap.low:.1f} to {100 * gap.high:.1f})"
        if self.is_significant:
            return (
                f"{one} is better than {other} by {points}; {'p < 0.001' if self.p < 0.001 else f'p = {self.p:.3f}'}."
            )
        return f"Too close to call: {one} and {other}. {one} is ahead by {points}; p = {self.p:.2f}: a gap this large is common by chance."


def results(comparison: Comparison) -> list[CellResult]:
    """Return the results of every cell with an evaluated training, best first.

    Only seeds that all these cells have count, so all are compared on the same trainings and clips.

    Raises:
        RunError: the clips are no longer the same for all, or a file is damaged.
    """
    from audio_models.recognition.recognizer import Recognizer

    config = comparison.config
    evaluated = {
        (cell, seed): one
        for cell, seed in config.jobs
        if comparison.measures(cell, seed) is not None and (one := evaluation_of(comparison.run(cell, seed)))
    }
    cells = [cell for cell in config.cells if (cell, 0) in evaluated]
    if not cells:
        return []
    seeds = [seed for seed in range(config.seeds) if all((cell, seed) in evaluated for cell in cells)]
    for seed in seeds:
        splits = {
            tuple((one.clip.digest, one.clip.start, one.clip.label) for one in evaluated[cell, seed].predictions)
            for cell in cells
        }
        if len(splits) > 1 or len(evaluated[cells[0], seed].predictions) != len(evaluated[cells[0], 0].predictions):
            raise RunError(
                f"The clips of {config.corpus.name} have changed since the comparison began, so its networks were evaluated on different ones. Start a new comparison."
            )
    found: list[CellResult] = []
    for cell in cells:
        evaluations = [evaluated[cell, seed] for seed in seeds]
        runs = [comparison.run(cell, seed) for seed in seeds]
        correct = np.array([[answer.correct for answer in one.predictions] for one in evaluations])
        speakers = tuple(one.clip.speaker for one in evaluations[0].predictions)
        epochs = [epoch for run in runs for epoch in run.history]
        if not epochs:
            raise RunError(f"{comparison.folder} is damaged: a training has lost its history. Start a new comparison.")
        measured = [known for seed in seeds if (known := comparison.measures(cell, seed)) is not None]
        found.append(
            CellResult(
                cell,
                float(correct.mean()),
                evaluations[0].split,
                metrics.mean_accuracy_interval(correct, speakers),
                tuple(one.accuracy for one in evaluations),
                Recognizer.of_run(runs[0]).parameters,
                len(epochs) / len(runs),
                statistics.mean(epoch.seconds for epoch in epochs),
                Measures.of(
                    [row.answer_seconds for row in measured if row.answer_seconds is not None],
                    [length for row in measured if (length := row.memory_length) is not None],
                ),
                correct,
                speakers,
            )
        )
    return sorted(found, key=lambda one: -one.accuracy)


def findings(found: Sequence[CellResult]) -> list[Finding]:
    """Compare the best cell with each of the others: paired test on the same clips, Holm-corrected (1979)."""
    if len(found) < 2:
        return []
    best = found[0]
    gaps = [
        (other.cell, metrics.paired_difference(best.correct, other.correct, best.speakers, len(found) - 1))
        for other in found[1:]
    ]
    corrected: dict[Cell, float] = {}
    highest = 0.0
    ranked = sorted((gap.p, cell) for cell, gap in gaps if gap.p is not None)
    for rank, (p, cell) in enumerate(ranked):
        highest = max(highest, min(1.0, p * (len(ranked) - rank)))
        corrected[cell] = highest
    return [Finding(best.cell, cell, gap, corrected.get(cell)) for cell, gap in gaps]


def evaluation_of(run: Run) -> Evaluation | None:
    """Load the evaluation of a training on test clips, or on validation clips if the corpus has no test clips."""
    from audio_models.recognition import evaluation

    return evaluation.load_cached(run, split="test") or evaluation.load_cached(run, split="validation")


def create(config: ComparisonConfig) -> Comparison:
    """Create the folder of a new comparison, "queued" and without a process.

    Raises:
        WorkspaceError: it cannot be created.
    """
    return Comparison(job_folder.create(workspace.folder("comparisons"), job_folder.new_name("cells"), config))


def listing() -> list[Comparison]:
    """All comparisons in the workspace, newest first, damaged ones included."""
    return job_folder.listing(workspace.root() / "comparisons", Comparison)
