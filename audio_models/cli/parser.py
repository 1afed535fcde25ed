"""What the shell command takes: each command with its options, each setting under its configuration's name."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar, get_args

from audio_models.config import (
    CELLS,
    RECIPES,
    AugmentationConfig,
    Cell,
    FeatureConfig,
    NetworkConfig,
    Readout,
    Recipe,
    Schedule,
    TrainingConfig,
)
from audio_models.errors import ConfigError
from audio_models.lab.memory import INITIALISATIONS, MemoryConfig
from audio_models.lab.memory_tasks import TASKS
from audio_models.listening.detection import DetectionConfig
from audio_models.recipes import default_augmentation, default_features, default_network, default_training

CORPUS_ACTIONS = ("create", "add", "record-split", "import", "check", "export", "undo", "delete")

Command = Callable[[argparse.Namespace], int]
Settings = TypeVar(
    "Settings", FeatureConfig, NetworkConfig, TrainingConfig, AugmentationConfig, MemoryConfig, DetectionConfig
)

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

    command("corpora", "List the corpora that Echoic knows: what they hold, licence, size.")

    made = command("fetch", "Load a corpus: download or synthesise it, check it, index it.")
    made.add_argument("name", metavar="NAME", help="a corpus' name, or a folder of label/clip.wav")
    _add_corpus(made)

    made = command("train", "Train a network; the run is kept in the workspace.")
    made.add_argument(
        "--corpus", default="synthetic_voices", metavar="NAME|FOLDER", help="what to learn from (synthetic_voices)"
    )
    _add_corpus(made)
    _add_task(made)
    made.add_argument("--name", default="", metavar="TEXT", help="what to call the run")
    made.add_argument(
        "--from",
        dest="start",
        default="",
        metavar="RUN",
        help="start from the network of a run, commands say: a new last layer is fitted to your words, then the whole is tuned gently",
    )
    made.add_argument("--background", action="store_true", help="return at once; the training goes on by itself")
    _add_settings(made)

    made = command("evaluate", "Judge a run: accuracy with its interval, confusion matrix, per class, per speaker.")
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument("--corpus", metavar="NAME|FOLDER", help="judge by another corpus than its own")
    made.add_argument(
        "--split",
        metavar="SPLIT",
        help="training, validation, test or all; held-back of a run that was judged by folds (test, or held-back)",
    )
    _add_corpus(made)

    made = command("predict", "Say what is heard in clips.")
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument("clip", metavar="CLIP", nargs="+", help="a WAV, FLAC, OGG or MP3 file")

    made = command("inspect", "Look inside a run while it reads a clip: states, gates, answers so far, gradient.")
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument("clip", metavar="CLIP", help="a WAV, FLAC, OGG or MP3 file")
    made.add_argument("--label", metavar="WORD", help="what was said; by default what the network answers")
    made.add_argument(
        "--order", default="spoken", metavar="ORDER", help="of the frames: spoken, reversed or shuffled (spoken)"
    )
    made.add_argument("--seed", type=int, default=0, metavar="N", help="of the shuffling (0)")

    made = command("memory", "Measure how well each cell remembers over how many steps, with small made-up tasks.")
    made.add_argument("--task", choices=TASKS, default="recall", help="what is to be remembered (recall)")
    made.add_argument("--cells", metavar="A,B", help="to compare (simple_rnn,lstm,gru)")
    made.add_argument("--lengths", metavar="N,M", help="steps over which they must remember; the task's own by default")
    defaults = MemoryConfig()
    for name, kind, text in (
        ("units", int, "size of the state"),
        ("steps", int, "of the optimizer at the most for each cell and length"),
        ("batch_size", int, "sequences a step"),
        ("learning_rate", float, "of Adam"),
        ("clip_norm", float, "bound on the gradient's norm, 0 for none"),
        ("forget_bias", float, "of the gate that keeps the memory, at the start"),
        ("seed", int, "same seed, same result"),
    ):
        default = _shown(getattr(defaults, name))
        made.add_argument(
            f"--{name.replace('_', '-')}", type=kind, metavar="N" if kind is int else "X", help=f"{text} ({default})"
        )
    made.add_argument(
        "--initialisation", choices=INITIALISATIONS, help=f"of the recurrent weights ({defaults.initialisation})"
    )
    made.add_argument("--background", action="store_true", help="return at once; the measurement goes on by itself")

    made = command(
        "compare", "Train every cell on the same clips, several times, and say which is better and how sure that is."
    )
    made.add_argument(
        "--corpus", default="synthetic_voices", metavar="NAME|FOLDER", help="what to learn from (synthetic_voices)"
    )
    _add_corpus(made)
    _add_task(made)
    made.add_argument("--cells", metavar="A,B", help=f"to compare ({','.join(CELLS)})")
    made.add_argument("--recipe", choices=RECIPES, default="plain", help="what their settings come from (plain)")
    made.add_argument("--seeds", type=int, default=3, metavar="N", help="trainings of each cell (3)")
    made.add_argument(
        "--epochs", type=int, default=0, metavar="N", help="of each training at the most; the recipe's by default"
    )
    made.add_argument("--background", action="store_true", help="return at once; the comparison goes on by itself")

    made = command("corpus", "Your own clips: make a corpus, bring clips into it, look them over, take them away.")
    made.add_argument("action", choices=CORPUS_ACTIONS, metavar="ACTION", help=", ".join(CORPUS_ACTIONS))
    made.add_argument("name", metavar="NAME", help="what the corpus is called; train takes it with --corpus NAME")
    made.add_argument(
        "files", metavar="FILE", nargs="*",
        help="add: clips. record-split: recordings of one word, said again and again, each up to ten minutes. import: a zip or tar, a folder, a CSV or JSON list. export: the zip to write",
    )  # fmt: skip
    made.add_argument("--label", metavar="WORD", help="what is said, where the files do not tell")
    made.add_argument("--speaker", metavar="NAME", help="who says it, where the files do not tell")
    made.add_argument(
        "--speaker-pattern",
        metavar="REGEX",
        help="where file names hold the speaker: a regular expression with one group",
    )
    made.add_argument("--unlike", action="store_true", help="check: also clips that sound unlike the others of their word, to the network commands")  # fmt: skip

    made = command(
        "listen", "Listen to a recording or to raw sound from a pipe: one JSON line for each word, as it is heard."
    )
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument(
        "source", metavar="FILE|-", help="a recording of up to two hours; or - for raw sound from standard input: 16 bits, little-endian, one channel"
    )  # fmt: skip
    made.add_argument("--rate", type=int, metavar="HZ", help="of raw sound; the network's own by default")
    _add_detection(made)

    made = command(
        "bench", "Measure a network that listens: words missed, false alarms an hour, delay, over the threshold."
    )
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument("--corpus", metavar="NAME|FOLDER", help="make the recordings of another corpus than its own")
    made.add_argument(
        "--split",
        choices=["validation", "test"],
        default="validation",
        help="whose clips they are made of (validation)",
    )
    made.add_argument("--snr-db", type=float, default=10.0, metavar="X", help="level of the words over the noise (10)")
    made.add_argument(
        "--minutes", type=float, default=60.0, metavar="X", help="of other words, and as much of noise (60)"
    )
    made.add_argument("--choose", type=float, metavar="X", help="store this threshold with the run")

    made = command("export", "Take a network away: a folder that hears without Echoic, with a program and a card.")
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument(
        "--format", choices=["onnx", "litert"], default="onnx", help="ONNX; or beside it a file for LiteRT (onnx)"
    )
    made.add_argument("--int8", action="store_true", help="add networks whose weights have 8 bits, and measure both")
    made.add_argument("--to", default="echoic-model", metavar="FOLDER", help="the folder to write (echoic-model)")

    command("runs", "List the runs: state, settings, validation accuracy.")

    for name, text in (
        ("cancel", "Stop a training, measurement or comparison; what it has is kept, of a training the best weights."),
        ("resume", "Go on with what was cancelled, interrupted or failed, a training from its last epoch."),
    ):
        command(name, text).add_argument("run", metavar="RUN", help=f"{_RUN}; or a measurement's or comparison's id")
    return whole


def _add_detection(made: argparse.ArgumentParser) -> None:
    for name, unit, text in (
        ("threshold", "X", "how probable a word must be to count as heard"),
        ("smoothing-ms", "X", "stretch over which probabilities are averaged"),
        ("refractory-ms", "X", "shortest time from one event to the next"),
    ):
        made.add_argument(f"--{name}", type=float, metavar=unit, help=f"{text}; what was chosen for the run by default")


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


def _add_task(made: argparse.ArgumentParser) -> None:
    made.add_argument("--labels", metavar="A,B,C", help="the words to tell apart; all of the corpus by default")
    made.add_argument("--unknown", action="store_true", help="add the class _unknown_, drawn from the other words")
    made.add_argument("--silence", action="store_true", help="add the class _silence_, cut from background noise")


def _add_settings(made: argparse.ArgumentParser) -> None:
    """One option for each setting; its default is that of the recipe and the cell."""
    either = argparse.BooleanOptionalAction
    made.add_argument(
        "--recipe",
        choices=RECIPES,
        default="strong",
        help="what the other settings start from: the cell alone, learning from clips as they are (plain), all that was found to help with strangers' voices (strong), or a network that can listen without end (streaming)",
    )
    group = made.add_argument_group("network")
    group.add_argument(
        "--cell", choices=CELLS, default="gru", help="what reads the frames (gru; with --from, that of its network)"
    )

    def network(name: str, **settings: Any) -> None:
        _add(group, name, default_network, **settings)

    network("units", type=int, metavar="N", help="size of the state")
    network("layers", type=int, metavar="N", help="recurrent layers")
    network("bidirectional", action=either, help="read the frames from both ends")
    network("dropout", type=float, metavar="X", help="share of outputs set to zero in training")
    network("readout", choices=get_args(Readout), help="answer from the last state, the mean over all frames, or a learned mean")  # fmt: skip
    network("convolutions", type=int, metavar="N", help="convolutions in front of the cell, over five frames each")
    network("causal", action=either, help="convolutions reach back only, so that the network can listen without end")
    network("filters", type=int, metavar="N", help="outputs of each convolution")

    group = made.add_argument_group("training")

    def training(name: str, **settings: Any) -> None:
        _add(group, name, default_training, **settings)

    training("epochs", type=int, metavar="N", help="at the most")
    training("batch_size", type=int, metavar="N", help="clips a step")
    training("learning_rate", type=float, metavar="X", help="of Adam, the largest")
    training("schedule", choices=get_args(Schedule), help="how the learning rate goes on")
    training("patience", type=int, metavar="N", help="epochs without improvement before it stops, 0 for never")
    training("clip_norm", type=float, metavar="X", help="bound on the gradient's norm")
    training("label_smoothing", type=float, metavar="X", help="share of the target spread over all classes")
    training("averaging", type=float, metavar="X", help="share that a running mean of the weights keeps each step")
    training("mixup", type=float, metavar="X", help="how strongly clips are mixed in pairs")
    training("clips_in_a_row", type=int, metavar="N", help="clips read one after the other, asked after every step")
    training("seed", type=int, metavar="N", help="same seed, same result")
    training(
        "folds",
        type=int,
        metavar="N",
        help="judge by cross-validation over so many parts of all clips, instead of by the corpus' sides; 5 with --from",
    )

    group = made.add_argument_group("augmentation: training clips are changed each time that they are seen")

    def augmentation(name: str, **settings: Any) -> None:
        _add(group, name, lambda _, recipe: default_augmentation(recipe), **settings)

    augmentation("augment", action=either, help="change them at all")
    augmentation("speed", type=float, metavar="X", help="largest share faster or slower")
    augmentation("shift_ms", type=float, metavar="X", help="largest shift to either side")
    augmentation("gain_db", type=float, metavar="X", help="largest change of level")
    augmentation("noise_probability", type=float, metavar="X", help="how often noise is added")
    augmentation("lowest_snr_db", type=float, metavar="X", help="lowest level of a clip over the noise")
    augmentation("highest_snr_db", type=float, metavar="X", help="highest level of a clip over the noise")
    group.add_argument("--noise-folder", metavar="FOLDER", help="recordings of noise, instead of the corpus' own")
    augmentation("time_masks", type=int, metavar="N", help="stretches of frames blotted out")
    augmentation("time_mask_ms", type=float, metavar="X", help="longest of them")
    augmentation("frequency_masks", type=int, metavar="N", help="ranges of mel bands blotted out")
    augmentation("frequency_mask_bands", type=int, metavar="N", help="widest of them")

    group = made.add_argument_group("features")

    def features(name: str, **settings: Any) -> None:
        _add(group, name, lambda _, recipe: default_features(recipe), **settings)

    features("sample_rate", type=int, metavar="HZ", help="rate that every clip is brought to")
    features("frame_ms", type=float, metavar="X", help="length of a frame")
    features("hop_ms", type=float, metavar="X", help="time from frame to frame")
    features("n_mels", type=int, metavar="N", help="mel bands")
    features("n_mfcc", type=int, metavar="N", help="coefficients")
    features("fmin", type=float, metavar="HZ", help="edge of the lowest band")
    features("fmax", type=float, metavar="HZ", help="edge of the highest band")
    features("cepstrum", action=either, help="take the cosine transform (MFCC), instead of the mel bands themselves")
    features("deltas", action=either, help="add each coefficient's slope")


def _add(group: Any, name: str, defaults: Callable[[Cell, Recipe], Any], help: str = "", **settings: Any) -> None:
    """An option for the setting `name`; its help ends with its default, wherever cells or recipes differ in it."""
    by_recipe = {}
    for recipe in RECIPES:
        by_cell = {cell: _shown(getattr(defaults(cell, recipe), name)) for cell in CELLS}
        alike = len(set(by_cell.values())) == 1
        by_recipe[recipe] = by_cell["gru"] if alike else ", ".join(f"{cell} {by_cell[cell]}" for cell in CELLS)
    alike = len(set(by_recipe.values())) == 1
    default = by_recipe["strong"] if alike else "; ".join(f"{recipe}: {by_recipe[recipe]}" for recipe in RECIPES)
    group.add_argument(f"--{name.replace('_', '-')}", help=f"{help} ({default})", **settings)


def _shown(setting: Any) -> str:
    return (
        ("on" if setting else "off")
        if isinstance(setting, bool)
        else f"{setting:g}"
        if isinstance(setting, int | float)
        else str(setting)
    )
