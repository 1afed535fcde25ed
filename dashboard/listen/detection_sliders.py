"""Sliders for the detection settings of a run: tried at once, stored on request."""

from __future__ import annotations

import streamlit as st

from audio_models.jobs.runs import Run
from audio_models.listening import detection
from audio_models.listening.detection import DetectionConfig
from dashboard.shared import address
from dashboard.shared.feedback import show_errors
from dashboard.shared.state import LISTEN_CONTEXT, LISTEN_PAUSE, LISTEN_SMOOTHING, LISTEN_THRESHOLD, Value
from data.phrases import percent

TITLE = "Detection settings"

_TRIED: Value[tuple[DetectionConfig, DetectionConfig] | None] = Value("listen_tried", None)
"""A run's stored settings, and those tried instead; the sliders' own values are gone after a visit to another page."""


def choose_settings(run: Run) -> DetectionConfig:
    """Draw the sliders; return what they show."""
    stored = detection.load_settings(run)
    since, tried = _TRIED.of(run.id).get() or (stored, stored)
    if since != stored:  # others were stored in the meantime
        tried = stored
    with st.expander(TITLE, icon=":material/tune:"):
        config = _sliders(run, tried)
        _TRIED.of(run.id).set((stored, config))
        _buttons(run, stored, config)
    return config


def _sliders(run: Run, shown: DetectionConfig) -> DetectionConfig:
    one, two, three, four = st.columns(4)
    address.follow_number("threshold", LISTEN_THRESHOLD.of(run.id).key, 0.01, 1.0)
    address.follow_number("smoothing", LISTEN_SMOOTHING.of(run.id).key, 0, 2000)
    address.follow_number("pause", LISTEN_PAUSE.of(run.id).key, 0, 10_000)
    address.follow_number("context", LISTEN_CONTEXT.of(run.id).key, 0, 20_000)
    threshold = one.slider(
        "Threshold", 0.01, 1.0, shown.threshold, 0.01, format="percent", key=LISTEN_THRESHOLD.of(run.id).key
    )
    one.caption("Score at which a word is reported. Lower: fewer misses, more false alarms.")
    smoothing = two.slider(
        "Smoothing", 0, 2000, round(shown.smoothing_ms), 20, format="%d ms", key=LISTEN_SMOOTHING.of(run.id).key
    )
    two.caption("Time over which probabilities are averaged. Longer: a brief slip counts less.")
    pause = three.slider(
        "Pause", 0, 10_000, round(shown.refractory_ms), 50, format="%d ms", key=LISTEN_PAUSE.of(run.id).key
    )
    three.caption("Time after a word in which no other is reported.")
    context = four.slider(
        "Context", 0, 20_000, round(shown.context_ms), 500, format="%d ms", key=LISTEN_CONTEXT.of(run.id).key
    )
    four.caption("How far back other speech counts against a word. 0: not at all.")
    return DetectionConfig(threshold, smoothing, pause, context)


def _buttons(run: Run, stored: DetectionConfig, config: DetectionConfig) -> None:
    from audio_models.listening import streaming_evaluation  # brings onnxruntime

    with st.container(horizontal=True):
        if config != stored:
            st.button(
                "Save for this network", icon=":material/save:", key="listen-keep", on_click=_store, args=(run, config),
                help="Used from now on wherever this network listens.",
            )  # fmt: skip
        advised = streaming_evaluation.advised(run)
        if advised != config:
            st.button(
                f"Reset to {percent(advised.threshold, 0)}, {advised.smoothing_ms:.0f} ms, {advised.refractory_ms:.0f} ms, {advised.context_ms:.0f} ms",
                icon=":material/undo:", key="listen-back", on_click=_store, args=(run, advised),
                help="The settings that did best in the streaming evaluation, or else the defaults.",
            )  # fmt: skip


def _store(run: Run, config: DetectionConfig) -> None:
    with show_errors():
        detection.store_settings(run, config)
    _TRIED.of(run.id).pop()
    # a slider in the browser keeps its value, whatever its default is
    LISTEN_THRESHOLD.of(run.id).set(config.threshold)
    LISTEN_SMOOTHING.of(run.id).set(round(config.smoothing_ms))
    LISTEN_PAUSE.of(run.id).set(round(config.refractory_ms))
    LISTEN_CONTEXT.of(run.id).set(round(config.context_ms))
