"""The shell command: `python -m audio_models COMMAND`.

Results go to stdout, as text or as one JSON document; progress and complaints go to stderr. The exit status is 0
when all went well, else 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from audio_models import comparison, jobs, memory_lab, memory_tasks, runs
from audio_models.config import (
    CELLS,
    RunConfig,
    default_augmentation,
    default_features,
    default_network,
    default_training,
)
from audio_models.errors import ConfigError, RunError
from audio_models.options import Command, changed, parser
from audio_models.progress import TerminalProgress, in_words
from audio_models.runs import Run
from audio_models.work_folder import State, WorkFolder
from data import catalogue
from data.catalogue import CorpusReference
from data.corpus import Skipped, reasons
from data.errors import Cancelled, HarkError
from data.task import Task


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    try:
        options = parser(COMMANDS).parse_args(arguments)
        status: int = options.command(options)
        return status
    except (Cancelled, KeyboardInterrupt):
        _complain("Cancelled.")
    except HarkError as error:
        _complain(str(error))
    except BrokenPipeError:  # the reader of our output has enough; python must not complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def corpora(options: argparse.Namespace) -> int:
    """List the corpora that Hark knows."""
    rows = []
    for description in catalogue.descriptions():
        row = asdict(description)
        row["loaded"] = catalogue.open_corpus(description.name).is_loaded()
        rows.append(row)
    if options.json:
        _print_json(rows)
    for row in [] if options.json else rows:
        print(f"{row['name']}: {row['title']} ({'loaded' if row['loaded'] else row['size']})")
        for key in ("holds", "speakers", "splits", "licence", "homepage"):
            print(f"    {key:9} {row[key]}")
    return 0


def fetch(options: argparse.Namespace) -> int:
    """Load a corpus onto this disk and say what it holds."""
    corpus = catalogue.open_corpus(_reference(options, options.name))
    with TerminalProgress() as progress:
        corpus.load(progress.report)
        index = corpus.index(progress.report)
    found: dict[str, Any] = {
        "corpus": corpus.name,
        "clips": len(index.clips),
        "labels": {label: sum(clip.label == label for clip in index.clips) for label in index.labels},
        "splits": {
            side: sum(clip.split == side for clip in index.clips) for side in ("training", "validation", "test")
        },
        "split_rule": index.split_rule,
        "speaker_disjoint": index.speaker_disjoint,
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in index.skipped],
    }
    if options.json:
        _print_json(found)
    else:
        print(f"{corpus.name}: {found['clips']} clips, {len(index.labels)} labels: {', '.join(index.labels)}")
        print(", ".join(f"{count} {side}" for side, count in found["splits"].items()) + f". {index.split_rule}")
        _print_skipped(index.skipped)
    return 0


def train(options: argparse.Namespace) -> int:
    """Make a run and train it here, or in the background."""
    config = _run_config(options)
    if options.background:
        return _print_run(jobs.start(config), options)
    return _train_here(runs.create(config), options)


def resume(options: argparse.Namespace) -> int:
    """Go on with a run from its last epoch, or with a measurement or comparison."""
    work = _find_work(options.run)
    jobs.queue_again(work)
    if isinstance(work, memory_lab.Experiment):
        return _measure_here(work, options)
    if isinstance(work, comparison.Comparison):
        return _compare_here(work, options)
    return _train_here(work, options)


def cancel(options: argparse.Namespace) -> int:
    """Stop a training, a measurement or a comparison; what it has is kept."""
    work = _find_work(options.run)
    jobs.cancel(work)
    if not jobs.wait_until_stopped(work, seconds=10):
        raise RunError(f"{work.name} has not stopped after 10 s; its log is {work.log_path}.")
    if isinstance(work, memory_lab.Experiment):
        return _print_memory(work, options)
    if isinstance(work, comparison.Comparison):
        return _print_comparison(work, options)
    return _print_run(work, options)


def _find_work(text: str) -> Run | memory_lab.Experiment | comparison.Comparison:
    """A run, or a measurement or a comparison by its id."""
    other: list[memory_lab.Experiment | comparison.Comparison] = [*memory_lab.listing(), *comparison.listing()]
    return next((one for one in other if one.id == text), None) or runs.find(text)


def list_runs(options: argparse.Namespace) -> int:
    """List the runs in the workspace, newest first."""
    rows: list[dict[str, Any]] = []
    for run in runs.listing():
        try:
            config, state, best = run.config, run.state, run.best_epoch
        except HarkError as error:
            rows.append({"run": run.id, "path": str(run.folder), "state": "damaged", "error": str(error)})
            continue
        rows.append(
            {
                "run": run.id,
                "name": run.name,
                "path": str(run.folder),
                "state": state.status,
                "corpus": config.corpus.name,
                "labels": list(config.task.classes),
                "cell": config.network.cell,
                "units": config.network.units,
                "epochs": state.epoch,
                "validation_accuracy": best.validation_accuracy if best else None,
                "seconds": round(state.seconds, 1),
                "error": state.error,
            }
        )
    if options.json:
        _print_json(rows)
        return 0
    for row in rows:
        if row["state"] == "damaged":
            print(f"{row['run']}  damaged: {row['error']}")
            continue
        score = row["validation_accuracy"]
        shown = "no epoch yet" if score is None else f"{score:.1%} validation accuracy"
        print(
            f"{row['run']}  {row['state']}, {row['cell']}, {shown}, {row['epochs']} epochs, {in_words(row['seconds'])}  {row['name']}"
        )
    if not rows:
        print("No run yet. Start one with: python -m audio_models train")
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Judge a run by the clips of one side of a corpus."""
    from audio_models import evaluation

    run = runs.find(options.run)
    corpus = _reference(options, options.corpus) if options.corpus else None
    if corpus is None and (options.speaker_pattern or options.split_by):
        raise ConfigError("--speaker-pattern and --split-by describe the corpus given with --corpus; name it too.")
    with TerminalProgress() as progress:
        judgement = evaluation.evaluate_and_keep(run, corpus, evaluation.split_of(options.split), progress.report)
    found = evaluation.summary(judgement)
    if options.json:
        _print_json(found)
        return 0
    low, high = found["accuracy_interval"]
    print(
        f"{run.id} on {found['corpus']}: {found['accuracy']:.1%} ({low:.1%} to {high:.1%} over {found['interval_over']}), "
        f"{found['split']}, {found['clips']} clips, {len(judgement.per_speaker)} speakers"
    )
    print(_table(judgement.labels, found["confusion"]))
    for row in judgement.per_class:
        print(
            f"{row.label:>12}  precision {row.precision:6.1%}  recall {row.recall:6.1%}  F1 {row.f1:6.1%}  {row.support} clips"
        )
    if new := judgement.rejection:
        print(f"Words never trained on ({', '.join(new.words)}): {new.rejected} of {new.clips} clips rejected")
    _print_skipped(judgement.skipped)
    return 0


