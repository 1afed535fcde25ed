"""Choose a task: a corpus, its words, and whether unknown words and silence are classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.shared import remembered
from dashboard.shared.choose_corpus import choose_corpus, loaded_index
from dashboard.shared.glossary import TERMS
from data import catalogue
from data.corpus import UNKNOWN, Corpus, CorpusReference, Index
from data.public.synthetic_voices import SyntheticVoices
from data.task import Task


@dataclass(frozen=True)
class TaskChoice:
    """What the user chose to learn.

    Attributes:
        reference: the corpus.
        index: of the corpus, once it is loaded.
        labels: the words.
        unknown, silence: whether these are classes too.
        has_other_words: whether the corpus has words that are not listed, or clips of `_unknown_`.
    """

    reference: CorpusReference
    index: Index | None
    labels: tuple[str, ...]
    unknown: bool
    silence: bool
    has_other_words: bool

    @property
    def is_enough(self) -> bool:
        """Whether there are two classes to tell apart."""
        return len(self.labels) + self.unknown + self.silence > 1

    @property
    def task(self) -> Task:
        """The task. Raises `CorpusError` with fewer than two classes."""
        return Task(self.labels, self.unknown, self.silence)


def choose_task(key: str, *, makes_unknown: bool = False) -> TaskChoice | None:
    """Draw the widgets; None until the corpus is on this computer, or can be made when training starts.

    Args:
        makes_unknown: whether other words can be rejected even if the corpus has none.
    """
    reference = choose_corpus(key, CorpusReference("synthetic_voices"))
    if reference is None:
        return None
    corpus = catalogue.open_corpus(reference)
    index: Index | None = None
    if isinstance(corpus, SyntheticVoices):
        words, other_words = list(corpus.words), False  # spoken when the training starts
        if corpus.is_loaded():
            index = loaded_index(corpus)
    elif corpus.is_loaded():
        index = loaded_index(corpus)
        words, other_words = list(catalogue.usual_labels(index)), UNKNOWN in index.labels
    else:
        st.info(f"This corpus is not on this computer yet: {corpus.description.size}.", icon=":material/download:")
        st.page_link("app_pages/corpora.py", label="Load it on the Data page", icon=":material/library_music:")
        return None
    if index is not None and index.copies.clips:
        st.caption(str(index.copies))
    labels, unknown, silence = _task(corpus, words, other_words or makes_unknown, key)
    has_others = other_words or not set(words) <= set(labels)
    return TaskChoice(reference, index, tuple(labels), unknown, silence, has_others)


def clips_per_word(index: Index | None, labels: Sequence[str]) -> float:
    """Return the mean number of training clips per word; for synthetic voices, also before they have spoken."""
    if index is not None:
        found = Counter(clip.label for clip in index.clips if clip.split == "training")
        if all(found[label] for label in labels):
            return sum(found[label] for label in labels) / max(1, len(labels))
    return SyntheticVoices.training_clips_per_word()


def rounded(seconds: float) -> float:
    """Round an estimate [s]: to ten seconds, from two minutes on to whole minutes."""
    return max(10.0, round(seconds / 10) * 10.0) if seconds < 120 else round(seconds / 60) * 60.0


def _task(corpus: Corpus, words: list[str], other_words: bool, key: str) -> tuple[list[str], bool, bool]:
    """Draw the choice of classes; `other_words`: there is something to reject even if all its words are chosen."""
    usual = [word for word in corpus.description.words if word in words]
    synthetic = corpus.description.synthetic
    remembered.follow(f"{key}-words-{corpus.name}", list, None if synthetic else words)
    labels = st.multiselect(
        "Words",
        words,
        default=usual or words,
        accept_new_options=synthetic,
        key=f"{key}-words-{corpus.name}",
        help="The words to recognise." + (" Type any other word: the synthesiser can say it." if synthetic else ""),
    )
    no_others = set(words) <= set(labels) and not other_words
    left, right = st.columns(2)
    for name in ("unknown", "silence"):
        remembered.follow(f"{key}-{name}", bool)
    unknown = left.toggle("Reject other words", key=f"{key}-unknown", help=TERMS["unknown"], disabled=no_others)
    silence = right.toggle("Recognise silence", key=f"{key}-silence", help=TERMS["silence"])
    return labels, unknown and not no_others, silence
