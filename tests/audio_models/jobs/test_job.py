"""A job reports its state, stops where the user wants it to, and always ends in a final state."""

from __future__ import annotations

import pytest

from audio_models.config import RunConfig
from audio_models.jobs import job, runs
from audio_models.jobs.job import Job, ignore_state
from data.corpus import CorpusReference
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
