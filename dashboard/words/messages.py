"""What the sections of Your words say alike: the name of a word, and what was done."""

from __future__ import annotations

import streamlit as st

from dashboard.shared.state import OWN_MESSAGE
from data.corpus import BACKGROUND_NOISE


def shown_word(label: str) -> str:
    """Return a label as the page calls it."""
    return "background noise" if label == BACKGROUND_NOISE else label


def done(text: str) -> None:
    """Draw the page again, with a message that says what was done."""
    OWN_MESSAGE.set(text)
    st.rerun()
