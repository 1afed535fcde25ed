"""Find the speakers in file names by a regular expression of the user's, in bounded time.

Some expressions take years on a name of thirty letters, and Python cannot interrupt one: it would hold up every page of the
dashboard. So a process of its own searches the names, behind all others, and is ended when its time is up. An engine with linear
time, such as RE2, has no look-ahead, which patterns stored with earlier runs may have.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache

from data.errors import CorpusError
from data.names import shown

LONGEST = 300
"""Characters of a pattern."""

_SECONDS = 10.0  # a hundred thousand names take a tenth of a second; the rest is for a busy computer
_SEARCH = """
import json, os, re, sys
getattr(os, "nice", int)(10)
pattern, names = json.load(sys.stdin)
search = re.compile(pattern).search
found = map(search, names)
json.dump([match[1] if match else None for match in found], sys.stdout)
"""


def check_pattern(pattern: str | None) -> str | None:
    """Return a speaker pattern, see `FolderCorpus`; None for an empty one.

    Raises:
        CorpusError: it is not a regular expression, has no group, or is too long.
    """
    if not pattern:
        return None
    if len(pattern) > LONGEST:
        raise CorpusError(
            f"The speaker pattern '{shown(pattern)}' has {len(pattern):,} characters; it may have up to {LONGEST}. Shorten it."
        )
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise CorpusError(f"The speaker pattern '{pattern}' is not a regular expression ({error}).") from error
    if compiled.groups < 1:
        raise CorpusError(
            f"The speaker pattern '{pattern}' has no group; put what finds the speaker in parentheses, like '^([a-z]+)_'."
        )
    return pattern


def find_speakers(pattern: str, names: Sequence[str]) -> tuple[str | None, ...]:
    """Return the speaker in each name: what the pattern's first group matches, None where the pattern fits nothing.

    Args:
        pattern: a valid one, see `check_pattern`.
        names: of the files, without their endings.

    Raises:
        CorpusError: the pattern fits no name, or takes too long.
    """
    found = _found(pattern, tuple(names))
    if names and not any(found):
        raise CorpusError(
            f"The speaker pattern '{pattern}' fits no file name, for example '{shown(names[0])}'. It must have one group that finds the speaker."
        )
    return found


@lru_cache(maxsize=8)  # a page asks again with each click
def _found(pattern: str, names: tuple[str, ...]) -> tuple[str | None, ...]:
    try:
        searched = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SEARCH], input=json.dumps([pattern, names]), capture_output=True,
            text=True, timeout=_SECONDS, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise CorpusError(
            f"The speaker pattern '{pattern}' takes more than {_SECONDS:.0f} seconds: it can match a name in too many ways. "
            "Leave out repeats within repeats, such as (a+)+."
        ) from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise CorpusError(f"The speaker pattern '{pattern}' could not be searched for ({error}). Try again.") from error
    return tuple(json.loads(searched.stdout))
