"""The frame of the course: its overview, the row of scenes, the way from one to the next, links to hand out, the glossary."""

from __future__ import annotations

import contextlib

import streamlit as st

from dashboard.learn import progress
from dashboard.learn.course import SCENES, Scene
from dashboard.shared.address import link_to
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.glossary import TERMS, slug

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
    done = sum(known.of(scene.slug).done for scene in SCENES)
    minutes = sum(scene.minutes for scene in SCENES)
    st.markdown(
        f"How recurrent networks remember, in {len(SCENES)} scenes of one screen each, about {minutes} minutes in all. In each, you "
        "guess first, then see it happen in a real network, then change something and solve a small task."
    )
    after = next((scene for scene in SCENES if not known.of(scene.slug).done), SCENES[0])
    begin, bar = st.columns([3, 9], vertical_alignment="center")
    if begin.button(
        "Continue" if known.scenes else "Begin", type="primary", icon=":material/play_arrow:", key="learn_go"
    ):
        st.switch_page(_PAGE, query_params={"scene": after.slug})
    bar.progress(done / len(SCENES), f"{done} of {len(SCENES)} scenes done")
    for number, scene in enumerate(SCENES, 1):
        _row(number, scene, known.of(scene.slug))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(_PAGE, label="Glossary", icon=":material/menu_book:", query_params={"term": "all"})
        with st.popover("For teachers", icon=":material/groups:"):
            st.markdown("Links to the scenes, to hand out. Lesson plans of 45 and 90 minutes: `docs/lesson.md`.")
            st.code("\n".join(_address(scene) for scene in SCENES), language=None)
        if known.scenes and st.button("Start over", icon=":material/restart_alt:", type="tertiary", key="learn_forget"):
            progress.forget()
            st.rerun()


def _row(number: int, scene: Scene, known: progress.SceneProgress) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width=340):
            _link(scene, f"{number}. {scene.title}")
        with st.container(width=700):
            st.markdown(f"{_state(scene, known)} · {scene.idea}")


def _state(scene: Scene, known: progress.SceneProgress) -> str:
    if known.done:
        return ":green[:material/task_alt: done]"
    if known.guess is not None:
        return ":material/pending: begun"
    return f":material/schedule: {scene.minutes} min"


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
        st.page_link(_PAGE, label="Glossary", icon=":material/menu_book:", query_params={"term": "all"})
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.subheader(scene.title, anchor=False, width="content")
        with st.popover("Link", icon=":material/link:", type="tertiary"):
            st.markdown("The address of this scene, to hand out:")
            st.code(_address(scene), language=None)
        after = SCENES[SCENES.index(scene) + 1 :]
        if after:
            _link(after[0], f"Next: {after[0].title} :material/arrow_forward:")
    st.fragment(_guarded)(scene)


def glossary(asked: str) -> None:
    """Draw all terms, the one that was asked for first."""
    st.title("Glossary")
    st.page_link(_PAGE, label="Course", icon=":material/school:")
    chosen = next((name for name in TERMS if slug(name) == asked), None)
    if chosen:
        st.info(f"**{as_text(chosen)}**  \n{as_text(TERMS[chosen])}", icon=":material/menu_book:")
    elif asked != "all":
        st.warning(f"The glossary has no term “{as_text(asked[:100])}”.", icon=":material/link_off:")
    left, right = st.columns(2, gap="large")
    names = sorted(TERMS, key=str.lower)
    half = (len(names) + 1) // 2
    for column, part in ((left, names[:half]), (right, names[half:])):
        column.markdown("\n\n".join(f"**{as_text(name)}**: {as_text(TERMS[name])}" for name in part))


def _guarded(scene: Scene) -> None:
    with show_errors():
        scene.draw()


def _link(scene: Scene, label: str, icon: str | None = None) -> None:
    st.page_link(_PAGE, label=label, icon=icon, query_params={"scene": scene.slug})


def _address(scene: Scene) -> str:
    """The whole address of a scene on this server."""
    here = st.context.url or ""
    return here.split("?")[0].removesuffix("/").removesuffix("/learn") + link_to("learn", scene=scene.slug)
