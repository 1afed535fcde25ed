"""The memory lab: how well each cell remembers over how many steps, measured by training small networks.

    memory/<id>/
      config.json    task, cells, lengths and settings; never changes
      points.json    one row a cell and length, as they are done
      state.json, process.json, cancel, log.txt    see `work_folder`

Importing this module is cheap; `memory_process` trains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal, get_args

from audio_models.config import Cell, within
from audio_models.errors import ConfigError
from audio_models.jobs import job_folder
from audio_models.jobs.job_folder import JobFolder
from audio_models.lab import memory_tasks
from data import workspace
from data.stored import Count, Seconds, Share

Initialisation = Literal["orthogonal", "identity", "glorot_uniform"]
INITIALISATIONS: tuple[Initialisation, ...] = get_args(Initialisation)
LAB_CELLS: tuple[Cell, ...] = ("simple_rnn", "lstm", "gru")

GOOD = 0.99
"""Share of right answers at which a point is done before its last step."""


@dataclass(frozen=True)
class MemoryConfig:
    """What is measured.

    Attributes:
        task: see `memory_tasks`.
        cells: to compare.
        lengths: steps over which they have to remember; the task's own where empty.
        units: size of the state.
        steps: of the optimizer at the most for each point; a point stops where 99 of 100 answers are right.
        batch_size: sequences a step, drawn anew each time.
        learning_rate: of Adam.
        initialisation: of the recurrent kernel: "orthogonal" keeps the length of what it multiplies, so that only the
            slopes of the cell let a gradient fade (Saxe et al. 2014); "identity" does so too and lets each unit hand on
            its own state (Le et al. 2015, there with a rectifier instead of tanh); "glorot_uniform" is what a layer
            without a loop would get.
        clip_norm: bound on the gradient of a step; 0 lets it be, also where it explodes.
        forget_bias: of the gate that keeps the memory, an LSTM's forget gate and a GRU's update gate, at the start: 1
            lets memory pass from the first step on (Jozefowicz et al. 2015), 0 halves it at every step.
        seed: of first weights and sequences.
    """

    task: str = "recall"
    cells: tuple[Cell, ...] = LAB_CELLS
    lengths: tuple[int, ...] = ()
    units: int = 24
    steps: int = 800
    batch_size: int = 64
    learning_rate: float = 5e-3
    initialisation: Initialisation = "orthogonal"
    clip_norm: float = 1.0
    forget_bias: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        task = memory_tasks.find(self.task)
        if not self.lengths:
            object.__setattr__(self, "lengths", task.lengths)
        if not self.cells or any(cell not in LAB_CELLS for cell in self.cells):
            raise ConfigError(f"The cells are {', '.join(self.cells) or 'none'}; choose among {', '.join(LAB_CELLS)}.")
        for name, values in (("cell", self.cells), ("length", self.lengths)):
            if len(set(values)) < len(values):
                raise ConfigError(f"A {name} is given twice in {', '.join(map(str, values))}; name each once.")
        if self.initialisation not in INITIALISATIONS:
            raise ConfigError(
                f"There is no initialisation '{self.initialisation}'; choose one of {', '.join(INITIALISATIONS)}."
            )
        for length in self.lengths:
            within("A length", length, 2, 500, " steps")
        within("The number of units", self.units, 1, 256)
        within("The number of steps", self.steps, 25, 20_000)
        within("The batch size", self.batch_size, 1, 1024)
        within("The learning rate", self.learning_rate, 1e-6, 1)
        within("The gradient's bound", self.clip_norm, 0, 1e3)
        within("The forget gate's bias", self.forget_bias, -5, 5)
        within("The seed", self.seed, 0, 2**31 - 1)

    @property
    def points(self) -> list[tuple[Cell, int]]:
        """What is trained, in order: the short ones first, so that the picture grows from the left."""
        return [(cell, length) for length in self.lengths for cell in self.cells]


@dataclass(frozen=True)
class Point:
    """One cell at one length.

    Attributes:
        accuracy: share of right answers to new sequences, after the last step.
        steps: that the training took.
        seconds: that it took.
    """

    cell: Cell
    length: Count
    accuracy: Share
    steps: Count
    seconds: Seconds


@dataclass(frozen=True)
class Experiment(JobFolder[MemoryConfig]):
    """One measurement and its folder."""

    config_kind: ClassVar[type[MemoryConfig]] = MemoryConfig
    process: ClassVar[str] = f"{__package__}.memory_process"

    def _check_files(self) -> None:
        _ = self.config, self.state, self.points

    @property
    def points(self) -> list[Point]:
        """Those that are done."""
        return self._rows("points.json", Point)

    def write_points(self, points: Sequence[Point]) -> None:
        workspace.write_json(self.folder / "points.json", [asdict(point) for point in points])


def create(config: MemoryConfig) -> Experiment:
    """Make the folder of a new measurement, queued and with no process yet.

    Raises:
        WorkspaceError: it cannot be made.
    """
    return Experiment(job_folder.create(workspace.folder("memory"), job_folder.new_name(config.task), config))


def listing() -> list[Experiment]:
    """All measurements in the workspace, newest first, damaged ones included."""
    return job_folder.listing(workspace.root() / "memory", Experiment)
