"""Start, cancel and resume background jobs: trainings, memory measurements, comparisons.

Pages and shell do the same: create a folder, then start a process that outlives the one that started it. One run trains
at a time; the others wait in the order in which they were queued.
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
from audio_models.jobs.job import HANDOVER
from audio_models.jobs.job_folder import ACTIVE, JobFolder, State
from audio_models.jobs.runs import Run
from data import workspace
from data.errors import EchoicError, WorkspaceError

_CREATE_NEW_PROCESS_GROUP, _CREATE_NO_WINDOW = (
    0x00000200,
    0x08000000,
)  # of CreateProcess; `subprocess` has them on Windows only


def start(config: RunConfig) -> Run:
    """Create a run and start its training in the background.

    Raises:
        RunError: there is no run that it starts from.
        WorkspaceError: its folder cannot be created, or its process not started.
    """
    run = runs.create(config)
    spawn(run)
    return run


def resume(job: JobFolder[Any]) -> None:
    """Resume a cancelled, interrupted or failed job in the background; a training after its last epoch.

    Raises:
        RunError: it is active or finished.
    """
    queue_again(job)
    spawn(job)


def queue_again(job: JobFolder[Any]) -> None:
    """Put a stopped job at the end of the queue, owned by this process for now.

    Raises:
        RunError: it is active or finished.
    """
    _stopped_state(job)
    with job.held(HANDOVER):
        state = _stopped_state(job)  # of two tabs that resume it, one does
        job.cancel_path.unlink(missing_ok=True)
        job.write_process(os.getpid(), queue=True)
        job.write_state(replace(state, status="queued", stage="Waiting to start", error=""))


def _stopped_state(job: JobFolder[Any]) -> State:
    state = job.state
    if state.status == "finished":
        raise RunError(f"{job.name} is finished; there is nothing to resume. Start a new one instead.")
    if state.status in ACTIVE:
        raise RunError(f"{job.name} is {state.status} already; cancel it first, or wait for it.")
    return state


def cancel(job: JobFolder[Any]) -> None:
    """Ask a queued or running job to stop; it does so within two seconds and keeps its results.

    Raises:
        RunError: it is not active.
    """
    status = job.state.status
    if status not in ACTIVE:
        raise RunError(f"{job.name} is {status}; only a queued or running training can be cancelled.")
    workspace.write_atomically(job.cancel_path, b"")


def wait_until_stopped(job: JobFolder[Any], seconds: float) -> bool:
    """Wait at most `seconds` for a job to stop; return whether it did."""
    end = time.monotonic() + seconds
    while job.state.status in ACTIVE:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def ahead_of(job: JobFolder[Any]) -> list[Run]:
    """The runs that train before this queued run, or before a job that trains itself."""
    mine = (job.queued_since, job.id)
    found = []
    for other in runs.listing():
        try:
            if other.id != job.id and other.state.status in ACTIVE and (other.queued_since, other.id) < mine:
                found.append(other)
        except EchoicError:
            continue
    return found


def spawn(job: JobFolder[Any]) -> None:
    """Start the process of a job in the background.

    Raises:
        WorkspaceError: it cannot be started; its state becomes "failed".
    """
    try:
        with job.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", job.process, str(job.folder)],
                cwd=workspace.PROJECT,
                env={**os.environ, "ECHOIC_HOME": str(workspace.root())},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                **detached(os.name),
            )
        job.write_process(process.pid)
    except OSError as error:
        message = f"{job.name} could not be started ({error.strerror}). Fix that and start it again."
        job.write_state(replace(job.state, status="failed", stage="Failed", error=message))
        raise WorkspaceError(message) from error


def detached(system: str) -> dict[str, Any]:
    """Arguments of `Popen` for a process that outlives the terminal it was started from, and its Ctrl+C.

    On Windows it gets a console of its own, without a window: whoever shares the terminal's ends with it. With
    DETACHED_PROCESS, which gives it none, each process that it starts would open a window.
    https://learn.microsoft.com/en-us/windows/win32/procthread/process-creation-flags

    Args:
        system: `os.name`.
    """
    if system == "nt":
        return {"creationflags": _CREATE_NEW_PROCESS_GROUP | _CREATE_NO_WINDOW}
    return {"start_new_session": True}
