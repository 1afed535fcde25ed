"""Networks of every kind, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np

from audio_models.config import CELLS, NetworkConfig, Readout
from tests.support.covering_array import Combination, covering_array

WIDTH, CLASSES = 5, 3


FACTORS: dict[str, Sequence[Any]] = {
    "cell": CELLS,
    "layers": (1, 2, 3),
    "bidirectional": (False, True),
    "readout": get_args(Readout),
    "convolutions": (0, 1, 2, 3),
    "causal": (False, True),
    "units_below": ((), (4,), (7, 4)),
    "dense": ((), (7,), (12, 9)),
}
"""The settings that decide which layers a network has."""


def is_valid(shape: Combination) -> bool:
    """Whether there is such a network, and no other settings for the same."""
    if shape["cell"] == "feed_forward":
        return (
            not shape["bidirectional"]
            and not shape["convolutions"]
            and shape["readout"] == "mean"
            and not shape["causal"]
            and not shape["dense"]
            and len(shape["units_below"]) in (0, shape["layers"] - 1)
        )
    if shape["units_below"] and len(shape["units_below"]) != shape["layers"] - 1:
        return False
    return not shape["causal"] or shape["convolutions"] > 0


def all_shapes() -> list[NetworkConfig]:
    """Networks in which every two settings meet that can meet, in a tenth of all combinations."""
    return [NetworkConfig(units=6, dropout=0.3, filters=3, **shape) for shape in covering_array(FACTORS, is_valid)]


def shape_name(config: NetworkConfig) -> str:
    """For a test's name."""
    direction = "both" if config.bidirectional else "forward"
    more = "".join(
        f"-{name}{sizes}" for name, sizes in (("below", config.units_below), ("dense", config.dense)) if sizes
    )
    return f"{config.cell}-{config.layers}-{direction}-{config.readout}-{config.convolutions}{'-causal' * config.causal}{more}"


def randomised(config: NetworkConfig):
    """A keras model with random numbers in every weight: a bias of zero would hide that it stands in the wrong place."""
    import keras

    from audio_models.networks import keras_model

    keras.utils.set_random_seed(1)
    model = keras_model.build(config, WIDTH, CLASSES)
    random = np.random.default_rng(2)
    for variable in model.weights:
        if "float" in variable.dtype:
            value = random.normal(0, 0.6, variable.shape)
            variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
    return model
