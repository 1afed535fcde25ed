"""Files being added to a corpus, announced before they are written: what a killed process leaves can be found again."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from data.process_identity import identity_of

_PREFIX = ".adding-"


@contextlib.contextmanager
def announced(corpus: Path, files: Sequence[str]) -> Iterator[None]:
    """Announce the names of files that the block writes into `clips/`; the block removes those that it gives up.

    Raises:
        OSError: the folder of the corpus cannot be written to.
    """
    note = corpus / f"{_PREFIX}{secrets.token_hex(8)}.json"
    note.write_text(json.dumps({"process": [os.getpid(), identity_of(os.getpid())], "files": list(files)}))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            note.unlink()


def abandoned(corpus: Path, named: Callable[[], Collection[str]]) -> int:
    """Remove what processes that are gone had announced and no clip names.

    Args:
        named: reads the names of all clips' files; called once a process is known to be gone.

    Returns:
        the number of files removed from `clips/`.
    """
    removed = 0
    for note in corpus.glob(f"{_PREFIX}*.json"):
        try:
            written = json.loads(note.read_text())
            (pid, identity), files = written["process"], [Path(str(name)).name for name in written["files"]]
            if identity and identity == identity_of(int(pid)):
                continue
        except (ValueError, TypeError, LookupError):  # killed while it was written: nothing had been added yet
            files = []
        except OSError:  # it has just ended by itself
            continue
        for name in set(files) - set(named()):
            with contextlib.suppress(OSError):
                (corpus / "clips" / name).unlink()
                removed += 1
        note.unlink(missing_ok=True)
    return removed
