"""Predict: what it says of a clip, a recording, many clips and bad input."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from audio_models.features import waveform
from audio_models.recognition import recognizer
from audio_models.recognition.answer import Answer
from audio_models.recognition.recognizer import Recognizer
from data.own.corpus import OwnCorpus
from tests.support.pages import button, healthy, open_page, text_of, wav
from tests.support.sounds import RATE, chirp, write


@pytest.mark.parametrize(
    ("shares", "large", "small"),
    [
        ({"rise": 0.8, "fall": 0.1, "_unknown_": 0.05, "_silence_": 0.05}, "rise", "**80.0 %** confident"),
        (
            {"rise": 0.41, "fall": 0.39, "_unknown_": 0.1, "_silence_": 0.1},
            "not one of its words",
            "Closest: **rise**, 41.0 %; it needs 70.0 %.",
        ),
        (
            {"rise": 0.03, "fall": 0.02, "_unknown_": 0.95, "_silence_": 0.0},
            "not one of its words",
            "**95.0 %** sure of another word.  \nClosest: rise, 3.0 %.",
        ),
        ({"rise": 0.1, "fall": 0.1, "_unknown_": 0.1, "_silence_": 0.7}, "no word", "**70.0 %** confident"),
        ({"rise": 0.6, "fall": 0.4}, "not sure", "Closest: **rise**, 60.0 %; it needs 70.0 %."),
    ],
)
def test_every_kind_of_answer_stands_as_large_as_a_word(
    home: Path, monkeypatch: pytest.MonkeyPatch, shares: dict[str, float], large: str, small: str
) -> None:
    label = max(shares, key=lambda one: shares[one])
    answer = Answer(label, shares[label], shares, np.zeros((49, 26), np.float32), 0.7)
    monkeypatch.setattr(Recognizer, "classify", lambda self, samples: answer)
    app = open_page()
    app.file_uploader[0].upload("mine.wav", wav(chirp(400, 2200)), "audio/wav").run()
    healthy(app)
    assert f">{large}<" in text_of(app)
    assert small in [one.value for one in app.markdown]


def test_an_example_is_one_click_away(home: Path) -> None:
    app = open_page()
    button(app, "a word it knows").click().run()
    healthy(app)
    assert "A synthetic voice says “rise”" in text_of(app)
    assert app.get("audio")
    button(app, "a word it does not know").click().run()
    healthy(app)
    assert "A synthetic voice says “music”" in text_of(app)
    button(app, "noise").click().run()
    healthy(app)
    assert "Noise" in [one.value for one in app.caption]
    assert len(app.get("vega_lite_chart")) == 2, "one answer at a time"
    app.file_uploader[0].upload("mine.wav", wav(chirp(400, 2200)), "audio/wav").run()
    assert "mine.wav" in text_of(app), "the newest input is answered"
    assert "Noise" not in [one.value for one in app.caption]
    button(app, "a word it does not know").click().run()
    assert "A synthetic voice says “seven”" in text_of(app), "another one each time"


def test_the_bundled_network_rejects_the_first_foreign_word(workspace_folder: Path) -> None:
    app = open_page()
    button(app, "a word it does not know").click().run()
    healthy(app)
    assert ">not one of its words<" in text_of(app)


def test_predict_answers_an_uploaded_clip(home: Path) -> None:
    app = open_page()
    app.file_uploader[0].upload("mine.wav", wav(chirp(400, 2200, (512 + 320 * 17) / RATE, seed=77)), "audio/wav").run()
    healthy(app)
    text = text_of(app)
    assert ">rise<" in text
    assert " %** confident" in text
    assert len(app.get("vega_lite_chart")) == 2, "bars and evidence"
    assert app.get("audio")


def test_predict_answers_a_recording(home: Path) -> None:
    app = open_page()
    app.audio_input[0].upload(
        "recording.wav", wav(chirp(400, 2200, (512 + 320 * 17) / RATE, seed=78)[::-1]), "audio/wav"
    ).run()
    healthy(app)
    assert ">fall<" in text_of(app)


def test_predict_answers_many_clips_and_says_which_it_cannot_read(home: Path, tmp_path: Path) -> None:
    mended = write(tmp_path / "inverted.wav", np.stack([chirp(400, 2200), -chirp(400, 2200)], axis=1))
    app = open_page()
    app.file_uploader[0].set_value(
        [
            ("good.wav", wav(chirp(400, 2200)), "audio/wav"),
            ("text.wav", b"not sound", "audio/wav"),
            ("hour.wav", wav(np.zeros(8000 * 40, np.float32), 8000), "audio/wav"),
            ("inverted.wav", mended.read_bytes(), "audio/wav"),
        ]
    ).run()
    healthy(app)
    table = app.dataframe[0].value
    assert table["clip"].tolist() == ["good.wav", "text.wav", "hour.wav", "inverted.wav"]
    assert "cannot be read as audio" in table["problem"][1]
    assert "lasts 40 s" in table["problem"][2]
    assert "channels cancel each other out" in table["problem"][3]


def test_a_click_on_predict_decodes_and_computes_nothing_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With twenty clips, each click decoded all of them, and the features of the shown one were computed twice."""
    decoded, computed = [], []
    load, mfcc = waveform.load, recognizer.mfcc
    monkeypatch.setattr(
        waveform, "load", lambda source, *args, **kw: decoded.append(source.name) or load(source, *args, **kw)
    )
    monkeypatch.setattr(recognizer, "mfcc", lambda *args: computed.append(1) or mfcc(*args))
    app = open_page()
    clips = [(f"{number}.wav", wav(chirp(400, 2200, seed=number)), "audio/wav") for number in range(4)]
    app.file_uploader[0].set_value([*clips, ("text.wav", b"not sound", "audio/wav")]).run()
    healthy(app)
    app.run()
    app.run()
    assert sorted(decoded) == ["0.wav", "1.wav", "2.wav", "3.wav", "text.wav"]
    assert len(computed) == 4
    app.file_uploader[0].set_value([("0.wav", wav(chirp(900, 300)), "audio/wav")]).run()
    assert decoded[5:] == ["0.wav"], "another content of that name is another clip"


