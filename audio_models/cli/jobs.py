"""The commands that start work in a folder of its own, go on with it, or stop it: `train`, `memory`, `compare`, `resume`,
`cancel`. Here or in the background, the work is the same.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from typing import Any

from audio_models.cli.parser import changed
from audio_models.cli.terminal import TerminalProgress, chatter_to, complain, interrupt_cancels, print_json
from audio_models.config import RunConfig
from audio_models.errors import RunError
from audio_models.jobs import launch, runs
from audio_models.jobs.job_folder import State
from audio_models.jobs.progress import format_duration
from audio_models.jobs.runs import Run
from audio_models.lab import comparison, memory_tasks
from audio_models.lab import memory as memory_lab
from audio_models.lab.comparison import Comparison
from audio_models.lab.memory import Experiment
from audio_models.recipes import default_run, tuned_run
from data import catalogue
from data.corpus import CorpusReference, Index
from data.task import Task

AnyWork = Run | Experiment | Comparison

_ANY = Task(("yes", "no"))  # stands in until the corpus' words are known


def train(options: argparse.Namespace) -> int:
    """Make a run and train it here, or in the background."""
    return _begin(runs.create(_run_config(options)), options)


def memory(options: argparse.Namespace) -> int:
    """Measure how well the cells remember."""
    experiment = memory_lab.create(changed(memory_lab.MemoryConfig(options.task), options))
    return _begin(experiment, options)


def compare(options: argparse.Namespace) -> int:
    """Compare the cells on one corpus."""
    corpus = reference(options, options.corpus)
    config = changed(comparison.ComparisonConfig(corpus, _task(options, corpus)), options)
    return _begin(comparison.create(config), options)


def resume(options: argparse.Namespace) -> int:
    """Go on with a training from its last epoch, or with a measurement or a comparison."""
    work = _find(options.run)
    launch.queue_again(work)
    return _carry_out(work, options)


def cancel(options: argparse.Namespace) -> int:
    """Stop a training, a measurement or a comparison; what it has is kept."""
    work = _find(options.run)
    launch.cancel(work)
    if not launch.wait_until_stopped(work, seconds=10):
        raise RunError(f"{work.name} has not stopped after 10 s; its log is {work.log_path}.")
    _show(work, options)
    return 0


def reference(options: argparse.Namespace, name: str) -> CorpusReference:
    """The corpus of that name or folder, split as the options say."""
    return catalogue.refer(name, speaker_pattern=options.speaker_pattern, split_by=options.split_by)


def _find(text: str) -> AnyWork:
    """A run, or a measurement or a comparison by its id."""
    other: list[Experiment | Comparison] = [*memory_lab.listing(), *comparison.listing()]
    return next((one for one in other if one.id == text), None) or runs.find(text)


def _begin(work: AnyWork, options: argparse.Namespace) -> int:
    if not options.background:
        return _carry_out(work, options)
    launch.spawn(work)
    _show(work, options)
    return 0


def _carry_out(work: AnyWork, options: argparse.Namespace) -> int:
    """Do the work in this process, and say how to go on where it did not come to its end."""
    with chatter_to(work.log_path), TerminalProgress() as progress, interrupt_cancels(work):
        state = _do(work, progress)
    _show(work, options)
    if state.status == "finished":
        return 0
    complain(state.error or f"{work.name} was {state.status}; go on with: python -m audio_models resume {work.id}")
    return 1


def _do(work: AnyWork, progress: TerminalProgress) -> State:
    """Each kind of work by its process' function; what brings tensorflow or librosa is imported when it is needed."""
    if isinstance(work, Experiment):
        from audio_models.lab import memory_process

        return memory_process.measure(work, progress.job)
    if isinstance(work, Comparison):
        from audio_models.lab import comparison_process

        return comparison_process.compare(work, progress.job)
    from audio_models.training import process as training_process

    return training_process.train(work, progress.training(work))


def _show(work: AnyWork, options: argparse.Namespace) -> None:
    if isinstance(work, Experiment):
        _print_memory(work, options)
    elif isinstance(work, Comparison):
        _print_comparison(work, options)
    else:
        _print_run(work, options)


def _print_run(run: Run, options: argparse.Namespace) -> None:
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
        print_json(found)
    elif best:
        print(
            f"{run.id}: {state.status}, {best.validation_accuracy:.1%} validation accuracy (epoch {best.epoch} of {state.epoch}), "
            f"{found['parameters']} parameters, {format_duration(state.seconds)}"
        )
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
    found = comparison.results(made)
    told = comparison.findings(found)
    if options.json:
        print_json(
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
        return
    print(f"{made.folder}: {made.state.status}")
    for row in found:
        print(
            f"{row.cell:>13}  {row.accuracy:.1%} ({row.interval.low:.1%} to {row.interval.high:.1%}) on {row.split} clips  {row.parameters:,} parameters  "
            f"{row.epoch_seconds:.1f} s an epoch  {row.measures.answer_in_words} an answer  memory {row.measures.memory_in_words}"
        )
    for one in told:
        print(one.in_words())


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
        return _with_settings(
            tuned_run(corpus, task, start.reference, start.config, speakers=len(voices), name=options.name), options
        )
    # A wrong setting is said before the corpus is read, which may take minutes.
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
    )


def _task(options: argparse.Namespace, corpus: CorpusReference) -> Task:
    """The words that are asked for, or all that the corpus has."""
    return Task(
        options.labels or catalogue.usual_labels(_index(corpus)), unknown=options.unknown, silence=options.silence
    )


def _index(corpus: CorpusReference) -> Index:
    with TerminalProgress() as progress:
        opened = catalogue.open_corpus(corpus)
        if not opened.is_loaded():
            opened.load(progress.report)
        return opened.index(progress.report)
