"""Decode recordings with PyAV in a separate process: `python -m data.av_worker`.

FFmpeg's code reads files from anywhere; what goes wrong in it ends this process and no other. A request is one line of
JSON on stdin; the answer on stdout is one line of JSON, whose "bytes" says how many bytes of samples follow it.

    {"do": "open", "path", "limit"}   -> {"rate", "channels", "frames", "promised", "damaged", "codec"}, or {"error"}
    {"do": "read", "frames", "limit"} -> {"bytes"}, then (frames, channels) float32; fewer at the end
    {"do": "go_to", "frame", "limit"} -> {}

"limit" is the time that the request may take [s]: then the process ends itself, whatever it is busy with. It also ends
when stdin does, and after a minute without a request.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import sys
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import av.logging
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # (frames, channels)

# What may be opened: no playlists, which name other files and addresses, and no subtitles, pictures or raw data.
_CONTAINERS = "wav,w64,flac,ogg,mp3,aiff,caf,au,mov,matroska,asf,amr,amrnb,amrwb,aac"
_DECODERS = (
    "aac,aac_latm,alac,opus,libopus,vorbis,flac,mp3,mp3float,mp2,mp2float,amrnb,amrwb,wmav1,wmav2,wmapro,wmalossless,wmavoice,"
    "speex,gsm,gsm_ms,ac3,adpcm_ima_wav,adpcm_ms,adpcm_ima_qt,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,"
    "pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be"
)
_WITHOUT_LENGTH = ("mp3", "aac", "amr")
_OPTIONS = {"format_whitelist": _CONTAINERS, "codec_whitelist": _DECODERS, "protocol_whitelist": ""}
_WHOLE_SECONDS, _WHOLE_BYTES = 35.0, 64_000_000  # up to here a recording is decoded when it is opened
_RUN_UP = 0.5  # seconds decoded before the wanted place, until the decoder's memory is right
_IDLE = 60.0  # seconds
_TOLD = ("rate", "channels", "frames", "promised", "damaged", "codec")


class Unreadable(Exception):
    """It cannot be decoded; the text is the reason."""


class _Decoder:
    """The sound of one file, decoded from one place on."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self._container: Any = av.open(file, options=_OPTIONS, metadata_errors="ignore")
        streams = self._container.streams.audio
        if not streams:
            raise Unreadable("there is no sound in it")
        self._stream = streams[0]
        self._stream.codec_context.thread_count = 1
        self._blocks = self._decoded()
        self._resampler: Any = None
        self._origin: int | None = None  # time stamp of the first sample, in the stream's units
        self.rate = self.channels = 0
        self.damaged = 0  # packets
        self._ahead: Samples = np.empty((0, 0), np.float32)
        self._ahead = self._next()

    @property
    def promised(self) -> float:
        """Length of the sound by the header [s]; 0 if it says none, but a guess or the length of a video around it."""
        if self._container.format.name in _WITHOUT_LENGTH:
            return 0.0
        if self._stream.duration and self._stream.time_base:
            return max(0.0, float(self._stream.duration * self._stream.time_base))
        is_alone = len(self._container.streams) == 1
        return max(0.0, (self._container.duration or 0) / 1e6) if is_alone else 0.0

    @property
    def codec(self) -> str:
        return str(self._stream.codec_context.name)

    def read(self, frames: int) -> Samples:
        """The next (frames, channels), fewer at the end."""
        parts, wanted = [], frames
        while wanted > 0 and len(self._ahead):
            parts.append(self._ahead[:wanted])
            self._ahead = self._ahead[wanted:]
            wanted -= len(parts[-1])
            if not len(self._ahead):
                self._ahead = self._next()
        return np.concatenate(parts) if parts else np.empty((0, self.channels), np.float32)

    def measure(self) -> int:
        """Count the frames by the packets from here to the end, without decoding; nothing can be read afterwards."""
        unit = float(self._stream.time_base or 0)
        end = 0.0
        for packet in self._packets():
            start = packet.pts if packet.pts is not None else packet.dts
            if start is not None:
                end = max(end, (start + (packet.duration or 0) - (self._origin or 0)) * unit)
        return round(end * self.rate)

    def seek(self, frame: int) -> bool:
        """Continue at `frame`; False if that place cannot be found by its time."""
        unit = float(self._stream.time_base or 0)
        if not unit or self._origin is None:
            return False
        target = self._origin + (frame / self.rate - _RUN_UP) / unit
        try:
            self._container.seek(max(self._origin, int(target)), stream=self._stream, backward=True)
        except av.FFmpegError:
            return False
        self._blocks = self._decoded()
        self._resampler = None
        for block, stamp in self._blocks:
            if stamp is None:
                return False
            first = round((stamp - self._origin) * unit * self.rate)
            if first > frame:
                return False
            if first + len(block) > frame:
                self._ahead = block[frame - first :]
                return True
        return False

    def close(self) -> None:
        self._container.close()

    def _next(self) -> Samples:
        for block, _ in self._blocks:
            return block
        return np.empty((0, self.channels), np.float32)

    def _packets(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, EOFError):
                return
            except av.FFmpegError:  # the file ends in the middle of a packet
                return
            yield packet

    def _decoded(self) -> Iterator[tuple[Samples, int | None]]:
        """Decode in order: blocks (frames, channels), each with the time stamp of its first sample."""
        for packet in self._packets():
            try:
                frames = packet.decode()
            except EOFError:
                return
            except av.FFmpegError:
                self.damaged += 1
                continue
            for frame in frames:
                yield from self._converted(frame)

    def _converted(self, frame: Any) -> Iterator[tuple[Samples, int | None]]:
        if self._resampler is None:
            self._resampler = av.AudioResampler(format="flt", layout=frame.layout, rate=frame.sample_rate)
            if not self.rate:
                self.rate, self.channels = frame.sample_rate, frame.layout.nb_channels
        if (frame.sample_rate, frame.layout.nb_channels) != (self.rate, self.channels):
            raise Unreadable("its rate or its number of channels changes in the middle")
        stamp = frame.pts
        if self._origin is None:
            self._origin = stamp
        for converted in self._resampler.resample(frame):
            block = converted.to_ndarray().reshape(-1, self.channels)
            if len(block):
                yield block, stamp
            stamp = None


