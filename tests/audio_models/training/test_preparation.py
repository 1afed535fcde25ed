"""From a corpus to what a training learns from: class sizes, normalisation, folds, silence, and how often it decodes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_models.config import AugmentationConfig, FeatureConfig, NetworkConfig, RunConfig, TrainingConfig
from audio_models.errors import TrainingError
from audio_models.features import clip_audio, feature_cache
from audio_models.features.clip_audio import load_clip
from audio_models.features.mfcc import mfcc
from audio_models.features.sequences import Normalisation
from audio_models.training.batches import AugmentedBatches, FixedBatches
from audio_models.training.clip_sequences import SequenceBatches
from audio_models.training.preparation import Chosen, choose, prepare
from data.corpus import SILENCE, UNKNOWN, Clip, CorpusReference, Split
from data.task import Task
from tests.support.sounds import RATE, chirp, glides, tone, write

FEATURES = FeatureConfig(deltas=False, kind="log_mel")
AUGMENTED = AugmentationConfig(augment=True)
CORPUS = CorpusReference("synthetic_voices")


def _config(*labels: str, silence: bool = False, unknown: bool = False, **changes) -> RunConfig:
    return RunConfig(
        CORPUS, Task(labels, unknown=unknown, silence=silence), features=FEATURES, **changes
    )  # fmt: skip


class _Corpus:
    """Clips of tones as files; each label has a pitch of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.clips: list[Clip] = []

    def add(self, label: str, count: int, split: Split = "training", *, seconds: float = 0.3, **changes) -> None:
        for _ in range(count):
            number = len(self.clips)
            path = write(self._folder / f"{number}.wav", tone(300 + 10 * number, seconds))
            self.clips.append(Clip(path, label, split, seconds, digest=f"{number:032x}", **changes))

    @property
    def chosen(self) -> Chosen:
        return Chosen(tuple(self.clips), ())


@pytest.fixture
def corpus(tmp_path: Path) -> _Corpus:
    (tmp_path / "clips").mkdir()
    return _Corpus(tmp_path / "clips")


def test_an_epoch_shows_as_many_clips_of_each_class_as_a_word_has_on_average(corpus: _Corpus) -> None:
    """Unknown words and silence do not count: of both there can be any number."""
    corpus.add("yes", 4)
    corpus.add("no", 8)
    corpus.add(UNKNOWN, 30, word="cat")
    corpus.add(SILENCE, 20)
    corpus.add("yes", 1, "validation")
    prepared = prepare(_config("yes", "no", unknown=True, silence=True), corpus.chosen)
    assert prepared.clips_per_word == 6
    assert prepared.training.clips == 4 * 6
    shown = np.concatenate([classes for _, classes in prepared.training.epoch(0)])
    assert np.bincount(shown).tolist() == [6, 6, 6, 6]
    assert prepared.labels == ("yes", "no", UNKNOWN, SILENCE)
    assert prepared.count == {"training": 62, "validation": 1, "test": 0}


def test_a_word_against_all_else_counts_both(corpus: _Corpus) -> None:
    corpus.add("yes", 4)
    corpus.add(UNKNOWN, 10)
    corpus.add("yes", 1, "validation")
    assert prepare(_config("yes", unknown=True), corpus.chosen).clips_per_word == 7


def test_normalisation_is_that_of_the_training_clips_alone(corpus: _Corpus) -> None:
    corpus.add("yes", 3)
    corpus.add("no", 2)
    corpus.add("no", 4, "validation", seconds=0.9)
    corpus.add("no", 4, "test", seconds=0.9)
    prepared = prepare(_config("yes", "no"), corpus.chosen)
    sequences = [mfcc(load_clip(clip, RATE), FEATURES) for clip in corpus.clips[:5]]
    expected = Normalisation.fit(sequences)
    np.testing.assert_allclose(prepared.normalisation.mean, expected.mean, rtol=1e-6)
    np.testing.assert_allclose(prepared.normalisation.std, expected.std, rtol=1e-5)
    assert isinstance(prepared.training, FixedBatches)
    for found, frames in zip(prepared.training.examples.sequences, sequences, strict=True):
        np.testing.assert_allclose(found, prepared.normalisation.apply(frames), atol=1e-3)


