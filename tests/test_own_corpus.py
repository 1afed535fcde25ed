"""A corpus of the user's own: what may be in it, changes that hold as a whole, undo, many at once, and what goes wrong."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import own_corpus, own_store
from data.catalogue import NAMES, CorpusReference, open_corpus, refer
from data.corpus import BACKGROUND_NOISE, SPLITS, Progress
from data.errors import Cancelled, CorpusError, HarkError, WorkspaceError
from data.folder import FolderCorpus
from data.names import PUBLISHED_NAMES, clean_label, clean_original, clean_speaker, file_name
from data.own_corpus import NewClip, OwnCorpus, create, delete, exists, listing
from tests.conftest import PROJECT
from tests.sounds import tone, write


def new(label: str = "left", speaker: str | None = None, content: bytes | Path = b"RIFF", **more) -> NewClip:
    return replace(NewClip(label, speaker, "upload", "a.wav", content, ".wav", 0.5), **more)


def _state(corpus: OwnCorpus) -> list[tuple[object, ...]]:
    return sorted((one.id, one.label, one.speaker or "") for one in (*corpus.clips(), *corpus.noise()))


def _ids(corpus: OwnCorpus, label: str | None = None) -> list[str]:
    return [one.id for one in corpus.clips() if label in (None, one.label)]


def _files(corpus: OwnCorpus) -> set[str]:
    return {path.name for path in (corpus.path / "clips").iterdir()}


# ------------------------------------------------------------------ text


@given(st.text(max_size=80))
def test_a_clean_label_stays_as_it_is_and_is_text(text: str) -> None:
    try:
        label = clean_label(text)
    except CorpusError as error:
        said = str(error)
        label = None
    if label is None:
        assert len(said.encode()) < 400, "short, and no half of a surrogate in what is printed"
        return
    assert clean_label(label) == label == unicodedata.normalize("NFC", label)
    assert 1 <= len(label) <= 60
    assert label == " ".join(label.split())


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("  turn \t left\n", "turn left"),
        ("e\u0301", "é"),
        ("a/b\\c:*?", "a/b\\c:*?"),
        ("👩‍🚀", "👩‍🚀"),
        ("_silence_", "_silence_"),
    ],
)
def test_labels_are_made_clean(text: str, label: str) -> None:
    assert clean_label(text) == label
    assert clean_speaker(text) == label


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"), (" \n", "is empty"), ("a\0b", r"U\+0000"), ("a\x1bb", r"U\+001B"), ("a\ud800", r"U\+D800"),
        ("x" * 61, "61 characters"), ("_private", "begin with '_'"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_label_is_explained(text: str, said: str) -> None:
    with pytest.raises(CorpusError, match=said):
        clean_label(text)


def test_no_speaker_is_none_and_a_speaker_is_bounded() -> None:
    assert clean_speaker(None) is clean_speaker("") is clean_speaker("  ") is None
    assert clean_speaker("_ann") == "_ann"
    with pytest.raises(CorpusError, match=r"speaker 'y{40}…' has 5,000 characters"):
        clean_speaker("y" * 5000)


@given(st.lists(st.text(min_size=1, max_size=60), min_size=2, max_size=2, unique=True))
def test_file_names_tell_texts_apart_and_can_be_held_everywhere(texts: list[str]) -> None:
    names = [file_name(text, reserved=("index.json",)) for text in texts]
    assert names[0] != names[1]
    for name in names:
        assert 1 <= len(name.encode()) <= 100
        assert not set(name) & set('/\\:*?"<>|\0')
        assert not name.startswith(".")
        assert not name.endswith((".", " "))
        assert name.lower() != "index.json"


def test_the_originals_name_is_text_of_bounded_length() -> None:
    assert clean_original("a\0b\n\udcff.wav") == "a�b��.wav"
    assert len(clean_original("x" * 1000)) == 255


# ------------------------------------------------------------------ corpora


@pytest.mark.parametrize("name", ["kitchen", "Küche", "命令", "👩‍🚀 words", "a.b", "x" * 60, "👩" * 60])
def test_a_corpus_is_made_listed_and_deleted(name: str, workspace_folder: Path) -> None:
    assert not exists(name)
    corpus = create(f" {name} ")
    assert corpus.title == name
    assert corpus.name == f"own:{name}"
    assert listing() == [name]
    assert exists(name)
    assert corpus.clips() == corpus.noise() == ()
    delete(name)
    assert listing() == []
    assert not corpus.is_loaded()
    assert [path.name for path in (workspace_folder / "own").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "name",
    ["", " ", ".hidden", "_own", "..", "a/b", "a\\b", "c:", "a*", "what?", '"', "<", ">", "|", "con", "NUL.txt", "Com1", "a\0", "x" * 61,
     "dot.", "fsdd", "Speech_Commands"],
)  # fmt: skip
def test_a_name_that_no_folder_can_have_is_explained(name: str, workspace_folder: Path) -> None:
    with pytest.raises(CorpusError, match=r"name|corpus"):
        create(name)
    assert not exists(name)
    assert not workspace_folder.exists()


def test_names_are_unique_whatever_the_case_and_the_unicode_form() -> None:
    create("Café")
    for name in ("café", "CAFE\u0301"):
        with pytest.raises(CorpusError, match="There is a corpus 'Café' already"):
            create(name)
    assert listing() == ["Café"]


def test_no_name_of_the_catalogue_can_be_taken() -> None:
    assert set(NAMES) <= set(PUBLISHED_NAMES)


def test_what_was_half_made_or_half_deleted_is_cleared_away(workspace_folder: Path) -> None:
    for name in (".new-1", ".old-1"):
        (workspace_folder / "own" / name / "clips").mkdir(parents=True)
        (workspace_folder / "own" / name / "corpus.sqlite").touch()
    assert listing() == []
    create("kitchen")
    assert {path.name for path in (workspace_folder / "own").iterdir()} == {".lock", "kitchen"}


def test_a_corpus_made_anew_has_a_later_version() -> None:
    corpus = create("kitchen")
    corpus.add([new()])
    before = corpus.version
    delete("kitchen")
    time.sleep(0.005)
    assert create("kitchen").version > before


def test_what_is_not_there_says_what_is() -> None:
    with pytest.raises(CorpusError, match="You have none yet"):
        OwnCorpus("gone").load()
    create("kitchen")
    for call in (
        OwnCorpus("gone").load, OwnCorpus("gone").clips, OwnCorpus("gone").index, OwnCorpus("gone").undo, OwnCorpus("gone").last_change,
        lambda: OwnCorpus("gone").add([new()]), lambda: OwnCorpus("gone").remove(["x"]), lambda: delete("gone"), lambda: OwnCorpus("gone").version,
        lambda: open_corpus("own:gone"),
    ):  # fmt: skip
        with pytest.raises(CorpusError, match=r"no corpus 'gone' of your own\. Yours are 'kitchen'"):
            call()
    assert listing() == ["kitchen"], "no empty one came up instead"


def test_the_catalogue_finds_own_corpora_before_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kitchen").mkdir()
    assert refer("kitchen").name == str(tmp_path / "kitchen")
    create("kitchen")
    assert refer("kitchen") == refer("own:kitchen") == CorpusReference("own:kitchen")
    opened = open_corpus(refer("kitchen"))
    assert isinstance(opened, OwnCorpus)
    assert opened.name == refer("kitchen").name
    assert refer("fsdd").name == "fsdd"
    with pytest.raises(CorpusError, match="your own are kitchen"):
        open_corpus(str(tmp_path / "gone"))
    with pytest.raises(CorpusError, match="takes no speaker pattern"):
        open_corpus(CorpusReference("own:kitchen", speaker_pattern="(x)"))
    with pytest.raises(CorpusError, match="cannot be made by 'moon'"):
        open_corpus(CorpusReference("own:kitchen", split_by="moon"))


# ------------------------------------------------------------------ clips


def test_a_clip_is_kept_as_it_came(tmp_path: Path) -> None:
    corpus = create("kitchen")
    path = write(tmp_path / "clip.flac", tone(300))
    before = time.time()
    change = corpus.add(
        [
            NewClip("  zwei/drei ", "Ann ", "recording", "x\n.flac", path, ".flac", 0.5, "s1", {"level": -20.5, "nothing": float("-inf")}, "test"),
            NewClip("一", None, "import", "y.mp3", b"not opened", ".mp3", 1.5, added=12.5),
        ]
    )  # fmt: skip
    assert (change.text, change.clips, change.can_be_undone) == ("2 clips added", 2, True)
    first, second = corpus.clips()
    assert first.path.read_bytes() == path.read_bytes()
    assert (first.label, first.speaker, first.source, first.original) == ("zwei/drei", "Ann", "recording", "x�.flac")
    assert (first.seconds, first.sound, first.measures, first.side) == (0.5, "s1", {"level": -20.5}, "test")
    assert before <= first.added <= time.time()
    assert (second.label, second.speaker, second.added, second.path.suffix) == ("一", None, 12.5, ".mp3")
    assert corpus.clip(first.id) == first
    # the digest is the one by which every folder of clips is known
    shutil.copy(first.path, write(tmp_path / "folder" / "w" / "a.flac", tone(1)))
    assert FolderCorpus(tmp_path / "folder").index().clips[0].digest == first.digest
    assert OwnCorpus("kitchen").clips() == corpus.clips()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"label": ""}, "label is empty"), ({"speaker": "\0"}, "no text"), ({"ending": ".exe"}, "ending is '.exe'"), ({"ending": "/../x.wav"}, "ending"),
        ({"seconds": 0.0}, "holds no sound"), ({"seconds": float("nan")}, "holds no sound"), ({"side": "moon"}, "side is one of"),
        ({"source": "theft"}, "source one of"), ({"content": Path("/nowhere/x.wav")}, "None was added"),
    ],
)  # fmt: skip
def test_one_bad_clip_and_none_is_added(bad: dict, said: str) -> None:
    corpus = create("kitchen")
    version = corpus.version
    with pytest.raises(HarkError, match=said):
        corpus.add([new(), replace(new(), **bad)])
    assert corpus.clips() == ()
    assert _files(corpus) == set()
    assert corpus.version == version
    assert corpus.last_change() is None


def test_adding_that_is_stopped_adds_none() -> None:
    corpus = create("kitchen")
    told: list[Progress] = []

    def stop(progress: Progress) -> None:
        told.append(progress)
        if progress.done == 100:
            assert len(_files(corpus)) == 100, "it was well on its way"
            raise Cancelled("no")

    with pytest.raises(Cancelled):
        corpus.add([new()] * 120, stop)
    assert (corpus.clips(), _files(corpus)) == ((), set())
    corpus.add([new()] * 120, told.append)
    assert (told[-1].done, told[-1].total) == (120, 120)


def test_a_full_disk_while_files_are_written_adds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = create("kitchen")
    keep = own_corpus.keep

    def full(content: bytes | Path, path: Path, at_once: bool) -> str:
        if len(_files(corpus)) == 2:
            path.write_bytes(b"ha")
            raise OSError(errno.ENOSPC, "No space left on device")
        return keep(content, path, at_once)

    monkeypatch.setattr(own_corpus, "keep", full)
    with pytest.raises(WorkspaceError, match=r"No space left on device\). None was added; free some disk space"):
        corpus.add([new()] * 5)
    assert (corpus.clips(), _files(corpus)) == ((), set())


def test_a_full_disk_while_the_database_is_written_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = create("kitchen")
    corpus.add([new()])
    before, files, version = _state(corpus), _files(corpus), corpus.version
    connect = sqlite3.connect

    def full(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 1")  # as many as there are: none more
        return connection

    monkeypatch.setattr(own_store.sqlite3, "connect", full)
    with pytest.raises(WorkspaceError, match="disk is full"):
        corpus.add([new(original="x" * 255)] * 500)
    monkeypatch.setattr(own_store.sqlite3, "connect", connect)
    assert (_state(corpus), _files(corpus), corpus.version) == (before, files, version)


def test_words_speakers_and_removal() -> None:
    corpus = create("kitchen")
    corpus.add([new("lefft")] * 3 + [new("left")] * 2 + [new("{clips}")])
    assert corpus.rename_word("lefft", " left ").text == "'lefft' renamed to 'left' (3 clips)"
    assert corpus.rename_word("{clips}", "on").text == "'{clips}' renamed to 'on' (1 clip)"
    assert Counter(one.label for one in corpus.clips()) == {"left": 5, "on": 1}
    with pytest.raises(CorpusError, match="has the label 'lefft' any more"):
        corpus.rename_word("lefft", "on")
    some = _ids(corpus, "left")[:2]
    assert corpus.set_speaker(some, "Ann").text == "2 clips said to be by 'Ann'"
    assert corpus.set_speaker(some[:1], " ").text == "1 clip said to be by nobody known"
    assert Counter(one.speaker for one in corpus.clips()) == {None: 5, "Ann": 1}
    assert corpus.remove([*some, "0" * 16]).text == "2 clips deleted"
    assert len(corpus.clips()) == 4
    with pytest.raises(CorpusError, match="is not in 'kitchen' any more"):
        corpus.clip(some[0])
    with pytest.raises(CorpusError, match="None of the 2 clips is in 'kitchen' any more"):
        corpus.relabel(some, "on")
    with pytest.raises(CorpusError, match="begin with '_'"):
        corpus.relabel(_ids(corpus), "_x")


def test_what_changes_nothing_is_no_change() -> None:
    corpus = create("kitchen")
    corpus.add([new("left", "Ann")])
    version = corpus.version
    for change in (
        corpus.relabel(_ids(corpus), "left"), corpus.set_speaker(_ids(corpus), "Ann"), corpus.rename_word("left", "left"),
        corpus.add([]), corpus.remove([]),
    ):  # fmt: skip
        assert (change.number, change.clips, change.can_be_undone) == (0, 0, False)
    assert corpus.version == version
    assert corpus.last_change().text == "1 clip added"


def test_noise_is_no_word() -> None:
    corpus = create("kitchen")
    corpus.add([new(BACKGROUND_NOISE, seconds=100.0), new("left")])
    assert [one.label for one in corpus.clips()] == ["left"]
    assert [one.seconds for one in corpus.noise()] == [100.0]
    assert corpus.index().noise == (corpus.noise()[0].path,)
    assert corpus.index().labels == ("left",)


# ------------------------------------------------------------------ undo

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
    with pytest.raises(CorpusError, match="was undone already"):
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


# ------------------------------------------------------------------ the index


def test_sides_follow_lists_else_speakers_else_clips() -> None:
    corpus = create("kitchen")
    corpus.add([new("left")] * 10 + [new("right", "Ann")] * 10)
    index = corpus.index()
    assert "Clip by clip" in index.split_rule
    assert (index.speakers_known, index.speaker_disjoint) == (False, None)
    assert Counter((one.label, one.split) for one in index.clips) == {
        (label, side): 8 if side == "training" else 1 for label in ("left", "right") for side in SPLITS
    }
    with pytest.raises(CorpusError, match="10 of the clips of 'kitchen' have no speaker"):
        OwnCorpus("kitchen", "speaker").index()
    with pytest.raises(CorpusError, match="No list came"):
        OwnCorpus("kitchen", "lists").index()
    left = _ids(corpus, "left")
    corpus.set_speaker(left, "Bob")
    assert "Clip by clip" in corpus.index().split_rule, "two speakers leave a side empty"
    assert OwnCorpus("kitchen", "speaker").index().speaker_disjoint is True
    corpus.set_speaker(left[:5], "Cid")
    index = corpus.index()
    assert "one side only" in index.split_rule
    assert index.speaker_disjoint is True
    assert {one.split for one in index.clips} == set(SPLITS)
    corpus.add([new("left", "Ann", side="test")])
    index = corpus.index()
    assert "lists that came" in index.split_rule
    assert Counter(one.split for one in index.clips) == {"training": 20, "test": 1}
    assert "Clip by clip" in OwnCorpus("kitchen", "clip").index().split_rule


def test_the_index_is_in_order_and_the_same_for_all_who_ask() -> None:
    corpus = create("kitchen")
    corpus.add([new(label) for label in "cabacb"])
    index = corpus.index()
    order = [(one.label, one.path.name) for one in index.clips]
    assert order == sorted(order)
    assert index == OwnCorpus("kitchen").index() == open_corpus("own:kitchen").index()


def test_renaming_keeps_every_clip_on_a_side_of_the_same_size() -> None:
    corpus = create("kitchen")
    corpus.add([new("left", f"speaker {number}") for number in range(12)])
    before = {one.path: one.split for one in corpus.index().clips}
    corpus.rename_word("left", "right")
    assert {one.path: one.split for one in corpus.index().clips} == before


def test_files_that_are_gone_are_passed_over_with_a_reason() -> None:
    corpus = create("kitchen")
    corpus.add([new(), new()])
    gone, kept = corpus.clips()
    gone.path.unlink()
    index = corpus.index()
    assert [one.path for one in index.clips] == [kept.path]
    assert [(one.path, "not in" in one.reason) for one in index.skipped] == [(gone.path, True)]
    shutil.rmtree(corpus.path / "clips")
    with pytest.raises(CorpusError, match=r"is empty\. Record or upload some clips first\. The files of 2 are gone"):
        corpus.index()


# ------------------------------------------------------------------ damage, and many at once


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
        connection.execute("PRAGMA user_version = 2")
        connection.commit()
    with pytest.raises(CorpusError, match="newer Hark"):
        corpus.clips()


def test_a_corpus_that_another_page_holds_for_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = create("kitchen")
    monkeypatch.setattr(own_store, "_PATIENCE", 0.05)
    with contextlib.closing(sqlite3.connect(corpus.path / "corpus.sqlite")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(WorkspaceError, match="being changed by another page"):
            corpus.add([new()])
    assert _files(corpus) == set()
    assert corpus.add([new()]).clips == 1


_BUSY = """
import sys
from data.own_corpus import NewClip, OwnCorpus
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


@pytest.mark.parametrize("label", ["\u200b", "\u200d\u200d", "a\u202eb", "\u2067x"])
def test_labels_that_cannot_be_seen_or_turn_the_text_are_refused(label: str) -> None:
    with pytest.raises(CorpusError):
        clean_label(label)
