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


def isolated(text: str) -> str:
    """A text for a place among others, in which words written from right to left do not reorder what stands beside them.

    Returns:
        the text with each such word, or words with only blanks between them, in Unicode's isolates; as it is without any.
    """
    return text if _ISOLATE in text else _RIGHT_TO_LEFT.sub(rf"{_ISOLATE}\g<0>{_END}", text)
