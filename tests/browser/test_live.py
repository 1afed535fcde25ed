"""The page Live in a real Chromium: a word lights up soon after its end, a line that breaks loses nothing, and what goes
wrong is one sentence.

The microphone is Chromium's fake device, fed with a synthetic voice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from data.public.synthetic_voices import SAMPLE_RATE, say, voices
from tests.support.browsing import choose
from tests.support.served import Served, fake_microphone

pytestmark = pytest.mark.browser

RATE = 48_000
BEFORE = 1.0  # seconds of silence before the word
# Notes when a word was lit up, in the page's time [ms], and when the sound began.
WATCH = """() => {
  const root = [...document.querySelectorAll("*")].map((one) => one.shadowRoot?.querySelector(".live")).find(Boolean);
  window.lit = [];
  new MutationObserver(() => window.lit.push(performance.now())).observe(root.querySelector("ol"), {childList: true});
  window.began = () => Number(root.dataset.began);
}"""

# Notes what the page says of the server.
NOTES = """() => {
  const root = [...document.querySelectorAll("*")].map((one) => one.shadowRoot?.querySelector(".live")).find(Boolean);
  const note = root.querySelector(".note");
  window.notes = [];
  new MutationObserver(() => note.textContent && window.notes.push(note.textContent)).observe(note, {childList: true});
}"""

# Clicks on the link to Listen as soon as the page's code that makes a message has come to its end.
CLICK_AT_THE_NEXT_MESSAGE = """() => {
  const encode = window.btoa;
  window.btoa = (text) => {
    window.btoa = encode;
    queueMicrotask(() => [...document.querySelectorAll("a")].find((one) => one.pathname === "/listen").click());
    return encode(text);
  };
}"""


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A recording of "right", said once, and when the word ends in it [s]."""
    word = soxr.resample(say("right", voices()[33]), SAMPLE_RATE, RATE)
    end = BEFORE + np.flatnonzero(np.abs(word) > 0.03 * np.abs(word).max())[-1] / RATE
    samples = np.concatenate([np.zeros(int(BEFORE * RATE), np.float32), word, np.zeros(2 * RATE, np.float32)])
    samples += np.random.default_rng(0).normal(0, 1e-3, len(samples)).astype(np.float32)
    file = tmp_path_factory.mktemp("spoken") / "right.wav"
    soundfile.write(file, 0.5 * samples / np.abs(samples).max(), RATE)
    return Path(f"{file}%noloop"), end


@pytest.fixture(scope="module")
def speaking(launch: Callable[..., Browser], spoken: tuple[Path, float]) -> Iterator[Browser]:
    """A browser whose microphone hears the word each time that it is opened."""
    made = launch(*fake_microphone(spoken[0]))
    yield made
    made.close()


def _open(
    browser: Browser, served: Served, *, before: Callable[[Page], None] = lambda _: None, **context: object
) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **context).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(30_000)
    before(page)
    page.goto(f"{served.url}/live")
    choose(page, "Model", "commands")
    expect(page.get_by_text("A streaming network needs far less work")).to_be_visible(
        timeout=30_000
    )  # the first time it imports librosa
    return page


def test_a_word_lights_up_soon_after_its_end(
    speaking: Browser, served: Served, spoken: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    page = _open(
        speaking, served, before=lambda page: page.on("request", lambda request: asked.append(request.url)),
        permissions=["microphone"],
    )  # fmt: skip
    expect(page.locator(".word")).to_have_text("Press Start")
    page.evaluate(WATCH)
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".word.lit")).to_have_text("right", timeout=30_000)
    lit, began = page.evaluate("[window.lit[0], window.began()]")
    after = (lit - began) / 1000 - spoken[1]
    expect(page.get_by_text(re.compile(r"answers after \d+ ms"))).to_be_visible()
    with capsys.disabled():
        print(f"\nThe word lit up {1000 * after:.0f} ms after its end; {page.locator('.speed').inner_text()}.")
    assert after < 3
    expect(page.locator(".past li")).to_have_count(1)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    expect(page.locator(".past li")).to_have_count(1)  # it can still be read
    assert [url for url in asked if not url.startswith((served.url, "data:", "blob:"))] == []
    page.context.close()


