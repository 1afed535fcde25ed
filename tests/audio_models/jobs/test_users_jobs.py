"""Runs of a dashboard's users: started in the workspace of each, and out of reach for the others."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audio_models.config import NetworkConfig
from audio_models.errors import RunError
from audio_models.features.clip_audio import noise_recordings
from audio_models.jobs import launch, runs
from audio_models.lab import comparison, memory
from audio_models.listening import recordings
from data import users, workspace
from data.errors import WorkspaceError
from tests.support.untrained import untrained_run

SHARED = "classroom-7"


@pytest.fixture
def who() -> Iterator[dict[str, Path]]:
    users.set_password(SHARED)
    made = {name: users.folder(users.sign_in(name, "a-password", SHARED)) for name in ("Ann", "Bob")}
    made["now"] = made["Ann"]
    workspace.separate(lambda: made["now"])
    yield made
    workspace.separate(None)


def test_a_run_is_found_by_whose_it_is_alone(who: dict[str, Path]) -> None:
    run = untrained_run(NetworkConfig("gru", 4))
    assert runs.find(run.id).folder == run.folder
    who["now"] = who["Bob"]
    assert runs.listing() == []
    assert run.id not in {one.id for one in runs.usable()}
    for text in (run.id, str(run.folder), f"../../{who['Ann'].name}/runs/{run.id}"):
        with pytest.raises(RunError, match="There is no run"):
            runs.find(text)
    assert memory.listing() == comparison.listing() == []
    assert runs.find("commands").is_bundled
    assert runs.find("commands").results_folder.is_relative_to(who["Bob"])


def test_a_training_works_in_the_workspace_of_its_user(who: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[dict[str, Any]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **options: started.append(options) or SimpleNamespace(pid=1))
    launch.spawn(untrained_run(NetworkConfig("gru", 4)))
    assert started[0]["env"]["ECHOIC_HOME"] == str(who["Ann"])


def test_recordings_and_noise_of_the_computer_are_not_for_them(who: dict[str, Path], tmp_path: Path) -> None:
    for attempt in (lambda: recordings.find("/etc/hostname"), lambda: noise_recordings(str(tmp_path), (), 16_000)):
        with pytest.raises(WorkspaceError, match="only by who works at it"):
            attempt()
