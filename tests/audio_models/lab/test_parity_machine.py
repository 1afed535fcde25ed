"""The automaton by hand: every step of it, for ever when steep, and not when shallow."""

from __future__ import annotations

import itertools

import numpy as np

from audio_models.lab import memory_tasks
from audio_models.lab.parity_machine import EVEN, ODD, parity_machine
from audio_models.lab.small_training import accuracies_so_far


def test_it_tells_odd_from_even_in_every_sequence_of_eight_bits() -> None:
    machine = parity_machine(6)
    for bits in itertools.product((0, 1), repeat=8):
        frames = np.array([[bit, 1 - bit] for bit in bits], float)
        for state, ones in zip(machine.read(frames), np.cumsum(bits), strict=True):
            any_, both = state.h
            assert (any_ > 0.9, both > 0.9) in {(False, False), (True, False), (True, True)}
            assert int(machine.answers(state.h).argmax()) == (ODD if ones % 2 else EVEN)


def test_it_needs_to_be_steep() -> None:
    task = memory_tasks.TASKS["parity"]
    assert accuracies_so_far(parity_machine(6), task, 1000, seed=1).min() == 1
    shallow = accuracies_so_far(parity_machine(2), task, 300, seed=1)
    assert shallow[:8].min() == 1
    assert shallow[100:].mean() < 0.6, "what it knew has faded"
