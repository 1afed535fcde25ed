"""Players in a real Chromium, which cannot play a FLAC file of a single frame, 4,096 samples ("demuxer seek failed")."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browsing import choose
from tests.support.served import Served
from tests.support.sounds import tone, write

pytestmark = pytest.mark.browser

CLIPS = 3
RATE = 8_000  # Hz: half a second is one frame


@pytest.fixture
def page(page: Page, served: Served, tmp_path: Path) -> Page:
    """The Data page of a folder of short FLAC clips."""
    for word, hertz in (("low", 300), ("high", 900)):
        for number in range(CLIPS):
            write(tmp_path / "clips" / word / f"anna_nohash_{number}.flac", tone(hertz, 0.4, RATE), RATE)
    page.goto(f"{served.url}/data")
    choose(page, "Corpus", "A folder on this computer")
    page.get_by_label("Folder", exact=True).fill(str(tmp_path / "clips"))
    page.get_by_label("Folder", exact=True).press("Enter")
    page.get_by_role("tab", name="Listen").click()
    return page


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
