"""Synthesise speech with eSpeak NG, which runs in a separate process, see `espeak_worker`."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading

import numpy as np
from numpy.typing import NDArray

from data import workspace
from data.errors import CorpusError

_PATIENCE = 20.0  # seconds for one text before the synthesiser counts as hung


class Synthesiser:
    """A running synthesiser; `stop` ends it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.espeak_worker"],
            cwd=workspace.PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.rate = 0

    def say(self, text: str, voice: str, rate: int, pitch: int) -> NDArray[np.float32]:
        """Speak a text; return (samples,) float32 in -1..1 at `rate` [Hz].

        Raises:
            CorpusError: the synthesiser hangs or has ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        watchdog = threading.Timer(_PATIENCE, self._process.kill)
        watchdog.start()
        try:
            if not self.rate:
                self.rate = int(stdout.readline() or 0)
            request = {"text": text, "voice": voice, "rate": rate, "pitch": pitch, "range": 50}
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
            count = int.from_bytes(stdout.read(4), "little")
            content = stdout.read(2 * count)
        except (OSError, ValueError) as error:
            raise CorpusError(
                f"The speech synthesiser stopped while saying '{text}' ({error}). Try again, or leave that word out."
            ) from error
        finally:
            watchdog.cancel()
        if count == 0 or len(content) < 2 * count:
            raise CorpusError(
                f"The speech synthesiser has no sound for '{text}'. Leave that word out, or spell it as it is spoken."
            )
        samples: NDArray[np.float32] = np.frombuffer(content, np.int16).astype(np.float32)
        return samples / np.float32(32768)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):  # unsent requests are lost with the process
                if pipe is not None:
                    pipe.close()
