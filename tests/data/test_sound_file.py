"""Recordings as devices leave them: what lies is read rightly or told in a sentence, and nothing hostile gets further."""

from __future__ import annotations

import io
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from data import av_process
from data.audio_source import AudioSource
from data.errors import AudioError
from data.sound_file import OpenSound, open_sound
from tests.support.encoded import ENCODINGS, encode
from tests.support.sounds import RATE, tone

SOUND = tone(440, 1.0)


def _encoded(kind: str, subtype: str | None = None, samples: np.ndarray = SOUND) -> bytearray:
    content = io.BytesIO()
    soundfile.write(content, samples, RATE, format=kind, subtype=subtype)
    return bytearray(content.getvalue())


def _put(content: bytearray, place: int, form: str, *values: int) -> bytearray:
    struct.pack_into(form, content, place, *values)
    return content


def _after(content: bytearray, mark: bytes, place: int, form: str, value: int) -> bytearray:
    return _put(content, content.find(mark) + place, form, value)


def _read(content: bytes | bytearray | Path, frames: int | None = None) -> tuple[np.ndarray, list[str]]:
    source = AudioSource(content if isinstance(content, Path) else bytes(content), "clip")
    with open_sound(source, 7200, "recording") as sound:
        return sound.read(sound.frames if frames is None else frames), sound.notes


def _tried(content: bytes | bytearray | Path) -> tuple[str, np.ndarray]:
    """Why it is refused, or its samples."""
    try:
        return "", _read(content)[0]
    except AudioError as error:
        return str(error), np.empty(0, np.float32)


def _refusal(content: bytes | bytearray | Path) -> str:
    text, samples = _tried(content)
    assert text, f"{len(samples)} samples were read"
    assert text.startswith("clip ")
    assert text.endswith(".")
    assert "\n" not in text
    return text


def _pipe_wav(size: int, riff: int = 0) -> bytearray:
    return _put(_put(_encoded("WAV"), 40, "<I", size), 4, "<I", riff)


def _without_info(content: bytearray) -> bytearray:
    """An MP3 file whose first frame, with the count of all, is gone: as a stream that was recorded."""
    second = content.find(content[:2], 100)
    return content[second:]


# A length of zero, of a part, or of the most there is: the writer was a pipe, or was killed.
LIES = {
    "wav: data 0": lambda: _pipe_wav(0, 36),
    "wav: both sizes 0": lambda: _pipe_wav(0),
    "wav: data of 100 bytes": lambda: _pipe_wav(100, 136),
    "wav: fact and data 0": lambda: _after(_encoded("WAV", "MS_ADPCM"), b"data", 4, "<I", 0),
    "rf64: data 0": lambda: _put(_encoded("RF64"), 28, "<Q", 0),
    "w64: data 0": lambda: _after(_encoded("W64"), b"data", 16, "<Q", 0),
    "aiff: both sizes 0": lambda: _after(_after(_encoded("AIFF"), b"SSND", 4, ">I", 0), b"COMM", 10, ">I", 0),
    "au: data 0": lambda: _put(_encoded("AU"), 8, ">I", 0),
    "au: data of 10 bytes": lambda: _put(_encoded("AU"), 8, ">I", 10),
    "caf: data 0": lambda: _after(_encoded("CAF"), b"data", 4, ">Q", 0),
    "caf: data of 4 bytes": lambda: _after(_encoded("CAF"), b"data", 4, ">Q", 4),
    "flac: 0 samples": lambda: _put(_encoded("FLAC"), 22, ">I", 0),
    "flac: 2^36 samples": lambda: _put(_put(_encoded("FLAC"), 22, ">I", 0xFFFFFFFF), 21, "B", 0xFF),
}
# A length that by its format stands for an unknown one.
UNKNOWN = {
    "wav: 2^32": lambda: _pipe_wav(0xFFFFFFFF, 0xFFFFFFFF),
    "wav: 2^31": lambda: _pipe_wav(0x7FFFF000),
    "rf64: 2^62": lambda: _put(_encoded("RF64"), 28, "<Q", 2**62),
    "w64: 2^63": lambda: _after(_encoded("W64"), b"data", 16, "<Q", 2**63 - 1),
    "w64: 2^64": lambda: _after(_encoded("W64"), b"data", 16, "<Q", 2**64 - 1),
    "au: 2^32": lambda: _put(_encoded("AU"), 8, ">I", 0xFFFFFFFF),
    "caf: -1": lambda: _after(_encoded("CAF"), b"data", 4, ">q", -1),
}
MP3 = {
    "no count": lambda: _without_info(_encoded("MP3")),
    "a count of 0": lambda: _after(_encoded("MP3"), b"Xing", 8, ">I", 0),
    "a count of 1": lambda: _after(_encoded("MP3"), b"Xing", 8, ">I", 1),
    "a count of 2^31": lambda: _after(_encoded("MP3"), b"Xing", 8, ">I", 0x7FFFFFFF),
    "two joined": lambda: _encoded("MP3") + _encoded("MP3"),
}  # fmt: skip


