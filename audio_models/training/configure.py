"""From what a user asks for to the configuration of a run: the same for the shell and the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from audio_models.config import Recipe, RunConfig
from audio_models.jobs import runs
from audio_models.options import changed
from audio_models.recipes import default_run, tuned_run
from audio_models.training.other_folders import folders_here
from data import catalogue
from data.corpus import CorpusReference, Index
from data.task import Task

_ANY = ("yes", "no")  # of any two words the other settings are the same, and are checked before the corpus is read


def task_of(
    index: Callable[[], Index],
    labels: Sequence[str] = (),
    *,
    unknown: bool | None = None,
    silence: bool | None = None,
    held_out: Sequence[str] = (),
    rejects: bool = False,
) -> Task:
    """The task of a run.

    Args:
        index: reads the corpus, which may take minutes; words that make no task are refused before.
        labels: words to tell apart; those of the corpus by default.
        unknown, silence: whether it has these classes; None for `rejects`.

    Raises:
        ConfigError, CorpusError: these words make no task.
    """
    task = Task(
        tuple(labels) or _ANY,
        unknown=rejects if unknown is None else unknown,
        silence=rejects if silence is None else silence,
        held_out=tuple(held_out) if labels else (),
    )
    found = index()
    return task if labels else replace(task, labels=catalogue.usual_labels(found), held_out=tuple(held_out))


def run_config(
    corpus: CorpusReference,
    index: Callable[[], Index],
    settings: Mapping[str, Any],
    *,
    recipe: Recipe = "strong",
    start: str = "",
    name: str = "",
    **task: Any,
) -> RunConfig:
    """Configure the training of a run.

    Args:
        index: reads the corpus, which may take minutes; a wrong setting is refused before, and words that make no task.
        settings: by name; the recipe decides about the others.
        start: the run whose network is fine-tuned; the recipe is then that of fine-tuning.
        task: arguments of `task_of`.

    Raises:
        ConfigError: a setting is out of range, or does not fit the others.
        RunError: there is no run to start from.
    """
    if not start:
        config = default_run(corpus, Task(_ANY), settings.get("cell") or "gru", recipe, name=name)
        return replace(with_settings(config, settings), task=task_of(index, **task))
    before, read = runs.find(start), cache(index)
    words = task_of(read, **task, rejects=True)
    voices = {clip.speaker for clip in read().clips} - {None}
    tuned = tuned_run(
        corpus, words, before.reference, before.config, speakers=len(voices), name=name,
        other=folders_here() if words.unknown else (),
    )  # fmt: skip
    return with_settings(tuned, settings)


def with_settings(config: RunConfig, settings: Mapping[str, Any]) -> RunConfig:
    """Replace the settings that are given, wherever in the configuration they are.

    Raises:
        ConfigError: one is out of range, or does not fit the others.
    """
    return replace(
        config,
        features=changed(config.features, settings),
        network=changed(config.network, settings),
        training=changed(config.training, settings),
        augmentation=changed(config.augmentation, settings),
        negatives=changed(config.negatives, settings),
    )
