"""Evaluate in a real Chromium: a wrong cell of the matrix plays its clips, and all that it shows can be saved."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.phrases import plural
from tests.support.browsing import PATIENCE, choose, drawn
from tests.support.served import Served

pytestmark = pytest.mark.browser


def test_a_wrong_cell_plays_its_clips(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/evaluate")
    choose(page, "Model", "untrained")
    expect(page.get_by_text("Click a cell to hear its clips")).to_be_visible(timeout=PATIENCE)
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="all").click()
    expect(page.get_by_text("all, 120 clips").first).to_be_visible(timeout=PATIENCE)
    cells = page.locator('path[aria-roledescription="rect mark"]')
    expect(cells).to_have_count(16)  # rise, fall, unknown and silence
    # the tabs behind it are drawn too: a click while the page is still being drawn is lost now and then
    drawn(page)
    wrong = None
    for label in [cells.nth(number).get_attribute("aria-label") or "" for number in range(16)]:
        parts = dict(part.split(": ") for part in label.split("; "))
        if parts["spoken"] != parts["heard as"] and int(parts["clips"]):
            wrong = parts
    assert wrong is not None, "it guesses"
    spoken, heard = wrong["spoken"], wrong["heard as"]
    cell = page.locator(f'path[aria-label^="heard as: {heard}; spoken: {spoken};"]').first
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # on the number, as a user does
    heading = page.get_by_role("heading", name=f"{spoken} heard as {heard}: {plural(int(wrong['clips']), 'time')}")
    expect(heading).to_be_visible(timeout=20_000)
    players = page.locator("audio:visible")
    expect(players).to_have_count(min(9, int(wrong["clips"])))
    players.first.evaluate("player => player.load()")
    page.wait_for_function("() => document.querySelector('audio').duration > 0.2")


def test_what_evaluate_shows_is_saved(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/evaluate")
    choose(page, "Model", "untrained")
    expect(page.get_by_text("Click a cell to hear its clips")).to_be_visible(timeout=PATIENCE)
    drawn(page)
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    begins = {
        "Report": b"<!doctype html>", "Answers, CSV": b"path,start", "Answers, JSON": b"[",
        "Confusion matrix, CSV": b"spoken", "SVG": b"<svg", "PNG": b"\x89PNG",
    }  # fmt: skip
    for label, first in begins.items():
        with page.expect_download() as loading:
            page.get_by_role("button", name=label, exact=True).press("Enter")
        content = Path(loading.value.path()).read_bytes().removeprefix(b"\xef\xbb\xbf")
        assert content[:20].lower().startswith(first.lower()), (label, content[:20])
        assert re.search(r"gru-\w+\.(html|csv|json|svg|png)$", loading.value.suggested_filename), label
