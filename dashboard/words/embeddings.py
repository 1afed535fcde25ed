"""Embeddings of a corpus by the pretrained network: computed once per clip, so a decision about one clip keeps the others'."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audio_models.jobs import runs
from dashboard.shared.feedback import ProgressBar
from dashboard.shared.state import Value
from data.corpus import Clip
from data.own.corpus import OwnCorpus
from data.own.records import OwnClip, Snapshot

LISTENER = "commands"
"""The network that computes them."""

_FEW = 100  # clips without an embedding that are embedded unasked: those of some recordings


@dataclass(frozen=True)
class CorpusEmbeddings:
    """Embeddings of a corpus.

    Attributes:
        clips: those that could be decoded.
        embeddings: (clips, width).
    """

    clips: list[OwnClip]
    embeddings: NDArray[np.float32] = field(repr=False)


_Known = dict[str, NDArray[np.float32]]

EMBEDDINGS: Value[tuple[str, _Known] | None] = Value("own_embeddings", None)
"""The corpus whose clips were embedded last, and each one's embedding, (width,), by the digest of its file."""
_PLACES: Value[tuple[tuple[str, ...], NDArray[np.float64]] | None] = Value("own_places", None)
"""The last map: the digests of its clips, and their places."""


def remembered(corpus: OwnCorpus, now: Snapshot) -> CorpusEmbeddings | None:
    """Return the embeddings of a corpus if they were asked for; a few clips added since are embedded."""
    known = _known(corpus)
    missing = sum(clip.digest not in known for clip in now.clips)
    return compute(corpus, now) if known and missing <= _FEW else None


def compute(corpus: OwnCorpus, now: Snapshot) -> CorpusEmbeddings:
    """Compute the embeddings of all clips that have none yet; shows progress.

    Raises:
        EchoicError: the pretrained network is damaged or missing.
    """
    known = dict(_known(corpus))
    if missing := [clip for clip in now.clips if clip.digest not in known]:
        from audio_models.recognition import embedding

        bar = ProgressBar()
        try:
            listener = runs.bundled_run(LISTENER)
            embeddings, _ = embedding.embed_clips(listener, [as_clip(clip) for clip in missing], bar.report)
        finally:
            bar.clear()
        known |= {clip.digest: one for clip, one in zip(missing, embeddings, strict=True)}
        EMBEDDINGS.set((corpus.name, known))
    readable = [clip for clip in now.clips if np.isfinite(known[clip.digest]).all()]
    return CorpusEmbeddings(readable, np.array([known[clip.digest] for clip in readable]))


def places(found: CorpusEmbeddings) -> NDArray[np.float64]:
    """Return the places of clips on the map, (clips, 2), see `corpus_map.place`; computed once for the same clips."""
    from audio_models.own_words import corpus_map

    digests = tuple(clip.digest for clip in found.clips)
    stored = _PLACES.get()
    if stored is None or stored[0] != digests:
        stored = digests, corpus_map.place(found.embeddings)
        _PLACES.set(stored)
    return stored[1]


def _known(corpus: OwnCorpus) -> _Known:
    stored = EMBEDDINGS.get()
    return stored[1] if stored is not None and stored[0] == corpus.name else {}


def as_clip(clip: OwnClip) -> Clip:
    """Return a clip of the user's own in the form that every corpus has."""
    return Clip(clip.path, clip.label, "training", clip.seconds, clip.speaker, clip.digest)
