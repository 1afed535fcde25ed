"""The protocol between browser and network while the microphone is open: sound goes out, answers come back.

    message {sitting, number, rate, first, audio, stream, seen} -> reply {sitting, number, stream, known, first, steps}

A message repeats all sound whose arrival was not confirmed, a reply all steps that the browser has not confirmed. Either may
be lost or come twice; no sound is skipped or read twice.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import AudioError

if TYPE_CHECKING:
    from audio_models.listening.listener import (  # brings librosa and onnxruntime, which take seconds
        Listener,
        StreamOutput,
    )

_USUAL_RATE = 48_000  # of a browser's sound [Hz]; the network is prepared for it before the first message


@dataclass(frozen=True)
class Chunk:
    """A message from the browser.

    Attributes:
        sitting: the press of Start that it belongs to.
        number: of the message, which the reply repeats.
        rate: of the sound [Hz].
        first: number of its first sample since the press of Start.
        samples: (n,) float32 in -1..1.
        stream: the stream whose steps the browser has seen.
        seen: number of steps seen.
    """

    sitting: str
    number: int
    rate: int
    first: int
    samples: NDArray[np.float32]
    stream: str
    seen: int


def decode(message: Any) -> Chunk:
    """Decode a message; its `audio` is 16-bit little-endian samples in base64.

    Raises:
        AudioError: it cannot be read.
    """
    try:
        samples = np.frombuffer(base64.b64decode(message["audio"], validate=True), "<i2")
        numbers = {name: int(message[name]) for name in ("number", "rate", "first", "seen")}
        if min(numbers.values()) < 0 or not numbers["rate"]:
            raise ValueError
        return Chunk(
            sitting=str(message["sitting"]), stream=str(message["stream"]),
            samples=samples.astype(np.float32) / np.float32(32768), **numbers,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise AudioError("The browser sent sound that cannot be read. Reload the page.") from error


class Exchange:
    """One network that listens to one browser.

    Args:
        listen: makes the listener for a sample rate [Hz].

    Attributes:
        listener: the network, at the rate of the last sound.

    Raises:
        RunError: the network cannot be read.
    """

    def __init__(self, listen: Callable[[int], Listener]) -> None:
        self._listen = listen
        self._rate = _USUAL_RATE
        self.listener = listen(_USUAL_RATE)
        self._sitting = ""
        self._first = 0  # number of the first stored step
        self._begin(0)

    def answer(self, message: Any) -> dict[str, Any]:
        """Read what is new in a message, and reply to it.

        Returns:
            `known`: samples received; `steps`: time since the press of Start [s], probabilities (labels,), whether
            it is speech but none of the words, and the word and its confidence if one was detected; `first`: number of the first of these steps.

        Raises:
            AudioError: the message cannot be read, or its sample rate is out of range.
        """
        chunk = decode(message)
        if chunk.rate != self._rate:
            self.listener = self._listen(chunk.rate)
            self._rate = chunk.rate
            self._sitting = ""
        if chunk.sitting != self._sitting:
            self._sitting = chunk.sitting
            self._begin(chunk.first)
        elif chunk.first > self._known:  # the browser skipped ahead
            self._listen_from(chunk.first)
        new = chunk.samples[self._known - chunk.first :]
        self._known += len(new)
        self._steps += self._as_steps(self.listener.feed(new))
        if chunk.stream == self._stream and chunk.seen > self._first:
            seen = min(chunk.seen - self._first, len(self._steps))
            del self._steps[:seen]
            self._first += seen
        return {
            "sitting": self._sitting,
            "number": chunk.number,
            "stream": self._stream,
            "known": self._known,
            "first": self._first,
            "steps": list(self._steps),
        }

    def _begin(self, sample: int) -> None:
        """Start a new stream of steps."""
        self._stream = secrets.token_hex(4)
        self._first = 0
        self._steps: list[dict[str, Any]] = []
        self._listen_from(sample)

    def _listen_from(self, sample: int) -> None:
        """Start over at this sample."""
        self.listener.reset()
        self._known = sample
        self._offset = sample / self._rate

    def _as_steps(self, output: StreamOutput) -> list[dict[str, Any]]:
        events = {event.end: event for event in output.events}
        steps = []
        for time, row, refused in zip(
            output.times.tolist(), output.probabilities, output.refused.tolist(), strict=True
        ):
            step = {
                "time": round(self._offset + time, 3), "row": np.round(row.astype(float), 3).tolist(), "refused": refused
            }  # fmt: skip
            if event := events.get(time):
                step |= {"word": event.label, "confidence": round(event.confidence, 3)}
            steps.append(step)
        return steps
