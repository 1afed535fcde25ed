"""Clips: search, play, relabel, rename, merge, delete, export; possible problems; and one clip after the other."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence

import pandas as pd
import streamlit as st

from audio_models.own_words.clip_checks import Finding, findings
from dashboard.shared import address
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import ROWS_BY_KEYBOARD, as_text, table_height
from dashboard.shared.players import play
from dashboard.shared.rows import in_rows
from dashboard.shared.state import CLIPS_VIEW, Value
from dashboard.words import embeddings, review, whole_corpus
from dashboard.words.messages import done, shown_word
from data.own.corpus import OwnCorpus
from data.own.records import OwnClip, Snapshot
from data.phrases import plural

_KINDS = {
    "quiet": "too quiet",
    "clipped": "clipped",
    "silent": "silent",
    "cut_off": "cut off",
    "long": "too long",
    "short": "too short",
    "duplicate": "duplicated",
    "unlike": "possibly mislabelled",
}
_LIST, ONE_BY_ONE = "List", "One by one"
_PLAYERS = 6
_ROWS = 12  # visible without scrolling
_FINDINGS: Value[tuple[object, list[Finding]] | None] = Value("own_findings", None)
"""The last findings, with their corpus, its version, and whether embeddings were used."""


def show(corpus: OwnCorpus, now: Snapshot) -> None:
    """Draw the section."""
    clips = [*now.clips, *now.noise]
    if not clips:
        st.caption("Record or upload some clips first.")
        return
    found = _findings(corpus, now)
    remarks = _summary(found)
    words = sorted({clip.label for clip in clips})
    address.follow("view", CLIPS_VIEW.key, [_LIST, ONE_BY_ONE])
    view = st.segmented_control(
        "View", [_LIST, ONE_BY_ONE], default=_LIST, required=True, key=CLIPS_VIEW.key, label_visibility="collapsed"
    )
    # one by one, the clip itself is above all else
    with (
        st.expander("Search and problems", icon=":material/search:", key="clips-find")
        if view == ONE_BY_ONE
        else st.container()
    ):
        matches, search = _search(words, remarks)
        _problems(corpus, now, found)
    shown = [clip for clip in clips if matches(clip)]
    if view == ONE_BY_ONE:
        sentences = [(one.id, one.text) for one in found]
        if (clip := review.show(corpus, shown, words, sentences)) is not None:
            with st.container(horizontal=True):
                _change_word(corpus, now, [clip], words)
                _change_speaker(corpus, now, [clip])
    # a new search shows new rows, none of them selected
    elif selected := _table(now, shown, remarks, search):
        _listen(selected, found)
        _change(corpus, now, selected, words)
    else:
        st.caption("Select rows to play, trim, relabel or delete them.", help=ROWS_BY_KEYBOARD)
    with st.expander("Rename or merge words", icon=":material/merge:", key="clips-rename"), show_errors():
        whole_corpus.rename(corpus, now, words)
    with st.expander("Export", icon=":material/download:", key="clips-export"):
        whole_corpus.offer_export(corpus, now)


def _search(words: Sequence[str], remarks: Collection[str]) -> tuple[Callable[[OwnClip], bool], str]:
    """Draw the search; return which clips it finds, and a text that differs for another search."""
    search, word, only = st.columns([3, 2, 2], vertical_alignment="bottom")
    text = search.text_input(
        "Search", placeholder="word, speaker or file name", key="clips_search", persist_state="session"
    )
    address.follow("word", "clips_word", words)
    chosen = word.selectbox(
        "Word", ["", *words], format_func=lambda one: shown_word(one) if one else "all words", key="clips_word"
    )
    wanted = only.toggle(
        f"Possible problems ({len(remarks)})", key="clips_doubtful", disabled=not remarks, persist_state="session"
    )
    doubtful = wanted and bool(remarks)

    def matches(clip: OwnClip) -> bool:
        return _matches(clip, text) and chosen in ("", clip.label) and (not doubtful or clip.id in remarks)

    return matches, f"{text}-{chosen}-{doubtful}"


def _problems(corpus: OwnCorpus, now: Snapshot, found: Sequence[Finding]) -> None:
    """Say which problems there may be, and offer to look for mislabelled clips."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if found:
            _kinds(found)
        if embeddings.remembered(corpus, now) is not None:
            if not any(one.kind == "unlike" for one in found):
                st.caption(_none_mislabelled(now))
        elif st.button(
            "Find mislabelled clips", icon=":material/hearing:", key="ask-network",
            help="A network compares all clips and lists those that sound more like another word.",
        ):  # fmt: skip
            with show_errors():
                embeddings.compute(corpus, now)
                st.rerun()


def _none_mislabelled(now: Snapshot) -> str:
    """Say that the network found no mislabelled clip, or that there was nothing to compare."""
    from audio_models.own_words.label_errors import FEWEST_CLIPS

    counts = [count for count in Counter(clip.label for clip in now.clips).values() if count >= FEWEST_CLIPS]
    if len(counts) < 2:
        return f":material/info: Finding mislabelled clips takes two words with {FEWEST_CLIPS} clips each."
    return f":material/check: No mislabelled clip found: {plural(sum(counts), 'clip')} of {len(counts)} words compared."


