"""Every configuration of a network, for tests that hold for all of them."""

from __future__ import annotations

import numpy as np

from audio_models.config import CELLS, NetworkConfig

WIDTH, CLASSES = 5, 3


def all_shapes() -> list[NetworkConfig]:
    """Every cell, layer count, direction, readout and number of convolutions."""
    causal = [
        NetworkConfig(cell, 6, 2, False, 0.3, "last", convolutions, filters=3, causal=True)
        for cell in CELLS
        if cell != "feed_forward"
        for convolutions in (1, 2, 3)
    ]
    return causal + [
        NetworkConfig(cell, 6, layers, bidirectional, 0.3, readout, convolutions, filters=3)
        for cell in CELLS
        for layers in (1, 2, 3)
        for bidirectional in ((False, True) if cell != "feed_forward" else (False,))
        for readout in (("last", "mean", "attention") if cell != "feed_forward" else ("mean",))
        for convolutions in ((0, 1, 3) if cell != "feed_forward" else (0,))
    ]


def shape_name(config: NetworkConfig) -> str:
    """For a test's name."""
    direction = "both" if config.bidirectional else "forward"
    return (
        f"{config.cell}-{config.layers}-{direction}-{config.readout}-{config.convolutions}{'-causal' * config.causal}"
    )


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
