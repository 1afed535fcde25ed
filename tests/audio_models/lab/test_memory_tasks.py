"""The memory tasks ask what they say they ask."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.errors import ConfigError
from audio_models.lab import memory_tasks
from audio_models.lab.memory_tasks import SYMBOLS, TASKS

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("name", TASKS)
@given(seed=SEEDS, length=st.integers(2, 40), sequences=st.integers(1, 9))
def test_shapes(name: str, seed: int, length: int, sequences: int) -> None:
    task = TASKS[name]
    frames, targets = task.make(sequences, length, np.random.default_rng(seed))
    assert frames.shape == (sequences, length + (name == "recall"), task.width)
    assert targets.shape == (sequences, task.outputs)
    assert frames.dtype == targets.dtype == np.float32
    assert task.right(targets, targets) == 1.0
    again, _ = task.make(sequences, length, np.random.default_rng(seed))
    np.testing.assert_array_equal(frames, again)


@given(seed=SEEDS, length=st.integers(2, 40))
def test_recall_marks_the_symbol_that_is_asked_for_and_no_other(seed: int, length: int) -> None:
    frames, targets = TASKS["recall"].make(5, length, np.random.default_rng(seed))
    np.testing.assert_array_equal(frames[:, 0, :SYMBOLS], targets)
    np.testing.assert_array_equal(frames[:, :, :SYMBOLS].sum(axis=2), 1)
    np.testing.assert_array_equal(frames[:, 0, SYMBOLS], 1)
    assert not frames[:, 1:, SYMBOLS].any()


@given(seed=SEEDS, length=st.integers(2, 40))
def test_adding_marks_one_number_in_each_half(seed: int, length: int) -> None:
    frames, targets = TASKS["adding"].make(5, length, np.random.default_rng(seed))
    marks = frames[:, :, 1]
    np.testing.assert_array_equal(marks[:, : length // 2].sum(axis=1), 1)
    np.testing.assert_array_equal(marks[:, length // 2 :].sum(axis=1), 1)
    np.testing.assert_allclose((frames[:, :, 0] * marks).sum(axis=1), targets[:, 0], rtol=1e-6)


@given(seed=SEEDS, length=st.integers(2, 40), place=st.integers(0, 39))
def test_parity_turns_around_with_any_bit(seed: int, length: int, place: int) -> None:
    frames, targets = TASKS["parity"].make(4, length, np.random.default_rng(seed))
    frames[:, place % length] = 1 - frames[:, place % length]
    odd = frames[:, :, 0].sum(axis=1) % 2
    np.testing.assert_array_equal(targets.argmax(axis=1), 1 - odd)


@pytest.mark.parametrize("name", TASKS)
def test_chance_is_what_the_best_guess_gets(name: str) -> None:
    task = TASKS[name]
    _, targets = task.make(20_000, 10, np.random.default_rng(0))
    guess = np.broadcast_to(targets.mean(axis=0), targets.shape)  # the mean, or the most frequent class
    assert task.right(np.asarray(guess), targets) == pytest.approx(task.chance, abs=0.02)


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(ConfigError, match="no memory task 'chess'; choose one of recall, adding, parity"):
        memory_tasks.find("chess")