def _matches(clip: OwnClip, text: str) -> bool:
    wanted = text.casefold().strip()
    return wanted in f"{clip.label}\n{clip.speaker or ''}\n{clip.original}".casefold()


def _findings(corpus: OwnCorpus, now: Snapshot) -> list[Finding]:
    """Check the clips, by their embeddings too once these are computed; cached until the corpus changes."""
    embedded = embeddings.remembered(corpus, now)
    key = (corpus.name, now.version, embedded is not None)
    stored = _FINDINGS.get()
    if stored is not None and stored[0] == key:
        return stored[1]
    found = list(findings(now.clips))
    if embedded is not None:
        from audio_models.own_words.label_errors import find_label_errors

        found += find_label_errors(embedded.clips, embedded.embeddings)
    kept = {clip.id for clip in now.clips if clip.kept}
    found = [one for one in found if one.id not in kept]  # the user has listened to those, and decided
    _FINDINGS.set((key, found))
    return found


def _summary(found: Sequence[Finding]) -> dict[str, str]:
    by_clip = defaultdict(list)
    for one in found:
        by_clip[one.id].append(_KINDS[one.kind])
    return {clip: ", ".join(dict.fromkeys(kinds)) for clip, kinds in by_clip.items()}


def _kinds(found: Sequence[Finding]) -> None:
    counts = Counter(one.kind for one in found)
    st.caption(
        ":material/warning: " + " · ".join(f"{count} {_KINDS[kind]}" for kind, count in counts.most_common())
        + ". Listen to them and decide: nothing is changed for you."
    )  # fmt: skip


def _table(now: Snapshot, shown: Sequence[OwnClip], remarks: dict[str, str], key: str) -> list[OwnClip]:
    rows = pd.DataFrame(
        [
            {
                "word": shown_word(clip.label),
                "speaker": clip.speaker or "",
                "length": clip.seconds,
                "problems": remarks.get(clip.id, ""),
                "file": clip.original or clip.source,
                "added": time.strftime("%d %b %H:%M", time.localtime(clip.added)),
            }
            for clip in shown
        ],
        columns=["word", "speaker", "length", "problems", "file", "added"],
    )
    event = st.dataframe(
        rows, hide_index=True, on_select="rerun", selection_mode="multi-row",
        key=f"own-clips-{now.version}-{key}", height=table_height(len(rows), _ROWS),
        column_config={"length": st.column_config.NumberColumn("length", format="%.1f s", width="small")},
    )  # fmt: skip
    return [shown[row] for row in event.selection.rows if row < len(shown)]


def _listen(selected: Sequence[OwnClip], found: Sequence[Finding]) -> None:
    remarks = defaultdict(list)
    for one in found:
        remarks[one.id].append(one.text)
    heard = selected[:_PLAYERS]
    for clip, cell in zip(heard, in_rows(len(heard), 3), strict=True):
        with cell:
            st.caption(
                f"**{as_text(clip.label)}** · {as_text(clip.speaker or 'unknown speaker')} · {clip.seconds:.1f} s"
            )
            play(embeddings.as_clip(clip))
            for remark in remarks[clip.id]:
                st.caption(f":material/warning: {as_text(remark)}")
    if len(selected) > _PLAYERS:
        st.caption(f"and {len(selected) - _PLAYERS} more")


def _change(corpus: OwnCorpus, now: Snapshot, selected: Sequence[OwnClip], words: Sequence[str]) -> None:
    with st.container(horizontal=True):
        if len(selected) == 1:
            st.button(
                "Trim", icon=":material/content_cut:", key="trim-clip", on_click=_open_one, args=(selected[0],),
                help="Shows the clip's spectrogram, with its beginning and end to drag.",
            )  # fmt: skip
        _change_word(corpus, now, selected, words)
        _change_speaker(corpus, now, selected)
        if st.button(f"Delete {plural(len(selected), 'clip')}", icon=":material/delete:", key="delete-clips"):
            done(corpus.remove([clip.id for clip in selected]).text)


def _open_one(clip: OwnClip) -> None:
    review.open_at(clip)
    CLIPS_VIEW.set(ONE_BY_ONE)


def _change_word(corpus: OwnCorpus, now: Snapshot, selected: Sequence[OwnClip], words: Sequence[str]) -> None:
    with st.popover("Change word", icon=":material/label:"):
        new = st.selectbox(
            "Word",
            words,
            index=None,
            accept_new_options=True,
            placeholder="choose or type",
            key=f"relabel_to-{now.version}",
        )
        if st.button(f"Change {plural(len(selected), 'clip')}", type="primary", disabled=not new, key="relabel"):
            done(corpus.relabel([clip.id for clip in selected], str(new)).text)


def _change_speaker(corpus: OwnCorpus, now: Snapshot, selected: Sequence[OwnClip]) -> None:
    with st.popover("Change speaker", icon=":material/person:"):
        name = st.text_input("Speaker", key=f"speaker_to-{now.version}", help="Leave empty if unknown.")
        if st.button(f"Change {plural(len(selected), 'clip')}", type="primary", key="set-speaker"):
            done(corpus.set_speaker([clip.id for clip in selected], name).text)
