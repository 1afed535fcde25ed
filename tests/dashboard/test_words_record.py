"""Your words, recorded: a word again and again, one take, background noise."""

from __future__ import annotations

import numpy as np
from streamlit.testing.v1 import AppTest

from data.corpus import BACKGROUND_NOISE
from data.own.corpus import OwnCorpus
from data.phrases import isolated
from tests.support.pages import button, healthy, reloaded, text_of
from tests.support.sounds import RATE
from tests.support.words import (
    TONES,
    go,
    hertz_of,
    keyed,
    labels,
    open_words,
    read,
    record,
    tones,
)


def keeps(app: AppTest) -> list:
    """The boxes of the takes, in order."""
    boxes = [one for one in app.checkbox if one.label.startswith("Keep")]
    assert [one.label for one in boxes] == [f"Keep {number}" for number in range(1, len(boxes) + 1)]
    return boxes


def test_a_recording_that_is_not_kept_yet_waits_for_another_page_and_a_reload(mine: OwnCorpus) -> None:
    app = record(open_words(), tones(*TONES), "lamp", "anna")
    keeps(app)[1].uncheck().run()
    state = dict(app.query_params)
    for page in ("predict", "words"):
        app.switch_page(f"app_pages/{page}.py").run()
    healthy(app)
    assert [one.value for one in keeps(app)] == [True, False, True, True]
    again = reloaded("words", state)
    assert "**4 takes** of **lamp**" in read(again)
    button(again, "Keep 4 takes").click().run()
    healthy(again)
    assert {(clip.label, clip.speaker) for clip in mine.clips()} == {("lamp", "anna")}
    assert not keeps(again)


def test_a_word_said_again_and_again_is_cut_looked_over_and_kept(mine: OwnCorpus) -> None:
    app = record(open_words(), tones(*TONES), " lamp ", "anna")
    assert "**4 takes** of **lamp**" in read(app)
    assert len(app.get("audio")) == len(app.image) == len(keeps(app)) == 4
    assert mine.clips() == (), "nothing before it is asked for"
    keeps(app)[1].uncheck().run()
    healthy(app)
    button(app, "Keep 3 takes").click().run()
    healthy(app)
    clips = mine.clips()
    assert {(clip.label, clip.speaker, clip.source) for clip in clips} == {("lamp", "anna", "recording")}
    assert sorted(hertz_of(clip.path) for clip in clips) == [500, 900, 1100]
    assert "3 takes of “lamp” kept" in read(app)
    assert "**lamp** 3 · 1 speaker" in read(app)
    # ready for the next
    assert len(app.audio_input) == len(app.get("audio")) == 0
    assert [(one.label, one.value) for one in app.text_input if "record" in one.key] == [
        ("Next word", ""), ("Speaker", "anna"),
    ]  # fmt: skip
    assert "Type the next word, or one of these again: lamp (3)." in read(app)
    record(app, tones(300, 600), "lamp", "anna")
    button(app, "Keep 2 takes").click().run()
    assert len(mine.clips()) == 5
    button(app, "Undo").click().run()
    healthy(app)
    assert sorted(hertz_of(clip.path) for clip in mine.clips()) == [500, 900, 1100], "the last recording alone"
    assert "Undone: 2 clips added" in read(app)
    button(app, "Undo").click().run()
    assert mine.clips() == ()
    assert "Undo" not in labels(app)


def test_a_recording_can_be_thrown_away(mine: OwnCorpus) -> None:
    app = record(open_words(), tones(500, 700), "lamp")
    for take in keeps(app):
        take.uncheck()
    app.run()
    assert button(app, "Keep 0 takes").disabled
    app.audio_input[0].clear().run()
    healthy(app)
    assert "takes" not in "".join(labels(app))
    assert len(app.get("audio")) == 0
    assert mine.clips() == ()


