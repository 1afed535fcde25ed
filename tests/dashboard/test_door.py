"""Who may talk to the dashboard: tried on the door alone, and on the server as it is started."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from streamlit import config
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from audio_models.errors import ConfigError
from audio_models.serving import ServingConfig
from dashboard import server
from dashboard.door import USER, Door, host_name
from tests.conftest import PROJECT
from tests.support.served import Served, dashboard, free_port

ENDPOINTS = (
    "/", "/_stcore/health", "/_stcore/host-config", "/_stcore/metrics", "/_stcore/upload_file/a/b", "/media/0.wav", "/component/a/b.html", "/static/index.html",
)  # fmt: skip
# Told by Python itself of every name looked up and every connection, whichever library asks.
EARS = """
import os, sys
def hear(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        told = f"{event} {arguments[1]!r}"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        told = f"{event} {arguments[0]!r}"
    else:
        return
    with open(os.environ["HEARD_BY_THE_TEST"], "a") as file:
        file.write(told + "\\n")
sys.addaudithook(hear)
hear("socket.connect", (None, ("127.0.0.1", "began")))
"""


def answer(
    headers: dict[str, str], *, names: tuple[str, ...] = (), kind: str = "http", at: str = "127.0.0.1"
) -> tuple[int, dict[str, str]]:
    """What the door answers to a request (the websocket: 403 if it is closed, 200 if not), and the headers that were passed on."""
    passed: dict[str, str] = {}
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        passed.update({name.decode(): value.decode() for name, value in scope["headers"]})
        await send({"type": "websocket.accept" if kind == "websocket" else "http.response.start", "status": 200})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": kind, "method": "GET", "path": "/", "server": (at, 8501),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    asyncio.run(Door(app, names)(scope, None, send))  # type: ignore[arg-type]
    return (403 if sent[0]["type"] == "websocket.close" else sent[0].get("status", 200)), passed


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:8501", None, 200),
        ("127.0.0.1:8501", "http://127.0.0.1:8501", 200),
        ("localhost:9000", "http://localhost:9000", 200),  # an ssh tunnel from another port
        ("LocalHost:8501", "http://localhost:8501", 200),
        ("[::1]:8501", "http://[::1]:8501", 200),
        ("echoic.example.org", "https://echoic.example.org", 200),
        ("evil.example:8501", "http://evil.example:8501", 403),  # its name resolves to 127.0.0.1
        ("evil.example:8501", None, 403),
        ("127.0.0.1.evil.example:8501", None, 403),
        ("127.0.0.1:8501", "http://evil.example", 403),
        ("127.0.0.1:8501", "http://127.0.0.1:8502", 403),  # another port of the same machine
        ("127.0.0.1:8501", "http://localhost:8501", 403),
        ("127.0.0.1:8501", "null", 403),
        ("127.0.0.1:8501", "", 403),
        ("127.0.0.1:8501", "file://127.0.0.1:8501", 403),
        ("127.0.0.1:8501@evil.example", None, 403),
        ("evil.example/127.0.0.1", None, 403),
        ("192.168.1.20:8501", None, 403),  # not the address that it arrived at
        ("", None, 403),
    ],
)
def test_hosts_and_origins(kind: str, host: str, origin: str | None, status: int) -> None:
    headers = {"Host": host, **({} if origin is None else {"Origin": origin})}
    assert answer(headers, names=("echoic.example.org",), kind=kind)[0] == status


def test_in_a_network_the_address_that_a_request_came_to_is_its_own_name() -> None:
    assert answer({"Host": "192.168.1.20:8501"}, at="192.168.1.20")[0] == 200
    assert answer({"Host": "192.168.1.20:8501"}, at="::ffff:192.168.1.20")[0] == 200
    assert answer({"Host": "evil.example:8501"}, at="192.168.1.20")[0] == 403


@pytest.mark.parametrize(
    ("fetch", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),  # a link
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "audio"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403),
    ],
)
def test_a_page_of_elsewhere_may_link_to_it_but_not_embed_it(fetch: dict[str, str], status: int) -> None:
    assert answer({"Host": "localhost:8501", **fetch})[0] == status


def test_who_came_in_is_told_by_the_door_alone() -> None:
    assert answer({"Host": "localhost", USER: "somebody"})[1][USER.lower()] == ""


@given(st.text(st.characters(codec="latin-1"), max_size=30))
def test_no_host_header_is_taken_for_a_name_that_it_is_not(host: str) -> None:
    name = host_name(host)
    assert name == "" or host.lower().removeprefix("[").startswith(name), host


def test_the_names_are_those_asked_for_in_whatever_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {
        "server.address": "Classroom", "server.allowedHosts": ["echoic.local", "*"],
    }  # fmt: skip
    monkeypatch.setattr(config, "get_option", lambda name: asked.get(name))
    monkeypatch.setattr(config, "is_manually_set", lambda name: name in asked)
    assert server.names_asked_for() == {"Classroom", "echoic.local"}
    asked["server.address"] = "0.0.0.0"
    here = socket.gethostname()
    assert server.names_asked_for() == {here, f"{here}.local", "echoic.local"}
    asked["server.address"] = "Classroom"
    asked["browser.serverAddress"] = "echoic.example.org"
    assert server.names_asked_for() == {"Classroom", "echoic.local", "echoic.example.org"}


@pytest.mark.parametrize(
    "site", ["echoic.example.org", "https://", "https://a/b", "ftp://a", "https://a:x", "https://u@a"]
)
def test_a_site_is_the_address_of_a_page(site: str) -> None:
    with pytest.raises(ConfigError, match=r"Site is .*; expected an address without a path, such as https://"):
        ServingConfig(site=site)


def test_a_site_has_a_name_and_a_port() -> None:
    found = [ServingConfig(site=site) for site in ("https://echoic.example.org", "http://pi.local:8080/")]
    assert [(one.site_host, one.site_port) for one in found] == [("echoic.example.org", 443), ("pi.local", 8080)]


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with what the server has looked up and connected to, a line for each."""
    return tmp_path_factory.mktemp("heard") / "heard.txt"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, heard: Path) -> Iterator[Served]:
    ears = tmp_path_factory.mktemp("ears")
    (ears / "sitecustomize.py").write_text(EARS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ears), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("HEARD_BY_THE_TEST", str(heard))
        with dashboard(tmp_path_factory.mktemp("door"), at_most=300) as made:
            yield made


