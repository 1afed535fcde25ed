"""Changes are undone one by one; damage is told in a sentence; many who change a corpus at once lose nothing."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.corpus import BACKGROUND_NOISE
from data.errors import CorpusError, WorkspaceError
from data.own import store as own_store
from data.own.corpus import OwnCorpus, create, delete
from data.own.new_clips import NewClip
from tests.conftest import PROJECT


def new(label: str = "left", speaker: str | None = None, content: bytes | Path = b"RIFF", **more) -> NewClip:
    return replace(NewClip(label, speaker, "upload", "a.wav", content, ".wav", 0.5), **more)


def _state(corpus: OwnCorpus) -> list[tuple[object, ...]]:
    return sorted((one.id, one.label, one.speaker or "") for one in (*corpus.clips(), *corpus.noise()))


def _ids(corpus: OwnCorpus, label: str | None = None) -> list[str]:
    return [one.id for one in corpus.clips() if label in (None, one.label)]


def _files(corpus: OwnCorpus) -> set[str]:
    return {path.name for path in (corpus.path / "clips").iterdir()}


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["add", "relabel", "rename", "speaker", "remove"]),
        st.lists(st.integers(0, 5), min_size=1, max_size=4),
        st.sampled_from(["a", "b", BACKGROUND_NOISE]),
    ),
    max_size=8,
)


def _carry_out(corpus: OwnCorpus, kind: str, places: list[int], word: str) -> own_store.Change | None:
    clips = (*corpus.clips(), *corpus.noise())
    ids = [clips[place].id for place in places if place < len(clips)]
    with contextlib.suppress(CorpusError):  # no clip has that label: nothing happens
        return {
            "add": lambda: corpus.add([new(word)] * len(places)),
            "relabel": lambda: corpus.relabel(ids, word),
            "rename": lambda: corpus.rename_word(word, "ab"[places[0] % 2]),
            "speaker": lambda: corpus.set_speaker(ids, [None, "Ann"][places[0] % 2]),
            "remove": lambda: corpus.remove(ids),
        }[kind]()
    return None


@settings(max_examples=15)
@given(CHANGES)
def test_all_changes_undone_one_after_the_other_give_what_was_before(changes: list) -> None:
    with contextlib.suppress(CorpusError):
        delete("kitchen")
    corpus = create("kitchen")
    corpus.add([new("a"), new("b", "Bob")])
    states, numbers, versions = [], [], [corpus.version]
    for change in changes:
        state = _state(corpus)
        made = _carry_out(corpus, *change)
        if made is not None and made.number:
            states.append(state)
            numbers.append(made.number)
            versions.append(corpus.version)
            assert corpus.last_change() == made
    for state, number in zip(reversed(states), reversed(numbers), strict=True):
        assert corpus.last_change().number == number
        assert corpus.undo().can_be_undone is False
        versions.append(corpus.version)
        assert _state(corpus) == state
    assert versions == sorted(set(versions)), "every change has a version of its own"


def test_undo_leaves_alone_what_was_changed_since() -> None:
    corpus = create("kitchen")
    corpus.add([new("a")] * 3)
    ids = _ids(corpus)
    first = corpus.relabel(ids, "b")
    corpus.relabel(ids[:1], "c")
    undone = corpus.undo(first.number)
    assert undone.text == "Undone: 3 clips labelled 'b'"
    assert undone.clips == 2
    assert [corpus.clip(id).label for id in ids] == ["c", "a", "a"]
    with pytest.raises(CorpusError, match="is already undone"):
        corpus.undo(first.number)
    with pytest.raises(CorpusError, match="nothing to undo"):
        corpus.undo(undone.number)


def test_purging_removes_the_files_for_good_and_forgets() -> None:
    corpus = create("kitchen")
    corpus.add([new()] * 3)
    gone = _ids(corpus)[:2]
    corpus.remove(gone)
    assert len(_files(corpus)) == 3, "until then it can be undone"
    version = corpus.version
    just_added = corpus.path / "clips" / "being-added.wav"
    just_added.touch()
    assert corpus.purge() == 2
    assert _files(corpus) == {corpus.clips()[0].path.name, just_added.name}
    assert corpus.version > version
    assert corpus.last_change() is None
    with pytest.raises(CorpusError, match="nothing to undo"):
        corpus.undo()


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough" * 100, None, "cut"])
def test_a_damaged_database_is_told_in_a_sentence(content: bytes | str | None) -> None:
    corpus = create("kitchen")
    corpus.add([new()] * 100)
    path = corpus.path / "corpus.sqlite"
    whole = path.read_bytes()
    if content is None:
        content = whole[:4096] + bytes(len(whole) - 4096)
    path.write_bytes(whole[: len(whole) // 2] if content == "cut" else content)
    for call in (corpus.clips, lambda: corpus.add([new()]), corpus.index, corpus.last_change, corpus.purge):
        with pytest.raises(CorpusError, match=r"database of the corpus 'kitchen' is damaged .*import that folder"):
            call()


def test_a_damaged_row_and_a_newer_database_are_told() -> None:
    corpus = create("kitchen")
    corpus.add([new()])
    with contextlib.closing(sqlite3.connect(corpus.path / "corpus.sqlite")) as connection:
        connection.execute("UPDATE clips SET measures = '{'")
        connection.commit()
        with pytest.raises(CorpusError, match="is damaged"):
            corpus.clips()
        connection.execute("PRAGMA user_version = 3")
        connection.commit()
    with pytest.raises(CorpusError, match="newer Echoic"):
        corpus.clips()


def test_a_database_without_trims_is_read_as_it_is_and_gets_them_with_the_first_change() -> None:
    corpus = create("kitchen")
    corpus.add([new(), new("right")])
    before = corpus.clips()
    with contextlib.closing(sqlite3.connect(corpus.path / "corpus.sqlite")) as connection:
        connection.executescript(
            "ALTER TABLE clips DROP COLUMN trim; ALTER TABLE clips DROP COLUMN kept; PRAGMA user_version = 1"
        )
        assert corpus.clips() == before
        assert corpus.purge() == 0
        corpus.keep([before[0].id])
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert [clip.kept for clip in corpus.clips()] == [True, False]
    assert corpus.undo().text == "Undone: 1 clip kept"
    assert corpus.clips() == before


def test_a_trim_of_a_clip_that_is_gone_leaves_no_file() -> None:
    corpus = create("kitchen")
    corpus.add([new()])
    [clip] = corpus.clips()
    corpus.remove([clip.id])
    files = _files(corpus)
    with pytest.raises(CorpusError, match="another tab may have removed"):
        corpus.trim(clip.id, new(), 0.0, 0.3)
    assert _files(corpus) == files


def test_a_corpus_that_another_page_holds_for_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = create("kitchen")
    monkeypatch.setattr(own_store, "_PATIENCE", 0.05)
    with contextlib.closing(sqlite3.connect(corpus.path / "corpus.sqlite")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(WorkspaceError, match="Another tab has been changing"):
            corpus.add([new()])
    assert _files(corpus) == set()
    assert corpus.add([new()]).clips == 1


_BUSY = """
import sys
from data.own.corpus import OwnCorpus
from data.own.new_clips import NewClip
corpus, name = OwnCorpus("kitchen"), sys.argv[1]
for number in range(12):
    corpus.add([NewClip(name, None, "upload", f"{number}.wav", b"RIFF", ".wav", 0.5)] * 3)
    mine = [one.id for one in corpus.clips() if one.label == name]
    corpus.remove(mine[:1])
    corpus.set_speaker(mine[1:2], name)
