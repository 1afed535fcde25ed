"""The streaming evaluation: missed words against false alarms, and the threshold to choose on the curve."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from audio_models.jobs.runs import Run
from audio_models.listening import detection
from audio_models.recognition.evaluation_result import CROSS_VALIDATED
from audio_models.report import figures
from audio_models.report.charts import LEAST_ALARMS, alarms_text
from dashboard.shared.feedback import ProgressBar
from dashboard.shared.freshness import last_change
from dashboard.shared.show_chart import show_figure
from dashboard.shared.state import Value, selection
from data import other_recordings, workspace
from data.corpus import CorpusReference, Split
from data.phrases import percent, plural

if TYPE_CHECKING:
    from audio_models.listening.detection import DetectionConfig
    from audio_models.listening.evaluation_config import UnlearnedSplit
    from audio_models.listening.streaming_evaluation import Point, StreamingEvaluation

_MOST_WORDS = 3  # named in a row of the table

_MEASURED: Value[StreamingEvaluation | None] = Value("streaming_evaluation", None)
"""A measurement on a corpus other than the run's own, which is not stored; `of` run, corpus and split."""
_THRESHOLD: Value[float] = Value("streaming_threshold", 0.0)
"""Widget: the threshold that is looked at; `of` an evaluation and the threshold in use."""


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

    if split not in ("validation", "test", CROSS_VALIDATED):
        st.caption("Choose validation or test clips above: the network learned from the others.")
        return
    measured: UnlearnedSplit = "test" if split == "test" else "validation"
    found = (
        streaming_evaluation.load_cached(run, measured)
        if corpus is None
        else _MEASURED.of(_key(run, corpus, measured)).get()
    )
    if split == CROSS_VALIDATED and corpus is None:
        st.markdown(
            "How often it hears what was not said. This network learned from all its clips, so missed words cannot be measured "
            "on them: evaluate it on another corpus (above) to measure both."
        )
    else:
        st.markdown(
            f"Missed words in long recordings, mixed from **{measured}** clips, and false alarms where none of its words is said."
        )
    if found is not None and corpus is None and clips and not _is_current(run, found):
        st.info("The clips have changed since this was measured. Measure again.", icon=":material/update:")
        found = None
    if found is None:
        _measure(run, corpus, measured)
        return
    settings = detection.load_settings(run)
    picture, words = st.columns(2, gap="large")
    key = f"{run.id}-{measured}-{settings.threshold}"
    with words:
        point = _choose_point(found, settings.threshold, key)
        _figures(found, point)
        _use(run, found, point, settings)
        if (found.smoothing_ms, found.refractory_ms, found.context_ms) != (
            settings.smoothing_ms, settings.refractory_ms, settings.context_ms
        ):  # fmt: skip
            st.caption(
                f"Measured with {found.smoothing_ms:g} ms of smoothing, {found.refractory_ms:g} ms of pause between words and "
                f"{found.context_ms:g} ms of context. In use, and not measured: {settings.smoothing_ms:g}, "
                f"{settings.refractory_ms:g} and {settings.context_ms:g} ms."
            )
    with picture:
        show_figure(
            figures.false_alarms(found, point),
            key=f"curve-{key}",
            on_select=partial(_on_click, f"curve-{key}", _THRESHOLD.of(key)),
        )
        st.caption(_caption(found))
    if clips:
        with st.expander("Measure again, with other recordings", icon=":material/hearing:"):
            _measure(run, corpus, measured, found.config.other)


def _choose_point(found: StreamingEvaluation, in_use: float, key: str) -> Point:
    """Draw the slider, which a click on the curve moves too."""
    thresholds = list(dict.fromkeys(point.threshold for point in found.points))
    widget = _THRESHOLD.of(key)
    at = st.select_slider(
        "Threshold", thresholds, value=found.at(in_use).threshold, key=widget.key,
        help="Lower: fewer missed words, more false alarms. Or click a point of the curve.",
    )  # fmt: skip
    return found.at(at)


def _on_click(key: str, widget: Value[float]) -> None:
    """Callback of the curve: move the slider to the point that was clicked."""
    for one in selection(key).get("point", [])[:1]:
        widget.set(one["threshold"])


