"""The results that come with Echoic: they can be read, and the command that measures them writes what was measured."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from audio_models.jobs.job_folder import State
from audio_models.lab import bundled, comparison, comparison_results, measured, memory
from audio_models.lab.comparison import Comparison, ComparisonConfig, Measures, Trial
from audio_models.lab.memory import Experiment, MemoryConfig, Point
from audio_models.lab.memory_tasks import TASKS
from data import catalogue
from data.task import Task
from tests.conftest import Trained


def test_a_measurement_of_each_task_comes_with_echoic() -> None:
    found = memory.bundled()
    assert [one.config for one in found] == [MemoryConfig(task) for task in TASKS], "as Memory measures by default"
    for one in found:
        assert one.damage is None
        assert bundled.is_bundled(one)
        assert sorted((point.cell, point.length) for point in one.points) == sorted(one.config.points)
    assert memory.listing() == [], "they are none of the user's"


def test_a_comparison_of_each_question_comes_with_echoic() -> None:
    cells, readouts = comparison.bundled()
    assert (cells.config.readout, readouts.config.readout) == ("same", "both")
    for one in (cells, readouts):
        assert one.damage is None
        found = comparison_results.results(one)
        assert {row.variant for row in found} == set(one.config.variants)
        assert {len(row.each) for row in found} == {one.config.seeds}
        assert {row.epochs for row in found} == {one.config.epochs}
        for row in found:
            assert row.learning_rate == one.planned(row.variant, 0).training.learning_rate
            assert row.readout == one.config.run_config(row.variant, 0).network.readout


def test_what_comes_with_echoic_depends_on_no_machine() -> None:
    for path in bundled.FOLDER.rglob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert len(text) < 20_000
        assert str(Path.home()) not in text
        for row in json.loads(text) if path.name in ("points.json", "search.json") else []:
            assert row.get("seconds", 0) == row.get("epoch_seconds", 0) == 0


def _measure(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["measured", *map(str, arguments)])
    return measured.main()


def test_the_command_stores_what_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Trained) -> None:
    """What lies finished in the workspace is not measured again, so nothing is trained here."""
    made = memory.create(MemoryConfig("parity"))
    made.write_points([Point("lstm", 4, 0.9, 50, 1.5), Point("simple_rnn", 2, 1.0, 25, 0.5)])
    made.write_state(State("finished"))
    assert _measure(monkeypatch, "parity", "--to", tmp_path) == 0
    stored = Experiment(tmp_path / "memory" / "parity")
    assert (stored.config, stored.state.status) == (MemoryConfig("parity"), "finished")
    assert stored.points == [Point("simple_rnn", 2, 1.0, 25), Point("lstm", 4, 0.9, 50)]

    reference = catalogue.refer(str(trained.corpus))
    monkeypatch.setattr(measured, "SETTINGS", {**measured.SETTINGS, "seeds": 1})
    compared = comparison.create(ComparisonConfig(reference, Task(measured.WORDS), **measured.SETTINGS))
    compared.write_trials([Trial("gru-last", 0.002, 0.5, 2.0), Trial("gru-mean", 0.001, 0.5, 2.0)])
    for variant, seed in compared.config.jobs:
        run = shutil.copytree(trained.folder, compared.run(variant, seed).folder)
        config = json.loads((run / "config.json").read_text())
        config["network"] |= {"cell": variant.cell, "readout": variant.readout or "mean"}
        (run / "config.json").write_text(json.dumps(config))
        compared.write_measures(variant, seed, Measures(0.001, 0.2))
    compared.write_state(State("finished"))
    assert _measure(monkeypatch, "cells", "last-or-mean", "--clips", trained.corpus, "--to", tmp_path) == 0
    both, cells = (Comparison(tmp_path / "comparisons" / name) for name in ("last-or-mean", "cells"))
    assert len(comparison_results.results(both)) == 7
    found = {row.variant.key: row for row in comparison_results.results(cells)}
    assert sorted(found) == ["feed_forward", "gru", "lstm", "simple_rnn"]
    assert {key: row.readout for key, row in found.items()} == {
        "feed_forward": "mean",
        "gru": "last",
        "lstm": "last",
        "simple_rnn": "last",
    }
    assert cells.trials == [Trial("gru", 0.002, 0.5, 0.0)]
    assert cells.config.corpus.name == "speech_commands"


def test_the_command_asks_for_clips(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in ((["cells"], "need --clips"), (["chess"], "there is no result chess")):
        with pytest.raises(SystemExit):
            _measure(monkeypatch, *arguments)
        assert said in capsys.readouterr().err
