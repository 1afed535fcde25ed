"""Map: every clip a point, near those that a network hears alike; click one, hear it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.players import play
from dashboard.words import charts as words_charts
from dashboard.words import embeddings
from data.own.corpus import OwnCorpus

_FEWEST = 3


def show(corpus: OwnCorpus) -> None:
    """Draw the section."""
    if len(corpus.clips()) < _FEWEST:
        st.caption("A map needs a few clips: record or upload some first.")
        return
    with show_errors():
        heard = embeddings.hear(corpus)
        by = st.segmented_control("Colour by", ["word", "speaker"], default="word", required=True, key="map_colour")
        table = pd.DataFrame(
            {
                "x": heard.points[:, 0],
                "y": heard.points[:, 1],
                "word": [clip.label for clip in heard.clips],
                "speaker": [clip.speaker or "not known" for clip in heard.clips],
                "came as": [clip.original for clip in heard.clips],
                "id": [clip.id for clip in heard.clips],
            }
        )
        picture, side = st.columns([3, 1])
        with picture:
            event = st.altair_chart(
                words_charts.sound_map(table, by or "word"), on_select="rerun", key=f"map-{corpus.version}-{by}"
            )
        with side:
            chosen = {str(row["id"]) for row in event.selection.get("clip", [])} if event.selection else set()
            picked = [clip for clip in heard.clips if clip.id in chosen]
            if not picked:
                st.caption("Click a point to hear it.")
            for clip in picked[:4]:
                st.markdown(f"**{as_text(clip.label)}** · {as_text(clip.speaker or 'speaker not known')}")
                st.caption(as_text(clip.original))
                play(embeddings.as_clip(clip))
        from audio_models.own_words.corpus_map import agreement

        alike = agreement(heard.points, [clip.label for clip in heard.clips]).mean()
        st.caption(
            f"Of each clip's neighbours {alike:.0%} are of its own word. Placed by what the network “{embeddings.LISTENER}” hears: neighbours sound alike to it, whatever word they are filed under. "
            "Words that make clumps of their own are easy to tell apart; a point in a foreign clump may have the wrong word. "
            "The axes mean nothing."
        )
