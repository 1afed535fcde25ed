"""Choose a long recording: an example, an upload, or a file on this computer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from audio_models.features.waveform import AudioSource
from audio_models.jobs.runs import Run
from dashboard.shared import address, remembered
from dashboard.shared.formatting import as_text
from dashboard.shared.recent import offer_recent
from dashboard.shared.state import LISTEN_PATH, LISTEN_SOURCE
from data import workspace
from data.audio_file import encode_wav
from data.audio_formats import NAMES
from data.public.synthetic_voices import SAMPLE_RATE, say, voices

_SOURCES = ("Example", "Upload", "On this computer")
_EXAMPLE_VOICES = (12, 15, 40)  # synthetic voices that are recognised well
_MOST_WORDS = 12


@dataclass(frozen=True)
class ChosenRecording:
    """A recording that was chosen, not decoded yet.

    Attributes:
        source: its file, or its content.
        spoken: the words in it, in order, if known.
    """

    source: AudioSource
    spoken: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to call it."""
        return self.source.name


def choose_recording(run: Run) -> ChosenRecording | None:
    """Draw widgets to choose a recording; None until there is one.

    Raises:
        EchoicError: there is no such file.
    """
    which, what = st.columns([2, 3])
    sources = _SOURCES if workspace.is_local() else _SOURCES[:-1]
    LISTEN_SOURCE.start_with(sources[0])
    address.follow("source", LISTEN_SOURCE.key, sources)
    chosen = which.segmented_control("Recording", sources, required=True, key=LISTEN_SOURCE.key, wrap=True)
    with what:
        if chosen == "Upload":
            file = st.file_uploader("A recording of up to two hours", help=f"{NAMES}.", key="listen_file")
            return ChosenRecording(AudioSource(file.getvalue(), file.name)) if file else None
        if chosen == "On this computer":
            from audio_models.listening import recordings

            remembered.follow(LISTEN_PATH.key, str)
            typed = st.text_input(
                "Path of a recording of up to two hours", placeholder="/home/me/lecture.mp3", key=LISTEN_PATH.key,
                help=f"{NAMES}. It is read in place; nothing is copied.",
            )  # fmt: skip
            offer_recent("recordings", LISTEN_PATH.key, LISTEN_PATH.set)
            if not typed.strip():
                return None
            return ChosenRecording(AudioSource(recordings.find(typed)))
        words = run.config.task.labels
        spoken, content = _example(words)
        st.caption("Synthetic voices, with pauses and a faint hiss: " + ", ".join(map(as_text, spoken)) + ".")
        return ChosenRecording(AudioSource(content, "Example"), spoken)


@st.cache_data(show_spinner="The voices speak …", max_entries=4)  # type: ignore[untyped-decorator]
def _example(words: Sequence[str]) -> tuple[tuple[str, ...], bytes]:
    """The words in random order, spoken by several voices in turn, and the content of the WAV file."""
    random = np.random.default_rng(0)
    spoken = [str(word) for word in random.permutation(list(words))][:_MOST_WORDS]
    parts = [np.zeros(SAMPLE_RATE, np.float32)]
    for number, word in enumerate(spoken):
        voice = voices()[_EXAMPLE_VOICES[number % len(_EXAMPLE_VOICES)]]
        parts += [say(word, voice), np.zeros(int(SAMPLE_RATE * random.uniform(0.8, 3.0)), np.float32)]
    samples = np.concatenate(parts)
    return tuple(spoken), encode_wav(samples + random.normal(0, 1e-3, len(samples)), SAMPLE_RATE)
