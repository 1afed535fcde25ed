"""Your words, run without a browser: recorded, uploaded, looked over, taught; and nothing of it is lost."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from streamlit.runtime import Runtime
from streamlit.testing.v1 import AppTest
from streamlit.util import AttributeDictionary

from audio_models import advice, evaluation, jobs, runs
from audio_models.config import FOLDS
from audio_models.intake import new_clip
from audio_models.work_folder import State
from data import own_corpus
from data.corpus import BACKGROUND_NOISE, SILENCE
from data.own_corpus import NewClip, OwnCorpus
from tests.conftest import shell
from tests.pages import button, healthy, open_page, text_of, wav
from tests.sounds import RATE, chirp, tone
from tests.test_archives import _zip
from tests.test_takes import _recording

TONES = (500, 700, 900, 1100)  # Hz; each take is told by its own


@pytest.fixture
def mine() -> OwnCorpus:
    """An empty corpus, the only one."""
    return own_corpus.create("Mine")


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list:
    """What the page asked to start; no process is started."""
    asked: list = []
    monkeypatch.setattr(jobs, "spawn", asked.append)
    return asked


def _open(section: str = "Record") -> AppTest:
    app = open_page("words")
    return app if section == "Record" else _go(app, section)


def _go(app: AppTest, section: str) -> AppTest:
    app.segmented_control(key="own_section").set_value(section).run()
    healthy(app)
    return app


def _read(app: AppTest) -> str:
    """What is read, without the signs that keep Markdown from reading it."""
    return text_of(app).replace("\\", "")


def _labels(app: AppTest) -> list[str]:
    return [one.label for one in app.button]


def _keyed(elements: Sequence, key: str):
    """The one whose key begins so; a corpus or its version may follow."""
    return next(one for one in elements if one.key.startswith(key))


def _incoming(home: Path) -> list[Path]:
    return list((home / "incoming").glob("*"))


# ------------------------------------------------------------------ the corpus


def test_the_first_visit_begins_a_corpus() -> None:
    app = _open()
    assert "about five minutes" in _read(app)
    assert len(app.segmented_control) == 0, "one thing to do, and no other"
    button(app, "Begin").click().run()
    healthy(app)
    assert own_corpus.listing() == ["My words"]
    assert "Nothing in it yet." in _read(app)
    assert "Type the word first." in _read(app)
    assert "Undo" not in _labels(app)
    for section, said in (
        ("Upload", "Nothing is added before you have seen what it is"),
        ("Clips", "Record or upload something first."),
        ("Map", "A map needs a few clips"),
        ("Teach", "Two words with 5 clips each are needed"),
    ):
        assert said in _read(_go(app, section)), section
        assert not app.error, section


def test_a_name_that_cannot_be_is_one_sentence() -> None:
    app = _open()
    for name, said in (
        (" ", "has no name"),
        ("../mine", "cannot name a corpus"),
        ("CON", "a device"),
        ("fsdd", "taken"),
    ):
        app.text_input[0].set_value(name)
        button(app, "Begin").click().run()
        healthy(app)
        assert [said in error.value for error in app.error] == [True], name
        assert own_corpus.listing() == []
    app.text_input[0].set_value("Küche 灯")
    button(app, "Begin").click().run()
    assert not app.error, "another try"
    assert own_corpus.listing() == ["Küche 灯"]


def test_another_corpus_is_made_and_deleted(mine: OwnCorpus) -> None:
    app = _open()
    app.text_input(key="new_corpus_name").set_value("MINE").run()
    app.button(key="create-corpus").click().run()
    healthy(app)
    assert ["There is a corpus 'Mine' already" in error.value for error in app.error] == [True]
    app.text_input(key="new_corpus_name").set_value("Ours").run()
    app.button(key="create-corpus").click().run()
    healthy(app)
    assert own_corpus.listing() == ["Mine", "Ours"]
    assert app.selectbox[0].value == "Ours"
    assert button(app, "Delete it").disabled, "not by one click"
    next(one for one in app.toggle if one.label.startswith("Delete “Ours” with all")).set_value(True).run()
    button(app, "Delete it").click().run()
    healthy(app)
    assert own_corpus.listing() == ["Mine"]
    assert app.selectbox[0].value == "Mine"


def test_the_corpus_that_is_chosen_is_the_one_that_is_shown(mine: OwnCorpus) -> None:
    mine.add(_clips("left", 2))
    own_corpus.create("Ours").add(_clips("right", 3))
    app = _open()
    assert "**left** 2" in _read(app)
    for name, said in (("Ours", "**right** 3"), ("Mine", "**left** 2"), ("Ours", "**right** 3")):
        app.selectbox[0].set_value(name).run()
        healthy(app)
        assert app.selectbox[0].value == name
        assert said in _read(app)
    app.switch_page("app_pages/memory.py").run()
    app.switch_page("app_pages/words.py").run()
    healthy(app)
    assert app.selectbox[0].value == "Ours", "after another page, too"


def test_deleted_clips_are_kept_until_they_are_to_be_forgotten(mine: OwnCorpus) -> None:
    mine.add(_clips("left", 3))
    gone = mine.clips()[0]
    mine.remove([gone.id])
    assert gone.path.is_file()
    app = _open()
    button(app, "Forget deleted clips").click().run()
    healthy(app)
    assert "1 clip removed from the disk" in _read(app)
    assert not gone.path.exists()
    assert "Undo" not in _labels(app)
    assert all(clip.path.is_file() for clip in mine.clips())
    assert len(mine.clips()) == 2


# ------------------------------------------------------------------ recording


def _record(app: AppTest, samples: np.ndarray, word: str = "", speaker: str = "") -> AppTest:
    """Fill in what there is to fill in, and record."""
    if word:
        app.text_input(key="record_word").set_value(word)
        app.text_input(key="record_speaker").set_value(speaker).run()
        healthy(app)
    app.audio_input[0].upload("recording.wav", wav(samples)).run()
    healthy(app)
    return app


def _tones(*hertz: float) -> np.ndarray:
    return _recording([tone(one, 0.35) for one in hertz], 30, seed=int(sum(hertz)))[0]


def _keeps(app: AppTest) -> list:
    """The boxes of the takes, in order."""
    boxes = [one for one in app.checkbox if one.label.startswith("Keep")]
    assert [one.label for one in boxes] == [f"Keep {number}" for number in range(1, len(boxes) + 1)]
    return boxes


def _hertz(path: Path) -> int:
    """The loudest frequency of a clip, in hundreds."""
    samples, rate = soundfile.read(path)
    return round(int(np.abs(np.fft.rfft(samples)).argmax()) * rate / len(samples) / 100) * 100


def test_a_word_said_again_and_again_is_cut_looked_over_and_kept(mine: OwnCorpus) -> None:
    app = _record(_open(), _tones(*TONES), " lamp ", "anna")
    assert "**4 takes** of **lamp**" in _read(app)
    assert len(app.get("audio")) == len(app.image) == len(_keeps(app)) == 4
    assert mine.clips() == (), "nothing before it is asked for"
    _keeps(app)[1].uncheck().run()
    healthy(app)
    button(app, "Keep 3 takes").click().run()
    healthy(app)
    clips = mine.clips()
    assert {(clip.label, clip.speaker, clip.source) for clip in clips} == {("lamp", "anna", "recording")}
    assert sorted(_hertz(clip.path) for clip in clips) == [500, 900, 1100]
    assert "3 takes of “lamp” kept" in _read(app)
    assert "**lamp** 3 · 1 speaker" in _read(app)
    # ready for the next
    assert app.audio_input[0].value is None
    assert len(app.get("audio")) == 0
    assert app.text_input(key="record_word").value.strip() == "lamp"
    _record(app, _tones(300, 600))
    button(app, "Keep 2 takes").click().run()
    assert len(mine.clips()) == 5
    button(app, "Undo").click().run()
    healthy(app)
    assert sorted(_hertz(clip.path) for clip in mine.clips()) == [500, 900, 1100], "the last recording alone"
    assert "Undone: 2 clips added" in _read(app)
    button(app, "Undo").click().run()
    assert mine.clips() == ()
    assert "Undo" not in _labels(app)


def test_a_recording_can_be_thrown_away(mine: OwnCorpus) -> None:
    app = _record(_open(), _tones(500, 700), "lamp")
    for take in _keeps(app):
        take.uncheck()
    app.run()
    assert button(app, "Keep 0 takes").disabled
    app.audio_input[0].clear().run()
    healthy(app)
    assert "takes" not in "".join(_labels(app))
    assert len(app.get("audio")) == 0
    assert mine.clips() == ()


def test_a_recording_without_a_word_says_so(mine: OwnCorpus) -> None:
    app = _record(_open(), np.zeros(2 * RATE, np.float32), "lamp")
    assert ["Nothing in this recording stands out" in one.value for one in app.warning] == [True]
    assert not [label for label in _labels(app) if label.startswith("Keep")]
    _record(app, _tones(500))  # once more into the same microphone
    assert not app.warning
    assert "**1 take** of **lamp**" in _read(app)
    app.audio_input[0].upload("recording.wav", b"no sound").run()
    healthy(app)
    assert ["Your recording cannot be read as audio" in error.value for error in app.error] == [True]


def test_one_take_is_one_whatever_pauses_it_has(mine: OwnCorpus) -> None:
    app = _open()
    app.segmented_control(key="record_kind").set_value("One take").run()
    _record(app, _tones(500, 700), "sev\u200den", "anna")
    assert "One take of" in _read(app)
    assert len(app.get("audio")) == 1
    button(app, "Keep 1 take").click().run()
    healthy(app)
    [clip] = mine.clips()
    assert clip.label == "sev\u200den"
    assert 1.2 < clip.seconds < len(_tones(500, 700)) / RATE, "both, without the quiet around"


def test_one_take_that_is_too_long_is_one_sentence(mine: OwnCorpus) -> None:
    app = _open()
    app.segmented_control(key="record_kind").set_value("One take").run()
    quiet = np.random.default_rng(0).normal(0, 1e-3, 31 * RATE).astype(np.float32)
    word = _tones(500, 700, 900, 1100)
    _record(app, np.concatenate([word, quiet, word]), "lamp")
    button(app, "Keep 1 take").click().run()
    healthy(app)
    assert ["a clip may last up to 30 s" in error.value for error in app.error] == [True]
    assert "0 takes" not in _read(app)
    assert app.audio_input[0].value is not None, "it is still there, for another way to cut it"


def test_background_noise_is_kept_whole(mine: OwnCorpus) -> None:
    app = _open()
    app.segmented_control(key="record_kind").set_value("Background noise").run()
    noise = np.random.default_rng(0).normal(0, 0.01, 35 * RATE).astype(np.float32)  # longer than a clip may be
    _record(app, noise)
    assert mine.noise() == ()
    button(app, "Keep as background noise").click().run()
    healthy(app)
    [kept] = mine.noise()
    assert (kept.label, kept.seconds, kept.speaker) == (BACKGROUND_NOISE, 35, None)
    assert mine.clips() == (), "it is no word"
    assert "1 recording of noise, 35 s in all" in _read(app)
    assert "35 s of background noise" in _read(app)
    assert app.audio_input[0].value is None


def test_a_word_or_a_speaker_that_cannot_be_is_one_sentence(mine: OwnCorpus) -> None:
    app = _open()
    for word, speaker, said in (
        ("_lamp", "", "cannot be a label"),
        ("l" * 61, "", "Shorten it"),
        ("a", "s" * 61, "it"),
    ):
        app.text_input(key="record_word").set_value(word)
        app.text_input(key="record_speaker").set_value(speaker).run()
        healthy(app)
        assert [said in error.value for error in app.error] == [True], word
        assert len(app.audio_input) == 0


def test_any_text_is_a_word_and_is_shown_as_it_is(mine: OwnCorpus) -> None:
    words = ["مصباح 灯💡", "on/off", "*a_b* :red[x]"]
    app = _open()
    for place, word in enumerate(words):
        _record(app, _tones(300 + 100 * place), word)
        assert f"of **{word}**" in _read(app)
        app.button(key="keep-takes").click().run()
        healthy(app)
    assert {clip.label for clip in mine.clips()} == set(words)
    for section in ("Clips", "Teach"):
        text = text_of(_go(app, section))
        for word in (*words[:2], r"\*a\_b\* \:red\[x\]"):
            assert f"**{word}** 1" in text, "so that Markdown shows it as it is"


def test_a_word_is_no_markdown_on_the_recorder(mine: OwnCorpus) -> None:
    app = _open()
    app.text_input(key="record_word").set_value("*lamp* $x$").run()
    healthy(app)
    assert r"\*lamp\* \$x\$" in app.audio_input[0].label


# ------------------------------------------------------------------ uploading


GOOD = wav(tone(500, 0.4))


def _sound(hertz: float, seconds: float = 0.4) -> bytes:
    return wav(tone(hertz, seconds))


def _upload(app: AppTest, *files: tuple[str, bytes], chooser: int = 0) -> AppTest:
    app.file_uploader[chooser].set_value([(name, content, "") for name, content in files]).run()
    healthy(app)
    return app


def _reasons(app: AppTest) -> dict[str, str]:
    table = next((one.value for one in app.dataframe if "why" in one.value), None)
    return {} if table is None else dict(zip(table["file"], table["why"], strict=True))


def _counts(app: AppTest) -> dict[str, int]:
    table = next((one.value for one in app.dataframe if "clips" in one.value), None)
    return {} if table is None else dict(zip(table["word"], table["clips"], strict=True))


def test_what_is_in_a_zip_is_shown_before_it_is_added_and_the_good_is(
    mine: OwnCorpus, tmp_path: Path, workspace_folder: Path
) -> None:
    inner = _zip(tmp_path / "inner.zip", {"left/x.wav": GOOD}).read_bytes()
    packed = _zip(
        tmp_path / "words.zip",
        {
            "words/left/anna_nohash_0.wav": _sound(500), "words/left/ben_nohash_0.wav": _sound(600),
            "words/灯/anna_nohash_0.wav": _sound(700), "words/_background_noise_/room.wav": _sound(100, 2),
            "words/left/short.wav": GOOD[:5000], "words/left/none.wav": b"", "words/left/inner.zip": inner,
            "words/left/song.aiff": b"FORM", "words/_hidden/x.wav": GOOD, "words/README.md": b"about",
        },
    ).read_bytes()  # fmt: skip
    app = _upload(_open("Upload"), ("words.zip", packed))
    assert "**4 clips** of 3 words can be added, **5** cannot." in _read(app)
    assert _counts(app) == {"left": 2, "灯": 1, "background noise": 1}
    said = _reasons(app)
    assert set(said) == {"short.wav", "none.wav", "inner.zip", "song.aiff", "x.wav"}
    assert "is cut off" in said["short.wav"]
    assert "holds no bytes" in said["none.wav"]
    assert "archive inside" in said["inner.zip"]
    assert "no audio that can be read" in said["song.aiff"]
    assert "begin with '_'" in said["x.wav"]
    assert not app.error
    assert (mine.clips(), mine.noise()) == ((), ()), "shown before it is added"
    assert len(_incoming(workspace_folder)) == 1
    button(app, "Add 4 clips").click().run()
    healthy(app)
    assert {(clip.label, clip.speaker) for clip in mine.clips()} == {("left", "anna"), ("left", "ben"), ("灯", "anna")}
    assert len(mine.noise()) == 1
    assert "4 clips added." in _read(app)
    assert _incoming(workspace_folder) == []
    assert app.file_uploader[0].value == []
    button(app, "Undo").click().run()
    assert (mine.clips(), mine.noise()) == ((), ())


def test_a_zip_that_leads_outside_is_refused_as_a_whole(
    mine: OwnCorpus, tmp_path: Path, workspace_folder: Path
) -> None:
    app = _open("Upload")
    for name in ("../evil.wav", "/etc/evil.wav", "left/../../evil.wav", "CON/evil.wav"):
        packed = _zip(tmp_path / "evil.zip", {"left/a.wav": GOOD, name: GOOD}).read_bytes()
        _upload(app, ("evil.zip", packed))
        assert ["evil.zip names a file" in error.value for error in app.error] == [True], name
        assert not [label for label in _labels(app) if label.startswith("Add")]
        assert _incoming(workspace_folder) == []
        assert not list(workspace_folder.rglob("evil.wav"))
    assert mine.clips() == ()


def test_a_damaged_archive_is_one_sentence(mine: OwnCorpus, workspace_folder: Path) -> None:
    app = _upload(_open("Upload"), ("words.zip", b"PK\x03\x04 damaged"))
    assert ["words.zip" in error.value for error in app.error] == [True]
    assert _incoming(workspace_folder) == []
    _upload(app, ("words.csv", b"name;said\na.wav;left\n"), ("a.wav", GOOD))
    assert ["has no column 'file'" in error.value for error in app.error] == [True]
    assert _incoming(workspace_folder) == []


def test_a_list_says_what_is_in_the_files_in_any_script(mine: OwnCorpus) -> None:
    words = {"a.wav": "مصباح", "b.wav": "灯", "c.wav": "💡", "d.wav": "on/off", "e.wav": "../../up"}
    table = "file,label,speaker\n" + "".join(f"{name},{word},anna\n" for name, word in words.items())
    table += "../../secret.wav,left,eve\nnowhere.wav,left,eve\nf.wav,_left,eve\na.wav,twice,eve\n"
    sounds = [(name, _sound(300 + 100 * place)) for place, name in enumerate([*words, "f.wav", "extra.wav"])]
    app = _upload(_open("Upload"), ("list.csv", table.encode()), *sounds)
    assert _counts(app) == dict.fromkeys(words.values(), 1)
    assert "**5 clips** of 5 words can be added, **5** cannot." in _read(app)
    said = _reasons(app)
    assert "leads outside" in said["secret.wav"]
    assert "is not there" in said["nowhere.wav"]
    assert "begin with '_'" in said["f.wav"]
    assert "does not name it" in said["extra.wav"]
    assert "names the same file already" in said["a.wav"]
    button(app, "Add 5 clips").click().run()
    healthy(app)
    assert {clip.original: clip.label for clip in mine.clips()} == words
    assert {clip.path.parent for clip in mine.clips()} == {mine.path / "clips"}
    assert [f"{word}" in _read(app) for word in words.values()] == [True] * 5


def test_an_upload_that_is_dropped_leaves_nothing(mine: OwnCorpus, tmp_path: Path, workspace_folder: Path) -> None:
    packed = _zip(tmp_path / "words.zip", {"left/a.wav": GOOD}).read_bytes()
    app = _upload(_open("Upload"), ("words.zip", packed))
    assert len(_incoming(workspace_folder)) == 1
    button(app, "Drop them").click().run()
    healthy(app)
    assert _incoming(workspace_folder) == []
    assert app.file_uploader[0].value == []
    assert not [label for label in _labels(app) if label.startswith("Add")]
    assert mine.clips() == ()


def test_other_files_take_the_place_of_those_before(mine: OwnCorpus, workspace_folder: Path) -> None:
    app = _upload(_open("Upload"), ("left.zip", b"damaged"), ("a.wav", GOOD))
    assert app.error
    app.text_input(key="upload_word").set_value("left").run()
    _upload(app, ("a.wav", GOOD), ("b.wav", _sound(700)))
    assert not app.error
    app.text_input(key="upload_word").set_value("right").run()
    assert _counts(app) == {"right": 2}
    assert len(_incoming(workspace_folder)) == 1, "what was staged before is gone"


def test_files_that_are_taken_out_of_the_chooser_leave_nothing(mine: OwnCorpus, workspace_folder: Path) -> None:
    app = _upload(_open("Upload"), ("a.wav", GOOD))
    app.file_uploader[0].clear().run()
    healthy(app)
    assert app.file_uploader[0].value == []
    assert _incoming(workspace_folder) == []


def test_a_folder_gives_its_words_and_its_speakers(mine: OwnCorpus) -> None:
    app = _upload(
        _open("Upload"),
        ("words/left/anna_nohash_0.wav", _sound(500)), ("words/right/ben_nohash_0.wav", _sound(700)), chooser=1,
    )  # fmt: skip
    assert _counts(app) == {"left": 1, "right": 1}
    button(app, "Add 2 clips").click().run()
    healthy(app)
    assert {(clip.label, clip.speaker) for clip in mine.clips()} == {("left", "anna"), ("right", "ben")}


def test_files_of_an_unknown_word_wait_until_it_is_typed(mine: OwnCorpus) -> None:
    app = _upload(_open("Upload"), ("a.wav", GOOD), ("b.flac", b"no sound"))
    assert "**0 clips** of 0 words can be added, **2** cannot." in _read(app)
    assert ["Which word it holds is not known" in why for why in _reasons(app).values()] == [True, True]
    assert button(app, "Add 0 clips").disabled
    app.text_input(key="upload_word").set_value("_x").run()
    healthy(app)
    assert ["cannot be a label" in error.value for error in app.error] == [True]
    app.text_input(key="upload_speaker").set_value("anna")
    app.text_input(key="upload_word").set_value("lamp").run()
    healthy(app)
    assert _counts(app) == {"lamp": 1}
    assert "cannot be read as audio" in _reasons(app)["b.flac"]
    app.button(key="add-clips").click().run()
    assert [(clip.label, clip.speaker, clip.original) for clip in mine.clips()] == [("lamp", "anna", "a.wav")]


def test_a_file_that_is_refused_is_called_by_its_name(mine: OwnCorpus) -> None:
    app = _open("Upload")
    app.text_input(key="upload_word").set_value("lamp").run()
    _upload(app, ("anna_nohash_0.wav", b"no sound"))
    assert list(_reasons(app)) == ["anna_nohash_0.wav"]


def test_a_file_without_a_word_is_called_by_its_name(mine: OwnCorpus) -> None:
    app = _upload(_open("Upload"), ("lamp.wav", GOOD))
    assert list(_reasons(app)) == ["lamp.wav"]


def _long() -> bytes:
    """A recording of 27 takes that is too long for a clip."""
    samples = _tones(*(500, 700, 900) * 9)
    assert len(samples) > 30 * RATE
    return wav(samples)


def test_a_long_recording_is_offered_for_cutting(mine: OwnCorpus, workspace_folder: Path) -> None:
    app = _upload(_open("Upload"), ("long.wav", _long()), ("a.wav", GOOD))
    app.text_input(key="upload_word").set_value("lamp").run()
    healthy(app)
    assert app.toggle(key="upload_cut").label == "Cut 1 long recording into takes at the pauses"
    assert "Add 28 clips" in _labels(app)
    app.toggle(key="upload_cut").set_value(False).run()
    assert "Add 1 clip" in _labels(app)
    app.toggle(key="upload_cut").set_value(True).run()
    button(app, "Add 28 clips").click().run()
    healthy(app)
    clips = mine.clips()
    assert {clip.label for clip in clips} == {"lamp"}
    assert Counter(_hertz(clip.path) for clip in clips) == {500: 10, 700: 9, 900: 9}
    assert _incoming(workspace_folder) == []


def test_a_long_recording_of_nothing_keeps_no_clip_back(mine: OwnCorpus) -> None:
    app = _upload(_open("Upload"), ("left/long.wav", wav(np.zeros(40 * RATE, np.float32))), ("left/a.wav", GOOD))
    assert "Nothing in left/long.wav stands out" in _read(app) + "".join(_reasons(app).values())
    assert "Drop them" in _labels(app)
    app.button(key="add-clips").click().run()
    healthy(app)
    assert [clip.original for clip in mine.clips()] == ["left/a.wav"]


def test_the_takes_of_a_long_recording_are_counted(mine: OwnCorpus) -> None:
    app = _upload(_open("Upload"), ("left/long.wav", _long()))
    assert "Add 27 clips" in _labels(app)
    assert "**0 clips**" not in _read(app)


# ------------------------------------------------------------------ looking over


def _clips(word: str, count: int, speaker: str | None = "anna", first: int = 0) -> list[NewClip]:
    """Clips of one word, none like another."""
    seed = sum(word.encode())
    return [
        new_clip(
            wav(np.pad(chirp(300 + 40 * number, 1000 + seed, 0.5, seed=seed + number) * 0.9, 2000)), word, speaker,
            "upload", f"{word}/{speaker}-{number}.wav",
        )
        for number in range(first, first + count)
    ]  # fmt: skip


def _table(app: AppTest) -> list[str]:
    return app.dataframe[0].value["came as"].tolist()


def _select(app: AppTest, *rows: int) -> AppTest:
    """Choose rows of the table as clicks would."""
    app.session_state[app.dataframe[0].key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    app.run()
    healthy(app)
    return app


def _type(app: AppTest, key: str, text: str) -> AppTest:
    """Type what may be none of a box's options."""
    box = _keyed(app.selectbox, key)
    if text not in box.options:
        box.options.append(text)
    box.set_value(text)
    return app


