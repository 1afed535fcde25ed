"""Clips in a row: what a network learns from that is to listen for hours.

Training clips one after the other, with pauses between and one background noise under all of them, and after every step
the question what was said last. A network that only ever read single clips, each from a state of zeros, has never met
the second half of one word and the first half of the next, nor a state that has run on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from audio_models.config import FeatureConfig, NetworkConfig
from audio_models.features.augmentation import Augmenter
from audio_models.features.mfcc import cepstra, frame_count, frame_end, mel_bands
from audio_models.features.segments import word_span
from audio_models.features.sequences import Normalisation
from audio_models.features.waveform import Waveform
from audio_models.training.batches import Batch, balanced, made_ahead

IGNORE_LABEL = -1
"""The class of a step whose answer is not judged."""

REUSE = 2
"""Epochs that hear the same rows, each under other masks."""

PAUSE = 0.3
"""Seconds of a row for each clip beside the clip itself."""
_RECOGNISABLE = 0.15  # seconds of an unknown word after which it should be known as one
_HELD = 0.24  # seconds for which a word is answered at the least once it is over
_FORGETTING = 0.3  # seconds after a clip in which its answer may go on
_CROPPED = 0.5  # share of the clips that lose a part of the silence before and behind the word
_NEAR = 0.08  # seconds of that silence which stay


@dataclass(frozen=True)
class Placed:
    """A clip as it lies in a row, in seconds of the row; where the word begins and ends is None for silence."""

    begins: float
    ends: float
    word: tuple[float, float] | None
    label: int


@dataclass(frozen=True)
class SequenceBatches:
    """Rows of clips, made anew in every `REUSE`-th epoch.

    Attributes:
        load: the waveform of the clip at a position, (samples,) float32.
        classes, words: (clips,), of all training clips.
        silence, unknown: these classes, or None.
        augmenter: changes clips and gives the noise.
        features, network, normalisation: how a row becomes frames, and frames steps.
        clip_seconds: of a clip, usually.
        in_a_row: clips.
        batch_size: clips in a batch.
        size: clips of each class in an epoch.
        seed: of all that is random.
        positions: of the clips that are shown, all by default.
    """

    load: Callable[[int], Waveform]
    classes: NDArray[np.int64]
    words: Sequence[str]
    silence: int | None
    unknown: int | None
    augmenter: Augmenter
    features: FeatureConfig
    network: NetworkConfig
    normalisation: Normalisation
    clip_seconds: float
    in_a_row: int
    batch_size: int
    size: int
    seed: int
    positions: NDArray[np.int64] | None = None
    _spans: dict[int, tuple[float, float]] = field(default_factory=dict, repr=False)
    _kept: dict[int, tuple[int, NDArray[np.float16], NDArray[np.int64]]] = field(default_factory=dict, repr=False)

    @property
    def clips(self) -> int:
        rows = self.size * len(np.unique(self.classes[self._shown])) // self.in_a_row
        return max(1, rows) * self.in_a_row

    @property
    def _shown(self) -> NDArray[np.int64]:
        return np.arange(len(self.classes)) if self.positions is None else self.positions

    def only(self, positions: NDArray[np.int64]) -> SequenceBatches:
        return replace(self, positions=self._shown[positions], _kept={})  # where the words lie is shared

    def epoch(self, number: int) -> Iterator[Batch]:
        shown, made = self._shown, number // REUSE
        words = [self.words[position] for position in shown]
        random = np.random.default_rng([self.seed, made])
        order = shown[balanced(self.classes[shown], words, self.size, random)]
        rows = np.resize(order, self.clips).reshape(-1, self.in_a_row)
        at_once = max(1, self.batch_size // self.in_a_row)
        return made_ahead(
            [
                partial(self._batch, number, made, first, rows[first : first + at_once])
                for first in range(0, len(rows), at_once)
            ]
        )

    def _batch(self, epoch: int, made: int, first: int, rows: NDArray[np.int64]) -> Batch:
        numbers = range(first, first + len(rows))
        fresh = [place for place in numbers if place not in self._kept or self._kept[place][0] != made]
        drawn = [self.row(rows[place - first], np.random.default_rng([self.seed, made, place])) for place in fresh]
        bands = mel_bands([waveform for waveform, _ in drawn], self.features)
        for place, (_, asked), loud in zip(fresh, drawn, bands, strict=True):
            self._kept[place] = (made, loud.astype(np.float16), asked)
        random = np.random.default_rng([self.seed, epoch, first])
        sequences = []
        for place in numbers:
            # masks are meant for one clip
            parts = np.array_split(self._kept[place][1].astype(np.float32), self.in_a_row)
            masked = np.concatenate([self.augmenter.bands(part, random) for part in parts])
            sequences.append(self.normalisation.apply(cepstra(masked, self.features)))
        return np.stack(sequences), np.stack([self._kept[place][2] for place in numbers])

    def row(self, positions: NDArray[np.int64], random: np.random.Generator) -> tuple[Waveform, NDArray[np.int64]]:
        """Clips in a row, (samples,) float32, and the class asked for after each step, (steps,)."""
        rate = self.features.sample_rate
        parts = [(*self._part(int(position), random), int(self.classes[position])) for position in positions]
        length = round(self.in_a_row * (self.clip_seconds + PAUSE) * rate)
        free = max(0, length - sum(len(samples) for samples, _, _ in parts))
        pauses = (random.dirichlet(np.ones(len(parts) + 1)) * free).astype(int)
        whole = self.augmenter.quiet(length, random)
        placed, begin = [], 0
        for pause, (samples, word, label) in zip(pauses, parts, strict=False):
            begin += int(pause)
            samples = samples[: max(0, length - begin)]
            whole[begin : begin + len(samples)] += samples
            at = begin / rate
            span = None if word is None else (at + word[0], at + word[1])
            placed.append(Placed(at, (begin + len(samples)) / rate, span, label))
            begin += len(samples)
        # a causal convolution's step ends with the frame in its middle
        last_frames = np.arange(0, frame_count(length, self.features), self.network.frames_a_step)
        times = np.asarray(frame_end(last_frames, self.features))
        words = [clip.word for clip in placed if clip.word]
        spoken = np.concatenate([whole[:0], *(whole[round(start * rate) : round(end * rate)] for start, end in words)])
        level = float(np.sqrt(np.mean(spoken**2))) if len(spoken) else None
        whole = self.augmenter.under_noise(whole, random, level)
        return whole, asked(placed, times, self.silence, self.unknown)

    def _part(self, position: int, random: np.random.Generator) -> tuple[Waveform, tuple[float, float] | None]:
        """A clip of a row, and where its word begins and ends in it [s]."""
        rate = self.features.sample_rate
        samples = self.load(position)
        if self.classes[position] == self.silence:
            return self.augmenter.silence(len(samples), random), None
        if position not in self._spans:
            self._spans[position] = word_span(samples, rate)
        moved, first, faster = self.augmenter.moved(samples, random)
        seconds = len(moved) / rate
        start, end = (min(max(first / rate + at / faster, 0.0), seconds) for at in self._spans[position])
        before, after = 0.0, seconds
        if random.random() < _CROPPED:
            before = random.uniform(0, max(0.0, start - _NEAR))
            after = random.uniform(min(seconds, end + _NEAR), seconds)
        return moved[round(before * rate) : max(round(before * rate) + 1, round(after * rate))], (
            start - before,
            end - before,
        )


def asked(
    placed: Sequence[Placed], times: NDArray[np.float64], silence: int | None, unknown: int | None
) -> NDArray[np.int64]:
    """The class asked for at each moment: the word that was said last, once it is over and while its clip lasts.

    While a word is said, and a little after its clip, nothing is asked; else silence. A word that is none of the
    network's own is asked for soon after it began, so that no part of it is taken for another word.

    Args:
        placed: clips in their order.
        times: until when each step has heard [s].
        silence, unknown: these classes, or None where the network has none: then nothing is asked there.

    Returns:
        (steps,), `NOT_ASKED` where nothing is.
    """
    found = np.full(len(times), IGNORE_LABEL if silence is None else silence)
    for clip in placed:
        if clip.word is None:
            continue
        start, end = clip.word
        over = max(clip.ends, end + _HELD)
        from_when = start + _RECOGNISABLE if clip.label == unknown else end
        found[(times >= start) & (times < over + _FORGETTING)] = IGNORE_LABEL
        found[(times >= from_when) & (times <= over)] = clip.label
    return found
