"""The loop: it learns what can be learned, repeats exactly, and goes on as if it had never stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.config import CELLS, FeatureConfig, NegativesConfig, NetworkConfig, RunConfig
from audio_models.features.feature_cache import clip_features
from audio_models.features.sequences import Normalisation
from audio_models.recipes import default_network, default_training
from audio_models.recognition.calibration import apply_temperature
from audio_models.training.batches import Examples, FixedBatches, class_size
from audio_models.training.loop import Hardest, Training, mixed, training_of
from data.corpus import UNKNOWN, CorpusReference
from data.folder import FolderCorpus
from data.task import Task
from tests.support.sounds import glides

FEATURES = FeatureConfig(deltas=False)  # with slopes a single frame would tell a rise from a fall
WORDS = ("rise", "fall")


@pytest.fixture(scope="module")
def splits(tmp_path_factory) -> dict[str, Examples]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHOIC_HOME", str(tmp_path_factory.mktemp("workspace")))
        folder = glides(tmp_path_factory.mktemp("glides"), speakers=20)
        clips = [clip for clip in FolderCorpus(folder).index().clips if clip.label in WORDS]
        sequences, _ = clip_features(clips, FEATURES)
    normalisation = Normalisation.fit([s for c, s in zip(clips, sequences, strict=True) if c.split == "training"])
    made = {}
    for split in ("training", "validation"):
        pairs = [(c, s) for c, s in zip(clips, sequences, strict=True) if c.split == split]
        made[split] = Examples(
            [normalisation.apply(s) for _, s in pairs],
            np.array([WORDS.index(c.label) for c, _ in pairs]),
            [c.label for c, _ in pairs],
        )
    return made


def _training(cell: str, epochs: int = 30, **changes) -> Training:
    network = replace(default_network(cell), units=24, **changes)
    config = replace(default_training(cell), epochs=epochs, patience=0, batch_size=16)
    return Training(network, config, FEATURES.width, len(WORDS))


def _batches(splits, seed: int = 0) -> FixedBatches:
    examples = splits["training"]
    return FixedBatches(examples, 16, class_size(examples.classes), seed)


def _nothing(_: object) -> None:
    pass


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell != "feed_forward"])
def test_a_network_with_memory_tells_a_rise_from_a_fall(splits, cell: str) -> None:
    training = _training(cell)
    while not training.is_done and (not training.history or training.history[-1].validation_accuracy < 1):
        training.run_epoch(_batches(splits), splits["validation"], _nothing)
    assert training.history[-1].validation_accuracy == 1.0


def test_a_network_without_memory_cannot(splits) -> None:
    """rise and fall hold the same frames in opposite order; a mean over frames does not know the order."""
    training = _training("feed_forward", epochs=12)
    while not training.is_done:
        training.run_epoch(_batches(splits), splits["validation"], _nothing)
    assert max(row.validation_accuracy for row in training.history) < 0.8


def _weights(training: Training) -> list[np.ndarray]:
    return [np.asarray(variable) for variable in training.model.weights]


def test_the_same_seed_gives_the_same_network_and_another_does_not(splits) -> None:
    results = []
    for seed in (3, 3, 4):
        config = replace(default_training("gru"), epochs=2, seed=seed, batch_size=16)
        training = Training(NetworkConfig("gru", 8, dropout=0.3), config, FEATURES.width, 2)
        for _ in range(2):
            training.run_epoch(_batches(splits), splits["validation"], _nothing)
        results.append(_weights(training))
    for one, other in zip(results[0], results[1], strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(np.abs(one - other).max() > 1e-4 for one, other in zip(results[0], results[2], strict=True))


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_a_resumed_training_equals_one_that_never_stopped(splits, tmp_path: Path, ema_decay: float) -> None:
    def _training(cell: str, epochs: int) -> Training:
        network = replace(default_network(cell, "strong"), units=8, filters=8)
        config = replace(default_training(cell, "strong"), epochs=epochs, batch_size=16, ema_decay=ema_decay)
        return Training(network, config, FEATURES.width, len(WORDS))

    through = _training("lstm", epochs=4)
    for epoch in range(4):
        through.run_epoch(_batches(splits), splits["validation"], _nothing)
        if epoch == 1:
            through.save(tmp_path / "checkpoint.npz")

    second = _training("lstm", epochs=4)
    second.restore(tmp_path / "checkpoint.npz", through.history[:3])  # an epoch after the checkpoint is lost
    assert len(second.history) == 2
    for _ in range(2):
        second.run_epoch(_batches(splits), splits["validation"], _nothing)
    for one, other in zip(_weights(through), _weights(second), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [r.validation_loss for r in through.history] == [r.validation_loss for r in second.history]


def test_a_checkpoint_of_another_network_is_refused(splits, tmp_path: Path) -> None:
    _training("gru").save(tmp_path / "checkpoint.npz")
    with pytest.raises(ValueError, match="arrays for"):
        _training("lstm", layers=2).restore(tmp_path / "checkpoint.npz", [])


def test_it_stops_when_the_validation_loss_no_longer_falls(splits) -> None:
    training = _training("gru", epochs=50)
    training.config = replace(training.config, patience=2)
    losses = [0.9, 0.5, 0.6, 0.7]
    from audio_models.jobs.runs import Epoch

    done = []
    for number, loss in enumerate(losses, 1):
        training.history.append(Epoch(number, loss, 0.5, loss, 0.5, 1.0))
        done.append(training.is_done)
    assert done == [False, False, False, True]


def test_the_row_of_an_epoch_is_the_mean_over_its_clips(splits) -> None:
    config = replace(default_training("gru"), epochs=1, batch_size=16, learning_rate=1e-6)  # the weights hardly move
    training = Training(NetworkConfig("gru", 8, dropout=0.0), config, FEATURES.width, len(WORDS))
    batches = _batches(splits)
    parts = [(np.asarray(training._answers(frames)), classes) for frames, classes in batches.epoch(1)]
    assert len({len(classes) for _, classes in parts}) == 2, "the last batch is smaller: a mean over batches is another"
    answers, classes = (np.concatenate(column) for column in zip(*parts, strict=True))
    row = training.run_epoch(batches, splits["validation"], _nothing)
    assert row.loss == pytest.approx(-np.log(answers[np.arange(len(classes)), classes]).mean(), abs=1e-3)
    assert row.accuracy == pytest.approx((answers.argmax(axis=1) == classes).mean())


def test_the_averaged_network_is_the_running_mean_and_the_last_weights_come_back(splits) -> None:
    network = NetworkConfig("simple_rnn", 4)
    training = Training(network, replace(default_training("gru"), ema_decay=0.5, learning_rate=0.05), FEATURES.width, 2)
    steps: list[np.ndarray] = []
    training.run_epoch(
        _batches(splits), splits["validation"], lambda _: steps.append(np.asarray(training.model.weights[0]).copy())
    )
    last = np.asarray(training.model.weights[0]).copy()
    expected = None
    first = np.asarray(Training(network, training.config, FEATURES.width, 2).model.weights[0])
    expected = first
    for number, weights in enumerate(steps, 1):
        keep = min(0.5, (1 + number) / (10 + number))
        expected = keep * expected + (1 - keep) * weights
    with training.averaged():
        np.testing.assert_allclose(np.asarray(training.model.weights[0]).copy(), expected, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(training.model.weights[0]).copy(), last)
    np.testing.assert_array_equal(steps[-1], last)


def test_the_learning_rate_rises_and_falls_along_half_a_cosine() -> None:
    config = replace(default_training("gru"), schedule="cosine", epochs=10, learning_rate=1.0)
    training = Training(NetworkConfig("gru", 2), config, 3, 2)
    rates = [training._learning_rate(done / 10) for done in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[50] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0)
    peak = int(np.argmax(rates))
    assert np.all(np.diff(rates[: peak + 1]) > 0)
    assert np.all(np.diff(rates[peak:]) < 0)
    assert _training("gru")._learning_rate(17) == default_training("gru").learning_rate


def test_mixing_keeps_the_larger_part_of_each_clip_and_of_its_target() -> None:
    frames = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    targets = np.eye(4, dtype=np.float32)
    got, shares = mixed(frames, targets, 0.5, np.random.default_rng(1))
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert (np.diag(shares) >= 0.5).all()
    np.testing.assert_allclose(got, np.tensordot(shares, frames, axes=1), rtol=1e-5)
    again, _ = mixed(frames, targets, 0.5, np.random.default_rng(1))
    np.testing.assert_array_equal(got, again)


def test_a_calibrated_network_divides_its_logits_and_is_itself_again_afterwards(splits) -> None:
    training = _training("gru")
    raw = training.probabilities(splits["validation"])
    with training.calibrated(2.0):
        np.testing.assert_allclose(training.probabilities(splits["validation"]), apply_temperature(raw, 2.0), atol=1e-5)
    np.testing.assert_array_equal(training.probabilities(splits["validation"]), raw)


def test_of_one_class_only_the_targets_with_the_largest_losses_count() -> None:
    classes = np.array([0, 1, 1, 1, 1, 0])
    losses = np.array([9.0, 0.1, 3.0, 2.0, 0.5, 0.2], np.float32)
    weights = np.asarray(Hardest(label=1, share=0.5).weights(np.eye(2, dtype=np.float32)[classes], losses))
    assert weights.tolist() == [1, 0, 2, 2, 0, 1]


@given(
    classes=st.lists(st.integers(-1, 2), min_size=1, max_size=40),
    share=st.sampled_from([0.1, 0.25, 0.5, 0.75]),
    seed=st.integers(0, 99),
)
def test_the_hardest_count_at_least_as_much_as_all_of_them_did(classes: list[int], share: float, seed: int) -> None:
    """Of steps, some of which have no target (-1); a class that is not there changes nothing."""
    losses = np.random.default_rng(seed).permutation(len(classes)).astype(np.float32)
    which = np.array(classes)
    targets = np.eye(3, dtype=np.float32)[which] * (which >= 0)[:, None]
    weights = np.asarray(Hardest(label=2, share=share).weights(targets[None], losses[None]))[0]
    assert (weights[which != 2] == 1).all()
    if (which == 2).any():
        of_class = weights[which == 2]
        counted = of_class > 0
        assert counted.sum() == np.ceil(np.float32(share) * np.float32(len(of_class)))
        assert losses[which == 2][counted].min() >= losses[which == 2][~counted].max(initial=-1)


def test_a_training_lets_the_hardest_of_the_other_words_count(splits) -> None:
    config = RunConfig(CorpusReference("tones"), Task(WORDS), features=FEATURES, network=NetworkConfig("gru", 8))
    losses = [
        training_of(replace(config, negatives=NegativesConfig(hardest_share=share)), labels)
        .run_epoch(_batches(splits), splits["validation"], _nothing)
        .loss
        for labels, share in ((WORDS, 1.0), (WORDS, 0.5), (("rise", UNKNOWN), 0.5))
    ]
    assert losses[0] == losses[1], "there is no class of other words"
    assert losses[1] != losses[2]
