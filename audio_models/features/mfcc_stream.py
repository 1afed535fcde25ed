"""MFCC frames of a stream, equal to those of `mfcc` for the whole sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from audio_models.config import FeatureConfig
from audio_models.features.filters import Filters
from audio_models.features.mfcc import SLOPE_REACH, Frames, cepstra, frame_end, mel_bands, slopes
from audio_models.features.waveform import Waveform


class FrameStream:
    """Turns chunks of any size into blocks of frames: one frame first, then `block` at a time.

    However the sound is cut into chunks, each block is computed from the same samples, to the last digit.

    Args:
        config: settings of the features. With slopes, a frame is complete once the next two are known.
        block: frames of each block but the first.
        filters: those of a trained network; by default librosa designs them.

    Attributes:
        end: end of the sound that the last block depends on [s].
    """

    def __init__(self, config: FeatureConfig, block: int, filters: Filters | None = None) -> None:
        self._config = config
        self._filters = filters
        self._without_slopes = replace(config, deltas=False)
        self._block = block
        self._samples: Waveform = np.empty(0, np.float32)  # not read yet, or shared with the next frame
        self._between = 0  # samples still to come between two frames, if the hop is longer than a frame
        self._seen: Frames | None = None  # last coefficients, needed for slopes still to come
        self._given = 0

    def feed(self, samples: Waveform) -> Iterator[Frames]:
        """The blocks that `samples` (n,) float32 at the features' rate complete, each (frames, width)."""
        self._samples = np.concatenate([self._samples, samples])
        hop, frame = self._config.hop_length, self._config.frame_length
        first = self._between
        while True:
            given = self._block if self._given else 1
            read = given if self._given or not self._config.deltas else given + SLOPE_REACH
            end = first + frame + (read - 1) * hop
            if end > len(self._samples):
                break
            bands = mel_bands([self._samples[first:end]], self._without_slopes, self._filters)[0]
            coefficients = cepstra(bands, self._without_slopes)
            first += read * hop
            self._given += given
            yield self._with_slopes(coefficients) if self._config.deltas else coefficients
        self._between = max(0, first - len(self._samples))
        self._samples = self._samples[first:]

    @property
    def end(self) -> float:
        return float(frame_end(self._given - 1, self._config)) if self._given else 0.0

    def _with_slopes(self, coefficients: Frames) -> Frames:
        """The frames that the new coefficients complete: all but the last two."""
        before = np.repeat(coefficients[:1], SLOPE_REACH, axis=0) if self._seen is None else self._seen
        known = np.concatenate([before, coefficients])
        self._seen = known[-2 * SLOPE_REACH :]
        return np.concatenate([known, slopes(known)], axis=1)[SLOPE_REACH:-SLOPE_REACH]
