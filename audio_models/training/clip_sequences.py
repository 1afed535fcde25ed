"""Sequences of clips, to train a network for an endless stream.

Training clips follow each other with pauses between them and one background noise under all of them; the target of each
step is the last word. A network trained on single clips, each from a state of zeros, has seen neither the transition
from one word to the next nor a state that runs on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from audio_models.config import NetworkConfig
from audio_models.features.augmentation import full_scale
from audio_models.features.mfcc import cepstra, frame_count, frame_end, mel_bands
from audio_models.features.segments import word_span
from audio_models.features.waveform import Waveform
from audio_models.training.batches import AugmentedBatches, Batch, made_ahead

IGNORE_LABEL = -1
"""The target of a step that does not count."""

REUSE = 2
"""Epochs that reuse the same sequences, each with other masks."""

PAUSE = 0.3
"""Seconds of a sequence per clip in addition to the clip itself."""
_RECOGNISABLE = 0.15  # seconds of an unknown word after which it should be recognised as one
_HELD = 0.24  # seconds for which a word stays the target after its end, at least
_FORGETTING = 0.3  # seconds after a clip in which its answer may continue
_CROPPED = 0.5  # share of the clips that lose a part of the silence before and after the word
_NEAR = 0.08  # seconds of that silence that remain
_LONGEST_SPEECH = 3.0  # seconds of running speech


@dataclass(frozen=True)
class Placed:
    """A clip in a sequence, in seconds of the sequence; `word` is where the word begins and ends, None for silence.

    `is_part`: it is a part of one of the words, which may not be told from the whole before it ends.
    """

    begins: float
    ends: float
    word: tuple[float, float] | None
    label: int
    is_part: bool = False


@dataclass(frozen=True)
class SequenceBatches:
    """Sequences of clips, drawn again in every `REUSE`-th epoch.

    Attributes:
        source: the clips, their augmentation and features.
        unknown: index of the class of other words, or None.
        network: its frames per step.
        clip_seconds: usual length of a clip [s].
        clips_per_sequence: number of clips.
    """

    source: AugmentedBatches
    unknown: int | None
    network: NetworkConfig
    clip_seconds: float
    clips_per_sequence: int
    _spans: dict[int, tuple[float, float]] = field(default_factory=dict, repr=False)
    _made: dict[int, tuple[int, NDArray[np.float16], NDArray[np.int64]]] = field(default_factory=dict, repr=False)

    @property
    def clips(self) -> int:
        return max(1, self.source.clips // self.clips_per_sequence) * self.clips_per_sequence

    def only(self, positions: NDArray[np.int64], without: int | None = None) -> SequenceBatches:
        return replace(
            self, source=self.source.only(positions, without), _made={}
        )  # the places of the words are shared

    def epoch(self, number: int) -> Iterator[Batch]:
        round_ = number // REUSE
        order = self.source.order(np.random.default_rng([self.source.seed, round_]))
        sequences = np.resize(order, self.clips).reshape(-1, self.clips_per_sequence)
        at_once = max(1, self.source.batch_size // self.clips_per_sequence)
        return made_ahead(
            [
                partial(self._batch, number, round_, first, sequences[first : first + at_once])
                for first in range(0, len(sequences), at_once)
            ]
        )

    def _batch(self, epoch: int, round_: int, first: int, sequences: NDArray[np.int64]) -> Batch:
        source = self.source
        places = range(first, first + len(sequences))
        fresh = [place for place in places if place not in self._made or self._made[place][0] != round_]
        drawn = [
            self.sequence(sequences[place - first], np.random.default_rng([source.seed, round_, place]))
            for place in fresh
        ]
        bands = mel_bands([waveform for waveform, _ in drawn], source.features)
        for place, (_, target), loud in zip(fresh, drawn, bands, strict=True):
            self._made[place] = (round_, loud.astype(np.float16), target)
        random = np.random.default_rng([source.seed, epoch, first])
        frames = []
        for place in places:
            # masks are sized for one clip
            parts = np.array_split(self._made[place][1].astype(np.float32), self.clips_per_sequence)
            masked = np.concatenate([source.augmenter.bands(part, random) for part in parts])
            frames.append(source.normalisation.apply(cepstra(masked, source.features)))
        return np.stack(frames), np.stack([self._made[place][2] for place in places])

    def sequence(self, positions: NDArray[np.int64], random: np.random.Generator) -> tuple[Waveform, NDArray[np.int64]]:
        """Concatenate clips: return (samples,) float32, and the target class of each step, (steps,)."""
        source, rate = self.source, self.source.features.sample_rate
        length = round(self.clips_per_sequence * (self.clip_seconds + PAUSE) * rate)
        parts = self._parts(positions.tolist(), length, random)
        free = max(0, length - sum(len(samples) for samples, _, _, _ in parts))
        pauses = (random.dirichlet(np.ones(len(parts) + 1)) * free).astype(int)
        whole = source.augmenter.quiet(length, random)
        placed, begin = [], 0
        for pause, (samples, word, _, label), position in zip(pauses[:-1], parts, positions.tolist(), strict=True):
            begin += int(pause)
            samples = samples[: max(0, length - begin)]
            whole[begin : begin + len(samples)] += samples
            at = begin / rate
            span = None if word is None else (at + word[0], at + word[1])
            is_part = source.negatives is not None and source.negatives.is_part(position)
            placed.append(Placed(at, (begin + len(samples)) / rate, span, label, is_part))
            begin += len(samples)
        # a causal convolution's step ends with the frame in its middle
        last_frames = np.arange(0, frame_count(length, source.features), self.network.frames_a_step)
        times = np.asarray(frame_end(last_frames, source.features))
        words = [clip.word for clip in placed if clip.word]
        spoken = np.concatenate([whole[:0], *(whole[round(start * rate) : round(end * rate)] for start, end in words)])
        level = float(np.sqrt(np.mean(spoken**2))) if len(spoken) else None
        whole = source.augmenter.under_noise(whole, random, level, max(limit for _, _, limit, _ in parts))
        return whole, targets(placed, times, source.silence, self.unknown)

    def _parts(
        self, positions: Sequence[int], length: int, random: np.random.Generator
    ) -> list[tuple[Waveform, tuple[float, float] | None, float, int]]:
        """The clips of a sequence of `length` samples, see `_part`, and the class of each.

        Running speech comes last to its length: it may fill the room that the other clips and short pauses leave.
        """
        source, rate = self.source, self.source.features.sample_rate
        negatives = source.negatives
        running = [position for position in positions if negatives is not None and negatives.is_window(position)]
        parts: dict[int, tuple[Waveform, tuple[float, float] | None, float, int]] = {}
        for place, position in enumerate(positions):
            if position not in running:
                parts[place] = (*self._part(position, random), source.class_of(position))
        free = (length - sum(len(samples) for samples, _, _, _ in parts.values())) / rate - PAUSE
        for place, position in enumerate(positions):
            if position in running:
                most = min(max(self.clip_seconds, free / len(running)), _LONGEST_SPEECH)
                seconds = random.uniform(self.clip_seconds, most) if most > self.clip_seconds else self.clip_seconds
                parts[place] = (*self._part(position, random, seconds), source.class_of(position))
        return [parts[place] for place in range(len(positions))]

    def _part(
        self, position: int, random: np.random.Generator, running: float | None = None
    ) -> tuple[Waveform, tuple[float, float] | None, float]:
        """A clip of a sequence, the beginning and end of its word [s], and the level at which it is clipped.

        Args:
            running: seconds of running speech, which is unknown throughout.
        """
        source, rate = self.source, self.source.features.sample_rate
        if position >= len(source.classes):
            assert source.negatives is not None
            samples, span = source.negatives.draw(position, random, running)
        elif source.classes[position] == source.silence:
            return source.augmenter.silence(len(source.load(position)), random), None, 1.0
        elif said := source.said(position, random):
            samples, span = said
        else:
            samples = source.load(position)
            if position not in self._spans:
                self._spans[position] = word_span(samples, rate)
            span = self._spans[position]
        moved, first, faster = source.augmenter.moved(samples, random)
        seconds = len(moved) / rate
        start, end = (min(max(first / rate + at / faster, 0.0), seconds) for at in span)
        if running:
            return moved, (start, end), full_scale(samples)
        before, after = 0.0, seconds
        if random.random() < _CROPPED:
            before = random.uniform(0, max(0.0, start - _NEAR))
            after = random.uniform(min(seconds, end + _NEAR), seconds)
        cropped = moved[round(before * rate) : max(round(before * rate) + 1, round(after * rate))]
        return cropped, (start - before, end - before), full_scale(samples)


def targets(
    placed: Sequence[Placed], times: NDArray[np.float64], silence: int | None, unknown: int | None
) -> NDArray[np.int64]:
    """The target class of each step: the last word, from its end until its clip is over; else silence.

    While a word is spoken, and for a little after its clip, there is no target. An unknown word becomes the target soon
    after it begins: a part of it must not be taken for another word. A part of one of the words does so when it ends.

    Args:
        placed: clips in their order.
        times: end of the sound that each step has read [s].
        silence, unknown: indices of these classes, or None: then there is no target.

    Returns:
        (steps,), `IGNORE_LABEL` where there is no target.
    """
    found = np.full(len(times), IGNORE_LABEL if silence is None else silence)
    for clip in placed:
        if clip.word is None:
            continue
        start, end = clip.word
        over = max(clip.ends, end + _HELD)
        from_when = start + _RECOGNISABLE if clip.label == unknown and not clip.is_part else end
        found[(times >= start) & (times < over + _FORGETTING)] = IGNORE_LABEL
        found[(times >= from_when) & (times <= over)] = clip.label
    return found
