"""A drawing of ours, in the colours of the page: Streamlit's own image would not follow a dark theme."""

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
    """Put an SVG on the page; it must be trusted, every text in it escaped."""
    _component()(data={"svg": svg}, key=key)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    return st.components.v2.component("echoic_picture", html="<div></div>", css=_STYLE, js=_CODE)
