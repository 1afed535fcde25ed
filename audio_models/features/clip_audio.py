"""The waveforms of a corpus' clips, and of its background noise."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import AudioError
from audio_models.features import waveform
from audio_models.features.waveform import AudioSource, Waveform
from data import audio_formats, workspace
from data.corpus import Clip, Progress, Report, no_progress
from data.noise import generated_noise
from data.other_recordings import Recording
from data.scan import audio_files
from data.task import noise_stretch

_MEMORY = 1 << 30  # bytes of waveforms
_FULL_SCALE = 32767
_LONGEST_NOISE = 300.0  # seconds of each noise recording
_LEAST_NOISE = 60.0  # seconds of a folder of noise
_OTHER_NOISE = 1800.0  # seconds of noise from other recordings, spread over their folders


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


class ClipWaveforms:
    """The waveforms of the clips of a training, which reads each many times.

    If all fit into a gigabyte they stay in memory as 16-bit numbers, with a scale factor for a clip above full scale.
    Otherwise each is read from its file every time.

    Args:
        clips: all that will be read.
        sample_rate: of the waveforms [Hz].
    """

    def __init__(self, clips: Sequence[Clip], sample_rate: int) -> None:
        self._rate = sample_rate
        self._fit = sum(clip.seconds for clip in clips) * sample_rate * 2 <= _MEMORY
        self._stored: dict[Clip, tuple[NDArray[np.int16], np.float32] | None] = dict.fromkeys(clips)

    def store(self, clip: Clip, samples: Waveform) -> None:
        """Store the waveform of a clip decoded elsewhere, if the clips fit into memory."""
        if self._fit and clip in self._stored:
            scale = np.float32(max(1.0, float(np.abs(samples).max())))
            self._stored[clip] = np.round(samples / scale * np.float32(_FULL_SCALE)).astype(np.int16), scale

    def store_all(self, report: Report = no_progress) -> None:
        """Decode the clips that are not in memory yet, if they fit."""
        missing = [clip for clip, stored in self._stored.items() if stored is None] if self._fit else []
        for done, clip in enumerate(missing):
            if done % 100 == 0:
                report(Progress("Reading clips", done, len(missing)))
            self.store(clip, self._read(clip))

    def __call__(self, clip: Clip) -> Waveform:
        """The waveform of a clip, (samples,) float32; silence if its file can no longer be read."""
        stored = self._stored[clip]
        if stored is None:
            return self._read(clip)
        numbers, scale = stored
        return numbers.astype(np.float32) / np.float32(_FULL_SCALE) * scale

    def _read(self, clip: Clip) -> Waveform:
        try:
            return load_clip(clip, self._rate)
        except AudioError:
            return np.zeros(max(1, round(clip.seconds * self._rate)), np.float32)


def noise_recordings(folder: str, own: Sequence[Path], sample_rate: int) -> list[Waveform]:
    """Load the stretches of background noise that training may use, each (samples,) float32.

    Args:
        folder: the user's own folder of noise, or "".
        own: recordings of the corpus, used without such a folder; without either, noise is generated.

    Raises:
        AudioError: the folder holds no recording that can be read.
        WorkspaceError: the user may not read this computer's files.
    """
    if folder:
        workspace.check_is_local()
        paths = [Path(folder) / name for name, _ in audio_files(Path(folder))]
        low, high = 0.0, 1.0
        if not paths:
            raise AudioError(
                f"The noise folder {folder} holds no recording. Check the path. Echoic reads {audio_formats.NAMES}."
            )
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


def other_noise(recordings: Sequence[Recording], sample_rate: int) -> list[Waveform]:
    """Load noise from other recordings, each (samples,) float32: those of a folder follow each other in one.

    A folder is one kind of noise, whatever the number and length of its recordings. What cannot be read is left out.
    """
    of_folder: dict[Path, list[Recording]] = {}
    for one in recordings:
        of_folder.setdefault(one.path.parent, []).append(one)
    longest = max(_LEAST_NOISE, _OTHER_NOISE / max(1, len(of_folder)))
    found = []
    for place, folder in enumerate(sorted(of_folder)):
        here = of_folder[folder]
        parts, seconds = [], 0.0
        for number in np.random.default_rng(place).permutation(len(here)):
            one, left = here[number], longest - seconds
            if left <= 0:
                break
            with contextlib.suppress(AudioError):
                source = AudioSource(one.path)
                parts.append(waveform.load(source, sample_rate, start=one.start, seconds=min(one.seconds, left)))
                seconds += one.seconds
        if parts:
            found.append(np.concatenate(parts))
    return found
