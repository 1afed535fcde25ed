"""Handouts: complete, self-contained, and safe whatever a run, a clip or a word is called."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import soundfile

from audio_models.jobs import runs
from audio_models.lab.inspection import Inspection, inspect
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import handout, stepper, texts, worksheet
from dashboard.lessons.worksheet import Question
from data.corpus import plain_label
from data.phrases import percent
from tests.conftest import PROJECT
from tests.support.sounds import chirp

HOSTILE = "<script>alert('1')</script>\"&amp;"


@cache
def _inspection(name: str) -> Inspection:
    return inspect(runs.find(name), chirp(300, 2500, 1.0, seed=3))


class _Elements(HTMLParser):
    """How many elements of each kind there are, and the text of a page without its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.text = ""
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, text: str) -> None:
        if not {"script", "style"} & set(self._open):
            self.text += text


def _self_contained(page: str) -> None:
    assert page.startswith("<!doctype html>")
    for address in re.findall(r"""(?:src|href)=["']([^"']+)""", page):
        assert address.startswith(("#", "data:audio/wav;base64,")), address
    loaded = set(re.findall(r"https?://[^\s\"'<)]+", page))
    assert all("www.w3.org" in address for address in loaded), f"names of formats alone: {loaded}"


def test_a_handout_needs_nothing_else() -> None:
    found = _inspection("plain-lstm")
    table = pd.DataFrame(
        {
            "seconds": np.arange(len(found.gradient_decay.memory)) * 0.02,
            "share": found.gradient_decay.memory / found.gradient_decay.memory[-1],
            "network": "plain-lstm",
            "cell": "lstm",
            "weights": "trained",
        }
    )
    lengths = pd.DataFrame([{"network": "plain-lstm", "trained": "0.3 s", "before training": "0.1 s"}])
    page = handout.inside(found, "plain-lstm", "a </script><b>clip</b>", table, lengths)
    _self_contained(page)
    assert "<b>clip</b>" not in page
    assert page.count("<math") == 2 * (len(texts.FORMULAS["lstm"]) + len(texts.GRADIENT))
    assert page.count("<svg") >= 2
    assert texts.FADING.title in page
    assert len(page) < 2_000_000


@pytest.mark.parametrize("name", ["plain-lstm", "plain-gru", "plain-simple-rnn", "plain-feed-forward"])
def test_a_handout_is_a_worksheet(name: str) -> None:
    """It told a story; a class needs questions, space to write, the clip to hear, and the answers apart."""
    found = _inspection(name)
    lengths = (
        None if found.cell == "feed_forward" else pd.DataFrame([{"trained": "0.31 s", "before training": "0.12 s"}])
    )
    page = handout.inside(found, name, "a clip", None, lengths)
    _self_contained(page)
    asked, key = page.split('<details class="answer-key">')
    questions = worksheet.about_clip(found, lengths)
    assert len(questions) == {"lstm": 6, "gru": 6, "simple_rnn": 5, "feed_forward": 3}[found.cell]
    shown, answers = (_Elements(part).text for part in (asked, key))
    for one in questions:
        assert one.text in shown
        assert one.answer in answers
        assert one.answer not in shown, "not before it is asked for"
    assert asked.count('class="answer-line"') == sum(one.lines for one in questions)
    encoded = re.search(r'<audio controls src="data:audio/wav;base64,([^"]+)"', asked)
    assert encoded is not None
    heard, rate = soundfile.read(io.BytesIO(base64.b64decode(encoded[1])), dtype="float32")
    assert rate == found.features.sample_rate
    np.testing.assert_allclose(heard, found.samples, atol=1e-4)


def test_the_styles_of_a_page_do_not_reach_into_the_stepper() -> None:
    """A line for the pupil's name had the class of the stepper's names, and broke them letter by letter."""
    folder = PROJECT / "dashboard" / "lessons"
    frame = (
        (PROJECT / "audio_models" / "report" / "pages" / "page.html").read_text(encoding="utf-8").split("</style>")[0]
    )
    style = frame + (folder / "handouts" / "handout.html").read_text(encoding="utf-8").split("{% endblock %}")[0]
    stepper_style, _ = stepper.sources()
    classes = set(re.findall(r"\.([a-z][a-z-]+)", style))
    assert "written-by" in classes
    assert not classes & set(re.findall(r"\.([a-z][a-z-]+)", stepper_style))


