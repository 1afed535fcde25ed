"""Decode files to waveforms: mono float32 at one rate, with bounds checked before memory is allocated."""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from audio_models.errors import AudioError
from data.phrases import plural

Waveform = NDArray[np.float32]

MAX_SECONDS = 30.0
MAX_CHANNELS = 16
MIN_RATE, MAX_RATE = 4_000, 192_000
LARGEST = 1e6
"""The largest sample accepted: its square must fit into float32. Files scaled to 24-bit integers stay below."""
_BLOCK = 65_536  # frames of samples decoded at a time
_RUN_UP = 16_384  # frames of samples; an MP3 frame depends on up to nine before it, of 1,152 samples each

# libsndfile reads a truncated file without an error; its log shows the length in the header: "data : 32000".
_LENGTH = re.compile(r"^Length : (\d+)", re.MULTILINE)
_PROMISED = re.compile(r"^\s*data(?: size)?\s*: (-?\d+)", re.MULTILINE | re.IGNORECASE)
# Programs that write to a pipe do not know the length and give the largest number of 32 bits.
_LENGTH_UNKNOWN = range(0x7FFF_0000, 0x1_0000_0000)


@dataclass(frozen=True)
class AudioSource:
    """Encoded audio: a WAV, FLAC, OGG or MP3 file, on disk or in memory.

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
    def _opens(self) -> BinaryIO | bytes:
        """What libsndfile opens; a path as bytes, since a file's name need not be text."""
        return io.BytesIO(self.data) if isinstance(self.data, bytes) else os.fsencode(self.data)


def load(source: AudioSource, sample_rate: int, *, start: float = 0.0, seconds: float | None = None) -> Waveform:
    """Decode a clip.

    Args:
        sample_rate: rate of the result [Hz].
        start: where to begin [s].
        seconds: how much to read [s]; to the end by default.

    Returns:
        (samples,) float32, channels averaged, at most `MAX_SECONDS` long, at least one sample.

    Raises:
        AudioError: it is not audio, damaged, cut off, empty, too long, has too many channels, an unusable rate,
            or values that are not finite.
    """
    with opened(source, MAX_SECONDS if seconds is None else None) as file:
        samples = _read_mono(file, source.name, start, seconds)
        rate = file.samplerate
    return resample(samples, rate, sample_rate)


@contextmanager
def opened(source: AudioSource, longest: float | None, kind: str = "clip") -> Iterator[_InOrder]:
    """Open a file and check its header; errors while it is read become `AudioError`s.

    Args:
        longest: upper bound of its length [s]; None for no bound.
        kind: noun for it in the message that it is too long.

    Raises:
        AudioError: it is not audio, damaged, cut off, empty, too long, has too many channels or an unusable rate.
    """
    try:
        with _InOrder(source._opens) as file:
            _check_header(file, source.name, longest, kind)
            yield file
    except soundfile.LibsndfileError as error:
        raise AudioError(_fault(source, error.error_string.rstrip(". "))) from error
    except OSError as error:
        raise AudioError(f"{source.name} cannot be opened ({error.strerror or error}).") from error


