"""Your words, uploaded: what is about to be added is shown, what cannot be is told, and nothing is left behind."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.words import many_files
from data.own.corpus import OwnCorpus
from tests.support.brought import packed_tar, packed_zip
from tests.support.pages import button, healthy, reloaded, wav
from tests.support.sounds import RATE, tone, write
from tests.support.words import (
    hertz_of,
    incoming,
    keyed,
    labels,
    open_words,
    read,
    sound,
    tones,
    upload,
)

GOOD = wav(tone(500, 0.4))


def reasons(app: AppTest) -> dict[str, str]:
    table = next((one.value for one in app.dataframe if "reason" in one.value), None)
    return {} if table is None else dict(zip(table["file"], table["reason"], strict=True))


def counts(app: AppTest) -> dict[str, int]:
    table = next((one.value for one in app.dataframe if "clips" in one.value), None)
    return {} if table is None else dict(zip(table["word"], table["clips"], strict=True))


def test_what_is_in_a_zip_is_shown_before_it_is_added_and_the_good_is(
    mine: OwnCorpus, tmp_path: Path, workspace_folder: Path
) -> None:
    inner = packed_zip(tmp_path / "inner.zip", {"left/x.wav": GOOD}).read_bytes()
    packed = packed_zip(
        tmp_path / "words.zip",
        {
            "words/left/anna_nohash_0.wav": sound(500), "words/left/ben_nohash_0.wav": sound(600),
            "words/灯/anna_nohash_0.wav": sound(700), "words/_background_noise_/room.wav": sound(100, 2),
            "words/left/short.wav": GOOD[:5000], "words/left/none.wav": b"", "words/left/inner.zip": inner,
            "words/left/song.ape": b"FORM", "words/_hidden/x.wav": GOOD, "words/README.md": b"about",
        },
    ).read_bytes()  # fmt: skip
    app = upload(open_words("Upload"), ("words.zip", packed))
    assert "**4 clips** of 3 words can be added, **5** cannot." in read(app)
    assert counts(app) == {"left": 2, "灯": 1, "background noise": 1}
    said = reasons(app)
    assert set(said) == {"short.wav", "none.wav", "inner.zip", "song.ape", "x.wav"}
    assert "is cut off" in said["short.wav"]
    assert "holds no bytes" in said["none.wav"]
    assert "an archive inside" in said["inner.zip"]
    assert "Files ending in '.ape' cannot be read" in said["song.ape"]
    assert "begin with '_'" in said["x.wav"]
    assert not app.error
    assert (mine.clips(), mine.noise()) == ((), ()), "shown before it is added"
    assert len(incoming(workspace_folder)) == 1
    button(app, "Add 4 clips").click().run()
    healthy(app)
    assert {(clip.label, clip.speaker) for clip in mine.clips()} == {("left", "anna"), ("left", "ben"), ("灯", "anna")}
    assert len(mine.noise()) == 1
    assert "4 clips added." in read(app)
    assert incoming(workspace_folder) == []
    assert app.file_uploader[0].value == []
    button(app, "Undo").click().run()
    assert (mine.clips(), mine.noise()) == ((), ())


def test_a_zip_that_leads_outside_is_refused_as_a_whole(
    mine: OwnCorpus, tmp_path: Path, workspace_folder: Path
) -> None:
    app = open_words("Upload")
    for name in ("../evil.wav", "/etc/evil.wav", "left/../../evil.wav", "CON/evil.wav"):
        packed = packed_zip(tmp_path / "evil.zip", {"left/a.wav": GOOD, name: GOOD}).read_bytes()
        upload(app, ("evil.zip", packed))
        assert ["evil.zip names a file" in error.value for error in app.error] == [True], name
        assert not [label for label in labels(app) if label.startswith("Add")]
        assert incoming(workspace_folder) == []
        assert not list(workspace_folder.rglob("evil.wav"))
    assert mine.clips() == ()


def test_a_damaged_archive_is_one_sentence(mine: OwnCorpus, workspace_folder: Path) -> None:
    app = upload(open_words("Upload"), ("words.zip", b"PK\x03\x04 damaged"))
    assert ["words.zip" in error.value for error in app.error] == [True]
    assert incoming(workspace_folder) == []
    upload(app, ("words.csv", b"name;said\na.wav;left\n"), ("a.wav", GOOD))
    assert ["has no column 'file'" in error.value for error in app.error] == [True]
    assert incoming(workspace_folder) == []


def test_a_list_says_what_is_in_the_files_in_any_script(mine: OwnCorpus) -> None:
    words = {"a.wav": "مصباح", "b.wav": "灯", "c.wav": "💡", "d.wav": "on/off", "e.wav": "../../up"}
    table = "file,label,speaker\n" + "".join(f"{name},{word},anna\n" for name, word in words.items())
    table += "../../secret.wav,left,eve\nnowhere.wav,left,eve\nf.wav,_left,eve\na.wav,twice,eve\n"
    sounds = [(name, sound(300 + 100 * place)) for place, name in enumerate([*words, "f.wav", "extra.wav"])]
    app = upload(open_words("Upload"), ("list.csv", table.encode()), *sounds)
    assert counts(app) == dict.fromkeys(words.values(), 1)
    assert "**5 clips** of 5 words can be added, **5** cannot." in read(app)
    said = reasons(app)
    assert "leads outside" in said["secret.wav"]
    assert "is missing" in said["nowhere.wav"]
    assert "begin with '_'" in said["f.wav"]
    assert "not in the list" in said["extra.wav"]
    assert "already names this file" in said["a.wav"]
    button(app, "Add 5 clips").click().run()
    healthy(app)
    assert {clip.original: clip.label for clip in mine.clips()} == words
    assert {clip.path.parent for clip in mine.clips()} == {mine.path / "clips"}
    assert [f"{word}" in read(app) for word in words.values()] == [True] * 5


def test_an_upload_that_is_dropped_leaves_nothing(mine: OwnCorpus, tmp_path: Path, workspace_folder: Path) -> None:
    packed = packed_zip(tmp_path / "words.zip", {"left/a.wav": GOOD}).read_bytes()
    app = upload(open_words("Upload"), ("words.zip", packed))
    assert len(incoming(workspace_folder)) == 1
    button(app, "Discard").click().run()
    healthy(app)
    assert incoming(workspace_folder) == []
    assert app.file_uploader[0].value == []
    assert not [label for label in labels(app) if label.startswith("Add")]
    assert mine.clips() == ()


def test_other_files_take_the_place_of_those_before(mine: OwnCorpus, workspace_folder: Path) -> None:
    app = upload(open_words("Upload"), ("left.zip", b"damaged"), ("a.wav", GOOD))
    assert app.error
    keyed(app.text_input, "upload_word").set_value("left").run()
    upload(app, ("a.wav", GOOD), ("b.wav", sound(700)))
    assert not app.error
    keyed(app.text_input, "upload_word").set_value("right").run()
    assert counts(app) == {"right": 2}
    assert len(incoming(workspace_folder)) == 1, "what was staged before is gone"


def test_files_that_are_taken_out_of_the_chooser_leave_nothing(mine: OwnCorpus, workspace_folder: Path) -> None:
    app = upload(open_words("Upload"), ("a.wav", GOOD))
    app.file_uploader[0].clear().run()
    healthy(app)
    assert app.file_uploader[0].value == []
    assert incoming(workspace_folder) == []


def test_files_that_are_not_added_yet_wait_for_another_page_and_a_reload(
    mine: OwnCorpus, workspace_folder: Path
) -> None:
    """A look at another page, or a reload, emptied the box: with a thousand files that was a minute's upload."""
    app = upload(open_words("Upload"), ("a.wav", GOOD), ("b.wav", sound(700)))
    keyed(app.text_input, "upload_word").set_value("lamp").run()
    state = dict(app.query_params)
    for page in ("predict", "words"):
        app.switch_page(f"app_pages/{page}.py").run()
    healthy(app)
    assert counts(app) == {"lamp": 2}
    again = reloaded("words", state)
    assert counts(again) == {"lamp": 2}
    assert keyed(again.text_input, "upload_word").value == "lamp"
    button(again, "Add 2 clips").click().run()
    healthy(again)
    assert [clip.label for clip in mine.clips()] == ["lamp", "lamp"]
    assert incoming(workspace_folder) == []
    late = reloaded("words", {**state, "draft": "gone"})
    assert ["The unfinished batch “gone” that" in one.value for one in late.warning] == [True]


