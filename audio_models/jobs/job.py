"""What a process does with its work folder: write how far it is, hear the wish to stop, and end in a state, come what may."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeVar

from audio_models.jobs.job_folder import JobFolder, State
from data.corpus import Progress
from data.errors import Cancelled, EchoicError

POLL = 0.2
"""Seconds between two looks at the cancel file, or for a turn."""

_GRACE = 1.0  # seconds in which the work may stop by itself before the process ends it
_WRITE_EVERY = 0.4  # seconds between two writes of the state
_imports: list[Future[Any]] = []  # that were begun in this process

StateCallback = Callable[[State], None]
Module = TypeVar("Module")


def ignore_state(_: State) -> None:
    """A listener that hears each state and says nothing."""


class Job:
    """The state of the work as this process knows it, and the user's wish to stop."""

    def __init__(self, folder: JobFolder[Any], on_state: StateCallback) -> None:
        self.state = replace(folder.state, status="queued", stage="Waiting to start", error="")
        self._folder = folder
        self._on_state = on_state
        self._began: float | None = None  # when it first ran: its wait in the queue is no work
        self._seconds_before = self.state.seconds
        self._written = 0.0
        self._wish = threading.Event()
        self._stopped = threading.Event()

    def write(self, **changes: Any) -> None:
        """Change the state and write it."""
        now = time.monotonic()
        state = replace(self.state, **changes)
        if self._began is None and state.status == "running":
            self._began = now
        seconds = self._seconds_before + (0.0 if self._began is None else now - self._began)
        self.state = replace(state, seconds=seconds)
        self._folder.write_state(self.state)
        self._written = time.monotonic()
        self._on_state(self.state)

    def heartbeat(self, **changes: Any) -> None:
        """Between two pieces of work: stop if the user wants it, and write the state now and then."""
        if self._wish.is_set():
            raise Cancelled("Cancelled.")
        if time.monotonic() - self._written > _WRITE_EVERY:
            self.write(**changes)

    def report(self, progress: Progress) -> None:
        """A `Report` for the corpus and the features."""
        self.heartbeat(stage=progress.stage, done=progress.done, total=progress.total, unit=progress.unit)

    def wait_for(self, module: Future[Module]) -> Module:
        """What is being imported, once it is there; stops before if the user wants it."""
        while not module.done():
            self.heartbeat()
            time.sleep(POLL / 4)
        return module.result()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look for the cancel file meanwhile; where the work does not stop by itself (a long step), end the process."""
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._stopped.set()
            watcher.join()

    def _watch(self) -> None:
        while not self._stopped.wait(POLL):
            if self._folder.cancel_path.exists():
                self._wish.set()
                if not self._stopped.wait(_GRACE):
                    self.write(status="cancelled", stage="Cancelled", seconds_left=None, clips_per_second=None)
                    self._folder.cancel_path.unlink(missing_ok=True)
                    os._exit(1)
                return


def imported(bring: Callable[[], Module]) -> Future[Module]:
    """Import what takes seconds in a thread of its own. Work that stops does not wait for it; see `leave`."""
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
    """End this process with that exit status; at once, where an import is still under way that nobody waits for.

    Python would stop its thread somewhere within tensorflow's C++, which ends in a crash.
    """
    if not all(module.done() for module in _imports):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def run_job(
    folder: JobFolder[Any], do: Callable[[Job], None], on_state: StateCallback, *, short_of_memory: str, called: str
) -> State:
    """Do the work of a folder in this process, to an end.

    Args:
        do: the work; raises `Cancelled` where it meets the wish to stop.
        said: told of each state that is written.
        short_of_memory: what to say where the memory does not suffice.
        called: what the work is called, "training" say.

    Returns:
        the last state: finished, cancelled or failed.

    Raises:
        WorkspaceError: not even the state can be written, the disk is full, say.
    """
    folder.write_process(os.getpid())
    job = Job(folder, on_state)

    def end(status: Any, stage: str, error: str = "") -> None:
        job.write(status=status, stage=stage, error=error, seconds_left=None, clips_per_second=None)

    try:
        with job.watched():
            do(job)
        end("finished", "Finished")
    except (Cancelled, KeyboardInterrupt):
        end("cancelled", "Cancelled")
    except EchoicError as error:
        end("failed", "Failed", str(error))
    except MemoryError:
        end("failed", "Failed", short_of_memory)
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        end(
            "failed",
            "Failed",
            f"The {called} stopped at an unexpected fault ({reason}); the details are in {folder.log_path}.",
        )
        raise
    finally:
        folder.cancel_path.unlink(missing_ok=True)
    return job.state
