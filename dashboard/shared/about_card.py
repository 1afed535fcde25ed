"""The card of a user's own corpus or model: shown where it stands, and filled in by a small form that nobody must open."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from audio_models.jobs.runs import Run
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text, without_images
from data import card
from data.card import Card
from data.corpus import CorpusReference
from data.own.corpus import OWN_PREFIX, OwnCorpus

_LONG = ("consent", "notes")  # entries with several lines


def about_model(run: Run) -> None:
    """Draw the model card of a bundled network; of a user's own what its maker says, and the form."""
    draw_model_card(run)
    if not run.is_bundled:
        with show_errors():
            found = run.about
            show(found)
            edit(run.id, found, run.write_about, "model")


def draw_model_card(run: Run) -> None:
    """Draw the model card, if there is one; it may come from anybody."""
    if run.card:
        st.markdown(without_images(run.card))


def about_corpus(reference: CorpusReference, *, can_edit: bool = False) -> None:
    """Draw what the maker of a user's own corpus says about it, in one line where it cannot be changed; nothing of another."""
    if reference.name.startswith(OWN_PREFIX):
        with show_errors():
            corpus = OwnCorpus(reference.name.removeprefix(OWN_PREFIX))
            found = corpus.card
            if can_edit:
                show(found)
                edit(corpus.name, found, corpus.write_card, "corpus")
            elif found:
                st.caption(" · ".join(f"**{title}**: {as_text(text)}" for title, text in found.entries.items()))


def show(found: Card) -> None:
    """Draw what is filled in."""
    for title, text in found.entries.items():
        st.markdown(f"**{title}**: {as_text(text)}")


def edit(key: str, found: Card, store: Callable[[Card], None], what: str) -> None:
    """Draw a button that opens the form.

    Args:
        key: of the corpus or the run.
        found: the card now.
        store: keeps the changed one; raises `EchoicError` if it cannot.
        what: "corpus" or "model".
    """
    label = "Change" if found else f"Describe this {what}"
    if st.button(label, icon=":material/edit_note:", type="tertiary", key=f"card-{key}"):
        _dialog(key, found, store, what)


@st.dialog("Who made it, and what others may do with it", icon=":material/edit_note:")  # type: ignore[untyped-decorator]
def _dialog(key: str, found: Card, store: Callable[[Card], None], what: str) -> None:
    form(key, found, store, what)


def form(key: str, found: Card, store: Callable[[Card], None], what: str) -> None:
    """Draw the form; see `edit`."""
    with st.form(f"card-form-{key}", border=False):
        typed = {}
        for one in card.rows(found):
            draw = st.text_area if one.name in _LONG else st.text_input
            typed[one.name] = draw(
                one.title, one.text, max_chars=card.LONGEST, placeholder=one.help, key=f"card-{key}-{one.name}"
            )
        st.caption(f"Every entry may stay empty. They are stored with the {what} and travel with its exports.")
        if st.form_submit_button("Save", type="primary", icon=":material/check:"):
            with show_errors():
                store(Card(**typed))
                st.rerun()
