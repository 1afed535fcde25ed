"""The page Listen: a recording in, words on a timeline out; a chosen word is played in its place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from audio_models.listening import detection, recordings
from audio_models.listening.detection import DetectionConfig
from dashboard.listen import charts as listen_charts
from dashboard.listen import recording_source, session
from dashboard.listen.charts import clock
from data.errors import EchoicError
from tests.support.pages import button, healthy, open_page, reloaded, text_of, wav
from tests.support.sounds import write
from tests.support.tone_network import HIGH, LOW, tone_run, tones

RATE = 44_100


@pytest.fixture(autouse=True)
def _no_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example is silence: eSpeak NG has no say in what the tests hear."""
    monkeypatch.setattr(recording_source, "say", lambda word, voice: np.zeros(8000, np.float32))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "a day.wav", tones((1.0, LOW), (3.0, HIGH), (5.0, LOW), seconds=20, rate=RATE), RATE)


def _listen_to(path: Path) -> AppTest:
    app = open_page("listen")
    app.get("button_group")[0].set_value("On this computer").run()
    app.text_input(key="listen_path").set_value(str(path)).run()
    button(app, "Listen").click().run()
    healthy(app)
    return app


def _rows(app: AppTest) -> list[tuple[str, str]]:
    table = app.dataframe[0].value
    return list(zip(table["at"], table["label"], strict=True))


def _heard(app: AppTest) -> list[str]:
    return [label for _, label in _rows(app)] if app.dataframe else []


def test_a_recording_on_this_computer_is_heard(recording: Path) -> None:
    tone_run()
    app = _listen_to(recording)
    text = text_of(app)
    assert ">3 words<" in text
    assert "in **0:20** of **a day.wav**, detected by" in text
    assert "each moment is read once" in text
    assert _heard(app) == ["low", "high", "low"]
    assert [at[:3] for at, _ in _rows(app)] == ["0:0"] * 3
    assert [float(at[2:]) for at, _ in _rows(app)] == pytest.approx([1.2, 3.2, 5.2], abs=0.25)
    assert len(app.get("vega_lite_chart")) == 3, "outline, timeline, closer look"
    assert len(app.get("audio")) == 1
    assert {one.proto.label for one in app.get("download_button")} == {"CSV", "Audacity", "JSON", "SVG", "PNG"}
    assert "Listen" in [one.label for one in app.button], "it can listen again"
    assert "Cancel" not in [one.label for one in app.button]


def test_an_upload_is_heard_through_a_window() -> None:
    tone_run(window=True)
    app = open_page("listen")
    app.get("button_group")[0].set_value("Upload").run()
    assert button(app, "Listen").disabled
    app.file_uploader[0].upload("tones.wav", wav(tones((1.0, LOW), (3.0, HIGH))), "audio/wav").run()
    button(app, "Listen").click().run()
    healthy(app)
    assert _heard(app) == ["low", "high"]
    assert "Re-reads the last 0.5 s every 0.1 s, so each moment is read 5 times" in text_of(app)


def test_the_example_is_one_click_away_and_no_word_is_no_fault() -> None:
    tone_run()
    app = open_page("listen")
    assert "Synthetic voices, with pauses" in text_of(app)
    button(app, "Listen").click().run()
    healthy(app)
    assert ">no word<" in text_of(app)
    assert re.search(r"Missed 2 of 2 spoken words: \*\*(low|high)\*\*, \*\*(low|high)\*\*", text_of(app))
    assert "Lower the threshold" in text_of(app)
    assert {one.proto.label for one in app.get("download_button")} == {"SVG", "PNG"}, "no table of no words"


