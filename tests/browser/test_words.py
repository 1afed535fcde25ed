"""Your words in a real Chromium: brought, recorded, seen on the map, taught and understood.

The microphone is Chromium's fake device, fed with a synthetic voice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.public.synthetic_voices import say, voices
from tests.support.browsing import PATIENCE, drawn
from tests.support.served import Served
from tests.support.sounds import write
from tests.support.voices import said

pytestmark = pytest.mark.browser


def test_own_words_are_brought_recorded_taught_and_understood(
    hearing: Callable[[Path], Page], served: Served, no_own_words: None, tmp_path: Path
) -> None:
    file = tmp_path / "music.wav"
    seconds = said(["music"] * 6, file)
    page = hearing(file)
    page.goto(f"{served.url}/words")
    page.get_by_role("button", name="Begin").click()
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Upload").click()
    clips = [write(tmp_path / f"lamp-{take}.wav", say("lamp", voices()[12], take)) for take in range(6)]
    for label, text in (("Word", "lamp"), ("Speaker", "anna")):
        page.get_by_role("textbox", name=label, exact=True).fill(text)
        page.get_by_role("textbox", name=label, exact=True).press("Enter")
        drawn(page)
    page.locator("input[type=file]").first.set_input_files(clips)
    page.get_by_role("button", name="Add 6 clips").click()
    expect(page.get_by_text("6 clips added.")).to_be_visible()

    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Record").click()
    # Upload has a field "Word" too: what is typed before the section has changed is lost
    expect(page.get_by_text("Type the next word")).to_be_visible()
    drawn(page)
    for label, text in (("Word", "music"), ("Speaker", "anna")):
        page.get_by_role("textbox", name=label, exact=True).fill(text)
        page.get_by_role("textbox", name=label, exact=True).press("Enter")
        drawn(page)
    expect(page.get_by_text("Say “music” ten times")).to_be_visible()
    microphone = page.get_by_test_id("stAudioInput")
    microphone.get_by_role("button", name="Record").click()
    page.wait_for_timeout(1000 * seconds)  # as long as they are said
    expect(page.get_by_text(re.compile("[67] takes heard so far"))).to_be_visible()
    microphone.get_by_role("button", name="Stop recording").click()
    keep = page.get_by_role("button", name=re.compile(r"Keep [67] takes"))
    expect(keep).to_be_visible(timeout=PATIENCE)
    keep.click()
    expect(page.get_by_text(re.compile("[67] takes of “music” kept"))).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Clips").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    page.get_by_role("radio", name="One by one").click()
    end = page.get_by_role("slider", name="end")
    end.press("Shift+ArrowLeft")
    expect(page.get_by_role("button", name="Keep trimmed")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_text(re.compile("1 clip trimmed to"))).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text(re.compile("Undone: 1 clip trimmed to"))).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Map").click()
    expect(page.get_by_text("nearest neighbours are the same word")).to_be_visible(timeout=PATIENCE)
    point = page.locator('path[aria-roledescription="point"]').first
    point.click(force=True)  # its neighbour may lie on it
    expect(page.locator("audio")).to_have_count(1, timeout=30_000)

    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Teach").click()
    page.get_by_test_id("stMain").get_by_role("button", name="Teach").click()
    expect(page.get_by_text("cross-validated")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("All clips are by one speaker, anna")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Try it").click()
    microphone = page.get_by_test_id("stAudioInput")
    microphone.get_by_role("button", name="Record").click()
    page.wait_for_timeout(1_700)  # the first take
    microphone.get_by_role("button", name="Stop recording").click()
    expect(page.locator(".echoic-answer")).to_have_text("music", timeout=PATIENCE)
