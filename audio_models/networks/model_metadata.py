"""The metadata of a model file: what a program needs besides the graph to turn sound into labels.

model.onnx holds it as named texts, each a JSON value. Every type and range is checked on reading, as such a file may
come from anywhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from audio_models.config import FeatureConfig
from audio_models.errors import RunError
from audio_models.features.filters import Filters
from audio_models.features.sequences import Normalisation
from audio_models.settings import from_dict, to_dict
from data.errors import EchoicError
from data.names import composed


@dataclass(frozen=True)
class StreamingMetadata:
    """Additional metadata of an exported model, for word spotting in a stream.

    Attributes:
        detection: settings of the detector by name.
        frames_a_step: frames per step of the network's state.
        frames_an_answer: frames from one answer to the next.
    """

    detection: dict[str, float]
    frames_a_step: int
    frames_an_answer: int


@dataclass(frozen=True)
class ModelMetadata:
    """The metadata of a network in its model file.

    Attributes:
        labels: classes in the order of the probabilities.
        features: how a waveform becomes frames.
        normalisation: of the frames, before the network reads them.
        parameters: number of trained weights.
        clip_seconds: length that nine of ten training clips do not exceed [s].
        temperature: the logits were divided by it to calibrate the confidence.
        threshold: confidence that a word needs; below it, it is rejected.
        filters: window and mel filters of the features; None in older files.
        streaming: only in exported models.
    """

    labels: tuple[str, ...]
    features: FeatureConfig
    normalisation: Normalisation
    parameters: int
    clip_seconds: float
    temperature: float = 1.0
    threshold: float = 0.0
    filters: Filters | None = None
    streaming: StreamingMetadata | None = None

    def to_props(self) -> dict[str, str]:
        """Convert to the texts stored in the file, by name."""
        values: dict[str, Any] = {
            "labels": self.labels,
            "features": to_dict(self.features),
            "normalisation": asdict(self.normalisation),
            "parameters": self.parameters,
            "clip_seconds": self.clip_seconds,
            "temperature": round(self.temperature, 4),
            "threshold": round(self.threshold, 4),
            **({"filters": asdict(self.filters)} if self.filters else {}),
            **(asdict(self.streaming) if self.streaming else {}),
        }
        return {name: json.dumps(value) for name, value in values.items()}

    @classmethod
    def from_props(cls, props: Mapping[str, str]) -> ModelMetadata:
        """Read the texts of a file; those of other programs are ignored.

        Raises:
            RunError: one is missing or invalid.
        """
        read = _Reader(props)
        features = read("features", "feature settings", _features)
        width = features.width
        return cls(
            read("labels", "a list of different names", _labels),
            features,
            read("normalisation", f"{width} means and {width} positive deviations", lambda one: _fitted(one, width)),
            read("parameters", "a count", _count),
            read("clip_seconds", "a positive number", _positive),
            read("temperature", "a positive number", _positive, "1"),
            read("threshold", "a number from 0 to 1", _share, "0"),
            read("filters", "a window and bands that fit the features", lambda one: _filters(one, features))
            if "filters" in props
            else None,
            StreamingMetadata(
                read("detection", "settings by name", _settings),
                read("frames_a_step", "a count", _count),
                read("frames_an_answer", "a count", _count),
            )
            if "detection" in props
            else None,
        )


Value = TypeVar("Value")


class _Reader:
    """Reads JSON values by name; an error names the value and what was expected."""

    def __init__(self, props: Mapping[str, str]) -> None:
        self._props = props

    def __call__(self, name: str, expected: str, convert: Callable[[Any], Value], default: str = "") -> Value:
        text = self._props.get(name, default)
        if not text:
            raise RunError(f"Its metadata has no '{name}'.")
        try:
            return convert(json.loads(text))
        except EchoicError as error:
            raise RunError(f"Its '{name}' is unfit: {error}") from error
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise RunError(f"Its '{name}' is {text[:40]}; expected {expected}.") from error


def _require(fits: bool) -> None:
    if not fits:
        raise ValueError


def _labels(value: Any) -> tuple[str, ...]:
    _require(isinstance(value, list) and len(value) > 0 and all(isinstance(one, str) and one for one in value))
    labels = tuple(composed(one) for one in value)
    _require(len(set(labels)) == len(labels))
    return labels


def _features(value: Any) -> FeatureConfig:
    return from_dict(FeatureConfig, value)


def _number(value: Any) -> float:
    _require(isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value))
    return float(value)


def _positive(value: Any) -> float:
    _require(_number(value) > 0)
    return float(value)


def _share(value: Any) -> float:
    _require(0 <= _number(value) <= 1)
    return float(value)


def _count(value: Any) -> int:
    _require(isinstance(value, int) and not isinstance(value, bool) and value >= 0)
    return int(value)


def _fitted(value: Any, width: int) -> Normalisation:
    mean, std = value["mean"], value["std"]
    _require(isinstance(mean, list) and isinstance(std, list) and len(mean) == len(std) == width)
    return Normalisation(tuple(map(_number, mean)), tuple(map(_positive, std)))


def _filters(value: Any, features: FeatureConfig) -> Filters:
    made = Filters(tuple(value["window"]), tuple((first, tuple(weights)) for first, weights in value["bands"]))
    numbers = [*made.window, *(weight for _, weights in made.bands for weight in weights)]
    _require(all(abs(one) <= 10 for one in numbers) and all(type(first) is int for first, _ in made.bands))
    _require(made.fits(features))
    return made


def _settings(value: Any) -> dict[str, float]:
    return {str(name): _number(one) for name, one in value.items()}
