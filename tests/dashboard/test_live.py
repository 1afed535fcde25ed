"""The open microphone's other end: the same words however the sound was cut, sent twice or answered in vain."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_models.config import NetworkConfig
from audio_models.errors import AudioError
from audio_models.jobs import runs
from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Epoch, Run
from audio_models.listening import detection
from audio_models.listening.detection import DetectionConfig
from audio_models.listening.listener import Listener
from dashboard.live.exchange import Exchange, decode
from data.public.synthetic_voices import SAMPLE_RATE, say, voices
from tests.support.pages import button, healthy, open_page, text_of
from tests.support.untrained import untrained_run

RATE = 16_000


def test_a_message_is_decoded() -> None:
    chunk = decode(_message(np.array([0, 16384, -32768, 32767], np.int16), first=70, number=3))
    np.testing.assert_allclose(chunk.samples, [0, 0.5, -1, 32767 / 32768])
    assert chunk.samples.dtype == np.float32
    assert (chunk.first, chunk.number, chunk.rate) == (70, 3, RATE)


@pytest.mark.parametrize(
    "spoilt",
    [
        None, "sound", {}, {"audio": "§"}, {"audio": "AAA"}, {"audio": base64.b64encode(b"odd").decode()}, {"first": "x"},
        {"first": -1}, {"rate": None},
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_read_is_told_in_a_sentence(spoilt: Any) -> None:
    message = {**_message(np.zeros(10, np.int16)), **spoilt} if isinstance(spoilt, dict) and spoilt else spoilt
    with pytest.raises(AudioError, match=r"cannot be read\. Reload the page"):
        decode(message)


def test_a_rate_out_of_range_is_told_in_a_sentence() -> None:
    with pytest.raises(AudioError, match="samples a second"):
        Exchange(_commands).answer(_message(np.zeros(10, np.int16), rate=1))


FATES = ("arrives", "lost", "answered in vain", "after an old one")


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(1, 12_000), st.sampled_from(FATES)), max_size=30))
def test_the_same_steps_and_words_for_any_chunks_lost_and_repeated_messages(sent: list[tuple[int, str]]) -> None:
    """A browser that sends what it does not know to have arrived, on a line that loses messages and replies."""
    sound, wanted = _sound(), _wanted()
    exchange = _exchange()
    got: list[dict[str, Any]] = []
    known, recorded, stream, last = 0, 0, "", None
    for count, fate in [*sent, (len(sound), "arrives")]:
        recorded = min(len(sound), recorded + count)
        message = _message(sound[known:recorded], first=known, stream=stream, seen=len(got))
        if fate == "lost":
            continue
        if fate == "after an old one" and last is not None:
            exchange.answer(last)
        reply = exchange.answer(message)
        last = message
        if fate != "answered in vain":
            got += reply["steps"][len(got) - reply["first"] :]
            known, stream = reply["known"], reply["stream"]
    assert got == wanted


def test_a_reply_holds_only_what_was_not_seen() -> None:
    exchange, sound = _exchange(), _sound()
    first = exchange.answer(_message(sound[:8000]))
    again = exchange.answer(_message(sound[:8000]))
    assert again["steps"] == first["steps"]
    seen = len(first["steps"])
    then = exchange.answer(_message(sound[8000:9000], first=8000, stream=first["stream"], seen=seen))
    assert then["first"] == seen
    assert then["known"] == 9000
    claimed = exchange.answer(_message(sound[9000:20_000], first=9000, stream=first["stream"], seen=10**9))
    assert claimed["first"] == len(_exchange().answer(_message(sound[:20_000]))["steps"]), "no more than there were"


def test_after_a_gap_it_listens_as_if_nothing_had_been_before_and_keeps_the_time() -> None:
    exchange, sound = _exchange(), _sound()
    before = exchange.answer(_message(sound[:8000]))
    seen = len(before["steps"])
    reply = exchange.answer(_message(sound[:16_000], first=24_000, stream=before["stream"], seen=seen))
    assert reply["known"] == 40_000
    fresh = _exchange().answer(_message(sound[:16_000]))
    assert [step["row"] for step in reply["steps"]] == [step["row"] for step in fresh["steps"]]
    shift = [step["time"] - other["time"] for step, other in zip(reply["steps"], fresh["steps"], strict=True)]
    assert shift == pytest.approx([1.5] * len(shift), abs=2e-3)


def test_another_press_of_start_is_another_stream() -> None:
    exchange, sound = _exchange(), _sound()
    one = exchange.answer(_message(sound[:8000]))
    other = exchange.answer(_message(sound[:8000], sitting="other", stream=one["stream"], seen=len(one["steps"])))
    assert other["stream"] != one["stream"]
    assert (other["first"], other["steps"]) == (0, one["steps"])


def test_a_server_that_forgot_goes_on_from_the_first_sample_that_it_gets() -> None:
    reply = _exchange().answer(_message(_sound()[:8000], first=80_000, stream="gone", seen=900))
    assert reply["first"] == 0
    assert reply["known"] == 88_000
    assert reply["steps"][0]["time"] > 5


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_word_is_heard_at_the_rates_of_browsers(rate: int) -> None:
    spoken = soxr.resample(say("right", voices()[33]), SAMPLE_RATE, rate)
    silence = np.zeros(rate, np.float32)
    sound = np.round(16_000 / np.abs(spoken).max() * np.concatenate([silence, spoken, silence])).astype(np.int16)
    exchange = Exchange(_commands)
    words = []
    for first in range(0, len(sound), rate // 10):
        reply = exchange.answer(_message(sound[first : first + rate // 10], first=first, rate=rate))
        assert {step["refused"] for step in reply["steps"]} <= {True, False}
        words = [step["word"] for step in reply["steps"] if "word" in step]
    assert words == ["right"]


# --- the page


def test_the_page_waits_for_start_and_says_when_a_word_counts() -> None:
    app = open_page("live")
    said = text_of(app)
    assert "Listen live" in said
    config = detection.load_settings(next(run for run in runs.usable() if run.config.streams))
    assert f"Triggers at **{100 * config.threshold:.0f} %** ({config.smoothing_ms:.0f} ms average" in said
    assert [one.proto.component_name for one in app.get("bidi_component")] == ["echoic_live"]


def test_the_page_prefers_a_network_that_goes_on_from_step_to_step() -> None:
    run = _streaming()
    app = open_page("live")
    assert app.selectbox(key="live_run").value == run.id
    assert (
        "Streaming network: one answer every 80 ms. Triggers at **80 %** (240 ms average, less after other speech in the last 4 s), then pauses for 0.5 s."
        in text_of(app)
    )
    app.selectbox(key="live_run").select("commands").run()
    healthy(app)
    assert "Re-reads the last 1.0 s ten times a second. A streaming network needs far less work." in text_of(app)
    app.switch_page("app_pages/predict.py").run()
    app.switch_page("app_pages/live.py").run()
    assert app.selectbox(key="live_run").value == "commands", "the choice holds"


def test_what_was_trained_to_listen_is_led_here() -> None:
    run = _streaming()
    run.write_history([Epoch(1, 1.0, 0.4, 1.0, 0.5, 1)])
    run.write_state(State("finished", epoch=1))
    app = open_page("live")
    app.selectbox(key="live_run").select("commands").run()
    app.switch_page("app_pages/train.py").run()
    button(app, "Listen live").click().run()
    healthy(app)
    assert app.selectbox(key="live_run").value == run.id


@pytest.mark.parametrize("page", ["listen", "live"])
def test_a_page_that_listens_opens_with_a_network_that_does_by_nature(page: str) -> None:
    app = open_page(page)
    assert runs.find(app.selectbox(key=f"{page}_run").value).config.streams


def test_a_damaged_network_is_told_in_a_sentence() -> None:
    run = _streaming()
    run.model_path.write_bytes(b"nothing")
    app = open_page("live")
    [error] = app.error
    assert "is damaged" in error.value


# --- helpers


def _commands(rate: int) -> Listener:
    return Listener(runs.find("commands"), None, rate)


def _streaming() -> Run:
    return untrained_run(NetworkConfig("gru", 16))


@cache
def _listener() -> Listener:
    """Whose network holds random numbers, among which a word is probable now and then."""
    return Listener(untrained_run(NetworkConfig("gru", 16), scale=10), DetectionConfig(0.5, 100, 200), RATE)


def _exchange() -> Exchange:
    return Exchange(lambda _: _listener())


@cache
def _sound() -> np.ndarray:
    """Three seconds of noise of changing loudness and colour, 16 bit."""
    random = np.random.default_rng(0)
    parts = [
        np.convolve(random.normal(size=RATE // 4), np.ones(width))[: RATE // 4] * random.uniform(100, 5000)
        for width in random.integers(1, 20, 12)
    ]
    return np.concatenate(parts).clip(-32768, 32767).astype(np.int16)


@cache
def _wanted() -> list[dict[str, Any]]:
    """What is heard in it when it comes at once."""
    steps: list[dict[str, Any]] = _exchange().answer(_message(_sound()))["steps"]
    assert 2 <= sum("word" in step for step in steps) < 15
    return steps


def _message(
    samples: np.ndarray,
    *,
    first: int = 0,
    number: int = 1,
    rate: int = RATE,
    sitting: str = "s",
    stream: str = "",
    seen: int = 0,
) -> dict[str, Any]:
    audio = base64.b64encode(samples.astype("<i2").tobytes()).decode()
    return {
        "sitting": sitting, "number": number, "rate": rate, "first": first, "audio": audio, "stream": stream, "seen": seen,
    }  # fmt: skip
