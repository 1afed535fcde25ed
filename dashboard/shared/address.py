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
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from dashboard.shared.formatting import as_text
from dashboard.shared.state import ADDRESS_FOLLOWED, ADDRESS_INCOMING, ADDRESS_PAGE, ADDRESS_WRITTEN, Value

State = str | int | float | Sequence[str]


@dataclass(frozen=True)
class Parameter:
    """A parameter of an address.

    Attributes:
        name: in the address.
        pages: those that have it, by their path.
        title: what it means; also in the sentence that says a link's value is not there.
        is_label: whether its values are labels of a widget; the address has them in lower case with hyphens.
        remembered: whether the page finds it again by itself after another page.
    """

    name: str
    pages: tuple[str, ...]
    title: str
    is_label: bool = False
    remembered: bool = False


TAB = "tab"
"""Key of the tabs of a page, which Streamlit keeps in the address."""
FRAME = "frame"
"""The frame at the cursor, which the browser writes: moving the cursor asks nothing of the server."""

PARAMETERS: Mapping[str, Parameter] = {
    one.name: one
    for one in (
        Parameter("scene", ("learn",), "scene of the course"),
        Parameter("term", ("learn",), "term of the glossary"),
        Parameter("run", ("inside", "evaluate"), "model", remembered=True),
        Parameter("clip", ("inside",), "clip"),
        Parameter("view", ("inside", "memory"), "view", is_label=True),
        Parameter("epoch", ("inside",), "epoch of the training"),
        Parameter("hold", ("inside",), "gates that are held"),
        Parameter("signal", ("inside",), "what its units do", is_label=True),
        Parameter("search", ("inside",), "what is searched for", is_label=True),
        Parameter("in", ("inside",), "clips that are searched", is_label=True),
        Parameter(FRAME, ("inside",), "frame at the cursor, from 0"),
        Parameter("unit", ("inside",), "unit of the cell, from 1"),
        Parameter("part", ("inside",), "part of the cell whose formula is shown"),
        Parameter("order", ("inside",), "order of the frames", is_label=True),
        Parameter("shuffle", ("inside",), "number of the shuffle"),
        Parameter("networks", ("inside",), "networks whose gradients are compared"),
        Parameter("gradient", ("inside",), "what the gradient is taken with respect to", is_label=True),
        Parameter("task", ("memory",), "task", is_label=True),
        Parameter("cells", ("memory", "compare"), "cells"),
        Parameter("cell", ("inside", "memory"), "cell"),
        Parameter("length", ("memory",), "length"),
        Parameter("rate", ("memory",), "learning rate"),
        Parameter("activation", ("memory",), "activation"),
        Parameter("scale", ("memory",), "factor on the initial recurrent weights"),
        Parameter("answers", ("memory",), "when the answer is told", is_label=True),
        Parameter("initial", ("memory",), "initial recurrent weights"),
        Parameter("bias", ("memory",), "initial gate bias"),
        Parameter("clipping", ("memory",), "gradient clipping"),
        Parameter("units", ("memory",), "units"),
        Parameter("steps", ("memory",), "training steps"),
        Parameter("seed", ("memory",), "seed"),
        Parameter("question", ("compare",), "question", is_label=True),
        Parameter("readout", ("compare",), "readout"),
        Parameter("trainings", ("compare",), "trainings per cell"),
        Parameter("epochs", ("compare",), "epochs"),
        Parameter("budget", ("compare",), "what is the same: epochs or time"),
        Parameter("seconds", ("compare",), "seconds per training"),
        Parameter("rates", ("compare",), "learning rates to try"),
        Parameter("search", ("compare",), "epochs of a short training"),
        Parameter("result", ("memory", "compare"), "result", remembered=True),
        Parameter("split", ("evaluate",), "split", is_label=True),
        Parameter("corpus", ("evaluate",), "corpus", remembered=True),
        Parameter(TAB, ("evaluate",), "tab"),
        Parameter("matrix", ("evaluate",), "unit of the confusion matrix", is_label=True),
        Parameter("mistake", ("evaluate",), "cell of the confusion matrix: word, answer"),
        Parameter("compared", ("evaluate",), "models compared"),
    )
}

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
    st.page_link(f"app_pages/{_FILES.get(page, page)}.py", label=label, icon=icon, query_params=_query(page, state))


