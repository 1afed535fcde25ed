"""librosa's own MFCC of sounds, for the tests to compare with.

`python -m tests.support.librosa_features FOLDER` computes them in a process of its own in which numba compiles nothing: on a new
machine that would take half a minute. It is librosa's code all the same, only slower.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np

from audio_models.config import FeatureConfig
from data.workspace import PROJECT


def librosa_mfcc(sounds: Sequence[tuple[np.ndarray, FeatureConfig]], folder: Path) -> list[np.ndarray]:
    """librosa's MFCC (frames, coefficients) of each sound (n,); `folder` takes what goes between the processes."""
    for number, (samples, config) in enumerate(sounds):
        np.save(folder / f"{number}.npy", samples)
        arguments = {
            "sr": config.sample_rate, "n_fft": config.frame_length, "hop_length": config.hop_length, "n_mels": config.n_mels,
            "n_mfcc": config.n_mfcc, "fmin": config.fmin, "fmax": config.fmax, "center": False,
        }  # fmt: skip
        (folder / f"{number}.json").write_text(json.dumps(arguments))
    subprocess.run(
        [sys.executable, "-m", "tests.support.librosa_features", str(folder)], cwd=PROJECT, check=True, timeout=120
    )
    return [np.load(folder / f"{number}.mfcc.npy").T for number in range(len(sounds))]


def _leave_as_it_is(*given: Any, **_: Any) -> Any:
    """In place of numba's decorators, with and without arguments."""
    return given[0] if given and callable(given[0]) else lambda function: function


def _one_by_one(*_: Any, **__: Any) -> Callable[[Any], Any]:
    """In place of `numba.vectorize`."""
    return np.vectorize


def _main(folder: Path) -> None:
    numba.jit = numba.stencil = numba.guvectorize = _leave_as_it_is
    numba.vectorize = _one_by_one
    import librosa  # takes numba's decorators when it is imported

    for written in folder.glob("*.json"):
        settings = json.loads(written.read_text())
        coefficients = settings.pop("n_mfcc")
        # `librosa.feature.mfcc` of a sound cuts at 80 dB below the loudest, which Echoic does not: its steps without that
        bands = librosa.feature.melspectrogram(y=np.load(written.with_suffix(".npy")), **settings)
        found = librosa.feature.mfcc(S=librosa.power_to_db(bands, top_db=None), n_mfcc=coefficients)
        np.save(written.with_suffix(".mfcc.npy"), found)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
