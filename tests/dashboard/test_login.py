"""The login with a password: the form at the door, and on the real server two users who do not see each other."""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from audio_models.config import NetworkConfig
from audio_models.errors import ConfigError
from audio_models.jobs import runs
from dashboard import server, visitor
from dashboard.door import USER, Door
from dashboard.lessons import units
from dashboard.login import Attempts, PasswordLogin
from data import users, workspace
from data.corpus import CorpusReference
from data.errors import WorkspaceError
from data.own import corpus as own_corpus
from tests.conftest import PROJECT, Done
from tests.support.served import Served, dashboard, free_port
from tests.support.untrained import untrained_run

SHARED, OWN = "classroom-7", "annsecret"
FILLED = {"name": "Ann", "own": OWN, "shared": SHARED}
PAGES = ("", "listen", "live", "words", "data", "train", "evaluate", "compare", "learn", "inside", "memory")


class Behind:
    """A login with a page behind it that says who came in."""

    def __init__(self) -> None:
        self.login = PasswordLogin(self._page)

    async def _page(self, scope: Any, receive: Any, send: Any) -> None:
        who = dict(scope["headers"])[USER.lower().encode()]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": who})

    def ask(self, method: str = "GET", path: str = "/", *, form: dict[str, str] | None = None, kind: str = "http", https: bool = False,
            query: str = "", client: str = "10.0.0.1", **headers: str) -> tuple[int, dict[str, str], str]:  # fmt: skip
        """Status (that of a websocket: 1008 if it is closed), headers and body of the answer."""
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": urlencode(form or {}).encode(), "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = {"accept": "text/html,*/*", "host": "127.0.0.1:8501", USER: "forged", **headers}
        scope = {
            "type": kind, "method": method, "path": path, "query_string": query.encode(), "scheme": "https" if https else "http",
            "client": (client, 50_000), "server": ("127.0.0.1", 8501),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        asyncio.run(Door(self.login)(scope, receive, send))  # type: ignore[arg-type]
        if sent[0]["type"] == "websocket.close":
            return sent[0]["code"], {}, ""
        found = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], found, b"".join(one.get("body", b"") for one in sent).decode()


@pytest.fixture
def behind() -> Behind:
    users.set_password(SHARED)
    return Behind()


def cookie_of(headers: dict[str, str]) -> str:
    return headers["set-cookie"].partition(";")[0]


def test_nothing_passes_but_the_form(behind: Behind) -> None:
    status, headers, page = behind.ask(path="/words")
    assert (status, headers["cache-control"]) == (401, "no-store")
    assert "<h1>Sign in to Echoic</h1>" in page
    for method in ("GET", "PUT", "POST", "DELETE", "OPTIONS"):
        status, _, text = behind.ask(method, "/media/a.wav", accept="*/*")
        assert (status, text) == (401, "Sign in to Echoic first.\n")
    assert behind.ask(kind="websocket")[0] == 1008
    assert behind.ask(cookie="echoic_user=ab.1.cd; echoic_user=")[0] == 401


def test_who_fills_in_the_form_comes_to_the_page_that_was_asked_for(behind: Behind) -> None:
    status, headers, _ = behind.ask("POST", "/train", query="cell=lstm", form=FILLED)
    assert (status, headers["location"]) == (303, "/train?cell=lstm")
    assert re.search(r"; HttpOnly; SameSite=Lax$", headers["set-cookie"])
    status, _, who = behind.ask(cookie=f"other=1; {cookie_of(headers)}")
    assert (status, who) == (200, users.id_of("Ann"))
    assert behind.ask("POST", form=FILLED, https=True)[1]["set-cookie"].endswith("; Secure")


def test_a_wrong_password_gives_the_form_again_and_no_script_of_a_name_runs(behind: Behind) -> None:
    status, headers, page = behind.ask("POST", form={**FILLED, "name": "<script>{{ name }}", "shared": "wrong-one"})
    assert status == 403
    assert "set-cookie" not in headers
    assert "That is not the shared password." in page
    assert "<script" not in page
    assert "&lt;script&gt;{{ name }}" in page


def test_the_way_back_leads_to_no_other_site(behind: Behind) -> None:
    for path in ("//evil.example/a", "/\\evil.example", "///evil.example"):
        assert behind.ask("POST", path, form=FILLED)[1]["location"].startswith("/evil.example")
    location = behind.ask("POST", "/a\r\nset-cookie: x=y", form=FILLED)[1]["location"]
    assert not {"\r", "\n"} & set(location)


def test_signing_out_takes_the_cookie_away(behind: Behind) -> None:
    status, headers, _ = behind.ask(path="/logout")
    assert (status, headers["location"]) == (303, "/")
    assert headers["set-cookie"].startswith("echoic_user=; Path=/; Max-Age=0")


