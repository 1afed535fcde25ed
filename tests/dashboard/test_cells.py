"""A cell has one look on every page, which needs no colour; what is drawn stays readable on light and on dark."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from audio_models.config import CELLS
from dashboard.lessons import charts as lesson_charts
from dashboard.shared.cells import CELL_LOOKS, badge, compared_curves
from tests.conftest import PROJECT

LIGHT, DARK = "#fdfdfb", "#14191c"  # the pages' backgrounds, .streamlit/config.toml


def _luminance(colour: str) -> float:
    shares = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_each_cell_has_a_look_of_its_own() -> None:
    assert set(CELL_LOOKS) == set(CELLS)
    for part in ("title", "colour", "shape"):
        assert len({getattr(look, part) for look in CELL_LOOKS.values()}) == len(CELLS)
    assert len({tuple(look.dash) for look in CELL_LOOKS.values()}) == len(CELLS)
    for look in CELL_LOOKS.values():
        assert len(look.title) < 15, "a phone cut 'Feed-forward (no memor'"


@pytest.mark.parametrize("background", [LIGHT, DARK])
def test_marks_stand_out(background: str) -> None:
    """3 to 1 is what WCAG 2.1 asks of graphics."""
    assert background in (PROJECT / "dashboard" / ".streamlit" / "config.toml").read_text()
    for look in CELL_LOOKS.values():
        one, other = sorted((_luminance(look.colour), _luminance(background)))
        assert (other + 0.05) / (one + 0.05) >= 3, look


def _scales(chart: dict[str, Any], channel: str) -> list[dict[str, str]]:
    """The scales of a channel in a chart and its layers: value by name."""
    found = []
    for part in (chart, *chart.get("layer", ())):
        scale = part.get("encoding", {}).get(channel, {}).get("scale")
        if scale:
            found.append(dict(zip(scale["domain"], map(str, scale["range"]), strict=True)))
    return found


def test_every_chart_of_cells_has_these_looks() -> None:
    names = ["LSTM", "SimpleRNN"]
    cells = ("lstm", "simple_rnn")
    means = pd.DataFrame({"name": names, "accuracy": [0.9, 0.7], "low": [0.8, 0.6], "high": [0.95, 0.8]})
    points = pd.DataFrame({"cell": names, "length": [5, 5], "accuracy": [1.0, 0.4], "steps": [25, 800]})
    curves = {name: pd.DataFrame({"epoch": [1, 2], "validation_accuracy": [0.5, 0.6]}) for name in names}
    decay = pd.DataFrame({"seconds": [0.0, 0.0], "share": [0.1, 0.2], "network": names, "cell": cells, "weights": ["trained"] * 2})  # fmt: skip
    drawn = [
        lesson_charts.compared_accuracies(means, means, cells),
        lesson_charts.forgetting(points, 0.25, cells),
        compared_curves(curves, cells),
        lesson_charts.fading(decay),
    ]
    for chart in drawn:
        scales = _scales(chart.to_dict(), "color")
        assert scales
        for scale in scales:
            assert scale == {CELL_LOOKS[cell].title: CELL_LOOKS[cell].colour for cell in cells}
    for chart in drawn[1:3]:
        for scale in _scales(chart.to_dict(), "strokeDash"):
            assert scale == {CELL_LOOKS[cell].title: str(CELL_LOOKS[cell].dash) for cell in cells}


def test_two_runs_of_one_cell_share_its_colour_and_differ_in_dash() -> None:
    curve = pd.DataFrame({"epoch": [1, 2], "validation_accuracy": [0.5, 0.6]})
    chart = compared_curves({"a": curve, "b": curve, "c": curve}, ["gru", "gru", "lstm"]).to_dict()
    [colours], [dashes] = _scales(chart, "color"), _scales(chart, "strokeDash")
    assert colours["a"] == colours["b"] == CELL_LOOKS["gru"].colour
    assert len(set(dashes.values())) == 3


def test_where_dashes_mean_something_else_the_second_run_has_another_colour() -> None:
    table = pd.DataFrame({"seconds": 0.0, "share": 0.1, "network": list("ab"), "cell": "gru", "weights": "trained"})
    [colours] = _scales(lesson_charts.fading(table).to_dict(), "color")
    assert colours["a"] == CELL_LOOKS["gru"].colour
    assert colours["b"] not in {look.colour for look in CELL_LOOKS.values()}


def test_the_accuracy_stands_in_words_and_the_guess_on_the_axis() -> None:
    """On one of light and dark no grey for both has a contrast of 4.5; the labels of an axis follow the theme."""
    means = pd.DataFrame({"name": ["LSTM"], "accuracy": [0.938], "low": [0.8], "high": [0.95]})
    text = lesson_charts.compared_accuracies(means, means, ["lstm"]).to_json()
    assert "LSTM  93.8 %" in text
    points = pd.DataFrame({"cell": ["GRU"], "length": [5], "accuracy": [1.0], "steps": [25]})
    chart = lesson_charts.forgetting(points, 0.19, ["gru"]).to_dict()
    assert not re.findall("'type': 'text'", str(chart))
    [axis] = {str(layer["encoding"]["y"]["axis"]["values"]) for layer in chart["layer"] if "axis" in layer["encoding"]["y"]}  # fmt: skip
    assert axis == "[0, 0.19, 0.5, 0.75, 1]"


def test_a_badge_says_the_cell_in_words_too() -> None:
    assert badge("gru").endswith("■</span> GRU")
    assert CELL_LOOKS["gru"].colour in badge("gru")
