"""A card for a sound: its waveform, a player, and possible problems."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from audio_models.own_words.clip_checks import Finding, findings
from audio_models.own_words.clip_measures import measure
from dashboard.shared.charts import waveform_envelope
from dashboard.shared.formatting import as_text
from dashboard.shared.players import play_samples
from data.sound_digest import sound_digest

_POINTS = 120
_HEIGHT, _WIDTH = 24.0, 240  # half the height of the drawing, and its width [pixels]
_COLOUR = "#3d8bc4"


@dataclass(frozen=True)
class SoundCard:
    """What a card shows.

    Attributes:
        picture: its waveform, an SVG.
        samples: (samples,) float32.
        sample_rate: [Hz].
        problems: one sentence each.
    """

    picture: str
    samples: NDArray[np.float32] = field(repr=False)
    sample_rate: int
    problems: list[str]

    def show(self) -> None:
        """Draw the card."""
        st.image(self.picture, width="stretch")
        play_samples(self.samples, self.sample_rate)
        st.caption(f"{len(self.samples) / self.sample_rate:.1f} s")
        for problem in self.problems:
            st.caption(f":material/warning: {as_text(problem)}")


@dataclass(frozen=True)
class _NewSound:
    """A sound that is in no corpus yet, in the form that the checks need."""

    sound: str
    seconds: float
    measures: dict[str, float]
    id: str = ""
    label: str = ""
    speaker: str | None = None


def sound_card(samples: NDArray[np.float32], sample_rate: int) -> SoundCard:
    """Make a card for a waveform, (samples,) float32."""
    one = _NewSound(sound_digest(samples, sample_rate), len(samples) / sample_rate, measure(samples, sample_rate))
    found: list[Finding] = findings([one])
    return SoundCard(waveform_picture(samples), samples, sample_rate, [finding.text for finding in found])


def waveform_picture(samples: NDArray[np.float32]) -> str:
    """Draw a waveform, (samples,), as a small SVG in a colour that is visible on light and dark pages."""
    envelope = waveform_envelope(samples, 1, _POINTS)  # a rate of 1 Hz: only the shape is drawn
    scale = _HEIGHT / max(float(np.abs(samples).max()), 1e-4)
    above = [f"{place},{_HEIGHT - scale * value:.1f}" for place, value in enumerate(envelope["high"])]
    below = [f"{place},{_HEIGHT - scale * value:.1f}" for place, value in enumerate(envelope["low"])]
    points = " ".join([*above, *reversed(below)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(envelope)} {2 * _HEIGHT:g}" width="{_WIDTH}" height="{2 * _HEIGHT:g}" '
        f'preserveAspectRatio="none"><polygon points="{points}" fill="{_COLOUR}" stroke="{_COLOUR}" stroke-width="0.5"/></svg>'
    )