def test_speech_that_is_none_of_its_words_is_told_and_the_silence_after_it_is_not(
    launch: Callable[..., Browser], served: Served, tmp_path: Path
) -> None:
    """Nothing was said of it: the page went on to show the last word."""
    word = soxr.resample(say("wonderful", voices()[33]), SAMPLE_RATE, RATE)
    samples = np.concatenate([np.zeros(RATE, np.float32), word, word, np.zeros(3 * RATE, np.float32)])
    samples += np.random.default_rng(0).normal(0, 1e-3, len(samples)).astype(np.float32)
    soundfile.write(tmp_path / "other.wav", 0.5 * samples / np.abs(samples).max(), RATE)
    browser = launch(*fake_microphone(Path(f"{tmp_path / 'other.wav'}%noloop")))
    page = _open(browser, served, permissions=["microphone"])
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".word.refused")).to_have_text("not one of its words", timeout=30_000)
    expect(page.locator(".word.refused")).to_have_count(0, timeout=10_000)
    expect(page.locator(".past li")).to_have_count(0)
    expect(page.locator(".word")).to_have_text("Listening …")
    browser.close()


def test_a_word_that_is_said_while_the_line_is_broken_is_heard_once_it_holds(speaking: Browser, served: Served) -> None:
    broken = False

    def route(browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()
        browser.on_message(lambda message: None if broken else server.send(message))
        server.on_message(lambda message: None if broken else browser.send(message))

    page = _open(
        speaking, served, before=lambda page: page.route_web_socket("**/_stcore/stream", route),
        permissions=["microphone"],
    )  # fmt: skip
    broken = True
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("The server does not answer")).to_be_visible()
    expect(page.locator(".past li")).to_have_count(0)
    broken = False
    expect(page.locator(".word.lit")).to_have_text("right", timeout=30_000)
    expect(page.get_by_text("The server does not answer")).to_have_count(0)
    expect(page.locator(".past li")).to_have_count(1)
    page.context.close()


def test_a_click_in_the_moment_of_a_message_leaves_no_empty_page(speaking: Browser, served: Served) -> None:
    page = _open(speaking, served, permissions=["microphone"])
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".word.lit")).to_have_text("right", timeout=30_000)
    page.evaluate(CLICK_AT_THE_NEXT_MESSAGE)
    expect(page.get_by_role("heading", name="Listen to a recording")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Listen", exact=True)).to_be_visible(timeout=20_000)
    page.wait_for_timeout(1000)  # what comes late would clear it away
    expect(page.get_by_role("button", name="Listen", exact=True)).to_be_visible()
    page.context.close()


def test_a_click_that_leads_nowhere_and_keys_cost_no_sound(speaking: Browser, served: Served) -> None:
    page = _open(speaking, served, permissions=["microphone"])
    start = page.get_by_role("button", name="Start")
    start.press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    expect(page.locator(".word.lit")).to_have_text("right", timeout=30_000)
    page.evaluate(NOTES)
    page.get_by_role("link", name="Live").click()
    for key in ["ArrowDown"] * 16 + ["Enter"] * 16:  # each longer than sound is kept for a server that does not answer
        page.keyboard.press(key)
        page.wait_for_timeout(400)
        if key != "Enter":  # with which the link runs the page anew, again and again: the server is behind indeed
            assert page.evaluate("window.notes") == []
    expect(page.get_by_text(re.compile(r"answers after \d+ ms"))).to_be_visible()
    assert not [note for note in page.evaluate("window.notes") if "left out" in note]
    page.context.close()


def test_what_goes_wrong_is_one_sentence(launch: Callable[..., Browser], served: Served) -> None:
    forbidding = launch("--use-fake-device-for-media-stream")  # there is a microphone, and nobody allows it
    page = _open(forbidding, served)
    start = page.get_by_role("button", name="Start")
    start.click()
    expect(page.locator(".fault")).to_contain_text("may not use the microphone: allow it")
    for instead, sentence in (
        (
            "getUserMedia: () => Promise.reject(new DOMException('', 'NotFoundError'))",
            "There is no microphone: plug one in",
        ),
        ("getUserMedia: () => Promise.reject(new DOMException('', 'NotReadableError'))", "close other programs"),
        ("", "only on localhost or over HTTPS"),  # as where the page is not secure
    ):
        page.evaluate(f"Object.defineProperty(navigator, 'mediaDevices', {{value: {{{instead}}}, configurable: true}})")
        start.click()
        expect(page.locator(".fault")).to_contain_text(sentence)
        expect(start).to_be_enabled()
    forbidding.close()
