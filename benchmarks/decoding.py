"""Decode recordings in each format with Echoic, and the plain way: `soundfile.read`, or PyAV in the same process.

The plain way trusts what the file says of itself and crashes with the decoder. PyAV's process is started once and then reads
one recording after the other: its start is measured apart.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import psutil
import soundfile
from numpy.typing import NDArray

from data.audio_source import AudioSource
from data.errors import AudioError
from data.sound_file import open_sound
from tests.support.encoded import ENCODINGS, encode

_RATE = 16_000
_CLIPS, _ROUNDS = 40, 5
_SECONDS, _LONG = 1.0, 600.0


def main() -> None:
    """Print the time for a clip of each format, for a long recording, and what the process costs."""
    with tempfile.TemporaryDirectory() as folder:
        _clips(Path(folder))
        _long(Path(folder))


def _clips(folder: Path) -> None:
    path = encode(folder / "first.m4a", _sound(_SECONDS), _RATE)
    first = _seconds(_echoic, path)
    print(f"decoding: clips of {_SECONDS:g} s, {_CLIPS} in turn, median of {_ROUNDS} alternating rounds")
    print(f"  the first that PyAV reads, its process started: {1000 * first:.0f} ms")
    for ending, encoding in ENCODINGS.items():
        path = encode(folder / f"a{ending}", _sound(_SECONDS), _RATE)
        plain = _soundfile if encoding.libsndfile or ending == ".opus" else _av
        rounds = [(_seconds(plain, path, _CLIPS), _seconds(_echoic, path, _CLIPS)) for _ in range(_ROUNDS)]
        theirs, ours = (statistics.median(times) for times in zip(*rounds, strict=True))
        ratios = [mine / plainly for plainly, mine in rounds]
        print(
            f"  {ending:6} {plain.__name__[1:]:9} {1000 * theirs:6.2f} ms   Echoic {1000 * ours:6.2f} ms   "
            f"{statistics.median(ratios):4.1f} ({min(ratios):.1f} to {max(ratios):.1f}) times as long"
        )


def _long(folder: Path) -> None:
    path = encode(folder / "long.m4a", _sound(_LONG), _RATE)
    rounds = [(_seconds(_av, path), _seconds(_echoic, path)) for _ in range(3)]
    theirs, ours = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(
        f"  {_LONG / 60:g} minutes of M4A: PyAV in the same process {theirs:.2f} s, Echoic {ours:.2f} s, {_memory():.0f} MB"
    )
    endless = folder / "endless.aac"
    endless.write_bytes(encode(folder / "long.aac", _sound(_LONG), _RATE).read_bytes() * 20)
    print(
        f"  {20 * _LONG / 3600:.1f} hours of AAC: refused after {_seconds(_refused, endless):.2f} s, {_memory():.0f} MB"
    )


def _memory() -> float:
    """Resident memory of the process that decodes [MB]."""
    return float(sum(child.memory_info().rss for child in psutil.Process().children())) / 1e6


def _refused(path: Path) -> int:
    try:
        with open_sound(AudioSource(path), 7200, "recording"):
            raise AssertionError("it was read")
    except AudioError:
        return 0


def _sound(seconds: float) -> NDArray[np.float32]:
    """Noise that swells four times a second: no format compresses it to nothing."""
    places = np.arange(round(seconds * _RATE)) / _RATE
    noise = np.random.default_rng(0).normal(0, 0.1, len(places))
    return np.asarray(noise * np.sin(4 * np.pi * places) ** 2, np.float32)


def _echoic(path: Path) -> int:
    count = 0
    with open_sound(AudioSource(path)) as sound:
        while len(block := sound.read(sound.samplerate)):
            count += len(block)
    return count


def _soundfile(path: Path) -> int:
    return len(soundfile.read(path, dtype="float32")[0])


def _av(path: Path) -> int:
    count = 0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            count += frame.to_ndarray().shape[-1]
    return count


def _seconds(work: Callable[[Path], int], path: Path, times: int = 1) -> float:
    """How long it takes once, of so many times in turn [s]."""
    began = time.perf_counter()
    for _ in range(times):
        work(path)
    return (time.perf_counter() - began) / times


if __name__ == "__main__":
    main()