def test_a_recording_without_a_word_says_so(mine: OwnCorpus) -> None:
    app = record(open_words(), np.zeros(2 * RATE, np.float32), "lamp")
    assert ["No speech stands out" in one.value for one in app.warning] == [True]
    assert not [label for label in labels(app) if label.startswith("Keep")]
    record(app, tones(500))  # once more into the same microphone
    assert not app.warning
    assert "**1 take** of **lamp**" in read(app)
    app.audio_input[0].upload("recording.wav", b"no sound").run()
    healthy(app)
    assert ["Your recording cannot be read as audio" in error.value for error in app.error] == [True]


def test_one_take_is_one_whatever_pauses_it_has(mine: OwnCorpus) -> None:
    app = open_words()
    app.segmented_control(key="record_kind").set_value("One take").run()
    record(app, tones(500, 700), "sev\u200den", "anna")
    assert "One take of" in read(app)
    assert len(app.get("audio")) == 1
    button(app, "Keep 1 take").click().run()
    healthy(app)
    [clip] = mine.clips()
    assert clip.label == "sev\u200den"
    assert 1.2 < clip.seconds < len(tones(500, 700)) / RATE, "both, without the quiet around"


def test_one_take_that_is_too_long_is_one_sentence(mine: OwnCorpus) -> None:
    app = open_words()
    app.segmented_control(key="record_kind").set_value("One take").run()
    quiet = np.random.default_rng(0).normal(0, 1e-3, 31 * RATE).astype(np.float32)
    word = tones(500, 700, 900, 1100)
    record(app, np.concatenate([word, quiet, word]), "lamp")
    button(app, "Keep 1 take").click().run()
    healthy(app)
    assert ["a clip may last up to 30 s" in error.value for error in app.error] == [True]
    assert "0 takes" not in read(app)
    assert app.audio_input[0].value is not None, "it is still there, for another way to cut it"


def test_background_noise_is_kept_whole(mine: OwnCorpus) -> None:
    app = open_words()
    app.segmented_control(key="record_kind").set_value("Background noise").run()
    noise = np.random.default_rng(0).normal(0, 0.01, 35 * RATE).astype(np.float32)  # longer than a clip may be
    record(app, noise)
    assert mine.noise() == ()
    button(app, "Keep as background noise").click().run()
    healthy(app)
    [kept] = mine.noise()
    assert (kept.label, kept.seconds, kept.speaker) == (BACKGROUND_NOISE, 35, None)
    assert mine.clips() == (), "it is no word"
    assert "1 recording of background noise, 35 s in total" in read(app)
    assert "35 s of background noise" in read(app)
    assert app.audio_input[0].value is None


def test_a_word_or_a_speaker_that_cannot_be_is_one_sentence(mine: OwnCorpus) -> None:
    app = open_words()
    for word, speaker, said in (
        ("_lamp", "", "cannot be a label"),
        ("l" * 61, "", "Shorten it"),
        ("a", "s" * 61, "The speaker"),
    ):
        keyed(app.text_input, "record_word").set_value(word)
        app.text_input(key="record_speaker").set_value(speaker).run()
        healthy(app)
        assert [said in error.value for error in app.error] == [True], word
        assert len(app.audio_input) == 0


def test_any_text_is_a_word_and_is_shown_as_it_is(mine: OwnCorpus) -> None:
    words = ["مصباح 灯💡", "on/off", "*a_b* :red[x]"]
    app = open_words()
    for place, word in enumerate(words):
        record(app, tones(300 + 100 * place), word)
        assert f"of **{isolated(word)}**" in read(app)
        app.button(key="keep-takes").click().run()
        healthy(app)
    assert {clip.label for clip in mine.clips()} == set(words)
    for section in ("Clips", "Teach"):
        text = text_of(go(app, section))
        for word in (*words[:2], r"\*a\_b\* \:red\[x\]"):
            assert f"**{isolated(word)}** 1" in text, "so that Markdown shows it as it is"


def test_a_word_is_no_markdown_on_the_recorder(mine: OwnCorpus) -> None:
    app = open_words()
    keyed(app.text_input, "record_word").set_value("*lamp* $x$").run()
    healthy(app)
    assert r"\*lamp\* \$x\$" in app.audio_input[0].label
