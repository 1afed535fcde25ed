"""How the user starts Echoic, for messages that name a command: `echoic fetch fsdd`, or `python -m audio_models fetch fsdd`."""

from __future__ import annotations

import sys
from pathlib import Path

from data import workspace

VERSION = "0.2.0"
NAME = "echoic"
"""The command of an installed Echoic, see pyproject.toml."""

_USED = Path(sys.argv[0]).stem == NAME  # when this process began; Streamlit puts its page there


def is_installed() -> bool:
    """Whether the user has the command `echoic`: it was used, or this is no checkout."""
    return _USED or not workspace.is_checkout()


def shell(words: str = "") -> str:
    """The shell command as the user types it, with these words after it."""
    return f"{NAME if is_installed() else 'python -m audio_models'} {words}".rstrip()


def dashboard(port: int) -> str:
    """The command that opens the dashboard on a port."""
    return f"{NAME} dashboard --port {port}" if is_installed() else f"make run PORT={port}"
