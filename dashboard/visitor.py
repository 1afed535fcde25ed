"""Who looks at a page, and whose workspace it shows: the local user's, or that of the user who signed in."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.auth_util import is_authlib_installed
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.secrets import secrets_singleton

from dashboard.door import USER
from dashboard.shared.formatting import as_text
from dashboard.shared.state import VISITOR, forget_all
from data import users, workspace
from data.errors import WorkspaceError


def provider_is_set() -> bool:
    """Whether the server's secrets name a provider of logins (OpenID Connect), see `st.login`."""
    return bool(secrets_singleton.load_if_toml_exists() and secrets_singleton.get("auth"))


def provider_is_usable() -> bool:
    """Whether the packages that talk to such a provider are installed."""
    return bool(is_authlib_installed()) and find_spec("httpx") is not None


def home() -> Path:
    """The workspace of the user whose page is being drawn.

    Raises:
        WorkspaceError: nobody is signed in.
    """
    user = _current()
    if user is None:
        raise WorkspaceError("Nobody is signed in here. Open Echoic again and sign in.")
    return users.folder(user)


def admit() -> None:
    """Show a page to whom it is for: ask who it is if nobody is signed in, and say who is."""
    if workspace.is_local():
        return
    user = _current()
    if user is None:
        _ask()
        st.stop()
        return
    if VISITOR.get() not in ("", user):  # another signed in while the tab was open
        forget_all()
        st.rerun()
    VISITOR.set(user)
    if _by_provider() and users.find(user) is None:
        users.create(user, users.User(_name()))
    _say_who(users.find(user))


def _current() -> str | None:
    """The id of the user; None if nobody is signed in, or no page is being drawn."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    if user := st.context.headers.get(USER):
        return str(user)
    who = _by_provider()
    return users.id_from(str(who.get("iss", "")), str(who["sub"])) if who and who.get("sub") else None


def _by_provider() -> dict[str, Any]:
    """What a provider says of the user; nothing if none does."""
    who = st.user.to_dict()
    return who if who.get("is_logged_in") else {}


def _name() -> str:
    who = _by_provider()
    return str(who.get("name") or who.get("email") or "You")[: users.LONGEST_NAME]


def _ask() -> None:
    """The page for those whom a provider must vouch for; with a password nobody gets this far."""
    st.title("Sign in to Echoic")
    if st.button("Sign in", type="primary", icon=":material/login:"):
        st.login()


def _say_who(who: users.User | None) -> None:
    with st.sidebar:
        st.caption(f":material/person: {as_text(who.name if who else _name())}")
        if _by_provider():
            st.button("Sign out", type="tertiary", icon=":material/logout:", on_click=st.logout)
        else:
            st.html('<a href="/logout" target="_self" style="color:inherit;font-size:0.875rem">Sign out</a>')
