"""The confidence that a word needs, where the user has chosen another than the one that came with the network."""

from __future__ import annotations

import contextlib

from audio_models.jobs.runs import Run
from data import stored, workspace
from data.errors import WorkspaceError
from data.stored import Share

_NAME = "threshold.json"


def load(run: Run) -> float | None:
    """Load the threshold chosen for a run; None for that of its network."""
    with contextlib.suppress(FileNotFoundError, WorkspaceError):
        return stored.read(run.results_folder / _NAME, dict[str, Share]).get("threshold")
    return None


def store(run: Run, threshold: float | None) -> None:
    """Choose the threshold of a run for Predict, Evaluate, the shell and exports; None: that of its network again.

    Raises:
        WorkspaceError: it cannot be written.
    """
    path = workspace.made(run.results_folder) / _NAME
    if threshold is None:
        path.unlink(missing_ok=True)
    else:
        workspace.write_json(path, {"threshold": threshold})
