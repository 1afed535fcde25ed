"""Learn: a course in eight scenes, each at an address of its own, and what is done of it."""

from __future__ import annotations

import streamlit as st

from dashboard.learn import frame
from dashboard.learn.course import find
from dashboard.shared.feedback import show_errors


def _page() -> None:
    scene = find(st.query_params.get("scene"))
    # A link from one scene to another changes the page, but not the address, unless it is set.
    st.query_params.from_dict({} if scene is None else {"scene": scene.slug})
    with show_errors():
        if scene is None:
            frame.overview()
        else:
            frame.show(scene)


_page()
