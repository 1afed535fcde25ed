"""Where a recording is: a file, or its content in memory."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class AudioSource:
    """Encoded audio of any of `audio_formats.FORMATS`, on disk or in memory.

    Attributes:
        data: path of the file, or its content.
        name: what messages call it; the file's name by default.
    """

    data: Path | bytes = field(repr=False)
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.data.name if isinstance(self.data, Path) else "The clip")

    @property
    def size(self) -> int:
        """Number of bytes.

        Raises:
            OSError: the file cannot be opened.
        """
        return len(self.data) if isinstance(self.data, bytes) else self.data.stat().st_size

    @property
    def opens(self) -> BinaryIO | bytes:
        """What libsndfile opens; a path as bytes, since a file's name need not be text."""
        return io.BytesIO(self.data) if isinstance(self.data, bytes) else os.fsencode(self.data)

    def open(self) -> BinaryIO:
        """Open it for reading.

        Raises:
            OSError: it cannot be opened.
        """
        return io.BytesIO(self.data) if isinstance(self.data, bytes) else self.data.open("rb")