def test_clips_are_found_by_word_speaker_and_name(mine: OwnCorpus) -> None:
    mine.add([*_clips("left", 2), *_clips("right", 1, None)])
    mine.add([new_clip(_sound(700), "灯", "Béatrice", "upload", "x.wav"),
              new_clip(_sound(100, 2), BACKGROUND_NOISE, None, "recording", "room.wav")])  # fmt: skip
    app = _open("Clips")
    assert len(_table(app)) == 5
    assert "**left** 2" in _read(app)
    for typed, found in (
        ("ANNA", ["left/anna-0.wav", "left/anna-1.wav"]),
        ("béa", ["x.wav"]),
        (" 灯", ["x.wav"]),
        ("-1.", ["left/anna-1.wav"]),
        ("nowhere", []),
    ):
        _keyed(app.text_input, "clips_search").set_value(typed).run()
        healthy(app)
        assert _table(app) == found, typed
    _keyed(app.text_input, "clips_search").set_value("")
    _keyed(app.selectbox, "clips_word").set_value("right").run()
    assert _table(app) == ["right/None-0.wav"]
    _keyed(app.selectbox, "clips_word").set_value(BACKGROUND_NOISE).run()
    healthy(app)
    assert _table(app) == ["room.wav"]


def test_chosen_clips_are_heard_get_another_word_and_are_deleted(mine: OwnCorpus) -> None:
    mine.add([*_clips("left", 3), *_clips("right", 2, "ben")])
    app = _open("Clips")
    assert len(app.get("audio")) == 0
    assert "Choose rows to listen" in _read(app)
    rows = [_table(app).index(name) for name in ("left/anna-1.wav", "right/ben-0.wav")]
    _select(app, *rows)
    assert len(app.get("audio")) == 2
    assert "**left** · anna · 0.8 s" in _read(app)
    _type(app, "relabel_to", "on/off").run()
    _type(app, "relabel_to", "on/off").button(key="relabel").click().run()
    healthy(app)
    assert "2 clips labelled 'on/off'" in _read(app)
    assert {clip.original for clip in mine.clips() if clip.label == "on/off"} == {"left/anna-1.wav", "right/ben-0.wav"}
    assert "Choose rows to listen" in _read(app), "other rows are there now"

    _keyed(app.selectbox, "clips_word").set_value("on/off").run()
    _select(app, 0, 1)
    _keyed(app.text_input, "speaker_to").set_value("cleo").run()
    app.button(key="set-speaker").click().run()
    healthy(app)
    assert {clip.speaker for clip in mine.clips() if clip.label == "on/off"} == {"cleo"}

    _keyed(app.selectbox, "clips_word").set_value("").run()
    row = _table(app).index("left/anna-2.wav")
    _select(app, row)
    button(app, "Delete 1 clip").click().run()
    healthy(app)
    assert "1 clip deleted" in _read(app)
    assert "left/anna-2.wav" not in {clip.original for clip in mine.clips()}
    for said in ("1 clip deleted", "2 clips said to be by 'cleo'", "2 clips labelled 'on/off'"):
        button(app, "Undo").click().run()
        healthy(app)
        assert f"Undone: {said}" in _read(app)
    assert Counter((clip.label, clip.speaker) for clip in mine.clips()) == {("left", "anna"): 3, ("right", "ben"): 2}


