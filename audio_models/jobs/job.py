"""Run a job in this process: report progress, poll for cancellation, always leave a final state."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeVar

from audio_models.jobs.job_folder import JobFolder, State, Status
from data import litter, log
from data.corpus import Progress
from data.errors import Cancelled, EchoicError, WorkspaceError

POLL = 0.2
"""Seconds between two polls, for the cancel file or for a turn in the queue."""

HANDOVER = 5.0
"""Seconds that a job which is started again waits for its former process to end."""

_GRACE = 1.0  # seconds that a cancelled job has to stop before its process is ended
_WRITE_EVERY = 0.4  # least seconds between two writes of the state
_RESERVE = 16 * 1024  # bytes: a temporary folder and a state, in blocks
_imports: list[Future[Any]] = []  # started in this process

StateCallback = Callable[[State], None]
Module = TypeVar("Module")


def ignore_state(_: State) -> None:
    """Do nothing: the default callback."""


class Job:
    """The state of a running job, and the request to cancel it."""

    def __init__(self, folder: JobFolder[Any], on_state: StateCallback) -> None:
        self.state = replace(folder.state, status="queued", stage="Waiting to start", error="")
        self.folder = folder
        self._on_state = on_state
        self._began: float | None = None  # when it left the queue
        self._seconds_before = self.state.seconds
        self._written = 0.0
        self._wish = threading.Event()
        self._stopped = threading.Event()

    def write(self, **changes: Any) -> None:
        """Update the state and write it; time counts from the first "running"."""
        now = time.monotonic()
        state = replace(self.state, **changes)
        if self._began is None and state.status == "running":
            self._began = now
        seconds = self._seconds_before + (0.0 if self._began is None else now - self._began)
        self.state = replace(state, seconds=seconds)
        self.folder.write_state(self.state)
        self._written = time.monotonic()
        self._on_state(self.state)

    def end(self, status: Status, stage: str, error: str = "") -> None:
        """Write the final state, in the room reserved for it if the disk is full.

        Raises:
            WorkspaceError: it cannot be written.
        """
        final = {"status": status, "stage": stage, "error": error, "seconds_left": None, "clips_per_second": None}
        try:
            self.write(**final)
        except WorkspaceError:
            self.folder.reserve_path.unlink(missing_ok=True)
            self.write(**final)

    def heartbeat(self, **changes: Any) -> None:
        """Write the state if the last write is a while ago; call it between two steps.

        Raises:
            Cancelled: the user asked for it.
        """
        if self._wish.is_set():
            raise Cancelled("Cancelled.")
        if time.monotonic() - self._written > _WRITE_EVERY:
            self.write(**changes)

    def report(self, progress: Progress) -> None:
        """Write the progress of a long task to the state; a `Report`."""
        self.heartbeat(stage=progress.stage, done=progress.done, total=progress.total, unit=progress.unit)

    def wait_for(self, module: Future[Module]) -> Module:
        """Wait for an import that `imported` started, and return its module.

        Raises:
            Cancelled: the user asked for it.
        """
        while not module.done():
            self.heartbeat()
            time.sleep(POLL / 4)
        return module.result()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Poll for the cancel file in a thread; end the process if a long step does not stop in time."""
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._stopped.set()
            watcher.join()

    def _watch(self) -> None:
        while not self._stopped.wait(POLL):
            if self.folder.cancel_path.exists():
                self._wish.set()
                if not self._stopped.wait(_GRACE):
                    self.write(status="cancelled", stage="Cancelled", seconds_left=None, clips_per_second=None)
                    self.folder.cancel_path.unlink(missing_ok=True)
                    os._exit(1)
                return


def imported(bring: Callable[[], Module]) -> Future[Module]:
    """Start a slow import in a thread. A cancelled job does not wait for it; see `exit_process`."""
    module: Future[Module] = Future()

    def run() -> None:
        try:
            module.set_result(bring())
        except BaseException as error:
            module.set_exception(error)

    _imports.append(module)
    threading.Thread(target=run, daemon=True).start()
    return module


def exit_process(status: int) -> None:
    """Exit with `status`; abruptly while an import is still running.

    A normal exit would stop its thread inside tensorflow's C++ code, which crashes.
    """
    if not all(module.done() for module in _imports):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def run_job(
    folder: JobFolder[Any], do: Callable[[Job], None], on_state: StateCallback, *, short_of_memory: str, called: str
) -> State:
    """Run a job in this process until it is finished, cancelled or failed.

    Args:
        do: does the work; lets `Cancelled` pass.
        on_state: called with each state that is written.
        short_of_memory: the message for a `MemoryError`.
        called: the kind of job in messages, such as "training".

    Returns:
        the final state.

    Raises:
        RunError: another process runs it.
        WorkspaceError: the state itself cannot be written.
    """
    with folder.held(HANDOVER), _reserved(folder):
        litter.clear(folder.folder, 1)
        folder.write_process(os.getpid())
        job = Job(folder, on_state)
        log.write(f"{called} started", id=folder.id)
        try:
            with job.watched():
                do(job)
            job.end("finished", "Finished")
        except (Cancelled, KeyboardInterrupt):
            job.end("cancelled", "Cancelled")
        except EchoicError as error:
            job.end("failed", "Failed", str(error))
        except MemoryError:
            job.end("failed", "Failed", short_of_memory)
        except Exception as error:
            log.write_fault(f"{called} broke", error, id=folder.id)
            reason = f"{type(error).__name__}: {str(error)[:200]}"
            job.end(
                "failed",
                "Failed",
                f"The {called} stopped at an unexpected error ({reason}). Details: {folder.log_path}.",
            )
            raise
        finally:
            folder.cancel_path.unlink(missing_ok=True)
            log.write(f"{called} {job.state.status}", id=folder.id, error=job.state.error, seconds=job.state.seconds)
    return job.state


@contextlib.contextmanager
def _reserved(folder: JobFolder[Any]) -> Iterator[None]:
    """Reserve room on the disk for the final state of a job."""
    path = folder.reserve_path
    with contextlib.suppress(OSError):  # without it the state may still find room
        path.write_bytes(secrets.token_bytes(_RESERVE))  # not zeros, which a disk may store as nothing
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
