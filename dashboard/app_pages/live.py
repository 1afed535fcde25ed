"""Live: the microphone stays open, and each word lights up as it is detected."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from audio_models.jobs.runs import Run
from dashboard import live
from dashboard.live import LIVE_EXCHANGE
from dashboard.live.exchange import Exchange
from dashboard.shared.choose_model import choose_listener, listens_for, usable_runs
from dashboard.shared.feedback import show_errors
from data.errors import EchoicError

if TYPE_CHECKING:
    from audio_models.listening.detection import DetectionConfig
    from audio_models.listening.listener import Listener  # brings onnxruntime


def _exchange(run: Run) -> Exchange:
    """This tab's network, remade when it or its detection settings have changed.

    Raises:
        RunError: its file is damaged.
    """
    from audio_models.listening.detection import load_settings
    from audio_models.listening.listener import Listener

    config = load_settings(run)
    made_from = (str(run.folder), run.model_path.stat().st_mtime_ns, config)
    stored = LIVE_EXCHANGE.get()
    if stored is None or stored[0] != made_from:
        stored = (made_from, Exchange(partial(Listener, run, config)))
        LIVE_EXCHANGE.set(stored)
    return stored[1]


def _describe(listener: Listener) -> str:
    """How the network reads the stream, and when it reports a word."""
    config, step = listener.config, listener.step_seconds
    reads = (
        f"Streaming network: one answer every {1000 * step:.0f} ms."
        if listener.mode == "stateful"
        else f"Re-reads the last {listener.clip_seconds:.1f} s {_times_per_second(step)}. A streaming network needs far less work."
    )
    return (
        f"{reads} Triggers at **{100 * config.threshold:.0f} %** ({config.smoothing_ms:.0f} ms average{_context(config)}), then "
        f"pauses for {config.refractory_ms / 1000:.1f} s."
    )


def _context(config: DetectionConfig) -> str:
    seconds = config.context_ms / 1000
    return f", less after other speech in the last {seconds:g} s" if seconds else ""


def _times_per_second(step_seconds: float) -> str:
    times = round(1 / step_seconds)
    return "ten times a second" if times == 10 else f"{times} times a second"


@st.fragment  # type: ignore[untyped-decorator]
def _listening(run: Run, exchange: Exchange) -> None:
    """Answer the browser, about ten times a second; a fragment, so the page around it is not redrawn."""
    message = live.received()
    reply = None
    if message is not None:
        try:
            reply = exchange.answer(message)
        except EchoicError as error:
            reply = {"fault": str(error), "number": message.get("number") if isinstance(message, dict) else None}
    live.show(list(exchange.listener.labels), exchange.listener.step_seconds, str(run.folder), reply)


def _page() -> None:
    st.title("Listen live")
    models = usable_runs()
    with show_errors():
        model, words = st.columns([2, 3], vertical_alignment="center")
        with model:
            run = choose_listener(models, "live_run")
        with words:
            st.markdown(listens_for(run))
            with st.spinner("Loading the network …"):
                exchange = _exchange(run)
            st.caption(_describe(exchange.listener))
        _listening(run, exchange)


_page()
