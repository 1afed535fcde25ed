"""Memory lab: measure how many steps each cell remembers, by training small networks.

    memory/<id>/
      config.json    task, cells, lengths and settings; never changes
      points.json    one row per cell and length, added as they finish
      state.json, process.json, cancel, log.txt    see `job_folder`

Measurements of every task come with Echoic, see `bundled`. Importing this module is cheap; `memory_process` trains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal, get_args

from audio_models.config import CELL_TITLES, Cell
from audio_models.errors import ConfigError
from audio_models.jobs import job_folder
from audio_models.jobs.job_folder import JobFolder
from audio_models.lab import bundled as bundled_results
from audio_models.lab import memory_tasks
from audio_models.networks.initial_weights import Initialisation
from audio_models.settings import check, setting
from data import workspace
from data.stored import Count, Seconds, Share

LabCell = Literal["simple_rnn", "lstm", "gru"]
LAB_CELLS: tuple[LabCell, ...] = get_args(LabCell)

GOOD = 0.99
"""Accuracy at which the training of a point stops early."""


@dataclass(frozen=True)
class MemoryConfig:
    """The settings of a measurement."""

    task: str = setting("recall", title="Task", help=f"What must be remembered: {', '.join(memory_tasks.TASKS)}.")
    cells: tuple[LabCell, ...] = setting(LAB_CELLS, title="Cells", titles=CELL_TITLES, help="Cells to compare.")
    lengths: tuple[int, ...] = setting(
        (),
        2,
        500,
        unit="steps",
        title="Lengths",
        help="Steps over which a cell must remember; by default the task's own.",
    )
    units: int = setting(24, 1, 256, title="Units", help="Size of the state.")
    steps: int = setting(
        800, 25, 20_000, step=100, title="Steps",
        help="Steps of the optimizer at most for each cell and length; it stops early at 99 % right answers.",
    )  # fmt: skip
    batch_size: int = setting(64, 1, 1024, title="Batch size", help="Sequences in each step, new ones every time.")
    learning_rate: float = setting(5e-3, 1e-6, 1, step=1e-3, title="Learning rate", help="Step size of Adam.")
    initialisation: Initialisation = setting(
        "orthogonal", title="Recurrent weights",
        titles={"orthogonal": "Orthogonal", "identity": "Identity", "glorot_uniform": "Glorot uniform"},
        help="First recurrent weights: orthogonal ones keep lengths (Saxe et al. 2014), the identity passes each state on (Le et al. 2015), Glorot's ignore the loop.",
    )  # fmt: skip
    clip_norm: float = setting(
        1.0, 0, 1e3, step=0.5, title="Gradient clipping",
        help="Longest gradient of a step: its norm is cut to this; 0: no clipping, even when it explodes.",
    )  # fmt: skip
    forget_bias: float = setting(
        1.0, -5, 5, step=0.5, title="Forget bias",
        help="First bias of the LSTM's forget gate and the GRU's update gate: 1 lets memory pass from the start (Jozefowicz et al. 2015), 0 halves it at every step.",
    )  # fmt: skip
    seed: int = setting(0, 0, 2**31 - 1, title="Seed", help="Seed of the first weights and the sequences.")

    def __post_init__(self) -> None:
        check(self)
        task = memory_tasks.find(self.task)
        if not self.lengths:
            object.__setattr__(self, "lengths", task.lengths)
        if not self.cells:
            raise ConfigError(f"No cell is chosen; choose one or more of {', '.join(LAB_CELLS)}.")
        for name, values in (("cell", self.cells), ("length", self.lengths)):
            if len(set(values)) < len(values):
                raise ConfigError(f"A {name} is given twice in {', '.join(map(str, values))}; name each once.")

    @property
    def points(self) -> list[tuple[Cell, int]]:
        """The trainings in order, short lengths first: the chart grows from the left."""
        return [(cell, length) for length in self.lengths for cell in self.cells]


@dataclass(frozen=True)
class Point:
    """The result of one cell at one length.

    Attributes:
        accuracy: on new sequences, after the last step.
        steps: training steps.
        seconds: duration of the training [s]; 0 in a measurement that comes with Echoic.
    """

    cell: Cell
    length: Count
    accuracy: Share
    steps: Count
    seconds: Seconds = 0.0


@dataclass(frozen=True)
class Experiment(JobFolder[MemoryConfig]):
    """One measurement in its folder."""

    config_kind: ClassVar[type[MemoryConfig]] = MemoryConfig
    process: ClassVar[str] = f"{__package__}.memory_process"

    def _check_files(self) -> None:
        _ = self.config, self.state, self.points

    @property
    def points(self) -> list[Point]:
        """Read the finished points.

        Raises:
            RunError: points.json is damaged.
        """
        return self._rows("points.json", Point)

    def write_points(self, points: Sequence[Point]) -> None:
        workspace.write_json(self.folder / "points.json", [asdict(point) for point in points])


def create(config: MemoryConfig) -> Experiment:
    """Create the folder of a new measurement, "queued" and without a process.

    Raises:
        WorkspaceError: it cannot be created.
    """
    return Experiment(job_folder.create(workspace.folder("memory"), job_folder.new_name(config.task), config))


def listing() -> list[Experiment]:
    """All measurements in the workspace, newest first, damaged ones included."""
    return job_folder.listing(workspace.root() / "memory", Experiment)


def bundled() -> list[Experiment]:
    """The measurements that come with Echoic, one of each task."""
    folder = bundled_results.folder_of("memory")
    return [Experiment(folder / task) for task in memory_tasks.TASKS if (folder / task).is_dir()]
