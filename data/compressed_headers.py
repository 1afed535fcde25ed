"""Headers that lie, of compressed sound: how many frames an MP3 file counts, how large a WMA file was.

Neither libsndfile nor FFmpeg tells when such a file was not copied to its end.
"""

from __future__ import annotations

import struct

from data.errors import cut_off
from data.sound_headers import ReadAt

_LEAST_FRAME, _MOST_FRAME = 24, 1450  # bytes of an MP3 frame, at 8 and at 320 kbit/s
_ELSE = 512  # bytes of an MP3 file that may follow its sound: tags

_WMA = b"\x30\x26\xb2\x75"
_WMA_PROPERTIES = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")  # the object that tells the size of the file
_WMA_HEADER = 20_000  # bytes in which that object is looked for
_WMA_LIVE = 1  # flag of a stream, whose size was not known when its header was written


def mp3_length(read_at: ReadAt, size: int, name: str) -> bool:
    """Whether an MP3 file begins with a count of its frames, and one that fits its size.

    Without it a length is a guess from the first frame, wrong for a variable bit rate; files joined to one begin with the
    count of the first of them.

    Args:
        name: what messages call the file.

    Raises:
        AudioError: it ends before the sound does.
    """
    head = read_at(0, 10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    frame = read_at(start, 200)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return False
    flags, frames, counted = struct.unpack(">III", frame[at + 4 : at + 16])
    fits = _LEAST_FRAME * frames <= counted <= _MOST_FRAME * frames
    if flags & 3 != 3 or not fits:
        return False
    if start + 0.98 * counted > size:
        raise cut_off(name, f"{counted:,} bytes of sound", f"but the file has {size:,} bytes")
    return bool(size - start - counted <= max(_ELSE, 0.02 * counted))


def check_wma_is_whole(read_at: ReadAt, size: int, name: str) -> None:
    """Check that a WMA file has the size that its header tells, which FFmpeg does not.

    Args:
        name: what messages call the file.

    Raises:
        AudioError: it is shorter.
    """
    if read_at(0, 4) != _WMA:
        return
    head = read_at(0, _WMA_HEADER)
    at = head.find(_WMA_PROPERTIES)
    if at < 0 or len(head) < at + 92:
        return
    told, flags = *struct.unpack_from("<Q", head, at + 40), *struct.unpack_from("<I", head, at + 88)
    if not flags & _WMA_LIVE and size < 0.98 * told and told < 1 << 40:
        raise cut_off(name, f"a file of {told:,} bytes", f"but it has {size:,} bytes")
