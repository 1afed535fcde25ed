"""Map: one point per clip, near those with similar embeddings; click a point to play its clip."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.players import play
from dashboard.shared.show_chart import show_chart
from dashboard.words import charts as words_charts
from dashboard.words import embeddings
from data.own.corpus import OwnCorpus
from data.own.records import Snapshot
from data.phrases import isolated, percent

_FEWEST = 3


def show(corpus: OwnCorpus, now: Snapshot) -> None:
    """Draw the section."""
    if len(now.clips) < _FEWEST:
        st.caption(f"Record or upload at least {_FEWEST} clips to see a map.")
        return
    with show_errors():
        found = embeddings.compute(corpus, now)
        points = embeddings.places(found)
        by = st.segmented_control(
            "Colour by", ["word", "speaker"], default="word", required=True, key="map_colour", persist_state="session"
        )
        table = pd.DataFrame(
            {
                "x": points[:, 0],
                "y": points[:, 1],
                "word": [clip.label for clip in found.clips],
                "speaker": [clip.speaker or "unknown" for clip in found.clips],
                "file": [clip.original for clip in found.clips],
                "id": [clip.id for clip in found.clips],
            }
        )
        picture, player = st.columns([3, 1])
        with picture:
            said = "A map of all clips: those that sound alike to the network lie close together."
            event = show_chart(
                words_charts.sound_map(table, by or "word"), said, on_select="rerun", key=f"map-{now.version}-{by}"
            )
        with player:
            chosen = {str(row["id"]) for row in event.selection.get("clip", [])} if event.selection else set()
            picked = [clip for clip in found.clips if clip.id in chosen]
            if not picked:
                st.caption("Click a point to play its clip.")
                by_id = {clip.id: clip for clip in found.clips}
                named = st.selectbox(
                    "… or choose it", list(by_id), index=None, placeholder="clip", key=f"map-clip-{now.version}",
                    format_func=lambda one: isolated(f"{by_id[one].label} · {by_id[one].original or by_id[one].source}"),
                )  # fmt: skip
                picked = [by_id[named]] if named else []
            for clip in picked[:4]:
                st.markdown(f"**{as_text(clip.label)}** · {as_text(clip.speaker or 'unknown speaker')}")
                st.caption(as_text(clip.original))
                play(embeddings.as_clip(clip))
        from audio_models.own_words.corpus_map import agreement

        share = agreement(points, [clip.label for clip in found.clips]).mean()
        st.caption(
            f"{percent(share, 0)} of each clip's nearest neighbours are the same word. Clips that sound alike to the network "
            f"“{embeddings.LISTENER}” lie close together; one in another word's cluster may be mislabelled."
        )