def test_a_word_or_speaker_that_cannot_be_changes_nothing(mine: OwnCorpus) -> None:
    mine.add(_clips("left", 2))
    app = _select(_open("Clips"), 0)
    _type(app, "relabel_to", "_x").run()
    _type(app, "relabel_to", "_x").button(key="relabel").click().run()
    healthy(app)
    assert ["cannot be a label" in error.value for error in app.error] == [True]
    _type(app, "relabel_to", "left")
    _select(app, 0)
    _keyed(app.text_input, "speaker_to").set_value("x" * 61).run()
    app.button(key="set-speaker").click().run()
    healthy(app)
    assert ["Shorten it" in error.value for error in app.error] == [True]
    assert {(clip.label, clip.speaker) for clip in mine.clips()} == {("left", "anna")}


def test_a_search_does_not_choose_other_clips(mine: OwnCorpus) -> None:
    mine.add([*_clips("left", 1), *_clips("right", 1)])
    app = _select(_open("Clips"), 0)
    assert "**left** ·" in _read(app)
    _keyed(app.text_input, "clips_search").set_value("right").run()
    healthy(app)
    assert _table(app) == ["right/anna-0.wav"]
    assert "**right** ·" not in _read(app), "nobody chose it"


def test_a_word_is_renamed_and_merged_with_another(mine: OwnCorpus) -> None:
    mine.add([*_clips("left", 2), *_clips("lft", 1)])
    app = _open("Clips")
    assert button(app, "Rename").disabled
    _keyed(app.selectbox, "rename_old").set_value("lft")
    _keyed(app.text_input, "rename_new").set_value(" left ").run()
    app.button(key="rename").click().run()
    healthy(app)
    assert "'lft' renamed to 'left' (1 clip)" in _read(app)
    assert "**left** 3" in _read(app)
    button(app, "Undo").click().run()
    healthy(app)
    assert Counter(clip.label for clip in mine.clips()) == {"left": 2, "lft": 1}, "apart as before"


