"""Decoding: what comes out is the sound that went in, and what cannot be read is said in one sentence."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_models.errors import AudioError
from audio_models.features import waveform
from audio_models.features.waveform import AudioSource
from tests.support.sounds import RATE, tone, write


def _strongest_hz(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples))


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_every_format_gives_the_tone_back(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"a.{ending}", tone(440, 1.0))
    samples = waveform.load(AudioSource(path), RATE)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert abs(len(samples) - RATE) < 2400  # MP3 and OGG pad
    assert _strongest_hz(samples, RATE) == pytest.approx(440, abs=3)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 192_000])
def test_other_rates_keep_pitch_length_and_level(tmp_path: Path, rate: int) -> None:
    path = write(tmp_path / "a.wav", tone(1000, 1.0, rate), rate)
    samples = waveform.load(AudioSource(path), RATE)
    assert len(samples) == pytest.approx(RATE, abs=2)
    assert _strongest_hz(samples, RATE) == pytest.approx(1000, abs=2)
    assert np.abs(samples[2000:-2000]).max() == pytest.approx(0.5, abs=0.01)


def test_resampling_lets_no_tone_fold_back() -> None:
    above = waveform.resample(tone(7000, 1.0, 16_000), 16_000, 8_000)  # beyond the new limit of 4 kHz
    assert np.abs(above[400:-400]).max() < 1e-3


def test_channels_are_averaged(tmp_path: Path) -> None:
    left = tone(300)
    for channels in (2, 8):
        both = np.zeros((len(left), channels), np.float32)
        both[:, 0] = left
        path = write(tmp_path / f"{channels}.wav", both, subtype="FLOAT")
        np.testing.assert_allclose(waveform.load(AudioSource(path), RATE), left / channels, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(samples=st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=300), start=st.integers(0, 299))
def test_a_stretch_equals_that_part_of_the_whole(tmp_path_factory, samples: list[float], start: int) -> None:
    path = tmp_path_factory.mktemp("s") / "a.wav"
    soundfile.write(path, np.array(samples, np.float32), RATE, subtype="FLOAT")
    whole = waveform.load(AudioSource(path), RATE)
    np.testing.assert_array_equal(whole, np.array(samples, np.float32))
    if start < len(samples):
        np.testing.assert_array_equal(
            waveform.load(AudioSource(path), RATE, start=start / RATE, seconds=50 / RATE), whole[start : start + 50]
        )


def test_bytes_equal_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", tone(500))
    np.testing.assert_array_equal(
        waveform.load(AudioSource(path.read_bytes()), RATE), waveform.load(AudioSource(path), RATE)
    )


def _wav_header(data_bytes: int, rate: int = RATE, channels: int = 1) -> bytes:
    block = 2 * channels
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", (36 + data_bytes) & 0xFFFFFFFF, b"WAVE", b"fmt ", 16, 1, channels, rate,
        rate * block, block, 16, b"data", data_bytes & 0xFFFFFFFF,
    )  # fmt: skip


def _w64_of_promised(frames: int) -> bytes:
    """A Sony Wave64 file whose data chunk promises `frames` samples and holds none."""
    riff = bytes.fromhex("726966662E91CF11A5D628DB04C10000")
    wave = bytes.fromhex("77617665F3ACD3118CD100C04F8EDB8A")
    fmt = bytes.fromhex("666D7420F3ACD3118CD100C04F8EDB8A")
    data = bytes.fromhex("64617461F3ACD3118CD100C04F8EDB8A")
    size = min(2 * frames + 24, 2**63 - 1)
    return (
        riff + struct.pack("<Q", 2**63 - 1) + wave + fmt + struct.pack("<QHHIIHH", 40, 1, 1, RATE, 2 * RATE, 2, 16)
        + data + struct.pack("<Q", size) + bytes(64)
    )  # fmt: skip


def _bad_inputs() -> dict[str, tuple[bytes, str]]:
    good = _wav_header(2 * RATE) + bytes(2 * RATE)
    with_nan = np.array([0, np.nan, 0.5], np.float32)
    return {
        "empty": (b"", "empty"),
        "text": (b"hello\n" * 50, "cannot be read as audio"),
        "zero length": (_wav_header(0), "length is zero"),
        "cut off": (good[: len(good) // 2], "cut off"),
        "hour": (_wav_header(2 * RATE * 3600) + bytes(2000), "cut off: its header promises 115,200,000 bytes"),
        "terabyte": (_w64_of_promised(2**40), "cut off: its header promises 2,199,023,255,576 bytes"),
        "NaN": (_float_wav(with_nan), "not numbers"),
        "infinite": (_float_wav(np.array([np.inf], np.float32)), "not numbers"),
        "rate of 1 MHz": (_wav_header(200, rate=1_000_000) + bytes(200), "1000000 samples a second"),
        "40 channels": (_wav_header(8000, channels=40) + bytes(8000), "40 channels"),
    }


def _float_wav(samples: np.ndarray) -> bytes:
    content = samples.tobytes()
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(content),
        b"WAVE",
        b"fmt ",
        16,
        3,
        1,
        RATE,
        RATE * 4,
        4,
        32,
        b"data",
        len(content),
    )
    return header + content


@pytest.mark.parametrize("case", _bad_inputs())
def test_bad_input_is_one_sentence(tmp_path: Path, case: str) -> None:
    content, expected = _bad_inputs()[case]
    path = tmp_path / "clip.wav"
    path.write_bytes(content)
    for source in (path, content):
        with pytest.raises(AudioError, match=expected) as caught:
            waveform.load(AudioSource(source, "clip.wav"), RATE)
        text = str(caught.value)
        assert text.startswith("clip.wav ")
        assert text.endswith(".")
        assert "\n" not in text
        assert "Traceback" not in text


def test_too_long_by_content(tmp_path: Path) -> None:
    path = write(tmp_path / "long.flac", np.zeros(31 * 8000, np.float32), 8000)
    with pytest.raises(AudioError, match=r"lasts 31 s; a clip may last up to 30 s"):
        waveform.load(AudioSource(path), RATE)


def test_a_pipe_s_unknown_length_is_no_damage() -> None:
    """ffmpeg and sox write the largest length to a pipe, since they do not know it yet."""
    for promised in (0xFFFFFFFF, 0x7FFFFFFF - 8):
        content = _wav_header(promised) + (np.ones(8000, np.int16) * 1000).tobytes()
        assert len(waveform.load(AudioSource(content), RATE)) == 8000


def test_missing_file_names_it() -> None:
    with pytest.raises(AudioError, match=r"nowhere\.wav cannot be opened"):
        waveform.load(AudioSource(Path("/nonexistent/nowhere.wav")), RATE)


def test_silence_is_told_apart() -> None:
    assert waveform.is_silent(np.zeros(10, np.float32))
    assert not waveform.is_silent(tone(100))


def test_the_word_is_found_in_a_recording() -> None:
    random = np.random.default_rng(0)
    for at in (0.0, 0.8, 2.1, 3.4):
        recording = random.normal(0, 0.005, 4 * RATE).astype(np.float32)
        first = round(at * RATE)
        recording[first : first + RATE // 2] += tone(500, 0.5)
        low, high = waveform.loudest(recording, RATE, 1.0)
        assert high - low == RATE
        assert low <= first, "it is not cut off in front"
        assert first + RATE // 2 <= high, "nor behind"
        if 0.3 < at < 3.2:
            assert abs((low + high) / 2 - (first + RATE / 4)) < 0.02 * RATE, "it lies in the middle"


@given(length=st.integers(1, 5000), seconds=st.floats(0.01, 0.5))
@settings(max_examples=60, deadline=None)
def test_a_stretch_lies_within_its_recording(length: int, seconds: float) -> None:
    samples = np.random.default_rng(length).normal(size=length).astype(np.float32) * (length % 2)
    low, high = waveform.loudest(samples, RATE, seconds)
    assert 0 <= low < high <= length
    assert high - low == min(length, round(seconds * RATE))


def test_real_recordings_decode_alike(real_digits: Path) -> None:
    path = next(iter(sorted(real_digits.rglob("*.flac"))))
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 8000
    np.testing.assert_array_equal(waveform.load(AudioSource(path), rate), samples)
    doubled = waveform.load(AudioSource(path), RATE)
    assert len(doubled) == pytest.approx(2 * len(samples), abs=2)
    there, back = samples[200:-200], waveform.resample(doubled, RATE, rate)[200:][: len(samples) - 400]
    assert np.corrcoef(there, back)[0, 1] > 0.99
