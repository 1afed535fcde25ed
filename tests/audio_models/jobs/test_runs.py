"""The run folder: found by id, name or path; its state told apart; damage said in a sentence."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from audio_models.config import RunConfig
from audio_models.errors import RunError, TrainingError
from audio_models.jobs import runs
from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Epoch, Run
from audio_models.settings import to_dict
from data import workspace
from data.corpus import CorpusReference
from data.errors import EchoicError
from data.task import Task

CONFIG = RunConfig(CorpusReference("synthetic_voices"), Task(("left", "right")), name="mine")


def test_a_new_run_is_queued_and_its_configuration_comes_back() -> None:
    run = runs.create(CONFIG)
    again = Run(run.folder)
    assert again.config == CONFIG
    assert again.state.status == "queued"
    assert again.history == []
    assert not again.has_model
    assert [path.name for path in run.folder.parent.iterdir() if path.name.startswith(".")] == []


def test_found_by_id_name_and_folder() -> None:
    first = runs.create(CONFIG)
    second = runs.create(CONFIG)
    os.rename(first.folder, first.folder.with_name("20200101-000000-gru-0000"))
    first = Run(first.folder.with_name("20200101-000000-gru-0000"))
    assert runs.find(first.id) == first
    assert runs.find("mine") == second, "of one name, the newest"
    assert runs.find(str(first.folder)).folder == first.folder


@pytest.fixture
def called_commands() -> list[Run]:
    """Two runs of the user's that have the name of a bundled network: one as its name, one as its folder's."""
    named = runs.create(replace(CONFIG, name="commands"))
    copied = Run(named.folder.with_name("commands"))
    shutil.copytree(runs.BUNDLED / "commands", copied.folder)
    return [named, copied]


def test_a_run_does_not_take_the_place_of_a_bundled_network(called_commands: list[Run]) -> None:
    """A run named `commands` was taken for the network that comes with Echoic."""
    bundled = runs.bundled_run("commands")
    assert bundled.is_bundled
    assert runs.find("bundled:commands") == bundled == runs.find(bundled.reference)
    with pytest.raises(
        RunError, match=r"name of a run of yours and of a network .* Yours is .*, the other bundled:commands\."
    ):
        runs.find("commands")
    for run in called_commands:
        assert runs.find(run.reference) == run
    assert set(runs.by_id(runs.usable()).values()) == set(runs.usable()), "each can be chosen on a page"
    with pytest.raises(RunError, match=r"No network 'commandos' comes with Echoic. These do: commands, "):
        runs.find("bundled:commandos")


@pytest.mark.parametrize("stored", ["commands", "bundled:commands"])
def test_a_run_starts_from_what_it_began_with(called_commands: list[Run], stored: str) -> None:
    """Earlier versions stored the bare name, which a later run could take: a resumed training changed its start."""
    run = runs.create(CONFIG)
    workspace.write_json(run.folder / "config.json", to_dict(replace(CONFIG, start=stored)))
    assert Run(run.folder).start == "bundled:commands"
    assert Run(run.folder).start_name == "commands"


def test_the_start_of_a_run_is_resolved_when_it_is_created() -> None:
    assert runs.create(CONFIG).start_name == "random weights"
    first = runs.create(replace(CONFIG, name="base"))
    run = runs.create(replace(CONFIG, start="base"))
    runs.create(replace(CONFIG, name="base"))
    assert runs.find(run.start) == first, "not the newer one of that name"
    assert run.start_name == "base"
    assert runs.create(replace(CONFIG, start="commands")).config.start == "bundled:commands"
    with pytest.raises(RunError, match="There is no run 'ghost'"):
        runs.create(replace(CONFIG, start="ghost"))


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_ids_go_on_when_summer_time_ends(berlin: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """In local time, an hour of the night had the ids of the hour before: a new run was listed below older ones."""
    made = []
    for now in (1792886400.0, 1792890000.0, 1792893600.0):  # 02:00 in summer, 02:00 in winter, 03:00
        monkeypatch.setattr(time, "time", lambda now=now: now)
        made.append(runs.create(CONFIG))
    assert [run.created_text for run in made] == ["25 Oct 02:00", "25 Oct 02:00", "25 Oct 03:00"]
    assert runs.listing() == made[::-1]
    assert [run.created for run in made] == [1792886400.0, 1792890000.0, 1792893600.0]


def test_runs_of_the_same_second_are_listed_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their ids differed by chance alone, so every second time an older run was listed as the newest."""
    made = []
    for number in range(8):
        monkeypatch.setattr(time, "time", lambda number=number: 1792886400.0 + number / 10)
        made.append(runs.create(CONFIG))
    assert runs.listing() == made[::-1]
    assert [run.created - 1792886400 for run in made] == pytest.approx([number / 10 for number in range(8)], abs=0.0011)


def test_an_old_id_is_in_local_time_and_sorts_among_the_new(berlin: None) -> None:
    ids = ["20261127-093000-gru-0000", "20261127T080000Z-gru-0001", "20261127T090000Z-gru-0002"]
    for name in ids:
        (workspace.folder("runs") / name).mkdir()
    assert [run.created_text for run in runs.listing()] == ["27 Nov 10:00", "27 Nov 09:30", "27 Nov 09:00"]


def test_a_run_s_folder_is_found_anywhere(tmp_path: Path) -> None:
    run = runs.create(CONFIG)
    moved = tmp_path / "usb stick" / "model"
    moved.parent.mkdir()
    os.rename(run.folder, moved)
    assert runs.find(str(moved)).config == CONFIG


@pytest.mark.parametrize("text", ["nothing", "", "/nonexistent", "a\0b", "~no-such-user/run", "x" * 10_000])
def test_what_is_no_run_is_said(text: str) -> None:
    with pytest.raises(RunError, match=f"There is no run '{text[:200]}'"):
        runs.find(text)


