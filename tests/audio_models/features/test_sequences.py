"""Batches: right-padded, and normalised with the training clips' numbers."""

from __future__ import annotations

import numpy as np

from audio_models.features.sequences import PADDING, Normalisation, pad


def test_normalised_training_frames_have_mean_zero_and_deviation_one() -> None:
    random = np.random.default_rng(0)
    sequences = [random.normal([3, -50, 400], [1, 10, 0.5], (length, 3)).astype(np.float32) for length in (5, 50, 300)]
    normalisation = Normalisation.fit(sequences)
    frames = np.concatenate([normalisation.apply(sequence) for sequence in sequences])
    np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(frames.std(axis=0), 1, atol=1e-4)


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
