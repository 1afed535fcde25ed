"""Offer the folders and recordings that were used before, and forget one on request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.shared import remembered
from dashboard.shared.formatting import as_text
from dashboard.shared.remembered import RecentKind
from dashboard.shared.state import RECENT_OPEN
from data.corpus import CorpusReference


def offer_recent(kind: RecentKind, key: str, choose: Callable[[Any], None]) -> None:
    """Draw a list that opens on a click; nothing if there is nothing to offer.

    Args:
        key: of the field that it fills.
        choose: gives the one that is chosen to that field; a callback, so it may set widgets.
    """
    known = remembered.recent(kind)
    if not known:
        return
    is_open = RECENT_OPEN.of(key)

    def take(one: Any) -> None:
        is_open.set(False)
        choose(one)

    with st.popover("Used before", icon=":material/history:", type="tertiary", key=is_open.key, on_change="rerun"):
        for number, one in enumerate(known):
            path = one.name if isinstance(one, CorpusReference) else one
            row = st.container(  # columns would lie below each other on a phone
                horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", wrap=False
            )
            row.button(
                as_text(_short(path)), type="tertiary", help=as_text(path), key=f"{key}-recent-{number}",
                on_click=take, args=(one,),
            )  # fmt: skip
            row.button(
                "", icon=":material/close:", type="tertiary", help=f"Forget {as_text(path)}", key=f"{key}-forget-{number}",
                on_click=remembered.forget, args=(kind, one),
            )  # fmt: skip


def _short(path: str) -> str:
    """The last parts of a path, which tell it from others."""
    parts = Path(path).parts
    return path if len(parts) <= 3 else str(Path("…", *parts[-2:]))