def test_predict_shows_the_loudest_second_of_a_longer_recording(home: Path) -> None:
    silence = np.zeros(RATE, np.float32)
    app = open_page()
    app.audio_input[0].upload(
        "recording.wav", wav(np.concatenate([silence, chirp(400, 2200), silence])), "audio/wav"
    ).run()
    healthy(app)
    captions = " ".join(one.value for one in app.caption)
    assert re.search(r"This is the loudest (second|\d\.\d s) of your 2\.4 s recording\.", captions), captions


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"text", "cannot be read"), (wav(np.zeros(0, np.float32)), "length is zero")],
)
def test_bad_input_is_a_sentence(home: Path, content: bytes, said: str) -> None:
    app = open_page()
    app.file_uploader[0].upload("bad.wav", content, "audio/wav").run()
    healthy(app)
    assert [said in error.value for error in app.error] == [True]


def _greets(app: AppTest) -> bool:
    return "**Try a word** below" in text_of(app)


def test_a_newcomer_reads_what_one_can_do_until_it_is_not_news(workspace_folder: Path) -> None:
    app = open_page()
    assert _greets(app)
    assert "Echoic trains small networks that recognise spoken words" in text_of(app)
    assert {"words", "learn"} <= {one.proto.page for one in app.get("page_link")}
    button(app, "noise").click().run()
    assert _greets(app), "it does not vanish under the mouse"
    assert not _greets(open_page()), "the next visit"


def test_the_greeting_is_closed_for_good(workspace_folder: Path) -> None:
    app = open_page()
    app.button(key="close-welcome").click().run()
    healthy(app)
    assert not _greets(app)
    assert not _greets(open_page())


def test_somebody_with_clips_is_no_newcomer(mine: OwnCorpus) -> None:
    assert not _greets(open_page())
