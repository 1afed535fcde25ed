"""Trim a clip of the user's own to a stretch, by a spectrogram that shows where its word begins and ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import AudioError
from audio_models.features.segments import Take
from audio_models.features.waveform import AudioSource, Waveform
from audio_models.own_words import intake
from audio_models.own_words.recording import Recording, read_recording
from data.own.new_clips import NewClip
from data.own.records import OwnClip

SHORTEST = 0.1
"""Length of a trimmed clip [s]."""

_WINDOW = 0.025  # seconds of each column's window; columns lie at least two fifths of it apart
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 8_000.0
_RANGE_DB = 60.0  # below the loudest place


def whole_recording(clip: OwnClip) -> Recording:
    """Decode a clip as it was recorded, without its trim.

    Raises:
        AudioError: it cannot be read.
    """
    return read_recording(AudioSource(clip.whole, clip.original or clip.whole.name))


def cut(clip: OwnClip, recording: Recording, start: float, end: float) -> NewClip:
    """Cut the stretch from `start` to `end` [s] out of a clip's whole recording.

    Raises:
        AudioError: the stretch is shorter than `SHORTEST`, or does not lie in the recording.
    """
    rate, samples = recording.sample_rate, recording.samples
    first, last = max(0, round(start * rate)), min(len(samples), round(end * rate))
    if last - first < round(SHORTEST * rate):
        raise AudioError(
            f"The stretch from {start:.2f} s to {end:.2f} s is too short: a clip lasts at least {SHORTEST:g} s. Move its ends apart."
        )
    return intake.new_clip(recording.flac(Take(first, last)), clip.label, clip.speaker, clip.source, f"{clip.id}.flac")


def spectrogram(samples: Waveform, sample_rate: int, columns: int = 400, rows: int = 64) -> NDArray[np.uint8]:
    """Compute the picture of a sound: its power over time and frequency.

    Args:
        samples: (samples,) float32.
        sample_rate: [Hz].
        columns: at most; fewer if the sound is short.
        rows: bands of equal width on the mel scale (O'Shaughnessy: 2595 log10(1 + f / 700)), from 60 Hz to 8 kHz or half
            the rate.

    Returns:
        (columns, rows), the lowest band first: 0 for 60 dB below the loudest place or less, 255 for the loudest.
    """
    width = max(16, round(_WINDOW * sample_rate))
    columns = int(np.clip(len(samples) / (0.4 * width), 1, columns))
    centres = (np.arange(columns) + 0.5) * len(samples) / columns
    padded = np.pad(samples, width)
    starts = np.round(centres + width / 2).astype(int)
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)[starts] * np.hanning(width)
    size = 1 << (2 * width - 1).bit_length()
    power = np.abs(np.fft.rfft(frames, size)) ** 2
    top = 2595 * np.log10(1 + min(_HIGHEST_HZ, sample_rate / 2) / 700)
    mels = np.linspace(2595 * np.log10(1 + _LOWEST_HZ / 700), top, rows)
    hertz = 700 * (10 ** (mels / 2595) - 1)
    bands = np.stack([np.interp(hertz, np.fft.rfftfreq(size, 1 / sample_rate), one) for one in power])
    decibels = 10 * np.log10(np.maximum(bands, 1e-12))
    shares = np.clip(1 + (decibels - decibels.max()) / _RANGE_DB, 0, 1) if samples.any() else np.zeros_like(bands)
    return np.round(255 * shares).astype(np.uint8)
