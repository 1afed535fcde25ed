"""Files of keras 2, which keras 3 no longer writes: written here as it laid them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from audio_models.errors import KerasFileError
from audio_models.keras_files import opening
from audio_models.networks.cells import CellWeights, read
from tests.support.keras_2 import UNITS, WIDTH, save


def test_an_lstm_of_keras_2_is_read_with_its_weights_and_length(tmp_path: Path) -> None:
    path = save(tmp_path / "old.h5", "LSTM")
    network = opening.read_file(path)
    assert (network.config.cell, network.width, network.frames, network.classes) == ("lstm", WIDTH, 20, 3)
    assert network.masks
    with h5py.File(path) as file:
        stored = file["model_weights/cell/cell/lstm_cell"]
        kept = CellWeights(*(np.asarray(stored[f"{name}:0"]) for name in ("kernel", "recurrent_kernel", "bias")))
    frames = np.random.default_rng(1).normal(size=(20, WIDTH))
    ours = CellWeights(*(network.weights[f"layer_1/forward/{name}"] for name in ("kernel", "recurrent_kernel", "bias")))
    np.testing.assert_allclose(read("lstm", frames, ours)[-1].h, read("lstm", frames, kept)[-1].h, atol=1e-6)


@pytest.mark.parametrize("as_list", [False, True])
def test_layers_without_an_input_layer_and_as_a_bare_list(tmp_path: Path, as_list: bool) -> None:
    def edit(model: dict[str, Any]) -> None:
        layers = model["config"]["layers"][1:]
        model["config"] = layers if as_list else {"name": "sequential", "layers": layers}

    network = opening.read_file(save(tmp_path / "old.h5", "SimpleRNN", edit))
    assert (network.config.cell, network.config.units, network.width, network.frames) == (
        "simple_rnn",
        UNITS,
        WIDTH,
        20,
    )


def test_a_gru_of_keras_2_is_read_if_it_resets_after_the_matrix(tmp_path: Path) -> None:
    network = opening.read_file(save(tmp_path / "old.h5", "GRU"))
    assert network.config.cell == "gru"
    assert network.weights["layer_1/forward/bias"].shape == (2, 3 * UNITS)


@pytest.mark.parametrize(("kind", "changed", "says"), [
    ("GRU", {"reset_after": None}, "reset_after=False; only True can be read"),  # None: not in the file
    ("GRU", {"reset_after": False}, "reset_after=False; only True can be read"),
    ("LSTM", {"recurrent_activation": "hard_sigmoid"}, "recurrent_activation=hard_sigmoid; only 'sigmoid' can be read"),
    ("CuDNNLSTM", {}, "is a CuDNNLSTM, which cannot be read"),
])  # fmt: skip
def test_what_cannot_be_read_is_named(tmp_path: Path, kind: str, changed: dict[str, Any], says: str) -> None:
    def edit(model: dict[str, Any]) -> None:
        config = model["config"]["layers"][2]["config"]
        config.update(changed)
        for name, value in changed.items():
            if value is None:
                del config[name]

    with pytest.raises(KerasFileError, match=f"^old.h5 cannot be opened: its layer 'cell' .*{says}"):
        opening.read_file(save(tmp_path / "old.h5", kind, edit))
