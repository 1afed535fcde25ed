"""The commands that start, list, stop and resume jobs: `train`, `memory`, `compare`, `runs`, `cancel` and `resume`.

A job runs the same way here and in the background.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from audio_models.cli import files
from audio_models.cli.corpora import reference
from audio_models.cli.terminal import TerminalProgress, chatter_to, complain, interrupt_cancels, print_json
from audio_models.config import RunConfig
from audio_models.errors import ConfigError, RunError
from audio_models.jobs import launch, runs
from audio_models.jobs.job_folder import State
from audio_models.jobs.progress import format_duration
from audio_models.jobs.runs import Run
from audio_models.lab import comparison, comparison_results, memory_tasks, verdict
from audio_models.lab import memory as memory_lab
from audio_models.lab.comparison import Comparison
from audio_models.lab.memory import Experiment
from audio_models.options import changed
from audio_models.report.rows import as_file
from audio_models.training import configure
from data import catalogue, command, other_recordings
from data.corpus import CorpusReference, Index
from data.errors import EchoicError
from data.phrases import isolated, percent, plural

AnyJob = Run | Experiment | Comparison


def train(options: argparse.Namespace) -> int:
    """Create a run and train it, here or in the background."""
    return _begin(runs.create(_run_config(options)), options)


def memory(options: argparse.Namespace) -> int:
    """Measure over how many steps each cell remembers."""
    table = _place_of_table(options)
    experiment = memory_lab.create(changed(memory_lab.MemoryConfig(options.task), options))
    return _begin(experiment, options, table)


def compare(options: argparse.Namespace) -> int:
    """Compare the cells on one corpus."""
    table = _place_of_table(options)
    corpus = reference(options, options.corpus)
    task = configure.task_of(lambda: _index(corpus), **_task_options(options))
    config = changed(comparison.ComparisonConfig(corpus, task), options)
    return _begin(comparison.create(config), options, table)


def resume(options: argparse.Namespace) -> int:
    """Resume a training from its last epoch, or a measurement or comparison."""
    job = _find(options.run)
    launch.queue_again(job)
    return _run(job, options)


def cancel(options: argparse.Namespace) -> int:
    """Stop a training, measurement or comparison; its results so far stay."""
    job = _find(options.run)
    launch.cancel(job)
    if not launch.wait_until_stopped(job, seconds=10):
        raise RunError(f"{job.name} has not stopped after 10 s; its log is {job.log_path}.")
    _show(job, options)
    return 0


def list_runs(options: argparse.Namespace) -> int:
    """List the runs in the workspace, newest first."""
    rows: list[dict[str, Any]] = []
    for run in runs.listing():
        try:
            config, state, best = run.config, run.state, run.best_epoch
        except EchoicError as error:
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
        print_json(rows)
        return 0
    for row in rows:
        if row["state"] == "damaged":
            print(f"{row['run']}  damaged: {row['error']}")
            continue
        score = row["validation_accuracy"]
        shown = "no epoch yet" if score is None else f"{percent(score)} validation accuracy"
        print(
            f"{row['run']}  {row['state']}, {row['cell']}, {shown}, {plural(row['epochs'], 'epoch')}, {format_duration(row['seconds'])}  {isolated(row['name'])}"
        )
    if not rows:
        print(f"No run yet. Start one with: {command.shell('train')}")
    return 0


def _find(text: str) -> AnyJob:
    """Find a measurement or a comparison by its id, or a run."""
    other: list[Experiment | Comparison] = [*memory_lab.listing(), *comparison.listing()]
    return next((one for one in other if one.id == text), None) or runs.find(text)


def _place_of_table(options: argparse.Namespace) -> Path | None:
    if options.table and options.background:
        raise ConfigError("--table is written at the end. Leave out --background, or save the table on the page.")
    return files.place(options.table)


def _begin(job: AnyJob, options: argparse.Namespace, table: Path | None = None) -> int:
    if not options.background:
        return _run(job, options, table)
    launch.spawn(job)
    _show(job, options)
    return 0


def _run(job: AnyJob, options: argparse.Namespace, table: Path | None = None) -> int:
    """Run the job in this process, print and write what it found; print how to resume it if it stops early."""
    with chatter_to(job.log_path), TerminalProgress() as progress, interrupt_cancels(job):
        state = _do(job, progress)
    _show(job, options)
    if table and (found := _rows(job)):
        files.write(table, as_file(found, table))
    if state.status == "finished":
        return 0
    complain(state.error or f"{job.name} was {state.status}; resume it with: {command.shell(f'resume {job.id}')}")
    return 1


def _do(job: AnyJob, progress: TerminalProgress) -> State:
    """Run the job's process in this one; tensorflow and librosa are imported only here."""
    if isinstance(job, Experiment):
        from audio_models.lab import memory_process

        return memory_process.measure(job, progress.job)
    if isinstance(job, Comparison):
        from audio_models.lab import comparison_process

        return comparison_process.compare(job, progress.job)
    from audio_models.training import process as training_process

    return training_process.train(job, progress.training(job))


def _rows(job: AnyJob) -> list[dict[str, Any]]:
    """What a measurement or a comparison found so far, as rows; the pages save the same."""
    if isinstance(job, Experiment):
        return [asdict(point) for point in job.points]
    return comparison_results.as_numbers(comparison_results.results(job)) if isinstance(job, Comparison) else []


