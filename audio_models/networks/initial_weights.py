"""Random initial weights, drawn as keras draws them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from audio_models.config import REACH, NetworkConfig
from audio_models.networks import cells
from audio_models.networks.cells import BACKWARD, FORWARD, Numbers

Initialisation = Literal["orthogonal", "identity", "glorot_uniform"]
INITIALISATIONS: tuple[Initialisation, ...] = get_args(Initialisation)


def fresh_weights(config: NetworkConfig, width: int, classes: int, seed: int) -> dict[str, Numbers]:
    """Draw initial weights as keras does: kernels Glorot uniform (Glorot and Bengio 2010), recurrent kernels orthogonal
    (Saxe et al. 2014), biases 0 except for an LSTM's forget gate, which starts at 1 (Jozefowicz et al. 2015)."""
    random = np.random.default_rng(seed)
    made: dict[str, Numbers] = {}

    def glorot(name: str, *shape: int) -> None:
        fan_in, fan_out = shape[-2], shape[-1]
        area = int(np.prod(shape[:-2]))
        limit = np.sqrt(6 / (area * (fan_in + fan_out)))
        made[name] = random.uniform(-limit, limit, shape)

    def dense(name: str, inputs: int, outputs: int) -> None:
        glorot(f"{name}/kernel", inputs, outputs)
        made[f"{name}/bias"] = np.zeros(outputs)

    inputs, bands = width, width
    for number, stride in enumerate(config.strides, 1):
        glorot(f"convolution_{number}/kernel", REACH, REACH, 1 if number == 1 else config.filters, config.filters)
        made[f"convolution_{number}/bias"] = np.zeros(config.filters)
        bands = -(-bands // stride)
        inputs = bands * config.filters
    gates = max(1, len(cells.GATES.get(config.cell, ())))
    directions = (FORWARD, BACKWARD) if config.bidirectional else (FORWARD,)
    for number in range(1, config.layers + 1):
        units = config.units_of(number)
        if config.cell == "feed_forward":
            dense(f"layer_{number}", inputs, units)
            inputs = units
            continue
        for direction in directions:
            prefix = f"layer_{number}/{direction}"
            glorot(f"{prefix}/kernel", inputs, gates * units)
            made[f"{prefix}/recurrent_kernel"] = orthogonal(units, gates * units, random)
            bias = np.zeros((2, gates * units) if config.cell == "gru" else gates * units)
            if config.cell == "lstm":
                bias[units : 2 * units] = 1
            made[f"{prefix}/bias"] = bias
        inputs = units * len(directions)
    if config.readout == "attention":
        dense("attention", inputs, config.units)
        glorot("attention_score/kernel", config.units, 1)
    for number, size in enumerate(config.dense, 1):
        dense(f"dense_{number}", inputs, size)
        inputs = size
    dense("output", inputs, classes)
    return made


def orthogonal(rows: int, columns: int, random: np.random.Generator) -> Numbers:
    """A random matrix (rows, columns) with orthonormal rows or columns, whichever are fewer."""
    q, r = np.linalg.qr(random.normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return np.asarray(q if rows >= columns else q.T)


def recurrent_kernel(initialisation: Initialisation, units: int, random: np.random.Generator) -> Numbers:
    """Draw the initial recurrent kernel of one gate, (units, units)."""
    if initialisation == "identity":
        return np.eye(units)
    if initialisation == "orthogonal":
        return orthogonal(units, units, random)
    limit = np.sqrt(3 / units)  # Glorot and Bengio 2010, as many inputs as outputs
    return random.uniform(-limit, limit, (units, units))


@lru_cache(maxsize=16)
def weight_shapes(config: NetworkConfig, width: int, classes: int) -> Mapping[str, tuple[int, ...]]:
    """The shape of each weight of a network, by name."""
    weights = fresh_weights(config, width, classes, seed=0)
    return MappingProxyType({name: values.shape for name, values in weights.items()})
