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
from audio_models.jobs.job_folder import ACTIVE, JobFolder
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


def resume(job: JobFolder[Any]) -> None:
    """Go on with what was cancelled, interrupted or failed, in the background; a training from its last epoch.

    Raises:
        RunError: it is being trained, or is finished.
    """
    queue_again(job)
    spawn(job)


def queue_again(job: JobFolder[Any]) -> None:
    """Put stopped work at the end of the queue, for now in the name of this process.

    Raises:
        RunError: it is being done, or is finished.
    """
    state = job.state
    if state.status == "finished":
        raise RunError(f"{job.name} is finished; there is nothing to resume. Start a new one instead.")
    if state.status in ACTIVE:
        raise RunError(f"{job.name} is {state.status} already; cancel it first, or wait for it.")
    job.cancel_path.unlink(missing_ok=True)
    job.write_process(os.getpid(), queue=True)
    job.write_state(replace(state, status="queued", stage="Waiting to start", error=""))


def cancel(job: JobFolder[Any]) -> None:
    """Ask queued or running work to stop; it does within two seconds and keeps what it has.

    Raises:
        RunError: it does not run.
    """
    status = job.state.status
    if status not in ACTIVE:
        raise RunError(f"{job.name} is {status}; only a queued or running training can be cancelled.")
    workspace.write_atomically(job.cancel_path, b"")


def wait_until_stopped(job: JobFolder[Any], seconds: float) -> bool:
    """Wait until the work neither queues nor runs, at most `seconds`; whether it stopped."""
    end = time.monotonic() + seconds
    while job.state.status in ACTIVE:
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


def spawn(job: JobFolder[Any]) -> None:
    """Start the process that does the work of a folder, in the background.

    Raises:
        WorkspaceError: it cannot be started; the state says so too.
    """
    try:
        with job.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", job.process, str(job.folder)],
                cwd=workspace.PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        job.write_process(process.pid)
    except OSError as error:
        message = f"{job.name} could not be started ({error.strerror}). Mend that and start it again."
        job.write_state(replace(job.state, status="failed", stage="Failed", error=message))
        raise WorkspaceError(message) from error
