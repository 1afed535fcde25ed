"""The confusion matrix, the clips of a cell, and the most confident mistakes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from audio_models.recognition.evaluation_result import ClipPrediction, Evaluation
from audio_models.report import figures
from dashboard.shared import address
from dashboard.shared.formatting import as_text, label_text, on_dark
from dashboard.shared.players import play
from dashboard.shared.rows import in_rows
from dashboard.shared.show_chart import show_figure
from dashboard.shared.state import Value
from data.corpus import plain_label
from data.phrases import percent, plural

_PLAYERS = 9
_WORST_CELLS = 3

_LISTED = Value[tuple[str, str] | None]("listed_cell", None)
"""The cell of a mistake in the list that was clicked: the word, and the answer."""


def matrix(result: Evaluation) -> None:
    """Draw the matrix; a click on a cell plays its clips beside it."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        units = ["counts", "shares"]
        address.follow("matrix", "matrix_unit", units)
        unit = st.segmented_control("Cells show", units, default="counts", required=True, key="matrix_unit")
        shares = unit == "shares"
        event = show_figure(
            figures.confusion(result, shares=shares, on_dark=on_dark()),
            on_white=figures.confusion(result, shares=shares),
            on_select="rerun",
            key=f"matrix-{result.run}-{result.corpus}-{result.split}",
        )
        st.caption("Row: spoken word. Column: answer. Orange: mistakes, by their share of the row.")
        with st.expander("As a table"):
            names = [plain_label(label) for label in result.labels]
            st.dataframe(pd.DataFrame(result.confusion, index=names, columns=names))
            st.caption("Row: spoken word. Column: answer. Number of clips.")
    with right:
        chosen = event.selection.get("cell") or []
        cell = (chosen[0]["label"], chosen[0]["prediction"]) if chosen else _asked_for(result)
        address.say("mistake", ",".join(cell) if cell else "")
        if cell:
            _cell(result, *cell)
        if not cell or not chosen:
            _worst_cells(result)


def _asked_for(result: Evaluation) -> tuple[str, str] | None:
    """The cell that a link or a click on a listed mistake asks for."""
    if wanted := address.take("mistake"):
        spoken, _, heard = wanted.partition(",")
        if spoken in result.labels and heard in result.labels:
            _LISTED.set((spoken, heard))
        else:
            address.explain("mistake", wanted)
    cell = _LISTED.get()
    return cell if cell and set(cell) <= set(result.labels) else None


def mistakes(result: Evaluation) -> None:
    """Draw the clips with a wrong answer, the most confident first."""
    found = result.mistakes()
    if not found:
        st.markdown("No mistakes on these clips.")
        return
    st.caption(f"{plural(len(found), 'mistake')}, the most confident first. Listen: some clips may be mislabelled.")
    shown = found[:_PLAYERS]
    for place, one in zip(in_rows(len(shown), 3), shown, strict=True):
        with place:
            st.markdown(
                f"**{label_text(one.clip.label)}** heard as **{label_text(one.predicted)}**, {percent(one.confidence, 0)} sure"
            )
            play(one.clip)


def _worst_cells(result: Evaluation) -> None:
    st.markdown("##### Click a cell to hear its clips")
    worst = sorted(
        (
            (count, label, predicted)
            for label, row in zip(result.labels, result.confusion, strict=True)
            for predicted, count in zip(result.labels, row, strict=True)
            if label != predicted and count
        ),
        reverse=True,
    )[:_WORST_CELLS]
    for count, label, predicted in worst:
        title = f"{label_text(label)} heard as {label_text(predicted)}: {plural(count, 'time')}"
        st.button(title, type="tertiary", icon=":material/hearing:", on_click=_LISTED.set, args=((label, predicted),))
    if not worst:
        st.markdown("No mistakes on these clips.")


def _cell(result: Evaluation, label: str, predicted: str) -> None:
    found = result.cell(label, predicted)
    spoken = label_text(label)
    heard = f"{spoken} heard as {label_text(predicted)}" if label != predicted else f"{spoken}, recognised"
    st.markdown(f"##### {heard}: {plural(len(found), 'time')}")
    _play_all(found)


def _play_all(found: Sequence[ClipPrediction]) -> None:
    for one in found[:_PLAYERS]:
        who = f" · {as_text(one.clip.speaker)}" if one.clip.speaker else ""
        answer = "" if one.correct else f"heard as {label_text(one.predicted)}, "
        st.caption(f"{label_text(one.clip.label)}, {answer}{percent(one.confidence, 0)} sure{who} · {one.clip.split}")
        play(one.clip)
    if len(found) > _PLAYERS:
        st.caption(f"… and {len(found) - _PLAYERS} more.")
