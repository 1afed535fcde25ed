"""Waveforms for `_unknown_` that are in no corpus: parts of the words, synthetic words, stretches of other speech.

Which one is drawn follows from the generator passed in, so the same seed gives the same training.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audio_models.config import RunConfig
from audio_models.features.recording_conditions import RecordingConditions
from audio_models.features.segments import word_span
from audio_models.features.waveform import Waveform
from audio_models.training.as_recorded import AsRecorded
from audio_models.training.held_back import EVERYTHING, Group
from audio_models.training.other_speech import OtherSpeech, Stretch, place
from audio_models.training.synthetic_words import SyntheticWords
from data.corpus import UNKNOWN, Report, no_progress
from data.other_recordings import Recording

Kind = Literal["part", "synthetic", "window", "segment"]

_KINDS: tuple[Kind, ...] = ("synthetic", "window", "segment")  # those that come from no clip
_CUT = (0.35, 0.65)  # shares of the word, from its beginning, between which it is cut
_FADE = 0.01  # seconds
_REUSE = 4  # epochs that hear the same synthetic word
_MOST_WORDS = 3000  # said in advance, in some eight seconds
_BEFORE = 0.05  # seconds before the word that may belong to it
_BACKGROUND = 0.1  # seconds before the word that tell what the background sounds like
_QUIET = 0.3  # of the clip's peak: a louder background is not one
_SOFTER = 0.5
_FLOOR = 1e-4  # of full scale

_MEASURED = 32  # sounds of a kind whose mean spectrum is that of the kind

Draw = Callable[[float, np.random.Generator, Group], Stretch]
"""Draws a stretch of some seconds; a word that can be held back is of a group."""


@dataclass(frozen=True)
class Negatives:
    """What `_unknown_` is made of besides the clips of the corpus.

    A negative has a position behind those of the clips, like a clip of its own: position `clips + n` is a part of clip n,
    and the last positions are the other kinds, of each group one after the other.

    Attributes:
        label: index of `_unknown_`.
        ratio: clips of `_unknown_` in an epoch for each of a word.
        shares: of each kind that there is; the rest are clips of the corpus.
        clips: number of training clips.
        load: the waveform of a clip, (samples,) float32.
        seconds: length of a negative, that of a usual clip [s].
        sample_rate: [Hz].
        draws: the kinds that come from no clip.
        groups: of words, one for each fold.
        without: the group that is held back, None for none.
        grouped: of the kinds that are held back, the groups that have some.
    """

    label: int
    ratio: float
    shares: Mapping[Kind, float]
    clips: int
    load: Callable[[int], Waveform]
    seconds: float
    sample_rate: int
    draws: Mapping[Kind, Draw] = field(repr=False)
    groups: int = 1
    without: int | None = None
    grouped: Mapping[Kind, Sequence[int]] = field(default_factory=dict)
    _spans: dict[int, tuple[float, float]] = field(default_factory=dict, repr=False)

    def total(self, size: int) -> int:
        """Number of clips of `_unknown_` in an epoch with `size` clips of a word."""
        return max(1, round(self.ratio * size))

    def counts(self, size: int, *, has_clips: bool) -> dict[Kind, int]:
        """Number of negatives of each kind in such an epoch.

        Args:
            has_clips: whether the corpus has clips of `_unknown_`; otherwise the kinds share all.
        """
        scale = 1.0 if has_clips or not self.shares else 1 / sum(self.shares.values())
        ends = np.round(np.cumsum([0.0, *self.shares.values()]) * scale * self.total(size)).astype(int)
        return {kind: int(count) for kind, count in zip(self.shares, np.diff(ends), strict=True)}

    def positions(self, counts: Mapping[Kind, int], sources: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions of that many of each kind; `sources` are the clips whose parts may be taken, in a random order."""
        parts = self.clips + np.resize(sources, counts.get("part", 0) if len(sources) else 0)
        others = [self._spread(kind, counts.get(kind, 0)) for kind in _KINDS]
        return np.concatenate([parts, *others]).astype(np.int64)

    def _spread(self, kind: Kind, count: int) -> NDArray[np.int64]:
        """Positions of negatives of a kind, evenly from its groups that are not held back."""
        groups = [one for one in self.grouped.get(kind, [0]) if one != self.without or kind not in self.grouped]
        places = np.array([2 * self.clips + group * len(_KINDS) + _KINDS.index(kind) for group in groups], np.int64)
        return np.resize(places, count if len(places) else 0)

    def held_back(self, group: int, count: int, seed: int) -> list[Waveform]:
        """Draw sounds of a group, evenly of the kinds that are held back; each (samples,) float32."""
        random, of = np.random.default_rng([seed, group]), Group(group, self.groups)
        kinds = [kind for kind, groups in self.grouped.items() if group in groups]
        drawn = [kinds[number % len(kinds)] for number in range(count if kinds else 0)]
        return [self.draws[kind](self.seconds, random, of).samples for kind in drawn]

    def draw(self, position: int, random: np.random.Generator, seconds: float | None = None) -> Stretch:
        """The waveform of a position behind those of the clips.

        Args:
            seconds: length of a window; by default that of a usual clip.
        """
        if position < 2 * self.clips:
            source = position - self.clips
            samples = self.load(source)
            if source not in self._spans:
                self._spans[source] = word_span(samples, self.sample_rate)
            return part_of(samples, self._spans[source], self.sample_rate, random)
        group, place = divmod(position - 2 * self.clips, len(_KINDS))
        kind = _KINDS[place]
        length = seconds if seconds and kind == "window" else self.seconds
        return self.draws[kind](length, random, Group(group, self.groups))

    def is_part(self, position: int) -> bool:
        """Whether a position is a part of a word, which may begin as the word does."""
        return self.clips <= position < 2 * self.clips

    def is_window(self, position: int) -> bool:
        """Whether a position is running speech, which has no length of its own."""
        return position >= 2 * self.clips and (position - 2 * self.clips) % len(_KINDS) == _KINDS.index("window")


