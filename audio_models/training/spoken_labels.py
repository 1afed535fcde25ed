"""Which labels, read out as English, are the words that the user's clips say.

A label can be of any language, or a name of its own ("lamp on" for a whistle). Then synthetic voices that read it out say
another word than the clips, and a network must not learn it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import soxr
from numpy.typing import NDArray

from audio_models.features.waveform import Waveform
from data.public.english_words import COMMON_WORDS
from data.public.espeak import Synthesiser
from data.public.synthetic_voices import SAMPLE_RATE, record, voices

_OTHERS = 40  # English words that the labels are compared with
_VOICES = 6  # that say each of them
# Share of the other words that are less like the clips than the label: of all labels on average, and of each that is
# used. By chance it is 0.5 for each; for spoken English digits about 0.9 (docs/recipe.md).
_ON_AVERAGE, _EACH = 0.7, 0.5

Embed = Callable[[Sequence[Waveform]], NDArray[np.float32]]
"""Embeds clips, each (samples,) float32; returns (clips, width)."""


def spoken(
    labels: Mapping[int, Sequence[Waveform]],
    takes: Mapping[int, Sequence[Waveform]],
    others: Sequence[Sequence[Waveform]],
    embed: Embed,
) -> frozenset[int]:
    """Tell which labels the clips say.

    Args:
        labels: of each label, some synthetic voices that read it out, recorded like the clips.
        takes: of each label, the user's clips.
        others: the same voices saying other words, recorded like the clips.
        embed: a trained network.

    Returns:
        those that synthetic voices may say; none if most do not match.
    """
    known = [label for label in labels if takes.get(label)]
    if not known:
        return frozenset()
    elsewhere = [_directions(embed(one)) for one in others]
    nearer = {}
    for label in known:
        mine = _directions(embed(takes[label]))
        alike = [float((mine @ one.T).mean()) for one in elsewhere]
        nearer[label] = float(np.mean(np.array(alike) < float((mine @ _directions(embed(labels[label])).T).mean())))
    if float(np.mean(list(nearer.values()))) < _ON_AVERAGE:
        return frozenset()
    return frozenset(label for label, share in nearer.items() if share >= _EACH)


def other_words(labels: Sequence[str], sample_rate: int, seed: int) -> list[list[Waveform]]:
    """Common English words that are none of the labels, each by a few synthetic voices, (samples,) float32.

    Raises:
        CorpusError: the synthesiser has ended.
    """
    random = np.random.default_rng(seed)
    taken = {label.casefold() for label in labels}
    free = [word for word in COMMON_WORDS if word not in taken]
    chosen = [free[int(number)] for number in random.choice(len(free), _OTHERS, replace=False)]
    every, speaker = voices(), Synthesiser()
    try:
        return [
            [
                soxr.resample(record(speaker, word, every[int(one)], random), SAMPLE_RATE, sample_rate)
                for one in random.choice(len(every), _VOICES, replace=False)
            ]
            for word in chosen
        ]
    finally:
        speaker.stop()


def _directions(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embeddings of length 1, (clips, width): their products are cosines."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    directions: NDArray[np.float32] = embeddings / np.maximum(lengths, 1e-9)
    return directions
