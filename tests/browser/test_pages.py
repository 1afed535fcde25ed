"""All pages in a real Chromium, and the server behind them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.workspace import PROJECT
from tests.support.browsing import drawn
from tests.support.served import Served

pytestmark = pytest.mark.browser

CUT_OFF = """groups => groups.flatMap((group) => [...group.querySelectorAll("button")])
    .filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.textContent)"""
# The lowest contrast of the captions, the chosen options and the keys on buttons that are shown.
CONTRAST = """() => {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = probe.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (above, below) => [0, 1, 2].map((at) => above[at] * above[3] + below[at] * (1 - above[3]));
  const light = (colour) => {
    const [red, green, blue] = colour.map((one) => (one / 255 <= 0.04 ? one / 3294 : ((one / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  return Math.min(21, ...[...document.querySelectorAll("[data-testid=stCaptionContainer] p, [data-tag] span, button:enabled kbd")].map((one) => {
    const above = [];
    for (let at = one; at; at = at.parentElement) above.push(getComputedStyle(at));
    const ground = above.toReversed().reduce((below, style) => over(rgba(style.backgroundColor), below), [255, 255, 255]);
    const text = rgba(getComputedStyle(one).color);
    text[3] *= above.reduce((product, style) => product * style.opacity, 1);
    const [dark, bright] = [light(over(text, ground)), light(ground)].sort((first, second) => first - second);
    return (bright + 0.05) / (dark + 0.05);
  }));
}"""
PAGES = ("", "listen", "live", "words", "data", "train", "evaluate", "learn", "inside", "memory", "compare")


def test_every_page_fits_a_phone_in_both_schemes_tells_no_traceback_and_asks_nothing_of_another_host(
    page: Page, served: Served
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 420, "height": 900})
    for path in PAGES:
        page.emulate_media(color_scheme="light")
        page.goto(f"{served.url}/{path}", wait_until="commit")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            drawn(page)
            expect(page.locator(".stApp")).to_have_css("color-scheme", scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= 420, path
            cut_off = page.get_by_test_id("stButtonGroup").evaluate_all(CUT_OFF)
            assert cut_off == [], (path, "choices that lie beyond the right edge")
            assert page.evaluate(CONTRAST) >= 4.5, (path, scheme)
            assert page.get_by_test_id("stException").count() == 0
            background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
            darkness = sum(int(part) for part in re.findall(r"\d+", background)[:3])
            assert (darkness < 150) == (scheme == "dark")
            assert page.get_by_text("Deploy").count() == 0
    assert [url for url in asked if not url.startswith((served.url, "data:", "blob:"))] == []


def test_a_second_dashboard_on_the_same_port_says_so(served: Served) -> None:
    port = served.url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "dashboard", "--port", port], cwd=PROJECT, capture_output=True, text=True, timeout=30, check=False
    )  # fmt: skip
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_server_never_imports_tensorflow_and_listens_on_this_computer_only(served: Served) -> None:
    addresses = {
        connection.laddr.ip for connection in served.process.net_connections() if connection.status == "LISTEN"
    }
    assert addresses == {"127.0.0.1"}
    loaded = {Path(entry.path).name for entry in served.process.memory_maps()}
    assert not [name for name in loaded if "tensorflow" in name]
