"""Train and evaluate the networks of a comparison one by one: `python -m audio_models.lab.comparison_process FOLDER`.

First the search: short trainings choose the learning rate of each variant, by its loss on validation clips.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Hashable
from pathlib import Path

from audio_models.errors import TrainingError
from audio_models.features.clip_audio import load_clip
from audio_models.jobs import job_folder
from audio_models.jobs.job import Job, StateCallback, exit_process, ignore_state, imported, run_job
from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Run
from audio_models.lab import comparison_results, inspection
from audio_models.lab.comparison import Comparison, Measures, Trial, Variant
from audio_models.recognition.recognizer import Recognizer
from audio_models.training import process as training_process
from audio_models.training import rate_search
from audio_models.training.estimate import epoch_seconds
from audio_models.training.preparation import choose, prepare
from data.errors import Cancelled

_CLIPS = 24  # for the latency and the memory length
_ANY_NUMBER = 100  # clips per word: only ratios of durations count


def compare(made: Comparison, on_state: StateCallback = ignore_state) -> State:
    """Run the missing trainings in this process; see `run_job`."""
    return run_job(
        made,
        lambda job: _compare(made, job),
        on_state,
        short_of_memory="Out of memory. Use fewer clips.",
        called="comparison",
    )


class _TimeLeft:
    """The time left, from the parts of the work that are done and their estimated durations, of which only ratios count."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._whole: dict[Hashable, float] = {}
        self._left: dict[Hashable, float] = {}

    def plan(self, part: Hashable, duration: float) -> None:
        """Add a part, or change the duration of one that has not begun."""
        self._whole[part] = self._left[part] = duration

    def done(self, part: Hashable, share: float = 1.0) -> None:
        self._left[part] = self._whole[part] * max(0.0, 1 - share)

    @property
    def seconds(self) -> float | None:
        """Seconds left; None until enough is done to tell."""
        whole, left = sum(self._whole.values()), sum(self._left.values())
        return (time.monotonic() - self._began) * left / (whole - left) if whole - left > 0.03 * whole else None


def _compare(made: Comparison, job: Job) -> None:
    config = made.config
    tried = {(trial.variant, trial.rate) for trial in made.trials}
    missing = [one for one in config.jobs if made.measures(*one) is None]
    waiting = {variant for variant, _ in missing}
    time_left = _TimeLeft()
    for variant, rate in config.searched:
        if variant in waiting and (variant.key, rate) not in tried:
            time_left.plan((variant, rate), _duration(made, variant) * config.search_epochs)
    for variant, seed in missing:
        time_left.plan(("training", variant, seed), _duration(made, variant) * _epochs(made, variant))
    job.write(status="running", stage="Starting", seconds_left=None)
    for variant in config.variants:
        rates = [rate for of, rate in config.searched if of == variant and (variant.key, rate) not in tried]
        if rates and variant in waiting:
            _search(made, variant, rates, job, time_left)
            for other, seed in missing:
                if other == variant:
                    time_left.plan(("training", variant, seed), _duration(made, variant) * _epochs(made, variant))
    done = len(config.jobs) - len(missing)
    job.write(stage="Training", done=done, total=len(config.jobs), unit="trainings", seconds_left=time_left.seconds)
    for number, (variant, seed) in enumerate(missing):
        _train(made, variant, seed, done + number, job, time_left)
    job.write(done=len(config.jobs))


def _search(made: Comparison, variant: Variant, rates: list[float], job: Job, time_left: _TimeLeft) -> None:
    """Train shortly with each of the rates, and add what came of it to the comparison's trials."""
    config = made.config
    run = config.run_config(variant, 0, epochs=config.search_epochs)
    epochs = dict.fromkeys(rates, 0)

    def on_epoch(rate: float) -> None:
        epochs[rate] += 1
        time_left.done((variant, rate), epochs[rate] / config.search_epochs)
        write(rate)

    def write(rate: float) -> None:
        trials = made.trials
        job.write(
            stage=f"Learning rate for {variant.title}: {rate:g}", done=len(trials), total=len(config.searched),
            unit="short trainings", seconds_left=time_left.seconds,
        )  # fmt: skip

    with training_process.turn(made, job):
        write(rates[0])
        job.wait_for(imported(training_process.import_training))
        prepared = prepare(run, choose(run, job.report), job.report)
        for found in rate_search.try_rates(run, prepared, rates, job, on_epoch):
            made.write_trials([*made.trials, Trial(variant.key, found.rate, found.loss, found.epoch_seconds)])
            time_left.done((variant, found.rate))
    if all(trial.loss is None for trial in made.trials if trial.variant == variant.key):
        tried = ", ".join(f"{rate:g}" for rate in config.rates)
        raise TrainingError(f"{variant.title} diverged at every learning rate tried ({tried}). Add lower ones.")


def _train(made: Comparison, variant: Variant, seed: int, done: int, job: Job, time_left: _TimeLeft) -> None:
    """Train and evaluate one network, unless that is done, and measure it."""
    run, part = made.run(variant, seed), ("training", variant, seed)
    if not run.folder.is_dir():
        job_folder.create(run.folder.parent, run.folder.name, made.planned(variant, seed))
    epochs = run.config.training.epochs

    def relay(state: State) -> None:
        current = state.done / state.total if state.stage == "Training" and state.total else 0.0
        time_left.done(part, min(1.0, (state.epoch + current) / epochs))
        job.heartbeat(
            stage=f"{variant.title}: {state.stage.lower()}", done=done, total=len(made.config.jobs), unit="trainings",
            seconds_left=time_left.seconds,
        )  # fmt: skip

    if run.state.status != "finished":
        state = training_process.train(run, relay)
        if state.status == "cancelled":
            raise Cancelled("Cancelled.")
        if state.status == "failed":
            raise TrainingError(f"The training of {run.name} failed: {state.error}")
    made.write_measures(variant, seed, _measure(run))
    time_left.done(part)


def _duration(made: Comparison, variant: Variant) -> float:
    """Estimate the duration of an epoch; only its ratio to those of the other variants counts."""
    return epoch_seconds(made.config.run_config(variant, 0), _ANY_NUMBER)


def _epochs(made: Comparison, variant: Variant) -> int:
    return made.planned(variant, 0).training.epochs


def _measure(run: Run) -> Measures:
    """Measure latency and memory length on evaluated clips that hold a word."""
    evaluated = comparison_results.evaluation_of(run)
    recognizer = Recognizer.of_run(run)
    seconds, lengths = [], []
    clips = [one.clip for one in evaluated.predictions if one.clip.label in run.config.task.labels] if evaluated else []
    for clip in sorted(clips, key=lambda clip: clip.digest)[:_CLIPS]:
        samples = load_clip(clip, recognizer.features.sample_rate)
        began = time.perf_counter()
        recognizer.classify(samples)
        seconds.append(time.perf_counter() - began)
        length = inspection.inspect(run, samples, clip.label, recognizer=recognizer).gradient_decay.memory_length
        if length is not None:
            lengths.append(length)
    return Measures.of(seconds, lengths)


if __name__ == "__main__":
    exit_process(0 if compare(Comparison(Path(sys.argv[1]))).status == "finished" else 1)
