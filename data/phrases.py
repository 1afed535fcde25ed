"""Write numbers of things in words, wherever the shell and the pages need it."""

from __future__ import annotations


def plural(number: int, noun: str, many: str = "") -> str:
    """Write a number of things: 1, "speaker" -> "1 speaker"; 2000, "clip" -> "2,000 clips".

    Args:
        many: the plural of the noun; with an s at its end by default.
    """
    return f"{number:,} {noun if number == 1 else many or f'{noun}s'}"
