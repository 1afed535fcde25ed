"""The dashboard: seconds from its start to its first answer, and memory at rest."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import psutil
import requests

from data import workspace

_MEGABYTE = 1e6


def main(_: str) -> None:
    """Start it on a free port of 127.0.0.1, measure, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "--port", str(port)], cwd=workspace.PROJECT, stdout=subprocess.DEVNULL
    )
    try:
        while not _answers(port):
            if time.perf_counter() - began > 60 or server.poll() is not None:
                raise SystemExit("The dashboard did not answer within a minute.")
            time.sleep(0.02)
        first = time.perf_counter() - began
        before = psutil.Process(server.pid).memory_info().rss
        pages = _open_page(port)
        time.sleep(5)
        after = psutil.Process(server.pid).memory_info().rss
    finally:
        server.terminate()
        server.wait(10)
    print("dashboard: from the start of the process to its first page, and resident memory")
    print(f"  first answer             {first:8.2f} s")
    print(f"  before any visit         {before / _MEGABYTE:8.0f} MB")
    print(f"  at rest after {pages}  {after / _MEGABYTE:8.0f} MB")


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=2).ok
    except requests.ConnectionError:
        return False


def _open_page(port: int) -> str:
    """Visit the first page in Chromium where playwright and the browser are there, so that the script has run."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return "no visit  "
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            page.wait_for_selector("h1", timeout=20_000)
            browser.close()
    except Error:
        return "no visit  "
    return "one visit "


if __name__ == "__main__":
    main(sys.argv[1])
