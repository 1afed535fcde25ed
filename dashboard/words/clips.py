"""Clips: search, listen, relabel, rename, merge, delete, undo; and what is worth a look."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from audio_models.own_words.clip_checks import Finding, findings
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.players import play
from dashboard.shared.state import OWN_ERROR, OWN_MESSAGE, OWN_ZIP, Value
from dashboard.words import embeddings
from data.corpus import BACKGROUND_NOISE
from data.errors import EchoicError
from data.own.corpus import OwnClip, OwnCorpus
from data.own.store import counted

_KINDS = {
    "quiet": "too quiet",
    "clipped": "clipped",
    "silent": "mostly silence",
    "cut_off": "cut off",
    "long": "too long",
    "short": "too short",
    "duplicate": "there twice",
    "unlike": "unlike its word",
}
_PLAYERS = 6
_ROWS = 12  # seen at once
_FINDINGS: Value[tuple[object, list[Finding]] | None] = Value("own_findings", None)
"""What the checks found last, and in which version of which corpus."""


def overview(corpus: OwnCorpus) -> None:
    """What the corpus holds, in one line, and the last change with its undo."""
    clips, noise = corpus.clips(), corpus.noise()
    counts = Counter(clip.label for clip in clips)
    shown = ", ".join(f"**{as_text(label)}** {count}" for label, count in counts.most_common(12))
    if len(counts) > 12:
        shown += f" and {len(counts) - 12} words more"
    text, button = st.columns([4, 1], vertical_alignment="center")
    if not clips and not noise:
        text.markdown("Nothing in it yet.")
    else:
        speakers = {clip.speaker for clip in clips if clip.speaker}
        more = [f"{len(speakers)} speaker{'s' if len(speakers) != 1 else ''}"] if speakers else []
        more += [f"{sum(clip.seconds for clip in noise):.0f} s of background noise"] if noise else []
        text.markdown(f"{shown or 'No word yet'}{' · ' + ', '.join(more) if more else ''}")
    if (change := corpus.last_change()) is not None:
        button.button(
            "Undo", icon=":material/undo:", help=as_text(change.text), key="undo", width="stretch",
            on_click=_undo, args=(corpus, change.number),
        )  # fmt: skip


def _undo(corpus: OwnCorpus, number: int) -> None:
    """Undo the change that the button named when it was drawn, whatever another page has done since."""
    try:
        OWN_MESSAGE.set(corpus.undo(number).text)
    except EchoicError as error:
        OWN_ERROR.set(str(error))


def show(corpus: OwnCorpus) -> None:
    """Draw the section."""
    clips = [*corpus.clips(), *corpus.noise()]
    if not clips:
        st.caption("Record or upload something first.")
        return
    found = _findings(corpus)
    remarks = _summary(found)
    words = sorted({clip.label for clip in clips})
    search, word, only = st.columns([3, 2, 2], vertical_alignment="bottom")
    text = search.text_input("Search", placeholder="a word, a speaker, a file's name", key="clips_search")
    chosen_word = word.selectbox(
        "Word",
        ["", *words],
        format_func=lambda one: _shown(one) if one else "all words",
        key="clips_word",
    )
    wanted = only.toggle(f"Worth a look ({len(remarks)})", key="clips_doubtful", disabled=not remarks)
    doubtful = wanted and bool(remarks)
    shown = [
        clip
        for clip in clips
        if _matches(clip, text) and chosen_word in ("", clip.label) and (not doubtful or clip.id in remarks)
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        if remarks:
            _kinds(found)
        if embeddings.remembered(corpus) is None and st.button(
            "Look for wrong words", icon=":material/hearing:", key="ask-network",
            help="A network listens to every clip and names those that sound more like another word.",
        ):  # fmt: skip
            with show_errors():
                embeddings.hear(corpus)
                st.rerun()
    # another search shows other rows: none of them is chosen yet
    selected = _table(corpus, shown, remarks, f"{text}-{chosen_word}-{doubtful}")
    if selected:
        _listen(selected, found)
        _change(corpus, selected, words)
    else:
        st.caption("Choose rows to listen to them, to give them another word, or to delete them.")
    with st.expander("Rename a word, or merge it with another", icon=":material/merge:"):
        _rename(corpus, words)
    with st.expander("Take it away, or share it", icon=":material/download:"):
        _export(corpus)


def _shown(label: str) -> str:
    return "background noise" if label == BACKGROUND_NOISE else label


def _matches(clip: OwnClip, text: str) -> bool:
    wanted = text.casefold().strip()
    return wanted in f"{clip.label}\n{clip.speaker or ''}\n{clip.original}".casefold()


def _findings(corpus: OwnCorpus) -> list[Finding]:
    """What the checks say, and what a network's ear says once it was asked; kept until the corpus changes."""
    heard = embeddings.remembered(corpus)
    key = (corpus.name, corpus.version, heard is not None)
    kept = _FINDINGS.get()
    if kept is not None and kept[0] == key:
        return kept[1]
    found = list(findings(corpus.clips()))
    if heard is not None:
        from audio_models.own_words.clip_checks import unlike

        found += unlike(heard.clips, heard.embeddings)
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
        + ". Nothing is done about it: listen, and decide."
    )  # fmt: skip


