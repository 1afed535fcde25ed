"""Listen: find words in a long recording, see them on a timeline, and play each in its place."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from audio_models.jobs.runs import Run
from dashboard.listen import results, session, stretch
from dashboard.listen.recording_source import ChosenRecording, choose_recording
from dashboard.shared import address, remembered
from dashboard.shared.choose_model import choose_listener, listens_for, usable_runs
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.state import LISTEN_ERROR, LISTEN_NOW, LISTEN_STOPPED
from data import audio_formats
from data.errors import EchoicError


def _button(recording: ChosenRecording | None) -> bool:
    """Draw Listen, or Cancel in its place; return whether to listen now."""
    now = LISTEN_NOW.pop() and recording is not None
    # One button with one key, so none is left over from the run before. A click on Cancel reruns the page, which stops
    # the listening.
    st.button(
        "Cancel" if now else "Listen", type="secondary" if now else "primary", key="listen-start",
        icon=":material/close:" if now else ":material/hearing:", disabled=recording is None,
        on_click=(LISTEN_STOPPED if now else LISTEN_NOW).set, args=(True,),
    )  # fmt: skip
    return now


def _listen(run: Run, recording: ChosenRecording) -> None:
    try:
        session.listen(run, recording)
    except EchoicError as error:  # shown after the rerun, when the button says Listen again
        LISTEN_ERROR.set(str(error))
    else:
        stretch.forget()
        if isinstance(recording.source.data, Path):
            remembered.use("recordings", str(recording.source.data))
    st.rerun()


def _find_again(run: Run, recording: ChosenRecording) -> None:
    """Show what a link, or the page before it was reloaded, has shown: listen, unless that was done a moment ago."""
    if not session.resume(run, recording):
        LISTEN_NOW.set(True)


def _page() -> None:
    st.title("Listen to a recording")
    models = usable_runs()
    with show_errors():
        model, words = st.columns([2, 3], vertical_alignment="center")
        with model:
            run = choose_listener(models, "listen_run")
        words.markdown(listens_for(run))
        recording = None
        with show_errors():  # the last result stays, whatever is chosen next
            recording = choose_recording(run)
        stopped, error = LISTEN_STOPPED.pop(), LISTEN_ERROR.pop()
        if stopped or error:
            address.take("from")
        elif recording is not None and session.last() is None and address.asks_for("from"):
            _find_again(run, recording)
        if _button(recording) and recording is not None:
            _listen(run, recording)
        if error:
            st.error(as_text(error), icon=":material/error:")
        if stopped:
            st.caption("Stopped before the end.")
        listened = session.last()
        if listened is not None:
            results.show(listened)
        elif recording is None:
            st.caption(f"Choose a recording: {audio_formats.NAMES}.")


_page()
