"""Build the pretrained models: `python -m audio_models.pretrained.build FOLDER`, a folder with clips of Speech Commands.

Trains each cell with its recipe and several seeds, evaluates them on the folder's test list, and puts the network of the
seed that is best on validation clips, and its card, into `audio_models/pretrained/`. The other seeds show how much the figures
depend on chance. The models of the strong recipe are for use; those of the plain recipe, for looking inside, are built only when asked for.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from audio_models.config import Cell, Recipe, RunConfig
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.listening import detection, streaming_evaluation
from audio_models.listening.evaluation_config import StreamingEvaluationConfig, UnlearnedSplit
from audio_models.listening.streaming_evaluation import StreamingEvaluation
from audio_models.networks import kept_epochs
from audio_models.pretrained.card import card
from audio_models.recipes import default_run
from audio_models.recognition import evaluation, learned
from audio_models.recognition.evaluation_result import Evaluation
from audio_models.settings import to_dict
from data import catalogue, workspace
from data.corpus import CorpusReference
from data.folder import LISTS
from data.phrases import percent
from data.task import Task

WORDS = ("left", "right", "stop", "up", "down", "go", "off", "on")
MODELS: dict[str, tuple[Cell, Recipe]] = {
    "commands": ("gru", "strong"),
    "commands-lstm": ("lstm", "strong"),
    "commands-simple-rnn": ("simple_rnn", "strong"),
    "commands-streaming": ("gru", "streaming"),
    "plain-feed-forward": ("feed_forward", "plain"),
    "plain-gru": ("gru", "plain"),
    "plain-lstm": ("lstm", "plain"),
    "plain-simple-rnn": ("simple_rnn", "plain"),
}
_MINUTES, _MINUTES_IN_WINDOWS = 60.0, 15.0  # of other words, of noise, and at most of each folder of other recordings
_KEEPS_EPOCHS = "plain-lstm"  # the network that Inside opens with
_EPOCHS = 5  # of them are installed, from the first: some 260 KB
_LISTENING = ("detection.json", "benches/validation.json", "benches/test.json")


def main() -> int:
    """Train, evaluate and install the models, as many trainings at a time as there are cores."""
    options = _options()
    reference = catalogue.refer(str(merged([options.folder, *options.more]) if options.more else options.folder))
    names = options.models or [name for name, (_, recipe) in MODELS.items() if options.plain or recipe != "plain"]
    jobs = [(name, seed) for seed in range(options.seeds) for name in names]
    # one after the other: each sets the workspace of its folder
    made = {(name, seed): _run(_config(reference, name, seed, options)) for name, seed in jobs}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(_train, made.values()))
        best = dict(zip(names, pool.map(lambda name: _best_first(made, name, reference), names), strict=True))
        listeners = [name for name in names if MODELS[name][1] != "plain"]
        measured = pool.map(lambda name: _listen(best[name][0], reference, "test"), listeners)
        listening = dict(zip(listeners, measured, strict=True))
    for name in names:
        evaluated = [evaluation.evaluate(run, reference, "test") for run in best[name]]
        _install(options.to, name, best[name][0], reference, evaluated, listening.get(name))
        print(f"{name}: " + ", ".join(f"{percent(one.accuracy, 2)}" for one in evaluated))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m audio_models.pretrained.build", description=__doc__)
    parser.add_argument("folder", type=_folder, help="clips in the layout of Speech Commands, with its lists")
    parser.add_argument(
        "models", nargs="*", metavar="MODEL", help=f"{', '.join(MODELS)}; by default those that are not plain"
    )
    parser.add_argument("--plain", action="store_true", help="build the plain models too")
    parser.add_argument(
        "--more", type=_folder, action="append", default=[], metavar="FOLDER",
        help="more clips, one folder per word; what the lists of the first folder do not name is trained on",
    )  # fmt: skip
    parser.add_argument(
        "--other", type=_folder, action="append", default=[], metavar="FOLDER",
        help="recordings without the words, speech or noise, of any length; not for the plain models",
    )  # fmt: skip
    parser.add_argument(
        "--held-out", type=lambda text: tuple(text.split(",")), default=(), metavar="WORDS",
        help="other words to keep out of training, separated by commas; a fifth of them by default",
    )  # fmt: skip
    parser.add_argument(
        "--to",
        type=Path,
        default=runs.BUNDLED,
        metavar="FOLDER",
        help="where the models are put; into Echoic by default",
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="trainings per model (3)")
    parser.add_argument("--epochs", type=int, metavar="N", help="epochs per training; the recipe's by default")
    options = parser.parse_intermixed_args()  # models may stand behind options
    if unknown := [name for name in options.models if name not in MODELS]:
        parser.error(f"there is no model {', '.join(unknown)}; the models are {', '.join(MODELS)}")
    return options


def _folder(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return path


def merged(folders: Sequence[Path]) -> Path:
    """A folder of links to the clips of several folders of words, with the lists and the noise of the first."""
    named = hashlib.blake2b("\n".join(map(str, folders)).encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
    with workspace.replacing(workspace.folder("bundle") / f"clips-{named}") as made:
        for number, folder in enumerate(folders):
            for source in sorted(folder.iterdir()):
                if source.is_dir() and not source.name.startswith("."):
                    (made / source.name).mkdir(parents=True, exist_ok=True)
                    for clip in source.iterdir():
                        with contextlib.suppress(FileExistsError):
                            (made / source.name / clip.name).symlink_to(clip)
                elif number == 0 and source.name in LISTS:
                    (made / source.name).symlink_to(source)
    return workspace.folder("bundle") / f"clips-{named}"


def _config(reference: CorpusReference, name: str, seed: int, options: argparse.Namespace) -> RunConfig:
    cell, recipe = MODELS[name]
    task = Task(WORDS, unknown=True, silence=True, held_out=options.held_out)
    config = default_run(reference, task, cell, recipe, name=name, seed=seed, epochs=options.epochs)
    other = tuple(map(str, options.other)) if config.negatives.other_share else ()
    return replace(
        config,
        negatives=replace(config.negatives, other=other),
        training=replace(config.training, keep_epochs=name == _KEEPS_EPOCHS),
    )


def _run(config: RunConfig) -> Run:
    """Find the run of one training, or create it."""
    home = workspace.folder("bundle", f"{config.name}-{config.training.seed}")
    there = sorted((home / "runs").glob("[!.]*"))
    return next((run for run in map(Run, there) if run.config == config), None) or _create(home, config)


def _train(run: Run) -> None:
    """Train in a process and a queue of its own; resume an interrupted training."""
    if run.state.status != "finished":
        subprocess.run(
            [sys.executable, "-m", "audio_models.training.process", str(run.folder)],
            cwd=workspace.PROJECT,
            env={**os.environ, "ECHOIC_HOME": str(run.folder.parent.parent)},
            check=True,
        )
    print(f"{run.name}, seed {run.config.training.seed}: {run.best_epoch}", file=sys.stderr, flush=True)


def _create(home: Path, config: RunConfig) -> Run:
    before = os.environ.get("ECHOIC_HOME")
    os.environ["ECHOIC_HOME"] = str(home)
    try:
        return runs.create(config)
    finally:
        if before is None:
            del os.environ["ECHOIC_HOME"]
        else:
            os.environ["ECHOIC_HOME"] = before


def _install(
    to: Path,
    name: str,
    run: Run,
    reference: CorpusReference,
    evaluated: Sequence[Evaluation],
    listening: StreamingEvaluation | None,
) -> None:
    folder = to / name
    folder.mkdir(parents=True, exist_ok=True)
    config = _published(run.config)
    workspace.write_json(folder / "config.json", to_dict(config))
    for file in ("model.onnx", "history.json", "state.json", *(_LISTENING if listening else ())):
        (folder / file).parent.mkdir(exist_ok=True)
        workspace.write_atomically(folder / file, (run.folder / file).read_bytes())
    for epoch in kept_epochs.listing(run.epochs_folder)[:_EPOCHS]:
        kept_epochs.copy(run.epochs_folder, folder / run.epochs_folder.name, epoch)
    learned.store_together(to / learned.FILE_NAME, run)
    text = card(WORDS, MODELS[name][1], run, reference, evaluated, listening)
    workspace.write_atomically(folder / "card.md", text.encode("utf-8"))


def _published(config: RunConfig) -> RunConfig:
    """A configuration without paths of this machine: corpora and folders by their plain names."""
    negatives = replace(config.negatives, other=tuple(Path(one).name for one in config.negatives.other))
    return replace(config, corpus=CorpusReference("speech_commands"), negatives=negatives)


def _best_first(made: Mapping[tuple[str, int], Run], name: str, reference: CorpusReference) -> list[Run]:
    """The trainings of a model, each with another seed, the one to install first: what is best on validation clips.

    A streaming network is to miss few words at its threshold, which is chosen on validation recordings for every model that
    listens; any other is to have a low loss.
    """
    runs = [run for (model, _), run in made.items() if model == name]
    if MODELS[name][1] == "plain":
        return sorted(runs, key=_loss)
    heard = {}
    for run in runs:
        point = _listen(run, reference, "validation").suggested
        assert point is not None
        detection.store_settings(run, replace(detection.load_settings(run), threshold=point.threshold))
        heard[run.reference] = point.heard
    return sorted(runs, key=lambda run: (-heard[run.reference] if run.config.streams else 0, _loss(run)))


def _loss(run: Run) -> float:
    assert run.best_epoch is not None
    return run.best_epoch.validation_loss


def _listen(run: Run, reference: CorpusReference, split: UnlearnedSplit) -> StreamingEvaluation:
    """Evaluate a network on soundscapes of a split, and on its other recordings; store it."""
    minutes = _MINUTES if run.config.streams else _MINUTES_IN_WINDOWS
    found = streaming_evaluation.measure(run, StreamingEvaluationConfig(split, minutes=minutes), reference)
    streaming_evaluation.store(run, found)
    return found


if __name__ == "__main__":
    sys.exit(main())
