"""Decode files to waveforms: mono float32 at one rate, with bounds checked before memory is allocated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from audio_models.errors import AudioError
from data.audio_source import AudioSource as AudioSource
from data.errors import cut_off
from data.sound_file import MAX_RATE as MAX_RATE
from data.sound_file import MIN_RATE as MIN_RATE
from data.sound_file import OpenSound, open_sound

Waveform = NDArray[np.float32]

MAX_SECONDS = 30.0
LARGEST = 1e6
"""The largest sample accepted: its square must fit into float32. Files scaled to 24-bit integers stay below."""
_BLOCK = 65_536  # frames of samples decoded at a time


def ignore_note(note: str) -> None:
    """Do nothing with what there is to tell of a recording."""


def load(
    source: AudioSource,
    sample_rate: int,
    *,
    start: float = 0.0,
    seconds: float | None = None,
    is_word: bool = False,
    tell: Callable[[str], None] = ignore_note,
) -> Waveform:
    """Decode a clip.

    Args:
        sample_rate: rate of the result [Hz].
        start: where to begin [s].
        seconds: how much to read [s]; to the end by default.
        is_word: refuse what is too short for a word.
        tell: called with sentences for the user on how it was read, if there is anything to tell.

    Returns:
        (samples,) float32, channels averaged, at most `MAX_SECONDS` long, at least one sample.

    Raises:
        AudioError: it is not audio, damaged, cut off, empty, too long, has too many channels, an unusable rate,
            or values that are not finite.
    """
    with opened(source, MAX_SECONDS if seconds is None else None) as file:
        if is_word:
            file.check_is_long_enough(source.name)
        samples = _read_mono(file, source.name, start, seconds)
        rate = file.samplerate
        for note in file.notes:
            tell(note)
    return resample(samples, rate, sample_rate)


def opened(source: AudioSource, longest: float | None, kind: str = "clip") -> AbstractContextManager[OpenSound]:
    """Open a file and check its header; errors while it is read become `AudioError`s.

    Args:
        longest: upper bound of its length [s]; None for no bound.
        kind: noun for it in the message that it is too long.

    Raises:
        AudioError: it is not audio, damaged, cut off, empty, too long, has too many channels or an unusable rate.
    """
    return open_sound(source, longest, kind)


def mono_blocks(file: OpenSound, called: str, frames: int, size: int = _BLOCK) -> Iterator[Waveform]:
    """Read the next `frames` of a file in blocks of at most `size`, each (samples,) float32, channels averaged.

    Raises:
        AudioError: it ends sooner, or holds values that are not finite or beyond `LARGEST`.
    """
    done = 0
    while done < frames:
        mono = file.read(min(size, frames - done))
        if len(mono) == 0:
            raise cut_off(called, f"{frames / file.samplerate:.2f} s", f"{done / file.samplerate:.2f} s are there")
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
    """The header of a file: length [s], rate [Hz], channels, and libsndfile's name of the sample format, "" for PyAV."""

    seconds: float
    sample_rate: int
    channels: int
    subtype: str


def header(source: AudioSource) -> Header:
    """Read the header of a clip or a recording.

    Raises:
        AudioError: it cannot be read.
    """
    with open_sound(source) as file:
        return Header(file.seconds, file.samplerate, file.channels, file.subtype)


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


def _read_mono(file: OpenSound, called: str, start: float, seconds: float | None) -> Waveform:
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
