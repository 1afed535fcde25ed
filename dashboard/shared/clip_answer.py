"""Answers to the clips of a page, each computed once: a click elsewhere on the page decodes nothing again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from audio_models.jobs.runs import Run
from audio_models.recognition import threshold
from dashboard.shared import preload
from data.errors import EchoicError

if TYPE_CHECKING:
    from audio_models.features.mfcc import Frames
    from audio_models.features.waveform import Waveform
    from audio_models.recognition.answer import Answer

_CACHED = 200  # answers, each with up to 30 s of sound


@dataclass(frozen=True)
class ClipAnswer:
    """A clip and the answer to it.

    Attributes:
        samples: the whole clip, (samples,) float32 at the network's rate.
        first, last: the stretch that the network read [samples].
        answer: to that stretch.
        frames: what the network read, normalised, (frames, width).
        notes: sentences on how the clip was read.
    """

    samples: Waveform
    first: int
    last: int
    answer: Answer
    frames: Frames
    notes: tuple[str, ...] = ()

    @property
    def stretch(self) -> Waveform:
        """The samples that the network read."""
        return self.samples[self.first : self.last]


def answer_clip(run: Run, name: str, content: bytes, *, loudest: bool = False) -> ClipAnswer | str:
    """Answer a clip with the network of a run, or say in a sentence why it cannot be read.

    Args:
        name: of the clip, for that sentence.
        content: of its file.
        loudest: read only its loudest stretch, as long as a training clip, even if it is hardly longer: a recording
            begins before the word.

    Raises:
        RunError: the run has no network yet, or it is damaged.
    """
    preload.recognizer(run)  # says what is wrong with it, if anything
    found: ClipAnswer | str = _answered(str(run.model_path), run.model_path.stat().st_mtime_ns, name, content, loudest)
    chosen = threshold.load(run)
    if chosen is None or isinstance(found, str):
        return found
    return replace(found, answer=replace(found.answer, threshold=chosen))


@st.cache_resource(max_entries=_CACHED, show_spinner=False)  # type: ignore[untyped-decorator]
def _answered(path: str, changed: int, name: str, content: bytes, find: bool) -> ClipAnswer | str:
    from audio_models.features.waveform import AudioSource, loudest

    recognizer = preload.recognizer_of_file(path, changed)
    notes: list[str] = []
    try:
        samples = recognizer.load(AudioSource(content, name), notes.append)
    except EchoicError as error:
        return str(error)
    rate = recognizer.features.sample_rate
    first, last = loudest(samples, rate, recognizer.clip_seconds) if find else recognizer.word_in(samples)
    answer = recognizer.classify(samples[first:last])
    return ClipAnswer(samples, first, last, answer, recognizer.normalise(answer.frames), tuple(notes))
