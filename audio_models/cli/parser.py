"""Define what the shell command takes: its commands, and their options, one for each setting."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from audio_models.config import (
    RECIPES,
    AugmentationConfig,
    FeatureConfig,
    NegativesConfig,
    NetworkConfig,
    TrainingConfig,
)
from audio_models.lab.comparison import ComparisonConfig
from audio_models.lab.memory import MemoryConfig
from audio_models.lab.memory_tasks import TASKS
from audio_models.listening.detection import DetectionConfig
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.options import Parser, add_settings, list_of
from audio_models.serving import ServingConfig
from data import command as command_line
from data.audio_formats import NAMES

CORPUS_ACTIONS = ("create", "add", "record-split", "import", "check", "export", "undo", "delete")

Command = Callable[[argparse.Namespace], int]

_RUN = "Id, name or folder of a run"
_AUDIO = f"A recording: {NAMES}"


def parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """Build the parser.

    Args:
        commands: the function of each command.

    Raises:
        ConfigError: while parsing, if the arguments are invalid.
    """
    whole = Parser(
        prog=command_line.shell(),
        description="Train, evaluate and run recurrent classifiers of short sounds.",
        epilog=f"Start with: {command_line.shell('dashboard')}. Options of a command: {command_line.shell('COMMAND --help')}",
    )
    whole.add_argument("--version", action="version", version=f"Echoic {command_line.VERSION}")
    parts = whole.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)

    def command(name: str, text: str, *, formerly: Sequence[str] = (), answers: bool = True) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = parts.add_parser(
            name, help=text.replace("%", "%%"), description=text, aliases=formerly
        )
        made.set_defaults(command=commands[name])
        if answers:
            made.add_argument(
                "--json", action="store_true", help="Print one JSON document on stdout and nothing else there"
            )
        return made

    add_settings(command("dashboard", "Open the dashboard in your browser.", answers=False), ServingConfig)

    made = command("password", "Set the password that lets others into the dashboard.", answers=False)
    made.add_argument(
        "--remove", action="store_true", help="Have none any more; the dashboard serves this computer alone"
    )
    made.add_argument("--forget", metavar="NAME", help="Let this user choose another password at the next visit")

    command("corpora", "List all corpora: content, licence, size.")

    made = command("fetch", "Load a corpus: download or synthesise it, verify it, index it.")
    made.add_argument("name", metavar="NAME", help="Name of a corpus, or a folder of label/clip.wav")
    _add_splitting(made)

    made = command("train", "Train a network; the run is stored in the workspace.")
    _add_corpus(made)
    _add_task(made, "only with --from")
    made.add_argument("--name", default="", metavar="TEXT", help="Name of the run")
    made.add_argument(
        "--from", dest="start", default="", metavar="RUN",
        help="Fine-tune the network of this run, such as commands: first a new last layer, then all weights",
    )  # fmt: skip
    _add_background(made, "training")
    made.add_argument(
        "--recipe", choices=RECIPES, default="strong",
        help="Set all defaults below. plain: one layer of the cell and one Dense layer. strong: all that helps with unknown voices. streaming: for listening without end (default: strong)",
    )  # fmt: skip
    add_settings(made.add_argument_group("network"), NetworkConfig)
    add_settings(made.add_argument_group("training"), TrainingConfig)
    add_settings(made.add_argument_group("augmentation of training clips"), AugmentationConfig)
    add_settings(made.add_argument_group("rejection: what _unknown_ is learned from"), NegativesConfig)
    add_settings(made.add_argument_group("features"), FeatureConfig)

    made = command(
        "evaluate", "Evaluate a run: accuracy with its 95 % interval, confusion matrix, per class, per speaker."
    )
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument("--corpus", metavar="NAME|FOLDER", help="Evaluate on another corpus")
    made.add_argument(
        "--split", metavar="SPLIT",
        help="Training, validation, test or all; cross-validated for a run trained with --folds (default: test, or cross-validated)",
    )  # fmt: skip
    _add_splitting(made)
    made.add_argument(
        "--report",
        metavar="FILE",
        help="Write a page to read and to print: figures, intervals, charts and settings, as HTML",
    )
    _add_table(made, "clip")
    made.add_argument(
        "--matrix", metavar="FILE", help="Write the confusion matrix: CSV, or JSON if its name ends in .json"
    )

    made = command("predict", "Classify clips.")
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument("clip", metavar="CLIP", nargs="+", help=_AUDIO)
    _add_table(made, "clip")

    made = command("inspect", "Show states, gates, answers so far and gradients while a network reads a clip.")
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument("clip", metavar="CLIP", help=_AUDIO)
    made.add_argument("--label", metavar="WORD", help="The true word (default: the network's answer)")
    made.add_argument(
        "--order",
        default="spoken",
        metavar="ORDER",
        help="Order of the frames: spoken, reversed or shuffled (default: spoken)",
    )
    made.add_argument("--seed", type=int, default=0, metavar="N", help="Seed of the shuffling (default: 0)")
    made.add_argument(
        "--epoch",
        type=int,
        metavar="N",
        help="Read with the weights after this epoch, if the run kept it; 0 is before the first",
    )
    made.add_argument(
        "--hold",
        action="append",
        default=[],
        metavar="GATE",
        help="Hold a gate at every step, such as 'forget shut' or 'output open'; may be given several times",
    )

    made = command("memory", "Measure over how many steps each cell remembers, on small synthetic tasks.")
    made.add_argument("--task", choices=TASKS, default="recall", help="What must be remembered (default: recall)")
    add_settings(made, MemoryConfig, but=("task",))
    _add_table(made, "cell and length")
    _add_background(made, "measurement")

    made = command(
        "compare", "Train every cell on the same clips, several times, and test which differences are significant."
    )
    _add_corpus(made)
    _add_task(made, "no")
    add_settings(made, ComparisonConfig)
    _add_table(made, "cell")
    _add_background(made, "comparison")

    made = command("corpus", "Make a corpus of your own clips: add, check and export them.")
    made.add_argument("action", choices=CORPUS_ACTIONS, metavar="ACTION", help=", ".join(CORPUS_ACTIONS))
    made.add_argument("name", metavar="NAME", help="Name of the corpus, for train --corpus too")
    made.add_argument(
        "files", metavar="FILE", nargs="*",
        help="add: clips. record-split: recordings of one word, repeated with pauses, up to ten minutes each. import: a zip or tar, a folder, a CSV or JSON list. export: the zip to write",
    )  # fmt: skip
    made.add_argument("--label", metavar="WORD", help="The word, where the files do not tell")
    made.add_argument("--speaker", metavar="NAME", help="The speaker, where the files do not tell")
    _add_speaker_pattern(made)
    made.add_argument(
        "--unlike",
        action="store_true",
        help="check: also find clips that sound unlike others of their word, to the network commands",
    )

    made = command(
        "listen",
        "Find words in a recording or in raw sound from a pipe: one JSON line for each, as soon as it is detected.",
    )
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument(
        "source",
        metavar="FILE|-",
        help="A recording of up to two hours; or - for raw sound on stdin: 16-bit little-endian mono",
    )
    made.add_argument("--rate", type=int, metavar="HZ", help="Sample rate of raw sound (default: the network's)")
    add_settings(made, DetectionConfig, default="default: as chosen for the run")

    made = command(
        "evaluate-streaming", "Measure a network that listens: missed words, false alarms per hour and delay at each threshold.",
        formerly=("bench",),
    )  # fmt: skip
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument("--corpus", metavar="NAME|FOLDER", help="Make the soundscapes from another corpus")
    add_settings(made, StreamingEvaluationConfig)
    made.add_argument("--choose", type=float, metavar="X", help="Store this threshold with the run")

    made = command("export", "Export a network: a folder that runs without Echoic, with a program and a model card.")
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument(
        "--format", choices=["onnx", "litert"], default="onnx", help="litert adds a LiteRT file (default: onnx)"
    )
    made.add_argument("--int8", action="store_true", help="Add networks with 8-bit weights, and compare both")
    made.add_argument("--to", default="echoic-model", metavar="FOLDER", help="Folder to write (default: echoic-model)")

    made = command("script", "Write a run as a program and a notebook in plain keras and librosa, to read and to run.")
    made.add_argument("run", metavar="RUN", help=_RUN)
    made.add_argument(
        "--to", default="echoic-script", metavar="FOLDER", help="Folder to write (default: echoic-script)"
    )

    made = command(
        "import",
        "Open a network trained elsewhere: a .keras or .h5 file with SimpleRNN, LSTM or GRU. Nothing in it is run.",
    )
    made.add_argument("file", metavar="FILE", help="A whole model, as model.save writes it")
    made.add_argument("--labels", type=list_of(str), metavar="A,B,C", help="Its classes, in the order of its outputs")
    made.add_argument("--name", default="", metavar="TEXT", help="Name of the run (default: the file's)")
    _add_corpus(made, "Corpus to evaluate it on")
    for name, what in (("mean", "Subtracted from each number of a frame"), ("std", "What it is then divided by")):
        made.add_argument(
            f"--{name}", type=list_of(float), default=(), metavar="X,Y",
            help=f"{what} before the network reads it: one number for all, or one for each (default: none)",
        )  # fmt: skip
    add_settings(
        made.add_argument_group("features it was trained on"), FeatureConfig, default="default: as in the recipe plain"
    )

    command("runs", "List all runs: state, settings, validation accuracy.")

    for name, text in (
        ("cancel", "Stop a training, measurement or comparison; its results so far stay, such as the best weights."),
        ("resume", "Resume what was cancelled, interrupted or failed, a training from its last epoch."),
    ):
        command(name, text).add_argument("run", metavar="RUN", help=f"{_RUN}; or the id of a measurement or comparison")

    command("doctor", "Look for what keeps Echoic from working on this computer, and say how to mend it.")
    return whole


def _add_corpus(made: argparse.ArgumentParser, what: str = "Corpus to learn from") -> None:
    made.add_argument(
        "--corpus",
        default="synthetic_voices",
        metavar="NAME|FOLDER",
        help=f"{what} (default: synthetic_voices)",
    )
    _add_splitting(made)


def _add_splitting(made: argparse.ArgumentParser) -> None:
    _add_speaker_pattern(made)
    made.add_argument(
        "--split-by", choices=["lists", "speaker", "clip"],
        help="Split by the corpus' own lists, by speaker (no speaker in two splits), or clip by clip (default: the first that is possible)",
    )  # fmt: skip


def _add_table(made: argparse.ArgumentParser, each: str) -> None:
    made.add_argument(
        "--table", metavar="FILE", help=f"Write a row for each {each}: CSV, or JSON if its name ends in .json"
    )


def _add_speaker_pattern(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--speaker-pattern",
        metavar="REGEX",
        help="Regular expression with one group that finds the speaker in a file name",
    )


def _add_task(made: argparse.ArgumentParser, default: str) -> None:
    made.add_argument(
        "--labels", type=list_of(str), metavar="A,B,C", help="Words to tell apart (default: all of the corpus)"
    )
    for name, what in (("unknown", "learned from other words"), ("silence", "cut from background noise")):
        made.add_argument(
            f"--{name}", action=argparse.BooleanOptionalAction, help=f"Add the class _{name}_, {what} (default: {default})"
        )  # fmt: skip
    made.add_argument(
        "--held-out",
        type=list_of(str),
        metavar="A,B,C",
        help="Other words to keep out of training, to measure how words never heard are rejected (default: a fifth of them)",
    )


def _add_background(made: argparse.ArgumentParser, job: str) -> None:
    made.add_argument("--background", action="store_true", help=f"Return at once; the {job} continues by itself")
