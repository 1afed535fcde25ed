"""Read the samples of a recording with libsndfile or with PyAV: all channels, in order or from any place."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from data.audio_source import AudioSource
from data.av_process import AvRecording

_RUN_UP = 16_384  # frames of samples; an MP3 frame depends on up to nine before it, of 1,152 samples each


class Decoder(Protocol):
    """What decodes a recording: libsndfile or PyAV."""

    @property
    def samplerate(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def frames(self) -> int: ...
    @property
    def subtype(self) -> str: ...
    def block(self, frames: int) -> NDArray[np.float32]: ...
    def go_to(self, frame: int) -> None: ...
    def close(self) -> None: ...


class LibsndfileDecoder(soundfile.SoundFile):  # type: ignore[misc]
    """A file that libsndfile reads in order.

    `soundfile` seeks to its present position after each block of a seekable file. An MP3 decoder then loses the frames
    before, and the first 50 ms of the next block come out wrong.
    """

    def seekable(self) -> bool:
        return False

    def block(self, frames: int) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self.read(frames, dtype="float32", always_2d=True)
        return found

    def go_to(self, frame: int) -> None:
        """Continue at `frame`. An MP3 decoder starts a little earlier, so the samples equal those of the whole file."""
        run_up = min(frame, _RUN_UP) if self.format == "MP3" else 0
        self.seek(frame - run_up)
        self.read(run_up, dtype="float32")


class AvDecoder(AvRecording):
    """A recording that PyAV reads, its length by its packets; what the last of them lack is silence."""

    def __init__(self, source: AudioSource) -> None:
        super().__init__(source.data, source.name)
        self._place = 0

    def block(self, frames: int) -> NDArray[np.float32]:
        wanted = min(frames, self.frames - self._place)
        block = self.read(wanted) if wanted > 0 else np.empty((0, self.channels), np.float32)
        self._place += len(block)
        missing = wanted - len(block)
        if 0 < missing <= self.samplerate // 2 and self._place + missing == self.frames:
            self._place = self.frames
            block = np.concatenate([block, np.zeros((missing, self.channels), np.float32)])
        return block

    def go_to(self, frame: int) -> None:
        super().go_to(frame)
        self._place = frame
