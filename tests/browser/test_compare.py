"""Compare in a real Chromium: both questions are answered at once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.served import Served

pytestmark = pytest.mark.browser


def test_compare_answers_both_questions_at_once_by_keyboard(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/compare")
    expect(page.get_by_role("heading", name=re.compile(r"(Too close to call|most accurate)"))).to_be_visible()
    page.get_by_role("radio", name="Last state or mean?").press("Enter")
    expect(page.get_by_role("heading", name=re.compile("is better for SimpleRNN"))).to_be_visible()
    expect(page.get_by_role("rowheader", name=re.compile("SimpleRNN, mean and"))).to_be_visible()
    page.get_by_role("switch", name="Statistics").press("Space")
    expect(page.get_by_role("columnheader", name="95 % interval [points]")).to_be_visible()
    expect(page).to_have_url(re.compile("question=last-state-or-mean"))
