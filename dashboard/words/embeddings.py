"""Embeddings of a corpus by the pretrained network: cached until the corpus changes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audio_models.jobs import runs
from dashboard.shared.feedback import ProgressBar
from dashboard.shared.state import Value
from data.corpus import Clip
from data.own.corpus import OwnCorpus
from data.own.store import OwnClip, Snapshot

LISTENER = "commands"
"""The network that computes them."""


@dataclass(frozen=True)
class CorpusEmbeddings:
    """Embeddings of a corpus.

    Attributes:
        clips: those that could be decoded.
        embeddings: (clips, width).
        points: (clips, 2), their places on the map, see `corpus_map.place`.
    """

    clips: list[OwnClip]
    embeddings: NDArray[np.float32] = field(repr=False)
    points: NDArray[np.float64] = field(repr=False)


EMBEDDINGS: Value[tuple[tuple[str, int], CorpusEmbeddings] | None] = Value("own_embeddings", None)
"""The last ones computed, with the name and version of their corpus."""


def remembered(corpus: OwnCorpus, now: Snapshot) -> CorpusEmbeddings | None:
    """Return the cached embeddings of a corpus, unless it has changed since."""
    stored = EMBEDDINGS.get()
    return stored[1] if stored is not None and stored[0] == (corpus.name, now.version) else None


def compute(corpus: OwnCorpus, now: Snapshot) -> CorpusEmbeddings:
    """Compute the embeddings of all clips, or return those already computed; shows progress.

    Raises:
        EchoicError: the pretrained network is damaged or missing.
    """
    if (known := remembered(corpus, now)) is not None:
        return known
    from audio_models.own_words import corpus_map
    from audio_models.recognition import embedding

    bar = ProgressBar()
    try:
        listener = runs.bundled_run(LISTENER)
        embeddings, _ = embedding.embed_clips(listener, [as_clip(clip) for clip in now.clips], bar.report)
        points = corpus_map.place(embeddings)
    finally:
        bar.clear()
    readable = np.flatnonzero(np.isfinite(points).all(axis=1))
    found = CorpusEmbeddings([now.clips[place] for place in readable], embeddings[readable], points[readable])
    EMBEDDINGS.set(((corpus.name, now.version), found))
    return found


def as_clip(clip: OwnClip) -> Clip:
    """Return a clip of the user's own in the form that every corpus has."""
    return Clip(clip.path, clip.label, "training", clip.seconds, clip.speaker, clip.digest)
