"""What every scene is made of: a guess before the answer, a task, a link into the tool, a spoken word."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from dashboard.learn import progress
from dashboard.shared.address import State, page_link
from dashboard.shared.clip_source import ChosenClip
from dashboard.shared.example_sounds import spoken
from dashboard.shared.state import Value

_GUESS = Value[str | None]("learn_guess", None)
"""Widget: the guess that is chosen and not yet revealed; `of` a scene."""
_AGAIN = Value[bool]("learn_again", False)
"""Whether a question that has been answered is asked again; `of` a scene."""


def columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    """A narrow column for words, the guess and the task; a wide one for the picture."""
    words, picture = st.columns([2, 3], gap="medium")
    return words, picture


def guess(scene: str, question: str, options: Sequence[str], right: str, explanation: str) -> bool:
    """Ask a question before its answer is shown, and again if that is wanted; call it in a fragment.

    Args:
        scene: its slug.
        question: Markdown, as are the options.
        right: the right one of the options.
        explanation: why, in two sentences at most; Markdown.

    Returns:
        Whether the answer is revealed: draw what gives it away only then.
    """
    assert right in options
    given, again = progress.read().of(scene).guess, _AGAIN.of(scene)
    if given is None or again.get():
        chosen = st.radio(question, options, index=None, key=_GUESS.of(scene).key)
        if st.button("Reveal", type="primary", key=f"reveal_{scene}", disabled=chosen is None):
            again.set(False)
            progress.update(scene, guess=chosen)
            st.rerun()
        return False
    st.markdown(question)
    with st.container(horizontal=True, vertical_alignment="top", horizontal_alignment="distribute", gap="small"):
        if given == right:
            st.markdown(f":green[:material/check_circle: **You guessed right:**] {right}", width="content")
        else:
            st.markdown(f":orange[:material/cancel: **You guessed:**] {given}  \n**It is:** {right}", width="content")
        st.button(
            "Guess again", icon=":material/replay:", type="tertiary", key=f"again_{scene}",
            on_click=again.set, args=(True,),
        )  # fmt: skip
    st.markdown(explanation)
    return True


def task(scene: str, text: str, *, solved: bool | None = None) -> bool:
    """Give a small task; once solved it stays solved. Call it in a fragment.

    Args:
        scene: its slug.
        text: what to do; Markdown.
        solved: whether what the student has set solves it now; None if the page cannot tell, so the student ticks it.

    Returns:
        Whether it has been solved.
    """
    was = progress.read().of(scene).solved
    if solved is None:
        ticked = st.checkbox(f"**Task.** {text}", value=was, key=f"task_{scene}")
        if ticked != was:
            progress.update(scene, solved=ticked)
            st.rerun()
        return bool(ticked)
    if solved and not was:
        progress.update(scene, solved=True)
        st.rerun()
    if was:
        st.markdown(f":green[:material/task_alt: **Solved.**] {text}")
    else:
        st.markdown(f":material/radio_button_unchecked: **Task.** {text}")
    return was


def open_tool(page: str, label: str, icon: str, **state: State) -> None:
    """Link to the full tool in a state.

    Args:
        page: its path.
        state: the parameters of its address, see `dashboard.shared.address`.
    """
    page_link(page, label, icon, **state)


def network(name: str) -> Run:
    """A network that comes with Echoic, such as "plain-gru"."""
    return runs.bundled_run(name)


def spoken_clip(run: Run, word: str) -> ChosenClip:
    """A word said by a synthetic voice, at the network's sample rate."""
    label = word if word in run.config.task.classes else None
    return ChosenClip(f"A synthetic voice says “{word}”", spoken(word, run.config.features.sample_rate), label)