@pytest.mark.parametrize("case", [*LIES, *UNKNOWN])
def test_a_length_that_cannot_be_true_is_found_out(tmp_path: Path, case: str) -> None:
    content = (LIES | UNKNOWN)[case]()
    path = tmp_path / "clip"
    path.write_bytes(content)
    for source in (content, path):
        samples, notes = _read(source)
        assert len(samples) == pytest.approx(RATE, abs=400), "ADPCM fills its last block"
        np.testing.assert_allclose(samples[:RATE], SOUND, atol=0.02)
        assert notes == (
            ["Its header gives no length that can be true; 1.0 s of sound are in it."] if case in LIES else []
        )


@pytest.mark.parametrize("case", MP3)
def test_an_mp3_is_read_to_its_end_whatever_it_begins_with(case: str) -> None:
    samples, _ = _read(MP3[case]())
    assert len(samples) == pytest.approx((2 if case == "two joined" else 1) * RATE, abs=3000)
    assert np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("kind", ["WAV", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "MP3"])
def test_a_file_that_was_not_copied_to_its_end_is_refused(kind: str) -> None:
    content = _encoded(kind)
    text, samples = _tried(content[: len(content) // 2])
    assert "cut off" in text or 0 < len(samples) < 0.6 * RATE, "which `mono_blocks` refuses"


def test_an_ogg_whose_writer_was_killed_is_read_up_to_there() -> None:
    content = _encoded("OGG", "VORBIS", np.concatenate([tone(300 + 10 * step, 1.0) for step in range(20)]))
    samples, _ = _read(content[: len(content) // 2])
    assert 4 * RATE < len(samples) < 15 * RATE


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (_put(_encoded("WAV"), 22, "<H", 2), "2 x 16 bits at a time, but also 16 bits"),
        (_put(_encoded("WAV"), 34, "<H", 24), "1 x 24 bits at a time, but also 16 bits"),
        (_put(_encoded("WAV"), 22, "<H", 0), "is damaged or cut off"),
        (_put(_encoded("WAV"), 24, "<I", 0), "is damaged or cut off"),
        (_put(_encoded("WAV"), 16, "<I", 0x7FFFFFFF), "is damaged or cut off"),
        (_encoded("WAV")[:30], "is damaged or cut off"),
        (_after(_encoded("AIFF"), b"COMM", 14, ">H", 0), "is damaged or cut off"),
        (_after(_encoded("AIFF"), b"COMM", 8, ">H", 0), "is damaged or cut off"),
        (_put(_encoded("AU"), 4, ">I", 10**9), "is cut off"),
    ],
    ids=["2 channels", "24 bits", "no channels", "no rate", "long fmt", "half a header", "aiff: no bits", "aiff: no channels", "au: offset"],
)  # fmt: skip
def test_what_contradicts_itself_is_one_sentence(content: bytearray, told: str) -> None:
    assert told in _refusal(content)


@pytest.mark.parametrize("field", [28, 32])
def test_a_size_that_nobody_needs_may_be_missing(field: int) -> None:
    np.testing.assert_array_equal(_read(_put(_encoded("WAV"), field, "<H", 0))[0], _read(_encoded("WAV"))[0])


def test_two_rates_in_one_header_are_told() -> None:
    _, notes = _read(_put(_encoded("WAV"), 24, "<I", 48_000))
    assert notes == ["Its header gives two rates, 48,000 and 16,000 samples a second; it is read at 48,000."]


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_garbage_after_the_sound_is_left_alone(kind: str) -> None:
    content = _encoded(kind)
    samples, notes = _read(content + b"xyz" * 999)
    assert len(samples) == pytest.approx(RATE, abs=300), "PyAV keeps what an MP3 encoder adds"
    assert np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples) == pytest.approx(440, abs=3)
    assert notes == []


@pytest.mark.parametrize("ending", [".au", ".snd", ".wav", ".m4a"])
def test_text_with_the_name_of_a_recording_is_none(tmp_path: Path, ending: str) -> None:
    """libsndfile takes any file that is called .au for telephone sound."""
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"hello world\n" * 100)
    assert "cannot be read as audio" in _refusal(path)


def _stereo(left: np.ndarray, right: np.ndarray, tmp_path: Path) -> Path:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    return path


