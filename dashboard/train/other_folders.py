"""Choose folders of other recordings, which teach a network what to reject."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.shared import remembered
from dashboard.shared.formatting import as_text
from dashboard.shared.recent import offer_recent
from dashboard.shared.state import OTHER_FOLDERS
from data import other_recordings, workspace
from data.errors import EchoicError

_SECONDS = 300  # that a folder is not looked at again


def choose_folders() -> tuple[str, ...] | None:
    """Draw the field and what is found; return the folders, None if one cannot be used."""
    if not workspace.is_local():
        return ()
    remembered.follow(OTHER_FOLDERS.key, str)
    typed = st.text_area(
        "Other recordings", placeholder="/home/me/audiobooks\n/media/usb/noise", key=OTHER_FOLDERS.key, height=68,
        help="Folders on this computer with speech or noise that is none of the words, of any length, one folder per line. "
        "The network learns to reject it. What lies in a folder with noise in its name is noise.",
    )  # fmt: skip
    offer_recent("other_folders", OTHER_FOLDERS.key, _add)
    folders, usable = [], True
    for line in dict.fromkeys(line.strip() for line in typed.splitlines() if line.strip()):
        try:
            st.caption(as_text(f"{Path(line).name}: {_found(line)}"))
            folders.append(str(Path(line).expanduser().absolute()))
        except EchoicError as error:
            st.error(as_text(str(error)), icon=":material/error:")
            usable = False
    return tuple(folders) if usable else None


def _add(folder: str) -> None:
    """Put a folder that was used before into the field."""
    lines = [line.strip() for line in OTHER_FOLDERS.get().splitlines() if line.strip()]
    OTHER_FOLDERS.set("\n".join(dict.fromkeys([*lines, folder])))


@st.cache_data(show_spinner="Reading the recordings …", ttl=_SECONDS, max_entries=8)  # type: ignore[untyped-decorator]
def _found(folder: str) -> str:
    """What a folder holds, one line.

    Raises:
        CorpusError: it is no folder of recordings.
    """
    return str(other_recordings.scan(Path(folder)))
