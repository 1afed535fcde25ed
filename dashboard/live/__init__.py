"""The open microphone on the page: its level, the probabilities as ribbons, the words that were heard.

`live.js` opens the microphone, sends its sound and draws; `exchange` is what it talks to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.shared.state import LIVE_MESSAGE, Value
from data import workspace

if TYPE_CHECKING:
    from dashboard.live.exchange import Exchange

_FOLDER = workspace.PROJECT / "dashboard" / "live"
_MESSAGE = "message"

LIVE_EXCHANGE: Value[tuple[object, Exchange] | None] = Value("live_exchange", None)
"""The network that listens in this tab, and what it was made from."""


def received() -> Any:
    """What the browser sent last, None before the first time."""
    return LIVE_MESSAGE.get().get(_MESSAGE)


def show(labels: list[str], step_seconds: float, network: str, reply: dict[str, Any] | None) -> None:
    """Put it on the page.

    Args:
        labels: a ribbon each, from top to bottom as they are in the probabilities.
        step_seconds: from one answer of the network to the next [s].
        network: which one listens; what another one heard is cleared away.
        reply: to the last message, see `exchange`; or `fault`, a sentence, with the message's `number`.
    """
    data = {"labels": labels, "step_seconds": step_seconds, "network": network, "reply": reply}
    _component()(data=data, key=LIVE_MESSAGE.key, on_message_change=lambda: None)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    css, js = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("live.css", "live.js"))
    return st.components.v2.component("echoic_live", html='<div class="live"></div>', css=css, js=js)
