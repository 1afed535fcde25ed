"""Batches for the training loop: padded, normalised frames, balanced over the classes.

`FixedBatches` returns clips unchanged. `AugmentedBatches` augments them, on a thread that works a few batches ahead of
the optimizer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from audio_models.config import FeatureConfig
from audio_models.features.augmentation import Augmenter
from audio_models.features.mfcc import Frames, cepstra, mel_bands
from audio_models.features.sequences import PADDING, Normalisation, pad
from audio_models.features.waveform import Waveform
from audio_models.training.negatives import Negatives
from audio_models.training.other_speech import Stretch
from audio_models.training.synthetic_words import OwnWords

Batch = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Frames (batch, longest, width) and target classes: one per clip (batch,), or for sequences of clips one per
step (batch, steps), -1 where there is no target."""

REUSE = 4
"""Epochs that reuse an augmented waveform, each with other masks: augmenting it takes as long as three steps of the
optimizer, masking next to nothing."""

_AHEAD = 6  # batches made in advance


class Batches(Protocol):
    """The batches of a training."""

    @property
    def clips(self) -> int:
        """Clips in an epoch."""

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of epoch `number`, the same at every call."""

    def only(self, positions: NDArray[np.int64], without: int | None = None) -> Batches:
        """The same batches, from the clips at these positions alone, and without a group of negatives."""


def balanced(
    classes: NDArray[np.int64],
    words: Sequence[str],
    size: int,
    random: np.random.Generator,
    sizes: Mapping[int, int] | None = None,
) -> NDArray[np.int64]:
    """Positions of the clips of one epoch, shuffled: `size` of each class, balanced over its words.

    A word with more clips contributes a random part of them; one with fewer repeats each equally often.

    Args:
        classes: (clips,).
        words: spoken in each clip; only `_unknown_` has more than one.
        sizes: of the classes that have another size.
    """
    spoken = np.array(words)
    drawn = []
    for one in np.unique(classes):
        of_class = np.flatnonzero(classes == one)
        wanted = (sizes or {}).get(int(one), size)
        kinds = random.permutation(np.unique(spoken[of_class]))
        for place, word in enumerate(kinds):
            own = random.permutation(of_class[spoken[of_class] == word])
            drawn.append(np.resize(own, wanted // len(kinds) + (place < wanted % len(kinds))))
    return random.permutation(np.concatenate(drawn))


def class_size(classes: NDArray[np.int64], pooled: Sequence[int] = ()) -> int:
    """Clips of each class in an epoch: the mean over the classes, without the pooled ones.

    Args:
        classes: (clips,).
        pooled: classes that can be drawn without limit.
    """
    counts = np.bincount(classes)
    counts = np.array([count for one, count in enumerate(counts) if count and one not in pooled])
    return int(np.ceil(counts.mean()))


@dataclass(frozen=True)
class Examples:
    """Clips of one split: normalised sequences, each (frames, width), their classes (clips,) int, and the words spoken."""

    sequences: Sequence[Frames]
    classes: NDArray[np.int64]
    words: Sequence[str]

    def batch(self, positions: NDArray[np.int64]) -> Batch:
        """(batch, longest, width), (batch,)."""
        frames, _ = pad([self.sequences[position] for position in positions])
        return frames, self.classes[positions]

    def only(self, positions: NDArray[np.int64]) -> Examples:
        """The clips at these positions."""
        return Examples(
            [self.sequences[position] for position in positions],
            self.classes[positions],
            [self.words[position] for position in positions],
        )


@dataclass(frozen=True)
class FixedBatches:
    """Batches of unchanged clips.

    Attributes:
        examples: all training clips.
        batch_size: clips in a batch.
        size: clips of each class in an epoch.
        seed: of their order.
        sizes: of the classes that have another size.
    """

    examples: Examples
    batch_size: int
    size: int
    seed: int
    sizes: Mapping[int, int] = field(default_factory=dict)

    @property
    def clips(self) -> int:
        return sum(self.sizes.get(int(one), self.size) for one in np.unique(self.examples.classes))

    def epoch(self, number: int) -> Iterator[Batch]:
        random = np.random.default_rng([self.seed, number])
        order = balanced(self.examples.classes, self.examples.words, self.size, random, self.sizes)
        for first in range(0, len(order), self.batch_size):
            yield self.examples.batch(order[first : first + self.batch_size])

    def only(self, positions: NDArray[np.int64], without: int | None = None) -> FixedBatches:
        return replace(self, examples=self.examples.only(positions))


@dataclass(frozen=True)
class AugmentedBatches:
    """Batches of augmented clips.

    Attributes:
        load: the waveform of the clip at a position, (samples,) float32.
        classes, words: (clips,), of all training clips.
        silence: index of the class whose clips are drawn from noise, or None.
        augmenter: applied to the clips.
        features, normalisation: of the frames.
        batch_size, size, seed: see `FixedBatches`; `size` counts clips of the corpus.
        positions: of the clips that are used, all by default.
        negatives: of a task with `_unknown_`: how many clips of it there are, and what they are made of.
        own_words: synthetic voices that say some of the clips instead.
    """

    load: Callable[[int], Waveform]
    classes: NDArray[np.int64]
    words: Sequence[str]
    silence: int | None
    augmenter: Augmenter
    features: FeatureConfig
    normalisation: Normalisation
    batch_size: int
    size: int
    seed: int
    positions: NDArray[np.int64] | None = None
    negatives: Negatives | None = None
    own_words: OwnWords | None = None
    _changed: dict[tuple[int, int], tuple[int, NDArray[np.float16]]] = field(default_factory=dict, repr=False)

    @property
    def clips(self) -> int:
        classes = set(self.classes[self._shown].tolist())
        if self.negatives is None:
            return self.size * len(classes)
        return self.size * len(classes - {self.negatives.label}) + self.negatives.total(self.size)

    @property
    def _shown(self) -> NDArray[np.int64]:
        return np.arange(len(self.classes)) if self.positions is None else self.positions

    def only(self, positions: NDArray[np.int64], without: int | None = None) -> AugmentedBatches:
        negatives = self.negatives and replace(self.negatives, without=without)
        return replace(self, positions=self._shown[positions], negatives=negatives)  # the augmented clips are shared

    def order(self, random: np.random.Generator) -> NDArray[np.int64]:
        """Positions of the clips of one epoch, see `balanced`; those of the negatives are behind those of the clips."""
        shown = self._shown
        classes, words = self.classes[shown], [self.words[position] for position in shown]
        if self.negatives is None:
            return shown[balanced(classes, words, self.size, random)]
        label = self.negatives.label
        counts = self.negatives.counts(self.size, has_clips=bool((classes == label).any()))
        real = self.negatives.total(self.size) - sum(counts.values())
        order = shown[balanced(classes, words, self.size, random, {label: real})]
        if not counts:
            return order
        of_words = [place for place, one in enumerate(classes) if one not in (label, self.silence)]
        sources = balanced(classes[of_words], [words[place] for place in of_words], self.size, random)
        made = self.negatives.positions(counts, shown[of_words][sources])
        return random.permutation(np.concatenate([order, made]))

    def class_of(self, position: int) -> int:
        """The class of a clip, or of a negative."""
        if position < len(self.classes):
            return int(self.classes[position])
        assert self.negatives is not None
        return self.negatives.label

    def epoch(self, number: int) -> Iterator[Batch]:
        order = self.order(np.random.default_rng([self.seed, number]))
        times = _times_before(order)
        firsts = range(0, len(order), self.batch_size)
        parts = [(first, slice(first, first + self.batch_size)) for first in firsts]
        return made_ahead([partial(self._batch, number, first, order[part], times[part]) for first, part in parts])

    def _batch(self, epoch: int, first: int, positions: NDArray[np.int64], times: NDArray[np.int64]) -> Batch:
        """Draw masks for each batch; the waveform under them changes in every `REUSE`-th epoch."""
        keys = list(zip(positions.tolist(), times.tolist(), strict=True))
        found = {key: self._waveform(epoch, *key) for key in keys}
        fresh = {key: samples for key, samples in found.items() if samples is not None}
        for key, bands in zip(fresh, mel_bands(list(fresh.values()), self.features), strict=True):
            self._changed[key] = (self._variant(epoch, *key), bands.astype(np.float16))
        random = np.random.default_rng([self.seed, epoch, first])
        sequences = [
            cepstra(self.augmenter.bands(self._changed[key][1].astype(np.float32), random), self.features)
            for key in keys
        ]
        frames, lengths = pad(sequences)
        frames = self.normalisation.apply(frames)
        frames[np.arange(frames.shape[1]) >= lengths[:, None]] = PADDING
        return frames, np.array([self.class_of(position) for position in positions.tolist()])

    def _waveform(self, epoch: int, position: int, times: int) -> Waveform | None:
        """The augmented clip of this epoch, or None if its bands are left from an earlier one."""
        variant, key = self._variant(epoch, position, times), (position, times)
        if key in self._changed and self._changed[key][0] == variant:
            return None
        random = np.random.default_rng([self.seed, position, variant, times][: 4 if times else 3])
        if position >= len(self.classes):
            assert self.negatives is not None
            return self.augmenter.waveform(self.negatives.draw(position, random).samples, random)
        if self.classes[position] == self.silence:
            return self.augmenter.silence(len(self.load(position)), random)
        if said := self.said(position, random):
            return self.augmenter.waveform(said.samples, random)
        return self.augmenter.waveform(self.load(position), random)

    def said(self, position: int, random: np.random.Generator) -> Stretch | None:
        """What a synthetic voice says instead of a clip, now and then."""
        return self.own_words.draw(int(self.classes[position]), random) if self.own_words else None

    def _variant(self, epoch: int, position: int, times: int) -> int:
        """Number of the augmented variant of a clip in an epoch; each epoch renews a part of the clips."""
        # all negatives of a kind have one position, so their number in the epoch decides
        return (epoch + position + (times if position >= len(self.classes) else 0)) // REUSE


def made_ahead(jobs: Sequence[Callable[[], Batch]]) -> Iterator[Batch]:
    """Yield the batches that `jobs` make, in their order; a few are made in advance on another thread."""
    waiting: list[Future[Batch]] = []
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(1) as pool:
        try:
            for job in jobs:
                waiting.append(pool.submit(job))
                if len(waiting) > _AHEAD:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for batch in waiting:
                batch.cancel()


def _times_before(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each clip came before in this epoch; each repetition is augmented differently."""
    times = np.empty(len(order), np.int64)
    seen: Counter[int] = Counter()
    for place, position in enumerate(order.tolist()):
        times[place] = seen[position]
        seen[position] += 1
    return times
