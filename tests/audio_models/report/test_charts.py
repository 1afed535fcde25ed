"""Charts of an evaluation, and the colours in them."""

from __future__ import annotations

import re

import altair as alt
import numpy as np
import pandas as pd
import pytest

from audio_models.report.charts import speaker_accuracies
from audio_models.report.colour import LEAST_CONTRAST, blend, contrast, ink_on, page_colour
from audio_models.report.matrix import confusion_matrix, matrix_in_words
from audio_models.report.pictures import svg


def test_two_rows_of_a_confusion_matrix_have_room_below_the_column_labels() -> None:
    """The labels took the room of the cells where there were only two."""
    two, three = (confusion_matrix(np.eye(n, dtype=int), list("abc"[:n]), shares=False, on_dark=False) for n in (2, 3))
    row = three.height - two.height
    assert two.height - 2 * row >= 80


@pytest.mark.parametrize("on_dark", [False, True])
def test_every_number_of_a_confusion_matrix_can_be_read(on_dark: bool) -> None:
    """White numbers lay on middling orange with a contrast of 2.2:1, and the ramp went from the page to dark on both pages."""
    wrong = np.arange(0, 1600, 40).reshape(5, 8)
    confusion = np.zeros((8, 8), int)
    confusion[:5] = wrong
    table = next(iter(confusion_matrix(confusion, list("abcdefgh"), shares=False, on_dark=on_dark).to_dict()["datasets"].values()))  # fmt: skip
    assert min(contrast(cell["ink"], cell["ground"]) for cell in table) >= LEAST_CONTRAST
    page = page_colour(on_dark=on_dark)
    far = [
        contrast(cell["ground"], page) for cell in sorted(table, key=lambda cell: cell["error"]) if not cell["right"]
    ]
    assert far == sorted(far), "the larger, the further from the page's colour"
    assert far[-1] > 4


def test_a_matrix_is_said_in_words() -> None:
    said = matrix_in_words(np.array([[8, 2, 0], [1, 9, 0], [0, 0, 7]]), ["six", "eight", "two"])
    assert said == "24 of 27 answers are right. Most frequent mistakes: six heard as eight: 2; eight heard as six: 1."
    assert "There are no mistakes" in matrix_in_words(np.eye(2, dtype=int), ["a", "b"])


def test_labels_that_are_no_words_read_as_people_say_them() -> None:
    labels = ["stop", "_unknown_", "_silence_"]
    counts = np.array([[8, 2, 0], [0, 9, 0], [0, 0, 7]])
    chart = confusion_matrix(counts, labels, shares=False, on_dark=False)
    drawn = svg(chart)
    assert {"another word", "silence", "stop"} <= set(re.findall(r">([^<>]+)</text>", drawn))
    assert "_unknown_" not in drawn
    table = next(iter(chart.to_dict()["datasets"].values()))
    assert {cell["label"] for cell in table} == set(labels), "a click still selects the label itself"
    assert "stop heard as another word: 2" in matrix_in_words(counts, labels)
    alike = confusion_matrix(np.eye(2, dtype=int), ["silence", "_silence_"], shares=False, on_dark=False)
    assert "_silence_" in svg(alike), "a word of that name keeps its row"


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert blend("#000000", "#ff8040", 0.5) == "#804020"
    for level in range(0, 256, 5):
        ground = f"#{level:02x}{level:02x}{level:02x}"
        assert contrast(ink_on(ground, on_dark=False), ground) >= LEAST_CONTRAST


def test_a_few_speakers_have_a_bar_each_and_many_a_histogram_of_several() -> None:
    """All speakers from 90 to 100 % were one bar."""
    few = pd.DataFrame({"speaker": ["a", "b"], "accuracy": [0.97, 0.95], "clips": [3, 4]})
    assert speaker_accuracies(few).to_dict()["encoding"]["y"]["field"] == "speaker"
    many = pd.DataFrame({"speaker": map(str, range(60)), "accuracy": np.linspace(0.9, 1, 60), "clips": 5})
    bins = speaker_accuracies(many).to_dict()["encoding"]["x"]["bin"]
    assert bins["extent"] == [pytest.approx(0.9), 1]
    assert (1 - 0.9) / bins["step"] >= 5


def test_a_percentage_on_an_axis_is_written_as_everywhere_else() -> None:
    table = pd.DataFrame({"share": [0.1, 0.9], "row": [1, 2]})
    chart = alt.Chart(table).mark_point().encode(x=alt.X("share:Q", axis=alt.Axis(format="%")), y="row:Q")
    assert ">50 %<" in svg(chart.properties(title=""))
