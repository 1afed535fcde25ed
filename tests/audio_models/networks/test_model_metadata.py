"""What a model file says of its network: written and read alike, and refused with a sentence where it is unfit."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from audio_models.config import FeatureConfig, NetworkConfig
from audio_models.errors import RunError
from audio_models.features.sequences import Normalisation
from audio_models.jobs import runs
from audio_models.networks.model_metadata import ModelMetadata, StreamingMetadata
from audio_models.recognition.recognizer import Recognizer
from tests.support.untrained import untrained_run

FEATURES = FeatureConfig(deltas=False)
METADATA = ModelMetadata(
    ("yes", "naïve", "_silence_"),
    FEATURES,
    Normalisation((-3.25,) * FEATURES.width, (1e-3,) * FEATURES.width),
    1234,
    0.985,
    temperature=1.2137,
    threshold=0.7,
)
EXPORTED = replace(METADATA, streaming=StreamingMetadata({"threshold": 0.8, "smoothing_ms": 240.0}, 4, 8))


@pytest.mark.parametrize("metadata", [METADATA, EXPORTED])
def test_what_is_written_is_read(metadata: ModelMetadata) -> None:
    props = metadata.to_props()
    assert ModelMetadata.from_props(props) == metadata
    assert ModelMetadata.from_props({**props, "author": "somebody else's"}) == metadata
    assert all(isinstance(json.loads(text), object) for text in props.values()), "readers take each for JSON"


def test_files_from_before_calibration_are_read() -> None:
    props = METADATA.to_props()
    del props["temperature"], props["threshold"]
    assert ModelMetadata.from_props(props) == replace(METADATA, temperature=1.0, threshold=0.0)


def test_labels_of_a_mac_are_read_composed() -> None:
    """A network that learned "cafe\\u0301" with the accent apart answers "caf\\u00e9", as all labels are written."""
    props = METADATA.to_props() | {"labels": json.dumps(["cafe\u0301", "tea"])}
    assert ModelMetadata.from_props(props).labels == ("caf\u00e9", "tea")


WIDTH = FEATURES.width


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *((name, None) for name in ("labels", "features", "normalisation", "parameters", "clip_seconds")),
        *((name, "[" * 200_000) for name in METADATA.to_props()),
        *((name, "null") for name in METADATA.to_props()),
        *((name, '"1"') for name in METADATA.to_props()),
        *((name, "NaN") for name in METADATA.to_props()),
        ("labels", "[]"),
        ("labels", '["yes", "yes"]'),
        ("labels", '["yes", 1]'),
        ("labels", '["yes", ""]'),
        ("labels", '{"yes": 1}'),
        ("features", '{"n_mels": 10000}'),
        ("features", '{"bells": 3}'),
        ("normalisation", json.dumps({"mean": [0] * WIDTH})),
        ("normalisation", json.dumps({"mean": [0] * WIDTH, "std": [1] * (WIDTH - 1)})),
        ("normalisation", json.dumps({"mean": [0] * WIDTH, "std": [0] * WIDTH})),
        ("normalisation", json.dumps({"mean": ["0"] * WIDTH, "std": [1] * WIDTH})),
        ("normalisation", json.dumps({"mean": [True] * WIDTH, "std": [1] * WIDTH})),
        ("parameters", "-1"),
        ("parameters", "1.5"),
        ("parameters", "true"),
        ("parameters", "9" * 5000),
        ("clip_seconds", "0"),
        ("clip_seconds", "1e999"),
        ("clip_seconds", "9" * 400),
        ("temperature", "-1"),
        ("threshold", "1.5"),
        ("detection", "[]"),
        ("detection", '{"threshold": "high"}'),
        ("frames_a_step", "two"),
    ],
)
def test_what_is_unfit_is_named(name: str, text: str | None) -> None:
    props = EXPORTED.to_props()
    props.pop(name)
    if text is not None:
        props[name] = text
    with pytest.raises(RunError, match=f"'{name}'") as caught:
        ModelMetadata.from_props(props)
    assert len(str(caught.value)) < 200


def test_the_models_that_come_along_say_all_of_it() -> None:
    for run in runs.bundled():
        metadata = Recognizer.of_run(run).metadata
        assert metadata.labels == run.config.task.classes
        assert metadata.features == run.config.features
        assert metadata.parameters > 1000


def test_an_untrained_run_has_them_too() -> None:
    run = untrained_run(NetworkConfig("gru", 4))
    assert Recognizer.of_run(run).metadata.labels == run.config.task.classes
