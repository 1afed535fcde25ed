"""A recording of several takes of a word, decoded and ready to be cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audio_models.errors import AudioError
from audio_models.features import waveform
from audio_models.features.segments import Take, find_takes
from audio_models.features.waveform import AudioSource, Waveform
from data.audio_file import encode_flac

_HIGHEST_RATE = 48_000  # Hz; ten minutes at more would not fit into the memory of a small computer

LONGEST = 600.0
"""Length of a recording [s]."""


@dataclass(frozen=True)
class Recording:
    """A recording of several takes of a word.

    Attributes:
        samples: (samples,) float32, channels averaged.
        sample_rate: its own, at most 48,000 [Hz].
        bits: per sample: 16, or 24 if the file had more.
        notes: sentences for the user on how it was read.
    """

    samples: Waveform
    sample_rate: int
    bits: Literal[16, 24]
    notes: tuple[str, ...] = ()

    @property
    def takes(self) -> list[Take]:
        """Its takes, see `find_takes`."""
        return find_takes(self.samples, self.sample_rate)

    def flac(self, take: Take | None = None) -> bytes:
        """Encode a take, or the whole recording, as a FLAC file."""
        samples = self.samples if take is None else take.of(self.samples)
        return encode_flac(samples, self.sample_rate, self.bits)


def read_recording(source: AudioSource) -> Recording:
    """Decode a recording of up to ten minutes.

    Raises:
        AudioError: it cannot be read, or is too long.
    """
    about = waveform.header(source)
    if about.seconds > LONGEST:
        raise AudioError(
            f"{source.name} lasts {about.seconds / 60:.0f} minutes; up to {LONGEST / 60:.0f} can be cut into takes. Split it in two first."
        )
    rate = min(max(about.sample_rate, waveform.MIN_RATE), _HIGHEST_RATE)
    notes: list[str] = []
    samples = waveform.load(source, rate, start=0.0, seconds=about.seconds, tell=notes.append)
    whole = about.channels == 1 and rate == about.sample_rate and about.subtype == "PCM_16"
    return Recording(samples, rate, 16 if whole else 24, tuple(notes))