def test_a_clip_that_was_mended_says_how(mine: OwnCorpus, tmp_path: Path) -> None:
    """Predict said it, and a corpus took such clips without a word."""
    mended = write(tmp_path / "a.wav", np.stack([tone(500), -tone(500)], axis=1)).read_bytes()
    app = upload(open_words("Upload"), ("lamp/a.wav", mended), ("lamp/b.wav", GOOD), chooser=1)
    assert [one.value for one in app.caption if "a.wav: Its channels cancel each other out" in one.value]
    assert not [one.value for one in app.caption if "b.wav:" in one.value]


def test_a_folder_gives_its_words_and_its_speakers(mine: OwnCorpus) -> None:
    app = upload(
        open_words("Upload"),
        ("words/left/anna_nohash_0.wav", sound(500)), ("words/right/ben_nohash_0.wav", sound(700)), chooser=1,
    )  # fmt: skip
    assert counts(app) == {"left": 1, "right": 1}
    button(app, "Add 2 clips").click().run()
    healthy(app)
    assert {(clip.label, clip.speaker) for clip in mine.clips()} == {("left", "anna"), ("right", "ben")}


def test_a_folder_that_the_browser_packed_is_read_like_its_files(mine: OwnCorpus, tmp_path: Path) -> None:
    files = {"words/left/anna_nohash_0.wav": sound(500), "words/right/ben_nohash_0.wav": sound(700)}
    packed = packed_tar(tmp_path / "packed", files, "w").read_bytes()
    app = upload(open_words("Upload"), (f"2 files{many_files.ENDING}", packed))
    assert counts(app) == {"left": 1, "right": 1}
    keyed(app.text_input, "upload_word").set_value("lamp").run()
    assert counts(app) == {"lamp": 2}, "the typed word holds for each file, as it does when they come one by one"
    button(app, "Add 2 clips").click().run()
    healthy(app)
    assert {(clip.original, clip.speaker) for clip in mine.clips()} == {
        ("left/anna_nohash_0.wav", "anna"), ("right/ben_nohash_0.wav", "ben"),
    }  # fmt: skip


