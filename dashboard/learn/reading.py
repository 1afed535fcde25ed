"""A word as a network reads it, for the scenes: cut, or with a lane of its state erased; cached, in numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from audio_models.networks.cells import Numbers, State, first_state, step
from audio_models.networks.numpy_network import NumpyNetwork, Trace
from dashboard.learn.parts import network as bundled_network
from dashboard.shared import preload
from dashboard.shared.example_sounds import spoken


@dataclass(frozen=True)
class Reading:
    """What a network with one recurrent layer, which answers from its last state, does while it reads a clip.

    Attributes:
        states: after each frame.
        probabilities: if the clip ended after each frame, (frames, labels).
    """

    states: tuple[State, ...]
    probabilities: Numbers

    @property
    def vectors(self) -> Numbers:
        """The whole state after each frame, h and an LSTM's c beside each other, (frames, numbers)."""
        return np.stack([one.h if one.c is None else np.concatenate([one.h, one.c]) for one in self.states])


@dataclass(frozen=True)
class Word:
    """A word that a synthetic voice says, and the network that reads it.

    Attributes:
        samples: (samples,) at `rate` [Hz].
        labels: of the network.
        frame_seconds: from one frame to the next [s].
        trace: what the network does while it reads all of it.
    """

    samples: NDArray[np.float32]
    rate: int
    labels: tuple[str, ...]
    frame_seconds: float
    network: NumpyNetwork
    trace: Trace

    @property
    def frames(self) -> Numbers:
        """Normalised, (frames, width)."""
        return self.trace.frames

    @property
    def seconds(self) -> float:
        return len(self.frames) * self.frame_seconds

    def answer(self, probabilities: Numbers) -> str:
        """The likeliest label of (labels,)."""
        return self.labels[int(probabilities.argmax())]

    def read(self, first: int = 0, last: int | None = None, erase: tuple[int, str] | None = None) -> Reading:
        """Read the frames from `first` to before `last`.

        Args:
            erase: before this frame, set "h" or "c" to zero.
        """
        weights = self.network.cell_weights(1)
        cell = self.network.config.cell
        zero = np.zeros(weights.units)
        state = first_state(cell, weights.units)
        states = []
        for number in range(first, len(self.frames) if last is None else last):
            if erase is not None and number == erase[0]:
                state = State(zero, state.c) if erase[1] == "h" else State(state.h, zero)
            state = step(cell, self.frames[number], state, weights)
            states.append(state)
        trace = replace(self.trace, frames=self.frames[first:last], hidden=np.stack([one.h for one in states]))
        return Reading(tuple(states), self.network.prefix_probabilities(trace))

    def erased_at_each(self, lane: str) -> Numbers:
        """The probabilities at the end if a lane is set to zero before each frame but the first, (frames - 1, labels)."""
        weights, cell = self.network.cell_weights(1), self.network.config.cell
        count = len(self.frames) - 1
        state = first_state(cell, weights.units, (count,))
        for number, frame in enumerate(self.frames):
            kept = (np.arange(1, count + 1) != number)[:, None]
            state = State(state.h * kept, state.c) if lane == "h" else State(state.h, _cell_state(state) * kept)
            state = step(cell, frame, state, weights)
        trace = replace(self.trace, frames=state.h, hidden=state.h)  # one row for each place of the erasure
        return self.network.prefix_probabilities(trace)


def word(name: str, label: str) -> Word:
    """A word and a network that comes with Echoic, by its name."""
    return cast("Word", _word(name, label))


def _cell_state(state: State) -> Numbers:
    assert state.c is not None, "an LSTM's state has a cell state"
    return state.c


@st.cache_resource(show_spinner=False, max_entries=40)  # type: ignore[untyped-decorator]
def _word(name: str, label: str) -> Word:
    from audio_models.lab.inspection import network_of

    run = bundled_network(name)
    network = network_of(run)
    recognizer = preload.recognizer(run)
    rate = recognizer.features.sample_rate
    samples = spoken(label, rate)
    return Word(
        samples,
        rate,
        recognizer.labels,
        recognizer.features.hop_length / rate,
        network,
        network.read(recognizer.normalise(recognizer.frames(samples))),
    )


@st.cache_data(show_spinner=False, max_entries=20)  # type: ignore[untyped-decorator]
def erased_at_each(name: str, label: str, lane: str) -> Numbers:
    """The same as `Word.erased_at_each`, remembered."""
    return word(name, label).erased_at_each(lane)
