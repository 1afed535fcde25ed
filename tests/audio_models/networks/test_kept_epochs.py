"""Weights of earlier epochs: which remain, how exact they are, and what is said of a missing or damaged one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio_models.config import NetworkConfig
from audio_models.errors import RunError
from audio_models.networks import kept_epochs
from audio_models.networks.initial_weights import fresh_weights
from audio_models.networks.numpy_network import NumpyNetwork

CONFIG = NetworkConfig("lstm", 8)


def _weights(seed: int) -> dict[str, np.ndarray]:
    return {name: value.astype(np.float32) for name, value in fresh_weights(CONFIG, 5, 3, seed).items()}


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [(0, (0,)), (3, (0, 1, 2, 3)), (11, tuple(range(12))), (12, (0, 2, 4, 6, 8, 10, 12)), (30, tuple(range(0, 31, 4)))],
)
def test_epochs_are_evenly_spaced_and_few(epochs: int, expected: tuple[int, ...]) -> None:
    assert kept_epochs.wanted(epochs) == expected


def test_an_epoch_that_is_wanted_later_was_wanted_before() -> None:
    """Else a training would have dropped it by then."""
    for epochs in range(1, 200):
        assert set(kept_epochs.wanted(epochs)) <= {*kept_epochs.wanted(epochs - 1), epochs}
        assert len(kept_epochs.wanted(epochs)) <= kept_epochs.MOST


def test_what_a_training_of_many_epochs_keeps(tmp_path: Path) -> None:
    for epoch in range(26):
        kept_epochs.keep(tmp_path, epoch, _weights(epoch))
    assert kept_epochs.listing(tmp_path) == (0, 4, 8, 12, 16, 20, 24)
    kept_epochs.keep(tmp_path, 13, _weights(13))  # resumed from an earlier checkpoint
    assert kept_epochs.listing(tmp_path) == (0, 4, 8, 12)


def test_weights_come_back_to_a_127th_of_the_largest_in_their_column(tmp_path: Path) -> None:
    weights = _weights(1)
    kept_epochs.keep(tmp_path, 0, weights)
    found = kept_epochs.load(tmp_path, 0)
    assert {name: value.shape for name, value in found.items()} == {name: w.shape for name, w in weights.items()}
    for name, value in weights.items():
        assert np.abs(found[name] - value).max() <= np.abs(value).max() / 254 + 1e-6, name
    frames = np.random.default_rng(2).normal(size=(20, 5))
    answers = [NumpyNetwork(CONFIG, one).read(frames).probabilities for one in (weights, found)]
    np.testing.assert_allclose(answers[0], answers[1], atol=0.01)


def test_an_epoch_that_was_not_kept_is_named_with_those_that_were(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"epoch 3 were not kept\. Train with --keep-epochs"):
        kept_epochs.load(tmp_path, 3)
    kept_epochs.keep(tmp_path, 0, _weights(0))
    with pytest.raises(RunError, match=r"Kept are epochs 0\."):
        kept_epochs.load(tmp_path, 3)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x93NUMPY"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "0002.npz").write_bytes(content)
    with pytest.raises(RunError, match=r"0002\.npz is damaged"):
        kept_epochs.load(tmp_path, 2)