def test_the_speaker_of_one_upload_is_not_that_of_the_next(mine: OwnCorpus) -> None:
    app = upload(open_words("Upload"), ("left/a.wav", GOOD), chooser=1)
    keyed(app.text_input, "upload_speaker").set_value("anna").run()
    assert [one.value["speakers"].tolist() for one in app.dataframe] == [["anna"]], "seen before it is added"
    button(app, "Add 1 clip").click().run()
    upload(app, ("left/b.wav", sound(700)), chooser=1)
    assert keyed(app.text_input, "upload_speaker").value == ""
    button(app, "Add 1 clip").click().run()
    healthy(app)
    assert [(clip.original, clip.speaker) for clip in mine.clips()] == [("left/a.wav", "anna"), ("left/b.wav", None)]


def test_a_pattern_finds_the_speaker_in_each_name(mine: OwnCorpus) -> None:
    app = upload(open_words("Upload"), ("left/anna_1.wav", GOOD), ("left/ben_1.wav", sound(700)), chooser=1)
    for pattern, said in (("^(zz)", "fits no file name"), ("(", "not a regular expression")):
        keyed(app.text_input, "upload_pattern").set_value(pattern).run()
        healthy(app)
        assert [said in error.value for error in app.error] == [True], pattern
    keyed(app.text_input, "upload_pattern").set_value("^([a-z]+)_").run()
    assert [one.value["speakers"].tolist() for one in app.dataframe] == [["anna, ben"]]
    button(app, "Add 2 clips").click().run()
    healthy(app)
    assert {clip.speaker for clip in mine.clips()} == {"anna", "ben"}
    assert keyed(app.text_input, "upload_pattern").value == ""