def test_the_answers_of_a_worksheet_are_those_of_the_network() -> None:
    found = _inspection("plain-lstm")
    answers = " ".join(one.answer for one in worksheet.about_clip(found, None))
    early = found.prefix_probabilities[len(found.prefix_probabilities) // 2 - 1]
    assert f"“{plain_label(found.labels[int(early.argmax())])}”, {percent(early.max(), 0)}" in answers
    assert f"{found.settled:.2f} s" in answers
    steps = len(found.trace.hidden)
    assert f"{steps * found.cell_weights:,} weights" in answers
    drops = 1 - found.trace.layers[0].gate("forget").mean(axis=1)
    assert f"drops {percent(drops.max(), 0)}" in answers


def test_a_handout_of_a_network_without_memory_has_no_gradient() -> None:
    page = handout.inside(_inspection("plain-feed-forward"), "x", "y")
    _self_contained(page)
    assert texts.FADING.title not in page
    assert texts.UNROLLED_ALONE.title in page
    assert "as a loop" not in page


def test_the_memory_lab_can_be_handed_out() -> None:
    table = pd.DataFrame(
        [
            {"cell": cell, "length": length, "accuracy": 0.5, "steps": 25}
            for cell in ("LSTM", "GRU")
            for length in (5, 10)
        ]
    )
    asked = worksheet.about_memory("LSTM remembers all 10 steps.", 0.25, 2, ["LSTM", "GRU"])
    chart = lesson_charts.forgetting(table, 0.25, ["lstm", "gru"])
    page = handout.forgetting(table, chart, "Recall", "24 units", asked)
    _self_contained(page)
    assert "σ(2) = 0.88, and 0.88 to the power of 20 is 0.079." in page
    assert "<svg" in page
    assert texts.MEMORY.question.split("?")[0] in page.replace("&#39;", "'")


@pytest.mark.parametrize("name", ["plain-lstm", "plain-feed-forward"])
def test_no_name_becomes_markup(name: str) -> None:
    """Runs, clips and words are called by their makers, and handouts are passed on."""
    tame = _inspection(name)
    hostile = replace(tame, labels=tuple(f"{HOSTILE}{number}" for number in range(len(tame.labels))))
    expected = _Elements(handout.inside(tame, "run", "clip"))
    found = _Elements(handout.inside(hostile, HOSTILE, HOSTILE))
    assert found.counts == expected.counts
    assert found.text.count("alert(") >= 4, "title, heading, clip, answer: shown as they are"
    assert HOSTILE in found.text


def test_the_numbers_of_the_stepper_cannot_end_its_script() -> None:
    found = _inspection("plain-lstm")
    hostile = replace(found, labels=tuple(f"</script><!--{number}" for number in range(len(found.labels))))
    markup = stepper.as_html(hostile)
    assert markup.count("</script>") == 1
    values = re.search(r"stepper\(\{data: (.*), parentElement", markup)
    assert values is not None
    assert json.loads(values[1])["labels"] == list(hostile.labels)


def test_no_name_becomes_markup_in_the_other_handouts() -> None:
    table = pd.DataFrame([{"cell": HOSTILE, "length": 5, "accuracy": 1 / 3, "steps": 25}])
    chart = lesson_charts.forgetting(table.assign(cell="LSTM"), 0.25, ["lstm"])
    for page in (
        handout.forgetting(table, chart, HOSTILE, HOSTILE, (Question(HOSTILE, HOSTILE),)),
        handout.compared([HOSTILE], chart, table, HOSTILE),
    ):
        found = _Elements(page)
        assert "script" not in found.counts
        assert found.text.count(HOSTILE) >= 3
        assert "0.333" in found.text
        assert "cell" in found.text


@pytest.mark.parametrize("cell", texts.FORMULAS)
def test_each_equation_is_typeset_alone(cell: str) -> None:
    """In one block the LSTM's six stood on one line, with the "&" that aligns them in LaTeX, wider than any page."""
    equations = texts.FORMULAS[cell]  # type: ignore[index]
    assert len(equations) == {"lstm": 6, "gru": 4}.get(cell, 1)
    made = ElementTree.fromstring(handout.formula(equations))
    assert [len(list(child.iter("{http://www.w3.org/1998/Math/MathML}math"))) for child in made] == [1, 1, 0] * len(
        equations
    )
    assert [child.text for child in made[2::3]] == [one.meaning or None for one in equations]
    signs = [(sign.text or "").strip() for sign in made.iter()]
    assert not {"&", "aligned", "begin", "end"} & set(signs)
    assert signs.count("=") - sum(one.right.count("=") for one in equations) == len(equations)
    assert not [sign.tag for sign in made.iter() if "merror" in sign.tag or "mtable" in sign.tag]


def test_on_a_page_the_equations_are_aligned() -> None:
    assert texts.as_latex(texts.FORMULAS["gru"]).count("&=") == 4
    assert r"&& \text{reset gate} \\ g &=" in texts.as_latex(texts.FORMULAS["gru"])
