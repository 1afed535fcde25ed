"""What the bundled network hears in the clips of a corpus: asked for once, then remembered until the corpus changes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audio_models.jobs import runs
from dashboard.shared.feedback import ProgressBar
from dashboard.shared.state import Value
from data.corpus import Clip
from data.own.corpus import OwnClip, OwnCorpus

LISTENER = "commands"
"""The network whose ear is used."""


@dataclass(frozen=True)
class CorpusEmbeddings:
    """What was heard.

    Attributes:
        clips: those that could be read.
        embeddings: (clips, width).
        points: (clips, 2), where each lies on the map.
    """

    clips: list[OwnClip]
    embeddings: NDArray[np.float32] = field(repr=False)
    points: NDArray[np.float64] = field(repr=False)


EMBEDDINGS: Value[tuple[tuple[str, int], CorpusEmbeddings] | None] = Value("own_embeddings", None)
"""Those computed last: of which corpus and version, and what they are."""


def remembered(corpus: OwnCorpus) -> CorpusEmbeddings | None:
    """What was heard of the corpus as it is now, if it was asked for."""
    kept = EMBEDDINGS.get()
    return kept[1] if kept is not None and kept[0] == (corpus.name, corpus.version) else None


def hear(corpus: OwnCorpus) -> CorpusEmbeddings:
    """Let the bundled network hear every clip; with progress where that takes long.

    Raises:
        EchoicError: it cannot be done.
    """
    if (known := remembered(corpus)) is not None:
        return known
    from audio_models.own_words import corpus_map
    from audio_models.recognition import embedding

    version, clips = corpus.version, corpus.clips()
    bar = ProgressBar()
    try:
        embeddings, _ = embedding.embed_clips(runs.bundled_run(LISTENER), [as_clip(clip) for clip in clips], bar.report)
        points = corpus_map.place(embeddings)
    finally:
        bar.clear()
    readable = np.flatnonzero(np.isfinite(points).all(axis=1))
    heard = CorpusEmbeddings([clips[place] for place in readable], embeddings[readable], points[readable])
    EMBEDDINGS.set(((corpus.name, version), heard))
    return heard


def as_clip(clip: OwnClip) -> Clip:
    """A clip of the user's own as every corpus has them."""
    return Clip(clip.path, clip.label, "training", clip.seconds, clip.speaker, clip.digest)