def test_channels_that_cancel_each_other_are_not_averaged(tmp_path: Path) -> None:
    samples, notes = _read(_stereo(0.8 * SOUND, -SOUND, tmp_path))
    np.testing.assert_allclose(samples, -SOUND, atol=1e-6)
    assert notes == [
        "Its channels cancel each other out (one is inverted), so only the louder one is heard: channel 2."
    ]
    again, _ = _read(_stereo(0.8 * SOUND, -SOUND, tmp_path), 100)
    np.testing.assert_array_equal(again, samples[:100], "whatever part is read")


def test_all_other_channels_are_averaged(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.1, (2, RATE)).astype(np.float32)
    for left, right in (
        (SOUND, SOUND),
        (SOUND, 0 * SOUND),
        (noise[0], noise[1]),
        (SOUND, noise[1]),
        (0 * SOUND, 0 * SOUND),
    ):
        samples, notes = _read(_stereo(left, right, tmp_path))
        np.testing.assert_allclose(samples, (left + right) / 2, atol=1e-6)
        assert notes == []  # fmt: skip


def test_channels_that_cancel_late_in_a_long_recording(tmp_path: Path) -> None:
    silence = np.zeros(100 * RATE, np.float32)
    left = np.concatenate([silence, tone(440, 10.0)])
    samples, notes = _read(_stereo(left, -left, tmp_path))
    assert np.abs(samples[-RATE:]).max() > 0.4
    assert len(notes) == 1


@pytest.mark.parametrize("ending", [".m4a", ".webm", ".amr", ".wma"])
def test_a_long_recording_is_read_in_parts(tmp_path: Path, ending: str) -> None:
    steps = np.concatenate([tone(300 + 20 * step, 1.0) for step in range(45)])
    path = encode(tmp_path / f"long{ending}", steps, RATE)
    with open_sound(AudioSource(path)) as sound:
        assert sound.seconds == pytest.approx(45, abs=0.15)
        rate = sound.samplerate
        whole = np.concatenate([sound.read(rate) for _ in range(50)])
        assert len(whole) == sound.frames
        for second in (40, 3, 21):
            sound.go_to(second * rate + rate // 2)
            part = sound.read(rate // 4)
            assert np.abs(np.fft.rfft(part * np.hanning(len(part)))).argmax() * rate / len(part) == pytest.approx(
                300 + 20 * second, abs=5
            )


def test_a_browser_s_recording_says_no_length(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.webm", SOUND, RATE, live="1")
    with open_sound(AudioSource(path)) as sound:
        assert sound.seconds == pytest.approx(1.0, abs=0.02)
        assert sound.notes == []


@pytest.mark.parametrize("ending", [".m4a", ".webm", ".wma", ".aac"])
def test_half_of_what_pyav_reads_is_refused_or_read_up_to_there(tmp_path: Path, ending: str) -> None:
    content = encode(tmp_path / f"a{ending}", np.tile(SOUND, 10), RATE).read_bytes()
    text, samples = _tried(content[: len(content) // 2])
    assert "cut off" in text or len(samples) > RATE, "a stream has no length that it could miss"


@pytest.mark.parametrize(("ending", "share"), [(".wma", 0.5), (".wma", 0.95), (".webm", 0.95), (".m4a", 0.95)])
def test_a_lost_end_is_told_however_short(tmp_path: Path, ending: str, share: float) -> None:
    """WMA was read up to there in silence, and so was all that lacked less than a tenth."""
    options = {"movflags": "faststart"} if ending == ".m4a" else {}
    content = encode(tmp_path / f"a{ending}", np.tile(SOUND, 20), RATE, **options).read_bytes()
    assert len(_read(content)[0]) > 20 * RATE - 1000
    assert "is cut off: its header promises" in _refusal(content[: int(share * len(content))])


def test_the_sound_of_a_video_may_end_before_it(tmp_path: Path) -> None:
    """Its header tells the length of the whole: the sound was called cut off."""
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w", format="matroska") as container:
        picture: Any = container.add_stream("mjpeg", rate=1)
        sound: Any = container.add_stream("pcm_s16le", rate=RATE)
        picture.width = picture.height = 16
        picture.pix_fmt, sound.layout = "yuvj420p", "mono"
        spoken = av.AudioFrame.from_ndarray((SOUND * 32767).astype(np.int16)[None], format="s16", layout="mono")
        spoken.sample_rate = RATE
        container.mux(sound.encode(spoken))
        for _ in range(5):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))))
        for stream in (sound, picture):
            container.mux(stream.encode(None))
    samples, notes = _read(path)
    np.testing.assert_allclose(samples, SOUND, atol=1e-3)
    assert notes == []


def test_what_is_no_wav_in_the_same_wrapping_is_not_called_damaged() -> None:
    assert "cannot be read as audio" in _refusal(b"RIFF\x00\x10\x00\x00AVI LIST" + bytes(4096))


@pytest.mark.parametrize("ending", ENCODINGS)
def test_damage_anywhere_is_a_sentence_or_sound(tmp_path: Path, ending: str) -> None:
    whole = encode(tmp_path / f"a{ending}", SOUND, RATE).read_bytes()
    random = np.random.default_rng(len(ending))
    for _ in range(6):
        content = bytearray(whole)
        for place in random.integers(0, len(content), 20):
            content[place] = random.integers(256)
        text, samples = _tried(content)
        assert text.startswith("clip ") or samples.dtype == np.float32


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        b"GIF89a" + bytes(100),
        bytes(5000),
    ],
    ids=["playlist", "concat", "sdp", "picture", "zeros"],
)
def test_nothing_that_names_other_files_is_opened(content: bytes) -> None:
    assert "cannot be read as audio" in _refusal(content)


