"""Start, watch, cancel and resume work that is a process of its own: a training, a measurement, a comparison.

The page and the shell use the same: a folder is made, then its process does what it says. One run trains at a time, the
others wait in the order in which they were started. The process outlives whoever started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from audio_models.config import RunConfig
from audio_models.errors import RunError
from audio_models.jobs import runs
from audio_models.jobs.job_folder import ACTIVE, WorkFolder
from audio_models.jobs.runs import Run
from data import workspace
from data.errors import EchoicError, WorkspaceError


def start(config: RunConfig) -> Run:
    """Make a run and start its process in the background.

    Raises:
        WorkspaceError: the run's folder cannot be made.
    """
    run = runs.create(config)
    spawn(run)
    return run


def resume(work: WorkFolder[Any]) -> None:
    """Go on with what was cancelled, interrupted or failed, in the background; a training from its last epoch.

    Raises:
        RunError: it is being trained, or is finished.
    """
    queue_again(work)
    spawn(work)


def queue_again(work: WorkFolder[Any]) -> None:
    """Put stopped work at the end of the queue, for now in the name of this process.

    Raises:
        RunError: it is being done, or is finished.
    """
    state = work.state
    if state.status == "finished":
        raise RunError(f"{work.name} is finished; there is nothing to resume. Start a new one instead.")
    if state.status in ACTIVE:
        raise RunError(f"{work.name} is {state.status} already; cancel it first, or wait for it.")
    work.cancel_path.unlink(missing_ok=True)
    work.write_process(os.getpid(), queue=True)
    work.write_state(replace(state, status="queued", stage="Waiting to start", error=""))


def cancel(work: WorkFolder[Any]) -> None:
    """Ask queued or running work to stop; it does within two seconds and keeps what it has.

    Raises:
        RunError: it does not run.
    """
    status = work.state.status
    if status not in ACTIVE:
        raise RunError(f"{work.name} is {status}; only a queued or running training can be cancelled.")
    workspace.write_atomically(work.cancel_path, b"")


def wait_until_stopped(work: WorkFolder[Any], seconds: float) -> bool:
    """Wait until the work neither queues nor runs, at most `seconds`; whether it stopped."""
    end = time.monotonic() + seconds
    while work.state.status in ACTIVE:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def ahead_of(run: Run) -> list[Run]:
    """The runs that are trained before this queued one."""
    mine = (run.queued_since, run.id)
    found = []
    for other in runs.listing():
        try:
            if other.id != run.id and other.state.status in ACTIVE and (other.queued_since, other.id) < mine:
                found.append(other)
        except EchoicError:
            continue
    return found


def spawn(work: WorkFolder[Any]) -> None:
    """Start the process that does the work of a folder, in the background.

    Raises:
        WorkspaceError: it cannot be started; the state says so too.
    """
    try:
        with work.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", work.process, str(work.folder)],
                cwd=workspace.PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        work.write_process(process.pid)
    except OSError as error:
        message = f"{work.name} could not be started ({error.strerror}). Mend that and start it again."
        work.write_state(replace(work.state, status="failed", stage="Failed", error=message))
        raise WorkspaceError(message) from error
