"""Your words, looked over: found, heard, relabelled, merged, deleted, taken away, and seen on a map."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest
from streamlit.util import AttributeDictionary

from audio_models.own_words.intake import new_clip
from dashboard.words import charts
from data.corpus import BACKGROUND_NOISE
from data.own.corpus import OwnCorpus
from data.own.records import OwnClip
from tests.support.pages import button, healthy, wav
from tests.support.sounds import chirp, tone
from tests.support.words import (
    clips_of,
    go,
    keyed,
    open_words,
    read,
    select,
    sound,
    upload,
)


def _table(app: AppTest) -> list[str]:
    return app.dataframe[0].value["file"].tolist()


def _type(app: AppTest, key: str, text: str) -> AppTest:
    """Type what may be none of a box's options."""
    box = keyed(app.selectbox, key)
    if text not in box.options:
        box.options.append(text)
    box.set_value(text)
    return app


def test_clips_are_found_by_word_speaker_and_name(mine: OwnCorpus) -> None:
    mine.add([*clips_of("left", 2), *clips_of("right", 1, None)])
    mine.add([new_clip(sound(700), "灯", "Béatrice", "upload", "x.wav"),
              new_clip(sound(100, 2), BACKGROUND_NOISE, None, "recording", "room.wav")])  # fmt: skip
    app = open_words("Clips")
    assert len(_table(app)) == 5
    assert "**left** 2" in read(app)
    for typed, found in (
        ("ANNA", ["left/anna-0.wav", "left/anna-1.wav"]),
        ("béa", ["x.wav"]),
        (" 灯", ["x.wav"]),
        ("-1.", ["left/anna-1.wav"]),
        ("nowhere", []),
    ):
        keyed(app.text_input, "clips_search").set_value(typed).run()
        healthy(app)
        assert _table(app) == found, typed
    keyed(app.text_input, "clips_search").set_value("")
    keyed(app.selectbox, "clips_word").set_value("right").run()
    assert _table(app) == ["right/None-0.wav"]
    keyed(app.selectbox, "clips_word").set_value(BACKGROUND_NOISE).run()
    healthy(app)
    assert _table(app) == ["room.wav"]


def test_chosen_clips_are_heard_get_another_word_and_are_deleted(mine: OwnCorpus) -> None:
    mine.add([*clips_of("left", 3), *clips_of("right", 2, "ben")])
    app = open_words("Clips")
    assert len(app.get("audio")) == 0
    assert "Select rows to play" in read(app)
    rows = [_table(app).index(name) for name in ("left/anna-1.wav", "right/ben-0.wav")]
    select(app, *rows)
    assert len(app.get("audio")) == 2
    assert "**left** · anna · 0.8 s" in read(app)
    _type(app, "relabel_to", "on/off").run()
    _type(app, "relabel_to", "on/off").button(key="relabel").click().run()
    healthy(app)
    assert "2 clips labelled 'on/off'" in read(app)
    assert {clip.original for clip in mine.clips() if clip.label == "on/off"} == {"left/anna-1.wav", "right/ben-0.wav"}
    assert "Select rows to play" in read(app), "other rows are there now"

    keyed(app.selectbox, "clips_word").set_value("on/off").run()
    select(app, 0, 1)
    keyed(app.text_input, "speaker_to").set_value("cleo").run()
    app.button(key="set-speaker").click().run()
    healthy(app)
    assert {clip.speaker for clip in mine.clips() if clip.label == "on/off"} == {"cleo"}

    keyed(app.selectbox, "clips_word").set_value("").run()
    row = _table(app).index("left/anna-2.wav")
    select(app, row)
    button(app, "Delete 1 clip").click().run()
    healthy(app)
    assert "1 clip deleted" in read(app)
    assert "left/anna-2.wav" not in {clip.original for clip in mine.clips()}
    for said in ("1 clip deleted", "Speaker of 2 clips set to 'cleo'", "2 clips labelled 'on/off'"):
        button(app, "Undo").click().run()
        healthy(app)
        assert f"Undone: {said}" in read(app)
    assert Counter((clip.label, clip.speaker) for clip in mine.clips()) == {("left", "anna"): 3, ("right", "ben"): 2}


def test_a_word_or_speaker_that_cannot_be_changes_nothing(mine: OwnCorpus) -> None:
    mine.add(clips_of("left", 2))
    app = select(open_words("Clips"), 0)
    _type(app, "relabel_to", "_x").run()
    _type(app, "relabel_to", "_x").button(key="relabel").click().run()
    healthy(app)
    assert ["cannot be a label" in error.value for error in app.error] == [True]
    _type(app, "relabel_to", "left")
    select(app, 0)
    keyed(app.text_input, "speaker_to").set_value("x" * 61).run()
    app.button(key="set-speaker").click().run()
    healthy(app)
    assert ["Shorten it" in error.value for error in app.error] == [True]
    assert {(clip.label, clip.speaker) for clip in mine.clips()} == {("left", "anna")}


