"""A run as readable Python in plain keras and librosa: the same features, network and training.

Each part is a `Section`, a cell of a notebook or a stretch of a program.
"""

from __future__ import annotations

from dataclasses import dataclass

from audio_models.config import CELL_TITLES, FeatureConfig, RunConfig
from audio_models.export.keras_network import network
from data import tables
from data.corpus import SILENCE, UNKNOWN

CLIPS = "clips.csv"
"""The table that the program reads: one row for each clip."""

_UNSMOOTHED = "cross_entropy"


@dataclass(frozen=True)
class Section:
    """A part of the program.

    Attributes:
        title: what it does.
        code: Python, without a line break at the end.
    """

    title: str
    code: str


def sections(config: RunConfig, folder: str, *, cut: bool) -> tuple[Section, ...]:
    """The parts of the program, in order.

    Args:
        folder: of the corpus; the paths in `CLIPS` start there.
        cut: whether some clips are stretches of a recording, as silence is.
    """
    return (
        Section("The clips: one row each, with label and split", _clips(config, folder)),
        Section("Features: what the network reads of a clip", _features(config.features, cut=cut)),
        Section("Every coefficient with mean 0 and standard deviation 1 over the training clips", _NORMALISE),
        Section(f"The network: {CELL_TITLES[config.network.cell]}", _network(config)),
        Section("Training: each class equally often in every epoch, until the validation loss stops falling", _train(config)),
        Section("Accuracy", _EVALUATE),
    )  # fmt: skip


def _clips(config: RunConfig, folder: str) -> str:
    return f"""import csv
import itertools
import math
from pathlib import Path

import keras
import librosa
import numpy as np
import tensorflow as tf

CLIPS = Path({folder!r})
LABELS = {[tables.harmless(label) for label in config.task.classes]!r}
SEED = {config.training.seed}
keras.utils.set_random_seed(SEED)

with open({CLIPS!r}, encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))"""


def _features(config: FeatureConfig, *, cut: bool) -> str:
    rate, length = config.sample_rate, config.frame_length
    load = [f'    samples, _ = librosa.load(CLIPS / row["path"], sr={rate})']
    if cut:
        load = [
            '    start, seconds = float(row["start"] or 0), float(row["seconds"] or 0) or None',
            f'    samples, _ = librosa.load(CLIPS / row["path"], sr={rate}, offset=start, duration=seconds)',
            '    samples *= float(row["gain"] or 1)',
        ]
    name = "mfcc" if config.kind == "mfcc" else "bands"
    lines = [
        "def features(row):",
        f'    """A clip as frames, (frames, {config.width})."""',
        *load,
        f"    samples = librosa.util.fix_length(samples, size=max(len(samples), {length}))",
        f"    power = librosa.feature.melspectrogram(y=samples, sr={rate}, n_fft={length}, hop_length={config.hop_length},",
        f"        center={config.centred}, n_mels={config.n_mels}, fmin={config.fmin:g}, fmax={config.fmax:g})",
        f"    bands = librosa.power_to_db(power, top_db={config.top_db or None})",
        *([f"    mfcc = librosa.feature.mfcc(S=bands, n_mfcc={config.n_mfcc})"] if config.kind == "mfcc" else []),
    ]
    if config.deltas:
        lines.append(f'    slopes = librosa.feature.delta({name}, width=5, mode="nearest")')
        name = f"np.concatenate([{name}, slopes])"
    return "\n".join([*lines, f"    return {name}.T.astype(np.float32)"])


_NORMALISE = '''frames = {split: [features(row) for row in rows if row["split"] == split] for split in ("training", "validation", "test")}
y = {split: np.array([LABELS.index(row["label"]) for row in rows if row["split"] == split], int) for split in frames}
learned = np.concatenate(frames["training"]).astype(np.float64)
mean, std = learned.mean(axis=0), np.maximum(learned.std(axis=0), 1e-3)


def padded(clips):
    """(clips, longest, width): zeros after the end of each clip, which the network masks."""
    batch = np.zeros((len(clips), max(map(len, clips)), len(mean)), np.float32)
    for row, clip in zip(batch, clips):
        row[: len(clip)] = (clip - mean) / std
    return batch


x = {split: padded(frames[split]) for split in ("validation", "test") if frames[split]}'''


def _network(config: RunConfig) -> str:
    return f"{network(config.network, config.features.width, len(config.task.classes))}\nmodel.summary()"


def _train(config: RunConfig) -> str:
    fit = [
        "model.fit(",
        f"    training, epochs={config.training.epochs}, steps_per_epoch=steps, shuffle=False, verbose=2,",
        f'    validation_data=(x["validation"], {_target(config, "validation")}),',
        f"    callbacks=[{_callbacks(config)}],",
        ")",
    ]
    parts = [_sizes(config), _order(config), _batches(config), "\n".join([*_compile(config), *fit])]
    return "\n\n\n".join(parts)


def _target(config: RunConfig, split: str) -> str:
    """The expression of a split's targets: class numbers, or one-hot where the loss needs them."""
    return f'targets["{split}"]' if config.training.label_smoothing else f'y["{split}"]'


def _sizes(config: RunConfig) -> str:
    words, known = len(config.task.labels), len(config.task.classes)
    counted = f"counts[:{words}]" if known > words and known > 2 else "counts"
    size = f"math.ceil({counted}[{counted} > 0].mean())"
    if config.augmentation.augment:
        size = f"max({size}, {config.clips_of_a_class(1)})"
    lines = ['counts = np.bincount(y["training"], minlength=len(LABELS))', f"sizes = np.where(counts > 0, {size}, 0)"]
    if config.task.unknown and config.negatives.unknown_ratio != 1:
        place = config.task.classes.index(UNKNOWN)
        lines.append(f"sizes[{place}] = round({config.negatives.unknown_ratio:g} * max(sizes))")
    if config.task.unknown:
        lines.append('words = np.array([row["word"] or row["label"] for row in rows if row["split"] == "training"])')
    return "\n".join(lines)