def corpus(options: argparse.Namespace) -> int:
    """Work on a corpus of the user's own."""
    from audio_models import takes

    made = takes.split_recording(Path(options.recording), Path(options.to), options.label, options.speaker)
    if options.json:
        _print_json({"corpus": options.to, "label": options.label, "takes": [str(path) for path in made]})
    else:
        print(
            f"{options.recording}: {len(made)} takes of {options.label} by {options.speaker}, {made[0]} to {made[-1].name}"
        )
    return 0


def predict(options: argparse.Namespace) -> int:
    """Answer clips; what cannot be read is said, and the others are still answered."""
    from audio_models.recognizer import Recognizer

    recognizer = Recognizer(runs.find(options.run))
    answers: list[dict[str, Any]] = []
    for clip in options.clip:
        try:
            answer = recognizer.hear(recognizer.load(Path(clip)))
            answers.append({"path": clip, **asdict(answer)})
        except HarkError as error:
            answers.append({"path": clip, "error": str(error)})
    failed = [row for row in answers if "error" in row]
    if options.json:
        _print_json(answers)
    for row in [] if options.json else answers:
        if "error" not in row:
            others = sorted(row["probabilities"].items(), key=lambda item: -item[1])[1:3]
            print(
                f"{row['path']}: {'' if row['sure'] else 'not sure, perhaps '}{row['label']} {row['confidence']:.1%}  "
                f"({', '.join(f'{label} {p:.1%}' for label, p in others)})"
            )
    for row in failed:
        _complain(row["error"])
    return 1 if failed else 0


def inspect(options: argparse.Namespace) -> int:
    """Look inside a run while it reads one clip."""
    from audio_models import inspection
    from audio_models.recognizer import Recognizer

    run = runs.find(options.run)
    recognizer = Recognizer(run)
    samples = recognizer.load(Path(options.clip))
    found = inspection.inspect(
        run, samples, options.label, order=options.order, seed=options.seed, recognizer=recognizer
    )
    if options.json:
        _print_json(inspection.as_numbers(found))
        return 0
    seconds = len(samples) / recognizer.features.sample_rate
    print(
        f"{options.clip}: {found.answer} {found.so_far[-1].max():.1%}, settled after {found.settled:.2f} of {seconds:.2f} s"
    )
    print("  answers on the way: " + ", ".join(f"{label} from {at:.2f} s" for at, label in found.changes))
    for name, means in inspection.gate_means(found).items():
        print(
            f"  {name} gate: {means.mean():.0%} open on average, most at {means.argmax() * found.fading.step_seconds:.2f} s"
        )
    print(f"  memory length (the gradient falls to a tenth): {inspection.in_words(found.fading.memory_length)}")
    return 0


