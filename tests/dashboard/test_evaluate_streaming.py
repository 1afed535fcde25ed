"""Evaluate, Listening: measure, drag the threshold along the curve, keep it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from audio_models.config import NetworkConfig
from audio_models.listening import detection, streaming_evaluation
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.report import charts
from data import catalogue
from tests.support.pages import button, healthy, open_page, text_of
from tests.support.sounds import glides
from tests.support.untrained import untrained_run

STREAMING = NetworkConfig("gru", 6, convolutions=2, filters=3, causal=True)


@pytest.fixture
def run(tmp_path: Path):
    corpus = catalogue.refer(str(glides(tmp_path / "clips")), split_by="speaker")
    return untrained_run(STREAMING, corpus=corpus, words=("rise", "fall"))


def _slider(app: AppTest):
    return next(one for one in app.select_slider if one.label == "Threshold")


def test_a_threshold_is_measured_dragged_and_stored(run, monkeypatch: pytest.MonkeyPatch) -> None:
    short = streaming_evaluation.measure(run, StreamingEvaluationConfig("test", minutes=1))
    asked: list[StreamingEvaluationConfig] = []

    def measure(of, config, corpus, report):
        asked.append(config)
        return short

    monkeypatch.setattr(streaming_evaluation, "measure", measure)
    app = open_page("evaluate")
    assert not app.select_slider
    button(app, "Measure").click().run()
    healthy(app)
    assert [(config.split, config.minutes) for config in asked] == [("test", 60)]
    assert "In use on Listen and Live: 0.8. This is the nearest" in text_of(app)

    point = short.points[3]
    _slider(app).set_value(point.threshold).run()
    healthy(app)
    assert point.missed is not None
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Words heard"].split()[0] == f"{100 - 100 * point.missed:.1f}"
    rows = {row["false alarms in"]: row for row in _table(app)}
    rate = short.alarms[1].at(point.threshold)
    assert rows["mixed noise"]["an hour"] == f"{rate.per_hour:.1f}"
    assert rows["mixed noise"]["95 % interval"] == f"{rate.interval.low:.1f} to {rate.interval.high:.0f}"
    button(app, "Use this threshold").click().run()
    healthy(app)
    assert detection.load_settings(run).threshold == point.threshold
    assert _slider(app).value == point.threshold
    assert "This threshold is in use on Listen and Live" in text_of(app)
    assert "not measured: " not in text_of(app)

    detection.store_settings(run, replace(detection.load_settings(run), smoothing_ms=640))
    app.run()
    healthy(app)
    assert "not measured: 640, 500 and 4000 ms" in text_of(app)
    app.text_input(key=f"other-{run.id}-test").set_value("/talk").run()
    button(app, "Measure").click().run()
    healthy(app)
    assert [config.other for config in asked] == [(), ("/talk",)]


def test_a_stored_evaluation_is_shown_again(run) -> None:
    streaming_evaluation.store(run, streaming_evaluation.measure(run, StreamingEvaluationConfig("test", minutes=1)))
    app = open_page("evaluate")
    assert _slider(app)
    assert app.expander[-1].label.startswith("Measure again")


def test_a_stored_evaluation_of_clips_that_have_changed_asks_to_be_measured_again(run, tmp_path: Path) -> None:
    """The old curve was shown as if nothing had happened."""
    streaming_evaluation.store(run, streaming_evaluation.measure(run, StreamingEvaluationConfig("test", minutes=1)))
    gone = next(clip for clip in catalogue.open_corpus(run.config.corpus).index().clips if clip.split == "test")
    gone.path.unlink()
    app = open_page("evaluate")
    healthy(app)
    assert "The clips have changed since this was measured" in text_of(app) + "".join(one.value for one in app.info)
    assert not app.select_slider
    assert button(app, "Measure")


def test_where_no_other_words_were_there_none_are_said_to_have_been_heard(run) -> None:
    found = streaming_evaluation.measure(run, StreamingEvaluationConfig("test", minutes=1))
    streaming_evaluation.store(run, found)
    assert found.others
    assert "1 minute of other words and as much noise" in text_of(open_page("evaluate"))
    streaming_evaluation.store(run, replace(found, others=0))
    without = open_page("evaluate")
    assert "1 minute of other words" not in text_of(without)
    assert "1 minute of noise; the corpus has no other words" in text_of(without)


def test_of_learned_clips_there_is_no_curve(run) -> None:
    app = open_page("evaluate")
    app.get("button_group")[0].set_value("training").run()
    healthy(app)
    assert "the network learned from the others" in text_of(app)
    assert not app.select_slider


def test_a_cross_validated_network_is_measured_without_missed_words(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asked for validation or test clips, and offered no such choice; then for another corpus."""
    found = streaming_evaluation.measure(run, StreamingEvaluationConfig(minutes=1))
    points = tuple(replace(point, words=0, heard=0, wrong=0, delay=None, late_delay=None) for point in found.points)
    monkeypatch.setattr(streaming_evaluation, "measure", lambda *_: replace(found, words=0, points=points))
    app = AppTest.from_function(_cross_validated, kwargs={"folder": str(run.folder)}).run()
    healthy(app)
    assert "missed words cannot be measured" in text_of(app)
    button(app, "Measure").click().run()
    healthy(app)
    assert not app.metric, "what was not measured is not shown"
    assert {row["false alarms in"] for row in _table(app)} == {"mixed other words", "mixed noise"}


def _table(app: AppTest) -> list[dict[str, str]]:
    (found,) = [one.value for one in app.dataframe if "false alarms in" in one.value]
    return found.to_dict("records")


def _cross_validated(folder: str) -> None:
    from pathlib import Path

    from audio_models.jobs.runs import Run
    from dashboard.evaluate import streaming

    streaming.show(Run(Path(folder)), None, "cross-validated")


def test_a_click_on_the_curve_moves_the_slider(run) -> None:
    found = streaming_evaluation.measure(run, StreamingEvaluationConfig("test", minutes=1))
    app = AppTest.from_function(
        _clicked, kwargs={"threshold": found.points[4].threshold, "at": found.points[9].threshold}
    )
    assert app.run().select_slider[0].value == found.points[4].threshold


def _clicked(threshold: float, at: float) -> None:
    from types import SimpleNamespace

    import streamlit as st

    from audio_models.listening.streaming_evaluation import THRESHOLDS
    from dashboard.evaluate import streaming

    widget = streaming._THRESHOLD.of("one")
    st.session_state["curve"] = SimpleNamespace(selection={"point": [{"threshold": threshold}]})
    streaming._on_click("curve", widget)
    st.select_slider("Threshold", THRESHOLDS, value=at, key=widget.key)


def test_the_curve_has_a_line_for_each_corpus_and_marks_the_chosen_point(run) -> None:
    found = streaming_evaluation.measure(run, StreamingEvaluationConfig("test", minutes=1))
    chart = charts.false_alarms(found, found.points[5]).to_dict()
    (rows,) = chart["datasets"].values()
    assert {row["threshold"] for row in rows if row["chosen"]} == {found.points[5].threshold}
    assert {row["alarms in"] for row in rows} == {"mixed other words", "mixed noise"}
    assert min(row["alarms"] for row in rows) >= 0.1, "a logarithm needs more than nothing"
    assert chart["layer"][0]["encoding"]["y"]["field"] == "missed"
    without = charts.false_alarms(replace(found, words=0, alarms=found.alarms[1:]), found.points[5]).to_dict()
    (rows,) = without["datasets"].values()
    assert {row["alarms in"] for row in rows} == {"mixed noise"}
    assert without["layer"][0]["encoding"]["y"]["field"] == "threshold"
