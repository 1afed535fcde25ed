"""The stepper's numbers and words."""

from __future__ import annotations

import base64
import json
from functools import cache

import numpy as np
import pytest

from audio_models.jobs import runs
from audio_models.lab.inspection import Inspection, inspect
from dashboard.lessons import stepper
from data.phrases import percent
from tests.support.sounds import chirp

BUNDLED = [run.id for run in runs.bundled()]


@cache
def _inspection(name: str) -> Inspection:
    return inspect(runs.find(name), chirp(300, 2500, 1.0, seed=3))


@pytest.mark.parametrize("name", BUNDLED)
def test_every_strip_is_as_long_as_the_clip_has_steps(name: str) -> None:
    found = _inspection(name)
    data = json.loads(json.dumps(stepper.data(found)))
    assert len(data["prefix_probabilities"]) == data["frames"]
    assert len(data["sentences"]) == data["steps"] == len(found.trace.hidden)
    for strip in data["strips"]:
        content = base64.b64decode(strip["values"])
        assert len(content) == 2 * strip["columns"] * strip["rows"]
        assert strip["columns"] * strip["column_seconds"] == pytest.approx(data["seconds"], abs=0.1)
    assert len(json.dumps(data)) < 400_000


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("plain-lstm", ["Frames", "Hidden state", "Cell state", "Input gate", "Forget gate", "Output gate"]),
        ("plain-gru", ["Frames", "Hidden state", "Update gate", "Reset gate"]),
        ("plain-simple-rnn", ["Frames", "Hidden state"]),
        ("plain-feed-forward", ["Frames", "Hidden layer"]),
        ("commands", ["Frames", "Attention", "Hidden state", "Update gate", "Reset gate", "Hidden state, backward"]),
    ],
)  # fmt: skip
def test_each_cell_shows_what_it_has(name: str, titles: list[str]) -> None:
    assert [strip["title"] for strip in stepper.data(_inspection(name))["strips"]] == titles


def test_the_words_are_those_of_the_gates() -> None:
    found = _inspection("plain-lstm")
    layer = found.trace.layers[0]
    said = stepper.sentences(found)
    write = layer.gate("input").mean(axis=1)
    assert said[5][0].startswith(f"Input gate: writes {percent(write[5], 0)} of the candidate")
    assert [t for t, lines in enumerate(said) if "the most" in lines[0]] == [int(write.argmax())]
    assert said[7][1].startswith(f"Forget gate: drops {percent(1 - layer.gate('forget')[7].mean(), 0)} of the memory")


def _unpacked(strip: dict) -> np.ndarray:
    packed = np.frombuffer(base64.b64decode(strip["values"]), "<u2").reshape(strip["columns"], strip["rows"])
    return strip["low"] + packed / 65535 * (strip["high"] - strip["low"])


def test_a_strip_lies_as_the_units_do() -> None:
    values = np.array([[0.0, 1.0, 0.5], [1.0, 0.0, 0.25]])
    strip = stepper._strip("t", "n", values, (0, 1), 0.02, "size", 10, order=np.array([2, 0, 1]))
    np.testing.assert_allclose(_unpacked(strip), values[:, [2, 0, 1]], atol=1e-4)


@pytest.mark.parametrize("name", ["plain-lstm", "plain-feed-forward", "commands"])
def test_the_numbers_of_a_strip_are_the_networks_own(name: str) -> None:
    """A colour is a number; the strips held bytes, without a scale to read them by."""
    found = _inspection(name)
    strips = {strip["title"]: strip for strip in stepper.data(found)["strips"]}
    expected = {"Frames": found.trace.frames}
    if found.trace.layers:
        expected |= {"Hidden state": found.trace.layers[0].hidden}
        if (memory := found.trace.layers[0].cell_states) is not None:
            expected |= {"Cell state": memory, "Forget gate": found.trace.layers[0].gate("forget")}
    else:
        expected |= {"Hidden layer": found.trace.hidden}
    for title, values in expected.items():
        strip = strips[title]
        np.testing.assert_allclose(_unpacked(strip), values[:, strip["order"]], atol=1e-3)
        assert strip["ends"][0] < strip["ends"][1]
