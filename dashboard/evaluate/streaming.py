"""The streaming evaluation: missed words against false alarms, and the threshold to choose on the curve."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd
import streamlit as st

from audio_models.jobs.runs import Run
from audio_models.listening import detection
from audio_models.recognition.evaluation_result import CROSS_VALIDATED
from dashboard.shared.feedback import ProgressBar
from dashboard.shared.formatting import percent
from dashboard.shared.freshness import last_change
from dashboard.shared.state import Value
from data.corpus import CorpusReference, Split
from data.phrases import plural

if TYPE_CHECKING:
    from audio_models.listening.evaluation_config import UnlearnedSplit
    from audio_models.listening.streaming_evaluation import StreamingEvaluation

_LEAST = 0.1  # alarms an hour: where none is drawn, on a logarithmic axis
_KINDS = {"speech_alarms": "other words", "noise_alarms": "noise"}

_MEASURED: Value[StreamingEvaluation | None] = Value("streaming_evaluation", None)
"""A measurement on a corpus other than the run's own, which is not stored; `of` run, corpus and split."""


def show_stored(run: Run, split: str) -> None:
    """Draw the section where the clips are missing but a measurement came with the model."""
    from audio_models.listening import streaming_evaluation

    if split in ("validation", "test") and streaming_evaluation.load_cached(
        run, "test" if split == "test" else "validation"
    ):
        st.markdown("##### Listening to a stream")
        show(run, None, split, clips=False)


def show(run: Run, corpus: CorpusReference | None, split: str, *, clips: bool = True) -> None:
    """Draw the section for one split.

    Args:
        clips: whether the clips are there, to measure on.

    Raises:
        EchoicError: what the measurement needs is missing.
    """
    from audio_models.listening import streaming_evaluation

    if split not in ("validation", "test"):
        st.caption(
            "This network learned from all its clips. Evaluate it on another corpus (above) to measure it in a stream."
            if split == CROSS_VALIDATED
            else "Choose validation or test clips above: the network learned from the others."
        )
        return
    measured: UnlearnedSplit = "test" if split == "test" else "validation"
    found = (
        streaming_evaluation.load_cached(run, measured)
        if corpus is None
        else _MEASURED.of(_key(run, corpus, measured)).get()
    )
    st.markdown(
        f"Missed words and false alarms in long recordings, mixed from **{measured}** clips: its words among other words, other "
        "words alone, and noise alone. A word is detected when its smoothed probability reaches the threshold."
    )
    if found is not None and corpus is None and clips and not _is_current(run, found):
        st.info("The clips have changed since this was measured. Measure again.", icon=":material/update:")
        found = None
    if found is None:
        _measure(run, corpus, measured)
        return
    settings = detection.load_settings(run)
    thresholds = list(dict.fromkeys(point.threshold for point in found.points))
    picture, words = st.columns([3, 2], gap="large")
    with words:
        at = st.select_slider(
            "Threshold",
            thresholds,
            value=found.at(settings.threshold).threshold,
            key=f"threshold-{run.id}-{measured}-{settings.threshold}",
            help="Lower: fewer missed words, more false alarms.",
        )
        point = found.at(at)
        missed, alarms, noise = st.columns(3)
        missed.metric("Missed", percent(point.missed), help=f"Of {plural(point.words, 'word')} spoken.")
        alarms.metric(
            "False, speech", _an_hour(point.speech_alarms) if found.others else "unknown",
            help=f"False alarms per hour of other words without a pause, from {plural(found.others, 'clip')}.",
        )  # fmt: skip
        noise.metric("False, noise", _an_hour(point.noise_alarms), help="False alarms per hour of noise.")
        if point.delay is not None and point.late_delay is not None:
            st.markdown(
                f"A word is detected **{_milliseconds(point.delay)}** its end (median), 95 % of them by "
                f"**{_milliseconds(point.late_delay)}**."
            )
        if at == settings.threshold:
            st.caption("This threshold is in use on Listen and Live.")
        elif at == found.at(settings.threshold).threshold:
            st.caption(f"In use on Listen and Live: {settings.threshold:g}. This is the nearest that was measured.")
        elif st.button("Use this threshold", type="primary", icon=":material/check:"):
            detection.store_settings(run, replace(settings, threshold=at))
            st.rerun()
        if (found.smoothing_ms, found.refractory_ms) != (settings.smoothing_ms, settings.refractory_ms):
            st.caption(
                f"Measured with {found.smoothing_ms:g} ms of smoothing and {found.refractory_ms:g} ms of pause between words. In use, and "
                f"not measured: {settings.smoothing_ms:g} and {settings.refractory_ms:g} ms."
            )
            if clips:
                _measure(run, corpus, measured)
        if measured == "validation" and found.suggested.threshold != at:  # test clips choose nothing
            st.caption(f"Suggested: {found.suggested.threshold:g}, the best F1 with hardly any alarm in noise.")
    with picture:
        st.altair_chart(curve(found.points, point, speech=bool(found.others)))
        sound = "other words and as much noise" if found.others else "noise; the corpus has no other words"
        st.caption(
            f"Words {found.config.snr_db:g} dB above the noise. {plural(round(found.config.minutes), 'minute')} of {sound}. "
            f"Zero false alarms are drawn at {_LEAST:g}."
        )


