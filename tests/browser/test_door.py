"""Strangers in a real Chromium: a page of another name, a page on another port, a card that would call home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import drawn
from tests.support.served import Served

pytestmark = pytest.mark.browser

# What a page of elsewhere tries: the websocket, an image, a frame, a request that it may read.
ATTACK = """async (url) => {
    const tried = {};
    tried.socket = await new Promise((done) => {
        const socket = new WebSocket(url.replace("http", "ws") + "/_stcore/stream", ["streamlit"]);
        socket.onopen = () => done("open"); socket.onerror = () => done("refused");
    });
    tried.read = await fetch(url + "/_stcore/host-config").then((got) => got.ok ? "read" : "refused", () => "refused");
    tried.image = await new Promise((done) => {
        const image = new Image(); image.onload = () => done("shown"); image.onerror = () => done("refused");
        image.src = url + "/favicon.png";
    });
    return tried;
}"""
REFUSED = {"socket": "refused", "read": "refused", "image": "refused"}


@contextmanager
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server on another port of this machine: its address, and the paths that it was asked for."""
    asked: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_page_of_another_name_or_port_cannot_use_the_dashboard(
    launch: Callable[..., Browser], served: Served
) -> None:
    browser = launch("--host-resolver-rules=MAP rebound.example 127.0.0.1")
    page = browser.new_page()
    rebound = served.url.replace("127.0.0.1", "rebound.example")
    page.goto(rebound)
    expect(page.get_by_text("Echoic does not answer to the name 'rebound.example:")).to_be_visible()
    assert page.evaluate(ATTACK, rebound) == REFUSED
    page.goto(served.url)
    assert page.evaluate(ATTACK, served.url) == {"socket": "open", "read": "read", "image": "shown"}
    with elsewhere() as (url, _):
        page.goto(url)
        assert page.evaluate(ATTACK, served.url) == REFUSED
    browser.close()


def test_a_page_loads_nothing_from_elsewhere_whatever_a_card_says(
    page: Page, served: Served, shared_home: Path
) -> None:
    card = next((shared_home / "runs").iterdir()) / "card.md"
    with elsewhere() as (url, asked):
        card.write_text(f"![my picture]({url}/card.png)\n\n**who made it**")
        try:
            page.goto(f"{served.url}/?run={card.parent.name}")
            drawn(page)
            page.get_by_role("button", name="About this model").click()
            expect(page.get_by_text("who made it")).to_be_visible()
            expect(page.get_by_role("link", name="my picture")).to_be_visible()
            tried = page.evaluate(
                """async (url) => {
                    const image = new Image(); image.src = url + "/image.png";
                    await new Promise((done) => { image.onload = image.onerror = done; });
                    return fetch(url + "/fetched").then(() => "read", () => "refused");
                }""",
                url,
            )
        finally:
            card.unlink()
    assert tried == "refused"
    assert asked == []
