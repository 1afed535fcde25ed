"""The run folder: everything about one training, as files that are each written atomically.

    runs/<id>/
      config.json       what is trained and how; never changes
      process.json      the process that trains it, and since when it queues
      state.json        how far it is
      history.json      one row an epoch
      model.onnx        the best network so far, with labels, feature settings and normalisation in its metadata
      model.keras       the same for keras; written for the user, never read by Echoic (such a file can hold code)
      checkpoint.npz    weights and optimizer after the last epoch: where a resumed training goes on
      evaluations/      one file for each corpus and split that it was judged on
      detection.json    when a word counts as heard where it listens
      cancel            there while the user wants it to stop
      log.txt           what the training process said

Copy the folder and you have copied the model. The models that come with Echoic are run folders too, in
`audio_models/pretrained/`, which is only read. Importing this module is cheap: no tensorflow, no onnxruntime.
"""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from audio_models.config import RunConfig
from audio_models.errors import RunError
from audio_models.jobs import job_folder
from audio_models.jobs.job_folder import JobFolder
from data import workspace
from data.errors import EchoicError

BUNDLED = workspace.PROJECT / "audio_models" / "pretrained"


@dataclass(frozen=True)
class Epoch:
    """One row of the history; losses are cross-entropy [nat], accuracies lie in 0..1."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass(frozen=True)
class Run(JobFolder[RunConfig]):
    """One run folder."""

    config_kind: ClassVar[type[RunConfig]] = RunConfig
    process: ClassVar[str] = "audio_models.training.process"

    @property
    def name(self) -> str:
        """What the user called it, else its id."""
        return self.config.name or self.id

    @property
    def created(self) -> float:
        """When it was made [s since 1970]; from the id where it has the usual form."""
        try:
            return time.mktime(time.strptime(self.id[:15], "%Y%m%d-%H%M%S"))
        except ValueError:
            return self.folder.stat().st_mtime  # copied under another name

    @property
    def history(self) -> list[Epoch]:
        """The epochs that are done, oldest first; empty before the first."""
        return self._rows("history.json", Epoch)

    @property
    def best_epoch(self) -> Epoch | None:
        """The epoch whose weights are kept: the lowest validation loss."""
        return min(self.history, key=lambda row: row.validation_loss, default=None)

    @property
    def model_path(self) -> Path:
        return self.folder / "model.onnx"

    @property
    def has_model(self) -> bool:
        """Whether it can answer clips: from its first epoch on."""
        return self.model_path.is_file()

    @property
    def is_bundled(self) -> bool:
        """Whether it came with Echoic."""
        return self.folder.parent == BUNDLED

    @property
    def card(self) -> str:
        """What its maker says of it, Markdown; empty where there is no card.md."""
        try:
            return (self.folder / "card.md").read_text(encoding="utf-8")
        except (OSError, UnicodeError):
            return ""

    @property
    def kept_folder(self) -> Path:
        """Where what is found out about it is kept: in its folder, unless that came with Echoic."""
        return workspace.root() / "bundled" / self.id if self.is_bundled else self.folder

    @property
    def evaluations_folder(self) -> Path:
        """Where judgements of it are kept."""
        return self.kept_folder / "evaluations"

    def write_history(self, history: list[Epoch]) -> None:
        workspace.write_json(self.folder / "history.json", [asdict(row) for row in history])


def create(config: RunConfig) -> Run:
    """Make the folder of a new run, in state "queued" and with no process yet.

    Raises:
        WorkspaceError: it cannot be made.
    """
    return Run(job_folder.create(workspace.folder("runs"), job_folder.new_name(config.network.cell), config))


def listing() -> list[Run]:
    """All runs in the workspace, newest first, damaged ones included."""
    return job_folder.listing(workspace.root() / "runs", Run)


def bundled() -> list[Run]:
    """The models that come with Echoic, the one that hears best first."""
    if not BUNDLED.is_dir():
        return []
    return [Run(path) for path in sorted(BUNDLED.iterdir()) if (path / "model.onnx").is_file()]


def usable() -> list[Run]:
    """The runs that can answer clips, newest first, then those that come with Echoic."""
    return job_folder.readable(run for run in [*listing(), *bundled()] if run.has_model)


def find(text: str) -> Run:
    """The run that `text` means: an id, a name (of several the newest), a model that comes with Echoic, or a folder.

    Raises:
        RunError: there is none.
    """
    known = listing()
    for run in known:
        if run.id == text:
            return run
    for run in known:
        try:
            if run.config.name and run.config.name == text:
                return run
        except EchoicError:
            continue
    for run in bundled():
        if run.id == text:
            return run
    path = Path(text).expanduser()
    if text and path.is_dir():
        if (path / "config.json").is_file() or (path / "model.onnx").is_file():
            return Run(path.resolve())
        raise RunError(
            f"{path} is not a run's folder: it has no config.json. A run's folder lies under {workspace.root() / 'runs'}."
        )
    there = ", ".join(run.id for run in known[:5])
    raise RunError(
        f"There is no run '{text}'. "
        + (
            f"The newest are: {there}."
            if there
            else "No run has been made yet; start with: python -m audio_models train."
        )
        + f" These come with Echoic: {', '.join(run.id for run in bundled())}."
    )


def next_name(base: str) -> str:
    """A name that no run has: "base 1", "base 2", ..."""
    taken = set()
    for run in listing():
        try:
            taken.add(run.config.name)
        except EchoicError:
            continue
    number = 1 + max(
        (int(found[1]) for name in taken if (found := re.fullmatch(rf"{re.escape(base)} (\d+)", name))), default=0
    )
    return f"{base} {number}"