def _table(corpus: OwnCorpus, shown: Sequence[OwnClip], remarks: dict[str, str], key: str) -> list[OwnClip]:
    rows = pd.DataFrame(
        [
            {
                "word": _shown(clip.label),
                "speaker": clip.speaker or "",
                "length": clip.seconds,
                "worth a look": remarks.get(clip.id, ""),
                "came as": clip.original or clip.source,
                "added": time.strftime("%d %b %H:%M", time.localtime(clip.added)),
            }
            for clip in shown
        ],
        columns=["word", "speaker", "length", "worth a look", "came as", "added"],
    )
    event = st.dataframe(
        rows, hide_index=True, on_select="rerun", selection_mode="multi-row",
        key=f"own-clips-{corpus.version}-{key}", height=min(36 * (len(rows) + 1) + 4, 36 * (_ROWS + 1)),
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
                f"**{as_text(clip.label)}** · {as_text(clip.speaker or 'speaker not known')} · {clip.seconds:.1f} s"
            )
            play(embeddings.as_clip(clip))
            for remark in remarks[clip.id]:
                st.caption(f":material/warning: {as_text(remark)}")
    if len(selected) > _PLAYERS:
        st.caption(f"and {len(selected) - _PLAYERS} more")


def _change(corpus: OwnCorpus, selected: Sequence[OwnClip], words: Sequence[str]) -> None:
    ids = [clip.id for clip in selected]
    many = counted(len(ids))
    label, speaker, delete = st.columns(3, vertical_alignment="bottom")
    with label, st.popover("Another word", icon=":material/label:", width="stretch"):
        new = st.selectbox(
            "Word",
            words,
            index=None,
            accept_new_options=True,
            placeholder="choose or type",
            key=f"relabel_to-{corpus.version}",
        )
        if st.button(f"Give it to {many}", type="primary", disabled=not new, key="relabel"):
            _done(corpus.relabel(ids, str(new)).text)
    with speaker, st.popover("Another speaker", icon=":material/person:", width="stretch"):
        name = st.text_input("Who speaks", key=f"speaker_to-{corpus.version}", help="Empty: not known.")
        if st.button(f"Set for {many}", type="primary", key="set-speaker"):
            _done(corpus.set_speaker(ids, name).text)
    if delete.button(f"Delete {many}", icon=":material/delete:", key="delete-clips", width="stretch"):
        _done(corpus.remove(ids).text)


def _done(text: str) -> None:
    OWN_MESSAGE.set(text)
    st.rerun()


def _rename(corpus: OwnCorpus, words: Sequence[str]) -> None:
    old, new, button = st.columns([2, 2, 1], vertical_alignment="bottom")
    before = old.selectbox("Word", words, format_func=_shown, key=f"rename_old-{corpus.version}")
    after = new.text_input(
        "Its new name", key=f"rename_new-{corpus.version}", help="The name of another word merges the two."
    )
    if button.button("Rename", disabled=not after.strip(), key="rename", width="stretch"):
        _done(corpus.rename_word(before, after).text)


def _export(corpus: OwnCorpus) -> None:
    st.caption(
        "One zip in the layout of Speech Commands, with an index of everything that is known of each clip. Upload it here, on this or "
        "another computer, and the corpus is there again."
    )
    if st.button("Make the zip", icon=":material/folder_zip:", key="make-zip"):
        from data.own.export import export
        from data.own.incoming import staging

        with staging() as folder:
            path = folder / "export.zip"
            export(corpus, path)
            OWN_ZIP.set((corpus.name, corpus.version, path.read_bytes()))
    made = OWN_ZIP.get()
    if made is not None and made[:2] == (corpus.name, corpus.version):
        st.download_button(
            f"Save it ({len(made[2]) / 1e6:.1f} MB)", made[2], f"{corpus.title}.zip", "application/zip",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