def test_a_search_does_not_choose_other_clips(mine: OwnCorpus) -> None:
    mine.add([*clips_of("left", 1), *clips_of("right", 1)])
    app = select(open_words("Clips"), 0)
    assert "**left** ·" in read(app)
    keyed(app.text_input, "clips_search").set_value("right").run()
    healthy(app)
    assert _table(app) == ["right/anna-0.wav"]
    assert "**right** ·" not in read(app), "nobody chose it"


def test_a_word_is_renamed_and_merged_with_another(mine: OwnCorpus) -> None:
    mine.add([*clips_of("left", 2), *clips_of("lft", 1)])
    app = open_words("Clips")
    assert button(app, "Rename").disabled
    keyed(app.selectbox, "rename_old").set_value("lft")
    keyed(app.text_input, "rename_new").set_value(" lft ").run()
    assert button(app, "Rename").disabled, "it has that name"
    keyed(app.text_input, "rename_new").set_value("_x").run()
    assert ["cannot be a label" in error.value for error in app.error] == [True]
    keyed(app.text_input, "rename_new").set_value(" left ").run()
    assert button(app, "Merge")
    assert "There is a word “left” already. Merging gives it the 1 clip of “lft”: 3 together." in read(app)
    app.button(key="rename").click().run()
    healthy(app)
    assert "'lft' merged into 'left' (1 clip)" in read(app)
    assert "**left** 3" in read(app)
    button(app, "Undo").click().run()
    healthy(app)
    assert Counter(clip.label for clip in mine.clips()) == {"left": 2, "lft": 1}, "apart as before"


def test_a_word_that_is_looked_at_can_be_renamed(mine: OwnCorpus) -> None:
    mine.add([*clips_of("left", 2), *clips_of("right", 1)])
    app = open_words("Clips")
    keyed(app.selectbox, "clips_word").set_value("left").run()
    keyed(app.selectbox, "rename_old").set_value("left")
    keyed(app.text_input, "rename_new").set_value("links").run()
    app.button(key="rename").click().run()
    healthy(app)
    assert not app.error
    assert Counter(clip.label for clip in mine.clips()) == {"links": 2, "right": 1}
    assert len(_table(app)) == 3, "no filter is left of a word that is gone"


def _labels(app: AppTest) -> list[str]:
    return [one.label for one in app.button if one.key and one.key.startswith("review-")]


def _one_by_one(app: AppTest, *decisions: str) -> AppTest:
    for key in decisions:
        app.button(key=key).click().run()
        healthy(app)
    return app


def test_clips_are_decided_one_by_one_and_each_decision_is_undone(mine: OwnCorpus) -> None:
    mine.add([*clips_of("left", 2), *clips_of("right", 2)])
    app = open_words("Clips")
    app.segmented_control(key="clips_view").set_value("One by one").run()
    healthy(app)
    assert "**4** to look at, 0 kept." in read(app)
    assert "left/anna-0.wav · 1 of 4" in read(app)
    assert _labels(app) == ["Keep", "Discard", "Back", "Next", "left", "right"]
    assert [one.proto.shortcut for one in app.button if one.key and one.key.startswith("review-")] == list("kdbn12")
    _one_by_one(app, "review-keep")
    assert "**3** to look at, 1 kept." in read(app)
    assert "left/anna-1.wav · 1 of 3" in read(app)
    _one_by_one(app, "review-word-2")
    assert "**right** · anna" in read(app), "it stays open under its new word"
    _one_by_one(app, "review-next", "review-discard")
    assert "1 clip deleted: right/anna-0.wav." in read(app)
    assert "right/anna-1.wav · 2 of 2" in read(app)
    assert app.button(key="review-next").disabled
    assert Counter(clip.label for clip in mine.clips()) == {"left": 1, "right": 2}
    assert [clip.original for clip in mine.clips() if clip.kept] == ["left/anna-0.wav"]
    for said, opened in (
        ("1 clip deleted", "right/anna-0"),
        ("labelled 'right'", "left/anna-1"),
        ("1 clip kept", "left/anna-0"),
    ):
        app.button(key="undo").click().run()
        healthy(app)
        assert f"{said}." in read(app)
        assert f"{opened}.wav · " in read(app), "the clip is open again"
    assert Counter((clip.label, clip.kept) for clip in mine.clips()) == {("left", False): 2, ("right", False): 2}
    _one_by_one(app, *["review-keep"] * 4)
    assert "You have kept all of these." in read(app)
    app.toggle(key="review_all").set_value(True).run()
    assert "· 4 of 4" in read(app)


