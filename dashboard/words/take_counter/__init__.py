"""The takes heard so far, counted in the browser while the recorder records."""

from __future__ import annotations

from typing import Any

import streamlit as st

from audio_models.features import segments
from data import workspace

_FOLDER = workspace.PROJECT / "dashboard" / "words" / "take_counter"
_CSS = """
.takes { font-family: var(--st-font, system-ui, sans-serif); color: var(--st-text-color, #1c2326); font-variant-numeric: tabular-nums; }
.takes.on { font-weight: 600; }
.takes:empty { display: none; }
"""


def show() -> None:
    """Draw the counter; it is empty until something is recorded."""
    _component()(data={"rule": segments.RULE}, key="take-counter")


def source() -> str:
    """The script."""
    return (_FOLDER / "counter.js").read_text(encoding="utf-8")


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    return st.components.v2.component("echoic_takes", html='<div class="takes"></div>', css=_CSS, js=source())
