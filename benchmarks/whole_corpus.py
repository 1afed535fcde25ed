"""Train the published task on an artificial corpus as large as Speech Commands v0.02: seconds and peak memory.

`python -m benchmarks.whole_corpus [--epochs 1]` writes 105,829 WAV clips of one second in its layout (3.4 GB, removed at
the end) and trains the twelve classes on them with the strong recipe. The clips are tones, one pitch per word: this
tests the code path, not the accuracy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from data import workspace
from data.audio_file import encode_wav
from data.noise import coloured_noise
from data.splits import split_by_hash

_CLIPS = 105_829
_SPEAKERS = 2_618
_RATE = 16_000
_WORDS = (
    "yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "zero", "one", "two", "three", "four", "five",
    "six", "seven", "eight", "nine", "bed", "bird", "cat", "dog", "happy", "house", "marvin", "sheila", "tree", "wow",
    "backward", "forward", "follow", "learn", "visual",
)  # fmt: skip


def main() -> int:
    """Write the corpus, train on it, measure, remove it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_corpus", description=__doc__)
    parser.add_argument("--epochs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "speech_commands"
        began = time.monotonic()
        _write(corpus)
        print(f"written in {time.monotonic() - began:.0f} s", file=sys.stderr)
        began = time.monotonic()
        peak, found = _train(corpus, Path(folder) / "home", options.epochs)
        seconds = time.monotonic() - began
    print(f"whole corpus: {_CLIPS:,} clips, 12 classes, strong recipe, {options.epochs} epochs")
    print(f"  state                 {found['state']}")
    print(f"  from start to end     {seconds:8.0f} s")
    print(f"  peak resident memory  {peak / 1e9:8.2f} GB")
    return 0


def _write(corpus: Path) -> None:
    """Write the clips: a word is a pitch, a speaker a variation of it, a clip a phase."""
    time_axis = np.arange(_RATE) / _RATE
    lists: dict[str, list[str]] = {"validation": [], "test": [], "training": []}
    for word in _WORDS:
        (corpus / word).mkdir(parents=True)
    for number in range(_CLIPS):
        word = _WORDS[number % len(_WORDS)]
        speaker = f"{(number * 7919) % _SPEAKERS:08x}"
        hertz = 200 * 1.1 ** _WORDS.index(word) * (1 + int(speaker, 16) % 50 / 1000)
        tone = 0.3 * np.sin(2 * np.pi * (hertz * time_axis + number / 1000))
        name = f"{word}/{speaker}_nohash_{number // len(_WORDS)}.wav"
        (corpus / name).write_bytes(encode_wav(tone, _RATE))
        lists[split_by_hash(speaker)].append(name)
    (corpus / "validation_list.txt").write_text("\n".join(lists["validation"]))
    (corpus / "testing_list.txt").write_text("\n".join(lists["test"]))
    (corpus / "_background_noise_").mkdir()
    hiss = encode_wav(coloured_noise(0, 60 * _RATE, 3), _RATE)
    (corpus / "_background_noise_" / "hiss.wav").write_bytes(hiss)


def _train(corpus: Path, home: Path, epochs: int) -> tuple[int, dict[str, object]]:
    """Train; return the peak resident memory of the process [bytes] and what it printed."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "audio_models", "train", "--corpus", str(corpus), "--labels", ",".join(_WORDS[:10]),
            "--unknown", "--silence", "--epochs", str(epochs), "--json",
        ],
        cwd=workspace.PROJECT, env={**os.environ, "ECHOIC_HOME": str(home)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    peak = 0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            peak = max(peak, watched.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.2)
    assert process.stdout is not None
    found: dict[str, object] = json.loads(process.stdout.read())
    return peak, found


if __name__ == "__main__":
    sys.exit(main())
