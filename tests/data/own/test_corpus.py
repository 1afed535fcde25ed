"""A corpus of the user's own: what may be in it, changes that hold as a whole, undo, many at once, and what goes wrong."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from data.catalogue import NAMES, open_corpus, refer
from data.corpus import BACKGROUND_NOISE, SPLITS, CorpusReference, Progress
from data.errors import Cancelled, CorpusError, EchoicError, WorkspaceError
from data.folder import FolderCorpus
from data.names import PUBLISHED_NAMES
from data.own import corpus as own_corpus
from data.own import store as own_store
from data.own.corpus import OwnCorpus, create, delete, exists, listing
from data.own.new_clips import NewClip
from tests.support.sounds import tone, write


def new(label: str = "left", speaker: str | None = None, content: bytes | Path = b"RIFF", **more) -> NewClip:
    return replace(NewClip(label, speaker, "upload", "a.wav", content, ".wav", 0.5), **more)


def _state(corpus: OwnCorpus) -> list[tuple[object, ...]]:
    return sorted((one.id, one.label, one.speaker or "") for one in (*corpus.clips(), *corpus.noise()))


def _ids(corpus: OwnCorpus, label: str | None = None) -> list[str]:
    return [one.id for one in corpus.clips() if label in (None, one.label)]


def _files(corpus: OwnCorpus) -> set[str]:
    return {path.name for path in (corpus.path / "clips").iterdir()}


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
    ("names", "said"),
    [
        (["", " "], "has no name"), ([".hidden", "_own", "..", "dot."], r"begins with '\.' or '_', or ends with '\.'"),
        (["a/b", "a\\b", "c:", "a*", "what?", '"', "<", ">", "|"], r"cannot name a corpus: it holds [/\\:*?\"<>|]\."),
        (["con", "NUL.txt", "Com1"], "taken by a device"), (["a\0"], r"U\+0000"), (["x" * 61], "has 61 characters"),
        (["fsdd", "Speech_Commands"], "taken by a published corpus"),
    ],
)  # fmt: skip
def test_a_name_that_no_folder_can_have_is_explained(names: list[str], said: str, workspace_folder: Path) -> None:
    for name in names:
        with pytest.raises(CorpusError, match=said):
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
    assert (first.seconds, first.sound, first.measures, first.split) == (0.5, "s1", {"level": -20.5}, "test")
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
        ({"label": ""}, "label is empty"), ({"speaker": "\0"}, "not text"), ({"ending": ".exe"}, "ending is '.exe'"), ({"ending": "/../x.wav"}, "ending"),
        ({"seconds": 0.0}, "its length is"), ({"seconds": float("nan")}, "its length is"), ({"split": "moon"}, "split is one of"),
        ({"source": "theft"}, "source one of"), ({"content": Path("/nowhere/x.wav")}, "None was added"),
    ],
)  # fmt: skip
def test_one_bad_clip_and_none_is_added(bad: dict, said: str) -> None:
    corpus = create("kitchen")
    version = corpus.version
    with pytest.raises(EchoicError, match=said):
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
    write_clip = own_corpus.write_clip

    def full(content: bytes | Path, path: Path, *, flush: bool) -> str:
        if len(_files(corpus)) == 2:
            path.write_bytes(b"ha")
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_clip(content, path, flush=flush)

    monkeypatch.setattr(own_corpus, "write_clip", full)
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
    assert corpus.rename_word("lefft", " left ").text == "'lefft' merged into 'left' (3 clips)"
    assert corpus.rename_word("{clips}", "on").text == "'{clips}' renamed to 'on' (1 clip)"
    assert Counter(one.label for one in corpus.clips()) == {"left": 5, "on": 1}
    with pytest.raises(CorpusError, match="has the label 'lefft' any more"):
        corpus.rename_word("lefft", "on")
    some = _ids(corpus, "left")[:2]
    assert corpus.set_speaker(some, "Ann").text == "Speaker of 2 clips set to 'Ann'"
    assert corpus.set_speaker(some[:1], " ").text == "Speaker of 1 clip set to unknown"
    assert Counter(one.speaker for one in corpus.clips()) == {None: 5, "Ann": 1}
    assert corpus.remove([*some, "0" * 16]).text == "2 clips deleted"
    assert len(corpus.clips()) == 4
    with pytest.raises(CorpusError, match="is no longer in 'kitchen'"):
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


def test_splits_follow_lists_else_speakers_else_clips() -> None:
    corpus = create("kitchen")
    corpus.add([new("left")] * 10 + [new("right", "Ann")] * 10)
    index = corpus.index()
    assert "Clip by clip" in index.split_rule
    assert (index.speakers_known, index.speaker_disjoint) == (False, None)
    assert Counter((one.label, one.split) for one in index.clips) == {
        (label, split): 8 if split == "training" else 1 for label in ("left", "right") for split in SPLITS
    }
    with pytest.raises(CorpusError, match="10 of the clips of 'kitchen' have no speaker"):
        OwnCorpus("kitchen", "speaker").index()
    with pytest.raises(CorpusError, match="No list came"):
        OwnCorpus("kitchen", "lists").index()
    left = _ids(corpus, "left")
    corpus.set_speaker(left, "Bob")
    assert "Clip by clip" in corpus.index().split_rule, "two speakers leave a split empty"
    assert OwnCorpus("kitchen", "speaker").index().speaker_disjoint is True
    corpus.set_speaker(left[:5], "Cid")
    index = corpus.index()
    assert "No speaker appears in two splits" in index.split_rule
    assert index.speaker_disjoint is True
    assert {one.split for one in index.clips} == set(SPLITS)
    corpus.add([new("left", "Ann", split="test")])
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
    assert [(one.path, "is gone from" in one.reason) for one in index.skipped] == [(gone.path, True)]
    shutil.rmtree(corpus.path / "clips")
    with pytest.raises(CorpusError, match=r"is empty\. Record or upload some clips first\. The files of 2 are gone"):
        corpus.index()


def test_a_clip_added_while_the_files_are_read_is_not_said_to_be_gone() -> None:
    corpus = create("kitchen")
    corpus.add([new()])

    def add_another(_: Progress) -> None:
        if len(corpus.clips()) == 1:
            corpus.add([new("right")])

    assert corpus.index(add_another).skipped == ()
    assert len(corpus.clips()) == 2
