"""One clip answered: decode, features and network together, against keras.Model.predict on librosa.feature.mfcc.

Both use the default GRU (its weights do not matter for the time), one core, a warm process.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from audio_models.features.waveform import AudioSource

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before any library counts the cores
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import librosa
import numpy as np

from audio_models.config import FeatureConfig
from audio_models.features.sequences import Normalisation
from audio_models.networks import keras_model, onnx_graph
from audio_models.networks.model_metadata import ModelMetadata
from audio_models.recipes import default_network
from audio_models.recognition.recognizer import Recognizer
from benchmarks.clips import kind, some_clips

_PLAIN_CLIPS = 60


def main(corpus: str) -> None:
    """Print the median time of both and their ratio."""
    features, network = FeatureConfig(), default_network("gru")
    clips = some_clips(corpus, 400)
    model = keras_model.build(network, features.width, 10)
    recognizer = _recognizer(model, features)
    plain = _median(lambda path: _plain(model, features, path), [clip.path for clip in clips[:_PLAIN_CLIPS]])
    ours = _median(lambda path: recognizer.classify(recognizer.load(AudioSource(path))), [clip.path for clip in clips])
    print(f"answer: {kind(clips)}, one at a time, one core, warm, median")
    print(f"  librosa.load + librosa.feature.mfcc + keras.Model.predict  {plain * 1e3:8.2f} ms")
    print(f"  Echoic: decode + features + onnxruntime                      {ours * 1e3:8.2f} ms")
    print(f"  ratio                                                      {plain / ours:8.1f}")


def _recognizer(model: keras.Model, features: FeatureConfig) -> Recognizer:
    width = features.width
    with tempfile.TemporaryDirectory() as folder:
        graph = onnx_graph.build(
            default_network("gru"),
            width,
            keras_model.weights(model),
            ModelMetadata(
                tuple(map(str, range(10))), features, Normalisation((0.0,) * width, (1.0,) * width), 0, clip_seconds=1
            ),
        )
        path = Path(folder) / "model.onnx"
        path.write_bytes(graph.SerializeToString())
        return Recognizer(path)


def _plain(model: keras.Model, features: FeatureConfig, path: Path) -> None:
    samples, rate = librosa.load(path, sr=features.sample_rate)
    frames = librosa.feature.mfcc(
        y=samples, sr=rate, n_mfcc=features.n_mfcc, n_fft=features.frame_length, hop_length=features.hop_length
    )
    frames = np.concatenate([frames, librosa.feature.delta(frames, width=5)])
    model.predict(frames.T[None], verbose=0)


def _median(answer: Callable[[Path], object], paths: list[Path]) -> float:
    for path in paths[:5]:
        answer(path)
    times = []
    for path in paths:
        began = time.perf_counter()
        answer(path)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


if __name__ == "__main__":
    main(sys.argv[1])
