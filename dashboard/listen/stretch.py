"""The stretch of a recording that the closer look shows and plays: chosen by a click, by dragging, or typed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.shared import address
from dashboard.shared.state import LISTEN_FROM, LISTEN_LENGTH, LISTEN_PLAYING, LISTEN_STRETCH, selection

if TYPE_CHECKING:
    from audio_models.listening.detection import Event

_AROUND = 1.0  # seconds before and after a word
_LONGEST = 60.0  # seconds
_SHORTEST = 0.5
_FIRST = 10.0


def shown() -> tuple[float, float]:
    """Start and length of the stretch [s]."""
    return LISTEN_STRETCH.get() or (0.0, _FIRST)


def plays_at_once(start: float, seconds: float) -> bool:
    """Whether the stretch was chosen by a click on its word. It keeps playing while the page is redrawn."""
    return LISTEN_PLAYING.get() == (start, seconds)


def start_at_first(events: Sequence[Event], whole: float) -> None:
    """Show the first word of a new recording of `whole` seconds, or what a link asks for."""
    start, length = _asked_for("from"), _asked_for("length")
    if start is not None:
        _show(start, _FIRST if length is None else length, whole)
    elif LISTEN_STRETCH.get() is None:
        _show(events[0].start - _AROUND if events else 0.0, _FIRST, whole)


def forget() -> None:
    """Forget the stretch: another recording follows."""
    LISTEN_STRETCH.pop()
    LISTEN_PLAYING.pop()


def fields(whole: float) -> tuple[float, float]:
    """Draw the two number fields; return start and length [s] of the stretch."""
    # Set each time: if a click interrupts a run, a value set once may not reach the browser, which then shows the minimum.
    start, seconds = shown()
    LISTEN_FROM.set(start)
    LISTEN_LENGTH.set(seconds)
    address.say("from", f"{start:g}")
    address.say("length", f"{seconds:g}")
    first, length = st.columns(2)
    start = first.number_input(
        "From second", 0.0, max(0.0, whole - 0.1), step=1.0, format="%.1f", key=LISTEN_FROM.key, on_change=_typed
    )
    seconds = length.number_input(
        "Seconds shown", min(_SHORTEST, _tenths(whole)), min(_LONGEST, whole), step=1.0, format="%.1f",
        key=LISTEN_LENGTH.key, on_change=_typed,
    )  # fmt: skip
    return start, seconds


def on_drag(key: str, whole: float) -> None:
    """Callback of the waveform with this key: show the stretch that was dragged over."""
    reach = selection(key).get("stretch", {}).get("seconds")
    if reach:
        _show(min(reach), max(reach) - min(reach), whole)


def on_click(key: str, events: Sequence[Event], whole: float) -> None:
    """Callback of the timeline with this key: show and play the word that was clicked."""
    chosen = [one["id"] for one in selection(key).get("event", [])]
    for event in events:
        if event_id(event) in chosen[:1]:
            _play(event, whole)


def on_row(key: str, events: Sequence[Event], whole: float) -> None:
    """Callback of the table with this key: show and play the word of the row."""
    for row in selection(key).rows[:1]:
        _play(events[row], whole)


def event_id(event: Event) -> str:
    """A name for an event that does not depend on the others."""
    return f"{event.end:.3f} {event.label}"


def _play(event: Event, whole: float) -> None:
    _show(event.start - _AROUND, event.end - event.start + 2 * _AROUND, whole, play=True)


def _typed() -> None:
    LISTEN_STRETCH.set((LISTEN_FROM.get(), LISTEN_LENGTH.get()))


def _show(start: float, seconds: float, whole: float, *, play: bool = False) -> None:
    seconds = _tenths(min(max(_SHORTEST, seconds), _LONGEST, whole))
    start = _tenths(min(max(0.0, start), whole - seconds))
    LISTEN_STRETCH.set((start, seconds))
    LISTEN_PLAYING.set((start, seconds) if play else None)


def _asked_for(name: str) -> float | None:
    """The seconds that a link asks for; None if it asks for none."""
    text = address.take(name)
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        if math.isfinite(seconds := float(text)):
            return seconds
    address.explain(name, text)
    return None


def _tenths(seconds: float) -> float:
    """Round down to a tenth, as the fields show it; rounded up, it could lie beyond the end."""
    return math.floor(10 * seconds + 1e-6) / 10 or seconds
