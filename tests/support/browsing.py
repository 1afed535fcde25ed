"""What the journeys do on a page in Chromium: wait until it is drawn, choose from a list."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def drawn(page: Page, *, seconds: float = 30.0) -> None:
    """Wait until the server has run the page to its end and the browser has nothing old on it."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED", timeout=1000 * seconds)
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=1000 * seconds)
    expect(page.locator('[data-stale="true"]')).to_have_count(0, timeout=1000 * seconds)


def choose(page: Page, box: str, option: str) -> None:
    """Choose in the list that is labelled so the first option that begins so."""
    page.get_by_test_id("stSelectbox").filter(has_text=box).get_by_role("combobox").click()
    page.get_by_role("option", name=re.compile(rf"^{re.escape(option)}( |$)")).first.click()
