"""Choose what decodes a recording, and find out headers that lie.

libsndfile reads first. PyAV reads what libsndfile does not know, and what lies: a header that was written to a pipe or by a
recorder that was killed names a length that cannot be.
"""

from __future__ import annotations

from dataclasses import dataclass

import soundfile

from data import audio_formats, av_process, compressed_headers, sound_headers
from data.audio_source import AudioSource
from data.decoders import AvDecoder, Decoder, LibsndfileDecoder
from data.errors import AudioError, cut_off
from data.sound_headers import SoundChunk

_MOST_PER_BYTE = 10_000  # frames; a FLAC file of digital silence has 5,500
_MOST_BYTES = 160_000  # a second and channel, of OGG
_ELSE = 250_000  # bytes of a file that need not be sound: tags, a picture

# What a file of a known format begins with: if it cannot be read, it is damaged.
_BEGINNINGS = (
    b"RIFF",
    b"RF64",
    b"fLaC",
    b"OggS",
    b"FORM",
    b"caff",
    b".snd",
    b"riff",
    b"ID3",
    b"#!AMR",
    b"\x1a\x45\xdf\xa3",
    b"\x30\x26\xb2\x75",
)
_OTHER_RIFF = (b"AVI ", b"WEBP")  # no WAV, in the same wrapping
_RAW_SAMPLES = (b"RIFF", b"RF64", b"FORM", b".snd", b"riff")


@dataclass(frozen=True)
class _Header:
    """What a file says of itself.

    Attributes:
        size: of the file [bytes].
        beginning: its first 12 bytes.
        sound: where its sound is, in a format of chunks.
        notes: sentences for the user on what contradicts itself in it.
        has_counted: False for an MP3 file that does not say how many frames it has.
    """

    size: int
    beginning: bytes
    sound: SoundChunk | None
    notes: list[str]
    has_counted: bool

    @property
    def is_known(self) -> bool:
        """Whether it begins like a recording: one that cannot be read is damaged."""
        is_other = self.beginning[8:12] in _OTHER_RIFF
        return (self.beginning.startswith(_BEGINNINGS) and not is_other) or self.beginning[4:8] == b"ftyp"


def open_decoder(source: AudioSource) -> tuple[Decoder, list[str]]:
    """Open a recording with libsndfile, or with PyAV; return also what to tell the user.

    Raises:
        AudioError: neither can read it, or it is cut off.
    """
    header = _header(source)
    notes = list(header.notes)
    found, reason = None, ""
    try:
        found = _by_libsndfile(source, header.sound, notes)
    except soundfile.LibsndfileError as error:
        reason = reason_of(error)
    if found is not None and found.format == "RAW":  # a guess from the name: .au without a header
        found.close()
        found, reason = None, "Format not recognised"
    if found is not None and _is_plausible(found, header.size) and (found.format != "MP3" or header.has_counted):
        return found, notes
    try:
        other = _by_pyav(source, header, reason)
    except av_process.Unreadable as error:
        if found is None:
            raise _refusal(source.name, reason or str(error), is_damaged=header.is_known) from error
        if found.frames > 0:
            return found, notes
        found.close()
        raise AudioError(f"{source.name} holds no sound: its length is zero. Record or export it again.") from error
    lied = found is not None and found.format != "MP3"
    if found is not None:
        found.close()
    return other, _told_by(other, source.name, lied=lied)


def _header(source: AudioSource) -> _Header:
    size = source.size
    with source.open() as file:

        def read_at(place: int, count: int) -> bytes:
            file.seek(min(place, size))
            return file.read(count)

        chunk, notes = sound_headers.find_sound(read_at, size, source.name)
        counted = compressed_headers.mp3_length(read_at, size, source.name)
        compressed_headers.check_wma_is_whole(read_at, size, source.name)
        beginning = read_at(0, 12)
    if chunk is not None and chunk.is_cut_off:
        raise cut_off(source.name, f"{chunk.promised:,} bytes of sound", f"but the file has {size:,} bytes")
    return _Header(size, beginning, chunk, notes, counted)


def _by_libsndfile(source: AudioSource, chunk: SoundChunk | None, notes: list[str]) -> LibsndfileDecoder:
    """Open it with libsndfile, with the true length in place of one that cannot be, and add to the notes."""
    if chunk is None or not (chunk.lies or chunk.is_unknown):
        return LibsndfileDecoder(source.opens)
    found = LibsndfileDecoder(sound_headers.Mended(source.open(), chunk.field, chunk.right_size))
    if chunk.lies and found.frames > 0:
        notes.append(_lied(found.frames / max(1, found.samplerate)))
    return found


def _by_pyav(source: AudioSource, header: _Header, reason: str) -> AvDecoder:
    """Open it with PyAV.

    Args:
        reason: why libsndfile refused it; "" if it did not.

    Raises:
        Unreadable: PyAV refuses it too, or would guess at a header that libsndfile refuses.
    """
    other = AvDecoder(source)
    if reason and other.codec.startswith("pcm_") and header.beginning.startswith(_RAW_SAMPLES):
        other.close()
        raise av_process.Unreadable(reason)
    return other


def _refusal(name: str, reason: str, *, is_damaged: bool) -> AudioError:
    if is_damaged:
        return AudioError(f"{name} is damaged or cut off ({reason}). Copy or download it again, or export it anew.")
    return AudioError(f"{name} cannot be read as audio ({reason}). Echoic reads {audio_formats.NAMES}.")


def _lied(seconds: float) -> str:
    return f"Its header gives no length that can be true; {seconds:.1f} s of sound are in it."


def _told_by(other: AvDecoder, name: str, *, lied: bool) -> list[str]:
    """What to tell the user of a recording that PyAV reads.

    Raises:
        AudioError: it is cut off.
    """
    seconds = other.frames / max(1, other.samplerate)
    promised = other.promised
    likely = (1.1 if other.damaged > 1 else 1.02) * seconds + 0.2  # what is lost in damaged parts is not cut off
    if likely < promised < 100 * seconds:
        other.close()
        raise cut_off(name, f"{promised:.2f} s", f"{seconds:.2f} s are there")
    notes = []
    if lied:
        notes.append(_lied(seconds))
    if other.damaged > 1:  # one may be a tag that no player knows
        notes.append(f"{other.damaged:,} parts of it could not be decoded; they are left out.")
    return notes


def _is_plausible(found: LibsndfileDecoder, size: int) -> bool:
    """Whether the length in a header can be true, for a file of `size` bytes."""
    if not 0 < found.frames <= _MOST_PER_BYTE * size:
        return False
    most = {"FLAC": 4 * found.samplerate, "OGG": _MOST_BYTES}.get(found.format)
    return most is None or size - _ELSE < most * found.channels * found.frames / max(1, found.samplerate)


def reason_of(error: soundfile.LibsndfileError) -> str:
    """What libsndfile says, as part of a sentence."""
    text: str = error.error_string
    return text.removeprefix("Error : ").rstrip(". ")
