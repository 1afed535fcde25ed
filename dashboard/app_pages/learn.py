"""Learn: a course in scenes, each at an address of its own, what is done of it, and the glossary."""

from __future__ import annotations

import streamlit as st

from dashboard.learn import frame
from dashboard.learn.course import find
from dashboard.shared.feedback import show_errors


def _page() -> None:
    asked = st.query_params.get("term")
    scene = None if asked else find(st.query_params.get("scene"))
    # A link from one scene to another changes the page, but not the address, unless it is set.
    st.query_params.from_dict({"term": asked} if asked else {"scene": scene.slug} if scene else {})
    with show_errors():
        if asked:
            frame.glossary(asked)
        elif scene is None:
            frame.overview()
        else:
            frame.show(scene)


_page()
