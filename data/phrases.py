"""Format counts of things for the shell and the pages."""

from __future__ import annotations


def plural(number: int, noun: str, many: str = "") -> str:
    """Format a count: 1, "speaker" -> "1 speaker"; 2000, "clip" -> "2,000 clips".

    Args:
        many: the plural of the noun; by default it ends in s.
    """
    return f"{number:,} {noun if number == 1 else many or f'{noun}s'}"
