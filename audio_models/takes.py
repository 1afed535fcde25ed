"""Cut a recording in which a word is said again and again into its takes, at the pauses.

A take is where the level rises clearly above the noise of this recording, whatever that is. Nothing is assumed of the
microphone or of the room but that there are pauses.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import filelock
import numpy as np
import scipy.signal
import soundfile
from numpy.typing import NDArray

from audio_models import waveform
from audio_models.errors import AudioError, ConfigError
from audio_models.waveform import Waveform
from data.errors import WorkspaceError

_HOP = 0.01  # seconds between two measurements of the level
_SPAN = 0.04  # seconds that each takes in
_LOWEST_HZ, _HIGHEST_HZ = 150.0, 6_000.0  # where speech lies; hum and rumble are below
_PAUSE = 0.3  # a shorter one belongs to the word: the closed lips of "stop", between the syllables of "seven"
_SHORTEST = 0.12  # a shorter sound is a click or a breath
_MARGIN = 0.12  # kept on each side: soft consonants lie below the threshold
_RISE = 9.0  # dB that the loudest take must lie above the noise
_LONGEST = 600.0  # seconds of a recording
# How far above the noise a take begins and ends, and how far its loudest moment lies: a share of what the speech rises
# above it, within bounds [dB]. So a quiet take beside loud ones is found, and a breath in a quiet room is not.
_EDGE = (0.2, 4.0, 9.0)
_PEAK = (0.3, 6.0, 12.0)


@dataclass(frozen=True)
class Take:
    """A stretch of a recording: samples from `first` up to and without `last`."""

    first: int
    last: int

    def of(self, recording: Waveform) -> Waveform:
        """Its samples."""
        return recording[self.first : self.last]


def find_takes(recording: Waveform, sample_rate: int) -> list[Take]:
    """The takes of a recording, in order; none where nothing stands out from the noise.

    Args:
        recording: (samples,) float32 in -1..1.
        sample_rate: [Hz].
    """
    level = levels(recording, sample_rate)
    if len(level) < 3:
        return []
    noise = float(np.percentile(level, 20))
    speech = float(np.percentile(level, 97))
    if speech - noise < _RISE:
        return []
    height = speech - noise
    loud = level > noise + _above(_EDGE, height)
    stretches = _joined(_stretches(loud), round(_PAUSE / _HOP))
    found = [
        (first, last)
        for first, last in stretches
        if last - first >= _SHORTEST / _HOP and level[first:last].max() >= noise + _above(_PEAK, height)
    ]
    return _with_margins(found, len(recording), sample_rate)


def _above(rule: tuple[float, float, float], height: float) -> float:
    share, low, high = rule
    return min(max(share * height, low), high)


def levels(recording: Waveform, sample_rate: int) -> NDArray[np.float64]:
    """The level of the speech band every 10 ms [dB of full scale]."""
    highest = min(_HIGHEST_HZ, 0.45 * sample_rate)
    band = scipy.signal.butter(2, [_LOWEST_HZ, highest], "bandpass", fs=sample_rate, output="sos")
    power = scipy.signal.sosfiltfilt(band, recording.astype(np.float64)) ** 2 if len(recording) > 30 else recording**2
    span, hop = round(_SPAN * sample_rate), round(_HOP * sample_rate)
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, max(1, len(recording) - span + 1), hop)
    mean = (total[np.minimum(starts + span, len(recording))] - total[starts]) / span
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(mean, 1e-12))
    return decibels


def _stretches(loud: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _joined(stretches: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in stretches:
        if joined and first - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _with_margins(found: list[tuple[int, int]], samples: int, sample_rate: int) -> list[Take]:
    """Margins on each side, but no further than half-way to the neighbour."""
    hop, span, margin = _HOP * sample_rate, _SPAN * sample_rate, _MARGIN * sample_rate
    edges = [(first * hop, (last - 1) * hop + span) for first, last in found]
    takes = []
    for number, (first, last) in enumerate(edges):
        before = (edges[number - 1][1] + first) / 2 if number else 0.0
        after = (last + edges[number + 1][0]) / 2 if number + 1 < len(edges) else float(samples)
        takes.append(Take(round(max(first - margin, before)), min(samples, round(min(last + margin, after)))))
    return takes


def split_recording(recording: Path, corpus: Path, label: str, speaker: str) -> list[Path]:
    """Cut a recording of one word into takes and add them to a folder corpus: `corpus/label/speaker_nohash_N.flac`.

    Takes are kept losslessly at the recording's own rate, numbered on from those that are there; either all are added or
    none.

    Returns:
        the new files, in the order in which they were said.

    Raises:
        AudioError: it cannot be read, is too long, or nothing in it stands out from the noise.
        ConfigError: label or speaker cannot name a file.
        WorkspaceError: the folder cannot be written to.
    """
    _check_name("label", label)
    _check_name("speaker", speaker)
    seconds = waveform.duration(recording)
    if seconds > _LONGEST:
        raise AudioError(
            f"{recording.name} lasts {seconds / 60:.0f} minutes; up to {_LONGEST / 60:.0f} can be cut into takes. Cut it in two first."
        )
    rate = min(max(soundfile.info(recording).samplerate, waveform.MIN_RATE), waveform.MAX_RATE)
    samples = waveform.load(recording, rate, start=0.0, seconds=seconds)
    takes = find_takes(samples, rate)
    if not takes:
        raise AudioError(
            f"Nothing in {recording.name} stands out from its noise. Record the word again, nearer to the microphone, with pauses between."
        )
    folder = corpus / label
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".lock"):  # two recordings of a word do not take the same numbers
            return _add(takes, samples, rate, folder, speaker)
    except (OSError, soundfile.LibsndfileError) as error:
        raise WorkspaceError(
            f"The takes could not be written to {folder} ({error}). Free some disk space or check the permissions."
        ) from error


def _add(takes: list[Take], samples: Waveform, rate: int, folder: Path, speaker: str) -> list[Path]:
    """Write all takes beside the others, or none."""
    first = 1 + max((_number(path, speaker) for path in folder.iterdir()), default=-1)
    made: list[Path] = []
    with tempfile.TemporaryDirectory(dir=folder, prefix=".cutting-") as temporary:
        written = [Path(temporary) / f"{speaker}_nohash_{first + number}.flac" for number in range(len(takes))]
        for path, take in zip(written, takes, strict=True):
            soundfile.write(path, take.of(samples), rate, subtype="PCM_24")
        try:
            for path in written:
                made.append(path.rename(folder / path.name))
        except BaseException:
            for path in made:
                path.unlink()
            raise
    return made


def _number(path: Path, speaker: str) -> int:
    found = re.fullmatch(re.escape(speaker) + r"_nohash_(\d{1,9})", path.stem)
    return int(found[1]) if found else -1


def _check_name(what: str, name: str) -> None:
    if not name.strip() or name.startswith((".", "_")) or "_nohash_" in name or len(name.encode()) > 100:
        raise ConfigError(
            f"'{name[:40]}' cannot be a {what}; give one to a hundred characters that begin with neither '.' nor '_'."
        )
    if bad := sorted({one for one in name if ord(one) < 32 or one in '/\\:*?"<>|'}):
        raise ConfigError(
            f"'{name[:40]}' cannot be a {what}: it holds {' '.join(map(repr, bad))}, which a file name cannot."
        )
