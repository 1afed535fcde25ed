"""Hear augmentation at work: a training clip before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from audio_models.config import AugmentationConfig, FeatureConfig
from dashboard.shared.formatting import as_text
from dashboard.shared.players import play, play_samples
from dashboard.shared.state import AUGMENTED_EXAMPLE
from data.corpus import Clip, Index
from data.errors import EchoicError


def before_and_after(augmentation: AugmentationConfig, features: FeatureConfig, index: Index | None) -> None:
    """Play one training clip, and an augmented version of it; draw nothing without a clip."""
    if index is None:
        return
    clips = [clip for clip in index.clips if clip.split == "training"]
    if not clips:
        return
    # Only on request: decoding the noise and importing librosa takes seconds the first time.
    number = AUGMENTED_EXAMPLE.get()
    if st.button("Play an example", icon=":material/hearing:", key="hear-example"):
        number += 1
        AUGMENTED_EXAMPLE.set(number)
    if number < 0:
        return
    clip = clips[(number * 7919) % len(clips)]
    before, after = st.columns(2)
    with before:
        st.caption(f"{as_text(clip.label)}: original")
        play(clip)
    with after:
        try:
            changed = _changed(clip, augmentation, features, index, number)
        except EchoicError as error:
            st.error(as_text(str(error)), icon=":material/error:")
            return
        st.caption("Augmented")
        play_samples(changed, features.sample_rate)


def _changed(clip: Clip, augmentation: AugmentationConfig, features: FeatureConfig, index: Index, number: int) -> Any:
    import numpy as np

    from audio_models.features.augmentation import Augmenter
    from audio_models.features.clip_audio import load_clip

    noise = _noise(augmentation.noise_folder, index.noise, features.sample_rate)
    samples = load_clip(clip, features.sample_rate)
    return Augmenter(augmentation, features, noise).waveform(samples, np.random.default_rng(number))


@st.cache_resource(max_entries=2, show_spinner=False)  # type: ignore[untyped-decorator]
def _noise(folder: str, own: tuple[Path, ...], sample_rate: int) -> Any:
    """Return the noise recordings, cached: decoding minutes of noise for each click would take longest of all."""
    from audio_models.features.clip_audio import noise_recordings

    return noise_recordings(folder, own, sample_rate)
