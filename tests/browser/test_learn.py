"""The course in a real Chromium: walked through by keyboard, each scene on one screen, also on a phone and in the dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from dashboard.learn import progress
from dashboard.learn.course import SCENES
from tests.support.browsing import drawn
from tests.support.served import Served

pytestmark = pytest.mark.browser

HEIGHT = 900


@pytest.fixture
def course(served: Served, shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the course, which nobody has begun."""
    monkeypatch.setenv("ECHOIC_HOME", str(shared_home))
    progress.forget()
    return f"{served.url}/learn"


def _tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press a key until something has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(60):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{wanted} cannot be reached by {key}")


def test_a_scene_by_keyboard(page: Page, course: str) -> None:
    """Begin, guess, reveal, solve the task, go on to the next scene; the focus is seen all the way."""
    page.goto(course)
    drawn(page)
    _tab_to(page, page.get_by_role("button", name="Begin"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=SCENES[0].title)).to_be_visible()
    drawn(page)

    _tab_to(page, page.get_by_role("radio", name="only the feed-forward network's"))
    page.keyboard.press("ArrowDown")
    reveal = page.get_by_role("button", name="Reveal")
    expect(reveal).to_be_enabled()
    drawn(page)
    _tab_to(page, reveal)
    page.keyboard.press("Enter")
    expect(page.get_by_text("You guessed right")).to_be_visible()
    drawn(page)

    _tab_to(page, page.get_by_role("slider", name="Shuffle the frames within"))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")  # 160 ms
    expect(page.get_by_text("Solved.")).to_be_visible()
    drawn(page)

    tool = page.get_by_role("link", name="Inside: reorder any clip")
    _tab_to(page, tool)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/inside.*order=shuffled"))  # the page adds what it shows to its address
    drawn(page)
    page.go_back()
    expect(page.get_by_text("Solved.")).to_be_visible()
    expect(page.get_by_role("slider", name="Shuffle the frames within")).to_have_attribute("aria-valuetext", "160 ms")
    drawn(page)

    following = page.get_by_role("link", name=f"Next: {SCENES[1].title}")
    _tab_to(page, following, "Shift+Tab")
    assert following.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=SCENES[1].title)).to_be_visible()
    expect(page).to_have_url(f"{course}?scene={SCENES[1].slug}")
    page.go_back()
    expect(page.get_by_text("You guessed right")).to_be_visible()


def test_every_scene_fits_one_screen_and_a_phone(page: Page, course: str) -> None:
    desk, phone = {"width": 1440, "height": HEIGHT}, {"width": 420, "height": HEIGHT}
    tall = {}
    for scene in SCENES:
        progress.update(scene.slug, guess="what was guessed", solved=True)
        page.set_viewport_size(desk)
        page.goto(f"{course}?scene={scene.slug}")
        for size, scheme in ((desk, "light"), (phone, "dark")):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            expect(page.get_by_text("You guessed")).to_be_visible(timeout=30_000)
            drawn(page)
            expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
            expect(page.get_by_test_id("stException")).to_have_count(0)
            height = page.locator(".stMain").evaluate("one => one.scrollHeight")
            if size == desk and height > HEIGHT:
                tall[scene.slug] = height
        page.wait_for_function("document.documentElement.scrollWidth <= 420")
        for picture in page.locator(".narrow, .machine").all():  # of scenes 3, 4 and 8
            assert picture.evaluate("one => one.scrollWidth <= one.clientWidth"), f"{scene.slug}: scrolls sideways"
    page.set_viewport_size(desk)
    assert tall == {}
    page.goto(f"{course}?scene=lstm")
    page.get_by_role("radiogroup", name="Forget gate: keep").get_by_role("radio", name="open").click()
    expect(page.get_by_text("with held gates").first).to_be_visible()
    assert page.locator(".stMain").evaluate("one => one.scrollHeight") <= HEIGHT, "two answers below each other"
    for slug, unit in (("lstm", "One by hand"), ("gru", "One unit, with its numbers")):
        page.goto(f"{course}?scene={slug}")
        page.get_by_role("radio", name=unit).click()
        formula = page.locator(".formula")
        expect(formula).to_contain_text("sum")
        box = formula.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= HEIGHT, f"{slug}: the formula lies below the fold"
