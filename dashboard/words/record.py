"""Record: say a word several times; the recording is cut into takes at the pauses, and the good ones are added."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from audio_models.features.waveform import AudioSource
from audio_models.own_words.recording import read_recording
from dashboard.shared import remembered
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.rows import in_rows
from dashboard.shared.state import OWN_ERROR, OWN_MESSAGE, OWN_RECORDINGS, Value
from dashboard.words import drafts, take_counter
from dashboard.words.sound_card import SoundCard, sound_card
from data.corpus import BACKGROUND_NOISE
from data.errors import EchoicError
from data.names import clean_label, clean_speaker
from data.own.corpus import OwnCorpus
from data.own.records import Snapshot
from data.phrases import plural

if TYPE_CHECKING:
    from audio_models.features.segments import Take
    from audio_models.own_words.recording import Recording

_TIMES, _ONCE, _NOISE = "Several takes", "One take", "Background noise"
_HELP = {
    _TIMES: "Press record, say the word ten times with pauses of about a second, then stop. The recording is cut at the pauses.",
    _ONCE: "Press record, say the word once, then stop. Silence before and after is trimmed.",
    _NOISE: "Record twenty seconds of your room without speech. From it, a network learns to recognise silence.",
}
_COLUMNS = 4
_ENOUGH = 10  # clips of a word; those with fewer are suggested again
_MOST_NAMED = 8


def show(corpus: OwnCorpus, now: Snapshot) -> None:
    """Draw the section."""
    remembered.follow("record_kind", str, _HELP)
    kind = st.segmented_control(
        "Record", list(_HELP), default=_TIMES, required=True, key="record_kind", label_visibility="collapsed"
    )  # fmt: skip
    st.caption(_HELP[kind or _TIMES])
    if kind != _NOISE and not now.noise and len({clip.label for clip in now.clips}) > 1:
        st.caption(
            ":material/info: No background noise yet. Record some of your room, or silence may be taken for a word."
        )
    with show_errors():
        if kind == _NOISE:
            _noise(corpus, now)
        else:
            _words(corpus, now, once=kind == _ONCE)


def _words(corpus: OwnCorpus, now: Snapshot, *, once: bool) -> None:
    word, who = st.columns(2)
    waiting: bytes | None = drafts.get("recording")
    drafts.follow("record_word", f"record_word-{OWN_RECORDINGS.get()}")
    drafts.follow("record_speaker", "record_speaker")
    # a new box for each recording: after one is kept, the next word is asked for
    label = word.text_input(
        "Word" if not OWN_RECORDINGS.get() else "Next word", placeholder="lamp", persist_state="session",
        key=f"record_word-{OWN_RECORDINGS.get()}", help="In any language and script.",
    )  # fmt: skip
    speaker = who.text_input(
        "Speaker", placeholder="your name", key="record_speaker",
        help="Shows whether the network understands people it was not trained on.", persist_state="session",
    )  # fmt: skip
    if not label.strip():
        st.caption(_ask_for_a_word(now))
        return
    label, speaker_name = clean_label(label), clean_speaker(speaker)
    shown = as_text(label)
    content = _recorder(f"Say “{shown}”" if once else f"Say “{shown}” ten times, with pauses")
    if not once:
        take_counter.show()
    taken_out = drafts.was_taken_out()
    if content is None:
        if waiting is None or taken_out:
            forget()
            return
        st.caption("Recorded before and not kept yet.")
        content = waiting
    drafts.keep("recording", content)
    with st.spinner("Cutting into takes …"):
        found = _cut(content, once=once)
    if not found.takes:
        st.warning(
            "No speech stands out from the noise. Record it again closer to the microphone, with pauses between the takes.",
            icon=":material/mic_off:",
        )
        return
    text, button = st.columns([3, 1], vertical_alignment="center")  # above the takes: always in view
    if once:
        text.markdown(f"One take of **{as_text(label)}**.")
    else:
        text.markdown(
            f"**{plural(len(found.takes), 'take')}** of **{as_text(label)}**. Listen, and untick the bad ones."
        )
    chosen = _choose(found, hashlib.blake2b(content, digest_size=6).hexdigest())
    if button.button(
        f"Keep {plural(len(chosen), 'take')}", type="primary", icon=":material/check:", disabled=not chosen, key="keep-takes",
        width="stretch",
    ):  # fmt: skip
        from audio_models.own_words import intake

        clips, refused = intake.cut(found.recording, chosen, label, speaker_name, f"recording of {label}.wav"[-80:])
        if not clips:
            raise EchoicError(refused[0].reason)
        if refused:
            OWN_ERROR.set(refused[0].reason)
        change = corpus.add(clips)
        _next_recording()
        OWN_MESSAGE.set(f"{plural(change.clips, 'take')} of “{label}” kept. Which word is next?")
        st.rerun()


def _ask_for_a_word(now: Snapshot) -> str:
    counts = Counter(clip.label for clip in now.clips)
    few = [f"{as_text(label)} ({count})" for label, count in counts.items() if count < _ENOUGH]
    if not counts:
        return "Type a word to record it."
    return "Type the next word" + (f", or one of these again: {', '.join(few[:_MOST_NAMED])}." if few else ".")


def _noise(corpus: OwnCorpus, now: Snapshot) -> None:
    if now.noise:
        seconds = sum(clip.seconds for clip in now.noise)
        st.caption(f"{plural(len(now.noise), 'recording')} of background noise, {seconds:.0f} s in total.")
    content = _recorder("Record your room without speech")
    if content is None:
        return
    if st.button("Keep as background noise", type="primary", icon=":material/check:", key="keep-noise"):
        from audio_models.own_words import intake

        corpus.add([intake.new_clip(content, BACKGROUND_NOISE, None, "recording", "background noise.wav")])
        _next_recording()
        OWN_MESSAGE.set("Background noise kept.")
        st.rerun()


@dataclass(frozen=True)
class _Found:
    recording: Recording
    takes: list[Take]
    cards: list[SoundCard]


_CUT: Value[tuple[object, _Found] | None] = Value("cut_recording", None)
"""The last recording that was cut, with its key."""


def _recorder(label: str) -> bytes | None:
    """Draw a recorder and return its WAV file; each recording that was added brings a fresh recorder."""
    number = OWN_RECORDINGS.get()
    recording = st.audio_input(label, sample_rate=16_000, key=f"own-recording-{number}", on_change=drafts.on_take_out)
    return recording.getvalue() if recording else None


def forget() -> None:
    """Discard the recording that is not kept yet."""
    drafts.pop("recording")


def _next_recording() -> None:
    forget()
    drafts.forget("record_word")
    OWN_RECORDINGS.set(OWN_RECORDINGS.get() + 1)


def _cut(content: bytes, *, once: bool) -> _Found:
    """Cut a recording into takes; cached, because every click runs the page again."""
    key = (hashlib.blake2b(content, digest_size=8).digest(), once)
    remembered = _CUT.get()
    if remembered is not None and remembered[0] == key:
        return remembered[1]
    from audio_models.features import segments

    recording = read_recording(AudioSource(content, "Your recording"))
    found = recording.takes
    if once and found:  # a word with a pause inside is one take
        found = [segments.Take(found[0].first, found[-1].last)]
    cards = [sound_card(take.of(recording.samples), recording.sample_rate) for take in found]
    made = _Found(recording, found, cards)
    _CUT.set((key, made))
    return made


def _choose(found: _Found, key: str) -> list[Take]:
    """Draw a card for each take; return those that stay ticked."""
    chosen = []
    cells = in_rows(len(found.takes), min(_COLUMNS, len(found.takes)) if len(found.takes) > 1 else 3)
    for number, (take, card, cell) in enumerate(zip(found.takes, found.cards, cells, strict=True)):
        with cell, st.container(border=True):
            card.show()
            if st.checkbox(f"Keep {number + 1}", value=True, key=f"take-{key}-{number}", persist_state="session"):
                chosen.append(take)
    return chosen
