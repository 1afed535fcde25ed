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
    NegativesConfig,
    NetworkConfig,
    RunConfig,
    TrainingConfig,
)
from audio_models.errors import ConfigError
from audio_models.recipes import default_negatives, default_network, default_run, default_training, tuned_run
from audio_models.settings import from_dict, to_dict
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
        negatives=NegativesConfig(other=("/a, b", "/c")),
    )
    assert from_dict(RunConfig, json.loads(json.dumps(to_dict(config)))) == config


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: NetworkConfig(units=0), "Units is 0"),
        (lambda: NetworkConfig(cell="transformer"), "Cell is 'transformer'; expected one of simple_rnn"),
        (lambda: NetworkConfig(dropout=1.0), "Dropout is 1.0"),
        (lambda: NetworkConfig("feed_forward", bidirectional=True), "no direction"),
        (lambda: NetworkConfig(readout="first"), "Readout is 'first'"),
        (lambda: TrainingConfig(learning_rate=float("nan")), "Learning rate is nan"),
        (lambda: NetworkConfig("feed_forward", convolutions=1), "use 0 of them"),
        (lambda: TrainingConfig(schedule="linear"), "Schedule is 'linear'"),
        (lambda: AugmentationConfig(highest_snr_db=-5), "Highest SNR is -5 dB; expected a number from 5 to 80 dB"),
        (lambda: TrainingConfig(epochs=0), "Epochs is 0"),
        (lambda: FeatureConfig(n_mfcc=41), "Coefficients is 41; expected a number from 1 to 40"),
        (lambda: TrainingConfig(folds=1), "Folds is 1"),
        (
            lambda: NegativesConfig(partial_words=0.5, other_share=0.6),
            "make up 110 % of the unknown clips; their shares",
        ),
        (lambda: FeatureConfig(fmax=9000), "Highest frequency is 9000 Hz"),
        (lambda: FeatureConfig(frame_ms="long"), "Frame is 'long'; expected a number from 5 to 200 ms"),
        (lambda: from_dict(NetworkConfig, {"unit": 3}), "has no setting unit"),
        (lambda: from_dict(NetworkConfig, [1]), "expected an object"),
    ],
)
def test_a_setting_out_of_range_says_what_came_and_what_was_expected(make, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()


def test_a_run_from_before_the_negatives_has_what_it_was_trained_with() -> None:
    config = RunConfig(CorpusReference("fsdd"), Task(("yes", "no"), unknown=True))
    older = to_dict(config)
    del older["negatives"]
    assert from_dict(RunConfig, older) == config
    assert config.negatives == default_negatives("plain") == NegativesConfig(unknown_ratio=1.0)


def test_a_run_that_learns_for_any_voice_learns_to_refuse() -> None:
    corpus, task = CorpusReference("fsdd"), Task(("yes", "no"), unknown=True)
    strong = default_run(corpus, task, "gru", "strong")
    tuned = tuned_run(corpus, task, "commands", default_run(corpus, task, "gru", "plain"))
    assert strong.negatives == default_negatives("strong")
    for one in (strong, tuned):
        assert one.negatives.makes
        assert one.negatives.unknown_ratio > 1
    several = tuned_run(corpus, task, "commands", default_run(corpus, task, "gru", "plain"), speakers=5)
    assert 0 < several.augmentation.synthetic_voices < tuned.augmentation.synthetic_voices


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


def test_a_run_says_what_its_other_words_are_made_of() -> None:
    assert NegativesConfig().summary == ""
    assert not NegativesConfig(other=("/a",)).makes, "folders without a share"
    wanted = NegativesConfig(
        partial_words=0.2, synthetic_words=0.1, other=("/media/usb/reading", "/noise"), other_share=0.3
    )
    assert wanted.summary == "parts of the words, words by synthetic voices, other recordings (reading, noise)"
    assert wanted.makes
