"""A job reports its state, stops where the user wants it to, and always ends in a final state."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audio_models.config import RunConfig
from audio_models.errors import RunError
from audio_models.jobs import job, launch, runs
from audio_models.jobs.job import Job, ignore_state
from audio_models.jobs.job_folder import State
from data import log, workspace
from data.corpus import CorpusReference
from data.errors import WorkspaceError
from data.task import Task

CONFIG = RunConfig(CorpusReference("synthetic_voices"), Task(("left", "right")))


def test_the_time_of_a_run_is_without_its_wait_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three equal trainings queued together, the last seemed to be three times slower, on Evaluate and on Train."""
    clock = [1000.0]
    monkeypatch.setattr(job.time, "monotonic", lambda: clock[0])
    run = runs.create(CONFIG)
    for _ in range(2):  # the second time it is resumed
        training = Job(run, ignore_state)
        before = run.state.seconds
        training.heartbeat(stage="Waiting for another training")
        clock[0] += 100
        training.heartbeat(stage="Waiting for another training")
        assert run.state.seconds == before
        training.write(status="running", stage="Reading the corpus")
        clock[0] += 5
        training.write(status="finished")
        assert run.state.seconds == before + 5


def _run_job(run: runs.Run, do: Callable[[Job], None]) -> State:
    return job.run_job(run, do, ignore_state, short_of_memory="", called="training")


def test_a_full_disk_is_named_in_the_room_reserved_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a run was shown as interrupted, without a reason."""
    run = runs.create(CONFIG)
    write = workspace.write_atomically

    def full(path: Path, content: bytes) -> None:
        if run.reserve_path.exists():
            raise WorkspaceError(f"{path} could not be written (No space left on device).")
        write(path, content)

    def fill(_: Job) -> None:
        monkeypatch.setattr(workspace, "write_atomically", full)
        workspace.write_json(run.folder / "history.json", [])

    assert _run_job(run, fill).status == "failed"
    assert run.state.status == "failed"
    assert "No space left on device" in run.state.error


def test_no_second_process_works_in_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "HANDOVER", 0.0)
    run = runs.create(CONFIG)
    before = (run.folder / "process.json").read_text()
    with run.held(0.0), pytest.raises(RunError, match=r"Another process works on .* already"):
        _run_job(run, lambda _: None)
    assert (run.folder / "process.json").read_text() == before
    assert _run_job(run, lambda _: None).status == "finished"


def test_of_two_tabs_that_resume_a_run_one_does() -> None:
    run = runs.create(CONFIG)
    run.write_state(State("cancelled"))
    together = threading.Barrier(4)

    def resume(_: int) -> bool:
        together.wait()
        try:
            launch.queue_again(run)
        except RunError:
            return False
        return True

    with ThreadPoolExecutor(4) as tabs:
        assert sum(tabs.map(resume, range(4))) == 1
    assert run.state.status == "queued"


def test_the_log_tells_how_a_job_went(workspace_folder: Path) -> None:
    run = runs.create(CONFIG)

    def break_down(_: Job) -> None:
        raise KeyError("secret of the code")

    with pytest.raises(KeyError):
        _run_job(run, break_down)
    rows = [json.loads(line) for line in log.path().read_text().splitlines()]
    assert [row["event"] for row in rows] == ["training started", "training broke", "training failed"]
    assert {row["id"] for row in rows} == {run.id}
