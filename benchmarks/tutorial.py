"""The network of TensorFlow's audio tutorial, to compare with on the same clips."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_models.features.clip_audio import load_clip
from data.corpus import Clip

_RATE = 16_000
_AT_A_TIME = 256  # clips


class TutorialNetwork:
    """STFT magnitudes of one second (255 samples, step 128), resized to 32 x 32 and normalised, two convolutions, pooling, a
    dense layer; trained with early stopping.

    Args:
        clips: its training and validation clips; clips of other splits are ignored.
        classes: their labels, in the order of the probabilities.
        epochs: at most.
    """

    def __init__(self, clips: Sequence[Clip], classes: Sequence[str], seed: int, epochs: int = 10) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras

        def of_split(split: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
            chosen = [clip for clip in clips if clip.split == split]
            return _spectrograms(chosen), np.array([classes.index(clip.label) for clip in chosen])

        keras.utils.set_random_seed(seed)
        learned, labels = of_split("training")
        small = keras.layers.Resizing(32, 32)
        normalise = keras.layers.Normalization(axis=None)
        normalise.adapt(small(learned[:2000]))
        self._model = keras.Sequential(
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
                keras.layers.Dense(len(classes), activation="softmax"),
            ]
        )
        self._model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        stop: Any = keras.callbacks.EarlyStopping(patience=2)
        self._model.fit(
            learned, labels, batch_size=64, epochs=epochs, callbacks=[stop], verbose=0,
            validation_data=of_split("validation"),
        )  # fmt: skip

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return int(self._model.count_params())

    def probabilities(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """The probabilities of clips, (clips, classes)."""
        parts = [
            self._model.predict(_spectrograms(clips[first : first + _AT_A_TIME]), verbose=0)
            for first in range(0, len(clips), _AT_A_TIME)
        ]
        return np.concatenate(parts)


def _spectrograms(clips: Sequence[Clip]) -> NDArray[np.float32]:
    """The STFT magnitudes of clips, (clips, frames, bins, 1)."""
    import tensorflow as tf

    parts = []
    for first in range(0, len(clips), _AT_A_TIME):
        some = clips[first : first + _AT_A_TIME]
        waveforms = np.zeros((len(some), _RATE), np.float32)
        for row, clip in zip(waveforms, some, strict=True):
            samples = load_clip(clip, _RATE)[:_RATE]
            row[: len(samples)] = samples
        parts.append(np.abs(tf.signal.stft(waveforms, 255, 128).numpy()))
    return np.concatenate(parts)[..., None].astype(np.float32)
