"""Other words that cross-validation holds back: in each fold one group, which that fold's network has not learned.

A word of the synthesiser is always in the same group, whatever the voice. Other recordings need none: their test split is
in no training.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """The names whose hash falls into one of `count` equal parts."""

    number: int
    count: int

    def holds(self, name: str) -> bool:
        """Whether a word is in this group."""
        if self.count == 1:
            return True
        digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        return int.from_bytes(digest, "little") % self.count == self.number


EVERYTHING = Group(0, 1)
"""Holds every name."""
