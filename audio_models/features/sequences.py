"""Batches of MFCC sequences: normalised, right-padded, with the length of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio_models.features.mfcc import Frames

PADDING = 0.0
"""Fills the frames after the end of a sequence; the network masks frames that hold nothing else."""

_SMALLEST_STD = 1e-3  # a constant coefficient is centred, not divided by 0


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each coefficient over the training clips; stored with the network.

    Attributes:
        mean, std: one number per coefficient.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def fit(cls, sequences: Sequence[Frames]) -> Normalisation:
        """Compute mean and standard deviation of training sequences, each (frames, width), one at a time.

        Two passes in float64: the sum of squares about the mean loses no digits, the sum of squared values would.
        """
        count = sum(map(len, sequences))
        mean = sum(sequence.sum(axis=0, dtype=np.float64) for sequence in sequences) / count
        variance = sum(np.square(sequence - mean).sum(axis=0) for sequence in sequences) / count
        std = np.maximum(np.sqrt(variance), _SMALLEST_STD)
        return cls(tuple(map(float, mean)), tuple(map(float, std)))

    def apply(self, frames: Frames) -> Frames:
        """(frames, width) -> the same shape, each coefficient with mean 0 and standard deviation 1."""
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        normalised: Frames = np.divide(frames - mean, std, dtype=np.float32)
        return normalised


def pad(sequences: Sequence[Frames]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Sequences of (frames_i, width) -> batch (batch, longest, width), right-padded, and lengths (batch,)."""
    lengths = np.array([len(sequence) for sequence in sequences], np.int32)
    batch = np.full((len(sequences), lengths.max(), sequences[0].shape[1]), PADDING, np.float32)
    for row, sequence in zip(batch, sequences, strict=True):
        row[: len(sequence)] = sequence
    return batch, lengths
