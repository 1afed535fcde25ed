"""One by one: look at a clip and hear it, trim it, and keep or discard it, by mouse or by keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.shared import address
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.state import OWN_ERROR, REVIEWED, Value
from dashboard.words import trim_editor
from dashboard.words.messages import shown_word
from data.corpus import BACKGROUND_NOISE
from data.errors import EchoicError
from data.own.corpus import OwnCorpus
from data.own.records import Change, OwnClip

_MOST_KEYS = 9  # words with a key of their own: 1 to 9

_AT: Value[str | None] = Value("review_at", None)
"""The clip that is open, by its id."""
_PLACE: Value[int] = Value("review_place", 0)
"""Its place among those to be looked at: the next one takes it when it leaves them."""
_PLAY: Value[bool] = Value("review_play", False)
"""Whether the clip that opens next plays at once: it was reached by a decision."""
_SAID: Value[str] = Value("review_said", "")
"""What the last decision did."""
ALL: Value[bool] = Value("review_all", False)
"""Widget: whether the clips kept before are looked at again."""


def open_at(clip: OwnClip) -> None:
    """Let the section begin with a clip."""
    _AT.set(clip.id)
    if clip.kept:
        ALL.set(True)


def undone(number: int, text: str) -> bool:
    """Open the clip again whose decision is undone, and say so; False if the change was no decision made here."""
    if (clip := REVIEWED.get().get(number)) is None:
        return False
    _SAID.set(f"{text}.")
    _AT.set(clip)
    return True


def show(
    corpus: OwnCorpus, clips: Sequence[OwnClip], words: Sequence[str], remarks: Sequence[tuple[str, str]]
) -> OwnClip | None:
    """Draw the section; return the clip that is open, None if there is none.

    Args:
        clips: those that the search shows.
        words: of the corpus.
        remarks: possible problems: the id of a clip and a sentence.
    """
    if asked := address.take("clip"):
        found = next((clip for clip in clips if clip.id == asked), None)
        open_at(found) if found else address.explain("clip", asked)
    kept = sum(clip.kept for clip in clips)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(clips) - kept}** to look at, {kept} kept.", width="content")
        again = st.toggle("Kept ones too", key=ALL.key, disabled=not kept)
    todo = [clip for clip in clips if again or not clip.kept]
    if not todo:
        st.caption(":material/check: You have kept all of these." if clips else "No clip matches the search.")
        return None
    place = next((place for place, clip in enumerate(todo) if clip.id == _AT.get()), min(_PLACE.get(), len(todo) - 1))
    clip = todo[place]
    _AT.set(clip.id)
    _PLACE.set(place)
    address.say("clip", clip.id)
    _describe(clip, place, len(todo))
    trim = clip.trim
    with show_errors():
        trim = trim_editor.show(clip, play=_PLAY.pop())
    for id, sentence in remarks:
        if id == clip.id:
            st.caption(f":material/warning: {as_text(sentence)}")
    ids = [one.id for one in todo]
    _decide(corpus, clip, trim, before="".join(ids[:place][-1:]), after="".join(ids[place + 1 :][:1]))
    _words(corpus, clip, words)
    st.caption(as_text(_SAID.get()) or "Each decision can be undone.")
    return clip


def _describe(clip: OwnClip, place: int, count: int) -> None:
    trimmed = f", trimmed from {clip.whole_seconds:.2f} s" if clip.trim else ""
    st.markdown(
        f"**{as_text(shown_word(clip.label))}** · {as_text(clip.speaker or 'unknown speaker')} · {clip.seconds:.2f} s{trimmed} · "
        f"{as_text(clip.original or clip.source)} · {place + 1} of {count}"
    )


def _decide(
    corpus: OwnCorpus, clip: OwnClip, trim: tuple[float, float] | None, before: str, after: str
) -> None:  # fmt: skip
    """Draw the decisions about a clip.

    Args:
        trim: where it shall be cut [s].
        before, after: ids of its neighbours, "" if there is none.
    """
    if trim == clip.trim:
        title, keep = "Keep", lambda: corpus.keep([clip.id])
    elif trim is None:
        title, keep = "Restore whole clip", lambda: corpus.untrim([clip.id])
    else:
        title, keep = "Keep trimmed", lambda: _trim(corpus, clip, *trim)
    with st.container(horizontal=True):
        st.button(
            title, type="primary", icon=":material/check:", shortcut="K", key="review-keep",
            on_click=_do, args=(clip, keep, after or clip.id),
        )  # fmt: skip
        st.button(
            "Discard", icon=":material/delete:", shortcut="D", key="review-discard",
            on_click=_do, args=(clip, lambda: corpus.remove([clip.id]), after or clip.id),
        )  # fmt: skip
        st.button(
            "Back", icon=":material/arrow_back:", shortcut="B", key="review-back", disabled=not before,
            on_click=_go, args=(before,),
        )  # fmt: skip
        st.button(
            "Next", icon=":material/arrow_forward:", shortcut="N", key="review-next", disabled=not after,
            on_click=_go, args=(after,),
        )  # fmt: skip


def _words(corpus: OwnCorpus, clip: OwnClip, words: Sequence[str]) -> None:
    """Draw a button with a key for each of the first words; the clip stays open under its new word."""
    here = [word for word in words if word != BACKGROUND_NOISE][:_MOST_KEYS]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("It says", width="content")
        for number, word in enumerate(here, 1):
            st.button(
                as_text(word), icon=":material/check:" if word == clip.label else None, shortcut=str(number),
                key=f"review-word-{number}", disabled=word == clip.label,
                on_click=_do, args=(clip, lambda word=word: corpus.relabel([clip.id], word), clip.id),
            )  # fmt: skip


def _trim(corpus: OwnCorpus, clip: OwnClip, start: float, end: float) -> Change:
    from audio_models.own_words import trimming

    return corpus.trim(clip.id, trimming.cut(clip, trimming.whole_recording(clip), start, end), start, end)


def _do(clip: OwnClip, action: Callable[[], Change], then: str) -> None:
    """Carry out a decision about a clip, and open the clip `then`."""
    try:
        change = action()
    except EchoicError as error:
        OWN_ERROR.set(str(error))
        return
    REVIEWED.set({**REVIEWED.get(), change.number: clip.id})
    _SAID.set(f"{change.text}: {clip.original or clip.label}.")
    _go(then)


def _go(to: str) -> None:
    _PLAY.set(to != _AT.get())
    _AT.set(to)