def opens(served: Served, host: str, origin: str | None) -> bool:
    """Whether the websocket opens."""
    name, _, port = served.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((name, int(port)), timeout=10) as line:
        try:
            with connect(
                f"ws://{host}/_stcore/stream", sock=line, origin=Origin(origin) if origin else None, proxy=None
            ):
                return True
        except InvalidStatus:
            return False


def test_the_server_refuses_foreign_hosts_and_origins_on_every_path(served: Served) -> None:
    own = served.url.removeprefix("http://")
    port = own.rpartition(":")[2]
    for headers in (
        {"Host": f"evil.example:{port}"},
        {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"},
        {"Host": own, "Origin": "http://evil.example"},
        {"Host": own, "Origin": f"http://127.0.0.1:{free_port()}"},
    ):
        assert not opens(served, headers["Host"], headers.get("Origin")), headers
        for path in ENDPOINTS:
            for method in ("GET", "PUT", "OPTIONS"):
                got = requests.request(method, served.url + path, headers=headers, timeout=10)
                assert (got.status_code, "\n" in got.text.strip()) == (403, False), (headers, method, path)


def test_the_server_serves_its_own_names(served: Served) -> None:
    own = served.url.removeprefix("http://")
    port = own.rpartition(":")[2]
    for host in (own, f"localhost:{port}", f"[::1]:{port}"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        assert opens(served, headers["Host"], headers.get("Origin")), host
        assert requests.get(f"{served.url}/_stcore/health", headers=headers, timeout=10).text == "ok"


def test_nothing_leaves_this_computer_whoever_asks(served: Served, heard: Path) -> None:
    own = served.url.removeprefix("http://")
    for origin in ("http://evil.example", f"http://{own}"):
        opens(served, own, origin)
        requests.get(f"{served.url}/_stcore/host-config", headers={"Origin": origin}, timeout=10)
    lines = heard.read_text().splitlines()
    assert lines[0] == "socket.connect ('127.0.0.1', 'began')"
    assert [line for line in lines if "'127.0.0.1'" not in line] == []


def test_pages_without_the_door_show_a_sentence_alone() -> None:
    """As `streamlit run dashboard/app.py` would run them."""
    script = """
import json, sys
from unittest.mock import PropertyMock, patch
from streamlit.runtime.context import ContextProxy
from tests.support.pages import open_page
with patch.object(ContextProxy, "headers", PropertyMock(return_value={"Host": "127.0.0.1:8501"})):
    app = open_page()
print(json.dumps([[one.value for one in app.error], len(app.title), len(app.button)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True
    )
    (error,), titles, buttons = json.loads(done.stdout)
    assert error.startswith("Started like this, Echoic would obey any page")
    assert (titles, buttons) == (0, 0)
