"""The stepper in a real Chromium: every answer that led, a guess in small type, numbers and scales, both schemes."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from playwright.sync_api import Browser

from audio_models.jobs import runs
from audio_models.lab.inspection import Inspection, inspect
from dashboard.lessons import stepper
from data.corpus import plain_label
from tests.support.components import draw
from tests.support.sounds import chirp

pytestmark = pytest.mark.browser


@cache
def _inspection() -> Inspection:
    return inspect(runs.find("plain-lstm"), chirp(300, 2500, 1.5))


def test_every_answer_that_led_is_drawn_and_named(browser: Browser) -> None:
    found = _inspection()
    page = draw(browser, stepper.sources(), "stepper", stepper.data(found))
    key = page.locator(".stepper .key").inner_text()
    assert [label for _, label in found.changes if plain_label(label) not in key] == []
    said = page.get_by_label("Leading answer").get_attribute("aria-label") or ""
    assert said.count(" from ") == len(found.changes)
    page.close()


def test_a_guess_is_not_in_the_largest_type(browser: Browser) -> None:
    found = _inspection()
    sure = found.prefix_probabilities.max(axis=1)
    assert sure[0] < 0.5 < sure.max()
    page = draw(browser, stepper.sources(), "stepper", stepper.data(found))
    sizes = []
    for frame in (0, int(sure.argmax())):
        page.get_by_label("frame", exact=True).fill(str(frame))
        sizes.append(page.locator(".heard").evaluate("one => parseFloat(getComputedStyle(one).fontSize)"))
    assert sizes[0] < 0.6 * sizes[1]
    page.close()


def test_the_answer_so_far_has_numbers_and_the_strips_have_scales(browser: Browser) -> None:
    found = _inspection()
    page = draw(browser, stepper.sources(), "stepper", stepper.data(found))
    page.get_by_label("frame", exact=True).fill("20")
    shares = page.locator(".stepper .key b").all_inner_texts()
    assert f"{100 * found.prefix_probabilities[20].max():.0f} %" in shares
    scales = page.locator(".scale").all_inner_texts()
    assert len(scales) == len(stepper.data(found)["strips"])
    assert re.sub(r"\s", "", scales[1]) == "−11"
    page.close()


def test_a_strip_is_clicked_into_numbers_and_read_by_keyboard(browser: Browser) -> None:
    found = _inspection()
    page = draw(browser, stepper.sources(), "stepper", stepper.data(found))
    page.get_by_label("frame", exact=True).fill("20")
    strip = page.get_by_role("slider", name="Hidden state")
    strip.focus()
    strip.press("ArrowUp")
    order = stepper._by_time(found.trace.layers[0].hidden)
    for press in (None, "ArrowUp"):
        if press:
            strip.press(press)
        unit = int(order[1 if press else 0])
        value = f"{found.trace.layers[0].hidden[20, unit]:.2f}".replace("-", "−")
        assert strip.get_attribute("aria-valuetext") == f"unit {unit + 1}: {value}"
    gate = found.trace.layers[0].gate("forget")[20, unit]
    row = page.locator(".row", has_text="Forget gate").locator(".number")
    assert row.inner_text() == f"unit {unit + 1}: {gate:.2f}", "the same unit in every strip"
    strip.press("ArrowLeft")
    assert "frame 20 of" in page.locator(".where").inner_text()
    box = strip.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 1)
    assert f"unit {order[-1] + 1}:" in (strip.get_attribute("aria-valuetext") or "")
    page.close()


@pytest.mark.parametrize("dark", [False, True])
def test_the_larger_the_further_from_the_ground(browser: Browser, dark: bool) -> None:
    """In the dark an open gate was light on dark, and a state of nothing the lightest of all."""
    page = draw(browser, stepper.sources(), "stepper", stepper.data(_inspection()), dark=dark)
    ground = 20 if dark else 250
    for name in ("size", "signed"):
        lights = page.evaluate(
            "name => ramp(rampOf(document.querySelector('.stepper'), name)).map(([r, g, b]) => 0.3 * r + 0.59 * g + 0.11 * b)",
            name,
        )
        away = np.abs(np.array(lights) - ground)
        half = away if name == "size" else away[128:]
        assert (np.diff(half) > -3).all()
        if name == "signed":
            assert (np.diff(away[:128]) < 3).all()
    page.close()