def test_other_settings_hear_otherwise_without_listening_anew(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tone_run()
    app = _listen_to(recording)
    monkeypatch.setattr(recordings, "listen", lambda *_, **__: pytest.fail("it listened anew"))
    app.slider(key=f"listen-pause-{run.id}").set_value(3000).run()
    healthy(app)
    assert _heard(app) == ["low", "low"], "the word between comes within the pause"
    assert detection.load_settings(run) == DetectionConfig(), "only tried"
    button(app, "Save for this network").click().run()
    healthy(app)
    assert detection.load_settings(run) == DetectionConfig(refractory_ms=3000)
    assert _heard(app) == ["low", "low"]
    assert "Save for this network" not in [one.label for one in app.button]


def test_settings_that_were_tried_are_there_again_until_others_are_kept(recording: Path) -> None:
    run = tone_run()
    app = _listen_to(recording)
    app.slider(key=f"listen-pause-{run.id}").set_value(3000).run()
    app.slider(key=f"listen-threshold-{run.id}").set_value(0.7).run()
    for page in ("train", "listen"):
        app.switch_page(f"app_pages/{page}.py").run()
        healthy(app)
    assert app.slider(key=f"listen-pause-{run.id}").value == 3000
    assert app.slider(key=f"listen-threshold-{run.id}").value == 0.7
    assert _heard(app) == ["low", "low"]
    app.slider(key=f"listen-pause-{run.id}").set_value(2500).run()
    assert app.slider(key=f"listen-pause-{run.id}").value == 2500
    detection.store_settings(run, DetectionConfig(refractory_ms=600))  # as Evaluate does
    for page in ("train", "listen"):  # Evaluate would first have the network hear every synthetic voice
        app.switch_page(f"app_pages/{page}.py").run()
        healthy(app)
    assert app.slider(key=f"listen-pause-{run.id}").value == 600
    assert app.slider(key=f"listen-threshold-{run.id}").value == DetectionConfig().threshold
    assert _heard(app) == ["low", "high", "low"]


def test_a_page_that_is_loaded_again_shows_what_was_heard(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload forgot the recording, the settings that were tried and the closer look."""
    run = tone_run()
    app = _listen_to(recording)
    app.slider(key=f"listen-pause-{run.id}").set_value(3000).run()
    app.slider(key=f"listen-threshold-{run.id}").set_value(0.7).run()
    app.number_input(key="listen_from").set_value(2.0).run()
    state = {name: text if isinstance(text, str) else text[0] for name, text in app.query_params.items()}
    assert state == {
        "run": run.id, "source": "on-this-computer", "from": "2", "length": "10", "threshold": "0.7", "smoothing": "240",
        "pause": "3000", "context": "4000",
    }  # fmt: skip

    def check(again: AppTest) -> None:
        healthy(again)
        assert _heard(again) == ["low", "low"]
        assert again.slider(key=f"listen-threshold-{run.id}").value == 0.7
        assert again.number_input(key="listen_from").value == 2.0

    with monkeypatch.context() as patch:
        patch.setattr(recordings, "listen", lambda *_, **__: pytest.fail("it listened anew"))
        check(reloaded("listen", state))
    session._recent().clear()  # the server was started anew
    check(reloaded("listen", state))
    recording.unlink()
    gone = reloaded("listen", state)
    assert ["there is no such file" in one.value for one in gone.error] == [True]
    odd = reloaded("listen", {**state, "source": "example", "threshold": "7", "from": "soon"})
    said = [one.value.partition(" that the link")[0] for one in odd.warning]
    assert said == ["The threshold “7”", "The start of the closer look [s] “soon”"]


def test_back_to_the_settings_that_fared_best(recording: Path) -> None:
    run = tone_run()
    detection.store_settings(run, DetectionConfig(refractory_ms=3000))
    app = _listen_to(recording)
    assert _heard(app) == ["low", "low"]
    button(app, "Reset to 80 %, 240 ms, 500 ms, 4000 ms").click().run()
    healthy(app)
    assert detection.load_settings(run) == DetectionConfig()
    assert _heard(app) == ["low", "high", "low"]
    assert not [one for one in app.button if one.label.startswith("Reset to")]


def test_back_after_a_visit_to_another_page_is_back(recording: Path) -> None:
    run = tone_run()
    app = _listen_to(recording)
    app.slider(key=f"listen-pause-{run.id}").set_value(3000).run()
    for page in ("train", "listen"):
        app.switch_page(f"app_pages/{page}.py").run()
    button(app, "Reset to 80 %, 240 ms, 500 ms, 4000 ms").click().run()
    healthy(app)
    pause = app.slider(key=f"listen-pause-{run.id}")
    assert pause.value == 500
    assert (pause.proto.set_value, list(pause.proto.value)) == (True, [500]), "or the browser's would stay where it was"
    assert _heard(app) == ["low", "high", "low"]


def test_the_closer_look_is_told_to_its_fields_in_every_run_and_is_there_after_another_page(recording: Path) -> None:
    run = tone_run()
    app = _listen_to(recording)
    # a run that is cut short tells the browser nothing: it would show the least that is allowed
    for pause in (3000, 2000):
        app.slider(key=f"listen-pause-{run.id}").set_value(pause).run()
        length = app.number_input(key="listen_length").proto
        assert (length.set_value, length.value) == (True, 10.0)
    app.number_input(key="listen_length").set_value(3.5).run()
    app.number_input(key="listen_from").set_value(2.0).run()
    for page in ("train", "listen"):
        app.switch_page(f"app_pages/{page}.py").run()
    healthy(app)
    assert [app.number_input(key=f"listen_{field}").value for field in ("from", "length")] == [2.0, 3.5]


@pytest.mark.parametrize("seconds", [0.03, 0.34, 7.98, 12.0])
def test_the_first_look_is_as_long_as_can_be(tmp_path: Path, seconds: float) -> None:
    tone_run()
    app = _listen_to(
        write(tmp_path / "short.wav", tones((0.0, LOW), seconds=13, rate=RATE)[: round(seconds * RATE)], RATE)
    )
    shown = app.number_input(key="listen_length").value
    assert min(seconds, 10) - 0.1 < shown <= seconds


def test_a_low_rate_is_told(tmp_path: Path) -> None:
    tone_run()
    said = "At 8,000 samples a second this recording holds nothing above 4,000 Hz"
    assert said in text_of(_listen_to(write(tmp_path / "low.wav", tones((1.0, LOW), rate=8000), 8000)))
    assert "samples a second" not in text_of(
        _listen_to(write(tmp_path / "high.wav", tones((1.0, LOW), rate=RATE), RATE))
    )


def test_a_mark_stays_that_of_its_word_when_others_are_heard(recording: Path) -> None:
    run = tone_run()
    app = _listen_to(recording)
    before = app.dataframe[0].value
    app.slider(key=f"listen-pause-{run.id}").set_value(3000).run()
    after = app.dataframe[0].value
    assert list(after["id"]) == [before["id"][0], before["id"][2]]


def test_the_closer_look_reads_only_its_stretch(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tone_run()
    app = _listen_to(recording)
    whole = recording.stat().st_size
    assert app.number_input(key="listen_from").value == pytest.approx(0, abs=0.5), "around the first word"
    read: list[int] = []
    from dashboard.shared import players

    encode = players.encode_wav

    def watched(samples: np.ndarray, rate: int) -> bytes:
        read.append(len(samples))
        return encode(samples, rate)

    monkeypatch.setattr(players, "encode_wav", watched)
    app.number_input(key="listen_length").set_value(2.5).run()
    app.number_input(key="listen_from").set_value(19.0).run()
    healthy(app)
    assert read == [round(2.5 * RATE), RATE], "at the end no more is there"
    assert whole > 10 * RATE


def test_what_was_heard_outlives_a_visit_to_another_page_and_its_recording(recording: Path) -> None:
    tone_run()
    app = _listen_to(recording)
    app.switch_page("app_pages/predict.py").run()
    recording.unlink()
    app.switch_page("app_pages/listen.py").run()
    healthy(app)
    assert _heard(app) == ["low", "high", "low"]
    assert app.text_input(key="listen_path").value == str(recording), "it is remembered"
    assert len([error for error in app.error if "cannot be opened" in error.value]) == 2, (
        "the choice, and the closer look"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (wav(tones((1.0, LOW)))[:-1000], "cut off"),
        (None, "there is no such file"),
    ],
)
def test_bad_input_is_a_sentence(tmp_path: Path, content: bytes | None, said: str) -> None:
    tone_run()
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    app = open_page("listen")
    app.get("button_group")[0].set_value("On this computer").run()
    app.text_input(key="listen_path").set_value(str(path)).run()
    if content is not None:
        button(app, "Listen").click().run()
    healthy(app)
    assert [said in error.value for error in app.error] == [True]


def test_a_fault_half_way_leaves_what_was_heard_before(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tone_run()
    app = _listen_to(recording)

    def fails(*_: object, **__: object) -> None:
        raise EchoicError("The disk is gone.")

    monkeypatch.setattr(recordings, "listen", fails)
    button(app, "Listen").click().run()
    healthy(app)
    assert "The disk is gone." in text_of(app)
    assert _heard(app) == ["low", "high", "low"]
    assert "Cancel" not in [one.label for one in app.button], "nothing is left to cancel"
    assert not button(app, "Listen").disabled
    app.run()
    assert "The disk is gone." not in text_of(app)


def test_a_label_cannot_smuggle_anything_into_a_chart() -> None:
    words = ['"]; alert(1); ["', "高い"]
    picture = listen_charts.timeline(
        np.array([[0.0, 1.0], [1.0, 2.0]]), np.array([[0.9, 0], [0, 0.01]], np.float32), words,
        _table([(1.0, words[0])]), 2.0, np.empty((0, 2)),
    ).to_dict()  # fmt: skip
    scales = [layer["encoding"]["y"]["scale"]["domain"] for layer in picture["layer"]]
    assert scales == [words] * 3, "as data, in no expression"
    assert "alert" not in json.dumps([layer["encoding"]["x"]["axis"] for layer in picture["layer"]])
    cells = [rows for rows in picture["datasets"].values() if rows and "probability" in rows[0]]
    assert [len(rows) for rows in cells] == [1], "what is hardly probable is not drawn"


def test_speech_that_is_none_of_its_words_is_a_quiet_row_and_a_line_and_no_event(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tone_run()
    refused = np.array([[7.0, 9.5], [12.0, 13.0]])
    monkeypatch.setattr(recordings.RecordingResult, "refused_with", lambda *_: refused)
    app = _listen_to(recording)
    assert "**3.5 s** of speech that is not one of its words" in text_of(app)
    assert _heard(app) == ["low", "high", "low"]
    picture = listen_charts.timeline(
        np.array([[0.0, 1.0]]), np.array([[0.9]], np.float32), ["low"], _table([(1.0, "low")]), 20.0, refused
    ).to_dict()
    assert picture["layer"][0]["encoding"]["y"]["scale"]["domain"] == ["low", "other speech"]
    (rows,) = [rows for rows in picture["datasets"].values() if rows and rows[0].get("label") == "other speech"]
    assert [(row["from"], row["to"]) for row in rows] == [(7.0, 9.5), (12.0, 13.0)]


def _table(events: list[tuple[float, str]]) -> pd.DataFrame:
    rows = [
        {"id": number, "end": end, "label": label, "confidence": 0.9, "at": clock(end)}
        for number, (end, label) in enumerate(events)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("seconds", "decimals", "text"),
    [(0, 0, "0:00"), (59.99, 1, "0:59.9"), (60, 0, "1:00"), (83.4, 1, "1:23.4"), (3600, 0, "1:00:00"), (7199.96, 1, "1:59:59.9")],
)  # fmt: skip
def test_times_are_told_as_on_a_clock(seconds: float, decimals: int, text: str) -> None:
    assert clock(seconds, decimals) == text


@pytest.mark.parametrize("seconds", [0.2, 3.0, 24.0, 1206.0, 7200.0])
def test_the_axis_names_each_tick_once(seconds: float) -> None:
    axis = listen_charts._time(seconds)["axis"].to_dict()
    assert 1 <= len(axis["values"]) <= 10
    names = json.loads(axis["labelExpr"].split("[format")[0])
    assert len(set(names.values())) == len(names) == len(axis["values"])