class _InOrder(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read sequentially.

    `soundfile` seeks to its present position after each block of a seekable file. An MP3 decoder then loses the frames
    before, and the first 50 ms of the next block come out wrong.
    """

    def seekable(self) -> bool:
        return False

    def go_to(self, frame: int) -> None:
        """Continue at `frame`. An MP3 decoder starts a little earlier, so the samples equal those of the whole file."""
        run_up = min(frame, _RUN_UP) if self.format == "MP3" else 0
        self.seek(frame - run_up)
        self.read(run_up, dtype="float32")


def mono_blocks(file: soundfile.SoundFile, called: str, frames: int, size: int = _BLOCK) -> Iterator[Waveform]:
    """Read the next `frames` of a file in blocks of at most `size`, each (samples,) float32, channels averaged.

    Raises:
        AudioError: it ends sooner, or holds values that are not finite or beyond `LARGEST`.
    """
    done = 0
    while done < frames:
        block = file.read(min(size, frames - done), dtype="float32", always_2d=True)
        if len(block) == 0:
            raise AudioError(
                f"{called} is cut off: its header promises {frames / file.samplerate:.2f} s, {done / file.samplerate:.2f} s are there. Copy or download it again."
            )
        mono: Waveform = block[:, 0] if file.channels == 1 else block.mean(axis=1)
        if not np.isfinite(mono).all():
            raise AudioError(
                f"{called} holds values that are not numbers (NaN or infinite). Export it again as 16-bit WAV."
            )
        if (loudest_sample := float(np.abs(mono).max())) > LARGEST:
            raise AudioError(
                f"{called} holds a value of {loudest_sample:.2g}, far beyond any sound (1 is full scale). Export it again as 16-bit WAV."
            )
        yield mono
        done += len(mono)


@dataclass(frozen=True)
class Header:
    """The header of a file: length [s], rate [Hz], channels, and libsndfile's name of the sample format."""

    seconds: float
    sample_rate: int
    channels: int
    subtype: str


def header(source: AudioSource) -> Header:
    """Read the header of a clip or a recording.

    Raises:
        AudioError: it cannot be read.
    """
    try:
        found = soundfile.info(source._opens)
    except soundfile.LibsndfileError as error:
        raise AudioError(_fault(source, error.error_string.rstrip(". "))) from error
    except OSError as error:
        raise AudioError(_fault(source, error.strerror or str(error))) from error
    return Header(float(found.duration), int(found.samplerate), int(found.channels), str(found.subtype))


def duration(path: Path) -> float:
    """The length of a recording [s], from its header.

    Raises:
        AudioError: it cannot be read.
    """
    return header(AudioSource(path)).seconds


def resample(samples: Waveform, rate: int, sample_rate: int) -> Waveform:
    """Bring (samples,) float32 from `rate` to `sample_rate` [Hz]; band-limited (soxr), at least one sample."""
    if rate == sample_rate:
        return samples
    resampled: Waveform = soxr.resample(samples, rate, sample_rate, quality="HQ").astype(np.float32, copy=False)
    return resampled if len(resampled) else samples[:1]


def is_silent(waveform: Waveform) -> bool:
    """Whether every sample is zero: nothing was recorded."""
    return not waveform.any()


def loudest(samples: Waveform, sample_rate: int, seconds: float) -> tuple[int, int]:
    """Find the loudest stretch of `seconds` in a recording, with its sound centred.

    Args:
        samples: (samples,) float32.

    Returns:
        first sample and the one after the last; the whole if it is not longer than `seconds`.
    """
    length = round(seconds * sample_rate)
    if len(samples) <= length:
        return 0, len(samples)
    energy = (samples - samples.mean()).astype(np.float64) ** 2
    total = np.concatenate([[0.0], np.cumsum(energy)])
    within = total[length:] - total[:-length]
    first = int(within.argmax())
    if within[first] == 0:
        return 0, length
    middle = first + float(np.average(np.arange(length), weights=energy[first : first + length]))
    first = int(np.clip(middle - length / 2, 0, len(samples) - length))
    return first, first + length


def _fault(source: AudioSource, decoder_says: str) -> str:
    """Why a clip was not decoded; libsndfile reports a missing or an empty file like a damaged one."""
    data, name = source.data, source.name
    try:
        size = len(data) if isinstance(data, bytes) else data.stat().st_size
        if size and isinstance(data, Path):
            data.open("rb").close()
    except OSError as error:
        return f"{name} cannot be opened ({error.strerror or error})."
    if size == 0:
        return f"{name} is empty: it holds no bytes. Record or export it again."
    return f"{name} cannot be read as audio ({decoder_says}). Echoic reads WAV, FLAC, OGG and MP3."


def _check_header(file: soundfile.SoundFile, called: str, longest: float | None, kind: str) -> None:
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
    _check_complete(file.extra_info, called)


def _check_complete(log: str, called: str) -> None:
    there, promised = _LENGTH.search(log), _PROMISED.search(log)
    if there is None or promised is None:
        return
    size = int(promised[1]) % 2**64  # the log shows the largest numbers as negative
    if size > int(there[1]) and size not in _LENGTH_UNKNOWN:
        raise AudioError(
            f"{called} is cut off: its header promises {size:,} bytes of sound, but the file has {int(there[1]):,} bytes. "
            "Copy or download it again."
        )


def _read_mono(file: _InOrder, called: str, start: float, seconds: float | None) -> Waveform:
    first = round(start * file.samplerate)
    wanted = file.frames - first if seconds is None else min(round(seconds * file.samplerate), file.frames - first)
    if wanted <= 0:
        raise AudioError(f"{called} ends before {start:g} s; there is nothing to read there.")
    if first:
        file.go_to(first)
    mono = np.empty(wanted, np.float32)
    done = 0
    for block in mono_blocks(file, called, wanted):
        mono[done : done + len(block)] = block
        done += len(block)
    return mono


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return plural(hours, "hour") + (f" {plural(minutes, 'minute')}" if minutes else "")
