"""Clips: search, play, relabel, rename, merge, delete, undo, export; and possible problems."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from audio_models.own_words.clip_checks import Finding, findings
from dashboard.shared import address
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text, table_height
from dashboard.shared.players import play
from dashboard.shared.state import OWN_ERROR, OWN_MESSAGE, OWN_ZIP, Value
from dashboard.words import embeddings
from data.corpus import BACKGROUND_NOISE
from data.errors import EchoicError
from data.own.corpus import OwnCorpus
from data.own.store import OwnClip, Snapshot
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
_PLAYERS = 6
_ROWS = 12  # visible without scrolling
_FINDINGS: Value[tuple[object, list[Finding]] | None] = Value("own_findings", None)
"""The last findings, with their corpus, its version, and whether embeddings were used."""


def overview(corpus: OwnCorpus, now: Snapshot) -> None:
    """Summarise the corpus in one line, beside a button that undoes the last change."""
    clips, noise = now.clips, now.noise
    counts = Counter(clip.label for clip in clips)
    shown = ", ".join(f"**{as_text(label)}** {count}" for label, count in counts.most_common(12))
    if len(counts) > 12:
        shown += f" and {len(counts) - 12} more"
    text, button = st.columns([4, 1], vertical_alignment="center")
    if not clips and not noise:
        text.markdown("No clips yet.")
    else:
        speakers = {clip.speaker for clip in clips if clip.speaker}
        more = [plural(len(speakers), "speaker")] if speakers else []
        more += [f"{sum(clip.seconds for clip in noise):.0f} s of background noise"] if noise else []
        text.markdown(f"{shown or 'No words yet'}{' · ' + ', '.join(more) if more else ''}")
    if (change := now.last_change) is not None:
        button.button(
            "Undo", icon=":material/undo:", help=as_text(change.text), key="undo", width="stretch",
            on_click=_undo, args=(corpus, change.number),
        )  # fmt: skip


def _undo(corpus: OwnCorpus, number: int) -> None:
    """Undo the change that the button named, whatever another tab has done since it was drawn."""
    try:
        OWN_MESSAGE.set(corpus.undo(number).text)
    except EchoicError as error:
        OWN_ERROR.set(str(error))


def show(corpus: OwnCorpus, now: Snapshot) -> None:
    """Draw the section."""
    clips = [*now.clips, *now.noise]
    if not clips:
        st.caption("Record or upload some clips first.")
        return
    found = _findings(corpus, now)
    remarks = _summary(found)
    words = sorted({clip.label for clip in clips})
    search, word, only = st.columns([3, 2, 2], vertical_alignment="bottom")
    text = search.text_input(
        "Search", placeholder="word, speaker or file name", key="clips_search", persist_state="session"
    )
    address.follow("word", "clips_word", words)
    chosen_word = word.selectbox(
        "Word",
        ["", *words],
        format_func=lambda one: _shown(one) if one else "all words",
        key="clips_word",
    )
    wanted = only.toggle(
        f"Possible problems ({len(remarks)})", key="clips_doubtful", disabled=not remarks, persist_state="session"
    )
    doubtful = wanted and bool(remarks)
    shown = [
        clip
        for clip in clips
        if _matches(clip, text) and chosen_word in ("", clip.label) and (not doubtful or clip.id in remarks)
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        if remarks:
            _kinds(found)
        if embeddings.remembered(corpus, now) is None and st.button(
            "Find mislabelled clips", icon=":material/hearing:", key="ask-network",
            help="A network compares all clips and lists those that sound more like another word.",
        ):  # fmt: skip
            with show_errors():
                embeddings.compute(corpus, now)
                st.rerun()
    # a new search shows new rows, none of them selected
    selected = _table(now, shown, remarks, f"{text}-{chosen_word}-{doubtful}")
    if selected:
        _listen(selected, found)
        _change(corpus, now, selected, words)
    else:
        st.caption("Select rows to play, relabel or delete them.")
    with st.expander("Rename or merge words", icon=":material/merge:"):
        _rename(corpus, now, words)
    with st.expander("Export", icon=":material/download:"):
        _export(corpus, now)


def _shown(label: str) -> str:
    return "background noise" if label == BACKGROUND_NOISE else label


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
                "word": _shown(clip.label),
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
    columns = st.columns(3)
    for number, clip in enumerate(selected[:_PLAYERS]):
        with columns[number % 3]:
            st.caption(
                f"**{as_text(clip.label)}** · {as_text(clip.speaker or 'unknown speaker')} · {clip.seconds:.1f} s"
            )
            play(embeddings.as_clip(clip))
            for remark in remarks[clip.id]:
                st.caption(f":material/warning: {as_text(remark)}")
    if len(selected) > _PLAYERS:
        st.caption(f"and {len(selected) - _PLAYERS} more")


def _change(corpus: OwnCorpus, now: Snapshot, selected: Sequence[OwnClip], words: Sequence[str]) -> None:
    ids = [clip.id for clip in selected]
    many = plural(len(ids), "clip")
    label, speaker, delete = st.columns(3, vertical_alignment="bottom")
    with label, st.popover("Change word", icon=":material/label:", width="stretch"):
        new = st.selectbox(
            "Word",
            words,
            index=None,
            accept_new_options=True,
            placeholder="choose or type",
            key=f"relabel_to-{now.version}",
        )
        if st.button(f"Change {many}", type="primary", disabled=not new, key="relabel"):
            _done(corpus.relabel(ids, str(new)).text)
    with speaker, st.popover("Change speaker", icon=":material/person:", width="stretch"):
        name = st.text_input("Speaker", key=f"speaker_to-{now.version}", help="Leave empty if unknown.")
        if st.button(f"Change {many}", type="primary", key="set-speaker"):
            _done(corpus.set_speaker(ids, name).text)
    if delete.button(f"Delete {many}", icon=":material/delete:", key="delete-clips", width="stretch"):
        _done(corpus.remove(ids).text)


def _done(text: str) -> None:
    OWN_MESSAGE.set(text)
    st.rerun()


def _rename(corpus: OwnCorpus, now: Snapshot, words: Sequence[str]) -> None:
    old, new, button = st.columns([2, 2, 1], vertical_alignment="bottom")
    before = old.selectbox("Word", words, format_func=_shown, key=f"rename_old-{now.version}")
    after = new.text_input("New name", key=f"rename_new-{now.version}", help="The name of another word merges the two.")
    if button.button("Rename", disabled=not after.strip(), key="rename", width="stretch"):
        _done(corpus.rename_word(before, after).text)


def _export(corpus: OwnCorpus, now: Snapshot) -> None:
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
