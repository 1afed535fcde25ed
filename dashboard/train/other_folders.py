"""Choose folders of other recordings, which teach a network what to reject."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.shared.formatting import as_text
from dashboard.shared.state import LAST_OTHER_FOLDERS, OTHER_FOLDERS
from data import other_recordings
from data.errors import EchoicError

_SECONDS = 300  # that a folder is not looked at again


def choose_folders() -> tuple[str, ...] | None:
    """Draw the field and what is found; return the folders, None if one cannot be used."""
    OTHER_FOLDERS.start_with(LAST_OTHER_FOLDERS.get())
    typed = st.text_area(
        "Other recordings", placeholder="/home/me/audiobooks\n/media/usb/noise", key=OTHER_FOLDERS.key, height=68,
        on_change=lambda: LAST_OTHER_FOLDERS.set(OTHER_FOLDERS.get()),
        help="Folders on this computer with speech or noise that is none of the words, of any length, one folder per line. "
        "The network learns to reject it. What lies in a folder with noise in its name is noise.",
    )  # fmt: skip
    folders, usable = [], True
    for line in dict.fromkeys(line.strip() for line in typed.splitlines() if line.strip()):
        try:
            st.caption(as_text(f"{Path(line).name}: {_found(line)}"))
            folders.append(str(Path(line).expanduser().absolute()))
        except EchoicError as error:
            st.error(as_text(str(error)), icon=":material/error:")
            usable = False
    return tuple(folders) if usable else None


@st.cache_data(show_spinner="Reading the recordings …", ttl=_SECONDS, max_entries=8)  # type: ignore[untyped-decorator]
def _found(folder: str) -> str:
    """What a folder holds, one line.

    Raises:
        CorpusError: it is no folder of recordings.
    """
    return str(other_recordings.scan(Path(folder)))