def _figures(found: StreamingEvaluation, point: Point) -> None:
    """Show recall with its interval, and the false alarms of each corpus with theirs."""
    if point.words:
        recall = point.recall_interval
        st.metric("Words heard", percent(point.heard / point.words), help=f"Of {plural(point.words, 'word')} spoken.")
        st.caption(f"95 % interval: {percent(recall.low)} to {percent(recall.high)}")
    rates = [one.at(point.threshold) for one in found.alarms]
    st.dataframe(
        [
            {
                "false alarms in": rate.name,
                "an hour": alarms_text(rate.per_hour),
                "95 % interval": f"{alarms_text(rate.interval.low)} to {alarms_text(rate.interval.high)}",
                "hours": f"{rate.hours:.1f}" if rate.hours >= 1 else f"{rate.hours:.2f}",
                "most often": ", ".join(f"{word} {count}" for word, count in list(rate.words.items())[:_MOST_WORDS]),
            }
            for rate in rates
        ],
        hide_index=True,
    )
    if point.delay is not None and point.late_delay is not None:
        st.markdown(
            f"A word is detected **{_milliseconds(point.delay)}** its end (median), 95 % of them by "
            f"**{_milliseconds(point.late_delay)}**."
        )


def _use(run: Run, found: StreamingEvaluation, point: Point, settings: DetectionConfig) -> None:
    """Offer the threshold for use; name the suggested one."""
    if point.threshold == settings.threshold:
        st.caption("This threshold is in use on Listen and Live.")
    elif point is found.at(settings.threshold):
        st.caption(f"In use on Listen and Live: {settings.threshold:g}. This is the nearest that was measured.")
    elif st.button("Use this threshold", type="primary", icon=":material/check:"):
        detection.store_settings(run, replace(settings, threshold=point.threshold))
        st.rerun()
    suggested = found.suggested if found.config.split == "validation" else None  # test clips choose nothing
    if suggested and suggested is not point:
        st.caption(f"Suggested: {suggested.threshold:g}, {found.suggestion_rule}.")


def _caption(found: StreamingEvaluation) -> str:
    minutes = plural(round(found.config.minutes), "minute")
    sound = "other words and as much noise" if found.others else "noise; the corpus has no other words"
    words = f"Words {found.config.snr_db:g} dB above the noise. " if found.words else ""
    folders = " Recordings are read as they are: one of its words may be said in them." if found.has_recordings else ""
    return f"{words}Mixed: {minutes} of {sound}.{folders} Zero false alarms are drawn at {LEAST_ALARMS:g}."


def _is_current(run: Run, found: StreamingEvaluation) -> bool:
    answer: bool = _is_current_cached(f"{run.folder} {last_change(run.config.corpus)} {found.fingerprint}", run, found)
    return answer


@st.cache_data(ttl=30, max_entries=32, show_spinner=False)  # type: ignore[untyped-decorator]
def _is_current_cached(key: str, _run: Run, _found: StreamingEvaluation) -> bool:  # noqa: ARG001
    from audio_models.listening import streaming_evaluation

    return streaming_evaluation.is_current(_run, _found)


def _measure(run: Run, corpus: CorpusReference | None, split: UnlearnedSplit, folders: tuple[str, ...] = ()) -> None:
    from audio_models.listening import streaming_evaluation
    from audio_models.listening.evaluation_config import StreamingEvaluationConfig

    minutes = 60.0 if run.config.streams else 15.0
    own = [Path(folder).name for folder in other_recordings.on_this_computer(run.config.negatives.other)]
    typed = "" if not workspace.is_local() else st.text_input(
        "Other recordings", folders[0] if folders else "", key=f"other-{run.id}-{split}",
        placeholder="/path/to/recordings of other speech or noise",
        help="A folder of recordings in which none of its words is said, read as they are. Speech tells most: people who read or talk "
        "to each other.",
    )  # fmt: skip
    if own:
        st.caption(f"Besides {', '.join(own)}, of which it has learned other recordings.")
    if not st.button("Measure", type="primary", icon=":material/hearing:", key=f"measure-{split}"):
        st.caption(f"{minutes:.0f} minutes of other words and as much noise: takes a minute or two.")
        return
    bar = ProgressBar()
    config = StreamingEvaluationConfig(split, minutes=minutes, other=(typed.strip(),) if typed.strip() else ())
    try:
        found = streaming_evaluation.measure(run, config, corpus, bar.report)
    finally:
        bar.clear()
    if corpus is None:
        streaming_evaluation.store(run, found)
    else:
        _MEASURED.of(_key(run, corpus, split)).set(found)
    st.rerun()


def _key(run: Run, corpus: CorpusReference, split: Split) -> str:
    return f"{run.id}-{corpus}-{split}"


def _milliseconds(seconds: float) -> str:
    return f"{abs(1000 * seconds):.0f} ms {'before' if seconds < 0 else 'after'}"