# What a hostile recording does to the process that decodes: it never ends, it crashes, it takes all memory.
WORKERS = {
    "endless": "import time; time.sleep(60)",
    "crash": "import sys, ctypes; sys.stdin.readline(); ctypes.string_at(0)",
    "memory": "import sys, time; sys.stdin.readline(); all_of_it = b'x' * 400_000_000; time.sleep(60)",
    "nonsense": "import sys; sys.stdin.readline(); print('{', flush=True); sys.stdin.read()",
}


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setattr(av_process, "PATIENCE", 1.0)
    monkeypatch.setattr(av_process, "MEMORY", 300_000_000)
    monkeypatch.setattr(av_process, "_IDLE", type(av_process._IDLE)(1))
    yield monkeypatch
    while not av_process._IDLE.empty():
        av_process._IDLE.get().stop()


@pytest.mark.parametrize(
    ("kind", "told"),
    [("endless", "takes too long"), ("crash", "decoder failed"), ("memory", "too much memory"), ("nonsense", "decoder failed")],
)  # fmt: skip
def test_a_hostile_recording_ends_its_process_and_nothing_else(
    tmp_path: Path, hostile: pytest.MonkeyPatch, kind: str, told: str
) -> None:
    path = encode(tmp_path / "a.m4a", SOUND, RATE)
    if kind != "endless":
        hostile.setattr(av_process, "PATIENCE", 30.0)
    with hostile.context() as patch:
        patch.setattr(av_process, "_command", lambda: [sys.executable, "-c", WORKERS[kind]])
        assert told in _refusal(path)
    hostile.setattr(av_process, "PATIENCE", 30.0)
    assert len(_read(path)[0]) > RATE, "the next one is read"


def test_a_recording_without_end_is_given_up(tmp_path: Path, hostile: pytest.MonkeyPatch) -> None:
    """One packet after the other: the length is found by reading all of them."""
    path = encode(tmp_path / "a.aac", np.tile(SOUND, 40), RATE)
    path.write_bytes(path.read_bytes() * 100)
    hostile.setattr(av_process, "_BYTES_A_SECOND", 1e15)
    hostile.setattr(av_process, "PATIENCE", 0.05)
    with pytest.raises(AudioError, match="takes too long to read"):
        _read(path)


def test_what_is_uploaded_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    content = encode(tmp_path / "a.m4a", SOUND, RATE).read_bytes()
    assert len(_read(content)[0]) > RATE
    assert "is damaged" in _refusal(content[:400])
    assert os.listdir(tmp_path / "temporary") == []


def test_a_clip_shorter_than_a_word_is_told(tmp_path: Path) -> None:
    with (
        open_sound(AudioSource(bytes(_encoded("WAV", samples=SOUND[:1])))) as sound,
        pytest.raises(AudioError, match=r"^clip lasts 0.0625 ms, too short for a word, which takes 100 ms at least\."),
    ):
        sound.check_is_long_enough("clip")
    with open_sound(AudioSource(bytes(_encoded("WAV", samples=SOUND[:1600])))) as sound:
        assert isinstance(sound, OpenSound)
        sound.check_is_long_enough("clip")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among its files")
def test_pipes_devices_and_folders_are_no_clips(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path / "pipe.wav", Path("/dev/zero"), tmp_path):
        assert _refusal(path) == "clip is not a file: a folder, a pipe or a device cannot be read as a clip."


def test_raw_sound_is_refused_with_the_way_to_read_it(tmp_path: Path) -> None:
    (tmp_path / "sound.RAW").write_bytes(SOUND.astype("<i2").tobytes())
    assert "is raw sound: nothing in it says its rate" in _refusal(tmp_path / "sound.RAW")
