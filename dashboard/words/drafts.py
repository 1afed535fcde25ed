"""Unfinished batches: what was recorded or uploaded and is not added yet is found again after another page and a reload.

The server holds them until it ends, each under a key that stands in the address of its page: another tab has another one.
"""

from __future__ import annotations

import secrets
from typing import Any, Literal

import streamlit as st

from dashboard.shared import address
from dashboard.shared.state import OWN_DRAFT, OWN_TAKEN_OUT

Kind = Literal["upload", "recording"]

_MOST = 32


def follow_address() -> None:
    """Go on with the batches of a link."""
    if wanted := address.take("draft"):
        if wanted in _all():
            OWN_DRAFT.set(wanted)
        else:
            address.explain("draft", wanted)


def say_address() -> None:
    """Put the key into the address while there is a batch; called after the page is drawn."""
    address.say("draft", OWN_DRAFT.get() if _all().get(OWN_DRAFT.get()) else "")


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


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _all() -> dict[str, dict[str, Any]]:
    return {}
