"""Your words: record or upload clips of your own, review them, and teach a network to recognise them."""

from __future__ import annotations

import streamlit as st

from dashboard.shared import address, remembered
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.state import CLIPS_VIEW, OWN_CHOICE, OWN_CORPUS, OWN_ERROR, OWN_MESSAGE, OWN_NEXT
from dashboard.words import clips, drafts, overview, record, sound_map, teach, upload
from data import workspace
from data.own import corpus as own_corpus
from data.own.corpus import OwnCorpus
from data.phrases import plural

_FIRST_NAME = "My words"
_SECTIONS = {
    "Record": (":material/mic:", record.show),
    "Upload": (":material/upload:", lambda corpus, _: upload.show(corpus)),
    "Clips": (":material/library_music:", clips.show),
    "Map": (":material/scatter_plot:", sound_map.show),
    "Teach": (":material/school:", teach.show),
}


def _begin() -> None:
    """Ask for the first corpus: one field and one button."""
    st.markdown(
        "Pick three words, record each ten times, and press Teach: five minutes to a network that recognises them. "
        + ("Everything stays on this computer." if workspace.is_local() else "")
    )
    with st.form("first_corpus", border=False):
        name, button = st.columns([3, 1], vertical_alignment="bottom")
        typed = name.text_input("Name of your corpus", value=_FIRST_NAME, max_chars=60)
        if button.form_submit_button("Begin", type="primary", icon=":material/arrow_forward:", width="stretch"):
            _create(typed)


def _create(name: str) -> None:
    with show_errors():
        OWN_NEXT.set(own_corpus.create(name).title)
        st.rerun()


def _choose(names: list[str]) -> OwnCorpus:
    box, more = st.columns([4, 1], vertical_alignment="bottom")
    address.follow("corpus", OWN_CHOICE.key, names)
    # Streamlit drops a widget's value when another page opens, so the choice is stored twice
    remembered.follow(OWN_CORPUS.key, str, names)
    wanted = OWN_NEXT.pop() or OWN_CHOICE.get() or OWN_CORPUS.get()
    OWN_CHOICE.set(wanted if wanted in names else names[0])
    name = box.selectbox("Corpus", names, key=OWN_CHOICE.key)
    if OWN_CORPUS.get() not in (None, name):
        upload.forget()
        record.forget()
    OWN_CORPUS.set(name)
    corpus = OwnCorpus(name)
    with more.popover("More", icon=":material/more_horiz:", width="stretch"):
        typed = st.text_input("New corpus", placeholder="name", max_chars=60, key="new_corpus_name")
        if st.button("Create", type="primary", key="create-corpus"):
            _create(typed)
        st.divider()
        st.caption("Deleted clips stay on the disk for Undo. This removes them for good.")
        if st.button("Remove deleted clips", icon=":material/delete_sweep:", key="purge"):
            removed = corpus.purge()
            OWN_MESSAGE.set(
                f"{plural(removed, 'clip')} removed from the disk." if removed else "There are no deleted clips."
            )
            st.rerun()
        st.divider()
        sure = st.toggle(f"Delete “{as_text(name)}” and all its clips for good", key=f"sure-{name}")
        if st.button("Delete corpus", icon=":material/delete:", key="delete-corpus", disabled=not sure):
            own_corpus.delete(name)
            st.rerun()
    return corpus


def _page() -> None:
    st.title("Teach it your own words")
    with show_errors():
        names = own_corpus.listing()
        if not names:
            address.follow("corpus", OWN_CHOICE.key, names)  # says that a link's is not here
            _begin()
            return
        corpus = _choose(names)
        now = corpus.snapshot()
        overview.show(corpus, now, key="U" if CLIPS_VIEW.get() == clips.ONE_BY_ONE else None)
        if message := OWN_MESSAGE.pop():
            st.success(as_text(message), icon=":material/check:")
        if error := OWN_ERROR.pop():
            st.error(as_text(error), icon=":material/error:")
        address.follow("section", "own_section", list(_SECTIONS))
        section = st.segmented_control(
            "Section", list(_SECTIONS), default="Record", required=True, key="own_section", label_visibility="collapsed",
            format_func=lambda one: f"{_SECTIONS[one][0]} {one}",
        )  # fmt: skip
        drafts.follow_address()
        _SECTIONS[section or "Record"][1](corpus, now)
        drafts.say_address()


_page()
