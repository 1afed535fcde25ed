"""The open microphone on a page: its level, probabilities as ribbons, detected words.

`live.js` opens the microphone, sends the sound and draws; `exchange` answers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.shared import component
from dashboard.shared.state import LIVE_MESSAGE, Value
from data import workspace

if TYPE_CHECKING:
    from dashboard.live.exchange import Exchange

_FOLDER = workspace.PROJECT / "dashboard" / "live"
_MESSAGE = "message"

LIVE_EXCHANGE: Value[tuple[object, Exchange] | None] = Value("live_exchange", None)
"""The network that listens in this tab, and what it was made from."""


def received() -> Any:
    """The browser's last message, None before the first."""
    return LIVE_MESSAGE.get().get(_MESSAGE)


def show(labels: list[str], step_seconds: float, network: str, reply: dict[str, Any] | None) -> None:
    """Draw the microphone component.

    Args:
        labels: one ribbon each, in the order of the probabilities.
        step_seconds: time from one answer to the next [s].
        network: its name; another network clears the display.
        reply: to the last message, see `exchange`; or `fault`, a sentence, with the message's `number`.
    """
    data = {"labels": labels, "step_seconds": step_seconds, "network": network, "reply": reply}
    _component()(data=data, key=LIVE_MESSAGE.key, on_message_change=lambda: None)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _component() -> Any:
    return component.component("echoic_live", "live", component.sources(_FOLDER, "live.css", "live.js"))
