"""Generate background noise from a seed, for corpora without noise recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data import workspace
from data.audio_file import encode_flac

SAMPLE_RATE = 16_000
SECONDS = 60.0
# Power falls with frequency as 1/f^exponent: white, pink (rain, wind), brown (traffic far away).
EXPONENTS = {"white": 0.0, "pink": 1.0, "brown": 2.0}
_PEAK = 0.5
_LOWEST_HZ = 20.0


def coloured_noise(exponent: float, samples: int, seed: int) -> NDArray[np.float32]:
    """Generate Gaussian noise whose power falls as 1/f^exponent above 20 Hz.

    After Timmer and Koenig (1995): random complex amplitudes of the wanted size, transformed back.

    Returns:
        (samples,) float32, the largest sample at 0.5.
    """
    random = np.random.default_rng(seed)
    frequencies = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    size = np.where(frequencies >= _LOWEST_HZ, np.maximum(frequencies, _LOWEST_HZ) ** (-exponent / 2), 0.0)
    spectrum = size * (random.normal(size=len(size)) + 1j * random.normal(size=len(size)))
    noise = np.fft.irfft(spectrum, samples)
    scaled: NDArray[np.float32] = (noise * (_PEAK / np.abs(noise).max())).astype(np.float32)
    return scaled


def noise_file(exponent: float, seed: int) -> bytes:
    """A minute of `coloured_noise` as a FLAC file."""
    return encode_flac(coloured_noise(exponent, round(SECONDS * SAMPLE_RATE), seed), SAMPLE_RATE)


def generated_noise() -> tuple[Path, ...]:
    """A minute each of white, pink and brown noise, as files in the workspace; made if they are missing.

    Raises:
        WorkspaceError: they cannot be written.
    """
    folder = workspace.made(workspace.shared_root() / "corpora" / "generated_noise")
    paths = []
    for seed, (name, exponent) in enumerate(EXPONENTS.items()):
        path = folder / f"{name}.flac"
        if not path.is_file():
            workspace.write_atomically(path, noise_file(exponent, seed))
        paths.append(path)
    return tuple(paths)