def _show(job: AnyJob, options: argparse.Namespace) -> None:
    if isinstance(job, Experiment):
        _print_memory(job, options)
    elif isinstance(job, Comparison):
        _print_comparison(job, options)
    else:
        _print_run(job, options)


def _print_run(run: Run, options: argparse.Namespace) -> None:
    from audio_models.recognition import evaluation, headline, open_set
    from audio_models.recognition.evaluation_result import CROSS_VALIDATED

    state: State = run.state
    best = run.best_epoch
    evaluated = evaluation.load_cached(run, None, CROSS_VALIDATED) if run.config.training.folds else None
    figures = open_set.open_set(evaluated) if evaluated else None
    found: dict[str, Any] = {
        "run": run.id,
        "path": str(run.folder),
        "state": state.status,
        "validation_accuracy": best.validation_accuracy if best else None,
        "epochs": state.epoch,
        "seconds": round(state.seconds, 2),
        "parameters": _parameters(run),
        **({"open_set": open_set.as_numbers(figures)} if figures else {}),
    }
    if options.json:
        print_json(found)
    elif best:
        print(
            f"{run.id}: {state.status}, {percent(best.validation_accuracy)} validation accuracy (epoch {best.epoch} of {state.epoch}), "
            f"{found['parameters']} parameters, {format_duration(state.seconds)}"
        )
        for line in headline.lines(evaluated) if evaluated else ():
            print(line)
    else:
        print(f"{run.id}: {state.status}")


def _print_memory(experiment: Experiment, options: argparse.Namespace) -> None:
    config, points = experiment.config, experiment.points
    if options.json:
        print_json(
            {
                "path": str(experiment.folder),
                "state": experiment.state.status,
                "settings": asdict(config),
                "chance": memory_tasks.find(config.task).chance,
                "points": [asdict(point) for point in points],
            }
        )
        return
    print(f"{experiment.folder}: {experiment.state.status}")
    found = {(point.cell, point.length): point for point in points}
    print("steps to remember".rjust(18) + "".join(cell.rjust(14) for cell in config.cells))
    for length in config.lengths:
        cells = [found.get((cell, length)) for cell in config.cells]
        print(f"{length:18d}" + "".join((percent(point.accuracy) if point else "...").rjust(14) for point in cells))


def _print_comparison(made: Comparison, options: argparse.Namespace) -> None:
    found = comparison_results.results(made)
    told = verdict.findings(found)
    if options.json:
        print_json(
            {
                "path": str(made.folder),
                "state": made.state.status,
                "verdict": verdict.verdict(found, told),
                "search": [asdict(one) for one in made.trials],
                "cells": comparison_results.as_numbers(found),
                "findings": verdict.as_numbers(told),
            }
        )
        return
    print(f"{made.folder}: {made.state.status}")
    width = max([0, *(len(row.variant.title) for row in found)])
    for row in found:
        seconds = "" if row.epoch_seconds is None else f"{row.epoch_seconds:.1f} s per epoch  "
        print(
            f"{row.variant.title:>{width}}  {percent(row.accuracy)} ({percent(row.interval.low)} to {percent(row.interval.high)}) on {row.split} clips  {row.parameters:,} parameters  "
            f"learning rate {row.learning_rate:g}, {row.epochs:g} epochs  {seconds}{row.measures.latency_text} per answer  memory {row.measures.memory_text}"
        )
    if told:
        print(verdict.verdict(found, told))
    for one in told:
        print(one.summary())


def _parameters(run: Run) -> int | None:
    if not run.has_model:
        return None
    from audio_models.recognition.recognizer import Recognizer

    return Recognizer.of_run(run).parameters


def _run_config(options: argparse.Namespace) -> RunConfig:
    corpus = reference(options, options.corpus)
    if options.other:
        options.other = _scanned(options.other)  # before the corpus, which may take minutes
    config = configure.run_config(
        corpus, lambda: _index(corpus), vars(options), recipe=options.recipe, start=options.start, name=options.name,
        **_task_options(options),
    )  # fmt: skip
    if options.other:
        return config
    return replace(config, negatives=replace(config.negatives, other=_scanned(config.negatives.other)))


def _scanned(folders: Sequence[str]) -> tuple[str, ...]:
    """Read folders of other recordings, and make their paths absolute: a job in the background may run elsewhere.

    Raises:
        CorpusError: one is no folder of recordings.
    """
    made = []
    for one in dict.fromkeys(folders):
        with TerminalProgress() as progress:
            found = other_recordings.scan(Path(one), progress.report)
        print(f"{one}: {found}", file=sys.stderr)
        made.append(os.path.abspath(os.path.expanduser(one)))
    return tuple(made)


def _task_options(options: argparse.Namespace) -> dict[str, Any]:
    """What the options say of the task, for `configure.task_of`."""
    chosen = {name: getattr(options, name) for name in ("labels", "unknown", "silence", "held_out")}
    return {**chosen, "labels": chosen["labels"] or (), "held_out": chosen["held_out"] or ()}


def _index(corpus: CorpusReference) -> Index:
    with TerminalProgress() as progress:
        opened = catalogue.open_corpus(corpus)
        if not opened.is_loaded():
            opened.load(progress.report)
        index = opened.index(progress.report)
    if index.copies.clips:
        print(index.copies, file=sys.stderr)  # a remark, not a complaint
    return index
