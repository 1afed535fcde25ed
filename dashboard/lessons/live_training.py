"""A small training that goes on while its page is used: one piece of it in each rerun of a fragment.

It lives in the session, not in a thread: it pauses when the page is closed, and any widget answers between two pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from audio_models.lab.small_network import SmallConfig
from audio_models.lab.small_training import SmallTraining
from dashboard.shared.feedback import show_errors
from dashboard.shared.state import Value

_EVERY = 0.25  # seconds between two pieces
_PIECE = 0.12  # seconds of training in each; the rest is for drawing and for other visitors

_TRAINING = Value[SmallTraining | None]("live_training", None)
"""The training as it is now; `of` a key."""
_RUNNING = Value[bool]("live_running", False)
"""Whether it goes on; `of` a key."""


@dataclass(frozen=True)
class Piece:
    """What to train next.

    Attributes:
        length, learning_rate: see `SmallTraining.train`.
        enough: whether a training has reached what it was begun for.
    """

    training: SmallTraining
    length: int
    learning_rate: float
    enough: Callable[[SmallTraining], bool]


@dataclass(frozen=True)
class LiveTraining:
    """The training of one place on a page.

    Attributes:
        key: of that place.
    """

    key: str

    @property
    def running(self) -> bool:
        return _RUNNING.of(self.key).get()

    def current(self, config: SmallConfig) -> SmallTraining:
        """The training of this network: a new one if the configuration has changed."""
        training = _TRAINING.of(self.key).get()
        if training is None or training.config != config:
            training = SmallTraining(config)
            _TRAINING.of(self.key).set(training)
        return training

    def buttons(self, label: str = "Train") -> None:
        """Draw Train, or Stop while it runs, and Start again."""
        run, again = st.columns(2)
        run.button(
            "Stop" if self.running else label,
            icon=":material/stop:" if self.running else ":material/play_arrow:",
            type="primary", key=f"{self.key}_run", width="stretch",
            on_click=self._set_running, args=(not self.running,),
        )  # fmt: skip
        again.button(
            "Start again", icon=":material/restart_alt:", key=f"{self.key}_again", width="stretch",
            help="Back to the first weights.", on_click=self._start_again,
        )  # fmt: skip

    def advance(self, piece: Piece | None) -> None:
        """Train a piece if it runs, and stop when that is enough or leads nowhere."""
        if piece is None:
            self._set_running(False)
        elif self.running:
            piece.training.train(piece.length, piece.learning_rate, seconds=_PIECE)
            if piece.training.diverged or piece.enough(piece.training):
                self._set_running(False)

    def _set_running(self, running: bool) -> None:
        _RUNNING.of(self.key).set(running)

    def _start_again(self) -> None:
        _TRAINING.of(self.key).set(None)


def live(key: str, draw: Callable[[LiveTraining], Piece | None]) -> None:
    """Draw a fragment that reruns by itself while its training runs.

    Args:
        draw: draws it as it is, and says what to train next; None for nothing.
    """
    running = LiveTraining(key).running
    st.fragment(_draw, run_every=_EVERY if running else None)(key, draw, running)


def _draw(key: str, draw: Callable[[LiveTraining], Piece | None], running: bool) -> None:
    training = LiveTraining(key)
    with show_errors():  # the page's own does not cover a fragment
        training.advance(draw(training))  # drawn first: what waits for a training fades
    if training.running != running:  # how often a fragment reruns is decided outside it
        st.rerun()
