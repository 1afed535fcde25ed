"""Compare Echoic's recipes with the network of TensorFlow's audio tutorial, on the same clips in the same run.

`python -m benchmarks.recipe --corpus FOLDER [--seed 0]` trains a plain GRU (one layer, one Dense layer, no augmentation,
Adam), the tutorial's small convolutional network on spectrograms, and Echoic's default, one after the other, and evaluates
each on the folder's test list: eight words, `_unknown_` and `_silence_`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_models.config import Recipe
from audio_models.features.clip_audio import load_clip
from audio_models.jobs import runs
from audio_models.recipes import default_run
from audio_models.recognition import evaluation
from audio_models.recognition.recognizer import Recognizer
from benchmarks.ablation import COMMANDS
from data import catalogue, task, workspace
from data.corpus import Clip, CorpusReference
from data.task import Task

_RATE = 16_000
_TASK = Task(COMMANDS, unknown=True, silence=True)
Row = tuple[str, float, str, int, float]
"""Network, accuracy, interval, parameters, seconds."""


def main() -> int:
    """Train the three and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipe", description=__doc__)
    parser.add_argument("--corpus", required=True, metavar="NAME|FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    reference = catalogue.refer(options.corpus)
    with tempfile.TemporaryDirectory() as home:
        os.environ["ECHOIC_HOME"] = home
        rows = [
            _echoic("GRU and Dense layer, no augmentation, Adam", reference, "plain", options.seed),
            _tutorial(reference, options.seed),
            _echoic("Echoic's default", reference, "strong", options.seed),
        ]
    print("| network | test accuracy | 95 % interval | parameters | minutes |")
    print("|---|---|---|---|---|")
    for name, accuracy, interval, parameters, seconds in rows:
        print(f"| {name} | {accuracy:.1%} | {interval} | {parameters:,} | {seconds / 60:.1f} |")
    return 0


def _echoic(name: str, reference: CorpusReference, recipe: Recipe, seed: int) -> Row:
    run = runs.create(default_run(reference, _TASK, "gru", recipe, seed=seed))
    subprocess.run(
        [sys.executable, "-m", "audio_models.training.process", str(run.folder)], cwd=workspace.PROJECT, check=True
    )
    evaluated = evaluation.evaluate(run, None, "test")
    interval = f"{evaluated.interval.low:.1%} to {evaluated.interval.high:.1%}"
    return name, evaluated.accuracy, interval, Recognizer.of_run(run).parameters, run.state.seconds


def _tutorial(reference: CorpusReference, seed: int) -> Row:
    """Train the tutorial's network: STFT magnitudes of one second (255 samples, step 128), resized to 32 x 32 and
    normalised, two convolutions, pooling, a dense layer; early stopping, ten epochs."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf

    from audio_models.recognition import metrics

    index = catalogue.open_corpus(reference).index()
    clips = task.examples(index, _TASK, seed)
    evaluated, _ = task.evaluation_clips(index, _TASK, "test", seed)
    splits = {split: [clip for clip in clips if clip.split == split] for split in ("training", "validation")}
    began = time.monotonic()

    def spectrograms(chosen: Sequence[Clip]) -> NDArray[np.float32]:
        waveforms = np.zeros((len(chosen), _RATE), np.float32)
        for row, clip in zip(waveforms, chosen, strict=True):
            samples = load_clip(clip, _RATE)[:_RATE]
            row[: len(samples)] = samples
        parts = [np.abs(tf.signal.stft(part, 255, 128).numpy()) for part in np.array_split(waveforms, 20)]
        return np.concatenate(parts)[..., None].astype(np.float32)

    def classes(chosen: Sequence[Clip]) -> NDArray[np.int64]:
        return np.array([_TASK.classes.index(clip.label) for clip in chosen])

    keras.utils.set_random_seed(seed)
    learned = spectrograms(splits["training"])
    small = keras.layers.Resizing(32, 32)
    normalise = keras.layers.Normalization(axis=None)
    normalise.adapt(small(learned[:2000]))
    model = keras.Sequential(
        [
            keras.Input(learned.shape[1:]),
            small,
            normalise,
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Dropout(0.25),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(len(_TASK.classes), activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    stop: Any = keras.callbacks.EarlyStopping(patience=2)
    model.fit(
        learned, classes(splits["training"]), batch_size=64, epochs=10, callbacks=[stop], verbose=0,
        validation_data=(spectrograms(splits["validation"]), classes(splits["validation"])),
    )  # fmt: skip
    seconds = time.monotonic() - began
    correct = model.predict(spectrograms(evaluated), verbose=0).argmax(axis=1) == classes(evaluated)
    interval = metrics.accuracy_interval(correct, [clip.speaker for clip in evaluated])
    return (
        "TensorFlow tutorial's spectrogram CNN",
        float(correct.mean()),
        f"{interval.low:.1%} to {interval.high:.1%}",
        model.count_params(),
        seconds,
    )


if __name__ == "__main__":
    sys.exit(main())