def test_a_word_that_is_looked_at_can_be_renamed(mine: OwnCorpus) -> None:
    mine.add([*_clips("left", 2), *_clips("right", 1)])
    app = _open("Clips")
    _keyed(app.selectbox, "clips_word").set_value("left").run()
    _keyed(app.selectbox, "rename_old").set_value("left")
    _keyed(app.text_input, "rename_new").set_value("links").run()
    app.button(key="rename").click().run()
    healthy(app)
    assert not app.error
    assert Counter(clip.label for clip in mine.clips()) == {"links": 2, "right": 1}
    assert len(_table(app)) == 3, "no filter is left of a word that is gone"


def _odd(mine: OwnCorpus) -> None:
    """Three good clips; one too quiet, one clipped, one there twice."""
    good = _clips("left", 3)
    quiet = np.pad(tone(500, 0.4) * 0.004, 4000)
    loud = np.pad(np.clip(tone(500, 0.4) * 4, -1, 1), 4000)
    mine.add(good)
    mine.add([new_clip(wav(quiet), "left", "anna", "upload", "quiet.wav"),
              new_clip(wav(loud), "left", "anna", "upload", "loud.wav")])  # fmt: skip
    mine.add([new_clip(good[0].content, "left", "anna", "upload", "twin.wav")])


