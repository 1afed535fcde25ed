"""Train in a real Chromium: the first model of a newcomer, and a training that is killed and resumed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from audio_models.jobs import runs
from tests.support.browsing import PATIENCE
from tests.support.served import Served, dashboard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def first_visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """A dashboard on a workspace that holds nothing, and that workspace."""
    home = tmp_path_factory.mktemp("first")
    with dashboard(home, at_most=480) as made:
        yield made, home


def _run_folders(home: Path) -> list[Path]:
    return [path for path in (home / "runs").glob("*") if path.is_dir() and not path.name.startswith(".")]


def test_first_visit_to_a_trained_network(page: Page, first_visit: tuple[Served, Path]) -> None:
    served, home = first_visit
    page.goto(served.url)
    expect(page.get_by_text("It knows:")).to_contain_text("left")

    page.get_by_role("link", name="Data", exact=True).click()
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text("Speaker-disjoint")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("4,000")).to_be_visible()

    page.get_by_role("link", name="Train", exact=True).click()
    began = time.monotonic()
    page.get_by_role("button", name="Train a first model").click()
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 12"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2, timeout=PATIENCE)
    page.reload()  # it is still there
    expect(page.get_by_text("finished")).to_be_visible(timeout=PATIENCE)
    assert time.monotonic() - began < 60, "under a minute is promised"
    best = page.get_by_text(re.compile("^Best(?: so far)?: "))
    expect(best).to_have_count(1)  # what was drawn before is gone
    expect(best).to_contain_text("validation")
    [folder] = _run_folders(home)
    assert runs.Run(folder).state.status == "finished"


def test_a_killed_training_is_interrupted_and_resumes(page: Page, first_visit: tuple[Served, Path]) -> None:
    served, home = first_visit
    before = set(_run_folders(home))
    page.goto(f"{served.url}/train")
    page.get_by_role("radio", name="Plain cell").click()
    expect(page.get_by_text("the textbook network")).to_be_visible()
    page.get_by_text("More settings").click()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(r"Epoch ([3-9]|\d\d) of 30"))).to_be_in_viewport(timeout=PATIENCE)
    [folder] = set(_run_folders(home)) - before
    run = runs.Run(folder)
    process = next(one for one in psutil.process_iter(["cmdline"]) if str(folder) in (one.info["cmdline"] or []))
    process.kill()
    expect(page.get_by_text("its process was killed")).to_be_visible(timeout=5_000)
    epoch = run.state.epoch
    assert epoch >= 2
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(re.compile(rf"Epoch ({epoch + 2}|{epoch + 3}) of 30"))).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled after")).to_be_visible(timeout=5_000)
    assert run.state.status == "cancelled"
    assert [row.epoch for row in run.history] == list(range(1, len(run.history) + 1))
    assert run.has_model
