"""Retake docs/*.png from the running dashboard: `make screenshot`.

It uses a temporary workspace and synthetic voices only, so anyone gets the same pictures, without a human voice in them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, Playwright, sync_playwright

from data import workspace
from tests.support.served import CHROMIUM, CHROMIUM_ARGUMENTS, dashboard, fake_microphone
from tests.support.voices import said

FOLDER = workspace.PROJECT / "docs"
WIDTH, HEIGHT = 1440, 900
WORDS = ("left", "right", "up", "down", "go", "stop", "on", "off", "yes", "no")
CLIP = Path("corpora/synthetic_voices/stop/en-m1_nohash_0.wav")
_PATIENCE = 180_000  # milliseconds


def main() -> int:
    """Train networks in a temporary workspace and photograph the pages."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        # weak on purpose: a confusion matrix without errors shows nothing
        _train(home, "--cell", "simple_rnn", "--units", "32", "--epochs", "12", "--name", "Short memory")
        _train(home, "--cell", "gru", "--units", "64", "--epochs", "12", "--name", "Ten words")
        with dashboard(home) as served, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(served.url)
            page.locator("input[type=file]").set_input_files(home / CLIP)
            page.locator(".echoic-answer").wait_for(timeout=_PATIENCE)
            page.get_by_test_id("stVegaLiteChart").nth(1).locator("canvas, svg").first.wait_for(timeout=_PATIENCE)
            _photograph(page, "predict")
            page.goto(f"{served.url}/evaluate")
            page.get_by_text("Click a cell").wait_for(timeout=_PATIENCE)
            _photograph(page, "evaluate")
            page.goto(f"{served.url}/inside")
            page.locator(".stepper .heard").wait_for(timeout=_PATIENCE)
            page.get_by_label("frame", exact=True).press("ArrowLeft")
            page.mouse.wheel(0, 320)
            _photograph(page, "inside")
            _learn(page, served.url)
            page.goto(f"{served.url}/memory")
            page.get_by_text(re.compile(r"remembers (all )?\d+ steps")).first.wait_for(timeout=_PATIENCE)
            _photograph(page, "memory")
            page.goto(f"{served.url}/train")
            page.get_by_role("radio", name="Plain cell").click()
            page.get_by_text("the textbook network").wait_for(timeout=_PATIENCE)
            page.get_by_role("button", name="Start training").click()
            page.get_by_text("Epoch 9 of").wait_for(timeout=_PATIENCE)
            _photograph(page, "train")
            page.get_by_role("button", name="Cancel").click()
            page.get_by_text("Cancelled after").wait_for(timeout=_PATIENCE)
            page.goto(f"{served.url}/listen")
            _choose(page, "commands-streaming")
            page.get_by_role("button", name="Listen", exact=True).click()
            page.get_by_text("Closer look", exact=True).wait_for(timeout=_PATIENCE)
            _photograph(page, "listen")
            browser.close()
            _live(playwright, served.url, home)
            _own_words(playwright, served.url, home)
    return 0


def _learn(page: Page, url: str) -> None:
    """Photograph the unrolled loop with its cell state set to zero after the word, the task solved."""
    page.goto(f"{url}/learn?scene=unrolled")
    page.get_by_text("those of one cell").click(timeout=_PATIENCE)
    page.get_by_role("button", name="Reveal").click()
    page.get_by_text("You guessed right").wait_for(timeout=_PATIENCE)
    page.get_by_role("radio", name="c", exact=True).click()
    slider = page.get_by_role("slider", name="before frame")
    for _ in range(22):  # from frame 8 to one after the word
        slider.press("ArrowRight")
    page.get_by_text("Solved.").wait_for(timeout=_PATIENCE)
    _photograph(page, "learn")


def _choose(page: Page, name: str) -> None:
    page.get_by_test_id("stSelectbox").filter(has_text="Model").get_by_role("combobox").click()
    page.get_by_role("option", name=f"{name} ").first.click()


def _live(playwright: Playwright, url: str, home: Path) -> None:
    """Photograph Live while a voice says words."""
    said(WORDS, home / "words.wav")
    page = _speaking(playwright, home / "words.wav")
    page.goto(f"{url}/live")
    _choose(page, "commands-streaming")
    page.get_by_role("button", name="Start").click()
    page.locator(".past li").nth(4).wait_for(timeout=_PATIENCE)
    _photograph(page, "live")
    page.context.browser.close()  # type: ignore[union-attr]


def _speaking(playwright: Playwright, recording: Path) -> Page:
    """Open a page in a browser whose microphone hears a recording."""
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM, args=[*CHROMIUM_ARGUMENTS, *fake_microphone(recording)]
    )
    return browser.new_context(permissions=["microphone"], viewport={"width": WIDTH, "height": HEIGHT}).new_page()


def _own_words(playwright: Playwright, url: str, home: Path) -> None:
    """Photograph Your words while a third word is recorded."""
    _shell(home, "corpus", "create", "Lights")
    for word in ("music", "door"):
        said([word] * 10, home / f"{word}.wav")
        _shell(home, "corpus", "record-split", "Lights", home / f"{word}.wav", "--label", word, "--speaker", "robot")
    seconds = said(["lamp"] * 10, home / "lamp.wav")
    page = _speaking(playwright, home / "lamp.wav")
    page.goto(f"{url}/words")
    for label, text in (("Word", "lamp"), ("Speaker", "robot")):
        page.get_by_role("textbox", name=label).fill(text)
        page.get_by_role("textbox", name=label).press("Enter")
    page.get_by_test_id("stAudioInput").get_by_role("button", name="Record").click(timeout=_PATIENCE)
    page.wait_for_timeout(1000 * seconds)
    page.get_by_role("button", name="Stop recording").click()
    page.get_by_text("Listen, and untick the bad ones").wait_for(timeout=_PATIENCE)
    _photograph(page, "words")
    page.context.browser.close()  # type: ignore[union-attr]


def _train(home: Path, *settings: str) -> None:
    _shell(home, "train", "--labels", ",".join(WORDS), "--unknown", "--silence", "--recipe", "plain", *settings)


def _shell(home: Path, *arguments: object) -> None:
    subprocess.run(
        [sys.executable, "-m", "audio_models", *map(str, arguments)],
        cwd=workspace.PROJECT, env={**os.environ, "ECHOIC_HOME": str(home)}, check=True,
    )  # fmt: skip


def _photograph(page: Page, name: str) -> None:
    page.wait_for_timeout(4000)  # charts appear after the text
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
