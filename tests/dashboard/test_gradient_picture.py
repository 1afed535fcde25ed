"""The picture of a gradient's way back: its numbers are those of the network, and a guess comes before them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from audio_models.lab.gradient_flow import GradientFlow
from dashboard.lessons.gradient_picture import amount, picture

FLOW = GradientFlow(np.array([1, 0.5, 0.25, 0.375]), None)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1"), (0.024, "0.024"), (0.8, "0.8"), (30, "30"), (412, "412"), (3e-7, "3·10⁻⁷"), (1e-8, "10⁻⁸"), (9.7e3, "10⁴"), (0, "0")],
)  # fmt: skip
def test_amounts_in_a_few_characters(value: float, text: str) -> None:
    assert amount(value) == text


def test_each_factor_is_written_and_what_arrives() -> None:
    drawn = picture(FLOW, None, "", "#d55e00", hidden=False)
    assert re.findall(r'font-size="12">([\d.]+)</text>', drawn)[:3] == ["0.50", "0.50", "1.50"]
    assert "0.38 of it arrives</text>" in drawn
    assert "multiplied by 0.50, 0.50, 1.50. At the first, 0.38 of it arrives." in drawn, (
        "the same for those who cannot see it"
    )
    assert drawn.count("<polyline") == 1


def test_what_is_left_is_hidden_until_it_is_guessed() -> None:
    drawn = picture(FLOW, FLOW, "", "#d55e00", hidden=True)
    assert "arrives" not in drawn
    assert "<polyline" not in drawn
    assert "0.50" in drawn


def test_on_a_phone_the_way_goes_on_in_rows_and_no_factor_is_lost() -> None:
    norms = np.cumprod(np.append(1, np.linspace(0.5, 0.9, 25)))
    drawn = picture(GradientFlow(norms, norms), None, "along the cell state", "#d55e00", hidden=False, narrow=True)
    assert len(re.findall(r'<text x="[\d.]+" y="74"', drawn)) == 25
    assert [drawn.count(f"translate(0 {y})") for y in (0, 86, 172, 258)] == [1, 1, 1, 0]
    assert drawn.count(">first symbol</text>") == drawn.count(">last state: the answer</text>") == 1
    width, height = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', drawn)[0])
    assert width < 400
    assert max(float(y) for y in re.findall(r' y="([\d.]+)"', drawn)) < height


def test_before_training_and_the_direct_path_are_lines_of_their_own() -> None:
    lstm = GradientFlow(FLOW.norms, np.array([1, 0.9, 0.81, 0.73]))
    drawn = picture(lstm, FLOW, "along the cell state", "#d55e00", hidden=False)
    assert drawn.count("<polyline") == 3
    for name in ("before training", "now", "along the cell state"):
        assert f">{name}</text>" in drawn


def test_many_steps_and_extreme_numbers_stay_inside() -> None:
    norms = np.array([10.0 ** (2 * step) for step in range(41)])
    drawn = picture(
        GradientFlow(norms, None), GradientFlow(np.append(1.0, np.zeros(40)), None), "", "#d55e00", hidden=False
    )
    for points in re.findall(r'<polyline points="([^"]+)"', drawn):
        for x, y in (map(float, point.split(",")) for point in points.split()):
            assert 0 <= x <= 820
            assert 120 <= y <= 370
    assert "rotate(-90)" in drawn