def make(
    config: RunConfig,
    other: Sequence[Recording],
    load: Callable[[int], Waveform],
    clips: int,
    seconds: float,
    size: int,
    held_out: Sequence[str] = (),
    report: Report = no_progress,
    conditions: RecordingConditions | None = None,
) -> Negatives:
    """Prepare the negatives of a run whose task has `_unknown_`.

    Args:
        other: recordings of speech to learn from.
        load: the waveform of a training clip, by its position.
        clips: number of training clips.
        seconds: length of a usual clip [s].
        size: clips of a word in an epoch.
        held_out: words that must not be heard, nor words made to be near them.
        conditions: those of a user's clips, if the negatives are to resemble them.

    Raises:
        CorpusError: the synthesiser has ended.
    """
    wanted, rate = config.negatives, config.features.sample_rate
    groups = max(1, config.training.folds)
    draws: dict[Kind, Draw] = {}
    shares: dict[Kind, float] = {"part": wanted.partial_words} if wanted.partial_words else {}
    grouped: dict[Kind, Sequence[int]] = {}
    if wanted.synthetic_words:
        each = wanted.synthetic_words * wanted.unknown_ratio * size
        count = min(_MOST_WORDS, math.ceil(each * (1 + config.training.epochs / _REUSE)))
        says = SyntheticWords(config.task.labels, count, rate, config.training.seed, report, never=held_out)
        draws["synthetic"] = lambda seconds, random, group: place(says.draw(random, group), seconds, rate, random)
        shares["synthetic"] = wanted.synthetic_words
        grouped["synthetic"] = [group for group in range(groups) if says.has(Group(group, groups))]
    if wanted.other_share and other:
        speech = OtherSpeech(other, rate)
        speech.load(report)
        draws["window"] = lambda seconds, random, _: speech.window(seconds, random)
        draws["segment"] = lambda seconds, random, _: speech.segment(seconds, random)
        shares |= {"window": wanted.other_share / 2, "segment": wanted.other_share / 2}
    if conditions is not None:
        draws = {kind: _as_recorded(draw, kind, conditions, seconds, rate) for kind, draw in draws.items()}
    label = config.task.classes.index(UNKNOWN)
    return Negatives(label, wanted.unknown_ratio, shares, clips, load, seconds, rate, draws, groups, grouped=grouped)


def _as_recorded(draw: Draw, kind: Kind, conditions: RecordingConditions, seconds: float, rate: int) -> Draw:
    """The same sounds as if they had been recorded like the user's clips."""
    random = np.random.default_rng(0)
    changed = AsRecorded(conditions, [draw(seconds, random, EVERYTHING).samples for _ in range(_MEASURED)], rate)

    def drawn(seconds: float, random: np.random.Generator, group: Group) -> Stretch:
        made = draw(seconds, random, group)
        return changed.running(made) if kind == "window" else changed.word(made.samples, random)

    return drawn


def part_of(samples: Waveform, span: tuple[float, float], sample_rate: int, random: np.random.Generator) -> Stretch:
    """The beginning or the end of a word: the rest of the clip fades to its own background.

    Args:
        samples: a clip, (samples,) float32.
        span: where its word begins and ends [s].
    """
    start, end = span
    fade = max(1, min(round(_FADE * sample_rate), len(samples) // 4))
    cut = round((start + (end - start) * random.uniform(*_CUT)) * sample_rate)
    cut = int(np.clip(cut, fade, max(fade, len(samples) - fade)))
    ramp = np.clip((cut - np.arange(len(samples), dtype=np.float32)) / fade + 0.5, 0, 1)  # 1 before the cut, 0 after
    is_beginning = bool(random.random() < 0.5)
    kept = ramp if is_beginning else 1 - ramp
    quiet = _background(samples, start, sample_rate) + random.normal(0, _FLOOR, len(samples)).astype(np.float32)
    at = cut / sample_rate
    made = samples * kept + quiet * np.float32(_SOFTER)
    return Stretch(made.astype(np.float32), (start, max(start, at)) if is_beginning else (min(at, end), end))


def _background(samples: Waveform, start: float, sample_rate: int) -> Waveform:
    """What is before the word, or after it, repeated to the length of the clip; silence where that is as loud as it."""
    before = round((start - _BEFORE) * sample_rate)
    shortest = round(_BACKGROUND / 4 * sample_rate)
    found = samples[: max(before, shortest)] if start > _BACKGROUND else samples[-round(_BACKGROUND * sample_rate) :]
    if float(np.abs(found).max(initial=0.0)) >= _QUIET * float(np.abs(samples).max(initial=0.0)):
        return np.zeros_like(samples)
    return np.resize(found, len(samples)).astype(np.float32)
