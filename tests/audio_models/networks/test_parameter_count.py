"""The formulas count what keras counts, layer by layer."""

from __future__ import annotations

import ast

import pytest

from audio_models.config import NetworkConfig
from audio_models.networks import keras_model
from audio_models.networks.initial_weights import weight_shapes
from audio_models.networks.parameter_count import layer_counts
from tests.support.networks_in_all_shapes import CLASSES, WIDTH, all_shapes, shape_name


@pytest.mark.parametrize("config", all_shapes(), ids=shape_name)
def test_the_formulas_count_what_keras_counts(config: NetworkConfig) -> None:
    counts = layer_counts(config, WIDTH, CLASSES)
    of_keras = [layer.count_params() for layer in keras_model.build(config, WIDTH, CLASSES).layers]
    assert [one.count for one in counts] == [count for count in of_keras if count]
    for one in counts:
        formula = ast.parse(one.formula.replace("×", "*"), mode="eval")
        assert eval(compile(formula, "formula", "eval"), {"__builtins__": {}}) == one.count


def test_the_weights_of_a_layer_are_as_many() -> None:
    config = NetworkConfig("gru", 7, 2, True, readout="attention", units_below=(4,), dense=(5,))
    shapes = weight_shapes(config, WIDTH, CLASSES)
    for one in layer_counts(config, WIDTH, CLASSES):
        sizes = [_size(shape) for name, shape in shapes.items() if name.startswith(one.weights)]
        assert sum(sizes) == one.count, one


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for side in shape:
        size *= side
    return size