def test_ten_failures_a_minute_then_it_waits(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("dashboard.login.time.monotonic", lambda: now[0])
    for number in range(10):
        assert behind.ask("POST", form={**FILLED, "name": f"n{number}", "shared": "wrong-one"})[0] == 403
    status, _, page = behind.ask("POST", form=FILLED)
    assert status == 429, "even with the right password"
    assert "Too many attempts. Wait 60 seconds." in page
    assert behind.ask("POST", form=FILLED, client="10.0.0.2")[0] == 303, "others are not kept waiting"
    now[0] += 60
    assert behind.ask("POST", form=FILLED)[0] == 303
    for number in range(10):  # the same name, tried from many places
        behind.ask("POST", form={**FILLED, "own": "another-one"}, client=f"10.0.1.{number}")
    assert behind.ask("POST", form=FILLED, client="10.0.2.1")[0] == 429


def test_failures_from_everywhere_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.login._MOST_KNOWN", 5)
    attempts = Attempts()
    for number in range(50):
        attempts.failed(f"at {number}")
    assert len(attempts._failed) == 5


@pytest.mark.parametrize(
    ("asked", "is_wide"),
    [
        ({"server.address": "127.0.0.1"}, False),
        ({"server.address": "localhost"}, False),
        ({"server.address": "0.0.0.0"}, True),
        ({"server.address": "::"}, True),
        ({"server.address": ""}, True),
        ({}, True),  # Streamlit's own default
        ({"server.address": "192.168.1.20"}, True),
        ({"server.address": "127.0.0.1", "browser.serverAddress": "echoic.example.org"}, True),
        ({"server.address": "127.0.0.1", "browser.serverAddress": "localhost"}, False),
    ],
)
def test_who_can_be_reached_by_others_has_a_login(
    asked: dict[str, str], is_wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "get_option", asked.get)
    monkeypatch.setattr(config, "is_manually_set", lambda name: name in asked)
    monkeypatch.setattr(visitor, "provider_is_set", lambda: False)
    if is_wide:
        with pytest.raises(ConfigError, match=r"^At .* others can open Echoic, and there is no login\. Set a password"):
            server.login()
    else:
        assert server.login() == "none"
    users.set_password(SHARED)
    assert server.login() == ("password" if is_wide else "none")
    monkeypatch.setattr(visitor, "provider_is_set", lambda: True)
    monkeypatch.setattr(visitor, "provider_is_usable", lambda: False)
    if is_wide:
        with pytest.raises(ConfigError, match="needs two packages: pip install Authlib httpx"):
            server.login()
        monkeypatch.setattr(visitor, "provider_is_usable", lambda: True)
        assert server.login() == "provider"


@pytest.mark.parametrize("way", ["option", "variable"])
def test_the_start_refuses_in_a_sentence_whatever_way_the_address_came(way: str, workspace_folder: Path) -> None:
    port = str(free_port())
    command, added = {
        "option": (["-m", "dashboard", "--host", "0.0.0.0", "--port", port], {}),
        "variable": (
            ["-m", "streamlit", "run", "dashboard/served.py", "--server.port", port], {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}
        ),
    }[way]  # fmt: skip
    done = subprocess.run(
        [sys.executable, *command], cwd=PROJECT, env={**os.environ, **added}, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("echoic: At 0.0.0.0 others can open Echoic, and there is no login.")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_the_shell_sets_and_removes_the_password(command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SHARED}\n"))
    assert "The password is set." in command("password").stdout
    known = users.login()
    assert known is not None
    assert known.password.fits(SHARED)
    ann = users.sign_in("Ann", OWN, SHARED)
    assert "chooses another password at the next visit." in command("password", "--forget", "ann").stdout
    assert users.find(ann) == users.User("Ann")
    refused = command("password", "--forget", "Bob")
    assert (refused.returncode, refused.stderr) == (1, "echoic: Nobody called 'Bob' has been here.\n")
    assert "this computer alone" in command("password", "--remove").stdout
    assert users.login() is None


def test_whom_a_provider_vouches_for_is_known_by_its_id_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}
    page = SimpleNamespace(context=SimpleNamespace(headers={USER: ""}), user=SimpleNamespace(to_dict=lambda: told))
    monkeypatch.setattr(visitor, "st", page)
    with pytest.raises(WorkspaceError, match="Nobody is signed in"):
        visitor.home()  # no page is drawn: a thread
    monkeypatch.setattr(visitor, "get_script_run_ctx", lambda **_: page)
    ann = {"is_logged_in": True, "iss": "https://login.example", "sub": "1", "name": "Ann"}
    for nobody in (
        {},
        {"is_logged_in": False, "sub": "1"},
        {"is_logged_in": True, "name": "Ann"},
        {**ann, "is_logged_in": False},
    ):
        told.clear()
        told.update(nobody)
        with pytest.raises(WorkspaceError, match="Nobody is signed in"):
            visitor.home()
    homes = []
    for who in (ann, {**ann, "name": "Ann Smith"}, {**ann, "sub": "2"}, {**ann, "iss": "https://other.example"}):
        told.update(who)
        homes.append(visitor.home())
    assert homes[0] == homes[1], "she may change her name"
    assert len(set(homes)) == 3


def test_what_a_network_hears_in_a_corpus_is_kept_for_its_owner_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two users may call a corpus the same, and the networks that come with Echoic lie in one folder for all."""
    users.set_password(SHARED)
    ann, bob = (users.folder(users.sign_in(name, OWN, SHARED)) for name in ("Ann", "Bob"))
    monkeypatch.setattr(units, "_read_all", lambda *_: workspace.root())
    run, lights = runs.bundled_run("plain-gru"), CorpusReference("own:lights")
    for home in (ann, bob, ann):
        with workspace.working_in(home):
            assert units._activity(run, lights) == home


# The real server, as behind a proxy: on this computer alone, and opened by others at a name.


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two users; Ann has a run and a corpus."""
    made = tmp_path_factory.mktemp("login")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHOIC_HOME", str(made))
        users.set_password(SHARED)
        ann, _ = (users.folder(users.sign_in(name, OWN, SHARED)) for name in ("Ann", "Bob"))
        patch.setenv("ECHOIC_HOME", str(ann))
        own_corpus.create("annlights")
        lights = CorpusReference("own:annlights")
        untrained_run(NetworkConfig("gru", 4), corpus=lights, words=("annword", "other"))
    return made


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMLIT_BROWSER_SERVER_ADDRESS", "echoic.example.org")
        with dashboard(home, at_most=300) as made:
            yield made


def signed_in(served: Served, name: str) -> str:
    """The cookie of somebody who fills in the form."""
    got = requests.post(
        served.url, {**FILLED, "name": name}, headers={"Accept": "text/html"}, timeout=20, allow_redirects=False
    )
    assert got.status_code == 303
    return f"echoic_user={got.cookies['echoic_user']}"


def page_of(served: Served, cookie: str, path: str, query: str = "") -> str:
    """What the server sends to a browser that opens a page, as far as it is text."""
    message = BackMsg()
    message.rerun_script.page_name = path
    message.rerun_script.query_string = query
    said = b""
    address = f"{served.url.replace('http', 'ws')}/_stcore/stream"
    with connect(address, additional_headers={"Cookie": cookie}, origin=served.url, proxy=None, max_size=None) as line:  # type: ignore[arg-type]
        line.send(message.SerializeToString())
        while True:
            got = line.recv(timeout=60)
            assert isinstance(got, bytes)
            said += got
            if ForwardMsg.FromString(got).WhichOneof("type") == "script_finished":
                return said.decode("utf-8", "ignore")


def test_on_the_server_two_users_do_not_see_each_other(served: Served, home: Path) -> None:
    ann, bob = (signed_in(served, name) for name in ("Ann", "Bob"))
    run = next((home / "users" / users.id_of("Ann") / "runs").glob("2*"))
    seen = {name: [page_of(served, cookie, path) for path in PAGES] for name, cookie in (("Ann", ann), ("Bob", bob))}
    assert any("annword" in page for page in seen["Ann"])
    assert any("annlights" in page for page in seen["Ann"])
    for path, page in zip(PAGES, seen["Bob"], strict=True):
        assert not re.search("annword|annlights|On this computer|A folder on this computer", page), path
        assert run.name not in page, path
        assert "Bob" in page, path
        assert "went wrong" not in page, path
    for query in (f"run={run.name}", f"run={run}", f"run=../../{users.id_of('Ann')}/runs/{run.name}"):
        for path in ("", "evaluate", "train", "inside"):
            assert "annword" not in page_of(served, bob, path, query), (path, query)
    for query in ("corpus=own:annlights", f"corpus=own:../../{users.id_of('Ann')}/own/annlights", "corpus=/etc"):
        for path in ("data", "train"):
            page = page_of(served, bob, path, query)
            assert "(your own)" not in page, (path, query)
    assert not (home / "runs").exists()
    assert not (home / "own").exists()


def test_on_the_server_nobody_comes_in_without_a_cookie(served: Served) -> None:
    address = f"{served.url.replace('http', 'ws')}/_stcore/stream"
    for headers in ({}, {"Cookie": "echoic_user=abc"}, {USER: users.id_of("Ann")}):
        with pytest.raises(InvalidStatus), connect(address, additional_headers=headers, proxy=None):
            pass
    for path in ("/", "/_stcore/health", "/media/a.wav", "/static/js/index.js", "/_stcore/upload_file/a/b"):
        got = requests.get(served.url + path, headers={USER: users.id_of("Ann")}, timeout=10)
        assert got.status_code == 401, path
    assert requests.get(served.url, headers={"Host": "echoic.example.org"}, timeout=10).status_code == 401
    assert requests.get(served.url, headers={"Host": "evil.example"}, timeout=10).status_code == 403
