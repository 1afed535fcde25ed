"""Ablation of the strong recipe: remove or replace one part, and measure on validation clips.

`python -m benchmarks.ablation --corpus FOLDER [--cell gru] [--seeds 2] [VARIATION ...]` prints one row per
variation. Test clips are not used.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from audio_models.recipes import default_run
from data import catalogue, workspace
from data.phrases import percent
from data.task import Task

COMMANDS = ("left", "right", "stop", "up", "down", "go", "off", "on")

VARIATIONS: dict[str, dict[str, Any]] = {
    "strong recipe": {},
    "no augmentation": {"augment": False},
    "no change of speed": {"speed": 0.0},
    "no noise": {"noise_probability": 0.0},
    "no masks": {"time_masks": 0, "frequency_masks": 0},
    "no convolution": {"convolutions": 0},
    "MFCC instead of mel bands": {"kind": "mfcc", "n_mfcc": 40},
    "one direction": {"bidirectional": False},
    "last state": {"readout": "last"},
    "mean over frames": {"readout": "mean"},
    "constant rate": {"schedule": "constant"},
    "no label smoothing": {"label_smoothing": 0.0},
    "no moving average": {"ema_decay": 0.0},
    "mixup 0.3": {"mixup": 0.3},
    "frames every 10 ms": {"hop_ms": 10.0},
}


def main() -> int:
    """Train every variation with every seed, two at a time, and print the table."""
    options = _options()
    corpus = catalogue.refer(options.corpus).name
    if options.one is not None:
        print(json.dumps(_train(corpus, options.cell, json.loads(options.one), options.seeds)))
        return 0
    extra = {name: json.loads(name) for name in options.variation if name.startswith("{")}
    chosen = {name: {**VARIATIONS, **extra}[name] for name in options.variation or VARIATIONS}
    if options.epochs:
        chosen = {name: {"epochs": options.epochs, **changes} for name, changes in chosen.items()}
    jobs = [(name, changes, seed) for name, changes in chosen.items() for seed in range(options.seeds)]

    def run(job: tuple[str, dict[str, Any], int]) -> tuple[str, dict[str, float]]:
        name, changes, seed = job
        found = _in_its_own_process(corpus, options.cell, changes, seed)
        print(f"{name}, seed {seed}: {found}", file=sys.stderr, flush=True)
        return name, found

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, jobs))
    print(f"{options.cell}, {options.seeds} seeds, validation clips")
    print("| variation | validation accuracy | each seed | cross-entropy | parameters | seconds |")
    print("|---|---|---|---|---|---|")
    for name in chosen:
        rows = [found for other, found in results if other == name]
        mean = {key: statistics.mean(row[key] for row in rows) for key in rows[0]}
        each = ", ".join(f"{percent(row['accuracy'])}" for row in rows)
        print(
            f"| {name} | {percent(mean['accuracy'])} | {each} | {mean['loss']:.3f} | {mean['parameters']:,.0f} | {mean['seconds']:.0f} |"
        )
    return 0


def _quiet(_: object) -> None:
    """Ignore the steps of a training."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.add_argument("variation", nargs="*", help=f"which: {', '.join(VARIATIONS)}; all by default")
    parser.add_argument("--corpus", required=True, metavar="NAME|FOLDER", help="the clips to train on")
    parser.add_argument("--cell", default="gru")
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="trainings of each variation (2)")
    parser.add_argument("--epochs", type=int, metavar="N", help="of each training; the recipe's by default")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def _in_its_own_process(corpus: str, cell: str, changes: dict[str, Any], seed: int) -> dict[str, float]:
    arguments = ["--corpus", corpus, "--cell", cell, "--seeds", str(seed), "--one", json.dumps(changes)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ablation", *arguments],
        cwd=workspace.PROJECT,
        env={**os.environ, "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _train(corpus: str, cell: str, changes: dict[str, Any], seed: int) -> dict[str, float]:
    """Train once; return the figures of the best epoch."""
    from audio_models.training.preparation import choose, prepare
    from audio_models.training.process import import_training

    changes = {**changes, "seed": seed}

    def changed(config: Any) -> Any:
        names = {field.name for field in dataclasses.fields(config)}
        return dataclasses.replace(config, **{key: value for key, value in changes.items() if key in names})

    task = Task(COMMANDS, unknown=True, silence=True)
    base = default_run(catalogue.refer(corpus), task, cell, "strong")  # type: ignore[arg-type]  # checked when made
    config = dataclasses.replace(
        base,
        features=changed(base.features),
        network=changed(base.network),
        training=changed(base.training),
        augmentation=changed(base.augmentation),
        negatives=changed(base.negatives),
    )
    prepared = prepare(config, choose(config))
    training = import_training().training_of(config, prepared.labels)
    began = time.monotonic()
    while not training.is_done:
        training.run_epoch(prepared.training, prepared.validation, _quiet)
    best = min(training.history, key=lambda row: row.validation_loss)
    return {
        "accuracy": best.validation_accuracy,
        "loss": best.validation_loss,
        "parameters": training.model.count_params(),
        "seconds": time.monotonic() - began,
    }


if __name__ == "__main__":
    sys.exit(main())
