"""One Chromium and one dashboard for all journeys, and what every journey needs.

Needs Chromium; `ECHOIC_REQUIRE_BROWSER=1` makes its absence a failure. Each journey can be run alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audio_models.config import NetworkConfig
from audio_models.jobs.job_folder import State
from data.corpus import CorpusReference
from data.own import corpus as own_corpus
from tests.support.served import CHROMIUM, CHROMIUM_ARGUMENTS, Served, dashboard, fake_microphone
from tests.support.sounds import glides
from tests.support.tone_network import tone_run
from tests.support.untrained import untrained_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="package")
def launch() -> Iterator[Callable[..., Browser]]:
    """Starts a Chromium with arguments of its own; all are closed at the end."""
    if not CHROMIUM.exists() and os.environ.get("ECHOIC_REQUIRE_BROWSER") != "1":
        pytest.skip(f"no Chromium at {CHROMIUM}")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a busy machine is no fault
    with sync_playwright() as playwright:
        yield lambda *arguments: playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*CHROMIUM_ARGUMENTS, *arguments]
        )


@pytest.fixture(scope="package")
def browser(launch: Callable[..., Browser]) -> Browser:
    return launch()


@pytest.fixture(scope="package")
def visitor(browser: Browser) -> BrowserContext:
    """A browser that has read Streamlit's program: to one that does not know it, a page costs twice the work."""
    return browser.new_context(viewport={"width": 1440, "height": 900})


@pytest.fixture
def page(visitor: BrowserContext) -> Iterator[Page]:
    """A page of a visitor who has been here, and of whom nothing is remembered."""
    made = visitor.new_page()
    made.set_default_timeout(30_000)
    yield made
    visitor.set_offline(False)
    visitor.clear_cookies()
    made.evaluate("() => { try { localStorage.clear() } catch { /* a page without an address has none */ } }")
    made.close()


@pytest.fixture
def hearing(launch: Callable[..., Browser]) -> Iterator[Callable[[Path], Page]]:
    """Opens a page of a browser whose microphone hears a recording, from its start each time."""
    browsers: list[Browser] = []

    def opened(recording: Path) -> Page:
        browsers.append(launch(*fake_microphone(recording)))
        context = browsers[-1].new_context(permissions=["microphone"], viewport={"width": 1440, "height": 900})
        made = context.new_page()
        made.set_default_timeout(30_000)
        return made

    yield opened
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="package")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two runs: `untrained`, which guesses at rises and falls, and one that hears tones."""
    made = tmp_path_factory.mktemp("browser")
    corpus = glides(tmp_path_factory.mktemp("glides"), speakers=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHOIC_HOME", str(made))
        guesses = untrained_run(
            NetworkConfig("gru", 8), corpus=CorpusReference(str(corpus)), words=("rise", "fall"), scale=9
        )
        for run in (guesses, tone_run()):
            run.write_state(State("finished"))  # or a training would wait for them
    return made


@pytest.fixture(scope="package")
def served(shared_home: Path) -> Iterator[Served]:
    """The dashboard on that workspace: a journey leaves it so that any other can follow."""
    with dashboard(shared_home, at_most=1200) as made:
        yield made


@pytest.fixture
def no_own_words(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That workspace, for this process too, and no words of one's own in it."""
    monkeypatch.setenv("ECHOIC_HOME", str(shared_home))
    for name in own_corpus.listing():
        own_corpus.delete(name)
