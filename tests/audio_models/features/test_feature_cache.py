"""Features of many clips: computed once, kept by content, and never worth failing for."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio_models.config import FeatureConfig
from audio_models.features import feature_cache as module
from audio_models.features.feature_cache import clip_features
from audio_models.features.mfcc import mfcc
from audio_models.features.waveform import AudioSource, load
from data.corpus import Clip
from data.errors import Cancelled
from data.folder import FolderCorpus
from tests.support.sounds import RATE, glides, tone, write

CONFIG = FeatureConfig(deltas=False)


@pytest.fixture
def clips(tmp_path: Path) -> tuple[Clip, ...]:
    return FolderCorpus(glides(tmp_path / "glides")).index().clips


def _explode(*_: object) -> None:
    raise AssertionError("computed again")


def test_each_clip_has_the_features_of_its_file(clips: tuple[Clip, ...]) -> None:
    sequences, skipped = clip_features(clips, CONFIG)
    assert skipped == []
    for clip, frames in zip(clips, sequences, strict=True):
        np.testing.assert_allclose(frames, mfcc(load(AudioSource(clip.path), RATE), CONFIG), atol=1e-3)


@pytest.mark.parametrize("wanted", [3, 90])  # looked up one by one, or in one pass
def test_the_second_time_nothing_is_computed(clips: tuple[Clip, ...], wanted: int, monkeypatch) -> None:
    first, _ = clip_features(clips, CONFIG)
    monkeypatch.setattr(module, "mfcc_batch", _explode)
    monkeypatch.setattr(module, "load_clip", _explode)
    second, _ = clip_features(clips[:wanted], CONFIG)
    for one, other in zip(first[:wanted], second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_cache_goes_by_content_not_by_name(clips: tuple[Clip, ...], tmp_path: Path, monkeypatch) -> None:
    clip_features(clips, CONFIG)
    moved = tmp_path / "elsewhere.wav"
    shutil.copy(clips[0].path, moved)
    monkeypatch.setattr(module, "mfcc_batch", _explode)
    (frames,), _ = clip_features([replace(clips[0], path=moved, label="other")], CONFIG)
    assert frames is not None


def test_another_configuration_has_other_features(clips: tuple[Clip, ...]) -> None:
    (plain,), _ = clip_features(clips[:1], FeatureConfig(deltas=False))
    (double,), _ = clip_features(clips[:1], FeatureConfig(deltas=True))
    assert double.shape[1] == 2 * plain.shape[1]


def test_stretches_and_levels_of_one_file_are_told_apart(tmp_path: Path) -> None:
    white = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    path = write(tmp_path / "noise.wav", np.concatenate([white, white * tone(3000, 1.0)]))
    low = Clip(path, "_silence_", "training", 1.0, digest="d", start=0.0, whole=False)
    high = replace(low, start=1.0)
    quiet = replace(low, gain=0.1)
    sequences, _ = clip_features([low, high, quiet], CONFIG)
    assert np.abs(sequences[0] - sequences[1]).max() > 10
    np.testing.assert_allclose(sequences[0][:, 0] - sequences[2][:, 0], 20 * np.sqrt(CONFIG.n_mels), atol=0.5)


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(clips: tuple[Clip, ...]) -> None:
    clips[4].path.write_bytes(b"RIFF broken")
    sequences, skipped = clip_features(clips, CONFIG)
    assert sequences[4] is None
    assert sum(frames is None for frames in sequences) == 1
    assert [one.path for one in skipped] == [clips[4].path]
    assert "is damaged or cut off" in skipped[0].reason


def test_a_damaged_cache_is_thrown_away(clips: tuple[Clip, ...], workspace_folder: Path) -> None:
    expected, _ = clip_features(clips, CONFIG)
    (cache,) = (workspace_folder / "features").glob("*.sqlite")
    for file in cache.parent.iterdir():
        file.write_bytes(b"not a database, not at all, for sure" * 100)
    again, _ = clip_features(clips, CONFIG)
    np.testing.assert_array_equal(again[0], expected[0])


def test_without_a_place_to_write_it_still_computes(clips: tuple[Clip, ...], tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ECHOIC_HOME", str(tmp_path / "file" / "workspace"))
    sequences, _ = clip_features(clips, CONFIG)
    assert all(frames is not None for frames in sequences)


def test_cancelled_work_keeps_what_was_computed(clips: tuple[Clip, ...], monkeypatch) -> None:
    def stop(progress) -> None:
        if progress.done >= 32:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        clip_features(clips, CONFIG, stop)
    monkeypatch.setattr(module, "mfcc_batch", _explode)
    clip_features(clips[:32], CONFIG)
