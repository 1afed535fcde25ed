"""Every setting of a run: frozen, checked when made, stored with the run as JSON."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from audio_models.errors import ConfigError
from data.corpus import CorpusReference
from data.task import Task

Cell = Literal["simple_rnn", "lstm", "gru", "feed_forward"]
CELLS: tuple[Cell, ...] = get_args(Cell)

CELL_TITLES: dict[Cell, str] = {
    "simple_rnn": "SimpleRNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "feed_forward": "Feed-forward (no memory)",
}

Readout = Literal["last", "mean", "attention"]

READOUT_TITLES: dict[Readout, str] = {
    "last": "the last state",
    "mean": "the mean of all states",
    "attention": "attention over all states",
}

Schedule = Literal["constant", "cosine"]
Recipe = Literal["plain", "strong", "streaming"]
RECIPES: tuple[Recipe, ...] = get_args(Recipe)


REACH = 5
"""Frames that a convolution sees at once."""

_FEWEST_CLIPS = 1000  # of an epoch with augmentation
_CHANGES, _FEWEST_TUNING = 6, 600  # of each clip, and clips at the least, of an epoch that tunes a trained network
_HALVINGS = 2  # convolutions that halve the number of frames


def within(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    """Check a setting.

    Raises:
        ConfigError: it is no number, or not between `low` and `high`.
    """
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
        cepstrum: take the cosine transform of the mel bands, whose first numbers are the MFCC; off, a frame is the
            bands themselves: neighbours in pitch stay neighbours, as a convolution needs them.
    """

    sample_rate: int = 16_000
    frame_ms: float = 32.0
    hop_ms: float = 20.0
    n_mels: int = 40
    n_mfcc: int = 13
    fmin: float = 20.0
    fmax: float = 7_600.0
    deltas: bool = True
    cepstrum: bool = True

    def __post_init__(self) -> None:
        within("The sample rate", self.sample_rate, 4_000, 48_000, " Hz")
        within("The frame length", self.frame_ms, 5, 200, " ms")
        within("The hop", self.hop_ms, 2, 200, " ms")
        within("The number of mel bands", self.n_mels, 4, 256)
        within("The number of coefficients", self.n_mfcc, 1, self.n_mels)
        within("The lowest frequency", self.fmin, 0, self.sample_rate / 2, " Hz")
        within("The highest frequency", self.fmax, self.fmin + 100, self.sample_rate / 2, " Hz")

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
        return (self.n_mfcc if self.cepstrum else self.n_mels) * (2 if self.deltas else 1)