def curve(points, chosen, *, speech: bool) -> alt.LayerChart:  # type: ignore[no-untyped-def]
    """Draw the share of missed words against false alarms per hour, one line per kind of sound; the chosen point is ringed.

    Args:
        points: of `audio_models.listening.streaming_evaluation`, one for each threshold.
        chosen: one of them.
        speech: whether the recordings had other words.
    """
    kinds = {key: title for key, title in _KINDS.items() if speech or key != "speech_alarms"}
    rows = [
        {
            "alarms": max(_LEAST, getattr(point, key)), "alarms in": title, "missed": point.missed,
            "threshold": point.threshold, "alarms an hour": getattr(point, key), "chosen": point is chosen,
        }
        for key, title in kinds.items()
        for point in points
    ]  # fmt: skip
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("alarms:Q", title="False alarms per hour", scale=alt.Scale(type="log", nice=False)),
        y=alt.Y("missed:Q", title="Missed words", axis=alt.Axis(format="%"), scale=alt.Scale(domainMin=0)),
        tooltip=[
            alt.Tooltip("threshold:Q"), alt.Tooltip("missed:Q", format=".1%"),
            alt.Tooltip("alarms an hour:Q", format=".1f"), alt.Tooltip("alarms in:N"),
        ],
    )  # fmt: skip
    kind = alt.Color(
        "alarms in:N",
        scale=alt.Scale(domain=list(_KINDS.values()), range=["#0072B2", "#E69F00"]),
        legend=alt.Legend(orient="top"),
    )
    lines = base.mark_line().encode(
        color=kind, strokeDash=alt.StrokeDash("alarms in:N", legend=None), order="threshold:Q"
    )
    dots = base.mark_point(size=25, filled=True).encode(color=kind, shape=alt.Shape("alarms in:N", legend=None))
    rings = base.transform_filter("datum.chosen").mark_point(size=260, strokeWidth=3).encode(color=kind)
    return (lines + dots + rings).properties(height=340)


def _is_current(run: Run, found: StreamingEvaluation) -> bool:
    answer: bool = _is_current_cached(f"{run.folder} {last_change(run.config.corpus)} {found.fingerprint}", run, found)
    return answer


@st.cache_data(ttl=30, max_entries=32, show_spinner=False)  # type: ignore[untyped-decorator]
def _is_current_cached(key: str, _run: Run, _found: StreamingEvaluation) -> bool:  # noqa: ARG001
    from audio_models.listening import streaming_evaluation

    return streaming_evaluation.is_current(_run, _found)


def _measure(run: Run, corpus: CorpusReference | None, split: UnlearnedSplit) -> None:
    from audio_models.listening import streaming_evaluation
    from audio_models.listening.evaluation_config import StreamingEvaluationConfig

    minutes = 60.0 if run.config.streams else 15.0
    if not st.button("Measure", type="primary", icon=":material/hearing:", key=f"measure-{split}"):
        st.caption(f"{minutes:.0f} minutes of other words and as much noise: takes a minute or two.")
        return
    bar = ProgressBar()
    try:
        found = streaming_evaluation.measure(run, StreamingEvaluationConfig(split, minutes=minutes), corpus, bar.report)
    finally:
        bar.clear()
    if corpus is None:
        streaming_evaluation.store(run, found)
    else:
        _MEASURED.of(_key(run, corpus, split)).set(found)
    st.rerun()


def _key(run: Run, corpus: CorpusReference, split: Split) -> str:
    return f"{run.id}-{corpus}-{split}"


def _an_hour(alarms: float) -> str:
    return f"{alarms:.1f} / h" if alarms < 100 else f"{alarms:,.0f} / h"


def _milliseconds(seconds: float) -> str:
    return f"{abs(1000 * seconds):.0f} ms {'before' if seconds < 0 else 'after'}"
