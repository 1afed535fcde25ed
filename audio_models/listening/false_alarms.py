"""Count false alarms per hour, on mixed soundscapes and on recordings as they are: people who speak to someone else, noise.

A folder of other recordings is a corpus of its own. Its recordings of one split that the network has not learned from, and
that are not known to hold one of its words, are read one after the other; whatever is detected in them is a false alarm.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np
import soxr

from audio_models.errors import AudioError
from audio_models.features import waveform
from audio_models.features.waveform import AudioSource, Waveform
from audio_models.jobs.runs import Run
from audio_models.listening.detection import DetectionConfig
from audio_models.listening.network_stream import NetworkStream
from audio_models.listening.soundscapes import SpokenWord
from audio_models.listening.traces import Trace
from audio_models.recognition.learned import Learned
from audio_models.recognition.metrics import Interval, rate_interval
from data import catalogue, other_recordings, task
from data.corpus import SILENCE, UNKNOWN, Clip, Report, Split, no_progress
from data.other_recordings import Kind, Recording
from data.own import corpus as own_corpus
from data.own.corpus import OWN_PREFIX
from data.phrases import plural
from data.stored import Count

MIXED: dict[Kind, str] = {"speech": "mixed other words", "noise": "mixed noise"}
"""Names of the soundscapes without words among the folders."""

_HOUR = 3600.0
_RUNNING = 4.0  # seconds of a recording, on average, from which it holds running speech
_MOST_WORDS = 1000  # clips of other words, which are in memory together


@dataclass(frozen=True)
class AlarmCount:
    """The false alarms at one threshold; `words` counts them by the word that was detected, the most frequent first."""

    threshold: float
    alarms: Count
    words: dict[str, Count] = field(default_factory=dict)


@dataclass(frozen=True)
class AlarmRate:
    """False alarms per hour of one corpus at one threshold.

    Attributes:
        name, kind, hours: of the corpus, see `AlarmCurve`.
        alarms, words: see `AlarmCount`.
    """

    name: str
    kind: Kind
    hours: float
    alarms: int
    words: dict[str, int]

    @property
    def per_hour(self) -> float:
        return self.alarms / self.hours

    @property
    def interval(self) -> Interval:
        """The exact 95 % confidence interval of `per_hour`."""
        return rate_interval(self.alarms, self.hours)

    @property
    def rate_text(self) -> str:
        """The rate with its interval, and the count it comes from."""
        return f"{self.per_hour:.1f} ({_ends(self.interval)}), {plural(self.alarms, 'alarm')} in {self.hours:.2f} hours"

    @property
    def text(self) -> str:
        """The corpus, its rate, and the count of each word with the interval of its rate, for a card and the shell."""
        words = [f"{word} {count} ({_ends(rate_interval(count, self.hours))})" for word, count in self.words.items()]
        by_word = f"; {', '.join(words)}" if words else ""
        return f"{self.name}: {self.rate_text} of {self.kind}{by_word}"


def _ends(interval: Interval) -> str:
    return f"{interval.low:.1f} to {interval.high:.1f}"


@dataclass(frozen=True)
class AlarmCurve:
    """The false alarms in one corpus without any of the network's words.

    Attributes:
        name: of the folder, or of the soundscape, see `MIXED`.
        kind: what it holds, speech or noise.
        hours: its length [h], above zero.
        counts: the false alarms at each threshold, in ascending order.
        recordings: how many recordings were read; 0 for a soundscape.
    """

    name: str
    kind: Kind
    hours: float
    counts: tuple[AlarmCount, ...]
    recordings: Count = 0

    @property
    def is_running(self) -> bool:
        """Whether its recordings are longer than single words, which follow each other faster than anybody speaks."""
        return self.recordings > 0 and self.hours * _HOUR / self.recordings >= _RUNNING

    def at(self, threshold: float) -> AlarmRate:
        """The rate at the nearest threshold."""
        one = min(self.counts, key=lambda count: abs(count.threshold - threshold))
        return AlarmRate(self.name, self.kind, self.hours, one.alarms, one.words)


@dataclass(frozen=True)
class Selection:
    """The recordings of one kind that count in one folder."""

    name: str
    kind: Kind
    recordings: tuple[Recording, ...]

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.recordings)


def select(
    folders: Sequence[str],
    split: Split,
    words: Sequence[str],
    known: Learned | None,
    seconds: float,
    *,
    seed: int = 0,
    report: Report = no_progress,
) -> list[Selection]:
    """Select the recordings that false alarms are counted on, by folder and kind.

    Args:
        folders: paths of folders of other recordings; one given twice counts once.
        split: of the recordings.
        words: the network's words; a recording that is known to hold one is left out.
        known: recordings that the network has learned from, which are left out too.
        seconds: of each folder and kind, recordings drawn at random until this length is reached [s].
        seed: of that draw.

    Raises:
        CorpusError: a folder is missing, or holds no recording.
    """
    found: list[Selection] = []
    for name, path in other_recordings.by_name(folders).items():
        there = other_recordings.scan(path, report).recordings
        drawn = {}
        for kind in get_args(Kind):
            mine = [
                one
                for one in there
                if one.kind == kind
                and one.split == split
                and not _is_learned(one, split, known)
                and not other_recordings.words_in(one, words)
            ]
            drawn[kind] = _up_to(mine, seconds, seed)
        kinds = [kind for kind, some in drawn.items() if some]
        found += [Selection(f"{name} ({kind})" if len(kinds) > 1 else name, kind, drawn[kind]) for kind in kinds]
    return found


def _is_learned(recording: Recording, split: Split, known: Learned | None) -> bool:
    """Whether it may not count: its sound was trained on, or, for an evaluation on test recordings, selected on."""
    if known is None:
        return False
    return recording.content in known.training if split == "validation" else known.has_used(recording)


def other_words(run: Run, split: Split, known: Learned | None, report: Report = no_progress) -> list[Clip]:
    """Clips of other words from the corpora of this computer, but not the run's own, that the network has not learned.

    Synthetic voices do not count: a network may have learned to reject them.

    Returns:
        at most `_MOST_WORDS` clips of `split`, labelled `_unknown_`.
    """
    published = [name for name in catalogue.NAMES if not catalogue.open_corpus(name).description.synthetic]
    names = [
        name
        for name in (*published, *(f"{OWN_PREFIX}{name}" for name in own_corpus.listing()))
        if name != run.config.corpus.name
    ]
    rejecting = replace(run.config.task, unknown=True, silence=False)
    found: list[Clip] = []
    for name in names:
        corpus = catalogue.open_corpus(name)
        if corpus.is_loaded():
            clips, _ = task.evaluation_clips(corpus.index(report), rejecting, split, run.config.training.seed)
            found += [
                clip
                for clip in clips
                if clip.label == UNKNOWN and clip.word != SILENCE and not (known and known.has_learned(clip))
            ]
    order = np.random.default_rng(run.config.training.seed).permutation(len(found))[:_MOST_WORDS]
    return [found[place] for place in sorted(order.tolist())]


def _up_to(recordings: Sequence[Recording], seconds: float, seed: int) -> tuple[Recording, ...]:
    """Recordings in random order until they last `seconds`; all of them in their own order if they are shorter."""
    if sum(one.seconds for one in recordings) <= seconds:
        return tuple(recordings)
    order, drawn, length = np.random.default_rng(seed).permutation(len(recordings)), [], 0.0
    for place in order.tolist():
        if length >= seconds:
            break
        drawn.append(recordings[place])
        length += recordings[place].seconds
    return tuple(drawn)


def sound(selection: Selection, sample_rate: int, seconds: float) -> Iterator[tuple[Waveform, list[SpokenWord]]]:
    """Read the recordings one after the other, at most `seconds` in all; a damaged one ends at its fault.

    Yields:
        about a second of sound at `sample_rate` [Hz], and no spoken word.
    """
    left = round(seconds * sample_rate)
    for one in selection.recordings:
        with contextlib.suppress(AudioError):
            for block in _blocks(one, sample_rate):
                yield block[:left], []
                left -= len(block[:left])
                if not left:
                    return


def _blocks(recording: Recording, sample_rate: int) -> Iterator[Waveform]:
    with waveform.opened(AudioSource(recording.path), None, "recording") as file:
        rate = file.samplerate
        first = round(recording.start * rate)
        frames = min(round(recording.seconds * rate), file.frames - first)
        file.go_to(first)
        resampler = soxr.ResampleStream(rate, sample_rate, 1, "float32", "HQ") if rate != sample_rate else None
        for block in waveform.mono_blocks(file, recording.path.name, frames, rate):
            yield block if resampler is None else resampler.resample_chunk(block)
        if resampler is not None:
            yield resampler.resample_chunk(np.empty(0, np.float32), last=True)


def count(
    name: str,
    kind: Kind,
    trace: Trace,
    stream: NetworkStream,
    configs: Sequence[DetectionConfig],
    recordings: int = 0,
) -> AlarmCurve:
    """Count the events in a trace without words, for each setting of the detector."""
    counts = []
    for config in configs:
        words = Counter(event.label for event in trace.events(config, stream))
        counts.append(AlarmCount(config.threshold, words.total(), dict(words.most_common())))
    return AlarmCurve(name, kind, trace.seconds / _HOUR, tuple(counts), recordings)


def pooled(curves: Sequence[AlarmCurve], threshold: float) -> AlarmRate:
    """The rate in several corpora of one kind together; at least one."""
    rates = [curve.at(threshold) for curve in curves]
    words: Counter[str] = Counter()
    for rate in rates:
        words.update(rate.words)
    return replace(
        rates[0],
        name=", ".join(rate.name for rate in rates),
        hours=sum(rate.hours for rate in rates),
        alarms=sum(rate.alarms for rate in rates),
        words=dict(words.most_common()),
    )
