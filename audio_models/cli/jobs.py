"""The commands that start, list, stop and resume jobs: `train`, `memory`, `compare`, `runs`, `cancel` and `resume`.

A job runs the same way here and in the background.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from audio_models.cli.corpora import reference
from audio_models.cli.terminal import TerminalProgress, chatter_to, complain, interrupt_cancels, print_json
from audio_models.config import NegativesConfig, RunConfig
from audio_models.errors import RunError
from audio_models.jobs import launch, runs
from audio_models.jobs.job_folder import State
from audio_models.jobs.progress import format_duration
from audio_models.jobs.runs import Run
from audio_models.lab import comparison, comparison_results, memory_tasks, verdict
from audio_models.lab import memory as memory_lab
from audio_models.lab.comparison import Comparison
from audio_models.lab.memory import Experiment
from audio_models.options import changed
from audio_models.recipes import default_run, tuned_run
from audio_models.training.other_folders import folders_here
from data import catalogue, command, other_recordings
from data.corpus import CorpusReference, Index
from data.errors import EchoicError
from data.phrases import plural
from data.task import Task

AnyJob = Run | Experiment | Comparison

_ANY = Task(("yes", "no"))  # a placeholder until the words of the corpus are known


def train(options: argparse.Namespace) -> int:
    """Create a run and train it, here or in the background."""
    return _begin(runs.create(_run_config(options)), options)


def memory(options: argparse.Namespace) -> int:
    """Measure over how many steps each cell remembers."""
    experiment = memory_lab.create(changed(memory_lab.MemoryConfig(options.task), options))
    return _begin(experiment, options)


def compare(options: argparse.Namespace) -> int:
    """Compare the cells on one corpus."""
    corpus = reference(options, options.corpus)
    config = changed(comparison.ComparisonConfig(corpus, _task(options, corpus)), options)
    return _begin(comparison.create(config), options)


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
        shown = "no epoch yet" if score is None else f"{score:.1%} validation accuracy"
        print(
            f"{row['run']}  {row['state']}, {row['cell']}, {shown}, {plural(row['epochs'], 'epoch')}, {format_duration(row['seconds'])}  {row['name']}"
        )
    if not rows:
        print(f"No run yet. Start one with: {command.shell('train')}")
    return 0


def _find(text: str) -> AnyJob:
    """Find a measurement or a comparison by its id, or a run."""
    other: list[Experiment | Comparison] = [*memory_lab.listing(), *comparison.listing()]
    return next((one for one in other if one.id == text), None) or runs.find(text)


def _begin(job: AnyJob, options: argparse.Namespace) -> int:
    if not options.background:
        return _run(job, options)
    launch.spawn(job)
    _show(job, options)
    return 0


def _run(job: AnyJob, options: argparse.Namespace) -> int:
    """Run the job in this process; print how to resume it if it stops early."""
    with chatter_to(job.log_path), TerminalProgress() as progress, interrupt_cancels(job):
        state = _do(job, progress)
    _show(job, options)
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
            f"{run.id}: {state.status}, {best.validation_accuracy:.1%} validation accuracy (epoch {best.epoch} of {state.epoch}), "
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
        print(f"{length:18d}" + "".join((f"{point.accuracy:.1%}" if point else "...").rjust(14) for point in cells))


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
                "cells": [
                    {
                        "cell": row.cell,
                        "readout": row.readout,
                        "accuracy": row.accuracy,
                        "split": row.split,
                        "accuracy_interval": [row.interval.low, row.interval.high],
                        "each": list(row.each),
                        "parameters": row.parameters,
                        "learning_rate": row.learning_rate,
                        "epochs": row.epochs,
                        "epoch_seconds": row.epoch_seconds,
                        **asdict(row.measures),
                    }
                    for row in found
                ],
                "findings": [
                    {
                        "one": one.one.cell, "one_readout": one.one.readout, "other": one.other.cell,
                        "other_readout": one.other.readout, **asdict(one.difference), "p": one.p, "text": one.summary(),
                    }
                    for one in told
                ],
            }
        )  # fmt: skip
        return
    print(f"{made.folder}: {made.state.status}")
    width = max([0, *(len(row.variant.title) for row in found)])
    for row in found:
        seconds = "" if row.epoch_seconds is None else f"{row.epoch_seconds:.1f} s per epoch  "
        print(
            f"{row.variant.title:>{width}}  {row.accuracy:.1%} ({row.interval.low:.1%} to {row.interval.high:.1%}) on {row.split} clips  {row.parameters:,} parameters  "
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
    if options.start:
        start = runs.find(options.start)
        voices = {clip.speaker for clip in _index(corpus).clips} - {None}
        task = _task(options, corpus)
        other = folders_here() if task.unknown else ()
        return _with_settings(
            tuned_run(
                corpus, task, start.reference, start.config, speakers=len(voices), name=options.name, other=other
            ),
            options,
        )
    # Refuse a wrong setting before reading the corpus, which may take minutes.
    config = _with_settings(
        default_run(corpus, _ANY, options.cell or "gru", options.recipe, name=options.name), options
    )
    return replace(config, task=_task(options, corpus))


def _with_settings(config: RunConfig, options: argparse.Namespace) -> RunConfig:
    return replace(
        config,
        features=changed(config.features, options),
        network=changed(config.network, options),
        training=changed(config.training, options),
        augmentation=changed(config.augmentation, options),
        negatives=_checked(changed(config.negatives, options)),
    )


def _checked(negatives: NegativesConfig) -> NegativesConfig:
    """Read its folders, and make their paths absolute: a job in the background may run elsewhere.

    Raises:
        CorpusError: one is no folder of recordings.
    """
    folders = []
    for one in dict.fromkeys(negatives.other):
        with TerminalProgress() as progress:
            found = other_recordings.scan(Path(one), progress.report)
        print(f"{one}: {found}", file=sys.stderr)
        folders.append(os.path.abspath(os.path.expanduser(one)))
    return replace(negatives, other=tuple(folders))


def _task(options: argparse.Namespace, corpus: CorpusReference) -> Task:
    """Make the task from the options; by default all words of the corpus, and own words reject all others."""
    rejects = bool(getattr(options, "start", ""))
    return Task(
        options.labels or catalogue.usual_labels(_index(corpus)),
        unknown=rejects if options.unknown is None else options.unknown,
        silence=rejects if options.silence is None else options.silence,
        held_out=options.held_out or (),
    )


def _index(corpus: CorpusReference) -> Index:
    with TerminalProgress() as progress:
        opened = catalogue.open_corpus(corpus)
        if not opened.is_loaded():
            opened.load(progress.report)
        index = opened.index(progress.report)
    if index.copies.clips:
        print(index.copies, file=sys.stderr)  # a remark, not a complaint
    return index
