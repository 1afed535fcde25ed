"""Open a recording, whatever its format, and read its sound: one channel, in order or from any place.

    file -> libsndfile, or PyAV in a process of its own -> samples -> one channel

libsndfile reads first. PyAV reads what libsndfile does not know, and what lies: a header that was written to a pipe or by a
recorder that was killed names a length that cannot be.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from data import audio_formats, av_process, command, sound_headers
from data.av_process import AvRecording
from data.errors import AudioError
from data.phrases import plural

MAX_CHANNELS = 16
MIN_RATE, MAX_RATE = 4_000, 192_000
MIN_SECONDS = 0.1
"""Length of a word [s]; the shortest of the Free Spoken Digit Dataset has 0.14."""

_RUN_UP = 16_384  # frames of samples; an MP3 frame depends on up to nine before it, of 1,152 samples each
_MOST_PER_BYTE = 10_000  # frames; a FLAC file of digital silence has 5,500
_MOST_BYTES = 160_000  # a second and channel, of OGG
_ELSE = 250_000  # bytes of a file that need not be sound: tags, a picture

# What a file of a known format begins with: if it cannot be read, it is damaged.
_BEGINNINGS = (
    b"RIFF",
    b"RF64",
    b"fLaC",
    b"OggS",
    b"FORM",
    b"caff",
    b".snd",
    b"riff",
    b"ID3",
    b"#!AMR",
    b"\x1a\x45\xdf\xa3",
    b"\x30\x26\xb2\x75",
)
_RAW_SAMPLES = (b"RIFF", b"RF64", b"FORM", b".snd", b"riff")

_PROBES, _PROBE_SECONDS = 16, 2.0  # where a recording is looked at for channels that cancel
_CANCELLING = 0.1


@dataclass(frozen=True)
class AudioSource:
    """Encoded audio of any of `audio_formats.FORMATS`, on disk or in memory.

    Attributes:
        data: path of the file, or its content.
        name: what messages call it; the file's name by default.
    """

    data: Path | bytes = field(repr=False)
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.data.name if isinstance(self.data, Path) else "The clip")

    @property
    def size(self) -> int:
        """Number of bytes.

        Raises:
            OSError: the file cannot be opened.
        """
        return len(self.data) if isinstance(self.data, bytes) else self.data.stat().st_size

    @property
    def opens(self) -> BinaryIO | bytes:
        """What libsndfile opens; a path as bytes, since a file's name need not be text."""
        return io.BytesIO(self.data) if isinstance(self.data, bytes) else os.fsencode(self.data)

    def open(self) -> BinaryIO:
        """Open it for reading.

        Raises:
            OSError: it cannot be opened.
        """
        return io.BytesIO(self.data) if isinstance(self.data, bytes) else self.data.open("rb")


class _Decoder(Protocol):
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


class OpenSound:
    """A recording that is open.

    Attributes:
        samplerate: [Hz].
        channels: how many it has.
        frames: its length in samples.
        subtype: libsndfile's name of the sample format; "" for PyAV.
        notes: sentences for the user on how it is read.
    """

    def __init__(self, decoder: _Decoder, notes: list[str]) -> None:
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
        if self.subtype != "PCM_16" or self.channels != 1 or not isinstance(self._decoder, _Libsndfile):
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


class _Libsndfile(soundfile.SoundFile):  # type: ignore[misc]
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


class _Av(AvRecording):
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
    decoder: _Decoder | None = None
    try:
        decoder, notes = _decoder(source)
        _check_header(decoder, source.name, longest, kind)
        yield OpenSound(decoder, notes)
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{source.name} is damaged or cut off ({_reason(error)}). Copy or download it again, or export it anew."
        ) from error
    except av_process.Unreadable as error:
        raise AudioError(f"{source.name} is damaged ({error}). Copy or download it again.") from error
    except OSError as error:
        raise AudioError(f"{source.name} cannot be opened ({error.strerror or error}).") from error
    finally:
        if decoder is not None:
            decoder.close()


