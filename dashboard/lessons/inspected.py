"""A clip as a network reads it, inspected once and cached."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.networks.cells import ForcedGate
from dashboard.lessons import experiment
from dashboard.shared import preload
from dashboard.shared.clip_source import ChosenClip

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings onnxruntime
    from audio_models.networks.numpy_network import NumpyNetwork


def inspect_clip(run: Run, clip: ChosenClip, order: str = "spoken", seed: int = 0) -> Inspection:
    """Inspect a run's network on a clip, with its frames in another order if asked.

    The network is that of the epoch chosen on the page, and its gates are held as chosen there.

    Args:
        order: "spoken", "reversed" or "shuffled".
        seed: of the shuffling.
    """
    changed = run.model_path.stat().st_mtime_ns
    epoch, forced = experiment.chosen_epoch(run), experiment.held_gates(run)
    return cast("Inspection", _inspect(str(run.folder), changed, clip.samples, clip.label, order, seed, epoch, forced))


@st.cache_data(show_spinner=False, max_entries=40)  # type: ignore[untyped-decorator]
def _inspect(
    folder: str,
    changed: int,  # noqa: ARG001
    samples: Any,
    label: str | None,
    order: Any,
    seed: int,
    epoch: int | None,
    forced: tuple[ForcedGate, ...],
) -> Inspection:
    from audio_models.lab.inspection import inspect

    run = Run(Path(folder))
    recognizer = preload.recognizer(run)
    known = label if label in recognizer.labels else None
    return inspect(run, samples, known, order=order, seed=seed, recognizer=recognizer, epoch=epoch, forced=forced)


def network_inside(run: Run) -> NumpyNetwork:
    """The network of a run, or that of the epoch chosen on the page, in numpy, cached until its model changes.

    Raises:
        RunError: it has none, or it is damaged.
    """
    changed = run.model_path.stat().st_mtime_ns
    return cast("NumpyNetwork", _network(str(run.folder), changed, experiment.chosen_epoch(run)))


@st.cache_resource(show_spinner=False, max_entries=8)  # type: ignore[untyped-decorator]
def _network(folder: str, changed: int, epoch: int | None) -> NumpyNetwork:  # noqa: ARG001
    from audio_models.lab.inspection import network_after, network_of

    run = Run(Path(folder))
    return network_of(run) if epoch is None else network_after(run, epoch, preload.recognizer(run).temperature)


def same_task(run: Run) -> list[Run]:
    """List runs with the same labels: this one, then the user's own, then those that come with Echoic."""
    same = [one for one in runs.usable() if one.config.task.classes == run.config.task.classes and one.id != run.id]
    return [run, *same]
