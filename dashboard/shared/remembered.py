"""Choices that outlive a tab: kept in the workspace, so a refresh or another day goes on where the user was."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from data import stored, workspace
from data.corpus import CorpusReference
from data.errors import WorkspaceError

_FILE = "choices.json"


@dataclass(frozen=True)
class Choices:
    """What was chosen last.

    Attributes:
        corpus: to learn from.
        cell, recipe: of the Train page; "" before the first choice.
    """

    corpus: CorpusReference | None = None
    cell: str = ""
    recipe: str = ""


def load() -> Choices:
    """The choices; none where they were never made or cannot be read."""
    try:
        return stored.read(_path(), Choices)
    except (FileNotFoundError, WorkspaceError):
        return Choices()


def keep(**changed: Any) -> None:
    """Keep some choices; nothing is written where they are kept already, and a full disk stops nothing."""
    before = load()
    after = replace(before, **changed)
    if after != before:
        with contextlib.suppress(WorkspaceError):
            workspace.write_json(workspace.folder() / _FILE, asdict(after))


def _path() -> Path:
    return workspace.root() / _FILE
