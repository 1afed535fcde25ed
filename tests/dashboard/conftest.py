"""What tests of several pages need."""

from __future__ import annotations

import pytest

from audio_models.jobs import launch, runs


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list:
    """The configurations that a page asked to train; no process is started."""
    asked: list = []

    def start(config):
        asked.append(config)
        return runs.create(config)

    monkeypatch.setattr(launch, "start", start)
    return asked