def test_what_is_worth_a_look_is_said_in_plain_words(mine: OwnCorpus) -> None:
    _odd(mine)
    app = _open("Clips")
    table = app.dataframe[0].value
    remarks = {name: said for name, said in zip(table["came as"], table["worth a look"], strict=True) if said}
    assert remarks == {"quiet.wav": "too quiet", "loud.wav": "clipped", "twin.wav": "there twice"}
    assert "1 too quiet" in _read(app)
    assert "1 clipped" in _read(app)
    assert "Nothing is done about it" in _read(app)
    app.toggle(key="clips_doubtful").set_value(True).run()
    healthy(app)
    assert sorted(_table(app)) == ["loud.wav", "quiet.wav", "twin.wav"]
    _select(app, _table(app).index("quiet.wav"))
    assert "Speak nearer to the microphone" in _read(app)
    assert len(mine.clips()) == 6, "said, and nothing done"


def test_when_nothing_is_doubtful_any_more_all_clips_are_seen(mine: OwnCorpus) -> None:
    mine.add(_clips("left", 3))
    mine.add([new_clip(wav(np.pad(tone(500, 0.4) * 0.004, 4000)), "left", "anna", "upload", "quiet.wav")])
    app = _open("Clips")
    app.toggle(key="clips_doubtful").set_value(True).run()
    assert _table(app) == ["quiet.wav"]
    _select(app, 0)
    button(app, "Delete 1 clip").click().run()
    healthy(app)
    assert len(mine.clips()) == 3
    assert len(_table(app)) == 3


