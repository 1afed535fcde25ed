"""Handouts in a real Chromium: equations aligned below each other, and nothing wider than the page."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser

from audio_models.config import CELL_TITLES
from audio_models.jobs import runs
from audio_models.lab.inspection import inspect
from dashboard.lessons import handout, texts
from tests.support.sounds import chirp

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1440, 420])
@pytest.mark.parametrize("name", ["plain-lstm", "plain-gru", "plain-simple-rnn", "plain-feed-forward"])
def test_equations_stand_below_each_other_within_the_page(
    browser: Browser, tmp_path: Path, name: str, width: int
) -> None:
    found = inspect(runs.find(name), chirp(300, 2500, 1.0, seed=3))
    curve = pd.DataFrame(
        {
            "seconds": np.arange(5) / 50,
            "share": 0.5 ** np.arange(5.0),
            "network": name,
            "cell": found.cell,
            "weights": "trained",
        }
    )
    lengths = pd.DataFrame(
        [{"network": f"{name} · {CELL_TITLES[found.cell]}", "trained": "0.3 s", "before training": "0.1 s"}]
    )
    path = tmp_path / "handout.html"
    path.write_text(handout.inside(found, name, "a clip", curve, lengths), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = page.locator(".equations math").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.right, box.top, box.bottom])"
    )
    assert len(boxes) == 2 * (len(texts.FORMULAS[found.cell]) + len(texts.GRADIENT))
    assert all(0 <= left < right <= width for left, right, _, _ in boxes)
    lines = boxes[1 : 2 * len(texts.FORMULAS[found.cell]) : 2]  # the right sides
    assert len({round(left) for left, _, _, _ in lines}) == 1, "aligned at the equals sign"
    assert all(above[3] <= below[2] for above, below in itertools.pairwise(lines))
    assert "&" not in page.locator(".equations").all_inner_texts()[0]
    page.close()
