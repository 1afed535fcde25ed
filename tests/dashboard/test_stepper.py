"""The stepper's numbers and words, and pages that are saved: complete, small, and asking nobody for anything."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from audio_models.jobs import runs
from audio_models.lab.inspection import Inspection, inspect
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import handout, stepper, texts
from tests.support.sounds import chirp

BUNDLED = [run.id for run in runs.bundled()]


@cache
def _inspection(name: str) -> Inspection:
    return inspect(runs.find(name), chirp(300, 2500, 1.0, seed=3))


@pytest.mark.parametrize("name", BUNDLED)
def test_every_strip_is_as_long_as_the_clip_has_steps(name: str) -> None:
    found = _inspection(name)
    data = json.loads(json.dumps(stepper.data(found)))
    assert len(data["so_far"]) == data["frames"]
    assert len(data["sentences"]) == data["steps"] == len(found.trace.hidden)
    for strip in data["strips"]:
        content = base64.b64decode(strip["values"])
        assert len(content) == strip["columns"] * strip["rows"]
        assert strip["columns"] * strip["column_seconds"] == pytest.approx(data["seconds"], abs=0.1)
    assert len(json.dumps(data)) < 400_000


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("plain-lstm", ["Frames", "Hidden state", "Cell state", "Input gate", "Forget gate", "Output gate"]),
        ("plain-gru", ["Frames", "Hidden state", "Update gate", "Reset gate"]),
        ("plain-simple-rnn", ["Frames", "Hidden state"]),
        ("plain-feed-forward", ["Frames", "Hidden layer"]),
        ("commands", ["Frames", "Attention", "Hidden state", "Update gate", "Reset gate", "Hidden state, read from the end"]),
    ],
)  # fmt: skip
def test_each_cell_shows_what_it_has(name: str, titles: list[str]) -> None:
    assert [strip["title"] for strip in stepper.data(_inspection(name))["strips"]] == titles


def test_the_words_are_those_of_the_gates() -> None:
    found = _inspection("plain-lstm")
    layer = found.trace.layers[0]
    said = stepper.sentences(found)
    write = layer.gate("input").mean(axis=1)
    assert said[5][0].startswith(f"Write (input gate): {write[5]:.0%} of the new gets in")
    assert [t for t, lines in enumerate(said) if "the most" in lines[0]] == [int(write.argmax())]
    assert said[7][1].startswith(
        f"Forget (forget gate): {1 - layer.gate('forget')[7].mean():.0%} of the memory is dropped"
    )


def test_a_strip_lies_as_the_units_do() -> None:
    values = np.array([[0.0, 1.0, 0.5], [1.0, 0.0, 0.25]])
    strip = stepper._strip("t", "n", values, 0.02, "open", 10)
    np.testing.assert_array_equal(
        np.frombuffer(base64.b64decode(strip["values"]), np.uint8).reshape(2, 3), [[0, 255, 128], [255, 0, 64]]
    )


def _self_contained(page: str) -> None:
    assert page.startswith("<!doctype html>")
    for address in re.findall(r"""(?:src|href)=["']([^"']+)""", page):
        assert address.startswith("#"), address
    loaded = set(re.findall(r"https?://[^\s\"'<)]+", page))
    assert all("www.w3.org" in address for address in loaded), f"names of formats alone: {loaded}"


def test_a_handout_needs_nothing_else() -> None:
    found = _inspection("plain-lstm")
    table = pd.DataFrame(
        {
            "seconds": np.arange(len(found.gradient_decay.memory)) * 0.02,
            "share": found.gradient_decay.memory / found.gradient_decay.memory[-1],
            "network": "plain-lstm",
            "weights": "trained",
        }
    )
    lengths = pd.DataFrame([{"network": "plain-lstm", "trained": "0.3 s", "before training": "0.1 s"}])
    page = handout.inside(found, "plain-lstm", "a </script><b>clip</b>", table, lengths)
    _self_contained(page)
    assert "<b>clip</b>" not in page
    assert page.count("<math") == 2
    assert page.count("<svg") >= 2
    assert texts.FADING.title in page
    assert len(page) < 2_000_000


def test_a_handout_of_a_network_without_memory_has_no_gradient() -> None:
    page = handout.inside(_inspection("plain-feed-forward"), "x", "y")
    _self_contained(page)
    assert texts.FADING.title not in page


def test_the_memory_lab_can_be_handed_out() -> None:
    table = pd.DataFrame(
        [
            {"cell": cell, "length": length, "accuracy": 0.5, "steps": 25}
            for cell in ("LSTM", "GRU")
            for length in (5, 10)
        ]
    )
    page = handout.forgetting(table, lesson_charts.forgetting(table, 0.25), "Recall", "24 units")
    _self_contained(page)
    assert "<svg" in page
    assert texts.MEMORY.question.split("?")[0] in page.replace("&#39;", "'")


@pytest.mark.parametrize("cell", texts.FORMULAS)
def test_formulas_are_typeset(cell: str) -> None:
    """Each equation stands on a line of its own, and none of LaTeX's marks is left."""
    latex = texts.FORMULAS[cell]
    made = ElementTree.fromstring(handout.formula(latex))
    signs = [(sign.text or "").strip() for sign in made.iter()]
    assert not {"&", "aligned", "merror"} & set(signs)
    assert sum(sign.tag.endswith("merror") for sign in made.iter()) == 0
    equations = latex.count("=")
    rows = [row for row in made.iter() if row.tag.endswith("mtr")]
    assert len(rows) == (equations if equations > 1 else 0)


def test_what_is_handed_out_is_escaped() -> None:
    """A corpus, a run and a folder are named by users; the words and numbers of a table come from them, too."""
    bad = "<script>alert(1)</script>"
    table = pd.DataFrame([{"cell": bad, "length": 5, "accuracy": 0.5, "steps": 25}])
    drawn = pd.DataFrame([{"cell": "GRU", "length": 5, "accuracy": 0.5, "steps": 25}])
    chart = lesson_charts.forgetting(drawn, 0.25)
    for page in (handout.forgetting(table, chart, bad, bad), handout.compared([bad], chart, table, bad)):
        _self_contained(page)
        assert bad not in page
        assert "&lt;script&gt;" in page
