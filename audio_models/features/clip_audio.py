"""The waveforms of a corpus' clips, and of its background noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import AudioError
from audio_models.features import waveform
from audio_models.features.waveform import AudioSource, Waveform
from data.corpus import Clip, Progress, Report, no_progress
from data.noise import generated_noise
from data.scan import audio_files
from data.task import noise_stretch

_KEPT_BYTES = 1 << 30  # of waveforms in memory


_LONGEST_NOISE = 300.0  # seconds of each noise recording


def load_clip(clip: Clip, sample_rate: int) -> Waveform:
    """The waveform of a clip of a corpus, (samples,) float32.

    Raises:
        AudioError: it cannot be read.
    """
    if clip.whole:
        samples = waveform.load(AudioSource(clip.path), sample_rate)
    else:
        samples = waveform.load(AudioSource(clip.path), sample_rate, start=clip.start, seconds=clip.seconds)
    return samples if clip.gain == 1.0 else samples * np.float32(clip.gain)


def waveforms(clips: Sequence[Clip], sample_rate: int, report: Report = no_progress) -> Callable[[int], Waveform]:
    """A function that gives the waveform of the clip at a position, again and again.

    They are kept in memory as 16-bit numbers where all fit into a gigabyte; otherwise each is read from its file
    every time. A clip that is no longer readable then is silent.
    """

    def read(position: int) -> Waveform:
        try:
            return load_clip(clips[position], sample_rate)
        except AudioError:
            return np.zeros(max(1, round(clips[position].seconds * sample_rate)), np.float32)

    if sum(clip.seconds for clip in clips) * sample_rate * 2 > _KEPT_BYTES:
        return read
    kept: list[NDArray[np.int16]] = []
    for position in range(len(clips)):
        if position % 100 == 0:
            report(Progress("Reading clips", position, len(clips)))
        kept.append(np.round(np.clip(read(position), -1, 1) * 32767).astype(np.int16))
    return lambda position: kept[position].astype(np.float32) / np.float32(32767)


def noise_recordings(folder: str, own: Sequence[Path], sample_rate: int) -> list[Waveform]:
    """The stretches of background noise that training may use, each (samples,) float32.

    Args:
        folder: a folder of recordings of the user's; none where it is empty.
        own: the recordings of the corpus, which serve otherwise; generated noise where there are none.

    Raises:
        AudioError: the folder holds no recording that can be read.
    """
    if folder:
        paths = [Path(folder) / name for name, _ in audio_files(Path(folder))]
        low, high = 0.0, 1.0
        if not paths:
            raise AudioError(f"The noise folder {folder} holds no WAV, FLAC, OGG or MP3 file. Check the path.")
    else:
        paths = list(own or generated_noise())
        low, high = noise_stretch("training")
    recordings = []
    for path in paths:
        seconds = waveform.duration(path)
        recordings.append(
            waveform.load(
                AudioSource(path), sample_rate, start=low * seconds, seconds=min(_LONGEST_NOISE, (high - low) * seconds)
            )
        )
    return recordings
