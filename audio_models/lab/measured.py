"""Measure the results that come with Echoic anew: `python -m audio_models.lab.measured [NAME ...] [--clips FOLDER]`.

`recall`, `adding` and `parity` are the measurements of Memory, with its defaults. `last-or-mean` and `cells` are the comparisons:
four words of Speech Commands, from a folder in its layout. One training of all variants gives both: `cells` are those of
`last-or-mean` that read the last state, and the network without memory.

The work is done in the workspace, where an interrupted one is resumed; the results go to `audio_models/lab/results/`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

from audio_models.jobs.job_folder import JobFolder, State
from audio_models.jobs.progress import format_progress
from audio_models.lab import bundled, comparison, comparison_process, comparison_results, memory, memory_process
from audio_models.lab.comparison import Comparison, ComparisonConfig
from audio_models.lab.comparison_results import CellResult
from audio_models.lab.memory import MemoryConfig
from audio_models.lab.memory_tasks import TASKS
from data import catalogue, workspace
from data.corpus import CorpusReference
from data.task import Task

COMPARISONS = ("last-or-mean", "cells")
NAMES = (*TASKS, *COMPARISONS)
WORDS = ("up", "down", "off", "on")
SETTINGS: dict[str, Any] = {"readout": "both", "epochs": 15}
"""Of the comparisons: they take six minutes of a processor."""

AnyJob = TypeVar("AnyJob", bound=JobFolder[Any])


def main() -> int:
    """Measure what is named, by default everything."""
    options = _options()
    for name in options.names:
        if name in TASKS:
            _memory(name, options.to)
    wanted = [name for name in COMPARISONS if name in options.names]
    if wanted:
        _comparisons(wanted, options.clips, options.to)
    return 0


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    made = argparse.ArgumentParser(prog=bundled.COMMAND, description=__doc__)
    made.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)}; by default all")
    made.add_argument(
        "--clips", type=Path, metavar="FOLDER", help="clips in the layout of Speech Commands, for the comparisons"
    )
    made.add_argument(
        "--to", type=Path, default=bundled.FOLDER, metavar="FOLDER",
        help="where the results are put; into Echoic by default",
    )  # fmt: skip
    return made


def _options() -> argparse.Namespace:
    asked = parser()
    options = asked.parse_intermixed_args()
    options.names = options.names or list(NAMES)
    if unknown := [name for name in options.names if name not in NAMES]:
        asked.error(f"there is no result {', '.join(unknown)}; the results are {', '.join(NAMES)}")
    if set(COMPARISONS) & set(options.names) and not (options.clips and options.clips.is_dir()):
        asked.error("the comparisons need --clips, a folder in the layout of Speech Commands")
    return options


def _memory(task: str, to: Path) -> None:
    config = MemoryConfig(task)
    made = _found(memory.listing(), config) or memory.create(config)
    if made.state.status != "finished":
        memory_process.measure(made, _report)
    points = sorted(made.points, key=lambda point: (config.cells.index(point.cell), point.length))
    with workspace.replacing(workspace.made(to / "memory") / task) as folder:
        folder.mkdir()
        workspace.write_json(folder / "config.json", asdict(config))
        memory.Experiment(folder).write_points([replace(point, seconds=0.0) for point in points])
        _finish(memory.Experiment(folder), len(points), "points")


def _comparisons(names: Sequence[str], clips: Path, to: Path) -> None:
    config = ComparisonConfig(catalogue.refer(str(clips.absolute())), Task(WORDS), **SETTINGS)
    made = _found(comparison.listing(), config) or comparison.create(config)
    if made.state.status != "finished":
        comparison_process.compare(made, _report)
    config = replace(config, corpus=CorpusReference("speech_commands"))
    for name in names:
        found, trials = comparison_results.results(made), made.trials
        if name == "cells":
            config = replace(config, readout="same")
            found = [_of_last(one) for one in found if one.variant.readout != "mean"]
            trials = [
                replace(one, variant=one.variant.removesuffix("-last")) for one in trials if "-mean" not in one.variant
            ]
        with workspace.replacing(workspace.made(to / "comparisons") / name) as folder:
            folder.mkdir()
            workspace.write_json(folder / "config.json", asdict(config))
            Comparison(folder).write_trials([replace(one, epoch_seconds=0.0) for one in trials])
            comparison_results.write(found, folder / "results.json")
            _finish(Comparison(folder), len(config.jobs), "trainings")


def _of_last(one: CellResult) -> CellResult:
    """A result of the last state, as in a comparison that has this readout for all."""
    return replace(one, variant=comparison.Variant(one.cell))


def _found(known: Sequence[AnyJob], config: Any) -> AnyJob | None:
    """A job in the workspace with these settings, which an interrupted measurement left."""
    return next((job for job in known if job.damage is None and job.config == config), None)


def _finish(job: JobFolder[Any], total: int, unit: str) -> None:
    job.write_state(State("finished", "Finished", total, total, unit))


def _report(state: State) -> None:
    print(f"\r{format_progress(state):100}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
