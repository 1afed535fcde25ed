"""Inside: step through a clip frame by frame, reorder its frames, unroll the loop, follow the gradient back."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from audio_models.jobs.runs import Run
from dashboard.lessons import experiment, handout
from dashboard.lessons.gradient import gradient_curves, gradient_view
from dashboard.lessons.inspected import inspect_clip
from dashboard.lessons.units import where_else
from dashboard.lessons.views import cell_by_hand, order_of_frames, step_by_step, unrolled_loop
from dashboard.shared import address, preload
from dashboard.shared.choose_model import choose_model, usable_runs
from dashboard.shared.clip_source import ChosenClip, choose_clip
from dashboard.shared.copy_link import copy_link
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text, label_text
from dashboard.shared.open_keras import title_with_open_button
from dashboard.shared.players import play_samples
from dashboard.shared.state import INSIDE_RUN
from data.phrases import percent

_VIEWS = {
    "Step by step": step_by_step,
    "Cell": cell_by_hand,
    "Order": order_of_frames,
    "Unrolled": unrolled_loop,
    "Gradient": gradient_view,
    "Units": where_else,
}


def _save(run: Run, clip: ChosenClip) -> None:
    """Draw the button that saves a handout; the file is made when it is clicked, which takes a second."""

    def curves() -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
        remembers = run.config.network.cell != "feed_forward"
        return gradient_curves([run], clip, "") if remembers else (None, None)

    found, name = inspect_clip(run, clip), experiment.named(run)
    made = curves() if name != run.name else None  # where the file is made, the choices of this page are not known

    def content() -> str:
        table, lengths = made or curves()
        return handout.inside(found, name, clip.name, table, lengths)

    st.download_button(
        "Save as a handout", content, f"inside-{run.id}.html", "text/html", icon=":material/description:", on_click="ignore",
        help="A worksheet in one HTML file: the clip, the stepper, pictures, formulas, questions and an answer key. It opens without Echoic.",
    )  # fmt: skip


def _answer(run: Run, clip: ChosenClip) -> None:
    found = inspect_clip(run, clip)
    sure = float(found.prefix_probabilities[-1].max())
    right = ""
    if clip.label is not None:
        right = (
            " :material/check:"
            if clip.label == found.answer
            else f", but it is {label_text(clip.label)} :material/close:"
        )
    st.markdown(f"Recognised: **{label_text(found.answer)}**, confidence {percent(sure)}{right}")


def _page() -> None:
    title_with_open_button("Look inside a network")
    models = usable_runs()
    with show_errors():
        left, right = st.columns([2, 3])
        with left:
            run = choose_model(models, "inside_run", memory=INSIDE_RUN)
        experiment.follow_address(run)
        recognizer = preload.recognizer(run)
        with right:
            clip = choose_clip(run, recognizer, "inside")
        if clip is None:
            return
        player, answer, save = st.columns([2, 2, 1], vertical_alignment="center")
        with player:
            play_samples(clip.samples, recognizer.features.sample_rate)
        with answer:
            st.caption(as_text(clip.name))
            _answer(run, clip)
        with save:
            _save(run, clip)
            copy_link()
        experiment.draw(run)
        address.follow("view", "inside_view", list(_VIEWS))
        view = st.segmented_control(
            "View",
            list(_VIEWS),
            default=next(iter(_VIEWS)),
            required=True,
            key="inside_view",
            label_visibility="collapsed",
        )
        _VIEWS[view](run, clip)


_page()
