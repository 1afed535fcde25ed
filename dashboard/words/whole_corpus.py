"""What is done with a whole word or the whole corpus: rename, merge, export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from dashboard.shared.formatting import as_text
from dashboard.shared.state import OWN_ZIP
from dashboard.words.messages import done, shown_word
from data.names import clean_label
from data.own.corpus import OwnCorpus
from data.own.records import Snapshot
from data.phrases import plural


def rename(corpus: OwnCorpus, now: Snapshot, words: Sequence[str]) -> None:
    """Draw the form that renames a word, and says so where that merges it with another."""
    old, new, button = st.columns([2, 2, 1], vertical_alignment="bottom")
    before = old.selectbox("Word", words, format_func=shown_word, key=f"rename_old-{now.version}")
    after = new.text_input("New name", key=f"rename_new-{now.version}", help="The name of another word merges the two.")
    name = clean_label(after) if after.strip() else ""
    there = Counter(clip.label for clip in (*now.clips, *now.noise))
    merges = name in there and name != before
    if button.button(
        "Merge" if merges else "Rename", icon=":material/merge:" if merges else ":material/edit:",
        disabled=name in ("", before), key="rename", width="stretch",
    ):  # fmt: skip
        done(corpus.rename_word(before, after).text)
    if merges:
        st.warning(
            f"There is a word “{as_text(shown_word(name))}” already. Merging gives it the {plural(there[before], 'clip')} of "
            f"“{as_text(shown_word(before))}”: {there[before] + there[name]} together. Undo separates them again.",
            icon=":material/merge:",
        )


def offer_export(corpus: OwnCorpus, now: Snapshot) -> None:
    """Offer the corpus as a zip file."""
    st.caption(
        "A zip in the layout of Speech Commands, with an index of words, speakers and splits. Upload it here or on "
        "another computer to restore the corpus."
    )
    if st.button("Create zip", icon=":material/folder_zip:", key="make-zip"):
        from data.own.export import export
        from data.own.incoming import staging

        with staging() as folder:
            path = folder / "export.zip"
            export(corpus, path)
            OWN_ZIP.set((corpus.name, now.version, path.read_bytes()))
    made = OWN_ZIP.get()
    if made is not None and made[:2] == (corpus.name, now.version):
        st.download_button(
            f"Download ({len(made[2]) / 1e6:.1f} MB)", made[2], f"{corpus.title}.zip", "application/zip",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
