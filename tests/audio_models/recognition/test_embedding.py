"""An embedding is what the last layer reads: equal to the network in numpy, and the answer follows from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from audio_models.config import FeatureConfig, NetworkConfig, RunConfig
from audio_models.errors import RunError
from audio_models.features.mfcc import mfcc
from audio_models.features.sequences import Normalisation
from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.lab.inspection import network_of
from audio_models.networks import onnx_graph
from audio_models.networks.initial_weights import fresh_weights
from audio_models.networks.model_metadata import ModelMetadata
from audio_models.networks.numpy_network import softmax
from audio_models.recognition.embedding import Embedder, embed_clips
from audio_models.recognition.recognizer import Recognizer
from data.corpus import Clip, CorpusReference
from data.task import Task
from tests.support.networks_in_all_shapes import CLASSES, WIDTH, all_shapes, shape_name
from tests.support.sounds import RATE, chirp, tone, write

LABELS = ("a", "b", "c")
FEATURES = FeatureConfig(n_mels=20, n_mfcc=WIDTH, deltas=False)


def _run(config: NetworkConfig) -> Run:
    """A run whose network has random numbers everywhere."""
    assert FEATURES.width == WIDTH
    assert len(LABELS) == CLASSES
    random = np.random.default_rng(1)
    weights = {
        name: random.normal(0, 0.6, value.shape) for name, value in fresh_weights(config, WIDTH, CLASSES, 0).items()
    }
    for number in range(1, config.convolutions + 1):
        del weights[f"convolution_{number}/bias"]
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            weights[f"normalisation_{number}/{part}"] = random.uniform(0.5, 1.5, config.filters)
    metadata = ModelMetadata(LABELS, FEATURES, Normalisation((1.0,) * WIDTH, (2.0,) * WIDTH), 1, 1.0)
    run = runs.create(RunConfig(CorpusReference("synthetic_voices"), Task(LABELS), features=FEATURES, network=config))
    numbers = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    onnx.save_model(onnx_graph.build(config, WIDTH, numbers, metadata), run.model_path)
    return run


@pytest.mark.parametrize("config", all_shapes(), ids=shape_name)
def test_it_equals_the_network_in_numpy_and_gives_the_answer(config: NetworkConfig) -> None:
    run = _run(config)
    random = np.random.default_rng(3)
    sequences = [random.normal(0, 3, (length, WIDTH)).astype(np.float32) for length in (12, 1, 7, 12, 2)]
    embedder, network = Embedder.of_run(run), network_of(run)
    found = embedder.embed(sequences)
    read = [network.read(embedder.normalise(frames)) for frames in sequences]
    expected = np.array([network.dense_inputs(trace.summary)[-1] for trace in read])
    assert found.shape == expected.shape == (5, embedder.width)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 0.01, "all alike would prove nothing"
    np.testing.assert_allclose(embedder.embed(sequences[2:3])[0], found[2], atol=1e-6)
    np.testing.assert_allclose(_answers(run, found), Recognizer.of_run(run).probabilities(sequences), atol=1e-5)


def _answers(run: Run, embeddings: np.ndarray) -> np.ndarray:
    weights = onnx_graph.weights(onnx.load_model(run.model_path), run.config.network)
    return np.array([softmax(row) for row in embeddings @ weights["output/kernel"] + weights["output/bias"]])


@pytest.mark.parametrize("name", ["commands", "plain-lstm", "plain-feed-forward"])
def test_the_answers_of_bundled_networks_follow_from_it(name: str) -> None:
    run = runs.find(name)
    embedder = Embedder.of_run(run)
    sequences = [mfcc(chirp(300, 2000, seconds), embedder.features) for seconds in (0.1, 0.4, 1.0, 2.5)] * 20
    found = embedder.embed(sequences)
    np.testing.assert_allclose(_answers(run, found), Recognizer.of_run(run).probabilities(sequences), atol=1e-5)
    np.testing.assert_array_equal(embedder.probabilities(sequences), Recognizer.of_run(run).probabilities(sequences))
    assert embedder.embed([]).shape == (0, embedder.width)


def test_clips_of_a_corpus_keep_their_rows(tmp_path: Path) -> None:
    run = runs.find("plain-gru")
    paths = [write(tmp_path / f"{hertz}.wav", tone(hertz, 0.5)) for hertz in (300, 900, 300)]
    paths.insert(1, tmp_path / "broken.wav")
    paths[1].write_bytes(b"no sound")
    clips = [Clip(path, "hum", "training", 0.5, digest=path.name) for path in paths]
    found, skipped = embed_clips(run, clips)
    assert found.dtype == np.float32
    assert np.isnan(found[1]).all()
    assert [one.path.name for one in skipped] == ["broken.wav"]
    np.testing.assert_array_equal(found[0], found[3])
    assert np.abs(found[0] - found[2]).max() > 0.1
    embedder = Embedder.of_run(run)
    alone = embedder.embed([mfcc(embedder.load(AudioSource(paths[0])), embedder.features)])[0]
    np.testing.assert_allclose(found[0], alone, atol=1e-5)
    again, _ = embed_clips(run, clips)  # from the cache
    np.testing.assert_array_equal(again, found)


def test_clips_of_another_rate_are_heard_alike(tmp_path: Path) -> None:
    run = runs.find("commands")
    slow = write(tmp_path / "a.wav", tone(300, 0.6, RATE), RATE)
    fast = write(tmp_path / "b.wav", tone(300, 0.6, 2 * RATE), 2 * RATE)
    found, _ = embed_clips(run, [Clip(path, "hum", "training", 0.6, digest=path.name) for path in (slow, fast)])
    assert np.linalg.norm(found[0] - found[1]) < 0.2 * np.linalg.norm(found[0])


@pytest.mark.parametrize(("content", "said"), [(None, "no network yet"), (b"not a graph", "is damaged")])
def test_a_run_without_a_network_is_one_sentence(content: bytes | None, said: str) -> None:
    run = _run(NetworkConfig("gru", 6))
    run.model_path.unlink()
    if content:
        run.model_path.write_bytes(content)
    with pytest.raises(RunError, match=said) as caught:
        Embedder.of_run(run)
    assert "\n" not in str(caught.value)


def test_a_graph_without_a_last_layer_is_damaged() -> None:
    run = _run(NetworkConfig("gru", 6))
    model = onnx.load_model(run.model_path)
    for constant in model.graph.initializer:
        if constant.name == "output/kernel":
            constant.name = "renamed"
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == "output/kernel":
                node.input[place] = "renamed"
    onnx.save_model(model, run.model_path)
    Recognizer.of_run(run)
    with pytest.raises(RunError, match="is damaged"):
        Embedder.of_run(run)
