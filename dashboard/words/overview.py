"""What a corpus of the user's own holds, in one line, beside a button that undoes the last change."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from dashboard.shared.formatting import as_text
from dashboard.shared.state import OWN_ERROR, OWN_MESSAGE
from dashboard.words import review
from data.errors import EchoicError
from data.own.corpus import OwnCorpus
from data.own.records import Snapshot
from data.phrases import plural


def show(corpus: OwnCorpus, now: Snapshot, *, key: str | None = None) -> None:
    """Draw the line.

    Args:
        key: on the keyboard that undoes the last change.
    """
    clips, noise = now.clips, now.noise
    counts = Counter(clip.label for clip in clips)
    shown = ", ".join(f"**{as_text(label)}** {count}" for label, count in counts.most_common(12))
    if len(counts) > 12:
        shown += f" and {len(counts) - 12} more"
    if not clips and not noise:
        text = "No clips yet."
    else:
        speakers = {clip.speaker for clip in clips if clip.speaker}
        more = [plural(len(speakers), "speaker")] if speakers else []
        more += [f"{sum(clip.seconds for clip in noise):.0f} s of background noise"] if noise else []
        text = f"{shown or 'No words yet'}{' · ' + ', '.join(more) if more else ''}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(text, width="stretch")
        if (change := now.last_change) is not None:
            st.button(
                "Undo", icon=":material/undo:", help=as_text(change.text), key="undo", shortcut=key,
                on_click=_undo, args=(corpus, change.number),
            )  # fmt: skip


def _undo(corpus: OwnCorpus, number: int) -> None:
    """Undo the change that the button named, whatever another tab has done since it was drawn."""
    try:
        text = corpus.undo(number).text
    except EchoicError as error:
        OWN_ERROR.set(str(error))
        return
    if not review.undone(number, text):
        OWN_MESSAGE.set(text)
