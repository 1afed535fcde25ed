"""Upload: files, folders, archives and lists, with a preview before anything is added."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from dashboard.shared.feedback import ProgressBar, show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.state import OWN_MESSAGE, OWN_UPLOADS
from dashboard.words import drafts, many_files
from dashboard.words.messages import shown_word
from data import audio_formats, speaker_pattern
from data.corpus import BACKGROUND_NOISE, Skipped, reasons
from data.names import clean_label, clean_speaker
from data.own.corpus import OwnCorpus
from data.own.new_clips import NewClip, notes_of
from data.phrases import plural

if TYPE_CHECKING:
    from audio_models.own_words.intake import Intake

_AUDIO = [ending.removeprefix(".") for ending in audio_formats.ENDINGS]
_MOST_REASONS = 3
_TYPED = ("upload_word", "upload_speaker", "upload_pattern")  # text boxes
_MOST_NAMES = 6  # speakers of a word that are named in the preview


@dataclass
class _Staged:
    """Uploaded files that can be added.

    Attributes:
        key: identifies the files, and the word, speaker and pattern typed.
        folder: where they are stored until then.
        found: the result of checking them.
        takes: clips cut out of long recordings, and recordings that could not be cut; None until needed.
    """

    key: str
    folder: Path
    found: Intake
    takes: tuple[list[NewClip], list[Skipped]] | None = None


def show(corpus: OwnCorpus) -> None:
    """Draw the section."""
    number = OWN_UPLOADS.get()
    files, folder = st.columns(2)
    with files:
        chosen = st.file_uploader(
            "Clips, a zip or tar archive, or a list",
            accept_multiple_files=True, key=f"own-files-{number}", on_change=drafts.on_take_out,
            help="Archives: label/clip.wav, the layout of Speech Commands, or an export of Echoic. Lists: CSV or JSON with file, label and speaker.",
        )  # fmt: skip
    with folder:
        whole = st.file_uploader(
            "A folder", type=_AUDIO, accept_multiple_files="directory", key=f"own-folder-{number}",
            on_change=drafts.on_take_out, help="One subfolder per word, named after it.",
        )  # fmt: skip
    many_files.listen(f"own-files-{number}")
    uploaded = [*(chosen or []), *(whole or [])]
    taken_out = drafts.was_taken_out()
    waiting = None if uploaded or taken_out else _staged()
    # new boxes for each upload: a speaker typed once must not be given to the next one's voice
    for name in _TYPED:
        drafts.follow(name, f"{name}-{number}")
    word, who = st.columns(2)
    label = word.text_input(
        "Word", key=f"upload_word-{number}", disabled=waiting is not None, persist_state="session",
        help="For files whose word is not given by a list or a folder.",
    )  # fmt: skip
    speaker = who.text_input(
        "Speaker", key=f"upload_speaker-{number}", disabled=waiting is not None, persist_state="session",
        help="For files whose speaker is not known. Empty again for the next upload.",
    )  # fmt: skip
    names = st.expander("Speakers in the file names", icon=":material/person_search:")
    pattern = names.text_input(
        "Speaker pattern", placeholder=r"^([a-z]+)_", max_chars=speaker_pattern.LONGEST, key=f"upload_pattern-{number}",
        disabled=waiting is not None, persist_state="session",
        help="Where the file names hold the speaker: a regular expression with one group that matches it. "
        "`^([a-z]+)_` finds anna in anna_01.wav. Names like anna_nohash_0.wav need none.",
    )  # fmt: skip
    if not uploaded and waiting is None:
        forget(files=False)
        st.caption(
            f"{audio_formats.NAMES}; files are stored unchanged. Clips in a folder left/ get the word “left”; a name like "
            "anna_nohash_0.wav gives the speaker. You see a preview before anything is added."
        )
        return
    with show_errors():
        default_label, default_speaker = clean_label(label) if label.strip() else None, clean_speaker(speaker)
        if waiting is not None:
            st.caption("Chosen before and not added yet. Choose the files again to change their word or speaker.")
            found = waiting.found
        else:
            found = _examined(uploaded, default_label, default_speaker, pattern.strip() or None)
        taken, bad = _takes(found, default_label) if found.long else ([], [])
        cut = bool(taken) and st.toggle(
            f"Cut {plural(len(found.long), 'long recording')} into takes at the pauses",
            value=True, key="upload_cut",
        )  # fmt: skip
        clips = [*found.clips, *(taken if cut else [])]
        _preview(clips, [*found.refused, *bad])
        row = st.container(horizontal=True)
        if row.button(
            f"Add {plural(len(clips), 'clip')}" if clips else "Add clips",
            type="primary",
            icon=":material/check:",
            disabled=not clips,
            key="add-clips",
        ):
            bar = ProgressBar()
            change = corpus.add(clips, bar.report)
            corpus.adopt_card(found.card)
            forget()
            OWN_MESSAGE.set(f"{plural(change.clips, 'clip')} added.")
            st.rerun()
        if row.button("Discard", icon=":material/close:", key="drop-clips"):
            forget()
            st.rerun()


def _staged() -> _Staged | None:
    """The upload that is previewed; None if there is none, or its files are gone."""
    staged: _Staged | None = drafts.get("upload")
    return staged if staged is not None and staged.folder.is_dir() else None


def _takes(found: Intake, label: str | None) -> tuple[list[NewClip], list[Skipped]]:
    """Cut long recordings into takes, once per upload; return also those that could not be cut."""
    staged = _staged()
    assert staged is not None
    if staged.takes is None:
        from audio_models.own_words import intake

        taken, bad = [], []
        for one in found.long:
            word = one.label or label
            if word is None:
                bad.append(Skipped(Path(one.original), intake.WORD_MISSING))
                continue
            clips, refused = intake.takes_of(one.path, word, one.speaker, one.original)
            taken += clips
            bad += refused
        staged.takes = (taken, bad)
    return staged.takes


def _examined(uploaded: Sequence[Any], label: str | None, speaker: str | None, pattern: str | None) -> Intake:
    """Decode and check the files, once until other files are chosen."""
    given = repr([[file.file_id for file in uploaded], label, speaker, pattern])
    key = hashlib.blake2b(given.encode(), digest_size=8).hexdigest()
    earlier = _staged()
    if earlier is not None and earlier.key == key:
        return earlier.found
    forget(files=False)
    from audio_models.own_words import intake
    from data.own import incoming

    bar = ProgressBar()
    staged = incoming.new_staging()
    try:
        files = []
        for number, file in enumerate(uploaded):
            name = f"{number}{Path(file.name).suffix.lower()[:8]}"
            files.append((file.name, incoming.stage(staged, name, file.getbuffer())))
        files = many_files.unpack(files, staged, bar.report)
        batch = incoming.collect(
            files, staged, label=label, speaker=speaker, speaker_pattern=pattern, report=bar.report
        )
        found = intake.examine(batch, label, "upload", bar.report)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    finally:
        bar.clear()
    drafts.keep("upload", _Staged(key, staged, found))
    return found


def forget(*, files: bool = True) -> None:
    """Discard the upload; with `files`, empty the upload boxes and what was typed for it too."""
    if (earlier := drafts.pop("upload")) is not None:
        shutil.rmtree(earlier.folder, ignore_errors=True)
    if files:
        drafts.forget(*_TYPED)
        OWN_UPLOADS.set(OWN_UPLOADS.get() + 1)


def _preview(clips: Sequence[NewClip], refused: Sequence[Skipped]) -> None:
    counts = Counter(clip.label for clip in clips)
    speakers = {label: _names({clip.speaker for clip in clips if clip.label == label}) for label in counts}
    seconds = {label: sum(clip.seconds for clip in clips if clip.label == label) for label in counts}
    st.markdown(
        (
            f"**{plural(len(clips), 'clip')}** of {plural(len(counts), 'word')} can be added"
            if clips
            else "No clip can be added"
        )
        + (f", **{len(refused):,}** cannot." if clips and refused else ".")
    )
    if counts:
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "word": shown_word(label),
                        "clips": count,
                        "speakers": "" if label == BACKGROUND_NOISE else speakers[label],
                        "length": f"{seconds[label]:.0f} s",
                    }
                    for label, count in counts.most_common()
                ]
            ),
            hide_index=True,
        )
    _tell(clips)
    if refused:
        with st.expander(f"Files that cannot be added ({len(refused):,})", expanded=len(refused) <= 5):
            for reason, count in reasons(refused)[:_MOST_REASONS]:  # in full: a cell of the table may cut them off
                st.caption(f"{plural(count, 'file')}: {as_text(reason)}")
            st.dataframe([{"file": one.path.name, "reason": one.reason} for one in refused], hide_index=True)


def _tell(clips: Sequence[NewClip]) -> None:
    """Say how clips were read whose file had a fault."""
    for note, files in notes_of(clips)[:_MOST_REASONS]:
        st.caption(
            f":material/info: {as_text(files[0]) if len(files) == 1 else plural(len(files), 'clip')}: {as_text(note)}"
        )


def _names(speakers: set[str | None]) -> str:
    """Name the speakers of a word; count them if there are many."""
    known = sorted(speaker for speaker in speakers if speaker)
    text = ", ".join(known) if len(known) <= _MOST_NAMES else plural(len(known), "speaker")
    return ", ".join(part for part in (text, "unknown" if None in speakers else "") if part)