def test_a_corpus_is_taken_away_and_brought_back(mine: OwnCorpus) -> None:
    mine.add([*_clips("on/off", 2), *_clips("灯", 1, "ben")])
    app = _open("Clips")
    app.button(key="make-zip").click().run()
    healthy(app)
    assert app.get("download_button")[0].proto.label.startswith("Save it")
    packed = app.session_state["own_zip"][2]
    app.text_input(key="new_corpus_name").set_value("Again").run()
    app.button(key="create-corpus").click().run()
    assert not app.get("download_button"), "that of another corpus"
    _upload(_go(app, "Upload"), ("Mine.zip", packed))
    button(app, "Add 3 clips").click().run()
    healthy(app)

    def kept(corpus: OwnCorpus) -> list[tuple[object, ...]]:
        return sorted((one.label, one.speaker, one.original, one.digest, one.added) for one in corpus.clips())

    assert kept(OwnCorpus("Again")) == kept(mine)


# ------------------------------------------------------------------ the map


def test_the_map_has_every_clip_and_a_foreign_one_is_told(mine: OwnCorpus) -> None:
    mine.add([*_clips("left", 7), *_clips("right", 1)])
    falls = [chirp(2800, 300 + 40 * number, 0.6, seed=number) for number in range(7)]
    mine.add([new_clip(wav(fall), "fall", "ben", "upload", f"fall/{number}.wav") for number, fall in enumerate(falls)])
    wrong = chirp(2800, 310, 0.6, seed=50)
    mine.add([new_clip(wav(wrong), "left", "ben", "upload", "wrong.wav")])
    app = _open("Clips")
    assert not [said for said in app.dataframe[0].value["worth a look"] if "unlike" in said], (
        "not before it is asked for"
    )
    button(app, "Look for wrong words").click().run()
    healthy(app)
    table = app.dataframe[0].value
    assert table["came as"][table["worth a look"].str.contains("unlike its word")].tolist() == ["wrong.wav"]
    _select(app, int(np.flatnonzero(table["came as"] == "wrong.wav")[0]))
    assert "Sounds more like “fall” than like the other clips of “left”" in _read(app)
    _go(app, "Map")
    assert len(app.get("vega_lite_chart")) == 1
    assert "Click a point to hear it." in _read(app)
    assert "neighbours sound alike" in _read(app)
    drawn = json.loads(app.get("vega_lite_chart")[0].proto.spec)
    assert {layer["encoding"]["x"]["field"] for layer in drawn["layer"]} == {"x"}
    heard = app.session_state["own_heard"][1]
    assert len(heard.clips) == 16
    assert np.abs(heard.points).max() <= 1
    [clip] = [one for one in mine.clips() if one.original == "wrong.wav"]
    app.session_state[app.get("vega_lite_chart")[0].key] = AttributeDictionary(
        {"selection": {"clip": [{"id": clip.id}]}}
    )
    app.run()
    healthy(app)
    assert len(app.get("audio")) == 1
    assert "**left** · ben" in _read(app)
    assert "wrong.wav" in _read(app)
    app.segmented_control(key="map_colour").set_value("speaker").run()
    healthy(app)
    assert "Click a point to hear it." in _read(app)
    mine.remove([clip.id])  # what was heard is out of date
    _go(app, "Map")
    assert len(app.session_state["own_heard"][1].clips) == 15


