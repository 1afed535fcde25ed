"""Compare cells on the user's own clips: each is trained several times, on the same split and with the same readout.

    comparisons/<id>/
      config.json    corpus, task, cells, how they are trained; never changes
      search.json    one row per short training of the learning-rate search
      runs/<cell>-<seed>/     a run folder with measures.json added
      state.json, process.json, cancel, log.txt    see `job_folder`

Importing this module is cheap; `comparison_process` trains, `comparison_results` reads what came of it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Literal

from audio_models.config import CELL_TITLES, CELLS, Cell, Readout, Recipe, RunConfig
from audio_models.errors import ConfigError
from audio_models.jobs import job_folder
from audio_models.jobs.job_folder import JobFolder, MissingFileError
from audio_models.jobs.runs import Run
from audio_models.lab import bundled as bundled_results
from audio_models.recipes import default_network, default_run, default_training
from audio_models.settings import check, setting
from data import workspace
from data.corpus import CorpusReference
from data.stored import Seconds
from data.task import Task

ReadoutRule = Literal["same", "mean", "both", "recipe"]
READOUT_RULES: dict[ReadoutRule, str] = {
    "same": "The last state, for all",
    "mean": "The mean of all states, for all",
    "both": "Last state or mean: each cell with both",
    "recipe": "As the recipe has it: mean for SimpleRNN",
}

_LONGEST = 1000  # epochs of a training


@dataclass(frozen=True)
class Variant:
    """One of the things compared: a cell, and what its answer is read from if that is compared too.

    Attributes:
        readout: None where the comparison has one for all.
    """

    cell: Cell
    readout: Readout | None = None

    @property
    def key(self) -> str:
        """Its name in files: "lstm", "lstm-mean"."""
        return f"{self.cell}-{self.readout}" if self.readout else self.cell

    @property
    def title(self) -> str:
        """Its name on a page: "LSTM", "LSTM, last state", "LSTM, mean"."""
        if self.readout is None:
            return self.cell_title
        return f"{self.cell_title}, {'last state' if self.readout == 'last' else self.readout}"

    @property
    def cell_title(self) -> str:
        """The name of its cell, without a remark: "Feed-forward"."""
        return CELL_TITLES[self.cell].split(" (")[0]


@dataclass(frozen=True)
class ComparisonConfig:
    """The settings of a comparison.

    Attributes:
        corpus, task: what all cells are trained on, with the same split.
    """

    corpus: CorpusReference
    task: Task
    cells: tuple[Cell, ...] = setting(CELLS, title="Cells", titles=CELL_TITLES, help="Cells to compare, two or more.")
    readout: ReadoutRule = setting(
        "same", title="Readout", titles=READOUT_RULES,
        help="What the answer is read from: same is one readout for all cells, the last state in the plain recipe; mean is the mean of all states; both trains each cell with either; recipe is what the recipe has for each cell. A feed-forward network has no state, so it always takes the mean.",
    )  # fmt: skip
    recipe: Recipe = setting("plain", title="Recipe", help="Recipe that sets everything else.")
    seeds: int = setting(3, 1, 20, title="Seeds", help="Trainings of each cell.")
    epochs: int = setting(0, 0, _LONGEST, title="Epochs", help="Epochs of each training; 0: as many as the recipe has.")
    seconds: int = setting(
        0, 0, 86_400, unit="s", title="Time per training",
        help="Train each network for this time instead of the same number of epochs; how many epochs that is, the search measures; 0: the same number of epochs.",
    )  # fmt: skip
    patience: int = setting(
        0, 0, 1000, title="Patience",
        help="Stop a training after this many epochs without a lower validation loss; 0: all train to the end.",
    )  # fmt: skip
    rates: tuple[float, ...] = setting(
        (5e-4, 1e-3, 2e-3, 4e-3, 8e-3), 1e-6, 1, title="Learning rates",
        help="Learning rates tried for each cell in short trainings; the one with the lowest validation loss is used. One rate: no search; none: the recipe's own for each cell.",
    )  # fmt: skip
    search_epochs: int = setting(4, 1, 100, title="Search epochs", help="Epochs of each training of the search.")

    def __post_init__(self) -> None:
        check(self)
        if len(self.cells) < 2:
            raise ConfigError(f"Cells is {', '.join(self.cells) or 'empty'}; choose two or more of {', '.join(CELLS)}.")
        if len(set(self.cells)) < len(self.cells):
            raise ConfigError(f"A cell is given twice in {', '.join(self.cells)}; name each once.")
        if len(set(self.rates)) < len(self.rates):
            raise ConfigError(f"A learning rate is given twice in {', '.join(map(str, self.rates))}; name each once.")
        for variant in self.variants:
            self.run_config(variant, 0)  # refuses a readout that does not fit the recipe

    @property
    def variants(self) -> list[Variant]:
        """What is compared, in the order of training."""
        if self.readout != "both":
            return [Variant(cell) for cell in self.cells]
        readouts: tuple[Readout, ...] = ("last", "mean")
        return [
            variant
            for cell in self.cells
            for variant in (
                [Variant(cell)] if cell == "feed_forward" else [Variant(cell, readout) for readout in readouts]
            )
        ]

    @property
    def jobs(self) -> list[tuple[Variant, int]]:
        """The trainings in order: every variant once, then every one a second time, and so on."""
        return [(variant, seed) for seed in range(self.seeds) for variant in self.variants]

    @property
    def searched(self) -> list[tuple[Variant, float]]:
        """The short trainings: each variant with each rate; also with one rate, if it is to measure time."""
        if len(self.rates) < 2 and not self.seconds:
            return []
        return [(variant, rate) for variant in self.variants for rate in self.rates or [self._first_rate(variant)]]

    def run_config(
        self, variant: Variant, seed: int, *, rate: float | None = None, epochs: int | None = None
    ) -> RunConfig:
        """Return the configuration of one training.

        Args:
            rate, epochs: as the search found them; by default what is set here, or else the recipe's.
        """
        name = f"{variant.title}, seed {seed}"
        run = default_run(self.corpus, self.task, variant.cell, self.recipe, seed=seed, name=name)
        return replace(
            run,
            network=replace(run.network, readout=self._readout(variant)),
            training=replace(
                run.training,
                patience=self.patience,
                learning_rate=self._first_rate(variant) if rate is None else rate,
                epochs=epochs or self.epochs or run.training.epochs,
            ),
        )

    def _readout(self, variant: Variant) -> Readout:
        if variant.readout or self.readout == "mean":
            return variant.readout or "mean"
        cell = variant.cell if self.readout == "recipe" else "gru"  # the gated cells' readout for all
        return default_network(cell, self.recipe).readout

    def _first_rate(self, variant: Variant) -> float:
        return self.rates[0] if self.rates else default_training(variant.cell, self.recipe).learning_rate


@dataclass(frozen=True)
class Trial:
    """One short training of the search.

    Attributes:
        variant: its key.
        rate: the learning rate.
        loss: lowest validation loss [nat]; None if the training diverged.
        epoch_seconds: median duration of an epoch [s].
    """

    variant: str
    rate: float
    loss: float | None
    epoch_seconds: Seconds


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
        _ = self.config, self.state, self.trials, [self.measures(*job) for job in self.config.jobs]

    @classmethod
    def _of_today(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Earlier versions took readout, learning rate and patience from the recipe of each cell."""
        patience = default_training("gru").patience if values.get("recipe", "plain") == "plain" else 0
        return {"readout": "recipe", "rates": [], "patience": patience, **values}

    @property
    def trials(self) -> list[Trial]:
        """Read the short trainings of the search.

        Raises:
            RunError: search.json is damaged.
        """
        return self._rows("search.json", Trial)

    def write_trials(self, trials: Sequence[Trial]) -> None:
        workspace.write_json(self.folder / "search.json", [asdict(trial) for trial in trials])

    def planned(self, variant: Variant, seed: int) -> RunConfig:
        """Return the configuration of one training, with the learning rate and the epochs that the search found."""
        trials = [one for one in self.trials if one.variant == variant.key]
        best = min((one for one in trials if one.loss is not None), key=lambda one: one.loss or 0.0, default=None)
        epochs = None
        if self.config.seconds and trials:
            each = max(1e-3, statistics.median(one.epoch_seconds for one in trials))
            epochs = min(_LONGEST, max(1, round(self.config.seconds / each)))
        return self.config.run_config(variant, seed, rate=best.rate if best else None, epochs=epochs)

    def run(self, variant: Variant, seed: int) -> Run:
        """Return the run of one training, which may not exist yet."""
        return Run(self.folder / "runs" / f"{variant.key}-{seed}")

    def measures(self, variant: Variant, seed: int) -> Measures | None:
        """Read what was measured of a training; None before it is finished.

        Raises:
            RunError: the file is damaged.
        """
        try:
            return self._read(f"runs/{variant.key}-{seed}/measures.json", Measures)
        except MissingFileError:
            return None

    def write_measures(self, variant: Variant, seed: int, measured: Measures) -> None:
        workspace.write_json(self.run(variant, seed).folder / "measures.json", asdict(measured))


def create(config: ComparisonConfig) -> Comparison:
    """Create the folder of a new comparison, "queued" and without a process.

    Raises:
        WorkspaceError: it cannot be created.
    """
    return Comparison(job_folder.create(workspace.folder("comparisons"), job_folder.new_name("cells"), config))


def listing() -> list[Comparison]:
    """All comparisons in the workspace, newest first, damaged ones included."""
    return job_folder.listing(workspace.root() / "comparisons", Comparison)


def bundled() -> list[Comparison]:
    """The comparisons that come with Echoic."""
    folder = bundled_results.folder_of("comparisons")
    return [Comparison(folder / name) for name in ("cells", "last-or-mean") if (folder / name).is_dir()]
