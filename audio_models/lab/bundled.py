"""Results of the lab that come with Echoic, so that no page is blank: jobs in the source tree, which are only read.

    results/memory/<task>/          config.json, points.json, state.json
    results/comparisons/<name>/     config.json, results.json, state.json

`python -m audio_models.lab.measured` measures them anew. They hold nothing that depends on the machine, such as durations.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from audio_models.jobs.job_folder import JobFolder
from data import workspace

FOLDER = workspace.PROJECT / "audio_models" / "lab" / "results"
COMMAND = "python -m audio_models.lab.measured"


def folder_of(kind: str) -> Path:
    """The folder of one kind of jobs: "memory" or "comparisons"."""
    return FOLDER / kind


def is_bundled(job: JobFolder[Any]) -> bool:
    """Whether a job came with Echoic."""
    return job.folder.parent.parent == FOLDER


def origin(job: JobFolder[Any]) -> str:
    """Where a bundled job is from: "comes with Echoic, measured 2026-11-27 by python -m audio_models.lab.measured recall"."""
    day = time.strftime("%Y-%m-%d", time.gmtime(job.state.updated))
    return f"comes with Echoic, measured {day} by {COMMAND} {job.id}"
