"""The folder of a background job: its configuration, state, process, and the request to cancel it.

The whole state is files, each written atomically: a reader never sees half of one, and a job that is killed can
always be resumed. Importing this module is cheap.
"""

from __future__ import annotations

import calendar
import contextlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

import filelock
import psutil
from msgspec import Meta

from audio_models.errors import RunError
from audio_models.settings import from_dict
from data import stored, workspace
from data.errors import EchoicError, WorkspaceError
from data.process_identity import identity_of
from data.stored import Count, Seconds

Status = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]
ACTIVE: tuple[Status, ...] = ("queued", "running")

_UTC, _LOCAL = "%Y%m%dT%H%M%S", "%Y%m%d-%H%M%S"  # in names; earlier versions wrote local time


@dataclass(frozen=True)
class State:
    """The state of a job as its process last wrote it; only a training uses the fields about epochs and clips.

    Attributes:
        status: "interrupted" is never written: a reader sees it when the process is gone.
        stage: the current step, in the user's words.
        done, total: progress of the stage, in clips, bytes or steps.
        unit: of done and total.
        epoch: epochs finished.
        clips_per_second: training speed since the start of the epoch.
        seconds_left: until all epochs are done, unless training stops early; None while it is not known.
        seconds: worked so far, over all its processes and without the wait in the queue [s].
        updated: when this was written [s since 1970].
        error: why it failed, one sentence.
        skipped: clips that could not be read.
        clips_per_word: training clips that a word has on average; 0 while that is not known.
    """

    status: Status = "queued"
    stage: str = "Waiting to start"
    done: Count = 0
    total: Count | None = None
    unit: str = "clips"
    epoch: Count = 0
    clips_per_second: float | None = None
    seconds_left: Seconds | None = None
    seconds: Seconds = 0.0
    updated: Seconds = 0.0
    error: str = ""
    skipped: Count = 0
    clips_per_word: Count = 0


Config = TypeVar("Config")
Kind = TypeVar("Kind")
Row = TypeVar("Row")


