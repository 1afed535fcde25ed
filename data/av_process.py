"""Read recordings with PyAV, which decodes in a separate process: bounded in time and memory, see `av_worker`.

A process decodes one recording at a time and then waits for the next one; where several are read at once, several run.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from data import workspace
from data.errors import AudioError

PATIENCE = 20.0
"""Time for a block of sound [s]; opening a recording may take longer, see `_BYTES_A_SECOND`."""
MEMORY = 1_000_000_000
"""Most memory of a process [bytes]."""

_BYTES_A_SECOND = 10_000_000  # of a slow disk: a recording is read once to find its length
_POLL = 0.1  # seconds between two looks at the memory
_FRESH = 30.0  # seconds; after a minute without work a process ends
_GRACE = 5.0  # seconds after which a process ends by itself that this one did not end
_IDLE: queue.LifoQueue[_Worker] = queue.LifoQueue(os.cpu_count() or 1)


class Unreadable(Exception):
    """PyAV cannot decode it; the text is the reason."""


class AvRecording:
    """A recording that PyAV reads; `close` it.

    Args:
        data: the path of the file, or its content.
        name: what messages call it.

    Attributes:
        samplerate: [Hz].
        channels: their number.
        frames: its length in samples; exact up to 35 s, else by its packets.
        promised: its length by its header [s], 0 if that says none.
        damaged: number of packets in its beginning that could not be decoded.
        codec: FFmpeg's name of its decoder.

    Raises:
        Unreadable: it is no recording, or none that PyAV can decode.
        AudioError: reading it takes too long or too much memory, or the process ended.
    """

    format = "PyAV"
    subtype = ""

    def __init__(self, data: Path | bytes, name: str) -> None:
        self._name = name
        self._folder: str | None = None
        if isinstance(data, bytes):
            self._folder = tempfile.mkdtemp(prefix="echoic-")
            path = Path(self._folder, "recording")
            path.write_bytes(data)
        else:
            path = data
        self._worker = _take()
        try:
            patience = PATIENCE + path.stat().st_size / _BYTES_A_SECOND
            answer, _ = self._ask({"do": "open", "path": os.path.abspath(path)}, patience)
        except BaseException:
            self.close()
            raise
        self.samplerate, self.channels = int(answer["rate"]), int(answer["channels"])
        self.frames, self.damaged = int(answer["frames"]), int(answer["damaged"])
        self.promised, self.codec = float(answer["promised"]), str(answer["codec"])

    def read(self, frames: int) -> NDArray[np.float32]:
        """The next (frames, channels) float32, fewer at the end.

        Raises:
            Unreadable, AudioError: as for the whole.
        """
        _, content = self._ask({"do": "read", "frames": frames}, PATIENCE)
        return np.frombuffer(content, np.float32).reshape(-1, self.channels)

    def go_to(self, frame: int) -> None:
        """Continue at `frame`; in a long recording to within a millisecond.

        Raises:
            Unreadable, AudioError: as for the whole.
        """
        self._ask({"do": "go_to", "frame": frame}, PATIENCE + frame / max(1, self.samplerate))

    def close(self) -> None:
        """Let go of the file."""
        if self._worker.is_alive:
            with contextlib.suppress(Unreadable, AudioError):
                self._ask({"do": "close"}, PATIENCE)
        if self._worker.is_alive:
            _put_back(self._worker)
        if self._folder is not None:
            with contextlib.suppress(OSError):
                Path(self._folder, "recording").unlink(missing_ok=True)
                Path(self._folder).rmdir()

    def _ask(self, request: dict[str, object], patience: float) -> tuple[dict[str, Any], bytes]:
        answer, content = self._worker.ask({**request, "limit": patience + _GRACE}, patience)
        if answer is None:
            raise AudioError(f"{self._name} {self._worker.fate} Convert it to WAV, or record it again.")
        if "error" in answer:
            raise Unreadable(answer["error"])
        return answer, content


class _Worker:
    """A process that decodes.

    Attributes:
        fate: why it ended, to follow the name of the recording.
        idle_since: when it answered its last request, as `time.monotonic` [s].
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            _command(),
            cwd=workspace.PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.fate = "cannot be read: the decoder failed."
        self.idle_since = 0.0

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: dict[str, object], patience: float) -> tuple[dict[str, Any] | None, bytes]:
        """Send a request; return the answer and the bytes after it, or None if the process ended, see `fate`."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(done, patience), daemon=True)
        watch.start()
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
            answer = json.loads(stdout.readline() or b"null")
            content = stdout.read(answer["bytes"]) if answer else b""
            whole = bool(answer) and len(content) == answer["bytes"]
        except (OSError, ValueError):
            whole = False
        except BaseException:  # the answer would be taken for that to the next request
            self.stop()
            raise
        finally:
            done.set()
        if whole:
            return answer, content
        watch.join()
        self.stop()
        return None, b""

    def _watch(self, done: threading.Event, patience: float) -> None:
        """End the process when it takes too long or too much memory."""
        waited = 0.0
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            while not done.wait(_POLL):
                waited += _POLL
                if process.memory_info().rss > MEMORY:
                    self.fate = "takes too much memory to read."
                elif waited > patience:
                    self.fate = "takes too long to read."
                else:
                    continue
                self._process.kill()
                return

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # an unsent request is lost with the process
                if pipe is not None:
                    pipe.close()


def _command() -> list[str]:
    return [sys.executable, "-m", f"{__package__}.av_worker"]


def _take() -> _Worker:
    while True:
        try:
            worker = _IDLE.get_nowait()
        except queue.Empty:
            return _Worker()
        if worker.is_alive and time.monotonic() - worker.idle_since < _FRESH:
            return worker
        worker.stop()


def _put_back(worker: _Worker) -> None:
    worker.idle_since = time.monotonic()
    try:
        _IDLE.put_nowait(worker)
    except queue.Full:
        worker.stop()
