"""Batches: right-padded, and normalised with the training clips' numbers."""

from __future__ import annotations

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audio_models.features.sequences import PADDING, Normalisation, pad


def test_normalised_training_frames_have_mean_zero_and_deviation_one() -> None:
    random = np.random.default_rng(0)
    sequences = [random.normal([3, -50, 400], [1, 10, 0.5], (length, 3)).astype(np.float32) for length in (5, 50, 300)]
    normalisation = Normalisation.fit(sequences)
    frames = np.concatenate([normalisation.apply(sequence) for sequence in sequences])
    np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(frames.std(axis=0), 1, atol=1e-4)


def test_it_is_the_mean_and_deviation_over_all_frames_to_the_last_digits() -> None:
    random = np.random.default_rng(1)
    # large against their spread: where squares are summed about zero, half of the digits are lost
    sequences = [random.normal([0.1, -3e4], [1, 0.01], (length, 2)).astype(np.float32) for length in (1, 7, 400)]
    fitted = Normalisation.fit(sequences)
    frames = np.concatenate(sequences).astype(np.float64)
    np.testing.assert_allclose(fitted.mean, frames.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(fitted.std, frames.std(axis=0), rtol=1e-10)


def test_fitting_takes_hardly_any_memory_beside_the_frames() -> None:
    """It took four times the frames: all of them once more, and again in float64."""
    sequences = [np.full((500, 40), number, np.float32) for number in range(50)]
    tracemalloc.start()
    try:
        Normalisation.fit(sequences)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.2 * sum(sequence.nbytes for sequence in sequences)


def test_a_coefficient_that_never_moves_stays_finite() -> None:
    constant = [np.full((4, 2), -100, np.float32)]
    frames = Normalisation.fit(constant).apply(constant[0])
    assert np.isfinite(frames).all()


def test_padding_is_on_the_right_and_lengths_are_true() -> None:
    batch, lengths = pad([np.ones((2, 3), np.float32), np.ones((4, 3), np.float32)])
    assert batch.shape == (2, 4, 3)
    assert lengths.tolist() == [2, 4]
    assert (batch[0, 2:] == PADDING).all()
    assert (batch[0, :2] == 1).all()


LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=8)


@given(LENGTHS, st.integers(0, 1000))
def test_every_sequence_is_whole_in_its_batch_and_nothing_else_is(lengths: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    sequences = [random.normal(size=(length, 3)).astype(np.float32) for length in lengths]
    batch, told = pad(sequences)
    assert batch.shape == (len(lengths), max(lengths), 3)
    assert told.tolist() == lengths
    for row, sequence in zip(batch, sequences, strict=True):
        np.testing.assert_array_equal(row[: len(sequence)], sequence)
        assert (row[len(sequence) :] == PADDING).all()


@given(LENGTHS, st.integers(0, 1000), st.integers(0, 240))
def test_normalisation_does_not_depend_on_how_the_frames_lie_in_clips(lengths: list[int], seed: int, cut: int) -> None:
    random = np.random.default_rng(seed)
    sequences = [random.normal(50, 3, (length, 2)).astype(np.float32) for length in lengths]
    frames = np.concatenate(sequences)
    fitted = Normalisation.fit(sequences)
    for others in (sequences[::-1], [frames], [part for part in np.split(frames, [cut % len(frames)]) if len(part)]):
        again = Normalisation.fit(others)
        np.testing.assert_allclose(again.mean, fitted.mean, rtol=1e-9)
        np.testing.assert_allclose(again.std, fitted.std, rtol=1e-6, atol=1e-9)
