"""Layers that scale and shift, and the checks of a layer's settings and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import KerasFileError
from audio_models.keras_files.reading import Layer

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """x -> scale x + shift, for each number of a frame or state."""

    scale: Vector
    shift: Vector

    def then(self, scale: Any, shift: Any) -> Affine:
        """This, followed by another one."""
        return Affine(scale * self.scale, scale * self.shift + shift)


def require(layer: Layer, name: str, *allowed: Any) -> None:
    """Refuse a layer with another value of a setting; a missing one is keras' default."""
    value = layer.config.get(name, allowed[0])
    if value not in allowed:
        raise KerasFileError(
            f"Its layer '{layer.name}' has {name}={str(value)[:40]}; only {' or '.join(map(repr, allowed))} can be read."
        )


def weights_of(layer: Layer, *shapes: tuple[int, ...]) -> list[Vector]:
    """The weights of a layer, which must have these shapes; 0 is any size."""
    found = [array.shape for array in layer.weights]
    fits = len(found) == len(shapes) and all(
        len(one) == len(shape) and all(wanted in (0, size) for size, wanted in zip(one, shape, strict=True))
        for one, shape in zip(found, shapes, strict=True)
    )
    if not fits:
        raise KerasFileError(
            f"Its layer '{layer.name}' has weights of the shapes {found or 'none'}; expected {list(shapes)} (0: any size)."
        )
    return [array.astype(np.float64) for array in layer.weights]


def scale_and_shift(layer: Layer, axis: int) -> tuple[Any, Any]:
    """What a Rescaling, Normalization or BatchNormalization multiplies by, and then adds: numbers, or one for each unit.

    Args:
        axis: the last one of what the layer reads.

    Raises:
        KerasFileError: a setting cannot be read, the layer works along another axis, or weights are missing.
    """
    if layer.kind == "Rescaling":
        return _rescaling(layer)
    require(layer, "axis", -1, axis, [-1], [axis])
    return _normalization(layer) if layer.kind == "Normalization" else _batch_normalization(layer)


def _rescaling(layer: Layer) -> tuple[Any, Any]:
    return np.asarray(layer.config["scale"], float), np.asarray(layer.config.get("offset", 0.0), float)


def _normalization(layer: Layer) -> tuple[Any, Any]:
    require(layer, "invert", False)
    mean, variance = layer.config.get("mean"), layer.config.get("variance")
    if mean is None or variance is None:
        mean, variance, *_ = weights_of(layer, (0,), (0,), ())
    mean, variance = np.ravel(np.asarray(mean, float)), np.ravel(np.asarray(variance, float))
    std = np.maximum(np.sqrt(variance), 1e-7)  # keras' epsilon
    return 1 / std, -mean / std


def _batch_normalization(layer: Layer) -> tuple[Any, Any]:
    parts = [name for name in ("scale", "center") if layer.config.get(name, True)]
    found = weights_of(layer, *[(0,)] * (len(parts) + 2))
    trained = dict(zip(parts, found, strict=False))
    mean, variance = found[-2:]
    scale = trained.get("scale", 1.0) / np.sqrt(variance + float(layer.config.get("epsilon", 1e-3)))
    return scale, trained.get("center", 0.0) - mean * scale
