"""From waveforms to sequences of mel-frequency cepstral coefficients (MFCC).

The same for training, files, the microphone and batches. Each frame depends on its own samples alone: there is no padding
at the edges, and no floor 80 dB below the loudest sample, which would tie a clip's features to its neighbours in a batch.
Window and filters are librosa's (`filters`). Framing, transform and sum are written out: 0.1 ms per clip instead of
0.55 ms with `librosa.feature.mfcc` (`make bench`, features).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio_models.config import FeatureConfig
from audio_models.features.filters import Filters, designed
from audio_models.features.waveform import Waveform

Frames = NDArray[np.float32]

# The rounding noise of 16 bits has a power near 1e-10 in a mel band: anything below is no sound.
_FLOOR = 1e-10
SLOPE_REACH = 2  # frames before and after
_AT_ONCE = 4  # clips whose spectra fit the second-level cache; 16 at a time take half as long again
_DECIBELS = np.float32(10 / np.log(10))  # per natural logarithm, which numpy computes four times as fast as log10


def frame_count(samples: int, config: FeatureConfig) -> int:
    """Number of frames in a waveform of `samples` samples; at least one."""
    padding = 2 * (config.frame_length // 2) if config.centred else 0
    return 1 + max(0, samples + padding - config.frame_length) // config.hop_length


def frame_time(frame: int | NDArray[np.int_], config: FeatureConfig) -> float | NDArray[np.float64]:
    """The middle of a frame [s]."""
    return (frame * config.hop_length + config.first_end - config.frame_length / 2) / config.sample_rate


def frame_end(frame: int | NDArray[np.int_], config: FeatureConfig) -> float | NDArray[np.float64]:
    """The end of the sound that a frame depends on [s]; its slopes look two frames ahead."""
    last = frame + (SLOPE_REACH if config.deltas else 0)
    return (last * config.hop_length + config.first_end) / config.sample_rate


def mfcc(waveform: Waveform, config: FeatureConfig, filters: Filters | None = None) -> Frames:
    """The MFCC sequence of one waveform.

    Args:
        waveform: (samples,) float32 at `config.sample_rate`.
        filters: those of a trained network; by default librosa designs them.

    Returns:
        (frames, config.width) float32: frame t covers the samples from `t * hop_length` on, `frame_length` of them.
    """
    return cepstra(mel_bands([waveform], config, filters)[0], config)


def mfcc_batch(waveforms: Sequence[Waveform], config: FeatureConfig) -> list[Frames]:
    """The MFCC sequences of several waveforms; each equals that of the waveform alone.

    MFCC after Davis and Mermelstein (1980): power spectrum under a Hann window, sums in triangular mel bands
    (Slaney's scale), decibels, orthonormal cosine transform (type II).

    Args:
        waveforms: each (samples,) float32 at `config.sample_rate`, lengths may differ.

    Returns:
        for each, (frames, config.width) float32.
    """
    return [cepstra(bands, config) for bands in mel_bands(waveforms, config)]


def mel_bands(waveforms: Sequence[Waveform], config: FeatureConfig, filters: Filters | None = None) -> list[Frames]:
    """The energy in each mel band, for each waveform (frames, n_mels) [dB]; MFCC are its cosine transform."""
    filters = filters or designed(config)
    bands: list[Frames] = []
    for first in range(0, len(waveforms), _AT_ONCE):
        part = waveforms[first : first + _AT_ONCE]
        padded = [np.pad(one, config.frame_length // 2) for one in part] if config.centred else part
        for row, waveform in zip(_mel_db(_stack(padded, config), config, filters), part, strict=True):
            found = row[: frame_count(len(waveform), config)]
            bands.append(np.maximum(found, found.max() - np.float32(config.top_db)) if config.top_db else found)
    return bands


def cepstra(bands: Frames, config: FeatureConfig) -> Frames:
    """The frames (frames, config.width) of mel bands (frames, n_mels) [dB]: MFCC, or the bands themselves."""
    coefficients: Frames = bands @ _cosine_transform(config) if config.kind == "mfcc" else bands
    return np.concatenate([coefficients, slopes(coefficients)], axis=1) if config.deltas else coefficients


def slopes(frames: Frames) -> Frames:
    """The slope of each coefficient over five frames, (frames, coefficients) like the input; edges are repeated.

    d_t = sum_n n (c_{t+n} - c_{t-n}) / (2 sum_n n^2), n = 1, 2: the regression of the HTK Book (Young et al., 5.9).
    """
    reach = range(1, SLOPE_REACH + 1)
    padded = np.pad(frames, ((SLOPE_REACH, SLOPE_REACH), (0, 0)), mode="edge")
    count = len(frames)
    total = np.zeros_like(frames)
    for n in reach:
        total += np.float32(n) * (padded[SLOPE_REACH + n :][:count] - padded[SLOPE_REACH - n :][:count])
    return total / np.float32(2 * sum(n * n for n in reach))


def _stack(waveforms: Sequence[Waveform], config: FeatureConfig) -> NDArray[np.float32]:
    """(batch, samples), zeros on the right; only the frame of a clip shorter than a frame reaches into them."""
    samples = max(config.frame_length, *(len(waveform) for waveform in waveforms))
    stacked = np.zeros((len(waveforms), samples), np.float32)
    for row, waveform in zip(stacked, waveforms, strict=True):
        row[: len(waveform)] = waveform
    return stacked


def _mel_db(stacked: NDArray[np.float32], config: FeatureConfig, filters: Filters) -> NDArray[np.float32]:
    frames = sliding_window_view(stacked, config.frame_length, axis=-1)[:, :: config.hop_length]
    frames = frames * filters.window_array
    spectrum = scipy.fft.rfft(frames, axis=-1)  # (batch, frames, bins)
    # In place: allocating another large array takes longer than the arithmetic.
    squares = spectrum.view(np.float32)
    np.square(squares, out=squares)
    power = np.add(squares[..., 0::2], squares[..., 1::2], out=frames[..., : spectrum.shape[-1]])
    bands: NDArray[np.float32] = power @ filters.mel_matrix
    np.maximum(bands, np.float32(_FLOOR), out=bands)
    np.log(bands, out=bands)
    bands *= _DECIBELS
    return bands


@lru_cache(maxsize=8)
def _cosine_transform(config: FeatureConfig) -> NDArray[np.float32]:
    """(n_mels, n_mfcc)."""
    cosine = scipy.fft.dct(np.eye(config.n_mels), axis=1, norm="ortho")[:, : config.n_mfcc]
    return np.ascontiguousarray(cosine, np.float32)
