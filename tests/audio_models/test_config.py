"""Settings: checked when made, and the same after JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.config import (
    CELLS,
    AugmentationConfig,
    FeatureConfig,
    NetworkConfig,
    RunConfig,
    TrainingConfig,
    from_dict,
    to_dict,
)
from audio_models.errors import ConfigError
from audio_models.recipes import default_network, default_training
from data.corpus import CorpusReference
from data.task import Task


@given(
    cell=st.sampled_from(CELLS),
    units=st.integers(1, 1024),
    layers=st.integers(1, 4),
    labels=st.lists(
        st.text(min_size=1).filter(lambda text: not text.startswith("_")), min_size=2, max_size=5, unique=True
    ),
    seed=st.integers(0, 2**31 - 1),
    hop=st.floats(2, 200),
    pattern=st.none() | st.text(),
)
def test_json_gives_the_configuration_back(cell, units, layers, labels, seed, hop, pattern) -> None:
    config = RunConfig(
        corpus=CorpusReference("fsdd", pattern, "speaker"),
        task=Task(tuple(labels), unknown=True),
        name="a name",
        features=FeatureConfig(hop_ms=hop),
        network=NetworkConfig(cell, units, layers),
        training=TrainingConfig(seed=seed),
    )
    assert from_dict(RunConfig, json.loads(json.dumps(to_dict(config)))) == config


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: NetworkConfig(units=0), "number of units is 0"),
        (lambda: NetworkConfig(cell="transformer"), "no cell 'transformer'"),
        (lambda: NetworkConfig(dropout=1.0), "Dropout is 1.0"),
        (lambda: NetworkConfig("feed_forward", bidirectional=True), "no direction"),
        (lambda: NetworkConfig(readout="first"), "no readout"),
        (lambda: TrainingConfig(learning_rate=float("nan")), "learning rate is nan"),
        (lambda: NetworkConfig("feed_forward", convolutions=1), "use 0 of them"),
        (lambda: TrainingConfig(schedule="linear"), "no schedule 'linear'"),
        (lambda: AugmentationConfig(highest_snr_db=-5), "between 5 and 80 dB"),
        (lambda: TrainingConfig(epochs=0), "number of epochs is 0"),
        (lambda: FeatureConfig(n_mfcc=41), "coefficients is 41; it must lie between 1 and 40"),
        (lambda: FeatureConfig(fmax=9000), "highest frequency is 9000"),
        (lambda: FeatureConfig(frame_ms="long"), "frame length is long"),
        (lambda: from_dict(NetworkConfig, {"unit": 3}), "has no setting unit"),
        (lambda: from_dict(NetworkConfig, [1]), "must be a JSON object"),
    ],
)
def test_a_setting_out_of_range_says_what_came_and_what_was_expected(make, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()


def test_every_cell_has_defaults_of_its_own() -> None:
    for cell in CELLS:
        assert default_network(cell).cell == cell
        assert default_training(cell).learning_rate > 0
    assert default_network("feed_forward").readout == "mean"
    assert default_network("lstm").readout == default_network("gru").readout == "last"


def test_frame_and_hop_in_samples() -> None:
    config = FeatureConfig(sample_rate=16_000, frame_ms=32, hop_ms=20)
    assert (config.frame_length, config.hop_length) == (512, 320)
    assert FeatureConfig(n_mfcc=13, deltas=False).width == 13
    assert FeatureConfig(n_mfcc=13, deltas=True).width == 26
