"""The editor of a clip and the counter of takes in a real Chromium: ends moved by mouse and keys, takes as the cut finds them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from audio_models.features import segments
from audio_models.features.waveform import AudioSource
from dashboard.words import take_counter, trim_editor
from tests.support.components import DARK, draw
from tests.support.pages import wav
from tests.support.sounds import RATE, said_with_pauses, tone

pytestmark = pytest.mark.browser


def _editor(browser: Browser, trim: tuple[float, float] | None = None) -> Page:
    data = trim_editor.data(AudioSource(wav(np.pad(tone(900, 0.4), RATE * 3 // 10))))
    page = draw(browser, trim_editor.sources(), "trim", {**data, "id": "a", "trim": trim, "play": False})
    page.evaluate("document.querySelector('.trim').editor.tell = (edges) => (window.told = edges)")
    return page


def test_the_ends_are_moved_by_keys_and_by_the_mouse(browser: Browser) -> None:
    page = _editor(browser)
    beginning, end = (page.get_by_role("slider", name=name) for name in ("beginning", "end"))
    assert end.get_attribute("aria-valuetext") == "1.00 seconds"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "ArrowLeft"):
        beginning.press(key)
    page.wait_for_function("() => window.told")
    assert page.evaluate("told") == [0.11, 1]
    end.press("Home")
    assert end.get_attribute("aria-valuetext") == "0.21 seconds", "the shortest clip"
    box = page.locator(".plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.21 * box["width"], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 40, steps=4)
    page.mouse.up()
    page.wait_for_function("() => Math.abs(told[1] - 0.7) < 0.02")
    assert "0.11 s to 0.7" in page.locator(".said").inner_text()
    page.get_by_role("button", name="Whole clip").click()
    page.wait_for_function("() => told[0] === 0 && told[1] === 1")
    page.close()


def test_the_picture_follows_the_theme(browser: Browser) -> None:
    """It kept its light ground on a page that had become dark."""
    page = _editor(browser)
    corner = "() => [...document.querySelector('canvas').getContext('2d').getImageData(2, 2, 1, 1).data].slice(0, 3)"
    page.wait_for_function(f"Math.min(...({corner})()) > 120")
    page.evaluate("style => document.body.setAttribute('style', style)", DARK)
    page.wait_for_function(f"Math.max(...({corner})()) < 120")


def test_what_lies_between_the_ends_is_played_by_a_key(browser: Browser) -> None:
    page = _editor(browser, trim=(0.3, 0.7))
    assert "0.40 s of 1.00 s" in page.locator(".said").inner_text()
    # a busy machine looks too late to see the button while it plays
    page.evaluate("""() => {
        const button = document.querySelector(".trim .main");
        window.shown = [];
        new MutationObserver(() => shown.push(button.textContent)).observe(button, { childList: true });
    }""")
    page.mouse.click(5, 800)
    page.keyboard.press("p")
    page.wait_for_function("() => shown.some((one) => one.includes('Stop')) && shown.at(-1).includes('Play')")
    page.close()


@pytest.mark.parametrize("words", [1, 4, 9])
def test_takes_are_counted_as_they_are_cut(browser: Browser, words: int) -> None:
    samples, _ = said_with_pauses([tone(400 + 90 * number, 0.35) for number in range(words)], 30, seed=words)
    hop = round(segments.RULE["hop"] * RATE)
    powers = (samples[: len(samples) // hop * hop].reshape(-1, hop) ** 2).mean(axis=1)
    page = browser.new_page()
    page.add_script_tag(content=take_counter.source().replace("export default function", "function counter"))
    count = page.evaluate(
        "([powers, rule]) => countTakes(powers, rule)", json.loads(json.dumps([powers.tolist(), segments.RULE]))
    )
    assert count == len(segments.find_takes(samples, RATE)) == words
    page.close()
