"""Open a recording, whatever its format, and read its sound: one channel, in order or from any place.

audio_source.AudioSource     a file, or its content in memory
-> decoder_choice            its header: does it lie, and who can read it
-> decoders                  libsndfile, or PyAV in a process of its own
-> OpenSound                 one channel
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from data import av_process, command
from data.audio_source import AudioSource
from data.decoder_choice import open_decoder, reason_of
from data.decoders import Decoder, LibsndfileDecoder
from data.errors import AudioError
from data.phrases import plural

MAX_CHANNELS = 16
MIN_RATE, MAX_RATE = 4_000, 192_000
MIN_SECONDS = 0.1
"""Length of a word [s]; the shortest of the Free Spoken Digit Dataset has 0.14."""

_PROBES, _PROBE_SECONDS = 16, 2.0  # where a recording is looked at for channels that cancel
_CANCELLING = 0.1


class OpenSound:
    """A recording that is open.

    Attributes:
        samplerate: [Hz].
        channels: how many it has.
        frames: its length in samples.
        subtype: libsndfile's name of the sample format; "" for PyAV.
        notes: sentences for the user on how it is read.
    """

    def __init__(self, decoder: Decoder, notes: list[str]) -> None:
        self._decoder = decoder
        self.samplerate, self.channels = int(decoder.samplerate), int(decoder.channels)
        self.frames, self.subtype = int(decoder.frames), decoder.subtype
        self.notes = notes
        self._only = self._louder_of_cancelling() if self.channels > 1 else None
        if self._only is not None:
            self.notes.append(
                f"Its channels cancel each other out (one is inverted), so only the louder one is heard: channel {self._only + 1}."
            )

    @property
    def seconds(self) -> float:
        """Its length [s]."""
        return self.frames / self.samplerate

    def read(self, frames: int) -> NDArray[np.float32]:
        """Read the next samples as one channel, (frames,) float32, fewer at the end.

        Channels are averaged; of channels that cancel each other out the louder one is read.
        """
        block = self._decoder.block(frames)
        if self.channels == 1:
            return block[:, 0]
        mono: NDArray[np.float32] = block.mean(axis=1) if self._only is None else block[:, self._only]
        return mono

    def read_int16(self) -> NDArray[np.int16] | None:
        """Read all as 16-bit integers, if that is what the file holds: one channel, nothing to convert."""
        if self.subtype != "PCM_16" or self.channels != 1 or not isinstance(self._decoder, LibsndfileDecoder):
            return None
        numbers: NDArray[np.int16] = self._decoder.read(self.frames, dtype="int16").astype("<i2", copy=False)
        return numbers

    def check_is_long_enough(self, name: str) -> None:
        """Check that a word fits into it.

        Raises:
            AudioError: it is too short.
        """
        if self.seconds < MIN_SECONDS:
            raise AudioError(
                f"{name} lasts {1000 * self.seconds:.3g} ms, too short for a word, which takes {1000 * MIN_SECONDS:g} ms at least. Record it again."
            )

    def go_to(self, frame: int) -> None:
        """Continue at `frame`."""
        self._decoder.go_to(frame)

    def _louder_of_cancelling(self) -> int | None:
        """The channel to read alone if the average of all would lose the sound; None if it would not.

        Of n channels that have nothing to do with each other, the average has 1/n of their mean power, and so it has if
        only one of them sounds; of equal ones it has all. A tenth of the former is left only by channels that cancel.
        """
        length = round(_PROBE_SECONDS * self.samplerate)
        if self.frames <= _PROBES * length:
            places = list(range(0, self.frames, length))
        else:
            places = [number * (self.frames - length) // (_PROBES - 1) for number in range(_PROBES)]
        power, of_mean = np.zeros(self.channels), 0.0
        for place in places:
            if place:
                self._decoder.go_to(place)
            block = np.nan_to_num(self._decoder.block(length).astype(np.float64), posinf=0.0, neginf=0.0)
            power += (block**2).sum(axis=0)
            of_mean += float((block.mean(axis=1) ** 2).sum())
        self._decoder.go_to(0)
        if not power.any() or self.channels * of_mean >= _CANCELLING * power.mean():
            return None
        return int(power.argmax())


@contextmanager
def open_sound(source: AudioSource, longest: float | None = None, kind: str = "clip") -> Iterator[OpenSound]:
    """Open a recording and check its header; errors while it is read become `AudioError`s.

    Args:
        longest: upper bound of its length [s]; None for no bound.
        kind: noun for it in the message that it is too long.

    Raises:
        AudioError: it is not audio, damaged, cut off, empty, too long, has too many channels or an unusable rate.
    """
    _check_there(source)
    decoder: Decoder | None = None
    try:
        decoder, notes = open_decoder(source)
        _check_header(decoder, source.name, longest, kind)
        yield OpenSound(decoder, notes)
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{source.name} is damaged or cut off ({reason_of(error)}). Copy or download it again, or export it anew."
        ) from error
    except av_process.Unreadable as error:
        raise AudioError(f"{source.name} is damaged ({error}). Copy or download it again.") from error
    except OSError as error:
        raise AudioError(f"{source.name} cannot be opened ({error.strerror or error}).") from error
    finally:
        if decoder is not None:
            decoder.close()


def _check_there(source: AudioSource) -> None:
    try:
        size = source.size
        if isinstance(source.data, Path):
            if not source.data.is_file():
                raise AudioError(f"{source.name} is not a file: a folder, a pipe or a device cannot be read as a clip.")
            if source.data.suffix.lower() == ".raw":
                raise AudioError(
                    f"{source.name} is raw sound: nothing in it says its rate. Convert it to WAV, or pipe it into "
                    f"{command.shell('listen RUN - --rate HZ')}."
                )
            source.data.open("rb").close()
    except OSError as error:
        raise AudioError(f"{source.name} cannot be opened ({error.strerror or error}).") from error
    if size == 0:
        raise AudioError(f"{source.name} is empty: it holds no bytes. Record or export it again.")


def _check_header(file: Decoder, called: str, longest: float | None, kind: str) -> None:
    if not MIN_RATE <= file.samplerate <= MAX_RATE:
        raise AudioError(
            f"{called} has {file.samplerate} samples a second; between {MIN_RATE} and {MAX_RATE} can be read. Export it at 16000."
        )
    if file.channels > MAX_CHANNELS:
        raise AudioError(
            f"{called} has {file.channels} channels; at most {MAX_CHANNELS} can be read. Export it as mono."
        )
    if file.frames <= 0:
        raise AudioError(f"{called} holds no sound: its length is zero. Record or export it again.")
    if longest is not None and file.frames > longest * file.samplerate:
        raise AudioError(
            f"{called} lasts {_duration(file.frames / file.samplerate)}; a {kind} may last up to {_duration(longest)}. Cut the part that matters out of it."
        )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return plural(hours, "hour") + (f" {plural(minutes, 'minute')}" if minutes else "")
