"""Addresses in a real Chromium: Back and Forward, a reload and a link lead to what was shown, in one step each."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from data.own import corpus as own_corpus
from tests.support.browsing import drawn
from tests.support.served import Served

pytestmark = pytest.mark.browser


def test_back_forward_reload_and_a_link_lead_to_what_was_shown(
    page: Page, browser: Browser, served: Served, no_own_words: None
) -> None:
    answer = page.locator(".echoic-answer")
    said = re.compile("A synthetic voice says")
    page.goto(f"{served.url}/?run=plain-gru")
    page.get_by_role("button", name="a word it knows").click()
    expect(page.get_by_text(said)).to_be_visible(timeout=30_000)
    drawn(page)
    first = page.get_by_text(said).inner_text()
    page.get_by_role("button", name="a word it does not know").click()
    expect(page.get_by_text(said)).not_to_have_text(first)
    drawn(page)
    shown, second, link = answer.inner_text(), page.get_by_text(said).inner_text(), page.url

    page.get_by_role("link", name="Data", exact=True).click()
    expect(page).to_have_url(re.compile("/data[?]corpus="))
    drawn(page)
    page.go_back()  # one step, though Streamlit writes two
    expect(page).to_have_url(link)
    expect(page.get_by_text(said)).to_have_text(second)
    page.go_back()
    expect(page.get_by_text(said)).to_have_text(first)
    page.go_back()
    expect(answer).to_have_count(0)
    expect(page).to_have_url(re.compile("run=plain-gru$"))
    page.go_forward()
    expect(page.get_by_text(said)).to_have_text(first)
    page.reload()
    expect(page.get_by_text(said)).to_have_text(first)

    other = browser.new_context().new_page()
    other.goto(link)
    expect(other.get_by_text(said)).to_have_text(second, timeout=30_000)
    expect(other.locator(".echoic-answer")).to_have_text(shown)
    other.context.close()

    own_corpus.create("first")
    page.goto(f"{served.url}/words?section=record")
    word = page.get_by_role("textbox", name="Word", exact=True)
    word.fill("kettle")
    word.press("Enter")
    expect(page).to_have_url(re.compile("draft="))
    page.reload()
    expect(word).to_have_value("kettle")
    own_corpus.delete("first")


def test_a_popover_is_entered_and_left_by_keyboard(page: Page, served: Served) -> None:
    """What it shows stands at the end of the page: Tab went through all the rest first."""
    page.goto(f"{served.url}/?run=plain-gru&clip=voice:stop")
    save = page.get_by_role("button", name="Save", exact=False).last
    expect(save).to_be_visible(timeout=30_000)
    drawn(page)
    save.focus()
    page.keyboard.press("Enter")
    inside = page.get_by_test_id("stPopoverBody")
    expect(inside.get_by_role("button", name="PNG")).to_be_visible()
    page.keyboard.press("Tab")
    expect(inside.get_by_role("combobox")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(save).to_be_focused()
    inside.get_by_role("button", name="PNG").focus()
    page.keyboard.press("Tab")
    expect(inside).to_have_count(0)


def test_what_has_the_focus_can_be_seen(page: Page, served: Served) -> None:
    """A chart's buttons were reached unseen, and a switch showed its focus in a grey that nobody sees."""
    page.goto(f"{served.url}/train")
    switch = page.get_by_role("switch", name="Recognise silence")
    expect(switch).to_be_enabled(timeout=30_000)
    drawn(page)
    switch.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    outline = "one => getComputedStyle(one.closest('label')).outlineStyle"
    assert switch.evaluate(outline) == "solid"
    page.goto(f"{served.url}/compare")
    button = page.locator(".stElementToolbar button").first
    button.focus()
    page.wait_for_function("getComputedStyle(document.activeElement.closest('.stElementToolbar')).opacity === '1'")
