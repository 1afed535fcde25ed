"""What the shell command takes: each command with its options, each setting under its configuration's name."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeVar

from audio_models.config import (
    CELLS,
    Cell,
    FeatureConfig,
    NetworkConfig,
    TrainingConfig,
    default_network,
    default_training,
)
from audio_models.errors import ConfigError

Command = Callable[[argparse.Namespace], int]
Settings = TypeVar("Settings", FeatureConfig, NetworkConfig, TrainingConfig)

_RUN = "an id, a name or a run's folder"


def changed(config: Settings, options: argparse.Namespace) -> Settings:
    """A configuration with the options of the same names; what was not given keeps its default."""
    names = {field.name for field in dataclasses.fields(config)}
    return dataclasses.replace(config, **{k: v for k, v in vars(options).items() if k in names and v is not None})


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message[:1].upper()}{message[1:]}. See: {self.prog} --help")


def parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """The parser; `commands` are the functions that carry the commands out.

    Raises:
        ConfigError: while parsing, for what cannot be understood.
    """
    whole = _Parser(
        prog="python -m audio_models", description="Train, judge and run recurrent classifiers of short sounds."
    )
    parts = whole.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = parts.add_parser(name, help=text, description=text)
        made.set_defaults(command=commands[name])
        made.add_argument("--json", action="store_true", help="print one JSON document on stdout, nothing else there")
        return made

    command("corpora", "List the corpora that Hark knows: what they hold, licence, size.")

    made = command("fetch", "Load a corpus: download or synthesise it, check it, index it.")
    made.add_argument("name", metavar="NAME", help="a corpus' name, or a folder of label/clip.wav")
    _add_corpus(made)

    made = command("train", "Train a network; the run is kept in the workspace.")
    made.add_argument(
        "--corpus", default="synthetic_voices", metavar="NAME|FOLDER", help="what to learn from (synthetic_voices)"
    )
    _add_corpus(made)
    made.add_argument("--labels", metavar="A,B,C", help="the words to tell apart; all of the corpus by default")
    made.add_argument("--unknown", action="store_true", help="add the class _unknown_, drawn from the other words")
    made.add_argument("--silence", action="store_true", help="add the class _silence_, cut from background noise")
    made.add_argument("--name", default="", metavar="TEXT", help="what to call the run")
    made.add_argument("--background", action="store_true", help="return at once; the training goes on by itself")
    _add_settings(made)

    made = command("evaluate", "Judge a run: accuracy with its interval, confusion matrix, per class, per speaker.")
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument("--corpus", metavar="NAME|FOLDER", help="judge by another corpus than its own")
    made.add_argument("--split", default="test", metavar="SPLIT", help="training, validation, test or all (test)")
    _add_corpus(made)

    made = command("predict", "Say what is heard in clips.")
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument("clip", metavar="CLIP", nargs="+", help="a WAV, FLAC, OGG or MP3 file")

    command("runs", "List the runs: state, settings, validation accuracy.")

    for name, text in (
        ("cancel", "Stop a training; its best weights are kept."),
        ("resume", "Go on with a cancelled, interrupted or failed training from its last epoch."),
    ):
        command(name, text).add_argument("run", metavar="RUN", help=_RUN)
    return whole


def _add_corpus(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--speaker-pattern",
        metavar="REGEX",
        help="where a clip's file name holds its speaker: a regular expression with one group",
    )
    made.add_argument(
        "--split-by",
        choices=["lists", "speaker", "clip"],
        help="how the sides are made: the corpus' own lists, speaker-disjoint, or clip by clip; by default the best it has",
    )


def _add_settings(made: argparse.ArgumentParser) -> None:
    """One option for each setting of the network, the training and the features; its default is the configuration's."""
    network, training, features = NetworkConfig(), TrainingConfig(), FeatureConfig()
    either = argparse.BooleanOptionalAction
    group = made.add_argument_group("network")
    group.add_argument("--cell", choices=CELLS, default=network.cell, help=f"what reads the frames ({network.cell})")
    group.add_argument("--units", type=int, metavar="N", help=f"size of the state ({network.units})")
    group.add_argument("--layers", type=int, metavar="N", help=f"recurrent layers ({network.layers})")
    group.add_argument(
        "--bidirectional", action=either, help=f"read the frames from both ends ({_on(network.bidirectional)})"
    )
    group.add_argument(
        "--dropout", type=float, metavar="X", help=f"share of outputs set to zero in training ({network.dropout})"
    )
    group.add_argument(
        "--readout",
        choices=["last", "mean"],
        help=f"answer from the last state, or from the mean over all frames ({_by_cell(lambda cell: default_network(cell).readout)})",
    )
    group = made.add_argument_group("training")
    group.add_argument("--epochs", type=int, metavar="N", help=f"at the most ({training.epochs})")
    group.add_argument("--batch-size", type=int, metavar="N", help=f"clips a step ({training.batch_size})")
    group.add_argument(
        "--learning-rate",
        type=float,
        metavar="X",
        help=f"of Adam ({_by_cell(lambda cell: f'{default_training(cell).learning_rate:g}')})",
    )
    group.add_argument(
        "--patience",
        type=int,
        metavar="N",
        help=f"epochs without improvement before it stops, 0 for never ({training.patience})",
    )
    group.add_argument(
        "--clip-norm", type=float, metavar="X", help=f"bound on the gradient's norm ({training.clip_norm:g})"
    )
    group.add_argument("--seed", type=int, metavar="N", help=f"same seed, same result ({training.seed})")
    group = made.add_argument_group("features")
    group.add_argument(
        "--sample-rate", type=int, metavar="HZ", help=f"rate that every clip is brought to ({features.sample_rate})"
    )
    group.add_argument("--frame-ms", type=float, metavar="X", help=f"length of a frame ({features.frame_ms:g})")
    group.add_argument("--hop-ms", type=float, metavar="X", help=f"time from frame to frame ({features.hop_ms:g})")
    group.add_argument("--n-mels", type=int, metavar="N", help=f"mel bands ({features.n_mels})")
    group.add_argument("--n-mfcc", type=int, metavar="N", help=f"coefficients ({features.n_mfcc})")
    group.add_argument("--fmin", type=float, metavar="HZ", help=f"edge of the lowest band ({features.fmin:g})")
    group.add_argument("--fmax", type=float, metavar="HZ", help=f"edge of the highest band ({features.fmax:g})")
    group.add_argument("--deltas", action=either, help=f"add each coefficient's slope ({_on(features.deltas)})")


def _on(setting: bool) -> str:
    return "on" if setting else "off"


def _by_cell(value: Callable[[Cell], str]) -> str:
    return ", ".join(f"{cell} {value(cell)}" for cell in CELLS)
