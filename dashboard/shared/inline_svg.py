"""Show an SVG in the colours of the page; `st.image` would not follow the dark theme."""

from __future__ import annotations

from typing import Any

import streamlit as st

_CODE = """
export default function ({ data, parentElement }) {
  parentElement.querySelector("div").innerHTML = data.svg;
}
"""
_STYLE = "div { overflow-x: auto; color: var(--st-text-color); } svg { display: block; width: 100%; max-width: 1100px; min-width: 640px; height: auto; }"


def show(svg: str, key: str) -> None:
    """Draw an SVG. It must be trusted: every text in it is escaped."""
    _component()(data={"svg": svg}, key=key)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    return st.components.v2.component("echoic_picture", html="<div></div>", css=_STYLE, js=_CODE)
