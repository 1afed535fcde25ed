"""Processes killed at random moments: trainings, and changes of a corpus."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from pathlib import Path

from audio_models.jobs import runs
from benchmarks.faults import subject
from benchmarks.faults.result import Result
from data import litter, workspace
from data.own import corpus as own_corpus
from data.own.corpus import OwnCorpus

_BATCH = 7  # clips added at once: a corpus always holds a multiple
_CHANGES = f"""
import random
from data.own.corpus import OwnCorpus
from data.own.new_clips import NewClip
corpus, chance = OwnCorpus("kitchen"), random.Random()
print("ready", flush=True)
while True:
    content = bytes(chance.randrange(256) for _ in range(64))
    corpus.add([NewClip(chance.choice(["left", "right"]), None, "upload", "a.wav", content * 200, ".wav", 0.5) for _ in range({_BATCH})])
    ids = [one.id for one in corpus.clips()]
    corpus.trim(chance.choice(ids), NewClip("left", None, "upload", "a.wav", content, ".wav", 0.3), 0.1, 0.4)
    corpus.relabel(chance.sample(ids, 5), "up")
    corpus.undo()
"""


def trainings(clips: Path, tries: int) -> Result:
    """Kill a training again and again, and resume it each time: at the end it is what an unbroken one is."""
    expected, seconds = subject.unbroken(clips)
    chance = random.Random(0)
    losses: list[str] = []
    stopped = 0
    run = subject.create(clips)
    for number in range(tries):
        process = subject.started(run)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.1, seconds))
        stopped += process.poll() is None
        process.kill()
        process.wait()
        state = run.state.status
        if state not in ("interrupted", "finished"):
            losses.append(f"kill {number}: {state}")
        if state == "finished":
            losses += _differs(run, expected)
            run = subject.create(clips)
    subject.started(run).wait(subject.PATIENCE)
    losses += _differs(run, expected)
    litter.clear(workspace.root(), litter.EVERYWHERE)
    losses += [f"{path} is left" for one in runs.listing() for path in one.folder.rglob(f"{workspace.UNFINISHED}*")]
    return Result("a training killed, and resumed to the end", tries, stopped, losses)


def _differs(run: runs.Run, expected: tuple[object, ...]) -> list[str]:
    if run.state.status != "finished":
        return [f"{run.id} is {run.state.status}: {run.state.error}"]
    return [] if subject.outcome(run) == expected else [f"{run.id} is not what an unbroken training gives"]


def changes(tries: int) -> Result:
    """Kill a process that adds, trims and changes clips: each change happened whole or not at all, and nothing is left."""
    corpus = own_corpus.create("kitchen")
    chance = random.Random(0)
    losses = []
    for number in range(tries):
        process = subprocess.Popen([sys.executable, "-c", _CHANGES], cwd=workspace.PROJECT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.0, 0.5))
        process.kill()
        process.communicate()
        own_corpus.recover()
        losses += [f"kill {number}: {one}" for one in _wrong(corpus)]
    own_corpus.delete("kitchen")
    return Result("a corpus killed in the middle of a change", tries, tries, losses)


def _wrong(corpus: OwnCorpus) -> list[str]:
    clips = corpus.clips()
    named = {path.name for one in clips for path in (one.path, one.whole)}
    there = {path.name for path in (corpus.path / "clips").iterdir()}
    undone = {path.name for path in (corpus.path / "clips").iterdir() if "-" in path.name}  # trims, until a purge
    found = [] if len(clips) % _BATCH == 0 else [f"{len(clips)} clips"]
    found += [f"{name} is gone" for name in named - there]
    return [*found, *(f"{name} is left" for name in there - named - undone)]
