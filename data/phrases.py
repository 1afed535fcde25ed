"""Format counts of things, and a user's words, for the shell and the pages."""

from __future__ import annotations

import re

_LETTER = (
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001eeff]"  # Hebrew, Arabic, Syriac …
)
_RIGHT_TO_LEFT = re.compile(rf"{_LETTER}+(?:[ '\u2019\u200c\u200d-]+{_LETTER}+)*")
_ISOLATE, _END = "\u2068", "\u2069"


def plural(number: int, noun: str, many: str = "") -> str:
    """Format a count: 1, "speaker" -> "1 speaker"; 2000, "clip" -> "2,000 clips".

    Args:
        many: the plural of the noun; by default it ends in s.
    """
    return f"{number:,} {noun if number == 1 else many or f'{noun}s'}"


def percent(share: float, digits: int = 1) -> str:
    """Write a share as a percentage: 0.9418 -> "94.2 %".

    Args:
        digits: behind the point.
    """
    return f"{share * 100:.{digits}f} %"


def short_percent(share: float) -> str:
    """Write a share with three digits at most: 0.25 -> "25 %", 0.9418 -> "94.2 %"."""
    return f"{share * 100:.3g} %"


def isolated(text: str) -> str:
    """A text for a place among others, in which words written from right to left do not reorder what stands beside them.

    Returns:
        the text with each such word, or words with only blanks between them, in Unicode's isolates; as it is without any.
    """
    return text if _ISOLATE in text else _RIGHT_TO_LEFT.sub(rf"{_ISOLATE}\g<0>{_END}", text)
