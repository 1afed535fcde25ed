"""Runs: everything about one training in one folder, each file written atomically.

    runs/<id>/
      config.json       what is trained and how; never changes
      process.json      its process, and when it joined the queue
      state.json        its status and progress
      history.json      one row per epoch
      model.onnx        the best network so far, with labels, feature settings and normalisation in its metadata
      model.keras       the same for keras; written for the user, never read by Echoic (such a file can hold code)
      checkpoint.npz    weights and optimizer after the last epoch, to resume from
      epochs/           networks of a few epochs, if the training was asked to keep them
      learned.json      the recordings that it was trained on, by content
      evaluations/      one file for each corpus and split that it was evaluated on
      detection.json    detection settings for listening to a stream
      about.json        who made it, licence, notes: see `data.card`
      cancel            exists once the user has asked it to stop
      log.txt           output of the training process

Copy the folder and you have copied the model. The models that come with Echoic are run folders too, in
`audio_models/pretrained/`, which is only read. Importing this module is cheap: no tensorflow, no onnxruntime.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar

from audio_models.config import RunConfig
from audio_models.errors import RunError, TrainingError
from audio_models.jobs import job_folder
from audio_models.jobs.job_folder import JobFolder, State
from data import card, command, workspace
from data.card import Card
from data.errors import EchoicError
from data.stored import Count, Seconds, Share

BUNDLED = workspace.PROJECT / "audio_models" / "pretrained"
_BUNDLED_PREFIX = "bundled:"


@dataclass(frozen=True)
class Epoch:
    """One row of the history; losses are cross-entropy [nat], accuracies lie in 0..1."""

    epoch: Count
    loss: float
    accuracy: Share
    validation_loss: float
    validation_accuracy: Share
    seconds: Seconds


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
    def history(self) -> list[Epoch]:
        """The epochs that are done, oldest first; empty before the first."""
        return self._rows("history.json", Epoch)

    @property
    def best_epoch(self) -> Epoch | None:
        """The epoch whose weights are stored: the one with the lowest validation loss."""
        return min(self.history, key=lambda row: row.validation_loss, default=None)

    @property
    def model_path(self) -> Path:
        return self.folder / "model.onnx"

    @property
    def epochs_folder(self) -> Path:
        """Where the networks of earlier epochs lie, see `kept_epochs`; there need not be any."""
        return self.folder / "epochs"

    @property
    def has_model(self) -> bool:
        """Whether it can classify clips: from its first epoch on."""
        return self.model_path.is_file()

    @property
    def is_bundled(self) -> bool:
        """Whether it came with Echoic."""
        return self.folder.parent == BUNDLED

    @property
    def reference(self) -> str:
        """A unique reference to this run, whatever others are called: "bundled:commands", or its folder."""
        return f"{_BUNDLED_PREFIX}{self.id}" if self.is_bundled else str(self.folder.resolve())

    @property
    def start(self) -> str:
        """The reference of the run whose network it started from; empty for random weights.

        Earlier versions stored the bare name of a bundled network.
        """
        start = self.config.start
        return f"{_BUNDLED_PREFIX}{start}" if start in _bundled_names() else start

    @property
    def start_name(self) -> str:
        """What it started from: "commands", the name of a run, or "random weights"."""
        start = self.start
        if not start:
            return "random weights"
        with contextlib.suppress(EchoicError):
            return find(start).name
        return Path(start).name

    def _check_files(self) -> None:
        _ = self.config, self.state, self.history

    @property
    def card(self) -> str:
        """The model card, Markdown; empty if there is no card.md."""
        try:
            return (self.folder / "card.md").read_text(encoding="utf-8")
        except (OSError, UnicodeError):
            return ""

    @property
    def about(self) -> Card:
        """What its maker says about it; empty for a bundled run, which has a model card.

        Raises:
            WorkspaceError: about.json is damaged.
        """
        return card.load(self.folder)

    def write_about(self, about: Card) -> None:
        """Store what its maker says about it; see `data.card.store`."""
        card.store(self.folder, about)

    @property
    def results_folder(self) -> Path:
        """Where results about it are stored: its own folder, or the workspace for a bundled run."""
        return workspace.root() / "bundled" / self.id if self.is_bundled else self.folder

    @property
    def evaluations_folder(self) -> Path:
        """Where its evaluations are stored."""
        return self.results_folder / "evaluations"

    def write_history(self, history: list[Epoch]) -> None:
        """Write the epochs so far.

        Raises:
            TrainingError: a loss is not finite, so the training has diverged.
            WorkspaceError: it cannot be written.
        """
        if not all(math.isfinite(row.loss) and math.isfinite(row.validation_loss) for row in history):
            raise TrainingError(
                "The training diverged: its loss is no longer a finite number. Use a lower learning rate."
            )
        workspace.write_json(self.folder / "history.json", [asdict(row) for row in history])


def create(config: RunConfig, state: State | None = None, files: Mapping[str, bytes] | None = None) -> Run:
    """Create the folder of a new run, without a process; resolve the run that it starts from.

    Args:
        state: its first one, "queued" by default.
        files: content of other files in it, by name.

    Raises:
        RunError: there is no run that it starts from.
        WorkspaceError: the folder cannot be created.
    """
    if config.start:
        config = replace(config, start=find(config.start).reference)
    name = job_folder.new_name(config.network.cell)
    return Run(job_folder.create(workspace.folder("runs"), name, config, state, files))


def listing() -> list[Run]:
    """All runs in the workspace, newest first, damaged ones included."""
    return job_folder.listing(workspace.root() / "runs", Run)


def bundled() -> list[Run]:
    """The networks that come with Echoic, the most accurate first."""
    if not BUNDLED.is_dir():
        return []
    return [Run(path) for path in sorted(BUNDLED.iterdir()) if (path / "model.onnx").is_file()]


def bundled_run(name: str) -> Run:
    """The network `name` that comes with Echoic, whatever the user's runs are called.

    Raises:
        RunError: there is none.
    """
    for run in bundled():
        if run.id == name:
            return run
    raise RunError(f"No network '{name}' comes with Echoic. These do: {', '.join(_bundled_names())}.")


def _bundled_names() -> list[str]:
    return [run.id for run in bundled()]


def usable() -> list[Run]:
    """The runs that have a network and a readable configuration, newest first, then those that come with Echoic."""
    found = []
    for run in [*listing(), *bundled()]:
        with contextlib.suppress(EchoicError):
            if run.has_model and run.config:
                found.append(run)
    return found


def by_id(found: Iterable[Run]) -> dict[str, Run]:
    """The runs by id, or by reference if an earlier one has the same id, such as a copy of a bundled network."""
    named: dict[str, Run] = {}
    for run in found:
        named[run.reference if run.id in named else run.id] = run
    return named


def find(text: str) -> Run:
    """The run that `text` means: an id, a name (of several the newest), a bundled network, or a folder.

    Raises:
        RunError: there is none, or a run of the user's has the name of a bundled network.
    """
    if text.startswith(_BUNDLED_PREFIX):
        return bundled_run(text.removeprefix(_BUNDLED_PREFIX))
    known = listing()
    mine = next((run for run in known if run.id == text), None) or next(
        (run for run in known if text and _name_of(run) == text), None
    )
    if text in _bundled_names():
        if mine is None:
            return bundled_run(text)
        raise RunError(
            f"'{text}' is the name of a run of yours and of a network that comes with Echoic. Yours is {mine.folder}, the other {_BUNDLED_PREFIX}{text}."
        )
    if mine is not None:
        return mine
    if (path := _folder_at(text)) is not None:
        if (path / "config.json").is_file() or (path / "model.onnx").is_file():
            return Run(path.resolve())
        raise RunError(
            f"{path} is not a run's folder: it has no config.json. A run's folder lies under {workspace.root() / 'runs'}."
        )
    newest = ", ".join(run.id for run in known[:5])
    raise RunError(
        f"There is no run '{text[:200]}'. "
        + (f"The newest are: {newest}." if newest else f"Start a first one with: {command.shell('train')}.")
        + f" These come with Echoic: {', '.join(_bundled_names())}."
    )


def _folder_at(text: str) -> Path | None:
    """The folder at the path `text`; None if there is none."""
    try:
        path = Path(text).expanduser()
        return path if text and workspace.is_local() and path.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # a path too long, or ~user of an unknown user
        return None


def next_name(base: str) -> str:
    """A name that no run has: "base 1", "base 2", ..."""
    taken = (re.fullmatch(rf"{re.escape(base)} (\d{{1,9}})", _name_of(run)) for run in listing())
    return f"{base} {1 + max((int(found[1]) for found in taken if found), default=0)}"


def _name_of(run: Run) -> str:
    """The name that the user gave it; empty if there is none, or its configuration is damaged."""
    with contextlib.suppress(EchoicError):
        return run.config.name
    return ""