class _Recording:
    """An open recording: short ones are decoded at once, of long ones the part that is read."""

    def __init__(self, path: str) -> None:
        self._file = open(os.fsencode(path), "rb")  # noqa: SIM115 - closed in `close`
        try:
            self._decoder = _Decoder(self._file)
            if not self._decoder.rate:
                raise Unreadable("there is no sound in it")
            self.rate, self.channels = self._decoder.rate, self._decoder.channels
            self.promised, self.codec = self._decoder.promised, self._decoder.codec
            most = int(min(_WHOLE_SECONDS * self.rate, _WHOLE_BYTES / (4 * self.channels)))
            self._place = 0
            self._whole: Samples | None = self._decoder.read(most)
            self.frames = len(self._whole)
            if self.frames == most:
                self._whole = None
                self.frames = max(most, self._decoder.measure())
            self.damaged = self._decoder.damaged
            if self._whole is None:
                self._restart()
        except BaseException:
            self._file.close()
            raise

    def read(self, frames: int) -> Samples:
        if self._whole is None:
            return self._decoder.read(frames)
        block = self._whole[self._place : self._place + frames]
        self._place += len(block)
        return block

    def go_to(self, frame: int) -> None:
        self._place = frame
        if self._whole is None and not self._decoder.seek(frame):
            self._restart()
            left = frame
            while left > 0 and (passed := len(self._decoder.read(min(left, self.rate)))):
                left -= passed

    def close(self) -> None:
        self._decoder.close()
        self._file.close()

    def _restart(self) -> None:
        self._decoder.close()
        self._decoder = _Decoder(self._file)


def _requests() -> Iterator[dict[str, Any]]:
    """The lines of stdin; they end with it, or when none comes for a minute."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin.buffer:
            lines.put(line)
        lines.put(b"")

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=_IDLE)
        except queue.Empty:
            return
        if not line:
            return
        yield json.loads(line)


def main() -> None:
    """Answer requests until there are no more."""
    av.logging.set_level(av.logging.PANIC)
    output = sys.stdout.buffer
    nowhere = open(os.devnull, "w")  # noqa: SIM115 - open as long as the process
    recording: _Recording | None = None
    for request in _requests():
        faulthandler.dump_traceback_later(request["limit"], exit=True, file=nowhere)
        content = b""
        answer: dict[str, Any] = {}
        try:
            if request["do"] == "open":
                if recording is not None:
                    recording.close()
                recording = None
                recording = _Recording(request["path"])
                answer = {name: getattr(recording, name) for name in _TOLD}
            elif request["do"] == "close":
                if recording is not None:
                    recording.close()
                recording = None
            elif recording is not None and request["do"] == "read":
                content = np.ascontiguousarray(recording.read(request["frames"]), np.float32).tobytes()
            elif recording is not None:
                recording.go_to(request["frame"])
        except Unreadable as error:
            answer = {"error": str(error)}
        except (av.FFmpegError, ValueError, OSError, MemoryError) as error:
            answer = {"error": getattr(error, "strerror", None) or str(error)}
        faulthandler.cancel_dump_traceback_later()
        output.write(json.dumps({**answer, "bytes": len(content)}).encode() + b"\n" + content)
        output.flush()


if __name__ == "__main__":
    main()
