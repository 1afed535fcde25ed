"""Players in a real Chromium, which cannot play a FLAC file of a single frame, 4,096 samples ("demuxer seek failed")."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.served import CHROMIUM, CHROMIUM_ARGUMENTS, dashboard
from tests.support.sounds import tone, write

if not CHROMIUM.exists() and os.environ.get("ECHOIC_REQUIRE_BROWSER") != "1":
    pytest.skip(f"no Chromium at {CHROMIUM}", allow_module_level=True)

from playwright.sync_api import Page, expect, sync_playwright

pytestmark = pytest.mark.browser

CLIPS = 3
RATE = 8_000  # Hz: half a second is one frame


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """The Data page of a folder of short FLAC clips."""
    for word, hertz in (("low", 300), ("high", 900)):
        for number in range(CLIPS):
            write(tmp_path / "clips" / word / f"anna_nohash_{number}.flac", tone(hertz, 0.4, RATE), RATE)
    with dashboard(tmp_path / "home", at_most=120) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_ARGUMENTS])
        opened = browser.new_page(viewport={"width": 1440, "height": 900})
        opened.set_default_timeout(30_000)
        opened.goto(f"{served.url}/data")
        opened.get_by_test_id("stSelectbox").filter(has_text="Corpus").get_by_role("combobox").click()
        opened.get_by_role("option", name=re.compile("A folder on this computer")).click()
        opened.get_by_label("Folder", exact=True).fill(str(tmp_path / "clips"))
        opened.get_by_label("Folder", exact=True).press("Enter")
        opened.get_by_role("tab", name="Listen").click()
        yield opened
        browser.close()


def test_a_short_flac_clip_plays_to_its_end(page: Page) -> None:
    players = page.locator("audio:visible")
    expect(players).to_have_count(CLIPS)
    for number in range(CLIPS):
        ended = players.nth(number).evaluate(
            """player => new Promise(resolve => {
                if (player.error) resolve(player.error.message);
                player.muted = true;
                player.onended = () => resolve("played, " + player.duration.toFixed(1) + " s");
                player.onerror = () => resolve(player.error.message);
                player.play().catch(fault => resolve(player.error ? player.error.message : String(fault)));
                setTimeout(() => resolve("does not end"), 10000);
            })"""
        )
        assert ended == "played, 0.4 s"
