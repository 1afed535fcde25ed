"""Memory in a real Chromium: the lab measures, and a small training is steered."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browsing import PATIENCE
from tests.support.served import Served

pytestmark = pytest.mark.browser


def test_the_memory_lab_measures_in_front_of_the_user(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/memory")
    page.get_by_text("Settings", exact=True).click()
    lengths = page.get_by_label("Lengths T", exact=True)
    lengths.fill("3, 60")
    lengths.press("Enter")
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_text(re.compile(r"[1-6] of 6 points"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile(r"(remembers|fails at) \d+ steps|remembers all")).first).to_be_visible(
        timeout=30_000
    )
    page.reload()
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible(timeout=30_000)


def test_a_small_training_is_steered_and_a_bit_is_flipped_by_keyboard(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/memory?view=one-cell-trained-now&length=60&rate=0.0001")
    page.get_by_role("button", name="Train", exact=True).press("Enter")
    expect(page.get_by_text("is learning to remember 60 steps")).to_be_visible()
    length = page.get_by_role("slider", name="Length T")
    for _ in range(3):
        length.press("ArrowLeft")
    expect(page.get_by_text("is learning to remember 57 steps")).to_be_visible()
    page.get_by_role("button", name="Stop").press("Enter")
    expect(page.get_by_text("does not remember 57 steps")).to_be_visible()
    expect(page).to_have_url(re.compile("length=57"))
    page.get_by_role("button", name="Train on").press("Enter")  # and is left while it runs
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.goto(f"{served.url}/learn?scene=any_algorithm")
    bit = page.get_by_role("button", name="bit 2 is 0")
    expect(bit).to_be_visible()
    answers = page.locator(".machine tr").last.locator("td")
    before = answers.all_text_contents()
    bit.press("Space")
    flipped = page.get_by_role("button", name="bit 2 is 1")
    expect(flipped).to_be_focused()
    odd_for_even = {"odd": "even", "even": "odd"}
    assert answers.all_text_contents() == before[:2] + [odd_for_even[one] for one in before[2:]]