def _drag(app: AppTest, clip: OwnClip, *edges: float) -> AppTest:
    """Move the ends of the open clip, as the browser says it."""
    app.session_state[f"trim-{clip.path.name}"] = AttributeDictionary({"edges": list(edges)})
    app.run()
    healthy(app)
    return app


def test_a_clip_is_trimmed_from_the_list_and_made_whole_again(mine: OwnCorpus) -> None:
    mine.add([*clips_of("left", 2)])
    clip = mine.clips()[0]
    app = select(open_words("Clips"), 0)
    app.button(key="trim-clip").click().run()
    healthy(app)
    assert "left/anna-0.wav · 1 of 2" in read(app)
    _drag(app, clip, 0.1, 0.6)
    assert _labels(app)[0] == "Keep trimmed"
    _one_by_one(app, "review-keep")
    trimmed = mine.clip(clip.id)
    assert (trimmed.trim, trimmed.seconds, trimmed.kept) == ((0.1, 0.6), 0.5, True)
    app.toggle(key="review_all").set_value(True).run()
    _one_by_one(app, "review-back")
    assert "0.50 s, trimmed from 0.75 s" in read(app)
    assert _labels(app)[0] == "Keep"
    _drag(app, trimmed, 0, 0.75)
    assert _labels(app)[0] == "Restore whole clip"
    _one_by_one(app, "review-keep")
    assert mine.clip(clip.id) == clip
    app.button(key="undo").click().run()
    assert mine.clip(clip.id) == trimmed


def test_a_problem_is_gone_once_its_clip_is_kept(mine: OwnCorpus) -> None:
    _odd(mine)
    app = open_words("Clips")
    app.toggle(key="clips_doubtful").set_value(True).run()
    app.segmented_control(key="clips_view").set_value("One by one").run()
    healthy(app)
    assert "· 1 of 3" in read(app)
    _one_by_one(app, *["review-keep"] * 3)
    assert app.toggle(key="clips_doubtful").label == "Possible problems (0)"
    assert sum(clip.kept for clip in mine.clips()) == 3


def _odd(mine: OwnCorpus) -> None:
    """Three good clips; one too quiet, one clipped, one a duplicate."""
    good = clips_of("left", 3)
    quiet = np.pad(tone(500, 0.4) * 0.004, 4000)
    loud = np.pad(np.clip(tone(500, 0.4) * 4, -1, 1), 4000)
    mine.add(good)
    mine.add([new_clip(wav(quiet), "left", "anna", "upload", "quiet.wav"),
              new_clip(wav(loud), "left", "anna", "upload", "loud.wav")])  # fmt: skip
    mine.add([new_clip(good[0].content, "left", "anna", "upload", "twin.wav")])


def test_what_is_worth_a_look_is_said_in_plain_words(mine: OwnCorpus) -> None:
    _odd(mine)
    app = open_words("Clips")
    table = app.dataframe[0].value
    remarks = {name: said for name, said in zip(table["file"], table["problems"], strict=True) if said}
    assert remarks == {"quiet.wav": "too quiet", "loud.wav": "clipped", "twin.wav": "duplicated"}
    assert "1 too quiet" in read(app)
    assert "1 clipped" in read(app)
    assert "nothing is changed for you" in read(app)
    app.toggle(key="clips_doubtful").set_value(True).run()
    healthy(app)
    assert sorted(_table(app)) == ["loud.wav", "quiet.wav", "twin.wav"]
    select(app, _table(app).index("quiet.wav"))
    assert "Speak closer to the microphone" in read(app)
    assert len(mine.clips()) == 6, "said, and nothing done"


def test_when_nothing_is_doubtful_any_more_all_clips_are_seen(mine: OwnCorpus) -> None:
    mine.add(clips_of("left", 3))
    mine.add([new_clip(wav(np.pad(tone(500, 0.4) * 0.004, 4000)), "left", "anna", "upload", "quiet.wav")])
    app = open_words("Clips")
    app.toggle(key="clips_doubtful").set_value(True).run()
    assert _table(app) == ["quiet.wav"]
    select(app, 0)
    button(app, "Delete 1 clip").click().run()
    healthy(app)
    assert len(mine.clips()) == 3
    assert len(_table(app)) == 3


