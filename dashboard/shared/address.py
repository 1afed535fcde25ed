"""Addresses: what a page shows stands in its address, so a link opens the page in that state.

The app calls `begin` before a page and `write` after it. A page names its widgets in between, with `follow`, `follow_number`
and `follow_many` just before it draws them, or with `take` and `say` where a parameter stands for several widgets.

Streamlit's `bind="query-params"` does this for the tabs of a page alone. For the rest it writes what the widget shows, such as
a model's whole description, it drops what it does not know without a word, and a link that asks for a widget's default does
not change a widget that has another value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from dashboard.shared.formatting import as_text
from dashboard.shared.parameters import TAB, Parameter, parameters_of
from dashboard.shared.state import ADDRESS_FOLLOWED, ADDRESS_INCOMING, ADDRESS_PAGE, ADDRESS_WRITTEN, Value
from data import workspace

State = str | int | float | Sequence[str]

_FILES = {"data": "corpora"}  # of the pages whose file has another name


def link_to(page: str, **state: State) -> str:
    """The address of a page in a state, from the root of the server: `link_to("inside", view="Order")`.

    Raises:
        ValueError: the page has no such parameter.
    """
    path = "/" if page == "predict" else f"/{page}"
    query = urlencode(_query(page, state), safe=":/,")
    return f"{path}?{query}" if query else path


def page_link(page: str, label: str, icon: str | None = None, **state: State) -> None:
    """Draw a link that opens a page in a state, in this tab of the browser."""
    st.page_link(file_of(page), label=label, icon=icon, query_params=_query(page, state))


def _query(page: str, state: Mapping[str, State]) -> dict[str, str]:
    known = parameters_of(page)
    for name in state:
        if name not in known:
            raise ValueError(f"The page '{page}' has no parameter '{name}'. It has: {', '.join(known) or 'none'}.")
    return {name: _text(known[name], value) for name, value in state.items()}


def _text(parameter: Parameter, value: Any) -> str:
    if isinstance(value, str):
        return re.sub(r"[^\w.]+", "-", value.lower()).strip("-") if parameter.is_label else value
    if isinstance(value, int | float):
        return f"{value:g}"
    return ",".join(value)


def file_of(page: str) -> str:
    """The file of a page, seen from the app's."""
    return f"app_pages/{_FILES.get(page, page)}.py"


def keep_history_short() -> None:
    """Let a page that has just been opened and its address be one step of the browser's history; for the app, before a page."""
    script = (workspace.PROJECT / "dashboard" / "shared" / "history.js").read_text(encoding="utf-8")
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def begin(page: str) -> None:
    """Read the address; called before a page is drawn.

    What has changed since the page was drawn last came from outside, from a link or the browser's Back, and waits for
    its widget. A page opened from the menu, without parameters, goes on in the state that it was left in.
    """
    known = parameters_of(page)
    there = {name: text for name, text in st.query_params.to_dict().items() if name in known}
    written = ADDRESS_WRITTEN.of(page).get() or {}
    if ADDRESS_PAGE.get() == page:
        changed = {name: text for name, text in there.items() if written.get(name) != text}
        left_out = {name: "" for name in written if name not in there}
        ADDRESS_INCOMING.set({**(ADDRESS_INCOMING.get() or {}), **changed, **left_out})
    else:
        left = {name: text for name, text in written.items() if not known[name].remembered}
        ADDRESS_INCOMING.set(there or left)
        if tab := take(TAB):
            preset(TAB, tab)  # or a tab chosen earlier would win
    ADDRESS_PAGE.set(page)
    ADDRESS_FOLLOWED.set({})


def write() -> None:
    """Put the state of the page into its address; called after a page, and at the end of a fragment that changes it."""
    page, state = ADDRESS_PAGE.get(), {}
    there = st.query_params
    for name, (key, said) in (ADDRESS_FOLLOWED.get() or {}).items():
        value = said if key is None else Value[Any](key, None).get()
        if value in ([], ""):  # none of several is chosen, or what is shown has no address
            there.pop(name, None)
        elif value is not None:
            state[name] = _text(parameters_of(page)[name], value)
    if new := {name: text for name, text in state.items() if there.get(name, "") != text}:
        there.update(new)
    known = parameters_of(page)
    ADDRESS_WRITTEN.of(page).set({name: text for name, text in there.to_dict().items() if name in known})


def is_at(page: str) -> bool:
    """Whether this page is drawn."""
    return ADDRESS_PAGE.get() == page


def asks_for(name: str) -> bool:
    """Whether a link asks for this, and nothing has taken it yet."""
    return bool((ADDRESS_INCOMING.get() or {}).get(name))


def take(name: str) -> str | None:
    """What a link asks for, once; None if it asks for nothing."""
    incoming = dict(ADDRESS_INCOMING.get() or {})
    text = incoming.pop(name, None)
    ADDRESS_INCOMING.set(incoming)
    return text or None


def is_left_out(name: str) -> bool:
    """Whether the browser's Back has led to an address that says nothing of this any more; true once."""
    incoming = dict(ADDRESS_INCOMING.get() or {})
    found = incoming.get(name) == ""
    if found:
        ADDRESS_INCOMING.set({other: text for other, text in incoming.items() if other != name})
    return found


def say(name: str, text: str) -> None:
    """Put a text into the address; "" where what is shown has no address, such as a recording."""
    _register(name, None, text)


def preset(key: str, value: Any) -> None:
    """Give the widget with this key a value, before it is drawn."""
    Value[Any](key, None).set(value)


def explain(name: str, text: str) -> None:
    """Say that what a link asks for is not there; nothing on a page without this parameter."""
    if not _is_here(name):
        return
    st.warning(
        f"The {_here()[name].title} “{as_text(text[:100])}” that the link asks for is not here any more.",
        icon=":material/link_off:",
    )


def follow(name: str, key: str, options: Sequence[Any]) -> None:
    """Let the widget with this key, which chooses one of `options`, follow the address, and the address it."""
    _follow(name, key, lambda text: _chosen(_here()[name], text, options))


def follow_many(name: str, key: str, options: Sequence[str]) -> None:
    """The same for a widget that chooses several."""

    def read(text: str) -> list[str] | None:
        found = [one for one in text.split(",") if one in options]
        return found or None

    _follow(name, key, read)


def follow_number(name: str, key: str, low: float, high: float) -> None:
    """The same for a widget with a number from `low` to `high`; a whole number if both are."""

    def read(text: str) -> float | None:
        try:
            number = type(low)(text)
        except ValueError:
            return None
        return number if low <= number <= high else None

    _follow(name, key, read)


def _follow(name: str, key: str, read: Callable[[str], Any]) -> None:
    if not _is_here(name):
        return
    if text := take(name):
        value = read(text)
        if value is None:
            explain(name, text)
        else:
            preset(key, value)
    _register(name, key, None)


def _chosen(parameter: Parameter, text: str, options: Sequence[Any]) -> Any:
    wanted = _text(parameter, text)
    return next((one for one in options if _text(parameter, one) == wanted), None)


def _register(name: str, key: str | None, said: str | None) -> None:
    if _is_here(name):
        ADDRESS_FOLLOWED.set({**(ADDRESS_FOLLOWED.get() or {}), name: (key, said)})


def _is_here(name: str) -> bool:
    """Whether the page that is drawn has this parameter; a widget may be on several pages."""
    return name in _here()


def _here() -> Mapping[str, Parameter]:
    """The parameters of the page that is drawn."""
    return parameters_of(ADDRESS_PAGE.get())
