"""A damaged run is one row that says so: no list, page or training beside it notices.

Stored files are damaged in every way that a disk, an editor or another program can: as a whole, and value by value. What
reads them may raise `EchoicError`, whose text is a sentence, and nothing else.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audio_models.cli import main as cli
from audio_models.jobs import launch, runs
from audio_models.jobs.progress import format_duration, format_progress
from audio_models.jobs.runs import Run
from audio_models.lab import comparison, comparison_results, memory, verdict
from audio_models.listening import detection, streaming_evaluation
from audio_models.recognition import evaluation
from audio_models.training import estimate
from data.errors import EchoicError
from tests.support import old_workspace
from tests.support.pages import open_page, text_of

Step = str | int
_NESTED = "[" * 200_000

WHOLE: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "another encoding": lambda path: path.write_bytes("\ufeff{}".encode("utf-16")),
    "not UTF-8": lambda path: path.write_bytes(b'{"name": "\xff\xfe"}'),
    "200,000 brackets": lambda path: path.write_text(_NESTED),
    "200,000 brackets in a value": lambda path: path.write_text('{"stage": ' + _NESTED + "]" * 200_000 + "}"),
    "a list": lambda path: path.write_text("[[1, 2]]"),
    "a number": lambda path: path.write_text("7"),
    "nothing": lambda path: path.write_text("null"),
    "NaN": lambda path: path.write_text("NaN"),
    "zeros": lambda path: path.write_bytes(bytes(100)),
    "gone": Path.unlink,
    "a folder": lambda path: (path.unlink(), path.mkdir())[0],
}

_RAW = "@raw@"
VALUES: list[Any] = [
    None, True, "x", "", -1, 0, 2.5, 1e308, [], {}, [[1]], {"x": 1}, f"{_RAW}1{'0' * 400}", f"{_RAW}-1{'0' * 400}", f"{_RAW}NaN",
    f"{_RAW}1e999", f"{_RAW}{'[' * 2000}{']' * 2000}", "\ud800", "x" * 10_000,
]  # fmt: skip


def _paths(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """The path of each value within a JSON value; of a list its first entries stand for all."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from _paths(entry, (*path, name))
    elif isinstance(value, list):
        for number, entry in enumerate(value[:1]):
            yield from _paths(entry, (*path, number))


def _changed(value: Any, path: tuple[Step, ...], new: Any) -> str:
    """The JSON text of `value` with another value at `path`; without that value where `new` is `...`."""
    made = copy.deepcopy(value)
    place = made
    for step in path[:-1]:
        place = place[step]
    if new is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    text = json.dumps(made)
    return text.replace(f'"{new}"', new.removeprefix(_RAW)) if isinstance(new, str) and new.startswith(_RAW) else text


def _look(read: Callable[[], object]) -> None:
    """Read something that may be damaged: a fault other than a sentence fails the test."""
    said = "."
    try:
        read()
    except EchoicError as error:
        said = str(error)
    assert said.endswith("."), said
    assert "\n" not in said


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("old") / "workspace"
    old_workspace.unpack(old_workspace.ARCHIVE, home)
    return home