def test_an_upload_waits_for_no_disk(mine: OwnCorpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each staged file was forced to the disk: 500 took 2.9 s instead of 0.1."""
    app, waited = open_words("Upload"), list[int]()
    monkeypatch.setattr(os, "fsync", waited.append)
    upload(app, ("left/a.wav", GOOD), ("left/b.wav", sound(700)), chooser=1)
    assert counts(app) == {"left": 2}
    assert waited == []


def test_files_of_an_unknown_word_wait_until_it_is_typed(mine: OwnCorpus) -> None:
    app = upload(open_words("Upload"), ("a.wav", GOOD), ("b.flac", b"no sound"))
    assert "No clip can be added." in read(app)
    assert ["Its word is not known" in why for why in reasons(app).values()] == [True, True]
    assert button(app, "Add clips").disabled
    keyed(app.text_input, "upload_word").set_value("_x").run()
    healthy(app)
    assert ["cannot be a label" in error.value for error in app.error] == [True]
    keyed(app.text_input, "upload_speaker").set_value("anna")
    keyed(app.text_input, "upload_word").set_value("lamp").run()
    healthy(app)
    assert counts(app) == {"lamp": 1}
    assert "cannot be read as audio" in reasons(app)["b.flac"]
    app.button(key="add-clips").click().run()
    assert [(clip.label, clip.speaker, clip.original) for clip in mine.clips()] == [("lamp", "anna", "a.wav")]


def test_a_file_that_is_refused_is_called_by_its_name(mine: OwnCorpus) -> None:
    app = open_words("Upload")
    keyed(app.text_input, "upload_word").set_value("lamp").run()
    upload(app, ("anna_nohash_0.wav", b"no sound"))
    assert list(reasons(app)) == ["anna_nohash_0.wav"]


def test_a_file_without_a_word_is_called_by_its_name(mine: OwnCorpus) -> None:
    app = upload(open_words("Upload"), ("lamp.wav", GOOD))
    assert list(reasons(app)) == ["lamp.wav"]


def _long() -> bytes:
    """A recording of 27 takes that is too long for a clip."""
    samples = tones(*(500, 700, 900) * 9)
    assert len(samples) > 30 * RATE
    return wav(samples)


def test_a_long_recording_is_offered_for_cutting(mine: OwnCorpus, workspace_folder: Path) -> None:
    app = upload(open_words("Upload"), ("long.wav", _long()), ("a.wav", GOOD))
    keyed(app.text_input, "upload_word").set_value("lamp").run()
    healthy(app)
    assert app.toggle(key="upload_cut").label == "Cut 1 long recording into takes at the pauses"
    assert "Add 28 clips" in labels(app)
    app.toggle(key="upload_cut").set_value(False).run()
    assert "Add 1 clip" in labels(app)
    app.toggle(key="upload_cut").set_value(True).run()
    button(app, "Add 28 clips").click().run()
    healthy(app)
    clips = mine.clips()
    assert {clip.label for clip in clips} == {"lamp"}
    assert Counter(hertz_of(clip.path) for clip in clips) == {500: 10, 700: 9, 900: 9}
    assert incoming(workspace_folder) == []


def test_a_long_recording_of_nothing_keeps_no_clip_back(mine: OwnCorpus) -> None:
    app = upload(open_words("Upload"), ("left/long.wav", wav(np.zeros(40 * RATE, np.float32))), ("left/a.wav", GOOD))
    assert "No speech in left/long.wav stands out" in read(app) + "".join(reasons(app).values())
    assert "Discard" in labels(app)
    app.button(key="add-clips").click().run()
    healthy(app)
    assert [clip.original for clip in mine.clips()] == ["left/a.wav"]


def test_the_takes_of_a_long_recording_are_counted(mine: OwnCorpus) -> None:
    app = upload(open_words("Upload"), ("left/long.wav", _long()))
    assert "Add 27 clips" in labels(app)
    assert "**0 clips**" not in read(app)
