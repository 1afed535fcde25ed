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
        """Speak a text, or phonemes in double brackets; return (samples,) float32 in -1..1 at `rate` [Hz].

        Raises:
            CorpusError: the synthesiser hangs or has ended.
        """
        request = {"text": text, "voice": voice, "rate": rate, "pitch": pitch, "range": 50}
        content = self._ask(request, bytes_each=2)
        if not content:
            raise _no_sound(text)
        samples: NDArray[np.float32] = np.frombuffer(content, np.int16).astype(np.float32)
        return samples / np.float32(32768)

    def phonemes(self, text: str, voice: str) -> list[list[str]]:
        """The phonemes of each word of a text as a voice says it, by their ASCII names: "left" -> [["l", "'E", "f", "t"]].

        Raises:
            CorpusError: the synthesiser hangs or has ended.
        """
        content = self._ask({"text": text, "voice": voice}, bytes_each=1)
        return [word.split("|") for word in content.decode("ascii", "ignore").split()]

    def _ask(self, request: dict[str, object], bytes_each: int) -> bytes:
        """Send a request; return the answer, whose length counts units of `bytes_each`."""
        text = request["text"]
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        watchdog = threading.Timer(_PATIENCE, self._process.kill)
        watchdog.start()
        try:
            if not self.rate:
                self.rate = int(stdout.readline() or 0)
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
            header = stdout.read(4)
            wanted = bytes_each * int.from_bytes(header, "little")
            content = stdout.read(wanted)
        except (OSError, ValueError) as error:
            raise CorpusError(
                f"The speech synthesiser stopped while saying '{text}' ({error}). Try again, or leave that word out."
            ) from error
        finally:
            watchdog.cancel()
        if len(header) < 4 or len(content) < wanted:
            raise _no_sound(text)
        return content

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):  # unsent requests are lost with the process
                if pipe is not None:
                    pipe.close()


def _no_sound(text: object) -> CorpusError:
    return CorpusError(
        f"The speech synthesiser has no sound for '{text}'. Leave that word out, or spell it as it is spoken."
    )
