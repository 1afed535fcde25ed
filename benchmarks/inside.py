"""Inspect a clip: from the waveform to the stepper's data, and until the browser has drawn it."""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np

from audio_models.jobs import runs
from audio_models.lab import inspection
from audio_models.recognition.recognizer import Recognizer
from dashboard.lessons import stepper
from tests.support.served import CHROMIUM, CHROMIUM_ARGUMENTS, dashboard

_ROUNDS = 15
_SECOND = 16_000


def main(_: str) -> None:
    """Inspect one second of noise with each network that comes with Echoic; batch the answers so far, or not."""
    samples = np.random.default_rng(0).normal(0, 0.1, _SECOND).astype(np.float32)
    print(f"inside: one second inspected, milliseconds, median of {_ROUNDS}")
    print("  network              states, gradients, answers, drawing data     answers alone     one by one     ratio")
    for run in runs.bundled():
        recognizer = Recognizer.of_run(run)
        frames = recognizer.frames(samples)
        prefixes = [frames[:end] for end in range(1, len(frames) + 1)]
        whole, batch, single = [], [], []
        for _round in range(_ROUNDS):
            whole.append(_timed(lambda: stepper.data(inspection.inspect(run, samples, recognizer=recognizer))))  # noqa: B023
            batch.append(_timed(lambda: recognizer.probabilities(prefixes)))  # noqa: B023
            single.append(_timed(lambda: [recognizer.probabilities([one]) for one in prefixes]))  # noqa: B023
        ratio = statistics.median(one / other for one, other in zip(single, batch, strict=True))
        print(
            f"  {run.id:20} {statistics.median(whole):44.0f} {statistics.median(batch):17.1f} {statistics.median(single):14.1f} {ratio:9.1f}"
        )
    _in_the_browser()


def _timed(work) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def _in_the_browser() -> None:
    """Measure from the choice of another word until the stepper shows it."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return
    try:
        with dashboard() as served, sync_playwright() as playwright:
            page = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS).new_page()
            page.goto(f"{served.url}/inside")
            page.locator(".stepper .heard").wait_for(timeout=60_000)
            page.wait_for_timeout(3_000)
            seconds = []
            for word in ("left", "right", "go", "up", "down"):
                page.get_by_test_id("stSelectbox").filter(has_text="voice").get_by_role("combobox").click()
                before = page.locator(".stepper .where").inner_text()
                began = time.perf_counter()
                page.get_by_role("option", name=word, exact=True).click()
                page.wait_for_function(
                    "before => document.querySelector('.stepper')?.querySelector('.where')?.textContent !== before"
                    " || [...document.querySelectorAll('*')].some(one => one.shadowRoot?.querySelector('.where')"
                    " && one.shadowRoot.querySelector('.where').textContent !== before)",
                    arg=before, timeout=20_000, polling=20,
                )  # fmt: skip
                seconds.append(time.perf_counter() - began)
                page.wait_for_timeout(500)
            print(
                f"  another word chosen on the page, spoken, read and drawn: {statistics.median(seconds):.2f} s "
                f"({min(seconds):.2f} to {max(seconds):.2f})"
            )
    except Error as error:
        print(f"  not measured in the browser: {str(error).splitlines()[0]}")


if __name__ == "__main__":
    main(sys.argv[1])
