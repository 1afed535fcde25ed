"""Compare Echoic's recipes with the network of TensorFlow's audio tutorial, on the same clips in the same run.

`python -m benchmarks.recipe --corpus FOLDER [--seed 0]` trains a plain GRU (one layer, one Dense layer, no augmentation,
Adam), the tutorial's small convolutional network on spectrograms, and Echoic's default, one after the other, and evaluates
each on the folder's test list: eight words, `_unknown_` and `_silence_`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

from audio_models.config import Recipe
from audio_models.jobs import runs
from audio_models.recipes import default_run
from audio_models.recognition import evaluation, metrics
from audio_models.recognition.recognizer import Recognizer
from benchmarks.ablation import COMMANDS
from benchmarks.tutorial import TutorialNetwork
from data import catalogue, task, workspace
from data.corpus import CorpusReference
from data.phrases import percent
from data.task import Task

_TASK = Task(COMMANDS, unknown=True, silence=True)
Row = tuple[str, float, str, int, float]
"""Network, accuracy, interval, parameters, seconds."""


def main() -> int:
    """Train the three and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipe", description=__doc__)
    parser.add_argument("--corpus", required=True, metavar="NAME|FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    reference = catalogue.refer(options.corpus)
    with tempfile.TemporaryDirectory() as home:
        os.environ["ECHOIC_HOME"] = home
        rows = [
            _echoic("GRU and Dense layer, no augmentation, Adam", reference, "plain", options.seed),
            _tutorial(reference, options.seed),
            _echoic("Echoic's default", reference, "strong", options.seed),
        ]
    print("| network | test accuracy | 95 % interval | parameters | minutes |")
    print("|---|---|---|---|---|")
    for name, accuracy, interval, parameters, seconds in rows:
        print(f"| {name} | {percent(accuracy)} | {interval} | {parameters:,} | {seconds / 60:.1f} |")
    return 0


def _echoic(name: str, reference: CorpusReference, recipe: Recipe, seed: int) -> Row:
    run = runs.create(default_run(reference, _TASK, "gru", recipe, seed=seed))
    subprocess.run(
        [sys.executable, "-m", "audio_models.training.process", str(run.folder)], cwd=workspace.PROJECT, check=True
    )
    evaluated = evaluation.evaluate(run, None, "test")
    interval = f"{percent(evaluated.interval.low)} to {percent(evaluated.interval.high)}"
    return name, evaluated.accuracy, interval, Recognizer.of_run(run).parameters, run.state.seconds


def _tutorial(reference: CorpusReference, seed: int) -> Row:
    index = catalogue.open_corpus(reference).index()
    evaluated, _ = task.evaluation_clips(index, _TASK, "test", seed)
    began = time.monotonic()
    network = TutorialNetwork(task.examples(index, _TASK, seed), _TASK.classes, seed)
    seconds = time.monotonic() - began
    true = np.array([_TASK.classes.index(clip.label) for clip in evaluated])
    correct = network.probabilities(evaluated).argmax(axis=1) == true
    interval = metrics.accuracy_interval(correct, [clip.speaker for clip in evaluated])
    return (
        "TensorFlow tutorial's spectrogram CNN",
        float(correct.mean()),
        f"{percent(interval.low)} to {percent(interval.high)}",
        network.parameters,
        seconds,
    )


if __name__ == "__main__":
    sys.exit(main())
