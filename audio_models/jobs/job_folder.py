"""A folder of work that a process of its own does: its configuration, how far it is, whether it lives, the wish to cancel it.

Its state is files, each written atomically, so that a reader never sees half of one, and a kill at any moment leaves
work that can be told apart. Importing this module is cheap.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

import psutil

from audio_models.config import from_dict
from audio_models.errors import RunError
from data import workspace
from data.errors import EchoicError, WorkspaceError

Status = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]
ACTIVE: tuple[Status, ...] = ("queued", "running")


@dataclass(frozen=True)
class State:
    """How far the work is, as its process last wrote it; what belongs to a training alone stays as it is elsewhere.

    Attributes:
        status: "interrupted" is never written: it is what a reader finds when the process is gone.
        stage: what it is doing, in the user's words.
        done, total: of the stage, in clips, bytes or steps.
        unit: of done and total.
        epoch: epochs finished.
        clips_per_second: read while training, since the start of the epoch.
        seconds_left: until all epochs are done; early stopping may end it sooner. None while it is not known.
        seconds: spent so far, over all its processes [s].
        updated: when this was written [s since 1970].
        error: why it failed, one sentence.
        skipped: clips that could not be read.
        clips_per_word: training clips that a word has on average; 0 while that is not known.
    """

    status: Status = "queued"
    stage: str = "Waiting to start"
    done: int = 0
    total: int | None = None
    unit: str = "clips"
    epoch: int = 0
    clips_per_second: float | None = None
    seconds_left: float | None = None
    seconds: float = 0.0
    updated: float = 0.0
    error: str = ""
    skipped: int = 0
    clips_per_word: int = 0


Config = TypeVar("Config")
Row = TypeVar("Row")


@dataclass(frozen=True)
class JobFolder(Generic[Config]):
    """One folder. What the files say is read when asked for, so it is never out of date."""

    folder: Path
    config_kind: ClassVar[type[Any]]
    """The dataclass in config.json."""
    process: ClassVar[str]
    """The module that does the work, as a process of its own."""

    @cached_property
    def config(self) -> Config:
        """What is to be done. Raises `RunError` where config.json is missing or damaged."""
        found: Config = from_dict(self.config_kind, self._read("config.json"))
        return found

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.id

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def state(self) -> State:
        """Its state now: a queued or running one whose process is gone is "interrupted"."""
        state = self._written()
        if state.status in ACTIVE and not self.is_alive():
            state = self._written()  # the process may have come to its end between the two looks
            if state.status in ACTIVE:
                return replace(state, status="interrupted", seconds_left=None, clips_per_second=None)
        return state

    def _written(self) -> State:
        """The state as its process last wrote it."""
        written = self._read("state.json")
        known = {field.name for field in fields(State)}
        try:
            return State(**{name: value for name, value in written.items() if name in known})
        except (TypeError, AttributeError) as error:
            raise RunError(f"{self.folder / 'state.json'} is damaged; how far it is cannot be told.") from error

    @property
    def started_in_words(self) -> str:
        """When it was made, from its name: "25 Nov 09:30"; the name itself where it has another form."""
        try:
            return time.strftime("%d %b %H:%M", time.strptime(self.id[:15], "%Y%m%d-%H%M%S"))
        except ValueError:
            return self.id

    def is_alive(self) -> bool:
        """Whether the process that does it runs (a process id alone could be another program's by now)."""
        try:
            process = self._read("process.json")
            found = psutil.Process(process["pid"])
            return bool(abs(found.create_time() - process["started"]) < 1 and found.status() != psutil.STATUS_ZOMBIE)
        except (RunError, psutil.Error, KeyError, TypeError, ValueError):
            return False

    @property
    def queued_since(self) -> float:
        """Since when it waits, or waited, for its turn [s since 1970]."""
        try:
            return float(self._read("process.json")["queued_since"])
        except (RunError, KeyError, TypeError, ValueError):
            return 0.0

    def write_state(self, state: State) -> None:
        workspace.write_json(self.folder / "state.json", {**asdict(state), "updated": time.time()})

    def write_process(self, pid: int, *, queue: bool = False) -> None:
        """Name the process `pid` as the one that does this work; with `queue` it goes to the end of the queue."""
        started = psutil.Process(pid).create_time()
        since = time.time() if queue else self.queued_since
        workspace.write_json(self.folder / "process.json", {"pid": pid, "started": started, "queued_since": since})

    @property
    def cancel_path(self) -> Path:
        return self.folder / "cancel"

    @property
    def log_path(self) -> Path:
        return self.folder / "log.txt"

    def _rows(self, name: str, kind: type[Row]) -> list[Row]:
        """The rows of a file of results, each a `kind`; none where it is not there yet."""
        try:
            return [kind(**row) for row in self._read(name)]
        except MissingFileError:
            return []
        except TypeError as error:
            raise RunError(f"{self.folder / name} is damaged, so what is done by now cannot be shown.") from error

    def _read(self, name: str) -> Any:
        try:
            return workspace.read_json(self.folder / name)
        except FileNotFoundError as error:
            raise MissingFileError(
                f"{self.folder} has no {name}; the folder is incomplete. Copy it again, or start anew."
            ) from error
        except WorkspaceError as error:
            raise RunError(str(error)) from error


class MissingFileError(RunError):
    """A file of the work is not there."""


def create(parent: Path, name: str, config: Any) -> Path:
    """Make a folder of new work with its configuration, in state "queued" and with no process yet.

    Args:
        config: a dataclass, written to config.json.

    Raises:
        WorkspaceError: the folder cannot be made.
    """
    folder = parent / name
    workspace.made(parent)
    with workspace.replacing(folder, must_be_new=True) as new:  # nobody sees a job without its configuration
        new.mkdir()
        half_made: JobFolder[Any] = JobFolder(new)
        workspace.write_json(new / "config.json", asdict(config))
        half_made.write_process(os.getpid(), queue=True)
        half_made.write_state(State())
    return folder


def new_name(what: str) -> str:
    """A name that sorts by time: "20261125-093000-gru-3f2a"."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{what}-{secrets.token_hex(2)}"


Kind = TypeVar("Kind", bound=JobFolder[Any])


def listing(parent: Path, kind: type[Kind]) -> list[Kind]:
    """All work in a folder, newest first, damaged ones included."""
    if not parent.is_dir():
        return []
    folders = [path for path in parent.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return [kind(path) for path in sorted(folders, key=lambda path: path.name, reverse=True)]


def readable(found: Iterable[Kind]) -> list[Kind]:
    """Those whose configuration can be read."""
    kept = []
    for one in found:
        with contextlib.suppress(EchoicError):
            if one.config:
                kept.append(one)
    return kept
