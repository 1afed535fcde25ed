"""Listen in a real Chromium: a chosen event is played, and listening can be cancelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.support.browsing import choose, drawn
from tests.support.served import Served
from tests.support.sounds import write
from tests.support.tone_network import HIGH, LOW, tones

pytestmark = pytest.mark.browser


def test_a_chosen_event_is_played_and_listening_can_be_cancelled(page: Page, served: Served, tmp_path: Path) -> None:
    recording = write(
        tmp_path / "a day.wav", tones((1.0, LOW), (3.0, HIGH), (5.0, LOW), seconds=20, rate=44_100), 44_100
    )
    long = write(tmp_path / "long.wav", np.zeros(60 * 60 * 8000, np.float32), 8000)
    page.set_viewport_size({"width": 1200, "height": 1600})
    page.goto(f"{served.url}/listen")
    choose(page, "Model", "tones")
    page.get_by_text("On this computer").click()
    path = page.get_by_role("textbox", name="Path of a recording")
    start = page.get_by_role("button", name="Listen", exact=True)

    path.fill(str(long))
    path.press("Enter")
    start.click()
    page.get_by_text("seconds of sound").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Stopped before the end").wait_for()

    path.fill(str(recording))
    path.press("Enter")
    expect(page.get_by_text("Stopped before the end")).to_have_count(0)
    start.click()
    table = page.get_by_test_id("stDataFrame")
    table.wait_for()
    page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").nth(2).wait_for()
    drawn(page)
    before, box = None, table.bounding_box()
    while box is None or box != before:  # the charts above it get their height one after the other
        page.wait_for_timeout(300)
        before, box = box, table.bounding_box()
    page.mouse.click(box["x"] + 18, box["y"] + 2.5 * 35)  # the box of the second row
    expect(page.get_by_label("Seconds shown")).to_have_value("2.5")
    assert float(page.get_by_label("From second").input_value()) == pytest.approx(1.7, abs=0.3)
    page.wait_for_function("[...document.querySelectorAll('audio')].some(one => one.currentTime > 0.1)")
