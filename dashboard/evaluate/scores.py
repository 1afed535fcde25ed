"""Scores of each class and speaker, and how far the confidence can be trusted."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from audio_models.recognition import metrics
from audio_models.recognition.evaluation_result import Evaluation
from dashboard.evaluate import charts
from dashboard.shared.formatting import percent, table_height
from dashboard.shared.glossary import TERMS
from dashboard.shared.show_chart import show_chart
from data.phrases import plural

_SHARE = st.column_config.NumberColumn(format="percent")
_TABLE_ROWS = 8  # visible without scrolling


def per_class(result: Evaluation) -> None:
    """Draw precision, recall and F1 of each class."""
    table = pd.DataFrame([asdict(row) for row in result.per_class])
    long = table.melt("label", ["precision", "recall", "f1"], "measure", "score")
    long["measure"] = long["measure"].replace({"f1": "F1"})
    left, right = st.columns(2, gap="large")
    show_chart(
        charts.score_bars(long),
        "Precision, recall and F1 of each class; the table beside it has the numbers.",
        place=left,
    )
    right.dataframe(
        table.rename(columns={"support": "clips", "f1": "F1"}),
        hide_index=True,
        column_config={"precision": _SHARE, "recall": _SHARE, "F1": _SHARE},
    )
    st.caption(
        "**Precision**: share of the answers with this word that are right. **Recall**: share of this word's clips that are "
        "found. **F1**: their harmonic mean."
    )


def per_speaker(result: Evaluation) -> None:
    """Draw how the accuracies of the speakers are spread."""
    if not result.per_speaker:
        st.caption("The speakers of these clips are unknown.")
        return
    table = pd.DataFrame([asdict(row) for row in result.per_speaker])
    left, right = st.columns(2, gap="large")
    lowest, highest = table["accuracy"].min(), table["accuracy"].max()
    said = f"Accuracies of {plural(len(table), 'speaker')}, from {percent(lowest)} to {percent(highest)}; the table has them all."
    show_chart(charts.speaker_accuracies(table), said, place=left)
    right.dataframe(
        table, hide_index=True, height=table_height(len(table), _TABLE_ROWS), column_config={"accuracy": _SHARE}
    )


def confidence(result: Evaluation) -> None:
    """Draw accuracy against confidence, and say what the threshold costs and gains."""
    confidences = np.array([one.confidence for one in result.predictions])
    correct = np.array([one.correct for one in result.predictions])
    bins = metrics.reliability(confidences, correct)
    picture, words = st.columns([3, 2], gap="large")
    table = pd.DataFrame([asdict(one) for one in bins])
    said = "; ".join(f"{one.clips} answers at {one.confidence:.0%}: {one.accuracy:.0%} right" for one in bins)
    show_chart(charts.reliability(table, result.threshold), f"Accuracy against confidence. {said}.", place=picture)
    sure = confidences >= result.threshold
    with words:
        st.markdown(
            "Each dot groups answers of similar confidence; a larger dot, more answers. On the line, confidence equals "
            "accuracy: of the answers at 80 %, 80 in 100 are right.",
            help=TERMS["confidence"],
        )
        st.markdown(
            f"Calibration error: **{percent(metrics.calibration_error(bins))}** ({result.split}, {plural(result.clips, 'clip')})."
        )
        if result.threshold and sure.any():
            st.markdown(
                f"A word needs **{percent(result.threshold)}**. {percent(sure.mean())} of the clips are above it, with an accuracy of **{percent(correct[sure].mean())}**."
            )
