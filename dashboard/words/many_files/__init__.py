"""Folders and many files at once for Streamlit's upload box: the browser sends them as one tar file.

The box redraws all its files whenever one of them arrives: 2,000 files froze the tab for more than five minutes.
`many_files.js` packs them where they are chosen; `unpack` takes them out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from data import workspace
from data.corpus import Report, no_progress
from data.own import incoming
from data.own.layouts import Entry

MOST_FILES = 50
"""Files chosen together that reach the box one by one; more arrive as one tar file."""

ENDING = ".echoic.tar"

_PART_BYTES = 900_000_000  # of a tar file; .streamlit/config.toml accepts 1,000 MB
_FOLDER = workspace.PROJECT / "dashboard" / "words" / "many_files"


def listen(box: str) -> None:
    """Pack what is chosen or dropped on the upload boxes of this page.

    Args:
        box: key of the upload box that takes the tar file.
    """
    data = {
        "box": box, "most_files": MOST_FILES, "part_bytes": _PART_BYTES, "ending": ENDING,
        "archives": incoming.ARCHIVES,
    }  # fmt: skip
    _component()(data=data, key="many-files")


def unpack(files: Sequence[Entry], staging: Path, report: Report = no_progress) -> list[Entry]:
    """Replace each tar file that the browser packed by its files.

    Raises:
        CorpusError, WorkspaceError, Cancelled: see `incoming.unpack_files`.
    """
    found: list[Entry] = []
    for name, path in files:
        found += incoming.unpack_files(path, staging, name, report) if name.endswith(ENDING) else [(name, path)]
    return found


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    js = (_FOLDER / "many_files.js").read_text(encoding="utf-8")
    return st.components.v2.component("echoic_many_files", js=js)
