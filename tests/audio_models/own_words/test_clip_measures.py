"""Measures of a clip: levels, lengths, flat tops, and a digest that finds the same sound in another file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_models.features import waveform
from audio_models.features.waveform import AudioSource
from audio_models.own_words.clip_checks import findings
from audio_models.own_words.clip_measures import measure
from data.sound_digest import sound_digest
from tests.support.own_sounds import own, word
from tests.support.sounds import RATE, tone, write


def test_levels_and_lengths_are_what_was_made() -> None:
    found = measure(word(-20), RATE)
    assert found["seconds"] == pytest.approx(1.0)
    assert found["loudest"] == pytest.approx(-20, abs=0.3)
    assert found["peak"] == pytest.approx(-17, abs=0.3)
    assert found["noise"] == pytest.approx(-81.5, abs=1.5)  # of the speech band alone
    assert found["sound_seconds"] == pytest.approx(0.43, abs=0.05)
    assert found["starts"] < -50
    assert found["ends"] < -50
    assert found["clipped"] == 0
    assert measure(np.zeros(RATE, np.float32), RATE)["peak"] == -120


def test_time_in_flat_tops_is_counted() -> None:
    samples = np.zeros(RATE, np.float32)
    samples[100:110] = 1.0
    samples[200:206] = -1.0
    samples[300:302] = 1.0  # two in a row: no flat top
    samples[400:404] = [1.0, -1.0, 1.0, -1.0]
    assert measure(samples, RATE)["clipped"] == pytest.approx(16 / RATE)
    loud = np.clip(4 * tone(300, 0.5), -1, 1)
    assert measure(loud, RATE)["clipped"] == pytest.approx(0.5 * 2 * np.arccos(0.99 / 2) / np.pi, rel=0.05)


@settings(max_examples=40)
@given(st.integers(0, 3000), st.sampled_from([4000, 8000, 16000, 44100]), st.floats(0, 2), st.integers(0, 99))
def test_every_clip_has_finite_measures(length: int, rate: int, gain: float, seed: int) -> None:
    samples = (np.random.default_rng(seed).normal(0, 1, length) * gain).astype(np.float32)
    found = measure(samples, rate)
    assert np.isfinite(list(found.values())).all()
    assert json.loads(json.dumps(found)) == found
    findings([own("a", "word", samples, rate)])
    sound_digest(samples, rate)


def test_the_same_sound_is_known_in_another_file(tmp_path: Path) -> None:
    samples = word()
    wav = write(tmp_path / "a.wav", samples, subtype="PCM_16")
    flac = write(tmp_path / "a.flac", soundfile.read(wav, dtype="int16")[0])
    padded = write(tmp_path / "b.wav", np.pad(soundfile.read(wav, dtype="int16")[0], (700, 90)))
    digests = {sound_digest(waveform.load(AudioSource(path), RATE), RATE) for path in (wav, flac, padded)}
    assert len(digests) == 1
    assert len(digests.pop()) == 32
    assert sound_digest(samples, RATE) != sound_digest(samples, 8000)
    assert sound_digest(samples, RATE) != sound_digest(samples[:-1], RATE)
    assert sound_digest(samples, RATE) != sound_digest(samples[::-1], RATE)
