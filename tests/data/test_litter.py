"""What a killed process leaves in the workspace is gone at the next start; what a living one writes stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from data import litter, workspace
from data.own import corpus as own_corpus
from data.own.new_clips import NewClip
from data.workspace import PROJECT

KILLED = """
import os, signal
from pathlib import Path
from data import workspace
from data.own import corpus as own_corpus, store
from data.own.new_clips import NewClip

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

corpus = own_corpus.create("kitchen")
corpus.add([NewClip("left", None, "upload", "a.wav", b"RIFF", ".wav", 0.5)])
if {adding}:
    store.Store.add = die
    corpus.add([NewClip("left", None, "upload", "b.wav", b"RIFF", ".wav", 0.5) for _ in range(3)])
with workspace.replacing(workspace.folder("runs", "one") / "checkpoint.npz") as new:
    new.write_bytes(b"half")
    die()
"""


def _killed(adding: bool) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED.format(adding=adding)], cwd=PROJECT, check=False)
    assert done.returncode < 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_process_leaves_nothing_for_long(workspace_folder: Path) -> None:
    _killed(adding=False)
    run = workspace_folder / "runs" / "one"
    assert [path.name.split("-")[0] for path in run.iterdir()] == [".new"]
    assert litter.clear(workspace_folder, litter.EVERYWHERE) == 1
    assert list(run.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_clips_that_were_being_added_by_a_killed_process_are_removed(workspace_folder: Path) -> None:
    _killed(adding=True)
    corpus = own_corpus.OwnCorpus("kitchen")
    assert len(list((corpus.path / "clips").iterdir())) == 4
    own_corpus.recover()
    assert [one.path for one in corpus.clips()] == list((corpus.path / "clips").iterdir())
    assert not list(corpus.path.glob(".adding-*"))


def test_what_this_process_writes_stays(workspace_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = own_corpus.create("kitchen")
    add = own_corpus.Store.add

    def add_after_a_start(store: own_corpus.Store, rows: list[tuple[object, ...]]) -> own_corpus.Change:
        own_corpus.recover()
        return add(store, rows)

    monkeypatch.setattr(own_corpus.Store, "add", add_after_a_start)
    corpus.add([NewClip("left", None, "upload", "a.wav", b"RIFF", ".wav", 0.5)])
    assert corpus.clips()[0].path.is_file()
    path = workspace.folder("runs") / "state.json"
    with workspace.replacing(path) as new:
        new.write_bytes(b"{}")
        assert litter.clear(workspace_folder, litter.EVERYWHERE) == 0
    assert path.read_bytes() == b"{}"


def test_a_note_that_is_damaged_costs_nothing(workspace_folder: Path) -> None:
    corpus = own_corpus.create("kitchen")
    corpus.add([NewClip("left", None, "upload", "a.wav", b"RIFF", ".wav", 0.5)])
    for number, content in enumerate(
        ["", "[]", '{"process": [1], "files": []}', '{"process": ["x", "y"], "files": [1]}']
    ):
        (corpus.path / f".adding-{number}.json").write_text(content)
    own_corpus.recover()
    assert corpus.clips()[0].path.is_file()
    assert not list(corpus.path.glob(".adding-*"))
