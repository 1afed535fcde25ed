"""Your words: a corpus is begun, chosen and deleted; and two pages at once lose nothing."""

from __future__ import annotations

from collections import Counter

import pytest
from streamlit.runtime import Runtime

from data.own import corpus as own_corpus
from data.own.corpus import OwnCorpus
from tests.support.pages import button, healthy
from tests.support.words import (
    clips_of,
    go,
    labels,
    open_words,
    read,
    record,
    select,
    tones,
)


def test_the_first_visit_begins_a_corpus() -> None:
    app = open_words()
    assert "five minutes to a network" in read(app)
    assert len(app.segmented_control) == 0, "one thing to do, and no other"
    button(app, "Begin").click().run()
    healthy(app)
    assert own_corpus.listing() == ["My words"]
    assert "No clips yet." in read(app)
    assert "Type a word to record it." in read(app)
    assert "Undo" not in labels(app)
    for section, said in (
        ("Upload", "You see a preview before anything is added"),
        ("Clips", "Record or upload some clips first."),
        ("Map", "Record or upload at least 3 clips"),
        ("Teach", "at least two words with 5 clips each"),
    ):
        assert said in read(go(app, section)), section
        assert not app.error, section


def test_a_name_that_cannot_be_is_one_sentence() -> None:
    app = open_words()
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
    app = open_words()
    app.text_input(key="new_corpus_name").set_value("MINE").run()
    app.button(key="create-corpus").click().run()
    healthy(app)
    assert ["There is a corpus 'Mine' already" in error.value for error in app.error] == [True]
    app.text_input(key="new_corpus_name").set_value("Ours").run()
    app.button(key="create-corpus").click().run()
    healthy(app)
    assert own_corpus.listing() == ["Mine", "Ours"]
    assert app.selectbox[0].value == "Ours"
    assert button(app, "Delete corpus").disabled, "not by one click"
    next(one for one in app.toggle if one.label.startswith("Delete “Ours” and all its clips")).set_value(True).run()
    button(app, "Delete corpus").click().run()
    healthy(app)
    assert own_corpus.listing() == ["Mine"]
    assert app.selectbox[0].value == "Mine"


def test_the_corpus_that_is_chosen_is_the_one_that_is_shown(mine: OwnCorpus) -> None:
    mine.add(clips_of("left", 2))
    own_corpus.create("Ours").add(clips_of("right", 3))
    app = open_words()
    assert "**left** 2" in read(app)
    for name, said in (("Ours", "**right** 3"), ("Mine", "**left** 2"), ("Ours", "**right** 3")):
        app.selectbox[0].set_value(name).run()
        healthy(app)
        assert app.selectbox[0].value == name
        assert said in read(app)
    app.switch_page("app_pages/memory.py").run()
    app.switch_page("app_pages/words.py").run()
    healthy(app)
    assert app.selectbox[0].value == "Ours", "after another page, too"


def test_deleted_clips_are_kept_until_they_are_to_be_forgotten(mine: OwnCorpus) -> None:
    mine.add(clips_of("left", 3))
    gone = mine.clips()[0]
    mine.remove([gone.id])
    assert gone.path.is_file()
    app = open_words()
    button(app, "Remove deleted clips").click().run()
    healthy(app)
    assert "1 clip removed from the disk" in read(app)
    assert not gone.path.exists()
    assert "Undo" not in labels(app)
    assert all(clip.path.is_file() for clip in mine.clips())
    assert len(mine.clips()) == 2


def test_two_sessions_that_add_and_delete_at_the_same_time_lose_nothing(
    mine: OwnCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.add([*clips_of("left", 3), *clips_of("right", 3)])
    one, other = open_words(), open_words("Clips")
    record(one, tones(500, 700, 900), "lamp", "anna")
    select(other, 0, 1)  # three of left come first
    write = own_corpus.write_clip
    meanwhile: list[str] = []

    def kept_while_the_other_deletes(*arguments, **options) -> str:
        """The first clip is being written: now the other page deletes."""
        if not meanwhile:
            meanwhile.append("deleted")
            runtime = Runtime._instance  # a second run takes it away from the first
            button(other, "Delete 2 clips").click().run()
            Runtime._instance = runtime
        return write(*arguments, **options)

    monkeypatch.setattr(own_corpus, "write_clip", kept_while_the_other_deletes)
    button(one, "Keep 3 takes").click().run()
    assert meanwhile
    healthy(one)
    healthy(other)
    assert "3 takes of “lamp” kept" in read(one)
    assert "2 clips deleted" in read(other)
    assert Counter(clip.label for clip in mine.clips()) == {"lamp": 3, "left": 1, "right": 3}
    other.run()
    assert "**lamp** 3" in read(other), "each sees what the other did"
    assert "**lamp** 3, **right** 3, **left** 1" in read(one)
    assert all(clip.path.is_file() for clip in mine.clips())


def test_rows_that_were_chosen_before_another_page_added_delete_no_other_clips(mine: OwnCorpus) -> None:
    mine.add(clips_of("right", 2))
    app = select(open_words("Clips"), 0)
    mine.add(clips_of("left", 2))  # another page's, and they come first
    button(app, "Delete 1 clip").click().run()
    healthy(app)
    counts = Counter(clip.label for clip in mine.clips())
    assert counts == {"left": 2, "right": 2}, "its rows are others by now: nothing is chosen any more"


def test_a_page_that_is_behind_undoes_only_what_it_shows(mine: OwnCorpus) -> None:
    mine.add(clips_of("left", 2))
    app = open_words("Clips")
    assert "2 clips added" in button(app, "Undo").help
    mine.remove([mine.clips()[0].id])
    app.run()
    assert "1 clip deleted" in button(app, "Undo").help


def test_undo_undoes_what_its_button_names(mine: OwnCorpus) -> None:
    mine.add(clips_of("left", 2))
    app = open_words()
    assert button(app, "Undo").help == "2 clips added"
    mine.add(clips_of("right", 3))  # another page
    button(app, "Undo").click().run()
    healthy(app)
    assert Counter(clip.label for clip in mine.clips())["right"] == 3, "nobody asked to undo these"


def test_a_corpus_that_another_page_deleted_is_one_sentence_or_none(mine: OwnCorpus) -> None:
    mine.add(clips_of("left", 2))
    own_corpus.create("Ours")
    app = open_words("Clips")
    app.button(key="make-zip").click().run()
    own_corpus.delete("Mine")
    app.button(key="make-zip").click().run()
    healthy(app)
    assert app.selectbox[0].value == "Ours"
    assert "Record or upload some clips first." in read(app)
    own_corpus.delete("Ours")
    app.run()
    healthy(app)
    assert "Begin" in labels(app)
