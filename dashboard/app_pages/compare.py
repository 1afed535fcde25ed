"""Compare: train every cell on the user's clips several times, and test which one is better."""

from __future__ import annotations

import streamlit as st

from audio_models.lab import comparison
from audio_models.lab.bundled import is_bundled
from audio_models.lab.comparison import Comparison
from dashboard.lessons import texts
from dashboard.lessons.comparison_form import READOUT_QUESTION, choose_comparison, choose_question
from dashboard.lessons.comparison_result import show_comparison
from dashboard.lessons.texts import show_lesson
from dashboard.shared import job_panel
from dashboard.shared.choose_corpus import corpus_title
from dashboard.shared.feedback import show_errors
from data.phrases import plural


def _page() -> None:
    st.title("Which cell should I use?")
    show_lesson(texts.COMPARE)
    form, picture = st.columns([2, 3], gap="large")
    with form, show_errors():
        question = choose_question()
        config = choose_comparison(question)
        if config is not None:
            job_panel.begin(comparison.create(config), "compare")
    with picture, show_errors():
        job_panel.choose_and_watch(
            [*comparison.listing(), *comparison.bundled()], "compare", "Comparison", _name, show_comparison,
            fits=lambda made: (made.config.readout == "both") == (question == READOUT_QUESTION),
        )  # fmt: skip


def _name(made: Comparison) -> str:
    config = made.config
    when = "comes with Echoic" if is_bundled(made) else made.created_text
    what = "last state or mean, " if config.readout == "both" else ""
    return f"{corpus_title(config.corpus)}, {what}{plural(len(config.task.classes), 'class', 'classes')}, {when}"


_page()
