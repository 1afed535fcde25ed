"""A button that copies the address of the page as it is shown, down to the frame at the cursor."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data import workspace

_FOLDER = workspace.PROJECT / "dashboard" / "shared" / "copy_link"


def copy_link() -> None:
    """Draw the button; the server has no part in a click."""
    _component()(data={}, key="copy-link")


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    js, css = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("copy_link.js", "copy_link.css"))
    html = '<button type="button">Copy link</button> <span role="status"></span>'
    return st.components.v2.component("echoic_copy_link", html=html, css=css, js=js)
