"""What the user has guessed and solved in the course: `learn/progress.json` in the workspace."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from data import stored, workspace


@dataclass(frozen=True)
class SceneProgress:
    """Progress in one scene.

    Attributes:
        guess: the answer given before the right one was shown; None before.
        solved: whether its task is solved.
    """

    guess: str | None = None
    solved: bool = False

    @property
    def done(self) -> bool:
        return self.guess is not None and self.solved


@dataclass(frozen=True)
class Progress:
    """Progress in the course.

    Attributes:
        scenes: by slug.
    """

    scenes: dict[str, SceneProgress] = field(default_factory=dict)

    def of(self, slug: str) -> SceneProgress:
        return self.scenes.get(slug, SceneProgress())


def read() -> Progress:
    """Read the progress.

    Raises:
        WorkspaceError: its file is damaged.
    """
    try:
        return stored.read(_path(), Progress)
    except FileNotFoundError:
        return Progress()


def update(slug: str, **changed: Any) -> None:
    """Change a scene's progress, see `SceneProgress`.

    Raises:
        WorkspaceError: it cannot be written.
    """
    scenes = read().scenes
    _write(Progress({**scenes, slug: replace(scenes.get(slug, SceneProgress()), **changed)}))


def forget() -> None:
    """Begin the course anew.

    Raises:
        WorkspaceError: it cannot be written.
    """
    _write(Progress())


def _write(progress: Progress) -> None:
    workspace.made(_path().parent)
    workspace.write_json(_path(), stored.to_builtins(progress))


def _path() -> Path:
    return workspace.root() / "learn" / "progress.json"
