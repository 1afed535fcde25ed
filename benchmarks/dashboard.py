"""Measure the dashboard: seconds from start to first response, and memory at rest."""

from __future__ import annotations

import statistics
import sys
import time

from tests.support.served import CHROMIUM, CHROMIUM_ARGUMENTS, dashboard

_STARTS = 5
_MEGABYTE = 1e6


def main(_: str) -> None:
    """Start it on a free port of 127.0.0.1, measure, and stop it."""
    seconds = []
    for _start in range(_STARTS):
        with dashboard() as served:
            seconds.append(served.seconds)
    with dashboard() as served:
        before = served.process.memory_info().rss
        visit = _visit(served.url)
        time.sleep(5)
        after = served.process.memory_info().rss
    print(f"dashboard: from the start of the process to its first response (median of {_STARTS}), and resident memory")
    print(
        f"  first response           {statistics.median(seconds):8.2f} s   ({min(seconds):.2f} to {max(seconds):.2f})"
    )
    print(f"  before any visit         {before / _MEGABYTE:8.0f} MB")
    print(f"  at rest after {visit} {after / _MEGABYTE:8.0f} MB")


def _visit(url: str) -> str:
    """Visit each page in Chromium, if playwright and the browser are installed, so every script has run."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return "no visit  "
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
            page = browser.new_page()
            began = time.perf_counter()
            for path in ("", "listen", "live", "words", "data", "train", "evaluate", "inside", "memory", "compare"):
                page.goto(f"{url}/{path}")
                page.wait_for_selector("h1", timeout=20_000)
                if not path:
                    print(f"  first page drawn in the browser {time.perf_counter() - began:.2f} s after the request")
            browser.close()
    except Error:
        return "no visit  "
    return "all pages "


if __name__ == "__main__":
    main(sys.argv[1])