def memory(options: argparse.Namespace) -> int:
    """Measure how well the cells remember."""
    options.cells = tuple(_parts(options.cells)) if options.cells else None
    try:
        options.lengths = tuple(int(part) for part in _parts(options.lengths)) if options.lengths else None
    except ValueError as error:
        raise ConfigError(f"--lengths is '{options.lengths}'; give whole numbers, as in 5,10,20.") from error
    experiment = memory_lab.create(changed(memory_lab.MemoryConfig(options.task), options))
    if options.background:
        jobs.spawn(experiment)
        return _print_memory(experiment, options)
    return _measure_here(experiment, options)


def _measure_here(experiment: memory_lab.Experiment, options: argparse.Namespace) -> int:
    from audio_models import memory_process

    with _chatter_to(experiment.log_path), TerminalProgress() as progress, _interrupt_cancels(experiment):
        state = memory_process.measure(experiment, progress.work)
    _print_memory(experiment, options)
    if state.status != "finished":
        _complain(
            state.error
            or f"The measurement was {state.status}; go on with: python -m audio_models resume {experiment.id}"
        )
    return 0 if state.status == "finished" else 1


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _print_memory(experiment: memory_lab.Experiment, options: argparse.Namespace) -> int:
    config, points = experiment.config, experiment.points
    if options.json:
        _print_json(
            {
                "path": str(experiment.folder),
                "state": experiment.state.status,
                "settings": asdict(config),
                "chance": memory_tasks.find(config.task).chance,
                "points": [asdict(point) for point in points],
            }
        )
        return 0
    print(f"{experiment.folder}: {experiment.state.status}")
    found = {(point.cell, point.length): point for point in points}
    print("steps to remember".rjust(18) + "".join(cell.rjust(14) for cell in config.cells))
    for length in config.lengths:
        cells = [found.get((cell, length)) for cell in config.cells]
        print(f"{length:18d}" + "".join((f"{point.accuracy:.1%}" if point else "...").rjust(14) for point in cells))
    return 0


def compare(options: argparse.Namespace) -> int:
    """Compare the cells on one corpus."""
    reference = _reference(options, options.corpus)
    config = comparison.ComparisonConfig(
        reference,
        _task(options, reference),
        tuple(_parts(options.cells)) if options.cells else CELLS,  # type: ignore[arg-type]  # checked when made
        options.recipe,
        options.seeds,
        options.epochs,
    )
    made = comparison.create(config)
    if options.background:
        jobs.spawn(made)
        return _print_comparison(made, options)
    return _compare_here(made, options)


def _compare_here(made: comparison.Comparison, options: argparse.Namespace) -> int:
    from audio_models import comparison_process

    with _chatter_to(made.log_path), TerminalProgress() as progress, _interrupt_cancels(made):
        state = comparison_process.compare(made, progress.work)
    _print_comparison(made, options)
    if state.status != "finished":
        _complain(
            state.error or f"The comparison was {state.status}; go on with: python -m audio_models resume {made.id}"
        )
    return 0 if state.status == "finished" else 1


def _print_comparison(made: comparison.Comparison, options: argparse.Namespace) -> int:
    found = comparison.results(made)
    told = comparison.findings(found)
    if options.json:
        _print_json(
            {
                "path": str(made.folder),
                "state": made.state.status,
                "cells": [
                    {
                        "cell": row.cell,
                        "accuracy": row.accuracy,
                        "split": row.split,
                        "accuracy_interval": [row.interval.low, row.interval.high],
                        "each": list(row.each),
                        "parameters": row.parameters,
                        "epochs": row.epochs,
                        "epoch_seconds": row.epoch_seconds,
                        **asdict(row.measures),
                    }
                    for row in found
                ],
                "findings": [
                    {"one": one.one, "other": one.other, **asdict(one.difference), "p": one.p, "text": one.in_words()}
                    for one in told
                ],
            }
        )
        return 0
    print(f"{made.folder}: {made.state.status}")
    for row in found:
        print(
            f"{row.cell:>13}  {row.accuracy:.1%} ({row.interval.low:.1%} to {row.interval.high:.1%}) on {row.split} clips  {row.parameters:,} parameters  "
            f"{row.epoch_seconds:.1f} s an epoch  {row.measures.answer_in_words} an answer  memory {row.measures.memory_in_words}"
        )
    for one in told:
        print(one.in_words())
    return 0


