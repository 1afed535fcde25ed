"""Cross-validation holds other words back: no network of a fold has learned what it is tested on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio_models.config import FeatureConfig, NegativesConfig, RunConfig, TrainingConfig
from audio_models.features.augmentation import UNCHANGED, Augmenter
from audio_models.features.sequences import Normalisation
from audio_models.training import negatives
from audio_models.training.batches import AugmentedBatches
from audio_models.training.negatives import Negatives
from audio_models.training.other_speech import Stretch
from audio_models.training.preparation import choose, prepare
from audio_models.training.synthetic_words import SyntheticWords
from data.corpus import UNKNOWN, CorpusReference
from data.task import Task
from tests.support.sounds import RATE, glides, tone

FOLDS = 3
ALL = np.arange(4)


def _negatives(says: SyntheticWords) -> Negatives:
    return Negatives(
        label=2, ratio=8.0, shares={"synthetic": 1.0}, clips=4, load=lambda _: tone(440), seconds=0.5, sample_rate=RATE,
        grouped={"synthetic": range(FOLDS)}, draws={"synthetic": lambda seconds, random, group: Stretch(says.draw(random, group), (0.0, seconds))}, groups=FOLDS,
    )  # fmt: skip


def _batches(made: Negatives) -> AugmentedBatches:
    features = FeatureConfig()
    return AugmentedBatches(
        load=lambda _: tone(440), classes=np.array([0, 0, 1, 1]), words=["a", "a", "b", "b"], silence=None,
        augmenter=Augmenter(UNCHANGED, features, ()), features=features, normalisation=Normalisation((0.0,) * 26, (1.0,) * 26),
        batch_size=8, size=8, seed=0, negatives=made,
    )  # fmt: skip


def _learned(batches: AugmentedBatches, made: Negatives) -> set[bytes]:
    """The negatives of a few epochs, as they are before augmentation."""
    random = np.random.default_rng(5)
    orders = [batches.order(np.random.default_rng(number)) for number in range(3)]
    return {made.draw(int(one), random).samples.tobytes() for order in orders for one in order if one >= made.clips}


def test_no_fold_learns_a_word_that_it_is_tested_on() -> None:
    made = _negatives(SyntheticWords(("left", "go"), 40, RATE, 0))
    batches = _batches(made)
    for fold in range(FOLDS):
        tested = {samples.tobytes() for samples in made.held_back(fold, 60, seed=0)}
        assert len(tested) > 5
        assert not tested & _learned(batches.only(ALL, without=fold), made)
        assert tested & _learned(batches, made), "the last network learns from all of them"
        assert tested & _learned(batches.only(ALL, without=(fold + 1) % FOLDS), made), "and so do the other folds"


def test_a_group_without_words_is_neither_drawn_nor_tested() -> None:
    made = _negatives(SyntheticWords(("left", "go"), 10, RATE, 0))
    made = replace(made, grouped={"synthetic": [1]})
    assert made.held_back(0, 5, seed=0) == []
    assert len(made.held_back(1, 5, seed=0)) == 5
    assert len(made.positions({"synthetic": 4}, ALL)) == 4
    assert len(replace(made, without=1).positions({"synthetic": 4}, ALL)) == 0


def test_what_is_held_back_sounds_like_the_users_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips of a telephone: with clean other words a network would learn to tell the recordings apart."""
    corpus = glides(tmp_path / "clips", speakers=2)
    task = Task(("fall", "rise"), unknown=True)
    config = RunConfig(
        CorpusReference(str(corpus)), task, training=TrainingConfig(folds=2),
        negatives=NegativesConfig(unknown_ratio=2.0, partial_words=0.3, synthetic_words=0.7),
    )  # fmt: skip
    placed = []
    as_before = negatives.RecordingConditions.place

    def place(self, *given):
        placed.append(as_before(self, *given))
        return placed[-1]

    monkeypatch.setattr(negatives.RecordingConditions, "place", place)
    prepared = prepare(config, choose(config))
    assert [len(one.classes) for one in prepared.other] == [40, 40]
    assert {task.classes[one] for examples in prepared.other for one in examples.classes} == {UNKNOWN}
    assert len(placed) == 80
