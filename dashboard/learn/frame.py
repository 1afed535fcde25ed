"""The frame of the course: its overview, the row of scenes, the way from one to the next."""

from __future__ import annotations

import contextlib

import streamlit as st

from dashboard.learn import progress
from dashboard.learn.course import SCENES, Scene
from dashboard.shared.feedback import show_errors

_PAGE = "app_pages/learn.py"
# Every link of the course leads to the page that is open, so Streamlit marks all of them.
_STYLE = """<style>
.st-key-learn_scenes a { background: transparent; }
.st-key-learn_scenes a p { font-weight: 400; }
.st-key-learn_scenes .st-key-learn_here a { background: color-mix(in srgb, #1b6ca8 22%, transparent); }
.st-key-learn_scenes .st-key-learn_here a p { font-weight: 700; }
</style>"""


def overview() -> None:
    """Draw what the course is, its scenes, and what is done."""
    st.title("Learn")
    known = progress.read()
    done = [scene for scene in SCENES if known.of(scene.slug).done]
    minutes = sum(scene.minutes for scene in SCENES)
    st.markdown(
        "Recurrent networks in eight scenes. Each is one screen: guess first, then see it on a real network, then change it "
        "yourself. All of them take about "
        f"{minutes} minutes; each has an address of its own that a teacher can hand out."
    )
    st.progress(len(done) / len(SCENES), f"{len(done)} of {len(SCENES)} scenes done")
    for number, scene in enumerate(SCENES, 1):
        _row(number, scene, known.of(scene.slug))
    if known.scenes and st.button("Start over", icon=":material/restart_alt:", type="tertiary", key="learn_forget"):
        progress.forget()
        st.rerun()


def _row(number: int, scene: Scene, known: progress.SceneProgress) -> None:
    link, idea, state = st.columns([4, 6, 2], vertical_alignment="center")
    with link:
        _link(scene, f"{number}. {scene.title}")
    idea.markdown(scene.idea)
    state.caption(":material/task_alt: done" if known.done else f"{scene.minutes} min")


def show(scene: Scene) -> None:
    """Draw a scene below the row of all scenes."""
    known = progress.read()
    st.html(_STYLE)
    with st.container(horizontal=True, key="learn_scenes", gap="xsmall"):
        st.page_link(_PAGE, label="Course", icon=":material/school:")
        for number, one in enumerate(SCENES, 1):
            icon = ":material/task_alt:" if known.of(one.slug).done else None
            with st.container(key="learn_here", width="content") if one == scene else contextlib.nullcontext():
                _link(one, f"{number} {one.name}", icon)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(scene.title, anchor=False, width="content")
        after = SCENES[SCENES.index(scene) + 1 :]
        if after:
            _link(after[0], f"Next: {after[0].title} :material/arrow_forward:")
    st.fragment(_guarded)(scene)


def _guarded(scene: Scene) -> None:
    with show_errors():
        scene.draw()


def _link(scene: Scene, label: str, icon: str | None = None) -> None:
    st.page_link(_PAGE, label=label, icon=icon, query_params={"scene": scene.slug})
