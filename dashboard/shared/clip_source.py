"""Choose one clip: an example, the microphone, a file, or a clip of a corpus."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from audio_models.jobs.runs import Run
from dashboard.shared import address, clip_name
from dashboard.shared.choose_corpus import corpus_title, loaded_index
from dashboard.shared.example_sounds import spoken
from dashboard.shared.formatting import as_text
from dashboard.shared.glossary import TERMS
from dashboard.shared.state import CLIP_SOURCE_GIVEN, CORPUS, EVALUATION_CORPUS, Value
from data import catalogue
from data.audio_formats import NAMES
from data.corpus import UNKNOWN, Clip, CorpusReference, Index
from data.errors import EchoicError
from data.own import corpus as own_corpus
from data.own.corpus import OWN_PREFIX

if TYPE_CHECKING:
    from audio_models.recognition.recognizer import Recognizer

_SOURCES = ("Example", "Microphone", "File", "Corpus")
_EXAMPLE_WORD = "stop"


@dataclass(frozen=True)
class ChosenClip:
    """A chosen clip.

    Attributes:
        name: shown on the page.
        samples: (samples,) float32 at the network's sample rate.
        label: the word spoken, as one of the network's classes; None where unknown.
    """

    name: str
    samples: NDArray[np.float32]
    label: str | None


def choose_clip(run: Run, recognizer: Recognizer, key: str) -> ChosenClip | None:
    """Draw the widgets that choose a clip; None until there is one. A link's clip is the first choice.

    Raises:
        EchoicError: it cannot be read.
    """
    if wanted := address.take("clip"):
        _preset(wanted, run, key)
    else:
        _begin_with_own_clip(run, key)
    which, what = st.columns([3, 2])
    source = which.segmented_control("Clip", _SOURCES, default="Example", required=True, key=f"{key}_source", wrap=True)
    if source == "Example":
        with what:
            return _example(run, recognizer, key)
    if source == "Corpus":
        return _from_corpus(run, recognizer, key)
    address.say("clip", "")
    if source == "Microphone":
        with what:
            content = st.audio_input("Say one of its words", sample_rate=16_000, key=f"{key}_recording")
        name = "Your recording"
    else:
        content = st.file_uploader("A clip", help=f"{NAMES}. Up to 30 seconds.", key=f"{key}_file")
        name = content.name if content else ""
    if content is None:
        return None
    from audio_models.features.waveform import AudioSource, loudest  # brings soxr

    samples = recognizer.load(AudioSource(content.getvalue(), name))
    rate = recognizer.features.sample_rate
    is_spoken = source == "Microphone"
    first, last = loudest(samples, rate, recognizer.clip_seconds) if is_spoken else recognizer.word_in(samples)
    if last - first < len(samples):
        name += f", the loudest {(last - first) / rate:.1f} s"
    return ChosenClip(name, samples[first:last], None)


def _begin_with_own_clip(run: Run, key: str) -> None:
    """Show a clip of the run's own corpus first if the user trained it: a synthetic voice may not speak its language.

    Only until the user has chosen another source, and never away from the clip that another run reads.
    """
    source, given = Value[str | None](f"{key}_source", None), CLIP_SOURCE_GIVEN.of(key)
    if run.is_bundled or source.get() not in (None, given.get()):
        return
    if run.config.corpus.name in [reference.name for reference in corpora_here(run)]:
        source.set("Corpus")
        given.set("Corpus")


def _preset(name: str, run: Run, key: str) -> None:
    """Preset the widgets to the clip with this name, or say that it is not here."""
    word = clip_name.spoken_word(name)
    if word is not None and word in run.config.task.labels:
        address.preset(f"{key}_source", "Example")
        address.preset(f"{key}_word", word)
        return
    reference = clip_name.corpus_of(name, corpora_here(run)) if word is None else None
    if reference is not None:
        index = loaded_index(catalogue.open_corpus(reference))
        clip = clip_name.find_clip(name, index.clips, reference)
        if clip is not None:
            address.preset(f"{key}_source", "Corpus")
            address.preset(f"{key}_corpus", reference)
            address.preset(f"{key}_label", clip.label)
            address.preset(f"{key}_number", _of_label(index, clip.label).index(clip) + 1)
            return
    address.explain("clip", name)


def _example(run: Run, recognizer: Recognizer, key: str) -> ChosenClip:
    words = run.config.task.labels
    first = words.index(_EXAMPLE_WORD) if _EXAMPLE_WORD in words else 0
    word = st.selectbox("A synthetic voice says", words, index=first, format_func=as_text, key=f"{key}_word")
    address.say("clip", clip_name.of_voice(word))
    return ChosenClip(f"A synthetic voice says “{word}”", spoken(word, recognizer.features.sample_rate), word)


def _from_corpus(run: Run, recognizer: Recognizer, key: str) -> ChosenClip | None:
    from audio_models.features.clip_audio import load_clip

    there = corpora_here(run)
    if not there:
        st.caption("No corpus is on this computer yet.")
        st.page_link("app_pages/corpora.py", label="Load one", icon=":material/library_music:")
        return None
    which, word, number_of = st.columns([3, 2, 2])
    reference = which.selectbox(
        "Corpus", there, format_func=lambda one: as_text(corpus_title(one)), key=f"{key}_corpus"
    )
    index = loaded_index(catalogue.open_corpus(reference))
    known = [label for label in index.labels if label in run.config.task.classes]
    others = [label for label in index.labels if label not in known]
    label = word.selectbox("Word", [*known, *others], format_func=as_text, key=f"{key}_label")
    clips = _of_label(index, label)
    number = number_of.number_input(
        f"Clip (1 to {len(clips)})",
        1,
        len(clips),
        1,
        key=f"{key}_number",
        help="Test clips come first. " + TERMS["split"],
    )
    clip = clips[number - 1]
    address.say("clip", clip_name.of_clip(clip, reference))
    right = label if label in known else UNKNOWN if UNKNOWN in run.config.task.classes else None
    return ChosenClip(
        f"{label}, {clip.split} clip {clip.path.name}", load_clip(clip, recognizer.features.sample_rate), right
    )


def _of_label(index: Index, label: str) -> list[Clip]:
    """The clips of a word, those of the test first."""
    return sorted((clip for clip in index.clips if clip.label == label), key=lambda clip: clip.split != "test")


def corpora_here(run: Run) -> list[CorpusReference]:
    """List the corpora on this computer: the run's own first, split as in training, then those of the catalogue, the user's
    own, and those chosen last on other pages."""
    own = [CorpusReference(OWN_PREFIX + name) for name in own_corpus.listing()]
    references = [run.config.corpus, *map(catalogue.refer, catalogue.NAMES), *own]
    references += [chosen for chosen in (CORPUS.get(), EVALUATION_CORPUS.get()) if chosen is not None]
    found: dict[str, CorpusReference] = {}
    for reference in references:
        with contextlib.suppress(EchoicError):  # a folder that is gone, say
            if reference.name not in found and catalogue.open_corpus(reference).is_loaded():
                found[reference.name] = reference
    return list(found.values())
