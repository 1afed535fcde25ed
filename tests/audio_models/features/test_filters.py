"""Window and mel filters are librosa's to the last bit, whether designed here or read from a model file."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import librosa.filters
import numpy as np
import onnx
import pytest

from audio_models.config import FeatureConfig, NetworkConfig
from audio_models.errors import ConfigError, RunError
from audio_models.features.filters import designed
from audio_models.features.mfcc import mfcc
from audio_models.features.mfcc_stream import FrameStream
from audio_models.jobs import runs
from audio_models.networks.model_metadata import ModelMetadata
from audio_models.recognition.recognizer import Recognizer
from tests.support.sounds import RATE, chirp
from tests.support.untrained import untrained_run

CONFIGS = [
    FeatureConfig(),
    FeatureConfig(deltas=False, kind="log_mel"),
    FeatureConfig(frame_ms=25, hop_ms=10, n_mels=64, fmin=0),
    FeatureConfig(sample_rate=8000, fmax=3800, frame_ms=40.125, n_mels=23),
    FeatureConfig(sample_rate=48_000, fmax=24_000, frame_ms=200, n_mels=256),
]


def _through_a_file(config: FeatureConfig):
    run = untrained_run(NetworkConfig("gru", 2), config)
    metadata = replace(Recognizer.of_run(run).metadata, filters=designed(config))
    read = ModelMetadata.from_props(metadata.to_props()).filters
    assert read == designed(config)
    return read


@pytest.mark.parametrize("config", CONFIGS)
def test_they_are_librosa_s_to_the_last_bit(config: FeatureConfig) -> None:
    mel = librosa.filters.mel(
        sr=config.sample_rate, n_fft=config.frame_length, n_mels=config.n_mels, fmin=config.fmin, fmax=config.fmax
    )
    window = librosa.filters.get_window("hann", config.frame_length).astype(np.float32)
    for filters in (designed(config), _through_a_file(config)):
        np.testing.assert_array_equal(filters.window_array, window)
        np.testing.assert_array_equal(filters.mel_matrix, mel.T)


def test_what_came_with_the_network_is_used_and_not_what_librosa_would_design() -> None:
    config = FeatureConfig(deltas=False, kind="log_mel")
    run = untrained_run(NetworkConfig("gru", 2), config)
    filters = designed(config)
    doubled = replace(filters, bands=tuple((at, tuple(2 * one for one in weights)) for at, weights in filters.bands))
    model = onnx.load_model(run.model_path)
    metadata = replace(Recognizer.of_run(run).metadata, filters=doubled)
    onnx.helper.set_model_props(model, metadata.to_props())
    onnx.save_model(model, run.model_path)
    recognizer, clip = Recognizer.of_run(run), chirp(300, 2000)
    louder = recognizer.classify(clip).frames
    np.testing.assert_allclose(louder - mfcc(clip, config), 10 * np.log10(2), atol=1e-4)
    stream = FrameStream(config, 3, recognizer.filters)
    streamed = np.concatenate(list(stream.feed(clip)))
    np.testing.assert_allclose(streamed, louder[: len(streamed)], atol=1e-4)


@pytest.mark.parametrize("run", runs.bundled(), ids=lambda run: run.id)
def test_a_model_from_before_they_travelled_along_answers_the_same(run: runs.Run, tmp_path) -> None:
    recognizer = Recognizer.of_run(run)
    assert recognizer.filters == designed(recognizer.features)
    model = onnx.load_model(run.model_path)
    (entry,) = (one for one in model.metadata_props if one.key == "filters")
    model.metadata_props.remove(entry)
    onnx.save_model(model, tmp_path / "model.onnx")
    old, clip = Recognizer(tmp_path / "model.onnx"), chirp(300, 2000)
    assert old.filters is None
    assert old.classify(clip) == recognizer.classify(clip)
    np.testing.assert_array_equal(old.classify(clip).frames, recognizer.classify(clip).frames)


def test_a_trained_run_carries_them(trained) -> None:
    recognizer = Recognizer.of_run(runs.Run(trained.folder))
    assert recognizer.filters == designed(recognizer.features)


def _broken(**changed: object) -> str:
    return json.dumps({**asdict(designed(CONFIGS[1])), **changed})


BANDS = designed(CONFIGS[1]).bands


@pytest.mark.parametrize(
    "text",
    [
        "{}", "[]", _broken(window=[0.5]), _broken(window=["a"] * 512), _broken(bands=BANDS[:-1]),
        _broken(bands=[(250, [0.1] * 8), *BANDS[1:]]), _broken(bands=[(-1, [0.1]), *BANDS[1:]]),
        _broken(bands=[(1.5, [0.1]), *BANDS[1:]]), _broken(bands=[(1, []), *BANDS[1:]]),
        _broken(bands=[(1, [float("nan")]), *BANDS[1:]]), _broken(bands=[(1, [1e300]), *BANDS[1:]]),
    ],
)  # fmt: skip
def test_filters_that_do_not_fit_are_refused(text: str) -> None:
    run = untrained_run(NetworkConfig("gru", 2), CONFIGS[1])
    props = {**Recognizer.of_run(run).metadata.to_props(), "filters": text}
    with pytest.raises(RunError, match="'filters'"):
        ModelMetadata.from_props(props)


def test_a_band_without_a_frequency_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match="too narrow"):
        designed(FeatureConfig(frame_ms=8, n_mels=200))
    assert len(designed(FeatureConfig(frame_ms=8, n_mels=20)).window) == RATE * 8 // 1000
