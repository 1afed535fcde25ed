"""Window and mel filters, as librosa designs them.

They are designed once, when a network is trained, and travel with it (`networks.model_metadata`): importing librosa
takes seconds, too long for a single answer.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from audio_models.config import FeatureConfig
from audio_models.errors import ConfigError


@dataclass(frozen=True)
class Filters:
    """The constants between a waveform and its mel bands, as plain numbers of float32 precision.

    Attributes:
        window: (frame_length,) factors of the samples of a frame.
        bands: for each mel band the first bin of the spectrum that it covers, and the weights from there on.
    """

    window: tuple[float, ...]
    bands: tuple[tuple[int, tuple[float, ...]], ...]

    @cached_property
    def window_array(self) -> NDArray[np.float32]:
        """(frame_length,)."""
        return np.array(self.window, np.float32)

    @cached_property
    def mel_matrix(self) -> NDArray[np.float32]:
        """(bins, n_mels): the power in each band is `power @ mel_matrix`."""
        matrix = np.zeros((len(self.window) // 2 + 1, len(self.bands)), np.float32)
        for column, (first, weights) in zip(matrix.T, self.bands, strict=True):
            column[first : first + len(weights)] = weights
        return matrix

    def fits(self, config: FeatureConfig) -> bool:
        """Whether their shape fits the settings."""
        bins = len(self.window) // 2 + 1
        return (
            len(self.window) == config.frame_length
            and len(self.bands) == config.n_mels
            and all(weights and 0 <= first <= bins - len(weights) for first, weights in self.bands)
        )


@lru_cache(maxsize=8)
def designed(config: FeatureConfig) -> Filters:
    """The Hann window and the mel filters (Slaney's scale and area) of librosa.

    Raises:
        ConfigError: a band is so narrow that it covers no bin of the spectrum.
    """
    from librosa.filters import get_window, mel

    window = get_window("hann", config.frame_length).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa's remark on empty bands; the error below says it
        matrix = mel(
            sr=config.sample_rate, n_fft=config.frame_length, n_mels=config.n_mels, fmin=config.fmin, fmax=config.fmax
        ).astype(np.float32)
    if not matrix.any(axis=1).all():
        raise ConfigError(
            f"{config.n_mels} mel bands are too narrow for frames of {config.frame_ms:g} ms: some hold no frequency. "
            "Use fewer bands or longer frames."
        )
    return Filters(_numbers(window), tuple(map(_band, matrix)))


def _band(row: NDArray[np.float32]) -> tuple[int, tuple[float, ...]]:
    inside = np.flatnonzero(row)
    return int(inside[0]), _numbers(row[inside[0] : inside[-1] + 1])


def _numbers(values: NDArray[np.float32]) -> tuple[float, ...]:
    """The shortest decimals that round to these float32 numbers."""
    return tuple(float(str(value)) for value in values)
