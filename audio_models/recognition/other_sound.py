"""Other recordings as an evaluation hears them: stretches as long as a clip, in which none of the words is said."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from audio_models.errors import AudioError
from audio_models.features import waveform
from audio_models.features.waveform import AudioSource
from data import other_recordings
from data.corpus import UNKNOWN, Clip, Report, Split, no_progress
from data.errors import CorpusError
from data.other_recordings import Kind, Recording

_MOST = 1000  # stretches of a folder and a kind, spread evenly over its recordings
_ONE_CLIP = 2.0  # a recording up to this many clips long is heard as one, at its loudest


@dataclass(frozen=True)
class Stretches:
    """The stretches of one folder and kind.

    Attributes:
        folder: its name, see `other_recordings.by_name`.
        kind: "speech" or "noise".
        recordings: number of recordings that they are cut from.
        clips: labelled `_unknown_`; `word` is what a short recording says, else "".
    """

    folder: str
    kind: Kind
    recordings: int
    clips: list[Clip]


def stretches(
    folders: Sequence[str],
    split: Split,
    words: Sequence[str],
    clip_seconds: float,
    sample_rate: int,
    is_used: Callable[[Recording], bool] = lambda _: False,
    report: Report = no_progress,
) -> list[Stretches]:
    """Cut the recordings of one split into stretches, folder by folder.

    A recording up to twice as long as a clip is one stretch, its loudest part; a longer one is cut end to end.

    Args:
        folders: of other recordings; those that are not on this computer are passed over.
        words: a recording in which one of them is said, as far as is known, is left out.
        clip_seconds: length of a stretch [s].
        sample_rate: of the network [Hz].
        is_used: whether a recording must be left out, since the network was trained on it.

    Returns:
        none for a folder that is gone, and none without recordings.
    """
    found: list[Stretches] = []
    for name, path in other_recordings.by_name(other_recordings.on_this_computer(folders)).items():
        recordings: tuple[Recording, ...] = ()
        with contextlib.suppress(CorpusError):
            recordings = other_recordings.scan(path, report).recordings
        for kind in ("speech", "noise"):
            used = [
                one
                for one in recordings
                if (one.kind, one.split) == (kind, split)
                and not other_recordings.words_in(one, words)
                and not is_used(one)
            ]
            if clips := cut(used, clip_seconds, sample_rate):
                found.append(Stretches(name, kind, len(used), clips))
    return found


def cut(recordings: Sequence[Recording], clip_seconds: float, sample_rate: int) -> list[Clip]:
    """Cut recordings into stretches, see `stretches`; at most a thousand, spread evenly."""
    clips = [clip for one in recordings for clip in _cut(one, clip_seconds, sample_rate)]
    places = np.linspace(0, len(clips) - 1, min(len(clips), _MOST)).astype(int)
    return [clips[place] for place in places]


def _cut(recording: Recording, clip_seconds: float, sample_rate: int) -> Iterator[Clip]:
    """Yield the stretches of a recording; none if it cannot be read."""
    if recording.seconds <= clip_seconds:
        yield _clip(recording, 0.0, recording.seconds, recording.text)
    elif recording.seconds <= _ONE_CLIP * clip_seconds:
        with contextlib.suppress(AudioError):
            samples = waveform.load(
                AudioSource(recording.path), sample_rate, start=recording.start, seconds=recording.seconds
            )
            first, _ = waveform.loudest(samples, sample_rate, clip_seconds)
            yield _clip(recording, first / sample_rate, clip_seconds, recording.text)
    else:
        for number in range(int(recording.seconds / clip_seconds)):
            yield _clip(recording, number * clip_seconds, clip_seconds, "")


def _clip(recording: Recording, start: float, seconds: float, word: str) -> Clip:
    return Clip(
        recording.path, UNKNOWN, recording.split, round(seconds, 4), recording.speaker, recording.content,
        round(recording.start + start, 4), whole=False, word=word,
    )  # fmt: skip
