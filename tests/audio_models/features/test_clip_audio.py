"""The waveforms that a training reads: those of the files, at one level whether they fit into memory or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_models.config import AugmentationConfig, FeatureConfig, NetworkConfig
from audio_models.features import clip_audio
from audio_models.features.augmentation import Augmenter
from audio_models.features.clip_audio import ClipWaveforms, load_clip
from audio_models.features.feature_cache import clip_features
from audio_models.features.mfcc import mfcc
from audio_models.features.waveform import AudioSource
from audio_models.recognition.recognizer import Recognizer
from data.corpus import Clip
from tests.support.sounds import RATE, chirp, write
from tests.support.untrained import untrained_run

CONFIG = FeatureConfig(deltas=False, kind="log_mel")


def _clip(path: Path, seconds: float = 1.0, **changes) -> Clip:
    return Clip(path, "hum", "training", seconds, digest=path.name, **changes)


def _float_file(path: Path, samples: np.ndarray) -> Path:
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


@pytest.fixture(params=["in memory", "from files"])
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "from files":
        monkeypatch.setattr(clip_audio, "_MEMORY", 0)
    return request.param


def test_a_float_file_above_full_scale_has_one_level_on_every_way(tmp_path: Path, room: str) -> None:
    """It reached training as a square wave where the corpus fits into memory, and as it is everywhere else."""
    sound = 3 * chirp(300, 2000) / np.abs(chirp(300, 2000)).max()
    clip = _clip(_float_file(tmp_path / "loud.wav", sound))
    waveforms = ClipWaveforms([clip], RATE)
    waveforms.store_all()
    trained = waveforms(clip)
    np.testing.assert_allclose(trained, sound, atol=3 / 32767)
    nothing = AugmentationConfig(augment=True, speed=0, shift_ms=0, gain_db=0, noise_probability=0)
    changed = Augmenter(nothing, CONFIG, ()).waveform(trained, np.random.default_rng(0))
    np.testing.assert_allclose(changed, sound, atol=1e-3)

    recognizer = Recognizer.of_run(untrained_run(NetworkConfig("gru", 4), CONFIG))
    heard = recognizer.load(AudioSource(clip.path))
    np.testing.assert_array_equal(heard, sound)
    (frames,), _ = clip_features([clip], CONFIG)
    assert frames is not None
    np.testing.assert_allclose(recognizer.classify(heard).frames, frames, atol=1e-4)
    loud_bands = frames > frames.max() - 60  # below them lies the rounding to 16 bits
    np.testing.assert_allclose(mfcc(trained, CONFIG)[loud_bands], frames[loud_bands], atol=0.1)


def test_a_gain_above_full_scale_clips_at_the_clip_s_own_peak(tmp_path: Path) -> None:
    """As a clip at full scale is clipped at full scale: three times louder, everything else the same."""
    config = AugmentationConfig(augment=True, noise_probability=0, gain_db=20, speed=0, shift_ms=0)
    sound = chirp(300, 2000)
    sound /= np.abs(sound).max()
    augmenter = Augmenter(config, CONFIG, ())
    for seed in range(8):
        plain, loud = (augmenter.waveform(peak * sound, np.random.default_rng(seed)) for peak in (1, 3))
        assert np.abs(plain).max() <= 1
        np.testing.assert_allclose(loud, 3 * plain, atol=1e-3)


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_a_clip_within_full_scale_is_stored_as_it_is(tmp_path: Path, room: str, subtype: str) -> None:
    sound = chirp(300, 2000)
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype=subtype)
    clip = _clip(tmp_path / "a.wav")
    waveforms = ClipWaveforms([clip], RATE)
    waveforms.store_all()
    np.testing.assert_allclose(waveforms(clip), load_clip(clip, RATE), atol=0.51 / 32767)
    np.testing.assert_array_equal(waveforms(clip), waveforms(clip))


def test_a_file_that_is_gone_is_silent(tmp_path: Path, room: str) -> None:
    clip = _clip(write(tmp_path / "a.wav", chirp(300, 2000)), seconds=0.5)
    waveforms = ClipWaveforms([clip], RATE)
    clip.path.unlink()
    waveforms.store_all()
    assert waveforms(clip).shape == (RATE // 2,)
    assert not waveforms(clip).any()


def test_what_was_decoded_for_the_features_is_not_decoded_again(tmp_path: Path, monkeypatch) -> None:
    clips = [_clip(write(tmp_path / f"{n}.wav", chirp(300, 2000, seed=n))) for n in range(5)]
    other = _clip(write(tmp_path / "other.wav", chirp(200, 900)))
    waveforms = ClipWaveforms(clips, RATE)
    clip_features([*clips, other], CONFIG, on_decoded=waveforms.store)
    expected = [load_clip(clip, RATE) for clip in clips]
    monkeypatch.setattr(clip_audio, "load_clip", None)  # nothing is decoded from here on
    waveforms.store_all()
    for clip, samples in zip(clips, expected, strict=True):
        np.testing.assert_allclose(waveforms(clip), samples, atol=0.51 / 32767)
    with pytest.raises(KeyError):
        waveforms(other)