def test_the_map_passes_over_a_file_that_is_gone(mine: OwnCorpus) -> None:
    mine.add(_clips("left", 4))
    mine.clips()[0].path.unlink()
    app = _open("Map")
    assert not app.error
    assert len(app.session_state["own_heard"][1].clips) == 3
    _select(_go(app, "Clips"), 0)
    assert "cannot be played" in _read(app)


# ------------------------------------------------------------------ teaching


def test_teach_says_what_is_missing(mine: OwnCorpus, spawned: list) -> None:
    mine.add([*_clips("left", 5), *_clips("right", 4)])
    app = _open("Teach")
    assert "right (4): 5 clips of a word are needed at least" in _read(app)
    assert "Two words with 5 clips each are needed" in _read(app)
    assert "Teach" not in _labels(app)
    mine.add(_clips("right", 1, first=4))
    app.run()
    healthy(app)
    assert "5 clips of a word are needed" not in _read(app)
    assert "Teach" in _labels(app)
    assert "no background noise" in _read(app)


def test_teach_starts_what_was_chosen(mine: OwnCorpus, spawned: list) -> None:
    mine.add([*_clips("left", 5), *_clips("right", 5), *_clips("灯", 6), *_clips("few", 1)])
    app = _open("Teach")
    assert "Not taught yet" in _read(app)
    assert app.multiselect[0].options == ["left", "right", "灯"], "there are too few of the other"
    assert app.multiselect[0].value == ["left", "right", "灯"]
    assert "About " in _read(app), "how long it will take"
    app.multiselect[0].set_value(["left"]).run()
    assert "Choose at least two words." in _read(app)
    assert "Teach" not in _labels(app)
    app.multiselect[0].set_value(["left", "灯"]).run()
    app.toggle(key="teach_unknown").set_value(True).run()
    healthy(app)
    button(app, "Teach").click().run()
    healthy(app)
    [run] = spawned
    assert run.config.corpus.name == mine.name == "own:Mine"
    assert run.config.task.labels == ("left", "灯")
    assert (run.config.task.unknown, run.config.task.silence) == (True, True)
    assert (run.config.start, run.config.training.folds) == ("commands", FOLDS)
    assert run.config.network == runs.find("commands").config.network
    assert run.config.name == "Mine 1"
    assert "Mine 1" in app.selectbox[1].options[0], "it is watched"


def test_teach_starts_from_scratch_too(mine: OwnCorpus, spawned: list) -> None:
    mine.add([*_clips("left", 5), *_clips("right", 5)])
    app = _open("Teach")
    app.toggle(key="teach_silence").set_value(False).run()
    app.segmented_control(key="teach_start").set_value("From scratch").run()
    assert "needs many more of them" in _read(app)
    button(app, "Teach").click().run()
    healthy(app)
    [run] = spawned
    assert (run.config.start, run.config.training.folds) == ("", FOLDS)
    assert run.config.task.classes == ("left", "right")


