"""Every setting of a run: frozen, checked when made, stored with the run as JSON."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from audio_models.errors import ConfigError
from data.catalogue import CorpusReference
from data.task import Task

Cell = Literal["simple_rnn", "lstm", "gru", "feed_forward"]
CELLS: tuple[Cell, ...] = get_args(Cell)

CELL_TITLES: dict[Cell, str] = {
    "simple_rnn": "SimpleRNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "feed_forward": "Feed-forward (no memory)",
}

Readout = Literal["last", "mean"]


def _within(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    if not (isinstance(value, int | float) and math.isfinite(value) and low <= value <= high):
        raise ConfigError(f"{name} is {value}{unit}; it must lie between {low:g} and {high:g}{unit}.")


@dataclass(frozen=True)
class FeatureConfig:
    """How a waveform becomes a sequence of MFCC frames.

    Attributes:
        sample_rate: rate that every waveform is brought to [Hz].
        frame_ms: length of the stretch that one frame looks at [ms].
        hop_ms: time from one frame to the next [ms].
        n_mels: triangular bands on the mel scale.
        n_mfcc: coefficients kept of their cosine transform.
        fmin, fmax: edges of the lowest and the highest band [Hz].
        deltas: append to each coefficient its slope over five frames, which doubles the width of a frame.
    """

    sample_rate: int = 16_000
    frame_ms: float = 32.0
    hop_ms: float = 20.0
    n_mels: int = 40
    n_mfcc: int = 13
    fmin: float = 20.0
    fmax: float = 7_600.0
    deltas: bool = True

    def __post_init__(self) -> None:
        _within("The sample rate", self.sample_rate, 4_000, 48_000, " Hz")
        _within("The frame length", self.frame_ms, 5, 200, " ms")
        _within("The hop", self.hop_ms, 2, 200, " ms")
        _within("The number of mel bands", self.n_mels, 4, 256)
        _within("The number of coefficients", self.n_mfcc, 1, self.n_mels)
        _within("The lowest frequency", self.fmin, 0, self.sample_rate / 2, " Hz")
        _within("The highest frequency", self.fmax, self.fmin + 100, self.sample_rate / 2, " Hz")

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""
        return round(self.sample_rate * self.frame_ms / 1000)

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next."""
        return round(self.sample_rate * self.hop_ms / 1000)

    @property
    def width(self) -> int:
        """Numbers in a frame."""
        return self.n_mfcc * (2 if self.deltas else 1)


@dataclass(frozen=True)
class NetworkConfig:
    """The network that reads the frames.

    Attributes:
        cell: "simple_rnn", "lstm", "gru", or "feed_forward", which has no memory.
        units: size of the state (of the hidden layer for "feed_forward").
        layers: recurrent layers on top of each other.
        bidirectional: read the frames from both ends; doubles the states.
        dropout: share of each hidden layer's outputs that is set to zero in training.
        readout: what the last Dense layer sees: the state after the "last" frame, or the "mean" over all frames.
            "feed_forward" has no state, so it takes the mean.
    """

    cell: Cell = "gru"
    units: int = 96
    layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.4
    readout: Readout = "last"

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise ConfigError(f"There is no cell '{self.cell}'; choose one of {', '.join(CELLS)}.")
        if self.readout not in get_args(Readout):
            raise ConfigError(f"There is no readout '{self.readout}'; choose one of {', '.join(get_args(Readout))}.")
        _within("The number of units", self.units, 1, 1024)
        _within("The number of layers", self.layers, 1, 4)
        _within("Dropout", self.dropout, 0, 0.9)
        if self.cell == "feed_forward":
            if self.bidirectional:
                raise ConfigError("A feed-forward network has no direction in time; leave bidirectional off.")
            object.__setattr__(self, "readout", "mean")


@dataclass(frozen=True)
class TrainingConfig:
    """How the network learns.

    Attributes:
        epochs: times that every training clip is seen, at the most.
        batch_size: clips a step.
        learning_rate: of Adam.
        patience: stop when the validation loss has not improved for so many epochs; 0 never stops early.
        clip_norm: bound on the norm of the gradient of a step.
        seed: of the first weights, the order of the clips and dropout.
    """

    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 2e-3
    patience: int = 6
    clip_norm: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        _within("The number of epochs", self.epochs, 1, 1000)
        _within("The batch size", self.batch_size, 1, 4096)
        _within("The learning rate", self.learning_rate, 1e-6, 1)
        _within("Patience", self.patience, 0, 1000)
        _within("The gradient's bound", self.clip_norm, 1e-3, 1e3)
        _within("The seed", self.seed, 0, 2**31 - 1)


# What suits each cell, found on validation clips (benchmarks/README.md). A SimpleRNN falls apart at the rate that
# suits a GRU, and its short memory cannot carry a whole word to the last frame.
_LEARNING_RATES: dict[Cell, float] = {"simple_rnn": 1e-3, "lstm": 2e-3, "gru": 2e-3, "feed_forward": 2e-3}
_READOUTS: dict[Cell, Readout] = {"simple_rnn": "mean", "lstm": "last", "gru": "last", "feed_forward": "mean"}


def default_network(cell: Cell) -> NetworkConfig:
    """The network that a user gets who chooses nothing but the cell."""
    return NetworkConfig(cell, readout=_READOUTS[cell])


def default_training(cell: Cell) -> TrainingConfig:
    """The training that suits a cell."""
    return TrainingConfig(learning_rate=_LEARNING_RATES[cell])


@dataclass(frozen=True)
class RunConfig:
    """Everything that a training is made from; the same configuration gives the same run on the same machine."""

    corpus: CorpusReference
    task: Task
    name: str = ""
    features: FeatureConfig = field(default_factory=FeatureConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        if len(self.name) > 60 or any(ord(character) < 32 or character in "/\\" for character in self.name):
            raise ConfigError(
                f"'{self.name[:70]}' cannot name a run; use up to 60 characters without slashes or line breaks."
            )


Config = TypeVar("Config")


def to_dict(config: Any) -> dict[str, Any]:
    """A configuration as JSON values."""
    return dataclasses.asdict(config)


def from_dict(kind: type[Config], values: Any) -> Config:
    """A configuration of the dataclass `kind` from JSON values, nested ones included.

    Raises:
        ConfigError: a setting is missing, unknown, of the wrong type or out of range.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"A {kind.__name__} must be a JSON object, not {type(values).__name__}.")
    hints = get_type_hints(kind)
    fields = {entry.name for entry in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - fields):
        raise ConfigError(f"A {kind.__name__} has no setting {', '.join(unknown)}.")
    made: dict[str, Any] = {}
    for name, value in values.items():
        hint = hints[name]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            made[name] = from_dict(hint, value)
        else:
            made[name] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**made)
    except TypeError as error:
        raise ConfigError(f"A {kind.__name__} cannot be made of {values}: {error}.") from error
