"""Save: what a page offers, in one place."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from audio_models.jobs import runs
from audio_models.recognition import evaluation
from dashboard.evaluate.result import downloads
from tests.support.pages import healthy, open_page, wav
from tests.support.sounds import chirp


def _offered(app: AppTest) -> list[str]:
    healthy(app)
    return [one.proto.label for one in app.get("download_button")]


def _charts(app: AppTest) -> list[str]:
    [box] = [one for one in app.selectbox if one.label == "Chart"]
    return list(box.options)


def test_evaluate_saves_the_report_the_tables_and_every_chart(home: Path) -> None:
    app = open_page("evaluate")
    assert _offered(app) == [
        "Export", "Report", "Answers, CSV", "Answers, JSON", "Confusion matrix, CSV", "SVG", "PNG"
    ]  # fmt: skip
    assert {"Confusion matrix", "Scores of each class", "Accuracy against confidence"} < set(_charts(app))
    (run,) = runs.listing()
    result = evaluation.load_cached(run)
    assert result is not None
    report, table, *_ = downloads(run, None, result)
    assert "<h2>Confusion matrix</h2>" in report.content()
    assert len(table.content().splitlines()) == result.clips + 1


def test_predict_saves_a_row_for_each_of_several_clips(home: Path) -> None:
    app = open_page("predict")
    assert _offered(app) == [], "nothing is shown yet"
    clip = ("a.wav", wav(chirp(400, 2200)), "audio/wav")
    app.file_uploader[0].set_value([clip]).run()
    assert _offered(app) == ["SVG", "PNG"]
    app.file_uploader[0].set_value([clip, ("b.wav", b"no sound", "audio/wav")]).run()
    assert _offered(app) == ["Answers, CSV", "Answers, JSON", "SVG", "PNG"]
    assert _charts(app) == ["Answer", "Waveform and frames"]


def test_compare_and_memory_save_their_numbers() -> None:
    app = open_page("compare")
    assert set(_offered(app)) == {"Handout", "Cells, CSV", "Cells, JSON", "Pairs, CSV", "Pairs, JSON", "SVG", "PNG"}
    app.switch_page("app_pages/memory.py").run()
    assert set(_offered(app)) == {"Handout", "Numbers, CSV", "Numbers, JSON", "SVG", "PNG"}
    assert _charts(app) == ["Steps remembered"], "none of the page before"
