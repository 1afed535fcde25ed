"""Turn files into clips of a corpus: decode each once, measure it, and refuse it with a reason if it is unusable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from audio_models.errors import AudioError
from audio_models.features import segments, waveform
from audio_models.features.waveform import AudioSource
from audio_models.own_words import recording
from audio_models.own_words.clip_measures import measure
from audio_models.own_words.recording import Recording, read_recording
from data.card import Card
from data.corpus import BACKGROUND_NOISE, Progress, Report, Skipped, Split, no_progress
from data.own.layouts import ImportBatch, ImportItem
from data.own.new_clips import NewClip
from data.own.records import Source
from data.sound_digest import sound_digest

LONGEST_NOISE = 300.0
"""Length of a recording of background noise [s]."""

WORD_MISSING = "Its word is not known. Type the word, or put the file into a folder named after it."

_RATE = 16_000  # Hz, at which clips are measured
_EVERY = 20  # clips between two reports of progress


@dataclass(frozen=True)
class Intake:
    """The checked files of an import.

    Attributes:
        clips: those that can be added.
        refused: those that cannot, with the reason.
        long: recordings too long for a clip that can be cut into takes.
        card: of the exported corpus that they come from.
    """

    clips: tuple[NewClip, ...]
    refused: tuple[Skipped, ...]
    long: tuple[ImportItem, ...] = ()
    card: Card = field(default_factory=Card)


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
    """Decode and measure a clip to add.

    Args:
        content: a recording, or its content.
        original: the original name of the file.

    Raises:
        AudioError: it cannot be decoded, or is too long.
    """
    audio = AudioSource(content, original)
    notes: list[str] = []
    if label == BACKGROUND_NOISE:
        seconds = waveform.header(audio).seconds
        if seconds > LONGEST_NOISE:
            raise AudioError(
                f"{audio.name} lasts {seconds / 60:.0f} minutes; background noise may last up to {LONGEST_NOISE / 60:.0f}. Cut a part out of it."
            )
        samples = waveform.load(audio, _RATE, start=0.0, seconds=seconds, tell=notes.append)
    else:
        samples = waveform.load(audio, _RATE, is_word=True, tell=notes.append)
        seconds = len(samples) / _RATE
    ending = (content.suffix if isinstance(content, Path) else Path(original).suffix).lower()
    return NewClip(
        label, speaker, source, original, content, ending, seconds,
        sound_digest(samples, _RATE), measure(samples, _RATE), split, added, tuple(notes),
    )  # fmt: skip


def examine(batch: ImportBatch, label: str | None, source: Source, report: Report = no_progress) -> Intake:
    """Decode and measure the files of an import.

    Args:
        label: for files without a label; if it is None, these are refused.

    Raises:
        Cancelled: `report` raised it.
    """
    clips: list[NewClip] = []
    refused, long = list(batch.refused), []
    for number, one in enumerate(batch.clips):
        if number % _EVERY == 0:
            report(Progress("Listening to clips", number, len(batch.clips)))
        word = one.label or label
        if word is None:
            refused.append(Skipped(Path(one.original), WORD_MISSING))
            continue
        try:
            if word != BACKGROUND_NOISE and waveform.MAX_SECONDS < _seconds(one) <= recording.LONGEST:
                long.append(one)
                continue
            clips.append(
                new_clip(
                    one.path, word, one.speaker, one.source or source, one.original, split=one.split, added=one.added
                )
            )
        except AudioError as error:
            refused.append(Skipped(Path(one.original), str(error)))
    report(Progress("Listening to clips", len(batch.clips), len(batch.clips)))
    return Intake(tuple(clips), tuple(refused), tuple(long), batch.card)


def _seconds(one: ImportItem) -> float:
    return waveform.header(AudioSource(one.path, one.original)).seconds


def cut(
    recording: Recording, takes: Sequence[segments.Take], label: str, speaker: str | None, original: str
) -> tuple[list[NewClip], list[Skipped]]:
    """Cut takes out of a recording: return clips to add, and takes that cannot be added.

    Args:
        original: the name of the recording.
    """
    stem = original.rpartition(".")[0] or original
    clips, refused = [], []
    for number, take in enumerate(takes, 1):
        name = f"{stem} {number}.flac"
        try:
            clip = new_clip(recording.flac(take), label, speaker, "recording", name)
            clips.append(replace(clip, notes=recording.notes))
        except AudioError as error:
            refused.append(Skipped(Path(name), str(error)))
    return clips, refused


def takes_of(
    source: Path | bytes, label: str, speaker: str | None, original: str
) -> tuple[list[NewClip], list[Skipped]]:
    """Cut a recording of one word into takes: return clips to add, and what cannot be added."""
    try:
        recording = read_recording(AudioSource(source, original))
    except AudioError as error:
        return [], [Skipped(Path(original), str(error))]
    found = recording.takes
    if not found:
        return [], [
            Skipped(
                Path(original),
                f"No speech in {original} stands out from the noise. Record it again closer to the microphone, with pauses between the takes.",
            )
        ]
    return cut(recording, found, label, speaker, original)