"""


def test_threads_and_processes_that_change_it_at_once_lose_nothing() -> None:
    corpus = create("kitchen")
    corpus.add([new("shared")] * 60)
    version = corpus.version
    shared = _ids(corpus)
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for place in range(10):
                OwnCorpus("kitchen").relabel([shared[10 * number + place]], f"thread {number}")
                OwnCorpus("kitchen").add([new(f"new {number}")] * 2)
        except BaseException as error:
            failed.append(error)

    processes = [subprocess.Popen([sys.executable, "-c", _BUSY, name], cwd=PROJECT) for name in ("one", "two")]
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(60) for process in processes] == [0, 0]
    assert failed == []
    assert Counter(one.label for one in corpus.clips()) == {
        "one": 24, "two": 24, "shared": 20, **{f"thread {number}": 10 for number in range(4)}, **{f"new {number}": 20 for number in range(4)},
    }  # fmt: skip
    # three changes a round of a process, two a round of a thread: none was swallowed
    assert corpus.version == version + 2 * 12 * 3 + 4 * 10 * 2
    assert len(_files(corpus)) == 60 + 2 * 36 + 4 * 20


def test_two_who_make_the_same_corpus_make_one() -> None:
    made: list[str] = []

    def work() -> None:
        try:
            create("kitchen").add([new()])
            made.append("made")
        except CorpusError:
            made.append("was there")

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(made) == {"made": 1, "was there": 5}
    assert len(OwnCorpus("kitchen").clips()) == 1


def test_many_clips_are_one_change() -> None:
    corpus = create("kitchen")
    corpus.add([new(f"word {number % 7}") for number in range(1000)])
    assert len(corpus.index().clips) == 1000
    # more of them than a statement may have parameters
    assert corpus.relabel(_ids(corpus) * 40, "one").clips == 1000
    assert corpus.undo().clips == 1000
    assert corpus.index().labels == tuple(f"word {number}" for number in range(7))
