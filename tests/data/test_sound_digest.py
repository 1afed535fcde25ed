"""The digest of a recording: the same in every lossless format, another for other sound."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from data.audio_source import AudioSource
from data.sound_digest import file_sound_digest, sound_digest
from data.sound_file import open_sound
from tests.support.sounds import RATE, tone

SOUND = np.round(tone(440, 0.2) * 32767).astype(np.int16)


def _digest(samples: np.ndarray, rate: int = RATE, **options: str) -> str:
    content = io.BytesIO()
    soundfile.write(content, samples, rate, **{"format": "WAV", **options})
    with open_sound(AudioSource(content.getvalue())) as file:
        return file_sound_digest(file)


@pytest.mark.parametrize(
    ("format", "subtype"),
    [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24")],
)
def test_every_lossless_format_gives_the_digest_of_the_samples(format: str, subtype: str) -> None:
    wanted = sound_digest((SOUND / 32768).astype(np.float32), RATE)
    assert _digest(SOUND / 32768, format=format, subtype=subtype) == wanted
    assert _digest(np.stack([SOUND, SOUND], axis=1) / 32768, format=format, subtype=subtype) == wanted
    padded = np.concatenate([np.zeros(100), SOUND / 32768, np.zeros(7)])
    assert _digest(padded, format=format, subtype=subtype) == wanted


def test_other_sound_has_another_digest() -> None:
    same = _digest(SOUND)
    for other in (SOUND[:-1], SOUND[::-1], -SOUND, SOUND // 2):
        assert _digest(np.ascontiguousarray(other)) != same
    assert _digest(SOUND, 8000) != same


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_silence_has_none(subtype: str) -> None:
    assert _digest(np.zeros(100), subtype=subtype) == ""


def test_what_cannot_be_decoded_to_its_end_has_none(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.random.default_rng(0).normal(size=RATE) * 0.1, RATE)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 400] = bytes(400)
    with open_sound(AudioSource(bytes(content))) as file:
        found = file_sound_digest(file)
    with open_sound(AudioSource(path)) as file:
        assert found != file_sound_digest(file)


def test_values_that_are_not_finite_have_none() -> None:
    assert _digest(np.full(100, np.nan), subtype="FLOAT") == ""
