"""Show an SVG in the colours of the page; `st.image` would not follow the dark theme."""

from __future__ import annotations

from typing import Any

import streamlit as st

_CODE = """
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector("div");
  const draw = () => {
    const narrow = Boolean(data.narrow) && place.clientWidth < 600;
    if (place.dataset.drawn === `${narrow}`) return;
    place.dataset.drawn = narrow;
    place.className = narrow ? "narrow" : "";
    place.innerHTML = narrow ? data.narrow : data.svg;
    if (narrow) place.querySelector("svg").removeAttribute("width"); // so it is as wide as the page
  };
  delete place.dataset.drawn; // another picture in the same place
  const watch = new ResizeObserver(draw);
  watch.observe(place);
  draw();
  return () => watch.disconnect();
}
"""
_STYLE = "div { overflow-x: auto; color: var(--st-text-color); } svg { display: block; width: 100%; max-width: 1100px; min-width: 640px; height: auto; } .narrow svg { min-width: 0; }"


def show(svg: str, key: str, narrow: str = "") -> None:
    """Draw an SVG. It must be trusted: every text in it is escaped.

    Args:
        narrow: what to draw instead where there is little room, as on a phone.
    """
    _component()(data={"svg": svg, "narrow": narrow}, key=key)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    return st.components.v2.component("echoic_picture", html="<div></div>", css=_STYLE, js=_CODE)