def _train_here(run: Run, options: argparse.Namespace) -> int:
    from audio_models import training_process

    with _chatter_to(run.log_path), TerminalProgress() as progress, _interrupt_cancels(run):
        state = training_process.train(run, progress.training(run))
    _print_run(run, options)
    if state.status == "finished":
        return 0
    _complain(
        state.error
        or f"The training of {run.id} was {state.status}; go on with: python -m audio_models resume {run.id}"
    )
    return 1


def _print_run(run: Run, options: argparse.Namespace) -> int:
    state: State = run.state
    best = run.best_epoch
    found: dict[str, Any] = {
        "run": run.id,
        "path": str(run.folder),
        "state": state.status,
        "validation_accuracy": best.validation_accuracy if best else None,
        "epochs": state.epoch,
        "seconds": round(state.seconds, 2),
        "parameters": _parameters(run),
    }
    if options.json:
        _print_json(found)
    elif best:
        print(
            f"{run.id}: {state.status}, {best.validation_accuracy:.1%} validation accuracy (epoch {best.epoch} of {state.epoch}), "
            f"{found['parameters']} parameters, {in_words(state.seconds)}"
        )
    else:
        print(f"{run.id}: {state.status}")
    return 0


@contextlib.contextmanager
def _interrupt_cancels(work: WorkFolder) -> Iterator[None]:
    """Ctrl-C asks for the same as `cancel`; a KeyboardInterrupt gets lost where it meets a callback of tensorflow's.

    A second Ctrl-C interrupts as usual.
    """

    def ask(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        work.cancel_path.touch()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _chatter_to(log: Path) -> Iterator[None]:
    """Send what tensorflow's C++ writes to file descriptor 2 into the run's log; ours still goes to the terminal."""
    ours, theirs, python = os.dup(2), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), sys.stderr
    try:
        with os.fdopen(os.dup(ours), "w", buffering=1) as terminal:
            sys.stderr = terminal
            os.dup2(theirs, 2)
            yield
    finally:
        sys.stderr = python
        os.dup2(ours, 2)
        os.close(ours)
        os.close(theirs)


def _parameters(run: Run) -> int | None:
    if not run.has_model:
        return None
    from audio_models.recognizer import Recognizer

    return Recognizer(run).parameters


def _run_config(options: argparse.Namespace) -> RunConfig:
    reference = _reference(options, options.corpus)
    return RunConfig(
        corpus=reference,
        task=_task(options, reference),
        name=options.name,
        features=changed(default_features(options.recipe), options),
        network=changed(default_network(options.cell, options.recipe), options),
        training=changed(default_training(options.cell, options.recipe), options),
        augmentation=changed(default_augmentation(options.recipe), options),
    )


def _task(options: argparse.Namespace, reference: CorpusReference) -> Task:
    """The words that are asked for, or all that the corpus has."""
    labels = tuple(_parts(options.labels)) if options.labels else ()
    if not labels:
        with TerminalProgress() as progress:
            corpus = catalogue.open_corpus(reference)
            if not corpus.is_loaded():
                corpus.load(progress.report)
            index = corpus.index(progress.report)
        labels = catalogue.usual_labels(index)
    return Task(labels, unknown=options.unknown, silence=options.silence)


def _reference(options: argparse.Namespace, name: str) -> CorpusReference:
    return catalogue.refer(name, speaker_pattern=options.speaker_pattern, split_by=options.split_by)


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def _print_skipped(skipped: Sequence[Skipped]) -> None:
    found = reasons(skipped)
    for reason, count in found[:5]:
        _complain(f"{count} {'clips' if count > 1 else 'clip'} left out: {reason}")
    if len(found) > 5:
        _complain(f"{len(skipped)} clips were left out, for {len(found)} reasons; --json lists them all.")


def _table(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    width = max(6, *(len(label) for label in labels)) + 1
    lines = ["said \\ heard".rjust(width) + "".join(label.rjust(width) for label in labels)]
    for label, row in zip(labels, confusion, strict=True):
        lines.append(label.rjust(width) + "".join(str(count or ".").rjust(width) for count in row))
    return "\n".join(lines)


def _complain(text: str) -> None:
    print(f"hark: {text}", file=sys.stderr)


COMMANDS: dict[str, Command] = {
    "corpora": corpora,
    "fetch": fetch,
    "train": train,
    "evaluate": evaluate,
    "predict": predict,
    "corpus": corpus,
    "inspect": inspect,
    "memory": memory,
    "compare": compare,
    "runs": list_runs,
    "cancel": cancel,
    "resume": resume,
}