def test_a_folder_that_is_no_run_s_is_said() -> None:
    with pytest.raises(RunError, match=r"^\.\. is not a run's folder: it has no config\.json"):
        runs.find("..")


def test_a_run_whose_process_is_gone_is_interrupted() -> None:
    run = runs.create(CONFIG)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    run.write_process(process.pid)
    run.write_state(State("running", epoch=3))
    assert run.state.status == "running"
    process.kill()  # not waited for yet: a zombie is gone too
    psutil.wait_procs([psutil.Process(process.pid)], timeout=5)
    assert run.state.status == "interrupted"
    assert run.state.epoch == 3
    process.wait()
    assert run.state.status == "interrupted"


def test_what_ends_between_two_looks_is_not_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create(CONFIG)
    run.write_state(State("running", epoch=3))

    def ends_just_now(of: Run) -> bool:
        of.write_state(State("finished", epoch=4))
        return False

    monkeypatch.setattr(Run, "is_alive", ends_just_now)
    assert (run.state.status, run.state.epoch) == ("finished", 4)


def test_another_program_with_the_same_process_id_is_not_ours() -> None:
    run = runs.create(CONFIG)
    run.write_process(os.getpid())
    run.write_state(State("running"))
    assert run.state.status == "running"
    written = json.loads((run.folder / "process.json").read_text())
    (run.folder / "process.json").write_text(json.dumps(written | {"identity": written["identity"] + "0"}))
    assert run.state.status == "interrupted"


def test_a_running_process_is_known_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live training was shown as interrupted, could not be cancelled, and a second process began in its folder."""
    run = runs.create(CONFIG)
    run.write_process(os.getpid())
    run.write_state(State("running"))
    started = psutil.Process().create_time()  # Linux derives it from the clock and the time since the boot
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: started - 3600)
    monkeypatch.setattr("time.time", lambda: started - 3600)
    assert run.state.status == "running"


def test_a_process_that_an_earlier_version_recorded_is_known() -> None:
    run = runs.create(CONFIG)
    started = psutil.Process().create_time()
    for seconds, status in ((0, "running"), (100, "interrupted")):
        process = {"pid": os.getpid(), "started": started - seconds, "queued_since": 0.0}
        (run.folder / "process.json").write_text(json.dumps(process))
        run.write_state(State("running"))
        assert run.state.status == status


@pytest.mark.parametrize("status", ["finished", "failed", "cancelled"])
def test_a_stopped_run_stays_what_it_is_without_a_process(status) -> None:
    run = runs.create(CONFIG)
    (run.folder / "process.json").unlink()
    run.write_state(State(status))
    assert run.state.status == status


# settings of a later version are passed over, and a history that is not there yet is empty
_HARMLESS = [("state.json", b'{"x": 1}'), ("history.json", None)]


@pytest.mark.parametrize("name", ["config.json", "state.json", "history.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b'{"x": 1}', b"\xff\xfe\x00", None])
def test_damage_is_one_sentence_and_the_list_goes_on(name: str, content: bytes | None) -> None:
    healthy = runs.create(replace(CONFIG, name="healthy"))
    run = runs.create(CONFIG)
    run.write_history([Epoch(1, 1, 0.5, 1, 0.5, 1)])
    if content is None:
        (run.folder / name).unlink()
    else:
        (run.folder / name).write_bytes(content)
    damaged = Run(run.folder)
    faults = []
    for read in ("config", "state", "history"):
        try:
            getattr(damaged, read)
        except EchoicError as error:
            faults.append(str(error))
    assert len(faults) <= 1, "the other files can still be read"
    assert all(fault.endswith(".") and "\n" not in fault for fault in faults)
    assert faults or (name, content) in _HARMLESS
    assert {one.id for one in runs.listing()} == {run.id, healthy.id}
    assert runs.find("healthy") == healthy
    assert [run for run in runs.usable() if not run.is_bundled] == []


def test_the_best_epoch_has_the_lowest_validation_loss() -> None:
    run = runs.create(CONFIG)
    assert run.best_epoch is None
    run.write_history([Epoch(n, 1, 0.5, loss, 0.5, 1) for n, loss in enumerate([0.9, 0.4, 0.6], 1)])
    assert run.best_epoch is not None
    assert run.best_epoch.epoch == 2


@pytest.mark.parametrize("row", [Epoch(2, math.nan, 0.5, 1, 0.5, 1), Epoch(2, 1, 0.5, math.inf, 0.5, 1)])
def test_a_training_that_diverged_is_told_and_its_history_stays(row: Epoch) -> None:
    """NaN is not JSON: it ended in "an unexpected error (ValueError)"."""
    run, first = runs.create(CONFIG), Epoch(1, 1, 0.5, 1, 0.5, 1)
    run.write_history([first])
    with pytest.raises(TrainingError, match="Use a lower learning rate"):
        run.write_history([first, row])
    assert run.history == [first]


def test_names_are_counted_on() -> None:
    assert runs.next_name("GRU") == "GRU 1"
    runs.create(replace(CONFIG, name="GRU 1"))
    runs.create(replace(CONFIG, name="GRU 7"))
    assert runs.next_name("GRU") == "GRU 8"
    assert runs.next_name("LSTM") == "LSTM 1"


def test_a_full_disk_leaves_no_half_made_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, value: object) -> None:
        if path.name == "state.json":
            raise workspace.WorkspaceError("The disk is full.")
        written(path, value)

    written = workspace.write_json
    monkeypatch.setattr(workspace, "write_json", full)
    with pytest.raises(EchoicError, match="full"):
        runs.create(CONFIG)
    assert list((workspace.root() / "runs").iterdir()) == []