def test_a_run_that_starts_from_a_network_keeps_its_normalisation(corpus: _Corpus) -> None:
    corpus.add("yes", 3)
    corpus.add("no", 3)
    corpus.add("no", 1, "validation")
    given = Normalisation((1.0,) * FEATURES.width, (2.0,) * FEATURES.width)
    prepared = prepare(_config("yes", "no"), corpus.chosen, normalisation=given)
    assert prepared.normalisation is given
    (sequence,) = prepared.validation.sequences
    np.testing.assert_allclose(sequence, (mfcc(load_clip(corpus.clips[-1], RATE), FEATURES) - 1) / 2, atol=1e-3)


def test_the_clip_length_is_what_nine_of_ten_training_clips_do_not_exceed(corpus: _Corpus) -> None:
    for tenth in range(1, 11):
        corpus.add("yes" if tenth % 2 else "no", 1, seconds=tenth / 10)
    corpus.add("yes", 3, "validation", seconds=2.0)
    # the quantile between the ninth and the tenth of ten values, at 0.9 * 9 = 8.1 steps from the first
    assert prepare(_config("yes", "no"), corpus.chosen).clip_seconds == pytest.approx(0.91)


def test_without_folds_the_validation_clips_measure_it(corpus: _Corpus) -> None:
    corpus.add("yes", 3)
    corpus.add("no", 3)
    corpus.add("no", 2, "validation")
    corpus.add("yes", 2, "test")
    prepared = prepare(_config("yes", "no"), corpus.chosen)
    assert prepared.folds is None
    assert [clip.split for clip in prepared.evaluated] == ["validation"] * 2
    assert prepared.validation.classes.tolist() == [1, 1]
    assert prepared.validation.words == ["no", "no"]


def test_with_folds_every_word_clip_is_evaluated_once_and_silence_never(corpus: _Corpus) -> None:
    corpus.add("yes", 6)
    corpus.add("no", 9)
    corpus.add(SILENCE, 5)
    config = _config("yes", "no", silence=True, training=TrainingConfig(folds=3))
    prepared = prepare(config, corpus.chosen)
    assert prepared.folds is not None
    assert prepared.evaluated == corpus.clips, "validation holds the training clips in their order"
    assert prepared.validation.classes.tolist() == [0] * 6 + [1] * 9 + [2] * 5
    fold_of_clip = prepared.folds.fold_of_clip
    assert (fold_of_clip[15:] == -1).all()
    assert [np.bincount(fold_of_clip[:6]).tolist(), np.bincount(fold_of_clip[6:15]).tolist()] == [[2] * 3, [3] * 3]


def test_silence_is_drawn_anew_where_clips_are_augmented(corpus: _Corpus) -> None:
    corpus.add("yes", 3)
    corpus.add("no", 3)
    corpus.add(SILENCE, 3)
    corpus.add("yes", 1, "validation")
    prepared = prepare(_config("yes", "no", silence=True, augmentation=AUGMENTED), corpus.chosen)
    assert isinstance(prepared.training, AugmentedBatches)
    assert prepared.training.silence == 2
    plain = prepare(_config("yes", "no", augmentation=AUGMENTED), Chosen(tuple(c for c in corpus.clips if c.label != SILENCE), ()))  # fmt: skip
    assert isinstance(plain.training, AugmentedBatches)
    assert plain.training.silence is None
    for position, clip in enumerate(corpus.clips[:9]):
        np.testing.assert_allclose(prepared.training.load(position), load_clip(clip, RATE), atol=1e-4)


def test_sequences_hold_the_augmented_clips(corpus: _Corpus) -> None:
    corpus.add("yes", 3)
    corpus.add("no", 3)
    corpus.add(UNKNOWN, 3, word="cat")
    corpus.add("yes", 1, "validation")
    config = _config(
        "yes", "no", unknown=True, augmentation=AUGMENTED, training=TrainingConfig(clips_per_sequence=3),
        network=NetworkConfig("gru", 4),
    )  # fmt: skip
    training = prepare(config, corpus.chosen).training
    assert isinstance(training, SequenceBatches)
    assert (training.clips_per_sequence, training.unknown, training.source.silence) == (3, 2, None)
    assert training.source.words == ["yes"] * 3 + ["no"] * 3 + ["cat"] * 3
    assert training.clips % 3 == 0