def _query(page: str, state: Mapping[str, State]) -> dict[str, str]:
    for name in state:
        if name not in PARAMETERS or page not in PARAMETERS[name].pages:
            known = ", ".join(one.name for one in PARAMETERS.values() if page in one.pages)
            raise ValueError(f"The page '{page}' has no parameter '{name}'. It has: {known or 'none'}.")
    return {name: _text(PARAMETERS[name], value) for name, value in state.items()}


def _text(parameter: Parameter, value: Any) -> str:
    if isinstance(value, str):
        return re.sub(r"[^\w.]+", "-", value.lower()).strip("-") if parameter.is_label else value
    if isinstance(value, int | float):
        return f"{value:g}"
    return ",".join(value)


def begin(page: str) -> None:
    """Read the address; called before a page is drawn.

    What has changed since the page was drawn last came from outside, from a link or the browser's Back, and waits for
    its widget. A page opened from the menu, without parameters, goes on in the state that it was left in.
    """
    there = {name: text for name, text in st.query_params.to_dict().items() if name in PARAMETERS}
    written = ADDRESS_WRITTEN.of(page).get() or {}
    if ADDRESS_PAGE.get() == page:
        changed = {name: text for name, text in there.items() if written.get(name) != text}
        ADDRESS_INCOMING.set({**(ADDRESS_INCOMING.get() or {}), **changed})
    else:
        left = {name: text for name, text in written.items() if not PARAMETERS[name].remembered}
        ADDRESS_INCOMING.set(there or left)
        if TAB in there:
            preset(TAB, there[TAB])  # or a tab chosen earlier would win
    ADDRESS_PAGE.set(page)
    ADDRESS_FOLLOWED.set({})


def write() -> None:
    """Put the state of the page into its address; called after a page, and at the end of a fragment that changes it."""
    page, state = ADDRESS_PAGE.get(), {}
    there = st.query_params
    for name, (key, said) in (ADDRESS_FOLLOWED.get() or {}).items():
        value = said if key is None else Value[Any](key, None).get()
        if value == []:  # none of several is chosen
            there.pop(name, None)
        elif value is not None:
            state[name] = _text(PARAMETERS[name], value)
    if new := {name: text for name, text in state.items() if there.get(name, "") != text}:
        there.update(new)
    ADDRESS_WRITTEN.of(page).set({name: text for name, text in there.to_dict().items() if name in PARAMETERS})


def take(name: str) -> str | None:
    """What a link asks for, once; None if it asks for nothing."""
    incoming = dict(ADDRESS_INCOMING.get() or {})
    text = incoming.pop(name, None)
    ADDRESS_INCOMING.set(incoming)
    return text or None


def say(name: str, text: str) -> None:
    """Put a text into the address; "" where what is shown has no address, such as a recording."""
    _register(name, None, text)


def preset(key: str, value: Any) -> None:
    """Give the widget with this key a value, before it is drawn."""
    Value[Any](key, None).set(value)


def explain(name: str, text: str) -> None:
    """Say that what a link asks for is not there."""
    st.warning(
        f"The {PARAMETERS[name].title} “{as_text(text[:100])}” that the link asks for is not here any more.",
        icon=":material/link_off:",
    )


def follow(name: str, key: str, options: Sequence[Any]) -> None:
    """Let the widget with this key, which chooses one of `options`, follow the address, and the address it."""
    _follow(name, key, lambda text: _chosen(PARAMETERS[name], text, options))


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
    return ADDRESS_PAGE.get() in PARAMETERS[name].pages
