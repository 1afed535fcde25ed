"""The memory lab: what is measured, how it starts, that it learns what can be learned, stops and goes on."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audio_models.errors import ConfigError
from audio_models.lab import memory as memory_lab
from audio_models.lab.memory import Experiment, MemoryConfig
from audio_models.lab.memory_process import build, measure
from audio_models.networks.initial_weights import INITIALISATIONS
from audio_models.settings import from_dict, to_dict
from tests.conftest import Done


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"task": "chess"}, "no memory task 'chess'"),
        ({"cells": ()}, "No cell is chosen"),
        ({"cells": ("feed_forward",)}, "each item one of simple_rnn, lstm, gru"),
        ({"lengths": (5, 5)}, "A length is given twice"),
        ({"lengths": (1,)}, r"Lengths is \[1\]; expected a list, each item a whole number from 2 to 500 steps"),
        ({"initialisation": "zeros"}, "Recurrent weights is 'zeros'"),
        ({"units": 0}, "Units is 0"),
        ({"clip_norm": float("nan")}, "Gradient clipping is nan"),
        ({"forget_bias": 9}, "Forget bias is 9"),
    ],
)
def test_bad_settings_are_named(settings: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        MemoryConfig(**settings)


def test_settings_survive_json() -> None:
    config = MemoryConfig("parity", ("gru",), (2, 9), clip_norm=0.0)
    assert from_dict(MemoryConfig, json.loads(json.dumps(to_dict(config)))) == config
    assert MemoryConfig("adding").lengths == (4, 8, 16, 32, 64)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_networks_start_as_they_are_told(cell: str, initialisation: str) -> None:
    config = MemoryConfig(units=8, initialisation=initialisation, forget_bias=3.0)  # type: ignore[arg-type]
    inside = build(config, cell, seed=1).get_layer("memory").cell  # type: ignore[arg-type]
    kernels = np.split(np.asarray(inside.recurrent_kernel), inside.recurrent_kernel.shape[1] // 8, axis=1)
    for kernel in kernels:
        if initialisation == "identity":
            np.testing.assert_array_equal(kernel, np.eye(8))
        elif initialisation == "orthogonal":
            np.testing.assert_allclose(kernel @ kernel.T, np.eye(8), atol=1e-6)
        else:
            assert np.abs(kernel).max() <= np.sqrt(3 / 8)
    if initialisation != "identity" and len(kernels) > 1:
        assert not np.allclose(kernels[0], kernels[1]), "each gate has numbers of its own"
    bias = np.asarray(inside.bias)
    if cell == "lstm":  # input, forget, candidate, output
        np.testing.assert_array_equal(bias.reshape(4, 8).mean(axis=1), [0, 3, 0, 0])
    elif cell == "gru":  # update, reset, candidate; of the frame and of the state
        np.testing.assert_array_equal(bias.reshape(2, 3, 8).mean(axis=2), [[3, 0, 0], [0, 0, 0]])
    else:
        assert not bias.any()


def test_short_sequences_are_learned_and_points_are_kept() -> None:
    made = memory_lab.create(MemoryConfig(cells=("gru", "simple_rnn"), lengths=(3,), units=16, steps=400))
    states = []
    assert measure(made, states.append).status == "finished"
    assert {point.cell for point in made.points} == {"gru", "simple_rnn"}
    assert all(point.accuracy >= memory_lab.GOOD for point in made.points)
    assert all(point.steps < 400 for point in made.points), "a point stops when it is good"
    assert [one.id for one in memory_lab.listing()] == [made.id]
    assert made.state.done == made.state.total == 2
    # what is measured is not measured again
    before = made.points
    assert measure(Experiment(made.folder)).status == "finished"
    assert made.points == before


def test_in_the_shell_and_in_the_background(command: Callable[..., Done], tmp_path: Path) -> None:
    table = tmp_path / "memory.csv"
    done = command(
        "memory", "--cells", "lstm", "--lengths", "2", "--units", 8, "--steps", 50, "--task", "parity", "--json", "--table", table
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [point["length"] for point in found["points"]] == [2]
    assert found["settings"]["task"] == "parity"
    [row] = csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines())
    assert (row["cell"], row["length"]) == ("lstm", "2")
    assert float(row["accuracy"]) == found["points"][0]["accuracy"]
    assert memory_lab.listing()[0].config.task == "parity"
    bad = command("memory", "--lengths", "5,many")
    assert bad.returncode == 1
    assert "not a list of whole numbers" in bad.stderr
    assert bad.stderr.count("\n") == 1

    done = command(
        "memory", "--cells", "lstm", "--task", "parity", "--lengths", "400", "--steps", 20_000, "--background", "--json"
    )
    path = json.loads(done.stdout)["path"]
    running = memory_lab.listing()[0]
    assert str(running.folder) == path
    began = time.monotonic()
    while running.state.status == "queued":
        assert time.monotonic() - began < 60
        time.sleep(0.05)
    assert command("cancel", running.id, "--json").returncode == 0
    assert running.state.status == "cancelled"
    assert "Traceback" not in running.log_path.read_text()


def test_a_table_needs_a_measurement_that_is_waited_for() -> None:
    from audio_models.cli import jobs
    from audio_models.cli.main import COMMANDS
    from audio_models.cli.parser import parser

    with pytest.raises(ConfigError, match="Leave out --background"):
        jobs.memory(parser(COMMANDS).parse_args(["memory", "--background", "--table", "memory.csv"]))
    assert memory_lab.listing() == [], "nothing has begun"


def test_each_task_has_lengths_of_its_own_in_the_shell() -> None:
    from audio_models.cli.main import COMMANDS
    from audio_models.cli.parser import parser
    from audio_models.options import changed

    options = parser(COMMANDS).parse_args(["memory", "--task", "parity"])
    options.cells = options.lengths = None
    assert changed(MemoryConfig(options.task), options).lengths == (2, 4, 6, 8, 12)