def _decoder(source: AudioSource) -> tuple[_Decoder, list[str]]:
    """Open it with libsndfile, or with PyAV; return also what to tell the user.

    Raises:
        AudioError: neither can read it.
    """
    size = source.size
    with source.open() as file:

        def read_at(place: int, count: int) -> bytes:
            file.seek(min(place, size))
            return file.read(count)

        beginning = read_at(0, 12)
        chunk, notes = sound_headers.find_sound(read_at, size, source.name)
        counted = sound_headers.mp3_length(read_at, size, source.name)
    if chunk is not None and chunk.is_cut_off:
        raise AudioError(
            f"{source.name} is cut off: its header promises {chunk.promised:,} bytes of sound, but the file has {size:,} bytes. "
            "Copy or download it again."
        )
    found: _Libsndfile | None = None
    reason = ""
    try:
        if chunk is not None and (chunk.lies or chunk.is_unknown):
            found = _Libsndfile(sound_headers.Mended(source.open(), chunk.field, chunk.right_size))
            if chunk.lies and found.frames > 0:
                notes.append(_lied(found.frames / max(1, found.samplerate)))
        else:
            found = _Libsndfile(source.opens)
    except soundfile.LibsndfileError as error:
        reason = _reason(error)
    if found is not None and found.format == "RAW":  # a guess from the name: .au without a header
        found.close()
        found, reason = None, "Format not recognised"
    if found is not None and _is_plausible(found, size) and (found.format != "MP3" or counted):
        return found, notes
    is_damaged = beginning.startswith(_BEGINNINGS) or beginning[4:8] == b"ftyp"
    try:
        other = _Av(source)
        if found is None and other.codec.startswith("pcm_") and beginning.startswith(_RAW_SAMPLES):
            other.close()  # a header that libsndfile refuses, PyAV guesses
            raise av_process.Unreadable(reason)
    except av_process.Unreadable as error:
        if found is not None and found.frames > 0:
            return found, notes
        if found is not None:
            found.close()
            raise AudioError(f"{source.name} holds no sound: its length is zero. Record or export it again.") from error
        if is_damaged:
            raise AudioError(
                f"{source.name} is damaged or cut off ({reason or error}). Copy or download it again, or export it anew."
            ) from error
        raise AudioError(
            f"{source.name} cannot be read as audio ({reason or error}). Echoic reads {audio_formats.NAMES}."
        ) from error
    lied = found is not None and found.format != "MP3"
    if found is not None:
        found.close()
    return other, _told_by(other, source.name, lied=lied)


def _lied(seconds: float) -> str:
    return f"Its header gives no length that can be true; {seconds:.1f} s of sound are in it."


def _told_by(other: _Av, name: str, *, lied: bool) -> list[str]:
    """What to tell the user of a recording that PyAV reads.

    Raises:
        AudioError: it is cut off.
    """
    seconds = other.frames / max(1, other.samplerate)
    promised = other.promised
    if 1.1 * seconds + 0.2 < promised < 100 * seconds:
        other.close()
        raise AudioError(
            f"{name} is cut off: its header promises {promised:.2f} s, {seconds:.2f} s are there. Copy or download it again."
        )
    notes = []
    if lied:
        notes.append(_lied(seconds))
    if other.damaged > 1:  # one may be a tag that no player knows
        notes.append(f"{other.damaged:,} parts of it could not be decoded; they are left out.")
    return notes


def _is_plausible(found: _Libsndfile, size: int) -> bool:
    """Whether the length in a header can be true, for a file of `size` bytes."""
    if not 0 < found.frames <= _MOST_PER_BYTE * size:
        return False
    most = {"FLAC": 4 * found.samplerate, "OGG": _MOST_BYTES}.get(found.format)
    return most is None or size - _ELSE < most * found.channels * found.frames / max(1, found.samplerate)


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


def _check_header(file: _Decoder, called: str, longest: float | None, kind: str) -> None:
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


def _reason(error: soundfile.LibsndfileError) -> str:
    text: str = error.error_string
    return text.removeprefix("Error : ").rstrip(". ")


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return plural(hours, "hour") + (f" {plural(minutes, 'minute')}" if minutes else "")
