"""The scenes of the course in their order. A scene is a module in `dashboard/learn/scenes` with a function `draw`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True)
class Scene:
    """One screen of the course.

    Attributes:
        slug: its name in the address, `/learn?scene=<slug>`, and that of its module.
        name: one or two words, for the row of scenes.
        title: its heading.
        idea: what a student knows afterwards, one sentence.
        minutes: how long a class needs for it.
    """

    slug: str
    name: str
    title: str
    idea: str
    minutes: int

    @property
    def draw(self) -> Callable[[], None]:
        """Draws the scene; imported late, so opening one scene does not wait for the others."""
        return cast("Callable[[], None]", importlib.import_module(f"dashboard.learn.scenes.{self.slug}").draw)


SCENES = (
    Scene("order", "Order", "Order matters", "A recurrent network hears in which order the sounds come; a mean does not.", 10),
    Scene("memory", "Memory", "Sequential memory", "The state carries the beginning of a word to its end.", 10),
    Scene("unrolled", "Unrolled", "The loop unrolled", "A loop in time is a deep network that shares its weights.", 10),
    Scene("vanishing", "Vanishing", "Short memory is the vanishing gradient", "What the gradient does not reach is not learned.", 15),
    Scene("lstm", "LSTM", "LSTM: a memory with gates", "Three gates write, delete and read a cell state.", 15),
    Scene("gru", "GRU", "GRU: two gates", "Fewer parameters, and what that costs.", 10),
    Scene("in_keras", "In keras", "In keras", "The network on screen is a few lines of keras.", 10),
    Scene("any_algorithm", "Any algorithm?", "Any algorithm?", "What a recurrent network can compute, and what it learns.", 10),
)  # fmt: skip


def find(slug: str | None) -> Scene | None:
    """The scene of an address; None without one."""
    return next((scene for scene in SCENES if scene.slug == slug), None)
