"""Train the networks of a memory measurement, two at a time: `python -m audio_models.lab.memory_process FOLDER`."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np

from audio_models.config import Cell
from audio_models.jobs.job import POLL, Job, StateCallback, exit_process, ignore_state, imported, run_job
from audio_models.jobs.job_folder import State
from audio_models.lab import memory_tasks
from audio_models.lab.memory import GOOD, Experiment, MemoryConfig, Point
from audio_models.networks.cells import GATES
from audio_models.networks.initial_weights import recurrent_kernel
from data.errors import Cancelled

_AT_ONCE = 25  # steps between two checks of the accuracy and for cancellation
_TEST_SEQUENCES = 512


def measure(experiment: Experiment, on_state: StateCallback = ignore_state) -> State:
    """Measure the missing points in this process; see `run_job`."""
    return run_job(
        experiment,
        lambda job: _measure(experiment, job),
        on_state,
        short_of_memory="Out of memory. Use fewer units, a smaller batch or shorter lengths.",
        called="measurement",
    )


def _measure(experiment: Experiment, job: Job) -> None:
    config = experiment.config
    points = experiment.points
    done = {(point.cell, point.length) for point in points}
    missing = [one for one in config.points if one not in done]
    total = len(config.points)
    job.write(status="running", stage="Starting tensorflow", done=len(points), total=total, unit="points")
    job.wait_for(imported(_tensorflow))
    steps_left = {one: _cost(*one) * config.steps for one in missing}
    began, whole = time.monotonic(), sum(steps_left.values())

    def left() -> float | None:
        spent, remaining = time.monotonic() - began, sum(steps_left.values())
        return spent * remaining / (whole - remaining) if whole - remaining > 0.05 * whole else None

    with ThreadPoolExecutor(max(1, min(2, os.cpu_count() or 1))) as pool:
        stop: list[bool] = []

        def heartbeat(one: tuple[Cell, int], steps: int) -> None:
            steps_left[one] = _cost(*one) * (config.steps - steps)
            if stop:
                raise Cancelled("Cancelled.")

        running: set[Future[Point]] = {pool.submit(_point, config, *one, heartbeat) for one in missing}
        try:
            while running:
                finished, running = wait(running, POLL, FIRST_COMPLETED)
                for future in finished:
                    point = future.result()
                    steps_left[point.cell, point.length] = 0
                    points.append(point)
                    experiment.write_points(points)
                job.heartbeat(stage="Training", done=len(points), total=total, unit="points", seconds_left=left())
                if finished:
                    job.write(stage="Training", done=len(points), total=total, unit="points", seconds_left=left())
        finally:
            stop.append(True)
            pool.shutdown(cancel_futures=True)


def _cost(cell: Cell, length: int) -> float:
    """Estimate the relative cost of a step: a constant, and a part per frame that gates make larger."""
    return 8 + length * (1.0 if cell == "simple_rnn" else 1.6)


def _tensorflow() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # two trainings at a time: one core each
    import tensorflow  # noqa: F401


def _point(config: MemoryConfig, cell: Cell, length: int, heartbeat: Any) -> Point:
    """Train one network until its accuracy reaches `GOOD` or its steps are used up."""
    import keras
    import tensorflow as tf

    task = memory_tasks.find(config.task)
    seeds = [config.seed, sum(map(ord, cell)), length]
    random = np.random.default_rng(seeds)
    began = time.monotonic()
    model = build(config, cell, int(random.integers(2**31)))
    optimizer = keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm or None)
    loss = keras.losses.MeanSquaredError() if task.is_number else keras.losses.CategoricalCrossentropy(from_logits=True)
    optimizer.build(model.trainable_variables)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, None, task.width]),
            tf.TensorSpec([None, None, task.outputs]),
        ]
    )  # type: ignore[untyped-decorator]
    def several_steps(frames: Any, targets: Any) -> None:  # (steps, batch, length, width), (steps, batch, outputs)
        for number in tf.range(tf.shape(frames)[0]):
            with tf.GradientTape() as tape:
                error = loss(targets[number], model(frames[number], training=True))
            gradients = tape.gradient(error, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    test_frames, test_targets = task.make(_TEST_SEQUENCES, length, np.random.default_rng([*seeds, 1]))
    steps, accuracy = 0, 0.0
    while steps < config.steps:
        count = min(_AT_ONCE, config.steps - steps)
        frames, targets = task.make(count * config.batch_size, length, random)
        several_steps(
            frames.reshape(count, config.batch_size, *frames.shape[1:]),
            targets.reshape(count, config.batch_size, task.outputs),
        )
        steps += count
        accuracy = task.right(np.asarray(model(test_frames, training=False)), test_targets)
        heartbeat((cell, length), steps)
        if accuracy >= GOOD:
            break
    return Point(cell, length, accuracy, steps, time.monotonic() - began)


def build(config: MemoryConfig, cell: Cell, seed: int) -> Any:
    """Build one recurrent layer and a Dense layer on its last state: (batch, length, width) -> (batch, outputs)."""
    import keras

    task = memory_tasks.find(config.task)
    random = np.random.default_rng(seed)
    gates = max(1, len(GATES[cell]))
    frames = keras.Input((None, task.width))
    layer: Any = {"simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    state = layer(config.units, kernel_initializer=keras.initializers.GlorotUniform(seed), name="memory")(frames)
    answer = keras.layers.Dense(task.outputs, kernel_initializer=keras.initializers.GlorotUniform(seed + 1))(state)
    model = keras.Model(frames, answer)
    recurrent = model.get_layer("memory").cell
    recurrent.recurrent_kernel.assign(
        np.concatenate([recurrent_kernel(config.initialisation, config.units, random) for _ in range(gates)], axis=1)
    )
    if gates > 1:
        bias = np.zeros(recurrent.bias.shape)  # (gates * units,), or (2, gates * units) of a GRU
        keeps = GATES[cell].index("forget" if cell == "lstm" else "update")
        bias.reshape(-1, gates * config.units)[0, keeps * config.units :][: config.units] = config.forget_bias
        recurrent.bias.assign(bias)
    return model


if __name__ == "__main__":
    exit_process(0 if measure(Experiment(Path(sys.argv[1]))).status == "finished" else 1)
