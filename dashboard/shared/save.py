"""Save what a page shows: one popover for the page, with its tables and documents and the pictures of its charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.shared.show_chart import DRAWN
from data.names import file_name

_KINDS = {
    ".csv": "text/csv", ".json": "application/json", ".html": "text/html", ".txt": "text/plain", ".svg": "image/svg+xml",
    ".png": "image/png",
}  # fmt: skip


@dataclass(frozen=True)
class Download:
    """A file to save.

    Attributes:
        label: of its button.
        name: of the file; its ending tells the kind.
        content: makes it, once the button is pressed.
        help: what it is for, one sentence.
    """

    label: str
    name: str
    content: Callable[[], bytes | str]
    help: str = ""


def begin() -> DeltaGenerator:
    """Draw the place of the popover, which is filled once the page is drawn; forget the charts drawn before."""
    DRAWN.set({})
    return st.empty()


def offer(place: DeltaGenerator, downloads: Sequence[Download], about: str) -> None:
    """Draw the popover.

    Args:
        place: from `begin`.
        about: what the page shows, for the names of the pictures: a run's id, say.
    """
    drawn = DRAWN.get()
    if not downloads and not drawn:
        return
    with place.popover("Save", icon=":material/save:", help="Save what this page shows."):
        for one in downloads:
            _button(one.label, one.name, one.content, one.help)
        if drawn:
            _offer_pictures(drawn, about)


def table(label: str, name: str, rows: Callable[[], Sequence[dict[str, Any]]], help: str = "") -> tuple[Download, ...]:
    """A table as CSV for spreadsheets and as JSON for programs.

    Args:
        label: what it holds.
        name: of the file, without its ending.
        rows: makes its rows, each with the same keys.
    """
    from audio_models.report.rows import as_csv, as_json

    return (
        Download(f"{label}, CSV", f"{name}.csv", lambda: as_csv(rows()), help or "A table for spreadsheets."),
        Download(f"{label}, JSON", f"{name}.json", lambda: as_json(rows()), help or "For programs."),
    )


def _offer_pictures(drawn: dict[str, Any], about: str) -> None:
    """Draw the choice of a chart, and a button for each format."""

    def svg() -> str:
        from audio_models.report import pictures

        return pictures.svg(drawn[title])

    def png() -> bytes:
        from audio_models.report import pictures

        return pictures.png(drawn[title])

    title = st.selectbox("Chart", list(drawn), key="saved_chart")
    name = file_name(f"{title}-{about}".lower().replace(" ", "-"))
    with st.container(horizontal=True):
        _button("SVG", f"{name}.svg", svg, "Sharp at any size, for documents.")
        _button("PNG", f"{name}.png", png, "A picture for slides and messages.")


def _button(label: str, name: str, content: Callable[[], bytes | str], help: str) -> None:
    st.download_button(
        label, content, name, _KINDS[PurePath(name).suffix], icon=":material/download:", type="tertiary",
        on_click="ignore", help=help, key=f"save-{label}-{name}",
    )  # fmt: skip
