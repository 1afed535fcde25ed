"""Unfinished batches: what was recorded, uploaded or typed and is not added yet is found again after another page and a reload.

The server holds them until it ends, each under a key that stands in the address of its page: another tab has another one.
"""

from __future__ import annotations

import secrets
from typing import Any, Literal

import streamlit as st

from dashboard.shared import address
from dashboard.shared.state import OWN_DRAFT, OWN_TAKEN_OUT, OWN_TYPED, Value
from data import workspace

Kind = Literal["upload", "recording", "typed"]

_MOST = 32


def follow_address() -> None:
    """Go on with the batches of a link; called before the page is drawn."""
    OWN_TYPED.set({})
    if wanted := address.take("draft"):
        if wanted in _all():
            OWN_DRAFT.set(wanted)
        else:
            address.explain("draft", wanted)


def say_address() -> None:
    """Put the key into the address while there is a batch; called after the page is drawn."""
    drawn = {name: Value[str](key, "").get() for name, key in OWN_TYPED.pop().items()}
    typed = {**(get("typed") or {}), **drawn}
    if any(typed.values()):
        keep("typed", typed)
    else:
        pop("typed")
    address.say("draft", OWN_DRAFT.get() if _all().get(OWN_DRAFT.get()) else "")


def follow(name: str, key: str) -> None:
    """Let a text box start as it was left.

    Args:
        name: of the box.
        key: of its widget; a fresh box has another one.
    """
    Value[str](key, "").start_with((get("typed") or {}).get(name, ""))
    OWN_TYPED.set({**OWN_TYPED.get(), name: key})


def forget(*names: str) -> None:
    """Let text boxes start empty."""
    if typed := get("typed"):
        keep("typed", {name: text for name, text in typed.items() if name not in names})
    OWN_TYPED.set({name: key for name, key in OWN_TYPED.get().items() if name not in names})


def get(kind: Kind) -> Any:
    """The unfinished batch of a kind; None if there is none."""
    return _all().get(OWN_DRAFT.get(), {}).get(kind)


def keep(kind: Kind, batch: Any) -> None:
    """Keep a batch in place of the one before."""
    if not OWN_DRAFT.get():
        OWN_DRAFT.set(secrets.token_urlsafe(8))
    known = _all()
    known.setdefault(OWN_DRAFT.get(), {})[kind] = batch
    if len(known) > _MOST:
        known.pop(next(iter(known)), None)  # files that were uploaded are removed with other leftovers


def pop(kind: Kind) -> Any:
    """Forget the batch of a kind, and return it."""
    return _all().get(OWN_DRAFT.get(), {}).pop(kind, None)


def on_take_out() -> None:
    """Callback of a box whose files have changed: if it is empty now, the user has emptied it, and no other page."""
    OWN_TAKEN_OUT.set(True)


def was_taken_out() -> bool:
    """Whether a box has changed since the page was drawn last."""
    return OWN_TAKEN_OUT.pop()


def _all() -> dict[str, dict[str, Any]]:
    """Those of the user, by their keys."""
    found: dict[str, dict[str, Any]] = _of(str(workspace.root()))
    return found


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _of(home: str) -> dict[str, dict[str, Any]]:  # noqa: ARG001
    return {}
