"""Write an .h5 file as keras 2 did: configuration and names of weights as attributes, `batch_input_shape`, `time_major`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

WIDTH, UNITS, CLASSES = 13, 4, 3
_BLOCKS = {"SimpleRNN": 1, "LSTM": 4, "CuDNNLSTM": 4, "GRU": 3}
_SCOPES = {"SimpleRNN": "simple_rnn_cell", "LSTM": "lstm_cell", "CuDNNLSTM": "lstm_cell", "GRU": "gru_cell"}


def save(path: Path, kind: str, edit: Callable[[dict[str, Any]], None] = lambda model: None) -> Path:
    """Write Masking, one recurrent layer named "cell", and a Dense with softmax.

    Args:
        kind: of the recurrent layer.
        edit: changes the configuration before it is written.
    """
    shape = [None, 20, WIDTH]
    cell: dict[str, Any] = {
        "name": "cell", "trainable": True, "dtype": "float32", "return_sequences": False, "return_state": False,
        "go_backwards": False, "stateful": False, "unroll": False, "time_major": False, "units": UNITS,
        "activation": "tanh", "use_bias": True,
        "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
    }  # fmt: skip
    if kind != "SimpleRNN":
        cell["recurrent_activation"] = "sigmoid"
    if kind == "GRU":
        cell["reset_after"] = True
    layers = [
        {
            "class_name": "InputLayer",
            "config": {"batch_input_shape": shape, "dtype": "float32", "name": "masking_input"},
        },
        {"class_name": "Masking", "config": {"name": "masking", "batch_input_shape": shape, "mask_value": 0.0}},
        {"class_name": kind, "config": cell},
        {
            "class_name": "Dense",
            "config": {"name": "dense", "units": CLASSES, "activation": "softmax", "use_bias": True},
        },
    ]
    model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    edit(model)
    columns, scope = UNITS * _BLOCKS[kind], f"cell/{_SCOPES[kind]}"
    weights = {
        "masking": {},
        "cell": {
            f"{scope}/kernel:0": (WIDTH, columns),
            f"{scope}/recurrent_kernel:0": (UNITS, columns),
            f"{scope}/bias:0": (2, columns) if cell.get("reset_after") else (columns,),
        },
        "dense": {"dense/kernel:0": (UNITS, CLASSES), "dense/bias:0": (CLASSES,)},
    }
    random = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file.attrs.update({"keras_version": "2.11.0", "backend": "tensorflow", "model_config": json.dumps(model)})
        groups = file.create_group("model_weights")
        groups.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, arrays in weights.items():
            group = groups.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in arrays]
            for name, size in arrays.items():
                group.create_dataset(name, data=random.normal(0, 0.5, size).astype(np.float32))
    return path
