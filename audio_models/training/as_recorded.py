"""Sounds of one kind, such as words by synthetic voices, as if they had been recorded like the user's clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audio_models.features.recording_conditions import RecordingConditions, mean_spectrum, word_samples
from audio_models.features.waveform import Waveform
from audio_models.training.other_speech import Stretch


class AsRecorded:
    """Makes sounds resemble the user's clips.

    Args:
        conditions: of the user's clips.
        sounds: some of the kind, each (samples,) float32; their mean spectrum is that of the kind.
        sample_rate: [Hz].
    """

    def __init__(self, conditions: RecordingConditions, sounds: Sequence[Waveform], sample_rate: int) -> None:
        self._conditions = conditions
        self._spectrum = mean_spectrum(sounds, sample_rate)
        self._rate = sample_rate

    def word(self, samples: Waveform, random: np.random.Generator) -> Stretch:
        """The word in a clip (samples,) float32, in the spectrum, margins, level and background of one of the user's."""
        first, last = word_samples(samples, self._rate)
        made, begins = self._conditions.place(samples[first:last], self._spectrum, random)
        return Stretch(made, (begins / self._rate, (begins + last - first) / self._rate))

    def running(self, made: Stretch) -> Stretch:
        """Running speech in the spectrum of the user's clips."""
        return Stretch(self._conditions.coloured(made.samples, self._spectrum), made.span)