@dataclass(frozen=True)
class JobFolder(Generic[Config]):
    """One job; its files are read on each access, so no value is stale."""

    folder: Path
    config_kind: ClassVar[type[Any]]
    """The dataclass in config.json."""
    process: ClassVar[str]
    """The module that runs the job, as a process."""

    @cached_property
    def config(self) -> Config:
        """The configuration.

        Raises:
            RunError: config.json is missing or damaged, or one of its settings is out of range.
        """
        values = self._read("config.json", dict[str, Any])
        try:
            found: Config = from_dict(self.config_kind, self._of_today(values))
        except EchoicError as error:
            raise RunError(f"{self.folder / 'config.json'} is damaged: {error}") from error
        return found

    @classmethod
    def _of_today(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Add to the stored settings what an earlier version did without a setting, where the default is another."""
        return values

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.id

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def created(self) -> float:
        """When it was created [s since 1970], from its name, else from its folder; 0 if that is gone."""
        found = _time_in(self.id)
        if found is not None:
            return found
        try:
            return self.folder.stat().st_mtime
        except OSError:
            return 0.0

    @property
    def created_text(self) -> str:
        """When it was created, in local time: "25 Nov 09:30"."""
        return time.strftime("%d %b %H:%M", time.localtime(self.created))

    @property
    def state(self) -> State:
        """Its state now: "interrupted" if its process ended early.

        Raises:
            RunError: state.json is missing or damaged.
        """
        state = self._written()
        if state.status in ACTIVE and not self.is_alive():
            state = self._written()  # the process may have ended between the two reads
            if state.status in ACTIVE:
                return replace(state, status="interrupted", seconds_left=None, clips_per_second=None)
        return state

    def _written(self) -> State:
        return self._read("state.json", State, {"clips_a_word": "clips_per_word"})

    def is_alive(self) -> bool:
        """Whether its process runs."""
        try:
            written = self._read("process.json", _Process)
        except RunError:
            return False
        found = identity_of(written.pid)
        if not found:
            return False
        if written.identity:
            return found == written.identity
        with contextlib.suppress(psutil.Error):  # an earlier version wrote the time of its start alone
            return bool(abs(psutil.Process(written.pid).create_time() - written.started) < 1)
        return False

    @contextlib.contextmanager
    def held(self, seconds: float) -> Iterator[None]:
        """Hold the folder: whatever a clock or another tab does, no second process works in it. Ends with the process.

        Args:
            seconds: to wait for a process that is about to end.

        Raises:
            RunError: another process holds it.
            WorkspaceError: the folder cannot be written to.
        """
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(workspace.locked(self.folder / ".lock", seconds))
            except filelock.Timeout as error:
                raise RunError(
                    f"Another process works on {self.name} already; cancel it first, or wait for it."
                ) from error
            yield

    @property
    def queued_since(self) -> float:
        """When it was put into the queue [s since 1970]; 0 if unknown."""
        try:
            return self._read("process.json", _Process).queued_since
        except RunError:
            return 0.0

    @property
    def damage(self) -> str | None:
        """Why the job cannot be shown, one sentence; None if all of its files can be read."""
        try:
            self._check_files()
        except EchoicError as error:
            return str(error)
        return None

    def _check_files(self) -> None:
        """Read every file that lists and pages show."""
        _ = self.config, self.state

    def write_state(self, state: State) -> None:
        workspace.write_json(self.folder / "state.json", {**asdict(state), "updated": time.time()})

    def write_process(self, pid: int, *, queue: bool = False) -> None:
        """Record `pid` as the process of this job; with `queue`, move the job to the end of the queue."""
        since = time.time() if queue else self.queued_since
        process = _Process(pid, queued_since=since, identity=identity_of(pid))
        workspace.write_json(self.folder / "process.json", asdict(process))

    @property
    def cancel_path(self) -> Path:
        return self.folder / "cancel"

    @property
    def reserve_path(self) -> Path:
        """Room on the disk for the final state, while the job runs."""
        return self.folder / ".reserve"

    @property
    def log_path(self) -> Path:
        return self.folder / "log.txt"

    def _rows(self, name: str, kind: type[Row]) -> list[Row]:
        """The rows of a file of results; none if it does not exist yet."""
        try:
            return self._read(name, list[kind])  # type: ignore[valid-type]
        except MissingFileError:
            return []

    def _read(self, name: str, kind: type[Kind], aliases: Mapping[str, str] | None = None) -> Kind:
        try:
            return stored.read(self.folder / name, kind, aliases)
        except FileNotFoundError as error:
            raise MissingFileError(
                f"{self.folder} has no {name}; the folder is incomplete. Copy it again, or start a new one."
            ) from error
        except WorkspaceError as error:
            raise RunError(str(error)) from error


@dataclass(frozen=True)
class _Process:
    """process.json.

    Attributes:
        started: when the process started [s since 1970]; earlier versions wrote it instead of `identity`.
        identity: see `process_identity`.
    """

    pid: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    started: Seconds = 0.0
    queued_since: Seconds = 0.0
    identity: str = ""


class MissingFileError(RunError):
    """A file of the job does not exist."""


def create(
    parent: Path, name: str, config: Any, state: State | None = None, files: Mapping[str, bytes] | None = None
) -> Path:
    """Create the folder of a new job with its configuration, without a process.

    Args:
        config: a dataclass, written to config.json.
        state: its first one, "queued" by default.
        files: content of other files in it, by name.

    Raises:
        WorkspaceError: the folder cannot be created.
    """
    folder = parent / name
    workspace.made(parent)
    with workspace.replacing(folder, must_be_new=True) as new:  # a job never appears without its configuration
        new.mkdir()
        half_made: JobFolder[Any] = JobFolder(new)
        workspace.write_json(new / "config.json", asdict(config))
        half_made.write_process(os.getpid(), queue=True)
        half_made.write_state(state or State())
        for name_of_file, content in (files or {}).items():
            (new / name_of_file).write_bytes(content)
    return folder


def new_name(what: str) -> str:
    """A name that sorts by time, in UTC with milliseconds: "20261125T093000.250Z-gru-3f2a"."""
    seconds, thousandths = divmod(int(1000 * time.time()), 1000)
    return f"{time.strftime(_UTC, time.gmtime(seconds))}.{thousandths:03}Z-{what}-{secrets.token_hex(2)}"


def _time_in(name: str) -> float | None:
    """The time in a job's name [s since 1970]; None if it has another form."""
    with contextlib.suppress(ValueError, OverflowError):
        stamp, fraction = name.partition("Z")[0].partition(".")[::2]  # earlier versions wrote whole seconds
        return calendar.timegm(time.strptime(stamp, _UTC)) + float(f"0.{fraction or 0}")
    with contextlib.suppress(ValueError, OverflowError):
        return time.mktime(time.strptime(name[:15], _LOCAL))
    return None


AnyJob = TypeVar("AnyJob", bound=JobFolder[Any])


def listing(parent: Path, kind: type[AnyJob]) -> list[AnyJob]:
    """All jobs in a folder, newest first, damaged ones included.

    Raises:
        WorkspaceError: the folder cannot be read.
    """
    try:
        if not parent.is_dir():
            return []
        found = [kind(path) for path in parent.iterdir() if not path.name.startswith(".") and path.is_dir()]
    except OSError as error:
        raise WorkspaceError(f"{parent} cannot be read ({error.strerror}). Check its permissions.") from error
    return sorted(found, key=lambda one: (one.created, one.id), reverse=True)


def readable(found: Iterable[AnyJob]) -> list[AnyJob]:
    """Those whose configuration and state can be read."""
    return [one for one in found if one.damage is None]
