"""Headers that lie: find the sound in a WAV, RF64, W64, AIFF, AU or CAF file, and what its header says of it.

A program that writes to a pipe, or is killed, leaves a length of zero, or the largest there is; a file that was not copied
to its end is shorter than its header says. And a WAV header tells the size of a moment and of a second twice.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal

from data.errors import AudioError

ReadAt = Callable[[int, int], bytes]
"""Read so many bytes at a place of a file; fewer at its end."""

_W64 = bytes.fromhex("726966662E91CF11A5D628DB04C10000")
_MOST_CHUNKS = 1000
_UNKNOWN_32, _UNKNOWN_64 = 0x7FFF_0000, 1 << 60  # from here on a length stands for one that is not known


_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000)  # [Hz]


@dataclass(frozen=True)
class _Grammar:
    """How a format writes its chunks: name, size, content.

    Attributes:
        start: where the first chunk begins.
        name, size: bytes of either.
        order: of the bytes of a number.
        pads: chunks begin at multiples of this many bytes.
        counts_itself: whether the size includes name and size.
        sound: first bytes of the name of the chunk that holds the sound.
    """

    start: int
    name: int
    size: int
    order: Literal["little", "big"]
    pads: int
    counts_itself: bool = False
    sound: bytes = b"data"


@dataclass(frozen=True)
class SoundChunk:
    """Where the sound of a file is, and its size by the header.

    Attributes:
        start: of the sound, in bytes from the beginning of the file.
        promised: its size by the header [bytes].
        there: bytes from there to the end of the file.
        field, width, order: where the header tells the size, in how many bytes, and their order.
        extra: what the size counts besides the sound [bytes].
        lies: whether the size cannot be true.
    """

    start: int
    promised: int
    there: int
    field: int
    width: int
    order: Literal["little", "big"]
    extra: int
    lies: bool

    @property
    def is_unknown(self) -> bool:
        """Whether the size stands for one that is not known."""
        return self.promised >= (_UNKNOWN_32 if self.width == 4 else _UNKNOWN_64)

    @property
    def is_cut_off(self) -> bool:
        """Whether the file ends before the sound does."""
        return not self.is_unknown and self.promised - self.extra > self.there + 1

    @property
    def right_size(self) -> bytes:
        """The size as the header should tell it."""
        return min(self.there + self.extra, (1 << 8 * self.width) - 1).to_bytes(self.width, self.order)


def find_sound(read_at: ReadAt, size: int, name: str) -> tuple[SoundChunk | None, list[str]]:
    """Find the sound in a file of `size` bytes; return also sentences for the user.

    Args:
        name: what messages call the file.

    Returns:
        None for a format without chunks, or if there is no chunk of sound.

    Raises:
        AudioError: its numbers of channels or bits cannot be true.
    """
    head = read_at(0, 16)
    if head[:4] == b".snd":
        start, promised = struct.unpack(">II", read_at(4, 8).ljust(8, b"\0"))
        there = max(0, size - start)
        lies = promised == 0 < there or there > 2 * promised
        return SoundChunk(start, promised, there, 8, 4, "big", 0, lies), []
    grammar = _grammar(head)
    if grammar is None:
        return None, []
    at, notes = grammar.start, []
    for _ in range(_MOST_CHUNKS):
        heading = read_at(at, grammar.name + grammar.size)
        if len(heading) < grammar.name + grammar.size:
            break
        chunk = int.from_bytes(heading[grammar.name :], grammar.order)
        if heading[:4] == b"fmt ":
            notes = _contradictions(read_at(at + len(heading), 16), name)
        if heading[:4] == grammar.sound:
            return _sound(grammar, read_at, size, at, chunk, is_rf64=head[:4] == b"RF64"), notes
        at += max(chunk, len(heading)) if grammar.counts_itself else len(heading) + chunk
        at += -at % grammar.pads
    return None, notes


def _grammar(head: bytes) -> _Grammar | None:
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return _Grammar(12, 4, 4, "little", 2)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _Grammar(12, 4, 4, "big", 2, sound=b"SSND")
    if head[:4] == b"caff":
        return _Grammar(8, 4, 8, "big", 1)
    return _Grammar(40, 16, 8, "little", 8, counts_itself=True) if head == _W64 else None


def _sound(grammar: _Grammar, read_at: ReadAt, size: int, at: int, promised: int, *, is_rf64: bool) -> SoundChunk:
    start = at + grammar.name + grammar.size
    field, width = at + grammar.name, grammar.size
    if is_rf64:  # its sizes are in a chunk of their own
        field, width = 28, 8
        promised = int.from_bytes(read_at(field, width), "little")
    extra = grammar.name + grammar.size if grammar.counts_itself else 0
    there = max(0, size - start)
    length = max(0, promised - extra)
    after = start + length + (start + length) % grammar.pads
    rest = size - after
    heading = read_at(after, grammar.name + grammar.size) if rest > 0 else b""
    is_chunk = heading[:4].isascii() and heading[:4].decode("ascii", "replace").isprintable()
    is_chunk = is_chunk and int.from_bytes(heading[grammar.name :], grammar.order) <= rest
    lies = rest > length and not is_chunk
    return SoundChunk(start, promised, there, field, width, grammar.order, extra, lies)


def _contradictions(fields: bytes, name: str) -> list[str]:
    """Compare channels, bits and rate of a `fmt ` chunk with the sizes that follow from them.

    Raises:
        AudioError: channels or bits cannot be true.
    """
    if len(fields) < 16:
        return []
    tag, channels, rate, bytes_a_second, bytes_a_moment, bits = struct.unpack("<HHIIHH", fields)
    if tag not in (_PCM, _FLOAT, _EXTENSIBLE) or not bytes_a_moment or not channels or not bits:
        return []
    whole = channels * -(-bits // 8)  # rounded up
    roomy = channels * 4  # 20 or 24 bits in 32
    if bytes_a_moment not in (whole, roomy) and bytes_a_second == rate * bytes_a_moment:
        raise AudioError(
            f"{name} contradicts itself: its header says {channels} x {bits} bits at a time, but also {8 * bytes_a_moment} bits. "
            "Export it again with the right number of channels."
        )
    other = bytes_a_second // bytes_a_moment
    sloppy = (0, rate, rate * channels, rate * bits // 8)
    if other != rate and other in _RATES and bytes_a_second not in sloppy:
        return [f"Its header gives two rates, {rate:,} and {other:,} samples a second; it is read at {rate:,}."]
    return []


class Mended(io.RawIOBase):
    """A file with other bytes at one place of it; closing it closes the file."""

    def __init__(self, file: BinaryIO, place: int, content: bytes) -> None:
        super().__init__()
        self._file, self._place, self._content = file, place, content

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        begin = self._file.tell()
        found = bytearray(self._file.read(len(buffer)) or b"")
        first, last = max(begin, self._place), min(begin + len(found), self._place + len(self._content))
        if first < last:
            found[first - begin : last - begin] = self._content[first - self._place : last - self._place]
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._file.close()
        super().close()
