"""Data: load a corpus; look at its words, speakers and splits; play its clips."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.shared import address, charts
from dashboard.shared.about_card import about_corpus
from dashboard.shared.choose_corpus import choose_corpus, loaded_index
from dashboard.shared.feedback import ProgressBar, show_errors
from dashboard.shared.formatting import as_text, table_height
from dashboard.shared.glossary import TERMS
from dashboard.shared.parameters import TAB
from dashboard.shared.players import play
from dashboard.shared.rows import in_rows
from dashboard.shared.show_chart import show_chart
from dashboard.shared.state import DATA_CLIPS_PAGE
from dashboard.shared.this_computer import check_computer
from data import catalogue, workspace
from data.card import Card
from data.corpus import SPLITS, Corpus, CorpusReference, Index
from data.own.corpus import OwnCorpus
from data.phrases import plural

_PLAYERS = 6
_TABLE_ROWS = 11  # visible without scrolling


def _describe(corpus: Corpus) -> None:
    description = corpus.description
    st.markdown(description.holds)
    own = corpus.card if isinstance(corpus, OwnCorpus) else Card()
    with st.expander("Licence, citation, speakers, splits"):
        for title, text in (
            ("Speakers", description.speakers),
            ("Splits", description.splits),
            ("Size", description.size),
            ("Licence", description.licence),
            ("Citation", description.citation),
            ("Homepage", description.homepage),
        ):
            if text and title not in own.entries:
                st.markdown(f"**{title}**: {text}")
        about_corpus(CorpusReference(corpus.name), can_edit=True)


def _load(corpus: Corpus) -> None:
    """Load on a click, as it may take gigabytes; loading can be stopped and resumed."""
    st.info(f"Not on this computer yet: {corpus.description.size}.", icon=":material/download:")
    if not st.button("Load", type="primary", icon=":material/download:"):
        return
    st.button("Stop", icon=":material/stop:", help="Press Load again to continue from here.")
    bar = ProgressBar()
    with show_errors():
        corpus.load(bar.report)
        st.rerun()


def _own_words(corpus: Corpus) -> None:
    with st.form("own_words", border=False):
        text, button = st.columns([4, 1], vertical_alignment="bottom")
        typed = text.text_input(
            "Other words",
            placeholder="lamp, music, door",
            help="The synthesiser speaks any word in 100 voices. Separate words with commas.",
        )
        if not button.form_submit_button("Add", icon=":material/add:", width="stretch"):
            return
    words = [word.strip() for word in typed.split(",") if word.strip()]
    if not words:
        st.warning("Type at least one word.", icon=":material/edit:")
        return
    bar = ProgressBar()
    with show_errors():
        catalogue.open_corpus(corpus.name, words=words).load(bar.report)
        st.rerun()


def _overview(index: Index) -> None:
    splits = {split: sum(clip.split == split for clip in index.clips) for split in SPLITS}
    speakers = {clip.speaker for clip in index.clips if clip.speaker is not None}
    seconds = sum(clip.seconds for clip in index.clips)
    with st.container(horizontal=True, gap="medium"):
        st.metric("clips", f"{len(index.clips):,}", width="content")
        st.metric("words", len(index.labels), width="content")
        st.metric("speakers", len(speakers) if index.speakers_known else "unknown", width="content")
        st.metric("length", _length(seconds), width="content")
    counts = ", ".join(f"{count:,} {split}" for split, count in splits.items())
    st.markdown(f"**Splits**: {counts}. {as_text(index.split_rule)}")
    if index.copies.clips:
        st.info(str(index.copies), icon=":material/content_copy:")
    if index.speaker_disjoint is None:
        st.warning(
            "The speakers are unknown, so a voice may appear in several splits. Accuracy on new speakers can be lower than test accuracy.",
            icon=":material/group:",
        )
    elif index.speaker_disjoint:
        st.success(f"Speaker-disjoint. {TERMS['speaker-disjoint']}", icon=":material/verified:")
    else:
        st.warning(
            "Speakers appear in several splits. Accuracy on new speakers can be much lower than test accuracy.",
            icon=":material/group:",
        )
    if index.noise:
        st.caption(f"{plural(len(index.noise), 'recording')} of background noise for the class \\_silence\\_.")
    if index.skipped:
        with st.expander(f"{plural(len(index.skipped), 'file')} left out"):
            st.dataframe([{"file": str(one.path), "reason": one.reason} for one in index.skipped], hide_index=True)


def _length(seconds: float) -> str:
    """Write the length of a corpus in the unit that shows it."""
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _words(index: Index) -> None:
    table = pd.DataFrame({"label": [clip.label for clip in index.clips], "split": [clip.split for clip in index.clips]})
    table = table.value_counts(["label", "split"]).reset_index(name="clips")
    said = "; ".join(f"{label}: {count:,}" for label, count in table.groupby("label")["clips"].sum().items())
    show_chart(charts.label_counts(table), f"Clips of each word. {said}.")


def _speakers(index: Index) -> None:
    if not index.speakers_known:
        st.caption("The file names of this corpus do not name the speakers.")
        return
    table = pd.DataFrame([{"speaker": clip.speaker, "split": clip.split, "label": clip.label} for clip in index.clips])
    summary = (
        table.groupby("speaker")
        .agg(
            clips=("label", "size"),
            words=("label", "nunique"),
            splits=("split", lambda splits: ", ".join(s for s in SPLITS if s in set(splits))),
        )
        .sort_values("clips", ascending=False)
        .reset_index()
    )
    st.dataframe(summary, hide_index=True, height=table_height(len(summary), _TABLE_ROWS))


def _listen(index: Index) -> None:
    choice, button = st.columns([3, 1], vertical_alignment="bottom")
    address.follow("word", "data_word", index.labels)
    label = choice.selectbox("Word", index.labels, key="data_word")
    clips = [clip for clip in index.clips if clip.label == label]
    page = DATA_CLIPS_PAGE.get()
    if button.button("Other clips", icon=":material/shuffle:", width="stretch", disabled=len(clips) <= _PLAYERS):
        page += 1
        DATA_CLIPS_PAGE.set(page)
    # spread over the word's clips, because neighbours are often of one speaker
    places = sorted({(page + number * len(clips) // _PLAYERS) % len(clips) for number in range(_PLAYERS)})
    for place, cell in zip(places, in_rows(len(places), 3), strict=True):
        clip = clips[place]
        with cell:
            st.caption(f"{as_text(clip.speaker or clip.path.name)} · {clip.split} · {clip.seconds:.1f} s")
            play(clip)


def _page() -> None:
    st.title("Choose clips to learn from")
    address.say("word", "")  # until its clips are shown: another corpus has other words
    with show_errors():
        reference = choose_corpus("data")
        if reference is None:
            return
        corpus = catalogue.open_corpus(reference)
        _describe(corpus)
        if not corpus.is_loaded():
            _load(corpus)
            return
        index = loaded_index(corpus)
        _overview(index)
        if corpus.description.synthetic:
            _own_words(corpus)
        st.page_link("app_pages/train.py", label="Train on it", icon=":material/model_training:")
        words, speakers, listen = st.tabs(["Words", "Speakers", "Listen"], key=TAB, bind="query-params")
        with words:
            _words(index)
        with speakers:
            _speakers(index)
        with listen:
            _listen(index)


_page()
if workspace.is_local():  # what is wrong with it is for who can mend it
    check_computer()
