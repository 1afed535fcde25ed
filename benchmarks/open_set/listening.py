"""Listening: words missed above noise, and false alarms per hour, at the stored detection settings."""

from __future__ import annotations

from audio_models.cli import terminal
from audio_models.jobs import runs
from audio_models.listening import detection, streaming_evaluation
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.recognition.metrics import share_interval
from audio_models.recognition.open_set import Rate
from benchmarks.open_set.material import REFERENCE, Material
from benchmarks.open_set.tables import Column, Figure, Table
from data.corpus import Report

_LISTENERS = ("commands-streaming", REFERENCE)


def measure(material: Material, report: Report) -> Table:
    """Let the streaming network listen, and `commands` through a sliding window."""
    return {name: _column(name, material, report) for name in _LISTENERS}


def _column(name: str, material: Material, report: Report) -> Column:
    terminal.complain(f"{name} listens")
    run = runs.find(name)
    config = StreamingEvaluationConfig("test", minutes=material.size.minutes, other=material.folders)
    chosen = detection.load_settings(run)
    _, traces, stream = streaming_evaluation.collect_traces(run, config, material.reference, report)
    point = streaming_evaluation.point(traces, stream, chosen)
    missed = point.words - point.heard
    figures: dict[str, Figure] = {
        f"words missed at {config.snr_db:g} dB": Rate(missed, point.words, share_interval(missed, point.words))
    }
    for curve in streaming_evaluation.alarm_curves(traces, stream, [chosen]):
        title = f"{curve.kind} in {curve.name}" if curve.recordings else curve.name
        figures[f"false alarms per hour: {title}"] = curve.at(chosen.threshold)
    return Column(chosen.threshold, figures)
