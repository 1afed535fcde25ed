"""Live: the microphone stays open, and each word lights up as it is heard."""

from __future__ import annotations

from functools import partial

import streamlit as st

from audio_models.jobs.runs import Run
from dashboard import live
from dashboard.live import LIVE_EXCHANGE
from dashboard.live.exchange import Exchange
from dashboard.shared.choose_model import choose_listener, listens_for, usable_runs
from dashboard.shared.feedback import show_errors
from data.errors import EchoicError


def _exchange(run: Run) -> Exchange:
    """The network that listens in this tab, made anew where it, or when a word counts as heard, was changed.

    Raises:
        RunError: its file is damaged.
    """
    from audio_models.listening.detection import load_settings
    from audio_models.listening.listener import Listener

    config = load_settings(run)
    wanted = (str(run.folder), run.model_path.stat().st_mtime_ns, config)
    there = LIVE_EXCHANGE.get()
    if there is None or there[0] != wanted:
        there = (wanted, Exchange(partial(Listener, run, config)))
        LIVE_EXCHANGE.set(there)
    return there[1]


def _how_it_listens(exchange: Exchange) -> None:
    listener = exchange.listener
    config = listener.config
    step = f"{1000 * listener.step_seconds:.0f} ms"
    manner = (
        f"It goes on from step to step, {step} each, and remembers what came before."
        if listener.mode == "stateful"
        else f"It reads clips as a whole, so every {step} it reads the last one anew (a sliding window): many times the work "
        "of a network that goes on from step to step."
    )
    st.caption(
        f"{manner} A word counts as heard from **{100 * config.threshold:.0f} %** on, averaged over {config.smoothing_ms:.0f} ms; "
        f"the next one {config.refractory_ms / 1000:.1f} s later at the soonest."
    )


@st.fragment  # type: ignore[untyped-decorator]
def _listening(run: Run, exchange: Exchange) -> None:
    """Runs alone with every message of the browser, about ten times a second: the page around it stays as it is."""
    message = live.received()
    reply = None
    if message is not None:
        try:
            reply = exchange.answer(message)
        except EchoicError as error:
            reply = {"fault": str(error), "number": message.get("number") if isinstance(message, dict) else None}
    live.show(list(exchange.listener.labels), exchange.listener.step_seconds, str(run.folder), reply)


def _page() -> None:
    st.title("Speak, and watch it listen")
    models = usable_runs()
    with show_errors():
        model, words = st.columns([2, 3], vertical_alignment="center")
        with model:
            run = choose_listener(models, "live_run")
        with words:
            st.markdown(listens_for(run))
            with st.spinner("Getting the network ready …"):
                exchange = _exchange(run)
            _how_it_listens(exchange)
        _listening(run, exchange)


_page()