@dataclass(frozen=True)
class NetworkConfig:
    """The network that reads the frames.

    Attributes:
        cell: "simple_rnn", "lstm", "gru", or "feed_forward", which has no memory.
        units: size of the state (of the hidden layer for "feed_forward").
        layers: recurrent layers on top of each other.
        bidirectional: read the frames from both ends; doubles the states.
        dropout: share of each hidden layer's outputs that is set to zero in training.
        readout: what the last Dense layer sees: the state after the "last" frame, the "mean" over all frames, or a
            mean whose weights are learned ("attention"). "feed_forward" has no state, so it takes the mean.
        convolutions: layers of a convolution over five frames and five bands in front of the cell; each of the first
            two halves the number of both. 0: the cell reads the frames themselves.
        filters: outputs of each convolution.
        causal: a convolution sees the two frames before and the two after; if causal, the four before and none after.
    """

    cell: Cell = "gru"
    units: int = 96
    layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.4
    readout: Readout = "last"
    convolutions: int = 0
    filters: int = 24
    causal: bool = False

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise ConfigError(f"There is no cell '{self.cell}'; choose one of {', '.join(CELLS)}.")
        if self.readout not in get_args(Readout):
            raise ConfigError(f"There is no readout '{self.readout}'; choose one of {', '.join(get_args(Readout))}.")
        within("The number of units", self.units, 1, 1024)
        within("The number of layers", self.layers, 1, 4)
        within("Dropout", self.dropout, 0, 0.9)
        within("The number of convolutions", self.convolutions, 0, 4)
        within("The number of filters", self.filters, 1, 1024)
        if self.cell == "feed_forward":
            if self.bidirectional:
                raise ConfigError("A feed-forward network has no direction in time; leave bidirectional off.")
            if self.convolutions:
                raise ConfigError("A convolution sees several frames, and feed-forward sees each alone; use 0 of them.")
            object.__setattr__(self, "readout", "mean")

    @property
    def streams(self) -> bool:
        """Whether the network can go on from frame to frame for ever: no answer waits for what comes later, and none
        looks back further than its state. Whether it does well by that is for the training, see `RunConfig.streams`.
        """
        forward = self.cell != "feed_forward" and not self.bidirectional and self.readout == "last"
        return forward and (self.causal or not self.convolutions)

    @property
    def in_words(self) -> str:
        """The layers, on one line."""
        causal = "causal " if self.causal else ""
        convolutions = f"{self.convolutions} {causal}convolutions, " if self.convolutions else ""
        layers = f"{self.layers} layers of " if self.layers > 1 else ""
        ways = "bidirectional " if self.bidirectional else ""
        cell = f"{ways}{CELL_TITLES[self.cell]} of {self.units} units"
        return f"{convolutions}{layers}{cell}, answer from {READOUT_TITLES[self.readout]}"

    @property
    def reach_back(self) -> tuple[int, int]:
        """Frames before and after the middle of a convolution that it sees."""
        return (REACH - 1, 0) if self.causal else (REACH // 2, REACH // 2)

    @property
    def frames_a_step(self) -> int:
        """Frames that one step of the cell stands for: more than one behind convolutions that halve their number."""
        return math.prod(self.strides)

    @property
    def strides(self) -> tuple[int, ...]:
        """Frames from one step of each convolution to the next."""
        return tuple(2 if number < _HALVINGS else 1 for number in range(self.convolutions))


@dataclass(frozen=True)
class TrainingConfig:
    """How the network learns.

    Attributes:
        epochs: at the most; an epoch shows as many clips of each class as a word has on average.
        batch_size: clips a step.
        learning_rate: of Adam, the largest.
        patience: stop when the validation loss has not improved for so many epochs; 0 never stops early.
        clip_norm: bound on the norm of the gradient of a step.
        seed: of the first weights, the order of the clips, dropout and augmentation.
        schedule: the learning rate stays "constant", or rises during the first epoch and then falls to nothing along
            half a "cosine" (Loshchilov and Hutter 2017).
        label_smoothing: share of the target that is spread evenly over all classes (Szegedy et al. 2016).
        averaging: the network that is kept is a running mean of the weights, of which each step keeps this share
            (Polyak and Juditsky 1992); 0 keeps the weights themselves.
        mixup: how strongly clips of a batch are mixed in pairs, frames and targets alike: the shares are drawn from
            Beta(mixup, mixup) (Zhang et al. 2018); 0 mixes nothing.
        clips_in_a_row: the network learns from so many clips one after the other, with background noise under them and
            pauses between, and is asked after every step what was said last; so its state can run on for ever. 1: it
            reads one clip at a time, from a state of zeros, and is asked at the end.
        folds: judge by cross-validation: the clips are dealt into so many folds, for each a network learns from the
            others and is judged on it, and the network that is kept learns from all of them; all epochs are done,
            whatever `patience` says. 0: by the corpus' sides.
    """

    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 2e-3
    patience: int = 6
    clip_norm: float = 1.0
    seed: int = 0
    schedule: Schedule = "constant"
    label_smoothing: float = 0.0
    averaging: float = 0.0
    mixup: float = 0.0
    folds: int = 0
    clips_in_a_row: int = 1

    def __post_init__(self) -> None:
        within("The number of epochs", self.epochs, 1, 1000)
        within("The batch size", self.batch_size, 1, 4096)
        within("The learning rate", self.learning_rate, 1e-6, 1)
        within("Patience", self.patience, 0, 1000)
        within("The gradient's bound", self.clip_norm, 1e-3, 1e3)
        within("The seed", self.seed, 0, 2**31 - 1)
        if self.schedule not in get_args(Schedule):
            raise ConfigError(f"There is no schedule '{self.schedule}'; choose one of {', '.join(get_args(Schedule))}.")
        within("Label smoothing", self.label_smoothing, 0, 0.5)
        within("Averaging", self.averaging, 0, 0.9999)
        within("Mixup", self.mixup, 0, 2)
        within("The number of clips in a row", self.clips_in_a_row, 1, 20)
        if self.clips_in_a_row > 1 and self.mixup:
            raise ConfigError("Mixup mixes single clips; leave it at 0 where clips are read in a row.")
        if self.folds:
            within("The number of folds", self.folds, 2, 20)


@dataclass(frozen=True)
class AugmentationConfig:
    """How a training clip is changed each time that the network sees it; never a validation or test clip.

    Attributes:
        augment: whether it is changed at all.
        speed: largest share by which it is played faster or slower, its pitch along with it.
        shift_ms: largest shift to either side [ms].
        gain_db: largest change of its level [dB].
        noise_probability: how often background noise is added.
        lowest_snr_db, highest_snr_db: level of the clip over the noise [dB], drawn between these.
        noise_folder: a folder of noise recordings; the corpus' own, else generated noise where it is empty.
        time_masks, time_mask_ms: stretches whose frames are blotted out, and the longest [ms] (SpecAugment, Park et
            al. 2019).
        frequency_masks, frequency_mask_bands: ranges of mel bands that are blotted out, and the widest.
    """

    augment: bool = False
    speed: float = 0.15
    shift_ms: float = 100.0
    gain_db: float = 10.0
    noise_probability: float = 0.8
    lowest_snr_db: float = 5.0
    highest_snr_db: float = 30.0
    noise_folder: str = ""
    time_masks: int = 2
    time_mask_ms: float = 80.0
    frequency_masks: int = 2
    frequency_mask_bands: int = 6

    def __post_init__(self) -> None:
        within("The change of speed", self.speed, 0, 0.5)
        within("The shift", self.shift_ms, 0, 1000, " ms")
        within("The change of level", self.gain_db, 0, 40, " dB")
        within("The probability of noise", self.noise_probability, 0, 1)
        within("The lowest ratio of clip to noise", self.lowest_snr_db, -20, 60, " dB")
        within("The highest ratio of clip to noise", self.highest_snr_db, self.lowest_snr_db, 80, " dB")
        within("The number of time masks", self.time_masks, 0, 10)
        within("The longest time mask", self.time_mask_ms, 0, 1000, " ms")
        within("The number of frequency masks", self.frequency_masks, 0, 10)
        within("The widest frequency mask", self.frequency_mask_bands, 0, 128, " bands")


@dataclass(frozen=True)
class RunConfig:
    """Everything that a training is made from; the same configuration gives the same run on the same machine.

    `start` is the run whose network this one starts from, a name or a folder; empty: from random weights.
    """

    corpus: CorpusReference
    task: Task
    name: str = ""
    features: FeatureConfig = field(default_factory=FeatureConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    start: str = ""

    def __post_init__(self) -> None:
        if len(self.name) > 60 or any(ord(character) < 32 or character in "/\\" for character in self.name):
            raise ConfigError(
                f"'{self.name[:70]}' cannot name a run; use up to 60 characters without slashes or line breaks."
            )
        if self.training.clips_in_a_row > 1 and not self.network.streams:
            raise ConfigError(
                "Clips are read in a row only by a network that reads forwards and answers from its last state; "
                "set bidirectional off, readout to last, and causal where there are convolutions."
            )
        if self.training.clips_in_a_row > 1 and not self.augmentation.augment:
            raise ConfigError("Clips are read in a row only with augmentation, which makes the pauses; turn it on.")

    @property
    def streams(self) -> bool:
        """Whether its network is to go on from step to step for ever: it can, and has learned to, from clips in a row."""
        return self.network.streams and self.training.clips_in_a_row > 1

    def clips_of_a_class(self, clips_per_word: float) -> int:
        """Clips of each class that an epoch shows: as many as a word has on average; augmentation makes many of a few."""
        each = math.ceil(clips_per_word)
        if not self.augmentation.augment:
            return each
        if self.start:  # few epochs suffice, but each clip must come in many changes
            return max(_CHANGES * each, math.ceil(_FEWEST_TUNING / len(self.task.classes)))
        return max(each, math.ceil(_FEWEST_CLIPS / len(self.task.classes)))


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
