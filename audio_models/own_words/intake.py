"""From what a user brings to clips of their corpus: decoded once, so that what cannot be used is refused with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audio_models.errors import AudioError
from audio_models.features import segments, waveform
from audio_models.features.waveform import AudioSource
from audio_models.own_words import recording
from audio_models.own_words.clip_measures import measure
from audio_models.own_words.recording import Recording, read_recording
from data.corpus import BACKGROUND_NOISE, Progress, Report, Skipped, Split, no_progress
from data.own.layouts import ImportBatch, ImportItem
from data.own.new_clips import NewClip
from data.own.store import Source
from data.sound_digest import sound_digest

LONGEST_NOISE = 300.0
"""Seconds of a recording of background noise."""

WORD_MISSING = "Which word it holds is not known. Type the word, or put it into a folder of that name."

_RATE = 16_000  # at which clips are measured
_EVERY = 20  # clips between two words of progress


@dataclass(frozen=True)
class Intake:
    """What came of a delivery.

    Attributes:
        clips: that can be added.
        refused: with the reason.
        long: recordings that are too long for a clip, but can be cut into takes.
    """

    clips: tuple[NewClip, ...]
    refused: tuple[Skipped, ...]
    long: tuple[ImportItem, ...] = ()


def new_clip(
    content: bytes | Path,
    label: str,
    speaker: str | None,
    source: Source,
    original: str,
    *,
    split: Split | None = None,
    added: float | None = None,
) -> NewClip:
    """A clip that can be added, once it was decoded and measured.

    Args:
        content: a WAV, FLAC, OGG or MP3 file.
        original: the name that it came with.

    Raises:
        AudioError: it cannot be used.
    """
    audio = AudioSource(content, original)
    if label == BACKGROUND_NOISE:
        seconds = waveform.header(audio).seconds
        if seconds > LONGEST_NOISE:
            raise AudioError(
                f"{audio.name} lasts {seconds / 60:.0f} minutes; of background noise up to {LONGEST_NOISE / 60:.0f} are kept. Cut a part out of it."
            )
        samples = waveform.load(audio, _RATE, start=0.0, seconds=seconds)
    else:
        samples = waveform.load(audio, _RATE)
        seconds = len(samples) / _RATE
    ending = (content.suffix if isinstance(content, Path) else Path(original).suffix).lower()
    return NewClip(
        label, speaker, source, original, content, ending, seconds,
        sound_digest(samples, _RATE), measure(samples, _RATE), split, added,
    )  # fmt: skip


def examine(delivery: ImportBatch, label: str | None, source: Source, report: Report = no_progress) -> Intake:
    """Decode what was delivered.

    Args:
        label: of the files that do not say what is said in them; where it is None these are refused.

    Raises:
        Cancelled: `report` raised it.
    """
    clips: list[NewClip] = []
    refused, long = list(delivery.refused), []
    for number, one in enumerate(delivery.clips):
        if number % _EVERY == 0:
            report(Progress("Listening to clips", number, len(delivery.clips)))
        said = one.label or label
        if said is None:
            refused.append(Skipped(Path(one.original), WORD_MISSING))
            continue
        try:
            if said != BACKGROUND_NOISE and waveform.MAX_SECONDS < _seconds(one) <= recording.LONGEST:
                long.append(one)
                continue
            clips.append(
                new_clip(
                    one.path, said, one.speaker, one.source or source, one.original, split=one.split, added=one.added
                )
            )
        except AudioError as error:
            refused.append(Skipped(Path(one.original), str(error)))
    report(Progress("Listening to clips", len(delivery.clips), len(delivery.clips)))
    return Intake(tuple(clips), tuple(refused), tuple(long))


def _seconds(one: ImportItem) -> float:
    return waveform.header(AudioSource(one.path, one.original)).seconds


def cut(
    recording: Recording, kept: Sequence[segments.Take], label: str, speaker: str | None, original: str
) -> tuple[list[NewClip], list[Skipped]]:
    """Takes of a recording as clips that can be added, and those that cannot.

    Args:
        original: what the recording is called.
    """
    stem = original.rpartition(".")[0] or original
    clips, refused = [], []
    for number, take in enumerate(kept, 1):
        name = f"{stem} {number}.flac"
        try:
            clips.append(new_clip(recording.flac(take), label, speaker, "recording", name))
        except AudioError as error:
            refused.append(Skipped(Path(name), str(error)))
    return clips, refused


def takes_of(
    source: Path | bytes, label: str, speaker: str | None, original: str
) -> tuple[list[NewClip], list[Skipped]]:
    """Cut a recording of one word into takes: clips that can be added, and what cannot, the recording itself say."""
    try:
        recording = read_recording(AudioSource(source, original))
    except AudioError as error:
        return [], [Skipped(Path(original), str(error))]
    found = recording.takes
    if not found:
        return [], [
            Skipped(
                Path(original),
                f"Nothing in {original} stands out from its noise. Record the word again, nearer to the microphone, with pauses between.",
            )
        ]
    return cut(recording, found, label, speaker, original)
