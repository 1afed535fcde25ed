"""Own words accepted against other sound rejected: at the network's threshold, over all thresholds, and by ear."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from audio_models.jobs.runs import Run
from audio_models.recognition import threshold
from audio_models.recognition.evaluation_result import Evaluation
from audio_models.recognition.open_set import Group, OpenSet, Rate, open_set
from audio_models.report import figures
from dashboard.shared import address
from dashboard.shared.formatting import as_text
from dashboard.shared.glossary import TERMS
from dashboard.shared.players import play
from dashboard.shared.rows import in_rows
from dashboard.shared.show_chart import show_figure
from dashboard.shared.state import Value
from data.corpus import UNKNOWN
from data.phrases import percent, plural

_COLUMNS = {"AUROC": st.column_config.TextColumn("AUROC", help=TERMS["AUROC"])}
_CHOSEN = Value[int]("thresholds_chosen", 0)
"""How often a threshold was chosen; each brings a fresh slider, which stands at the one in use."""
_MOST_PAIRS, _IN_A_ROW = 9, 3


def in_one_line(result: Evaluation) -> str:
    """Both open-set figures at the network's threshold, as Markdown; "" if there is no other speech."""
    found = open_set(result)
    spoken = [one.rejected for one in found.groups if one.spoken] if found else []
    if not found or not spoken:
        return ""
    rejected = sum(one.hits for one in spoken) / sum(one.clips for one in spoken)
    return (
        f"At its threshold of {percent(found.threshold)} it accepts **{percent(found.own.share)}** of its own words and "
        f"rejects **{percent(rejected)}** of other speech."
    )


def show(run: Run, result: Evaluation) -> None:
    """Draw the figures, the curve with the threshold to choose on it, and the words that are taken for others."""
    in_use = result.threshold
    explanation, slider = st.columns([5, 3], gap="large", vertical_alignment="center")
    with slider:
        key = f"word-threshold-{run.id}-{in_use}-{_CHOSEN.get()}"
        address.follow_number("threshold", key, 0.0, 1.0)
        at = st.slider(
            "Threshold", 0.0, 1.0, round(in_use, 3), 0.005, format="percent", key=key, persist_state="session",
            help="Higher: less other sound is taken for a word, and more of its own words are rejected.",
        )  # fmt: skip
    shown = in_use if at == round(in_use, 3) else at
    found = open_set(replace(result, threshold=shown))
    if found is None:
        st.caption("These clips hold none of its words.")
        return
    explanation.markdown(
        f"A word needs **{percent(shown)}**; below that, and when the network hears something else, a sound is rejected. "
        "Both figures count: either alone can be had by giving up the other.",
        help=TERMS["rejected"],
    )
    table, picture = st.columns([5, 3], gap="large")
    with table:
        st.dataframe(
            [_row("accepted and right: own words", "", found.own), *map(_group_row, found.groups)],
            hide_index=True, column_config=_COLUMNS, placeholder="",
        )  # fmt: skip
        if not found.groups:
            st.caption(_why_none(result))
        _offer_threshold(run, shown, in_use)
    with picture:
        if figure := figures.acceptance(found):
            show_figure(figure)
            st.caption("Each point is a threshold; the ring is the one chosen above. Top left is best.")
    _draw_taken(found)


def _offer_threshold(run: Run, shown: float, in_use: float) -> None:
    """Draw the buttons that choose a threshold for the run, and give that up."""
    if shown != in_use:
        if st.button("Use this threshold", type="primary", icon=":material/check:"):
            _choose(run, shown)
    elif threshold.load(run) is None:
        fitted_on = "the cross-validated answers" if run.config.training.folds else "validation clips"
        st.caption(f"This threshold came with the network: it was fitted on {fitted_on}.")
    elif st.button("Back to the fitted threshold", icon=":material/undo:"):
        _choose(run, None)


def _choose(run: Run, chosen: float | None) -> None:
    threshold.store(run, chosen)
    _CHOSEN.set(_CHOSEN.get() + 1)
    st.rerun()


def _row(figure: str, which: str, rate: Rate, auroc: float | None = None) -> dict[str, Any]:
    low, high = percent(rate.interval.low).removesuffix(" %"), percent(rate.interval.high).removesuffix(" %")
    return {
        "figure": figure, "clips": f"{rate.hits} of {rate.clips}", "share": percent(rate.share),
        "95 % interval": f"{low} to {high}", "AUROC": "" if auroc is None else percent(auroc), "which": which,
    }  # fmt: skip


def _group_row(one: Group) -> dict[str, Any]:
    return _row(f"rejected: {one.title}", one.detail, one.rejected, one.auroc)


def _why_none(result: Evaluation) -> str:
    if UNKNOWN not in result.labels:
        return "This network learned no other words, so it cannot reject any. Train one with the class for other words (\\_unknown\\_)."
    return "These clips hold no other words. Evaluate it on a corpus that has some."


def _draw_taken(found: OpenSet) -> None:
    """Draw which words are taken for which, each with a player."""
    if not found.taken:
        return
    st.markdown("##### Taken for one of its words")
    shown = found.taken[:_MOST_PAIRS]
    for place, one in zip(in_rows(len(shown), _IN_A_ROW), shown, strict=True):
        with place:
            st.markdown(f"**{as_text(one.word)}** for **{as_text(one.label)}**: {len(one.accepted)} of {one.clips}")
            play(one.accepted[0].clip)
    if len(found.taken) > _MOST_PAIRS:
        st.caption(f"… and {plural(len(found.taken) - _MOST_PAIRS, 'more pair')}, none more often than these.")