@pytest.fixture
def healthy(old: Path, workspace_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A queued run in a workspace with two others, which listens and was evaluated, and the lab's jobs."""
    for name in ("runs/20261101-090300-gru-0003", "runs/20261101-090600-lstm-0006", "memory", "comparisons"):
        shutil.copytree(old / name, workspace_folder / name)
    options = cli.parser(cli.COMMANDS)
    monkeypatch.setattr(cli, "parser", lambda _: options)  # hundreds of times the same
    config = Run(old / "runs" / "20261101-090100-gru-0001").config
    return runs.create(replace(config, name="healthy"))


def _beside(healthy: Run) -> None:
    """What must go on beside a damaged run."""
    assert healthy.id in {run.id for run in runs.listing()}
    assert runs.find("healthy") == healthy
    assert runs.find(healthy.id) == healthy
    assert runs.usable()
    assert runs.next_name("GRU") == "GRU 1"
    assert launch.ahead_of(healthy) == []
    assert estimate.training_seconds(healthy.config, 10) > 0


def _read_everything(run: Run) -> None:
    for name in ("name", "created", "created_text", "config", "history", "best_epoch", "has_model", "start", "start_name", "damage", "queued_since", "card"):  # fmt: skip
        _look(lambda name=name: getattr(Run(run.folder), name))
    _look(lambda: format_progress(run.state) + format_duration(run.state.seconds))
    _look(run.is_alive)
    _look(lambda: detection.load_settings(run))
    for split in ("validation", "test"):
        _look(lambda split=split: evaluation.load_cached(run, None, split))
        _look(lambda split=split: streaming_evaluation.load_cached(run, split))


FILES = [
    "config.json", "state.json", "process.json", "history.json", "detection.json", "benches/test.json", "evaluations/test-*.json",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_damaged_as_a_whole(healthy: Run, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = runs.find("20261101-090300-gru-0003")
    [path] = run.folder.glob(name)
    before = path.read_bytes()
    for how, spoil in WHOLE.items():
        spoil(path)
        _read_everything(run)
        _beside(healthy)
        harmless = name not in ("config.json", "state.json", "history.json") or (name, how) == ("history.json", "gone")
        assert (Run(run.folder).damage is None) == harmless, how
        assert cli.main(["runs"]) == 0
        row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(run.id))
        assert ("damaged" in row) == (not harmless), how
        if path.is_dir():
            path.rmdir()
        path.write_bytes(before)


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_one_wrong_value(healthy: Run, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = runs.find("20261101-090300-gru-0003")
    [path] = run.folder.glob(name)
    before = path.read_bytes()
    value = json.loads(before)
    for turn, place in enumerate(_paths(value)):
        for number, new in enumerate([*VALUES, ...][turn % 3 :: 3]):  # every third one: all of them take minutes
            path.write_text(_changed(value, place, new), encoding="utf-8")
            _read_everything(run)
            if number % 3 == turn % 3:
                _beside(healthy)
                assert cli.main(["runs"]) == 0, (place, new)
    path.write_bytes(before)
    assert Run(run.folder).damage is None


@pytest.mark.parametrize("name", ["config.json", "state.json", "runs/simple_rnn-0/config.json", "points.json", "runs/simple_rnn-0/measures.json", "runs/simple_rnn-0/history.json"])  # fmt: skip
def test_the_lab_s_jobs(healthy: Run, name: str) -> None:
    job = memory.listing()[0] if name == "points.json" else comparison.listing()[0]
    path = job.folder / name
    before = path.read_bytes()

    def read() -> None:
        for found in (memory.listing(), comparison.listing()):
            assert len(found) == 1
            _look(lambda found=found: found[0].damage or found[0].state)
        [measured], [compared] = memory.listing(), comparison.listing()
        _look(lambda: measured.points)
        _look(lambda: verdict.findings(comparison_results.results(compared)))

    for spoil in WHOLE.values():
        spoil(path)
        read()
        if path.is_dir():
            path.rmdir()
        path.write_bytes(before)
    value = json.loads(before)
    for place in _paths(value):
        for new in (None, "x", -1, 2.5, f"{_RAW}1{'0' * 400}", [], {}, ...):
            path.write_text(_changed(value, place, new))
            read()


def _damaged_copies(folder: Path) -> int:
    """Put copies of a run or job in its place, each damaged in a way of its own; how many there are."""
    ways = [(how, name) for how in ("a folder", "another encoding", "200,000 brackets") for name in ("config.json", "state.json")]  # fmt: skip
    for number, (how, name) in enumerate(ways):
        spoilt = shutil.copytree(folder, folder.with_name(f"{folder.name}{number}"))
        WHOLE[how](spoilt / name)
    shutil.rmtree(folder)
    return len(ways)


def test_pages_show_each_damaged_run_as_one_row(healthy: Run) -> None:
    """A 400-digit number in config.json stopped Predict and Train; brackets in state.json stopped Train and Evaluate."""
    damaged = sum(_damaged_copies(run.folder) for run in runs.listing() if run != healthy)
    jobs = {"memory": ("Measurement", memory.listing()), "compare": ("Comparison", comparison.listing())}
    for _, [job] in jobs.values():
        _damaged_copies(job.folder)
    for page in ("train", "predict", "evaluate", "inside", "words"):
        app = open_page(page)
        if page == "train":
            rows = app.dataframe[0].value
            assert rows["state"].str.startswith("damaged").sum() == damaged
    for page, (title, [job]) in jobs.items():
        app = open_page(page)
        options = next(box for box in app.selectbox if box.label == title).options
        spoilt = [number for number, option in enumerate(options) if option.endswith("(damaged)")]
        assert len(spoilt) == len(list(job.folder.parent.glob(f"{job.folder.name}?")))
        assert not app.error, "one that comes with Echoic is shown"
        for number in spoilt:
            next(box for box in app.selectbox if box.label == title).select_index(number).run()
            assert "is damaged (" in text_of(app)


def test_a_training_starts_beside_a_damaged_one(healthy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    spawned: list[Run] = []
    monkeypatch.setattr(launch, "spawn", spawned.append)
    damaged = runs.find("20261101-090300-gru-0003")
    for name in ("config.json", "state.json", "process.json", "history.json"):
        WHOLE["200,000 brackets"](damaged.folder / name)
    launch.start(replace(healthy.config, name="another"))
    assert [run.name for run in spawned] == ["another"]
    assert [run.name for run in launch.ahead_of(spawned[0])] == ["healthy"]


def test_a_damaged_job_says_which_file_and_why(healthy: Run) -> None:
    run = runs.find("20261101-090300-gru-0003")
    path = run.folder / "state.json"
    path.write_text(path.read_text().replace('"epoch": 5', '"epoch": "5"'))
    assert run.damage == f"{path} is damaged (Expected `int`, got `str` - at `$.epoch`). Something other than Echoic changed it."  # fmt: skip
    assert run.id in [one.id for one in runs.usable()], "its network still answers"