@pytest.mark.parametrize("augmentation", [AugmentationConfig(), AUGMENTED])
@pytest.mark.parametrize("warm", [False, True], ids=["no cache", "features in the cache"])
def test_a_clip_is_decoded_once(corpus: _Corpus, monkeypatch, augmentation: AugmentationConfig, warm: bool) -> None:
    """The features decoded each training clip, then augmentation decoded it again."""
    corpus.add("yes", 20)
    corpus.add("no", 3)
    corpus.add("no", 2, "validation")
    corpus.add("no", 2, "test")
    config = _config("yes", "no", augmentation=augmentation)
    if warm:
        prepare(config, corpus.chosen)
    decoded: Counter[Path] = Counter()

    def counted(clip: Clip, rate: int) -> np.ndarray:
        decoded[clip.path] += 1
        return load_clip(clip, rate)

    monkeypatch.setattr(clip_audio, "load_clip", counted)
    monkeypatch.setattr(feature_cache, "load_clip", counted)
    prepared = prepare(config, corpus.chosen)
    list(prepared.training.epoch(0))
    wanted = {clip.path for clip in corpus.clips if clip.split == "training" and (augmentation.augment or not warm)}
    if not warm:
        wanted |= {clip.path for clip in corpus.clips if clip.split == "validation"}
    assert decoded == dict.fromkeys(wanted, 1)


def test_a_loud_float_file_reaches_features_and_augmentation_at_the_same_level(corpus: _Corpus) -> None:
    corpus.add("yes", 3)
    corpus.add("no", 3)
    corpus.add("no", 1, "validation")
    loud = 3 * chirp(300, 2000) / np.abs(chirp(300, 2000)).max()
    soundfile.write(corpus.clips[0].path, loud, RATE, subtype="FLOAT")
    corpus.clips[0] = replace(corpus.clips[0], seconds=1.0)
    prepared = prepare(_config("yes", "no", augmentation=AUGMENTED), corpus.chosen)
    assert isinstance(prepared.training, AugmentedBatches)
    np.testing.assert_allclose(prepared.training.load(0), loud, atol=1e-3)
    fixed = prepare(_config("yes", "no"), corpus.chosen).training
    assert isinstance(fixed, FixedBatches)
    expected = prepared.normalisation.apply(mfcc(loud, FEATURES))
    np.testing.assert_allclose(fixed.examples.sequences[0], expected, atol=1e-2)


def test_unreadable_clips_are_left_out_and_counted(corpus: _Corpus) -> None:
    corpus.add("yes", 3)
    corpus.add("no", 3)
    corpus.add("no", 2, "validation")
    corpus.clips[0].path.write_bytes(b"no sound")
    corpus.clips[-1].path.unlink()
    prepared = prepare(_config("yes", "no"), corpus.chosen)
    assert prepared.skipped == 2
    assert isinstance(prepared.training, FixedBatches)
    assert prepared.training.examples.classes.tolist() == [0, 0, 1, 1, 1]
    assert prepared.evaluated == [corpus.clips[-2]]
    for number in range(3):  # with other contents, so that no features of theirs are cached
        corpus.clips[number].path.write_bytes(b"no sound")
        corpus.clips[number] = replace(corpus.clips[number], digest=f"damaged {number}")
    with pytest.raises(TrainingError, match="no training clip of yes"):
        prepare(_config("yes", "no"), corpus.chosen)


def test_a_corpus_without_validation_clips_is_refused_unless_it_is_cross_validated(corpus: _Corpus) -> None:
    corpus.add("yes", 6)
    corpus.add("no", 6)
    with pytest.raises(TrainingError, match="no validation clip"):
        prepare(_config("yes", "no"), corpus.chosen)
    assert prepare(_config("yes", "no", training=TrainingConfig(folds=2)), corpus.chosen).folds is not None


def test_with_folds_all_clips_are_chosen_for_training(tmp_path: Path) -> None:
    reference = CorpusReference(str(glides(tmp_path / "glides", speakers=6)))
    task = Task(("rise", "fall"), unknown=False, silence=False)
    by_splits = choose(RunConfig(reference, task)).clips
    by_folds = choose(RunConfig(reference, task, training=TrainingConfig(folds=3))).clips
    assert {clip.split for clip in by_splits} == {"training", "validation", "test"}
    assert {clip.split for clip in by_folds} == {"training"}
    assert {clip.path for clip in by_folds} == {clip.path for clip in by_splits}
