"""Scores of each class and speaker, and how far the confidence can be trusted."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from audio_models.recognition import metrics
from audio_models.recognition.evaluation_result import Evaluation
from audio_models.report import figures
from dashboard.shared.formatting import table_height
from dashboard.shared.glossary import TERMS
from dashboard.shared.show_chart import show_figure
from data.corpus import plain_label
from data.phrases import percent, plural

_SHARE = st.column_config.NumberColumn(format="percent")
_TABLE_ROWS = 8  # visible without scrolling


def per_class(result: Evaluation) -> None:
    """Draw precision, recall and F1 of each class."""
    table = pd.DataFrame([{**asdict(row), "label": plain_label(row.label)} for row in result.per_class])
    left, right = st.columns(2, gap="large")
    show_figure(figures.class_scores(result), place=left)
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
    figure = figures.speakers(result)
    if figure is None:
        st.caption("The speakers of these clips are unknown.")
        return
    table = pd.DataFrame([asdict(row) for row in result.per_speaker])
    left, right = st.columns(2, gap="large")
    show_figure(figure, place=left)
    right.dataframe(
        table, hide_index=True, height=table_height(len(table), _TABLE_ROWS), column_config={"accuracy": _SHARE}
    )


def confidence(result: Evaluation) -> None:
    """Draw accuracy against confidence, and say what the threshold costs and gains."""
    confidences = np.array([one.confidence for one in result.predictions])
    correct = np.array([one.correct for one in result.predictions])
    picture, words = st.columns([3, 2], gap="large")
    show_figure(figures.confidence(result), place=picture)
    sure = confidences >= result.threshold
    with words:
        st.markdown(
            "Each dot groups answers of similar confidence; a larger dot, more answers. On the line, confidence equals "
            "accuracy: of the answers at 80 %, 80 in 100 are right.",
            help=TERMS["confidence"],
        )
        st.markdown(
            f"Calibration error: **{percent(metrics.calibration_error(figures.reliability_bins(result)))}** ({result.split}, {plural(result.clips, 'clip')})."
        )
        if result.threshold and sure.any():
            st.markdown(
                f"A word needs **{percent(result.threshold)}**. {percent(sure.mean())} of the clips are above it, with an accuracy of **{percent(correct[sure].mean())}**."
            )
