"""Messages name the command as the user has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import command, workspace


def test_in_a_checkout_it_is_the_module() -> None:
    assert command.shell("fetch fsdd") == "python -m audio_models fetch fsdd"
    assert command.dashboard(8502) == "make run PORT=8502"


def test_where_echoic_is_installed_it_is_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "PROJECT", tmp_path)
    assert command.shell("fetch fsdd") == "echoic fetch fsdd"
    assert command.shell() == "echoic"
    assert command.dashboard(8502) == "echoic dashboard --port 8502"


def test_nothing_else_spells_the_command_out() -> None:
    """A message that names it asks `command`, or an installed Echoic would tell what its user cannot type."""
    for package in ("data", "audio_models", "dashboard"):
        for path in (workspace.PROJECT / package).rglob("*.py"):
            for line in path.read_text(encoding="utf-8").splitlines():
                if "python -m audio_models " in line and path.name != "command.py":
                    assert '"""' in line or line.lstrip().startswith("#"), f"{path}: {line.strip()}"