def test_a_corpus_is_taken_away_and_brought_back(mine: OwnCorpus) -> None:
    mine.add([*clips_of("on/off", 2), *clips_of("灯", 1, "ben")])
    app = open_words("Clips")
    app.button(key="make-zip").click().run()
    healthy(app)
    assert app.get("download_button")[0].proto.label.startswith("Download")
    packed = app.session_state["own_zip"][2]
    app.text_input(key="new_corpus_name").set_value("Again").run()
    app.button(key="create-corpus").click().run()
    assert not app.get("download_button"), "that of another corpus"
    upload(go(app, "Upload"), ("Mine.zip", packed))
    button(app, "Add 3 clips").click().run()
    healthy(app)

    def kept(corpus: OwnCorpus) -> list[tuple[object, ...]]:
        return sorted((one.label, one.speaker, one.original, one.digest, one.added) for one in corpus.clips())

    assert kept(OwnCorpus("Again")) == kept(mine)


def test_the_map_has_every_clip_and_a_foreign_one_is_told(mine: OwnCorpus) -> None:
    mine.add([*clips_of("left", 7), *clips_of("right", 1)])
    falls = [chirp(2800, 300 + 40 * number, 0.6, seed=number) for number in range(7)]
    mine.add([new_clip(wav(fall), "fall", "ben", "upload", f"fall/{number}.wav") for number, fall in enumerate(falls)])
    wrong = chirp(2800, 310, 0.6, seed=50)
    mine.add([new_clip(wav(wrong), "left", "ben", "upload", "wrong.wav")])
    app = open_words("Clips")
    assert not [said for said in app.dataframe[0].value["problems"] if "mislabelled" in said], (
        "not before it is asked for"
    )
    button(app, "Find mislabelled clips").click().run()
    healthy(app)
    table = app.dataframe[0].value
    assert table["file"][table["problems"].str.contains("possibly mislabelled")].tolist() == ["wrong.wav"]
    select(app, int(np.flatnonzero(table["file"] == "wrong.wav")[0]))
    assert "Sounds more like “fall” than like the other clips of “left”" in read(app)
    go(app, "Map")
    assert len(app.get("vega_lite_chart")) == 1
    assert "Click a point to play its clip." in read(app)
    assert "nearest neighbours are the same word" in read(app)
    drawn = json.loads(app.get("vega_lite_chart")[0].proto.spec)
    assert {layer["encoding"]["x"]["field"] for layer in drawn["layer"]} == {"x"}
    digests, points = app.session_state["own_places"]
    assert len(digests) == 16
    assert np.abs(points).max() <= 1
    [clip] = [one for one in mine.clips() if one.original == "wrong.wav"]
    keyed(app.selectbox, "map-clip").set_value(clip.id).run()  # without a mouse
    assert len(app.get("audio")) == 1
    keyed(app.selectbox, "map-clip").set_value(None).run()
    app.session_state[app.get("vega_lite_chart")[0].key] = AttributeDictionary(
        {"selection": {"clip": [{"id": clip.id}]}}
    )
    app.run()
    healthy(app)
    assert len(app.get("audio")) == 1
    assert "**left** · ben" in read(app)
    assert "wrong.wav" in read(app)
    app.segmented_control(key="map_colour").set_value("speaker").run()
    healthy(app)
    assert "Click a point to play its clip." in read(app)
    mine.remove([clip.id])  # the map is out of date
    go(app, "Map")
    assert len(app.session_state["own_places"][0]) == 15
    assert "No mislabelled clip found: 14 clips of 2 words compared." in read(go(app, "Clips"))
    mine.add(clips_of("left", 1, first=20))
    app.run()
    assert "15 clips of 2 words compared" in read(app), "what was asked once holds for a clip added since"


def test_the_map_passes_over_a_file_that_is_gone(mine: OwnCorpus) -> None:
    mine.add(clips_of("left", 4))
    mine.clips()[0].path.unlink()
    app = open_words("Map")
    assert not app.error
    assert len(app.session_state["own_places"][0]) == 3
    select(go(app, "Clips"), 0)
    assert "cannot be played" in read(app)


def test_a_name_on_the_map_stays_with_its_group() -> None:
    """One clip far from its group, a mislabelled one say, carried the name into the middle of nowhere."""
    table = pd.DataFrame(
        {"x": [0.5] * 7, "y": [-0.5] * 6 + [0.9], "word": "lamp", "speaker": "", "file": "", "id": "a"}
    )
    names = charts.sound_map(table, "word").layer[1].data
    assert names.to_dict("records") == [{"word": "lamp", "x": 0.5, "y": -0.5}]
