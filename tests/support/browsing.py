"""What the journeys do on a page in Chromium: wait until it is drawn or says nothing more, choose from a list."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

PATIENCE = 120_000
"""For a training, or a page that the server draws for the first time [ms]."""


def drawn(page: Page, *, seconds: float = 30.0) -> None:
    """Wait until the server has run the page to its end and the browser has nothing old on it."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED", timeout=1000 * seconds)
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=1000 * seconds)
    expect(page.locator('[data-stale="true"]')).to_have_count(0, timeout=1000 * seconds)


def frames_sent(page: Page) -> list[object]:
    """What the page says to the server from now on."""
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    return sent


def quiet(page: Page, sent: list[object]) -> None:
    """Wait until a page has said to the server what it says when it opens, and forget that."""
    before = -1
    while before != len(sent):
        before = len(sent)
        page.wait_for_timeout(500)
    sent.clear()


def choose(page: Page, box: str, option: str) -> None:
    """Choose in the list that is labelled so the first option that begins so."""
    page.get_by_test_id("stSelectbox").filter(has_text=box).get_by_role("combobox").click()
    page.get_by_role("option", name=re.compile(rf"^{re.escape(option)}( |$)")).first.click()
