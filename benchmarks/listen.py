"""Listen to long recordings on one core: speed as a multiple of real time, and the memory that two hours take.

The recordings are bursts of noise in a temporary folder: this measures speed, not accuracy. Each is read in its own process.
Processor time is printed beside the time by the clock, which grows with other work on the machine.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before any library counts the cores

import numpy as np
import soundfile

from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.listening import recordings
from data import workspace

_RATE = 16_000
_MINUTE, _TEN_MINUTES, _TWO_HOURS = 60, 600, 7200
_BUNDLED = "commands"


def main(_: str) -> None:
    """Print the speed of each network, and the memory for one minute and for two hours."""
    forwards = next((run.id for run in runs.usable() if run.config.streams), None)
    with tempfile.TemporaryDirectory() as folder:
        files = {seconds: Path(folder) / f"{seconds}.wav" for seconds in (_MINUTE, _TEN_MINUTES, _TWO_HOURS)}
        for seconds, path in files.items():
            _write(path, seconds)
        print("listen: reading, features and network together, one core, 16 kHz WAV")
        print("  network                                    mode           sound   real time x   of processor time x")
        for name in (_BUNDLED, *([forwards] if forwards else [])):
            _print(name, _heard_in_a_process(name, files[_TEN_MINUTES]))
        short, long = (_heard_in_a_process(_BUNDLED, files[seconds]) for seconds in (_MINUTE, _TWO_HOURS))
        _print(_BUNDLED, long)
        print("  peak resident memory, libraries included")
        print(f"    one minute {short['peak'] / 1e6:8.0f} MB")
        print(f"    two hours  {long['peak'] / 1e6:8.0f} MB, including {long['kept'] / 1e6:.0f} MB of results")


def _print(name: str, heard: dict[str, Any]) -> None:
    real, busy = (heard["seconds"] / heard[spent] for spent in ("went_by", "processor"))
    print(f"  {name:42} {heard['mode']:14} {heard['seconds'] / 60:3.0f} min {real:12.0f} {busy:21.0f}")


def _write(path: Path, seconds: int) -> None:
    """Write ten seconds of noise that swells and fades twice, repeated."""
    random = np.random.default_rng(0)
    swell = np.sin(np.arange(10 * _RATE) / _RATE * 0.2 * np.pi) ** 8
    part = (0.2 * swell * random.normal(size=len(swell))).astype(np.float32)
    with soundfile.SoundFile(path, "w", _RATE, 1, subtype="PCM_16") as file:
        for _ in range(seconds // 10):
            file.write(part)


def _heard_in_a_process(name: str, path: Path) -> dict[str, Any]:
    """Run `_hear` in its own process, whose peak memory is then that of the recording."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.listen", name, str(path)],
        cwd=workspace.PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    heard: dict[str, Any] = json.loads(done.stdout)
    return heard


def _hear(name: str, path: Path) -> dict[str, Any]:
    run = runs.find(name)
    began, spent = time.perf_counter(), time.process_time()
    found = recordings.listen(run, AudioSource(path))
    went_by, processor = time.perf_counter() - began, time.process_time() - spent
    arrays = (found.times, found.probabilities, found.low, found.high)
    return {
        "mode": found.mode, "seconds": found.seconds, "went_by": went_by, "processor": processor,
        "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "kept": sum(one.nbytes for one in arrays),
    }  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(_hear(sys.argv[1], Path(sys.argv[2]))))
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
