"""The login with a password, at the door: a form before everything else, and a signed cookie after it."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections import deque
from urllib.parse import parse_qs, quote

from dashboard.door import USER, Application, Receive, Scope, Send, headers_of, refuse, with_header
from data import users, workspace
from data.errors import EchoicError
from data.phrases import plural

LEAVE = "/logout"
"""The path that signs out."""

_MOST_BYTES = 8_192  # of a filled-in form

_COOKIE = "echoic_user"
_FAILURES, _SECONDS = 10, 60.0
_MOST_KNOWN = 10_000


class Attempts:
    """Counts failures by where they come from, and by the name tried: ten a minute, then whoever it is waits."""

    def __init__(self) -> None:
        self._failed: dict[str, deque[float]] = {}

    def wait(self, *keys: str) -> int:
        """Seconds until one of these may try again; 0 if they may."""
        now = time.monotonic()
        waits = [0.0]
        for key in keys:
            times = self._failed.get(key, deque())
            while times and now - times[0] > _SECONDS:
                times.popleft()
            if len(times) >= _FAILURES:
                waits.append(_SECONDS - (now - times[0]))
        return int(-(-max(waits) // 1))

    def failed(self, *keys: str) -> None:
        """Count a failure."""
        for key in keys:
            self._failed.setdefault(key, deque(maxlen=_FAILURES)).append(time.monotonic())
        while len(self._failed) > _MOST_KNOWN:
            self._failed.pop(next(iter(self._failed)))


class PasswordLogin:
    """ASGI middleware behind the door that lets nobody further who has not signed in, and tells the pages who has.

    The form is shown in place of whatever page was asked for, which opens once it is filled in.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._attempts = Attempts()
        self._one_at_a_time = asyncio.Semaphore(1)  # a hash takes 16 MB

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        user = _user_of(headers.get("cookie", ""))
        is_page = scope["type"] == "http" and "text/html" in headers.get("accept", "")
        if scope["type"] == "http" and scope["path"] == LEAVE:
            await _send(send, 303, b"", location="/", cookie=_cookie(None, scope))
        elif user is not None:
            await self._app(with_header(scope, USER, user), receive, send)
        elif is_page and scope["method"] == "POST":
            await self._submit(scope, receive, send)
        elif is_page and scope["method"] == "GET":
            await _send(send, 401, form())
        else:
            await refuse(scope, send, "Sign in to Echoic first.", status=401)

    async def _submit(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a filled-in form."""
        fields = parse_qs((await _body(receive)).decode("utf-8", "replace"))
        name, own, shared = (fields.get(field, [""])[0] for field in ("name", "own", "shared"))
        client = (scope.get("client") or ("",))[0]
        keys = (f"at {client}", f"as {' '.join(name.casefold().split())[: users.LONGEST_NAME]}")
        async with self._one_at_a_time:
            if seconds := self._attempts.wait(*keys):
                await _send(send, 429, form(f"Too many attempts. Wait {plural(seconds, 'second')}.", name))
                return
            try:
                user = await asyncio.to_thread(users.sign_in, name, own, shared)
            except EchoicError as error:
                self._attempts.failed(*keys)
                await _send(send, 403, form(str(error), name))
                return
        query = scope.get("query_string", b"").decode("latin-1")
        place = "/" + quote(scope["path"].lstrip("/\\")) + (f"?{query}" if query else "")
        await _send(send, 303, b"", location=place, cookie=_cookie(user, scope))


def form(sentence: str = "", name: str = "") -> bytes:
    """The page with the form.

    Args:
        sentence: why the last one was refused.
        name: typed in the last one.
    """
    page = (workspace.PROJECT / "dashboard" / "login.html").read_text(encoding="utf-8")
    texts = {"refusal": sentence, "name": name, "shortest": str(users.SHORTEST)}
    return re.sub(r"{{ (\w+) }}", lambda mark: html.escape(texts[mark[1]]), page).encode("utf-8")


def _user_of(cookies: str) -> str | None:
    """The id of the user whose browser sends this `Cookie` header; None if nobody is signed in."""
    for pair in cookies.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == _COOKIE and (user := users.of_token(value)) is not None:
            return user
    return None


def _cookie(user: str | None, scope: Scope) -> str:
    """The cookie that signs a user in; out with None."""
    value, age = (users.token(user), users.HOURS * 3600) if user else ("", 0)
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    return f"{_COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"


async def _body(receive: Receive) -> bytes:
    """The body of a request, as much as a form may have."""
    body = b""
    while len(body) <= _MOST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body[:_MOST_BYTES]


async def _send(send: Send, status: int, page: bytes, *, location: str = "", cookie: str = "") -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")]
    headers += [(b"location", location.encode("latin-1"))] if location else []
    headers += [(b"set-cookie", cookie.encode("latin-1"))] if cookie else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": page})