def _order(config: RunConfig) -> str:
    """With other words, each of them is drawn equally often too."""
    if not config.task.unknown:
        return '''def epoch_order(number):
    """The clips of one epoch: of each class the same number, shuffled."""
    random = np.random.default_rng([SEED, number])
    own = [random.permutation(np.flatnonzero(y["training"] == label)) for label in range(len(LABELS))]
    return random.permutation(np.concatenate([np.resize(clips, size) for clips, size in zip(own, sizes)]))'''
    return '''def epoch_order(number):
    """The clips of one epoch: of each class the same number, and in it of each word, shuffled."""
    random = np.random.default_rng([SEED, number])
    drawn = []
    for label, size in enumerate(sizes):
        spoken = random.permutation(np.unique(words[y["training"] == label]))
        for place, word in enumerate(spoken):
            own = random.permutation(np.flatnonzero((y["training"] == label) & (words == word)))
            drawn.append(np.resize(own, size // len(spoken) + (place < size % len(spoken))))
    return random.permutation(np.concatenate(drawn))'''


def _batches(config: RunConfig) -> str:
    size = config.training.batch_size
    targets = '(None, len(LABELS)), "float32"' if config.training.label_smoothing else '(None,), "int64"'
    return f'''def batches():
    """The batches of one epoch after the other, without end."""
    for number in itertools.count(1):
        order = epoch_order(number)
        for first in range(0, len(order), {size}):
            clips = order[first : first + {size}]
            yield padded([frames["training"][clip] for clip in clips]), {_target(config, "training")}[clips]


steps = math.ceil(sum(sizes) / {size})
shapes = tf.TensorSpec((None, None, len(mean)), "float32"), tf.TensorSpec({targets})
training = tf.data.Dataset.from_generator(batches, output_signature=shapes)'''


def _compile(config: RunConfig) -> list[str]:
    training = config.training
    lines, rate = [], f"{training.learning_rate:g}"
    if training.schedule == "cosine":
        lines += [
            "class Cosine(keras.optimizers.schedules.LearningRateSchedule):",
            '    """Rises within the first epoch, then falls to zero along half a cosine."""',
            "",
            "    def __call__(self, step):",
            '        epochs = keras.ops.cast(step, "float32") / steps',
            "        rise = keras.ops.minimum(1.0, 0.1 + epochs)",
            f"        return {rate} * rise * 0.5 * (1 + keras.ops.cos(math.pi * epochs / {training.epochs}))",
            "",
            "    def get_config(self):",
            "        return {}",
            "",
            "",
        ]
        rate = "Cosine()"
    average = f", use_ema=True, ema_momentum={training.ema_decay:g}" if training.ema_decay else ""
    optimizer = f"keras.optimizers.Adam({rate}, global_clipnorm={training.clip_norm:g}{average})"
    if not training.label_smoothing:
        return [*lines, f'model.compile({optimizer}, "sparse_categorical_crossentropy", metrics=["accuracy"])']
    return [
        *lines,
        "targets = {split: np.eye(len(LABELS), dtype=np.float32)[labels] for split, labels in y.items()}",
        "model.compile(",
        f"    {optimizer},",
        f"    keras.losses.CategoricalCrossentropy(label_smoothing={training.label_smoothing:g}),",
        f'    metrics=["accuracy", keras.metrics.CategoricalCrossentropy(name="{_UNSMOOTHED}")],',
        ")",
    ]


def _callbacks(config: RunConfig) -> str:
    training = config.training
    average = "keras.callbacks.SwapEMAWeights(swap_on_epoch=True), " if training.ema_decay else ""
    watched = f"val_{_UNSMOOTHED if training.label_smoothing else 'loss'}"
    stop = f'"{watched}", patience={training.patience or training.epochs}, mode="min", restore_best_weights=True'
    return f"{average}keras.callbacks.EarlyStopping({stop})"


_EVALUATE = """for split in x:
    hits = model.predict(x[split], verbose=0).argmax(axis=1) == y[split]
    print(f"{split}: {hits.mean():.1%} of {len(hits)} clips")
model.save("model.keras")"""


def left_out(config: RunConfig, start: str) -> tuple[str, ...]:
    """What the run did that the program does not, one phrase each; empty if nothing is left out.

    Args:
        start: name of the network that the run started from; empty for random weights.
    """
    training, makes = config.training, config.task.unknown and config.negatives.makes
    phrases = [
        f"started from the weights of {start}" if start else "",
        "changed every training clip at random (noise, speed, shift, masks)" if config.augmentation.augment else "",
        f"made other sounds for {UNKNOWN} ({config.negatives.summary})" if makes else "",
        f"let only the hardest of {UNKNOWN} count in each batch"
        if config.task.unknown and config.negatives.hardest_share < 1
        else "",
        "drew new background noise for " + SILENCE if config.task.silence and config.augmentation.augment else "",
        f"joined {training.clips_per_sequence} clips into a sequence" if training.clips_per_sequence > 1 else "",
        "mixed pairs of clips (mixup)" if training.mixup else "",
        "forgot the first weights faster in its moving average" if training.ema_decay else "",
        f"measured its accuracy over {training.folds} folds, then learned from all clips; here the first fold is held out"
        if training.folds
        else "",
    ]
    return tuple(filter(None, phrases))
