"""What `_unknown_` is made of: its parts sound as they should, none repeats, and all follows from the seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.config import (
    AugmentationConfig,
    FeatureConfig,
    NegativesConfig,
    NetworkConfig,
    RunConfig,
    TrainingConfig,
)
from audio_models.errors import TrainingError
from audio_models.features.augmentation import UNCHANGED, Augmenter
from audio_models.features.sequences import Normalisation
from audio_models.jobs import runs
from audio_models.recognition import learned
from audio_models.training import negatives
from audio_models.training.batches import REUSE, AugmentedBatches
from audio_models.training.clip_sequences import SequenceBatches
from audio_models.training.negatives import Negatives, part_of
from audio_models.training.other_speech import OtherSpeech
from audio_models.training.preparation import choose, prepare
from audio_models.training.synthetic_words import SyntheticWords
from data import catalogue
from data.corpus import UNKNOWN
from data.errors import CorpusError
from data.other_recordings import Recording, scan
from data.task import Task
from tests.support.sounds import RATE, glides, tone, write

FEATURES = FeatureConfig(deltas=False, kind="log_mel")
KINDS = NegativesConfig(unknown_ratio=2.0, partial_words=0.5, other_share=0.5, other=("x",))


def _pitch(samples: np.ndarray) -> float:
    """The strongest frequency [Hz]."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples))


def _word(hertz: float = 440.0) -> np.ndarray:
    """A clip of a second with a tone from 0.3 to 0.7 s."""
    clip = np.zeros(RATE, np.float32)
    clip[round(0.3 * RATE) : round(0.7 * RATE)] = tone(hertz, 0.4)
    return clip


@given(seed=st.integers(0, 10_000))
def test_a_part_is_the_beginning_or_the_end_of_the_word_and_nothing_else(seed: int) -> None:
    clip = _word() + np.random.default_rng(0).normal(0, 1e-3, RATE).astype(np.float32)
    samples, (start, end) = part_of(clip, (0.3, 0.7), RATE, np.random.default_rng(seed))
    assert len(samples) == RATE
    assert (start == 0.3) != (end == 0.7), "one end is that of the word"
    assert 0.34 * 0.4 <= end - start <= 0.66 * 0.4
    inside = slice(round((start + 0.01) * RATE), round((end - 0.01) * RATE))
    np.testing.assert_allclose(samples[inside], clip[inside], atol=0.01)
    outside = np.concatenate([samples[: round((start - 0.01) * RATE)], samples[round((end + 0.01) * RATE) :]])
    assert np.abs(outside).max() < 0.02, "the background alone"


def _speech(folder: Path, seconds: float, *pitches: float) -> list[Recording]:
    for pitch in pitches:
        write(folder / f"{pitch:g}.wav", tone(pitch, seconds))
    return list(scan(folder).recordings)


def test_each_second_of_other_speech_is_as_likely_as_another(tmp_path: Path) -> None:
    write(tmp_path / "a" / "500.wav", tone(500, 30))
    write(tmp_path / "a" / "1000.wav", tone(1000, 10))
    speech = OtherSpeech(
        [replace(one, split="training", whole=True, start=0.0) for one in _whole(tmp_path / "a")], RATE
    )
    random = np.random.default_rng(0)
    heard = Counter(round(_pitch(speech.window(1.0, random).samples), -2) for _ in range(200))
    assert set(heard) == {500.0, 1000.0}
    assert 0.65 < heard[500.0] / 200 < 0.85


def _whole(folder: Path) -> list[Recording]:
    """Its recordings, unsplit."""
    found = {one.path: one for one in scan(folder).recordings}
    length = {path: sum(r.seconds for r in scan(folder).recordings if r.path == path) for path in found}
    return [replace(one, seconds=length[path], start=0.0, whole=True) for path, one in found.items()]


@pytest.mark.parametrize("kind", ["window", "segment"])
def test_a_stretch_of_other_speech_lies_in_its_split(tmp_path: Path, kind: str) -> None:
    """Of a long recording only the training part is heard: here each part has a pitch of its own."""
    write(tmp_path / "talk.wav", np.concatenate([tone(500, 12), tone(1500, 4), tone(3000, 4)]))
    learned_from = [one for one in scan(tmp_path).recordings if one.split == "training"]
    speech = OtherSpeech(learned_from, RATE)
    random = np.random.default_rng(3)
    for _ in range(20):
        samples, (start, end) = getattr(speech, kind)(1.0, random)
        assert len(samples) == RATE
        assert _pitch(samples) == pytest.approx(500, abs=12)
        assert (start, end) == (0, 1) if kind == "window" else 0.1 < end - start < 0.95


