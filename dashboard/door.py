"""Who may talk to the dashboard: requests for its own addresses, from its own pages, and answers that load nothing from elsewhere.

A browser sends what any page asks it to, also to this computer. A page of a stranger whose name resolves to 127.0.0.1 ("DNS
rebinding") would be served as the dashboard's own, were the name in `Host` not checked; a page on another port would open the
websocket, were its `Origin` not. Streamlit checks neither on all its paths, and looks up the computer's address on the internet
to decide; so this stands before it, for every path.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HOME = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names that each computer has for itself, and for nobody else."""

_FROM_HERE = {"same-origin", "none"}  # values of Sec-Fetch-Site; "none" is what a user opens himself

USER = "X-Echoic-User"
"""The header that tells the pages who came in: empty until a login fills it. What a browser sends in it is dropped."""


class Door:
    """ASGI middleware that refuses foreign hosts and origins with status 403, before anything else reads the request.

    Args:
        app: what is served to the others.
        names: hosts that the dashboard was asked to answer to, besides `HOME`.
    """

    def __init__(self, app: Application, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = HOME | {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            await refuse(scope, send, refusal)
            return
        passed_on = with_header(scope, USER, "")
        if scope["type"] == "websocket":
            await self._app(passed_on, receive, send)
        else:
            # The origin is known by now. Streamlit would ask the internet about one that it does not know.
            await self._app(_without(passed_on, "origin"), receive, _with_policy(send, headers["host"]))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> str:
        """Why a request is refused, in a sentence; empty if it is not."""
        host = headers.get("host", "")
        if not self._answers_to(host, scope):
            return (
                f"Echoic does not answer to the name '{host[:80]}'. Open it by the address that it printed when it started; "
                "or, if others open it by that name, start it with --site http:// and the name."
            )
        origin = headers.get("origin")
        foreign = "Another page may not use Echoic. Open it in a tab of its own."
        if origin is not None and not _same_place(origin, host):
            return foreign
        navigates = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        if headers.get("sec-fetch-site", "none") not in _FROM_HERE and not (navigates and scope["method"] == "GET"):
            return foreign
        return ""

    def _answers_to(self, host: str, scope: Scope) -> bool:
        """Whether `Host` is a name of the dashboard, or the very address that the request arrived at."""
        name = host_name(host)
        return bool(name) and (name in self._names or name == _arrived_at(scope))


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request by name in small letters; of one that came several times the first, of `host` and `origin` all."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        if key in found and key in ("host", "origin"):
            text = f"{found[key]}, {text}"  # is the name of no host
            found[key] = text
        found.setdefault(key, text)
    return found


def with_header(scope: Scope, name: str, value: str) -> Scope:
    """The same request with a header in place of what a browser may have sent in it."""
    cleared = _without(scope, name)
    return {**cleared, "headers": [*cleared["headers"], (name.lower().encode("latin-1"), value.encode("latin-1"))]}


def _without(scope: Scope, name: str) -> Scope:
    key = name.lower().encode("latin-1")
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() != key]}


def host_name(host: str) -> str:
    """The name in a `Host` header in small letters, without port and brackets; empty if it is none."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname or "", parts.port
    except ValueError:
        return ""
    whole = parts.netloc == host and host.isascii() and "@" not in host and not host.endswith(":")
    return name.removesuffix(".") if whole else ""


def _same_place(origin: str, host: str) -> bool:
    """Whether an `Origin` is a page of this very host and port."""
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _arrived_at(scope: Scope) -> str:
    """The address of this computer that a request came to; nobody can make a name resolve to a digit."""
    local = (scope.get("server") or ("",))[0]
    try:
        address = ipaddress.ip_address(local)
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def _policy(host: str) -> str:
    """What a page may load: what the dashboard itself serves, and nothing from elsewhere, whatever a card or a name says."""
    own = "'self' data: blob:"
    sockets = "" if "[" in host else f" ws://{host} wss://{host}"  # Safari needs them; an address of IPv6 is no source
    return (
        f"default-src {own} 'unsafe-inline' 'unsafe-eval'; connect-src {own}{sockets}; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    )


def _with_policy(send: Send, host: str) -> Send:
    added = [
        (b"content-security-policy", _policy(host).encode("latin-1")),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    ]
    names = {name for name, _ in added}

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in names]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return sent


async def refuse(scope: Scope, send: Send, sentence: str, status: int = 403) -> None:
    """Answer a request with a sentence; close a websocket before it opens."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = f"{sentence}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
