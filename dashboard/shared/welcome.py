"""What Echoic is, and the three things one can do: on the first page, until it is not news any more."""

from __future__ import annotations

import streamlit as st

from audio_models.jobs import runs
from dashboard.shared import remembered
from dashboard.shared.address import page_link
from dashboard.shared.state import WELCOME
from data.own import corpus as own_corpus


def welcome() -> None:
    """Greet a newcomer; somebody with a network or clips of their own, or an answer, has seen it before."""
    if WELCOME.get() is None:  # decided once for a tab: it must not vanish under the mouse
        WELCOME.set(not (remembered.load().welcomed or runs.listing() or own_corpus.listing()))
    if not WELCOME.get():
        return
    with st.container(border=True, key="welcome-box", gap="small"):
        st.markdown(
            "Echoic trains small networks that recognise spoken words and other sounds, and shows how they do it."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(":material/mic: **Try a word** below", width="content")
            page_link("words", "Teach it your own words", ":material/record_voice_over:")
            page_link("learn", "Understand how it works", ":material/school:")
            st.button("Close", type="tertiary", icon=":material/close:", key="close-welcome", on_click=_close)


def not_news() -> None:
    """Remember that the user has had an answer: the next visit begins without the greeting."""
    if WELCOME.get():
        remembered.keep(welcomed=True)


def _close() -> None:
    WELCOME.set(False)
    remembered.keep(welcomed=True)
