"""Train and evaluate the networks of a comparison one by one: `python -m audio_models.lab.comparison_process FOLDER`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from audio_models.config import CELL_TITLES
from audio_models.errors import TrainingError
from audio_models.features.clip_audio import load_clip
from audio_models.jobs import job_folder
from audio_models.jobs.job import Job, StateCallback, exit_process, ignore_state, run_job
from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Run
from audio_models.lab import comparison, inspection
from audio_models.lab.comparison import Comparison, Measures
from audio_models.recognition.recognizer import Recognizer
from audio_models.training import process as training_process
from data.errors import Cancelled

_CLIPS = 24  # for the latency and the memory length


def compare(made: Comparison, on_state: StateCallback = ignore_state) -> State:
    """Run the missing trainings in this process; see `run_job`."""
    return run_job(
        made,
        lambda job: _compare(made, job),
        on_state,
        short_of_memory="Out of memory. Use fewer clips.",
        called="comparison",
    )


def _compare(made: Comparison, job: Job) -> None:
    config = made.config
    trainings = config.jobs
    began = time.monotonic()
    missing = [one for one in trainings if made.measures(*one) is None]
    job.write(
        status="running", stage="Starting", done=len(trainings) - len(missing), total=len(trainings), unit="trainings"
    )
    for number, (cell, seed) in enumerate(missing):
        run = made.run(cell, seed)
        if not run.folder.is_dir():
            job_folder.create(run.folder.parent, run.folder.name, config.run_config(cell, seed))

        def relay(state: State, number: int = number, title: str = CELL_TITLES[cell]) -> None:
            spent = time.monotonic() - began
            whole = spent / number * len(missing) if number else None
            if state.seconds_left is not None and not number:  # assume that all take as long as the first
                whole = (spent + state.seconds_left) * len(missing)
            job.heartbeat(
                stage=f"{title}: {state.stage.lower()}",
                done=len(trainings) - len(missing) + number,
                total=len(trainings),
                unit="trainings",
                seconds_left=None if whole is None else max(0.0, whole - spent),
            )

        if run.state.status != "finished":
            state = training_process.train(run, relay)
            if state.status == "cancelled":
                raise Cancelled("Cancelled.")
            if state.status == "failed":
                raise TrainingError(f"The training of {run.name} failed: {state.error}")
        made.write_measures(cell, seed, _measure(run))


def _measure(run: Run) -> Measures:
    """Measure latency and memory length on evaluated clips that hold a word."""
    evaluated = comparison.evaluation_of(run)
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
