"""The confusion matrix, the clips of a cell, and the most confident mistakes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from audio_models.recognition.evaluation_result import ClipPrediction, Evaluation
from dashboard.shared import address, charts
from dashboard.shared.formatting import as_text, on_dark
from dashboard.shared.players import play
from data.phrases import plural

_PLAYERS = 9
_WORST_CELLS = 3


def matrix(result: Evaluation) -> None:
    """Draw the matrix; a click on a cell plays its clips beside it."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        units = ["counts", "shares"]
        address.follow("matrix", "matrix_unit", units)
        unit = st.segmented_control("Cells show", units, default="counts", required=True, key="matrix_unit")
        event = st.altair_chart(
            charts.confusion_matrix(
                np.array(result.confusion), result.labels, shares=unit == "shares", on_dark=on_dark()
            ),
            on_select="rerun",
            key=f"matrix-{result.run}-{result.corpus}-{result.split}",
        )
        st.caption("Row: spoken word. Column: answer. Orange: mistakes, by their share of the row.")
    with right:
        cell = event.selection.get("cell") or []
        if cell:
            _cell(result, cell[0]["label"], cell[0]["prediction"])
        else:
            _worst_cells(result)


def mistakes(result: Evaluation) -> None:
    """Draw the clips with a wrong answer, the most confident first."""
    found = result.mistakes()
    if not found:
        st.markdown("No mistakes on these clips.")
        return
    st.caption(f"{plural(len(found), 'mistake')}, the most confident first. Listen: some clips may be mislabelled.")
    columns = st.columns(3)
    for number, one in enumerate(found[:_PLAYERS]):
        with columns[number % 3]:
            st.markdown(
                f"**{as_text(one.clip.label)}** heard as **{as_text(one.predicted)}**, {one.confidence:.0%} sure"
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
        st.markdown(f"- **{as_text(label)}** heard as **{as_text(predicted)}**: {plural(count, 'time')}")
    if not worst:
        st.markdown("No mistakes on these clips.")


def _cell(result: Evaluation, label: str, predicted: str) -> None:
    found = result.cell(label, predicted)
    st.markdown(f"##### {len(found)} × {as_text(label)}, heard as {as_text(predicted)}")
    _play_all(found)


def _play_all(found: Sequence[ClipPrediction]) -> None:
    for one in found[:_PLAYERS]:
        who = f" · {as_text(one.clip.speaker)}" if one.clip.speaker else ""
        answer = "" if one.correct else f"heard as {as_text(one.predicted)}, "
        st.caption(f"{as_text(one.clip.label)}, {answer}{one.confidence:.0%} sure{who} · {one.clip.split}")
        play(one.clip)
    if len(found) > _PLAYERS:
        st.caption(f"… and {len(found) - _PLAYERS} more.")