def test_a_teaching_is_watched_and_cancelled_and_says_why_it_failed(
    mine: OwnCorpus, spawned: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.add([*_clips("left", 5), *_clips("right", 5)])
    app = _open("Teach")
    button(app, "Teach").click().run()
    [run] = spawned
    run.write_state(State("running", "Training", 1, 4, "epochs"))
    cancelled: list = []
    monkeypatch.setattr(jobs, "cancel", cancelled.append)
    app.run()
    healthy(app)
    assert [element.proto.text for element in app.get("progress")]
    button(app, "Cancel").click().run()
    healthy(app)
    assert cancelled == [run]
    run.write_state(State("failed", error="The disk is full."))
    app.run()
    healthy(app)
    assert ["The disk is full." in error.value for error in app.error] == [True]
    button(app, "Go on").click().run()
    healthy(app)
    assert spawned == [run, run]


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a corpus of two sounds, and a network that was taught them in the shell."""
    home = tmp_path_factory.mktemp("taught")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARK_HOME", str(home))
        own_corpus.create("Mine").add([*_clips("left", 6), *_clips("zoom", 6)])
    done = shell(
        "train", "--corpus", "own:Mine", "--from", "commands", "--epochs", 1, "--folds", 2, "--name", "Mine 1", "--json",
        home=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def after_teaching(taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> runs.Run:
    """The run that was taught, in a workspace that a test may spoil."""
    home = tmp_path / "home"
    shutil.copytree(taught, home)
    monkeypatch.setenv("HARK_HOME", str(home))
    [run] = runs.listing()
    return run


@pytest.mark.xdist_group("taught page")
def test_what_was_taught_says_how_well_and_what_to_do_next(after_teaching: runs.Run) -> None:
    judged = evaluation.kept(after_teaching, None, evaluation.HELD_BACK)
    assert judged is not None
    app = _open("Teach")
    assert not app.error
    text = _read(app)
    assert f">{judged.accuracy * 100:.1f} %<" in text
    assert "of 12 clips, held back in turn, 1 speaker, were heard right." in text
    low, high = judged.interval.low, judged.interval.high
    assert f"95 % interval: {low * 100:.1f} % to {high * 100:.1f} %" in text
    assert "What to do next" in text
    told = advice.advice(judged)
    assert any("All clips are by one speaker, anna" in sentence for sentence in told)
    assert [sentence in text for sentence in told] == [True] * len(told)
    assert "Beside" not in text, "there is nothing to compare it with"
    assert "Take it away" in [one.proto.label for one in app.get("download_button")]
    assert len(app.get("vega_lite_chart")) == 1, "which word was taken for which"


def _taught_before(run: runs.Run, start: str, wrong: int) -> runs.Run:
    """The same teaching, done earlier, with `wrong` more clips heard wrong."""
    before = runs.Run(run.folder.with_name(f"20200101-000000-gru-{start or 'none'}"))
    shutil.copytree(run.folder, before.folder)
    config = json.loads((before.folder / "config.json").read_text())
    config |= {"name": f"Before {start or 'scratch'}", "start": start}
    (before.folder / "config.json").write_text(json.dumps(config))
    [path] = before.evaluations_folder.glob("held-back-*.json")
    judged = json.loads(path.read_text())
    labels, place = judged["labels"], 10  # of what was heard
    for row in judged["heard"][:wrong]:
        row[place] = next(label for label in labels if label not in (row[1], SILENCE))
    path.write_text(json.dumps(judged))
    return before


@pytest.mark.xdist_group("taught page")
@pytest.mark.parametrize(("start", "first"), [("commands", "Taught before"), ("", "From scratch")])
def test_two_teachings_are_compared_on_the_clips_that_both_held_back(
    after_teaching: runs.Run, start: str, first: str
) -> None:
    mine = evaluation.kept(after_teaching, None, evaluation.HELD_BACK)
    theirs = evaluation.kept(_taught_before(after_teaching, start, 4), None, evaluation.HELD_BACK)
    assert mine is not None
    assert theirs is not None
    found = advice.compare(theirs, mine)
    assert found is not None
    assert found.before < found.after
    app = _open("Teach")
    text = _read(app)
    assert text.count("Beside ") == 1
    assert f"Beside Before {start or 'scratch'}" in text
    assert f"{first} {found.before:.1%}, this one {found.after:.1%}, on the same 12 clips held back: " in text
    assert f"{len(found.mended)} mended, 0 broken" in text
    assert "Hear what was mended" in [one.label for one in app.expander]
    assert len(app.get("audio")) == min(4, len(found.mended)) > 0


@pytest.mark.xdist_group("taught page")
def test_a_judgement_that_is_gone_is_one_sentence(after_teaching: runs.Run) -> None:
    shutil.rmtree(after_teaching.evaluations_folder)
    app = _open("Teach")
    assert ["judgement is not there any more" in one.value for one in app.warning] == [True]


@pytest.mark.xdist_group("taught page")
def test_a_damaged_teaching_takes_the_page_not_down(after_teaching: runs.Run) -> None:
    app = _open("Teach")
    for name in ("model.onnx", "state.json", "config.json"):
        (after_teaching.folder / name).write_bytes(b"\x00 damaged")
        app.run()
        healthy(app)
        assert "Teach" in _labels(app), "another can be started"


# ------------------------------------------------------------------ two at once


def test_two_sessions_that_add_and_delete_at_the_same_time_lose_nothing(
    mine: OwnCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.add([*_clips("left", 3), *_clips("right", 3)])
    one, other = _open(), _open("Clips")
    _record(one, _tones(500, 700, 900), "lamp", "anna")
    _select(other, 0, 1)  # three of left come first
    write = own_corpus.keep
    meanwhile: list[str] = []

    def kept_while_the_other_deletes(*arguments, **options) -> str:
        """The first clip is being written: now the other page deletes."""
        if not meanwhile:
            meanwhile.append("deleted")
            runtime = Runtime._instance  # a second run takes it away from the first
            button(other, "Delete 2 clips").click().run()
            Runtime._instance = runtime
        return write(*arguments, **options)

    monkeypatch.setattr(own_corpus, "keep", kept_while_the_other_deletes)
    button(one, "Keep 3 takes").click().run()
    assert meanwhile
    healthy(one)
    healthy(other)
    assert "3 takes of “lamp” kept" in _read(one)
    assert "2 clips deleted" in _read(other)
    assert Counter(clip.label for clip in mine.clips()) == {"lamp": 3, "left": 1, "right": 3}
    other.run()
    assert "**lamp** 3" in _read(other), "each sees what the other did"
    assert "**lamp** 3, **right** 3, **left** 1" in _read(one)
    assert all(clip.path.is_file() for clip in mine.clips())


def test_rows_that_were_chosen_before_another_page_added_delete_no_other_clips(mine: OwnCorpus) -> None:
    mine.add(_clips("right", 2))
    app = _select(_open("Clips"), 0)
    mine.add(_clips("left", 2))  # another page's, and they come first
    button(app, "Delete 1 clip").click().run()
    healthy(app)
    counts = Counter(clip.label for clip in mine.clips())
    assert counts["left"] == 2, "nobody chose these"
    assert counts["right"] in (1, 2)


def test_a_page_that_is_behind_undoes_only_what_it_shows(mine: OwnCorpus) -> None:
    mine.add(_clips("left", 2))
    app = _open("Clips")
    assert "2 clips added" in button(app, "Undo").help
    mine.remove([mine.clips()[0].id])
    app.run()
    assert "1 clip deleted" in button(app, "Undo").help


def test_undo_undoes_what_its_button_names(mine: OwnCorpus) -> None:
    mine.add(_clips("left", 2))
    app = _open()
    assert button(app, "Undo").help == "2 clips added"
    mine.add(_clips("right", 3))  # another page
    button(app, "Undo").click().run()
    healthy(app)
    assert Counter(clip.label for clip in mine.clips())["right"] == 3, "nobody asked to undo these"


def test_a_corpus_that_another_page_deleted_is_one_sentence_or_none(mine: OwnCorpus) -> None:
    mine.add(_clips("left", 2))
    own_corpus.create("Ours")
    app = _open("Clips")
    app.button(key="make-zip").click().run()
    own_corpus.delete("Mine")
    app.button(key="make-zip").click().run()
    healthy(app)
    assert app.selectbox[0].value == "Ours"
    assert "Record or upload something first." in _read(app)
    own_corpus.delete("Ours")
    app.run()
    healthy(app)
    assert "Begin" in _labels(app)
