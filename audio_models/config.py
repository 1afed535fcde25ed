"""The settings of a run: frozen, validated on creation, stored with the run as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from audio_models.errors import ConfigError
from audio_models.settings import check, setting, within
from data.corpus import CorpusReference
from data.phrases import percent, plural
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
FeatureKind = Literal["mfcc", "log_mel"]
Recipe = Literal["plain", "strong", "streaming"]
RECIPES: tuple[Recipe, ...] = get_args(Recipe)

REACH = 5
"""Frames that a convolution sees at once."""

_FEWEST_CLIPS = 1000  # of an epoch with augmentation
_CHANGES, _FEWEST_TUNING = 6, 600  # variants of each clip, and clips at least, in an epoch of fine-tuning
_HALVINGS = 2  # convolutions that halve the number of frames


@dataclass(frozen=True)
class FeatureConfig:
    """How a waveform becomes a sequence of frames."""

    sample_rate: int = setting(
        16_000, 4_000, 48_000, unit="Hz", step=1000, title="Sample rate", help="Rate that every clip is resampled to."
    )
    frame_ms: float = setting(
        32.0, 5, 200, unit="ms", title="Frame", help="Length of the stretch of sound that one frame describes."
    )
    hop_ms: float = setting(20.0, 2, 200, unit="ms", title="Hop", help="Time from one frame to the next.")
    n_mels: int = setting(40, 4, 256, title="Mel bands", help="Number of triangular bands on the mel scale.")
    n_mfcc: int = setting(
        13, 1, 256, title="Coefficients", help="MFCCs per frame, at most as many as there are mel bands."
    )
    fmin: float = setting(
        20.0, 0, 24_000, unit="Hz", step=10, title="Lowest frequency", help="Lower edge of the lowest mel band."
    )
    fmax: float = setting(
        7_600.0, 100, 24_000, unit="Hz", step=100, title="Highest frequency",
        help="Upper edge of the highest mel band, at most half of the sample rate.",
    )  # fmt: skip
    deltas: bool = setting(
        True,
        title="Deltas",
        help="Append the slope of each number over five frames, which doubles the width of a frame.",
    )
    kind: FeatureKind = setting(
        "mfcc", title="Features", option="features", titles={"mfcc": "MFCC", "log_mel": "Log-mel bands"},
        formerly="cepstrum", translated={True: "mfcc", False: "log_mel"},
        help="MFCCs, or the log-mel bands themselves, which keep neighbouring pitches together, as a convolution needs.",
    )  # fmt: skip
    centred: bool = setting(
        False, title="Centred frames",
        help="Zeros of half a frame at both ends of a clip, librosa's default (center=True); such a network cannot listen.",
    )  # fmt: skip
    top_db: float = setting(
        0.0, 0, 200, unit="dB", title="Floor below the loudest",
        help="Bands further below the loudest of the clip are raised to that (librosa's default is 80); 0: no floor.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check(self)
        within("Coefficients", self.n_mfcc, 1, self.n_mels)
        within("Lowest frequency", self.fmin, 0, self.sample_rate / 2, "Hz")
        within("Highest frequency", self.fmax, self.fmin + 100, self.sample_rate / 2, "Hz")

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""
        return round(self.sample_rate * self.frame_ms / 1000)

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next."""
        return round(self.sample_rate * self.hop_ms / 1000)

    @property
    def first_end(self) -> int:
        """Samples of a clip until the end of its first frame."""
        return self.frame_length - (self.frame_length // 2 if self.centred else 0)

    @property
    def needs_whole_clip(self) -> bool:
        """Whether a frame depends on more than its own samples."""
        return self.centred or self.top_db > 0

    @property
    def width(self) -> int:
        """Numbers in a frame."""
        return (self.n_mfcc if self.kind == "mfcc" else self.n_mels) * (2 if self.deltas else 1)


@dataclass(frozen=True)
class NetworkConfig:
    """The network that reads the frames. "feed_forward" has no state, so its readout is always the mean."""

    cell: Cell = setting(
        "gru",
        title="Cell",
        titles=CELL_TITLES,
        help="What reads the frames, one after the other; feed_forward has no memory.",
    )
    units: int = setting(
        96, 1, 1024, title="Units", help="Size of the state: how many numbers the network can remember."
    )
    layers: int = setting(1, 1, 4, title="Layers", help="Recurrent layers on top of each other.")
    bidirectional: bool = setting(
        False, title="Bidirectional",
        help="Read the frames from both ends, which doubles the states; the answer then needs the whole clip.",
    )  # fmt: skip
    dropout: float = setting(
        0.4, 0, 0.9, step=0.05, title="Dropout",
        help="Share of each hidden layer's outputs set to zero in training, against overfitting.",
    )  # fmt: skip
    readout: Readout = setting(
        "last", title="Readout", titles=READOUT_TITLES,
        help="What the last Dense layer sees: the last state, the mean of all states, or a mean with learned weights.",
    )  # fmt: skip
    units_below: tuple[int, ...] = setting(
        (), 1, 1024, title="Units below",
        help="Units of each recurrent layer below the last, from the first on; empty: as many as the last.",
    )  # fmt: skip
    dense: tuple[int, ...] = setting(
        (), 1, 1024, title="Dense layers", help="Sizes of Dense layers with ReLU between the readout and the answer."
    )
    convolutions: int = setting(
        0, 0, 4, title="Convolutions",
        help="Layers in front of the cell that each see five frames and five bands; the first two halve both.",
    )  # fmt: skip
    filters: int = setting(24, 1, 1024, title="Filters", help="Outputs of each convolution.")
    causal: bool = setting(
        False, title="Causal convolutions",
        help="Convolutions see four frames back and none ahead, which listening without end needs.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check(self)
        if self.units_below and len(self.units_below) != self.layers - 1:
            raise ConfigError(
                f"{len(self.units_below)} numbers of units below the last of {plural(self.layers, 'layer')}; "
                f"expected {self.layers - 1}, or none."
            )
        if self.cell == "feed_forward":
            if self.dense:
                raise ConfigError("A feed-forward network has Dense layers already; set their number as its layers.")
            if self.bidirectional:
                raise ConfigError("A feed-forward network has no direction in time; leave bidirectional off.")
            if self.convolutions:
                raise ConfigError("A convolution sees several frames, and feed-forward sees each alone; use 0 of them.")
            object.__setattr__(self, "readout", "mean")

    @property
    def streams(self) -> bool:
        """Whether the layers can process an endless stream: none looks ahead, and the state is their only memory.

        Whether the network works well on a stream depends on its training, see `RunConfig.streams`.
        """
        forward = self.cell != "feed_forward" and not self.bidirectional and self.readout == "last"
        return forward and (self.causal or not self.convolutions)

    @property
    def summary(self) -> str:
        """Describe the layers in one line."""
        causal = "causal " if self.causal else ""
        convolutions = f"{self.convolutions} {causal}convolutions, " if self.convolutions else ""
        layers = f"{self.layers} layers of " if self.layers > 1 else ""
        ways = "bidirectional " if self.bidirectional else ""
        units = ", ".join(map(str, (*self.units_below, self.units)))
        cell = f"{ways}{CELL_TITLES[self.cell]} of {units} units"
        dense = f" through Dense layers of {', '.join(map(str, self.dense))}" if self.dense else ""
        return f"{convolutions}{layers}{cell}, answer from {READOUT_TITLES[self.readout]}{dense}"

    def units_of(self, number: int) -> int:
        """Size of the state of a layer; the first has number 1."""
        return self.units_below[number - 1] if number <= len(self.units_below) else self.units

    @property
    def reach_back(self) -> tuple[int, int]:
        """Frames that a convolution sees before and after its centre."""
        return (REACH - 1, 0) if self.causal else (REACH // 2, REACH // 2)

    @property
    def frames_a_step(self) -> int:
        """Frames per step of the cell: more than one after convolutions that halve their number."""
        return math.prod(self.strides)

    @property
    def strides(self) -> tuple[int, ...]:
        """Frames from one step of each convolution to the next."""
        return tuple(2 if number < _HALVINGS else 1 for number in range(self.convolutions))


@dataclass(frozen=True)
class TrainingConfig:
    """How the network learns."""

    epochs: int = setting(
        30, 1, 1000, title="Epochs",
        help="Epochs at most; one shows as many clips of each class as a word has on average.",
    )  # fmt: skip
    batch_size: int = setting(64, 1, 4096, title="Batch size", help="Clips in each step of the optimizer.")
    learning_rate: float = setting(
        2e-3,
        1e-6,
        1,
        step=1e-3,
        title="Learning rate",
        help="Largest step size of Adam; a SimpleRNN needs a smaller one.",
    )
    patience: int = setting(
        6,
        0,
        1000,
        title="Patience",
        help="Stop after this many epochs without a lower validation loss; 0: never stop early.",
    )
    clip_norm: float = setting(
        1.0, 1e-3, 1e3, title="Gradient clipping", help="Longest gradient of a step: its norm is cut to this."
    )
    seed: int = setting(
        0, 0, 2**31 - 1, title="Seed",
        help="Seed of the first weights, the order of the clips, dropout and augmentation: same seed, same result.",
    )  # fmt: skip
    schedule: Schedule = setting(
        "constant", title="Schedule", titles={"constant": "Constant", "cosine": "Cosine decay"},
        help="Keep the learning rate constant, or let it fall to zero along half a cosine after a warm-up of one epoch.",
    )  # fmt: skip
    label_smoothing: float = setting(
        0.0, 0, 0.5, step=0.05, title="Label smoothing",
        help="Share of the target spread evenly over all classes, against overconfidence (Szegedy et al. 2016).",
    )  # fmt: skip
    ema_decay: float = setting(
        0.0, 0, 0.9999, step=0.001, title="EMA decay", formerly="averaging",
        help="Decay of an exponential moving average of the weights, which are stored as the network; 0: the last weights.",
    )  # fmt: skip
    mixup: float = setting(
        0.0, 0, 2, step=0.1, title="Mixup",
        help="Mix pairs of clips and their targets by shares from Beta(mixup, mixup) (Zhang et al. 2018); 0: no mixing.",
    )  # fmt: skip
    folds: int = setting(
        0, 0, 20, title="Folds",
        help="Measure the accuracy by cross-validation over this many folds, then train on all clips; 0: use the splits (with --from 3 for one voice, 5 for several).",
    )  # fmt: skip
    clips_per_sequence: int = setting(
        1, 1, 20, title="Clips per sequence", formerly="clips_in_a_row",
        help="Clips joined into one sequence, with noise and pauses, and a target at every step, to train for listening; 1: single clips.",
    )  # fmt: skip
    keep_epochs: bool = setting(
        False, title="Keep epochs",
        help="Keep the weights of up to twelve epochs, evenly spaced, so that Inside shows how the network came to be.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check(self)
        if self.clips_per_sequence > 1 and self.mixup:
            raise ConfigError("Mixup mixes single clips; set it to 0 if a sequence has several clips.")
        if self.folds == 1:
            raise ConfigError("Folds is 1; expected a whole number from 2 to 20, or 0 for no cross-validation.")


@dataclass(frozen=True)
class AugmentationConfig:
    """How a training clip is changed each time the network sees it; never a validation or test clip."""

    augment: bool = setting(
        False, title="Augment training clips",
        help="Change each training clip a little every time, so the network learns the word and not the recording.",
    )  # fmt: skip
    speed: float = setting(
        0.15, 0, 0.5, step=0.05, title="Speed", help="Largest change of speed, as a share; the pitch moves along."
    )
    shift_ms: float = setting(
        100.0, 0, 1000, unit="ms", step=10, title="Shift", help="Largest shift in time, earlier or later."
    )
    gain_db: float = setting(10.0, 0, 40, unit="dB", title="Gain", help="Largest change of level, up or down.")
    noise_probability: float = setting(
        0.8, 0, 1, step=0.1, title="Noise probability", help="Share of the clips that get background noise."
    )
    lowest_snr_db: float = setting(
        5.0, -20, 60, unit="dB", title="Lowest SNR", help="Signal-to-noise ratio at the loudest noise."
    )
    highest_snr_db: float = setting(
        30.0, -20, 80, unit="dB", title="Highest SNR", help="Signal-to-noise ratio at the softest noise."
    )
    noise_folder: str = setting(
        "", title="Noise folder", help="Folder of noise recordings; empty: the corpus' own noise, else generated noise."
    )
    room_probability: float = setting(
        0.0, 0, 1, step=0.1, title="Room probability",
        help="Share of the clips that sound as in a room, with generated reverberation.",
    )  # fmt: skip
    equaliser_db: float = setting(
        0.0, 0, 30, unit="dB", title="Equaliser",
        help="Largest boost or cut of a range of pitches, as between one microphone and another.",
    )  # fmt: skip
    synthetic_voices: float = setting(
        0.0, 0, 1, step=0.05, title="Synthetic voices",
        help="Share of the clips of a word that a synthetic voice says instead, reading the label as English; with --from only where that sounds like the clips.",
    )  # fmt: skip
    time_masks: int = setting(
        2, 0, 10, title="Time masks", help="Stretches of frames that are blanked (SpecAugment, Park et al. 2019)."
    )
    time_mask_ms: float = setting(
        80.0, 0, 1000, unit="ms", step=10, title="Longest time mask", help="Length of the longest time mask."
    )
    frequency_masks: int = setting(2, 0, 10, title="Frequency masks", help="Ranges of mel bands that are blanked.")
    frequency_mask_bands: int = setting(
        6, 0, 128, unit="bands", title="Widest frequency mask", help="Width of the widest frequency mask."
    )

    def __post_init__(self) -> None:
        check(self)
        within("Highest SNR", self.highest_snr_db, self.lowest_snr_db, 80, "dB")


@dataclass(frozen=True)
class NegativesConfig:
    """What `_unknown_` is learned from, besides the other words of the corpus; counts only in a task with that class.

    A kind that a training does not have, such as folders when there are none, leaves its share to the others. The
    defaults are those of runs from before these settings.
    """

    unknown_ratio: float = setting(
        1.0, 0.1, 20, step=0.5, title="Unknown ratio",
        help="Clips of other words in an epoch for each clip of a word.",
    )  # fmt: skip
    partial_words: float = setting(
        0.0, 0, 1, step=0.05, title="Partial words",
        help="Share of them made from halves of the words themselves, so that only a whole word counts.",
    )  # fmt: skip
    synthetic_words: float = setting(
        0.0, 0, 1, step=0.05, title="Synthetic words",
        help="Share of them spoken by synthetic voices: words that sound much like the task's, and common English words.",
    )  # fmt: skip
    other: tuple[str, ...] = setting(
        (), title="Other recordings",
        help="A folder of recordings without the words, speech or noise, of any length; give the option once per folder.",
    )  # fmt: skip
    other_share: float = setting(
        0.0, 0, 1, step=0.05, title="Share of other recordings",
        help="Share of them cut at random from the speech in the folders of other recordings.",
    )  # fmt: skip
    hardest_share: float = setting(
        1.0, 0.05, 1, step=0.05, title="Hardest share",
        help="Share of the other words in each batch that count, and more for it: those the network gets most wrong (Shrivastava et al. 2016).",
    )  # fmt: skip

    @property
    def summary(self) -> str:
        """What `_unknown_` is made of besides clips of the corpus, in one line; "" for nothing."""
        kinds = [
            "parts of the words" if self.partial_words else "",
            "words by synthetic voices" if self.synthetic_words else "",
            f"other recordings ({', '.join(Path(one).name for one in self.other)})" if self.other else "",
        ]
        return ", ".join(filter(None, kinds))

    @property
    def makes(self) -> bool:
        """Whether it makes some, so that the corpus needs no other word."""
        return bool(self.partial_words or self.synthetic_words or (self.other and self.other_share))

    def __post_init__(self) -> None:
        check(self)
        if (given := self.partial_words + self.synthetic_words + self.other_share) > 1 + 1e-9:
            raise ConfigError(
                f"Partial words, synthetic words and other recordings make up {percent(given, 0)} of the unknown clips; "
                "their shares may add up to 100 % at most."
            )


@dataclass(frozen=True)
class RunConfig:
    """Everything that defines a training; the same configuration gives the same run on the same machine.

    `start` is the run whose network is fine-tuned, a name or a folder; empty: random weights. `opened_from` names the
    keras file that the network was read from; empty: Echoic trained it.
    """

    corpus: CorpusReference
    task: Task
    name: str = ""
    features: FeatureConfig = field(default_factory=FeatureConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    start: str = ""
    negatives: NegativesConfig = field(default_factory=NegativesConfig)
    opened_from: str = ""

    def __post_init__(self) -> None:
        check(self)
        if len(self.name) > 60 or any(ord(character) < 32 or character in "/\\" for character in self.name):
            raise ConfigError(
                f"'{self.name[:70]}' cannot name a run; use up to 60 characters without slashes or line breaks."
            )
        if self.training.clips_per_sequence > 1 and not self.network.streams:
            raise ConfigError(
                "Several clips per sequence need a network that reads forwards and answers from its last state: "
                "turn bidirectional off, set readout to last, and turn causal on if there are convolutions."
            )
        if self.training.clips_per_sequence > 1 and self.features.needs_whole_clip:
            raise ConfigError(
                "Several clips per sequence train for listening, where a frame knows no whole clip: turn centred frames off "
                "and set the floor to 0."
            )
        if self.training.clips_per_sequence > 1 and not self.augmentation.augment:
            raise ConfigError("Several clips per sequence need augmentation, which makes the pauses; turn it on.")

    @property
    def streams(self) -> bool:
        """Whether it is stateful on a stream: its layers allow it, and it was trained on sequences of clips."""
        return self.network.streams and self.training.clips_per_sequence > 1

    def clips_of_a_class(self, clips_per_word: float) -> int:
        """Clips of each class in an epoch: as many as a word has on average, or more if augmentation varies them."""
        each = math.ceil(clips_per_word)
        if not self.augmentation.augment:
            return each
        if self.start:  # few epochs suffice, but each clip needs many variants
            return max(_CHANGES * each, math.ceil(_FEWEST_TUNING / len(self.task.classes)))
        return max(each, math.ceil(_FEWEST_CLIPS / len(self.task.classes)))