def test_what_does_not_fit_into_memory_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audio_models.features import clip_audio

    recordings = [one for one in _speech(tmp_path, 90, 500) if one.split == "training"]
    stored = OtherSpeech(recordings, RATE)
    stored.load()
    monkeypatch.setattr(clip_audio, "_MEMORY", 1000)
    read = OtherSpeech(recordings, RATE)
    read.load()
    for seed in range(5):
        one, other = (speech.window(1.0, np.random.default_rng(seed)).samples for speech in (stored, read))
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_synthetic_words_follow_from_the_seed_alone() -> None:
    """Or a resumed training would hear other words."""
    one, same, other = (SyntheticWords(("left", "go"), 12, RATE, seed) for seed in (1, 1, 2))
    first, again, different = (
        [made.draw(np.random.default_rng(seed)).tobytes() for seed in range(200)] for made in (one, same, other)
    )
    assert first == again
    assert len(set(first)) == 12
    assert not set(first) & set(different)


def test_no_synthetic_word_is_made_to_be_near_a_word_that_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that learned "bad" and "bid" would have learned something of "bed"."""
    asked: list[dict[str, object]] = []

    class Says:
        def __init__(self, words: Sequence[str], *_: object, never: Sequence[str] = ()) -> None:
            asked.append({"near": tuple(words), "never": tuple(never)})

        def has(self, group: object) -> bool:
            return True

    monkeypatch.setattr(negatives, "SyntheticWords", Says)
    config = _run_config(tmp_path, "left", "go", negatives=NegativesConfig(synthetic_words=0.5))
    negatives.make(config, (), load=lambda _: _word(), clips=2, seconds=1.0, size=2, held_out=("bed", "bird"))
    assert asked == [{"near": ("left", "go"), "never": ("bed", "bird")}]


CLASSES = np.array([0, 0, 0, 1, 1, 1, 2, 2])
WORDS = ["a", "a", "a", "b", "b", "b", "cat", "dog"]


def _negatives(**changes) -> Negatives:
    def draw(seconds: float, random: np.random.Generator, *_: object) -> negatives.Stretch:
        return negatives.Stretch(tone(float(random.uniform(500, 3000)), seconds), (0.0, seconds))

    made = Negatives(
        label=2, ratio=2.0, shares={"part": 0.25, "window": 0.25, "segment": 0.25}, clips=8,
        load=lambda position: _word(300 + 100 * position), seconds=1.0, sample_rate=RATE, draws={"window": draw, "segment": draw},
    )  # fmt: skip
    return replace(made, **changes)


def _batches(
    made: Negatives | None, classes: np.ndarray = CLASSES, config: AugmentationConfig = UNCHANGED
) -> AugmentedBatches:
    return AugmentedBatches(
        load=lambda position: _word(300 + 100 * position), classes=classes, words=WORDS[: len(classes)], silence=None,
        augmenter=Augmenter(config, FEATURES, ()), features=FEATURES, normalisation=Normalisation((0.0,) * 40, (1.0,) * 40),
        batch_size=8, size=8, seed=1, negatives=made,
    )  # fmt: skip


def test_an_epoch_has_its_share_of_each_kind() -> None:
    batches = _batches(_negatives())
    order = batches.order(np.random.default_rng(0))
    kinds = Counter("clip" if one < 8 else "part" if one < 16 else str(one) for one in order)
    assert kinds == {"clip": 8 + 8 + 4, "part": 4, "17": 4, "18": 4}
    assert batches.clips == len(order) == 8 + 8 + 16
    shown = np.concatenate([classes for _, classes in batches.epoch(1)])
    assert np.bincount(shown).tolist() == [8, 8, 16]
    assert {int(one) - 8 for one in order if 8 <= one < 16} <= set(range(6)), "parts of the words, not of other words"


def test_without_other_words_the_kinds_share_all_of_them() -> None:
    batches = _batches(_negatives(clips=6), CLASSES[:6])
    assert np.bincount(np.concatenate([classes for _, classes in batches.epoch(1)])).tolist() == [8, 8, 16]


def test_without_kinds_an_epoch_is_as_before_these_settings() -> None:
    """Byte for byte, so that a run from before can be resumed."""
    plain = _batches(_negatives(ratio=1.0, shares={}))
    for (frames, classes), (same, as_before) in zip(plain.epoch(2), _batches(None).epoch(2), strict=True):
        np.testing.assert_array_equal(frames, same)
        np.testing.assert_array_equal(classes, as_before)


def test_an_epoch_of_a_resumed_training_is_that_of_one_that_never_stopped() -> None:
    config = AugmentationConfig(augment=True)
    unbroken = _batches(_negatives(), config=config)
    for number in range(1, 4):
        list(unbroken.epoch(number))
    for (frames, classes), (same, others) in zip(
        unbroken.epoch(4), _batches(_negatives(), config=config).epoch(4), strict=True
    ):
        np.testing.assert_array_equal(frames, same)
        np.testing.assert_array_equal(classes, others)


def test_no_negative_is_the_same_twice() -> None:
    batches = _batches(_negatives(shares={"window": 1.0}))
    seen = [
        row.tobytes() for number in (0, REUSE, 2 * REUSE) for frames, classes in batches.epoch(number) for row in frames[classes == 2]
    ]  # fmt: skip
    assert len(seen) == len(set(seen)) == 3 * 16


def test_a_fold_takes_no_part_of_a_clip_that_it_leaves_out() -> None:
    kept = np.array([0, 1, 3, 6])
    fold = _batches(_negatives()).only(kept)
    for number in range(8):
        parts = {int(one) - 8 for one in fold.order(np.random.default_rng(number)) if 8 <= one < 16}
        assert parts <= {0, 1, 3}


def test_running_speech_in_a_sequence_is_unknown_throughout_and_longer_than_a_clip() -> None:
    source = _batches(_negatives())
    batches = SequenceBatches(source, 2, NetworkConfig("gru", 4), clip_seconds=1.0, clips_per_sequence=3)
    lengths = []
    for seed in range(12):
        parts = batches._parts([0, 17, 3], round(3.9 * RATE), np.random.default_rng(seed))
        assert [label for *_, label in parts] == [0, 2, 1]
        lengths.append(len(parts[1][0]) / RATE)
        assert sum(len(samples) for samples, *_ in parts) <= round(3.9 * RATE)
        assert parts[1][1] == pytest.approx((0.0, lengths[-1]), abs=0.2)
    assert max(lengths) > 1.3
    frames = np.concatenate([classes.ravel() for _, classes in batches.epoch(0)])
    assert 2 in frames


def _run_config(corpus: Path, *labels: str, unknown: bool = True, **changes) -> RunConfig:
    return RunConfig(
        catalogue.refer(str(corpus)), Task(labels, unknown=unknown), features=FEATURES,
        augmentation=AugmentationConfig(augment=True), **changes,
    )  # fmt: skip


def test_a_corpus_of_the_words_alone_can_learn_to_refuse(tmp_path: Path) -> None:
    corpus = glides(tmp_path / "glides", 6, 1)
    wanted = NegativesConfig(unknown_ratio=3.0, partial_words=1.0)
    config = _run_config(corpus, "rise", "fall", "hum", negatives=wanted)
    prepared = prepare(config, choose(config))
    shown = np.concatenate([classes for _, classes in prepared.training.epoch(1)])
    unknown = prepared.labels.index(UNKNOWN)
    assert (shown == unknown).sum() == 3 * (shown == 0).sum()
    with pytest.raises(CorpusError, match="none is left for _unknown_"):
        choose(replace(config, negatives=NegativesConfig()))


def test_clips_that_are_not_augmented_can_be_learned_with_negatives(tmp_path: Path) -> None:
    corpus = glides(tmp_path / "glides", 6, 1)
    config = _run_config(corpus, "rise", "fall", "hum", negatives=NegativesConfig(partial_words=1.0))
    prepared = prepare(replace(config, augmentation=AugmentationConfig()), choose(config))
    shown = np.concatenate([classes for _, classes in prepared.training.epoch(1)])
    assert set(shown) == {0, 1, 2, 3}


def test_what_is_learned_from_other_recordings_holds_no_word_and_nothing_of_the_corpus(tmp_path: Path) -> None:
    corpus = glides(tmp_path / "glides", 5, 2)
    other = tmp_path / "other"
    write(other / "rise" / "x_nohash_0.wav", tone(900, 1))
    write(other / "bird" / "copy.wav", tone(901, 1))
    (other / "bird" / "copy.wav").write_bytes((corpus / "hum" / "s00_nohash_0.wav").read_bytes())
    for number in range(8):
        write(other / "bird" / f"y{number}_nohash_0.wav", tone(1000 + 10 * number, 1))
        write(other / "noises" / f"{number}.wav", tone(2000 + 10 * number, 1))
    config = _run_config(corpus, "rise", "fall", negatives=replace(KINDS, other=(str(other),)))
    chosen = choose(config)
    names = {one.path.parent.name for one in chosen.other}
    assert names == {"bird", "noises"}
    assert all(one.split != "test" and "copy" not in one.path.name for one in chosen.other)
    without = choose(replace(config, task=Task(("rise", "fall"))))
    assert {one.kind for one in without.other} == {"noise"}, "noise serves every task"

    run = runs.create(config)
    learned.store(run, chosen.clips, chosen.other)
    known = learned.load(run)
    assert known is not None
    for one in scan(other).recordings:
        if one.path.name != "copy.wav":  # used or not as a clip of the corpus
            assert known.has_used(one) == (one in chosen.other), one


def test_a_stretch_that_was_learned_counts_as_used_and_the_rest_does_not(tmp_path: Path) -> None:
    found = scan(write(tmp_path / "talk.wav", tone(500, 100)).parent).recordings
    known = learned.Learned.of([], [one for one in found if one.split == "training"])
    assert [known.has_used(one) for one in found] == [True, False, False]
    assert known.has_used(replace(found[2], start=55.0))


def test_a_speaker_of_the_tests_is_not_learned_from(tmp_path: Path) -> None:
    corpus = glides(tmp_path / "glides", 10, 1)
    for number in range(10):
        write(tmp_path / "other" / "bird" / f"s{number:02d}_nohash_0.wav", tone(1000 + 10 * number, 1))
    config = _run_config(corpus, "rise", "fall", negatives=replace(KINDS, other=(str(tmp_path / "other"),)))
    tested = {clip.speaker for clip in catalogue.open_corpus(config.corpus).index().clips if clip.split != "training"}
    assert tested
    assert not tested & {one.speaker for one in choose(config).other}


def test_folders_that_say_nothing_usable_leave_their_share_to_the_rest(tmp_path: Path) -> None:
    corpus = glides(tmp_path / "glides", 6, 1)
    for number in range(8):
        write(tmp_path / "noises" / f"{number}.wav", tone(2000 + 10 * number, 1))
    wanted = NegativesConfig(unknown_ratio=2.0, other=(str(tmp_path / "noises"),), other_share=0.5)
    config = _run_config(corpus, "rise", "fall", negatives=wanted)
    prepared = prepare(config, choose(config))
    shown = np.concatenate([classes for _, classes in prepared.training.epoch(1)])
    assert (shown == 2).sum() == 2 * (shown == 0).sum(), "all of them are clips of the corpus"
    with pytest.raises(TrainingError, match="no training clip of _unknown_"):
        choose(replace(config, task=Task(("rise", "fall", "hum"), unknown=True)))


def test_a_few_clips_of_other_words_suffice_where_more_are_made(tmp_path: Path) -> None:
    """Two recorded other words stopped a cross-validation, which wants five clips of each class."""
    corpus = glides(tmp_path / "glides", 6, 1)
    for number in range(2):
        write(corpus / "_unknown_" / f"s{number:02d}_nohash_0.wav", tone(1500 + 100 * number, 0.5))
    wanted = NegativesConfig(unknown_ratio=2.0, partial_words=0.5)
    config = replace(_run_config(corpus, "rise", "fall", negatives=wanted), training=TrainingConfig(folds=3))
    prepared = prepare(config, choose(config))
    assert prepared.folds is not None
    with pytest.raises(TrainingError, match="“_unknown_” has 2 of the 5"):
        prepare(replace(config, negatives=NegativesConfig()), choose(config))
