"""Analytic signals and small made-up corpora for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000


def tone(hertz: float, seconds: float = 0.5, rate: int = RATE, amplitude: float = 0.5) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def chirp(start: float, stop: float, seconds: float = 0.4, noise: float = 0.01, seed: int = 0) -> np.ndarray:
    """A tone that glides from `start` to `stop` [Hz]. Reversed in time it is the opposite glide: only order differs."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * (start * time + (stop - start) * time**2 / (2 * seconds))
    random = np.random.default_rng(seed)
    return (0.4 * np.sin(phase) + noise * random.normal(size=len(time))).astype(np.float32)


def swelling_noise(seconds: float = 4.0, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Noise that swells and changes its colour; 16 bits, which a file holds exactly."""
    random, time = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    noise = random.normal(size=len(time))
    deep = np.convolve(noise, np.ones(12) / 4, mode="same")
    share = 0.5 + 0.5 * np.sin(5 * time)
    found = 0.1 * (share * noise + (1 - share) * deep) * (1 + np.sin(13 * time))
    made: np.ndarray = (np.round(np.clip(found, -0.99, 0.99) * 32767) / 32768).astype(np.float32)
    return made


def write(path: Path, samples: np.ndarray, rate: int = RATE, **options: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, **options)
    return path


def glides(folder: Path, speakers: int = 10, takes: int = 3, seed: int = 0) -> Path:
    """A corpus of three words: `rise`, `fall` (the same glides backwards) and `hum`, by made-up speakers.

    rise and fall hold the same frames in opposite order, so only a network with memory can tell them apart. Another seed gives other recordings.
    """
    for speaker in range(speakers):
        low, high = 300 + 20 * speaker, 2000 + 40 * speaker
        for take in range(takes):
            seed_of_take = 10_000 * seed + 100 * speaker + take
            name = f"s{speaker:02d}_nohash_{take}.wav"
            # a whole number of frames of 512 samples every 320, so that the reversed clip has the same ones
            glide = chirp(low, high, (512 + 320 * (16 + take)) / RATE, seed=seed_of_take)
            write(folder / "rise" / name, glide)
            write(folder / "fall" / name, glide[::-1])
            write(folder / "hum" / name, tone(200 + 5 * speaker + seed, 0.4) * 0.8)
    return folder


def said_with_pauses(words: list[np.ndarray], snr: float, seed: int = 0) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Words with pauses of 0.5 to 1.3 s between them, in white noise `snr` dB below them; and where they lie."""
    random = np.random.default_rng(seed)
    parts = [np.zeros(RATE // 2, np.float32)]
    places = []
    for word in words:
        start = sum(map(len, parts))
        places.append((start, start + len(word)))
        parts += [word, np.zeros(int(random.uniform(0.5, 1.3) * RATE), np.float32)]
    level = np.sqrt(np.mean(np.concatenate(words) ** 2))
    whole = np.concatenate(parts)
    return (whole + random.normal(0, level * 10 ** (-snr / 20), len(whole))).astype(np.float32), places
