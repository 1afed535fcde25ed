"""The report of an evaluation: complete, self-contained, and safe whatever a run, a clip or a word is called."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from audio_models.jobs import runs
from audio_models.recognition import evaluation
from audio_models.recognition.answer import Answer
from audio_models.recognition.evaluation_result import Evaluation, predictions
from audio_models.report import evaluation_page, figures, pictures, rows
from data.corpus import UNKNOWN, Clip, CorpusReference, Skipped

HOSTILE = "<script>alert('1')</script>\"&amp;"
LABELS = (HOSTILE, "=1+1", UNKNOWN)


@cache
def _result() -> Evaluation:
    """Thirty clips by three speakers, two of three right."""
    clips = [
        Clip(Path(f"/secret/{number}.wav"), LABELS[number % 3], "test", 1.0, f"{HOSTILE}{number % 3}", word="-lamp")
        for number in range(30)
    ]
    heard = np.array([(number + (number % 9 == 0)) % 3 for number in range(30)])
    answers = predictions(clips, LABELS, np.eye(3)[heard] * 0.7 + 0.1)
    made = evaluation._result(runs.find("commands"), CorpusReference("fsdd"), "test", LABELS, answers)
    return replace(made, threshold=0.5, skipped=[Skipped(Path("/secret/x.wav"), f"It is {HOSTILE}.")], new_words=())


def test_the_report_has_figures_intervals_settings_and_the_card_of_the_corpus() -> None:
    page = evaluation_page.page(runs.find("commands"), _result(), CorpusReference("fsdd"))
    result = _result()
    assert f"{100 * result.accuracy:.1f} %" in page
    assert f"interval {100 * result.interval.low:.1f} % to {100 * result.interval.high:.1f} %" in page
    for title in (
        "Confusion matrix",
        "Scores of each class",
        "Accuracy of each speaker",
        "Accuracy against confidence",
    ):
        assert f"<h2>{title}</h2>" in page
    assert "CC BY-SA 4.0" in page, "the licence of the corpus"
    assert "<td>Learning rate</td>" in page
    assert "<td>Units</td>" in page
    assert "1 clip left out" in page


def test_the_report_loads_nothing_and_runs_nothing() -> None:
    page = evaluation_page.page(runs.find("commands"), _result(), CorpusReference("fsdd"))
    assert "<script" not in page
    assert not re.findall(r"""(?:src|href|action)\s*=|url\((?!#)|@import""", page)
    assert "/secret" not in page, "where clips lie is nobody's business"
    drawn = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawn) == 5
    for one in drawn:
        ElementTree.fromstring(one)
    ids = re.findall(r'\bid="([^"]+)', page)
    assert ids
    assert len(ids) == len(set(ids)), "a chart was clipped by another's frame"


def test_a_folder_is_named_without_its_path(tmp_path: Path) -> None:
    folder = CorpusReference(str(tmp_path / "mine"))  # which is not there
    page = evaluation_page.page(runs.find("commands"), _result(), folder)
    assert "commands on mine" in page
    assert str(tmp_path) not in page


def test_a_saved_chart_is_a_picture_on_white() -> None:
    figure = figures.confusion(_result(), on_dark=False)
    assert pictures.png(figure.chart).startswith(b"\x89PNG")
    drawn = ElementTree.fromstring(pictures.svg(figure.chart))
    assert float(drawn.attrib["width"]) > pictures.WIDTH
    assert "white" in pictures.svg(figure.chart)[:900]


def _read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_tables_say_what_the_evaluation_says() -> None:
    result = _result()
    table = _read(rows.as_csv(rows.of_clips(result)))
    assert len(table) == 30
    assert sum(row["correct"] == "yes" for row in table) == round(30 * result.accuracy)
    assert {row["label"] for row in table} == {HOSTILE, "'=1+1", UNKNOWN}, "no spreadsheet runs a word"
    assert {row["word"] for row in table} == {"'-lamp"}
    assert json.loads(rows.as_json(rows.of_clips(result)))[1]["label"] == "=1+1", "JSON has it as it is"
    matrix = _read(rows.as_csv(rows.of_matrix(result)))
    assert [[int(count) for count in list(row.values())[1:]] for row in matrix] == result.confusion


def test_answers_have_a_column_for_each_probability_and_one_for_what_went_wrong() -> None:
    answer = Answer("left", 0.75, {"left": 0.75, "right": 0.25}, np.zeros((1, 1), np.float32))
    made = [rows.of_answer("a.wav", "It is silent."), rows.of_answer("b.wav", answer)]
    assert rows.as_csv(made).decode("utf-8-sig").splitlines() == [
        "path,kind,label,confidence,p: left,p: right,sure,error",
        "a.wav,,,,,,,It is silent.",
        "b.wav,word,left,0.75,0.75,0.25,yes,",
    ]
    assert json.loads(rows.as_file(made, Path("x.JSON")))[1]["probabilities"] == {"left": 0.75, "right": 0.25}
