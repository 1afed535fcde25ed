"""Long recordings: blocks make up the whole, tones are heard where they lie, and memory does not grow."""

from __future__ import annotations

import os
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_models.errors import AudioError
from audio_models.features import waveform
from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.listening import recordings
from audio_models.listening.detection import DetectionConfig
from audio_models.listening.listener import Listener
from data.corpus import Progress
from data.errors import Cancelled
from data.public.synthetic_voices import SAMPLE_RATE, say, voices
from tests.support.sounds import RATE, tone, write
from tests.support.tone_network import HIGH, LOW, tone_run, tones

AT_ONCE = DetectionConfig(0.8, smoothing_ms=0, refractory_ms=300)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("whole_in_memory", [False, True])
def test_blocks_make_up_the_whole(tmp_path: Path, ending: str, rate: int, whole_in_memory: bool) -> None:
    both = np.stack([tone(440, 2.3, rate), tone(700, 2.3, rate, 0.1)], axis=1)
    path = write(tmp_path / f"a.{ending}", both, rate)
    source = path.read_bytes() if whole_in_memory else path
    blocks = list(recordings.blocks(AudioSource(source), 0.5))
    expected = soundfile.read(path, dtype="float32")[0].mean(axis=1)
    assert recordings.sample_rate(AudioSource(source)) == rate
    assert {len(block) for block in blocks[:-1]} == {rate // 2}
    assert 0 < len(blocks[-1]) <= rate // 2
    assert all(block.dtype == np.float32 and block.ndim == 1 for block in blocks)
    np.testing.assert_allclose(np.concatenate(blocks), expected, atol=1e-6)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_stretch_of_an_mp3_comes_out_as_in_the_whole(tmp_path: Path, rate: int) -> None:
    """Each frame of an MP3 needs those before it, also where a clip is longer than what is decoded at a time."""
    time = np.arange(8 * rate) / rate
    hiss = (
        0.1 * np.random.default_rng(0).normal(size=len(time)) * (np.sin(5 * time) > 0)
    )  # what is quiet saves bits for it
    sound = (0.3 * np.sin(2 * np.pi * (200 + 60 * time) * time) + hiss).astype(np.float32)
    path = write(tmp_path / "a.mp3", sound, rate)
    whole = soundfile.read(path, dtype="float32")[0]
    np.testing.assert_allclose(waveform.load(AudioSource(path), rate), whole, atol=1e-6)
    for first in (5000, 20_001, 3 * rate + 7, 6 * rate):
        stretch = waveform.load(AudioSource(path), rate, start=first / rate, seconds=0.25)
        np.testing.assert_allclose(stretch, whole[first:][: rate // 4], atol=1e-6)


def test_one_block_is_read_at_a_time(tmp_path: Path) -> None:
    path = write(tmp_path / "long.wav", np.tile(tone(440, 1.0), 120))
    tracemalloc.start()
    try:
        seconds = sum(len(block) for block in recordings.blocks(AudioSource(path))) / RATE
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seconds == 120
    assert peak < 5 * RATE * 4, "bytes: a few blocks of the 120"


def test_two_hours_may_be_listened_to_and_no_more(tmp_path: Path) -> None:
    """Headers that promise so much; a sparse file holds the samples, and no disk."""
    for seconds, fits in ((7200, True), (7201, False)):
        path = tmp_path / f"{seconds}.wav"
        size = 2 * 8000 * seconds
        path.write_bytes(
            struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", size)
        )  # fmt: skip
        os.truncate(path, 44 + size)
        if fits:
            assert len(next(recordings.blocks(AudioSource(path)))) == 8000
        else:
            with pytest.raises(AudioError, match="lasts 2 hours 1 minute; a recording may last up to 2 hours"):
                next(recordings.blocks(AudioSource(path)))


@pytest.mark.parametrize(
    ("samples", "options", "said"),
    [
        (np.full(RATE, np.nan, np.float32), {"subtype": "FLOAT"}, "not numbers"),
        (np.array([0, np.inf] * RATE, np.float32), {"subtype": "FLOAT"}, "not numbers"),
        (np.array([0, 1e20] * RATE, np.float32), {"subtype": "FLOAT"}, "a value of 1e\\+20, far beyond any sound"),
        (np.zeros((RATE, 17), np.float32), {}, "17 channels"),
        (np.zeros(0, np.float32), {}, "length is zero"),
    ],
)
def test_what_cannot_be_heard_is_one_sentence(tmp_path: Path, samples: np.ndarray, options: dict, said: str) -> None:
    path = write(tmp_path / "bad.wav", samples, **options)
    for read in (path, path.read_bytes()):
        with pytest.raises(AudioError, match=said) as caught:
            list(recordings.blocks(AudioSource(read)))
        assert "\n" not in str(caught.value)


def test_a_fault_late_in_the_recording_is_found(tmp_path: Path) -> None:
    samples = np.zeros(3 * RATE, np.float32)
    samples[-5] = np.nan
    path = write(tmp_path / "late.wav", samples, subtype="FLOAT")
    blocks = recordings.blocks(AudioSource(path))
    assert len(next(blocks)) == RATE
    next(blocks)
    with pytest.raises(AudioError, match=r"late\.wav holds values that are not numbers"):
        next(blocks)


@pytest.mark.parametrize(("ending", "said"), [("wav", "is cut off: its header"), ("flac", "decoder lost sync")])
def test_what_is_cut_off_says_so(tmp_path: Path, ending: str, said: str) -> None:
    path = write(tmp_path / f"a.{ending}", np.random.default_rng(0).normal(0, 0.1, 5 * RATE).astype(np.float32))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioError, match=said):
        list(recordings.blocks(AudioSource(path)))


def test_an_unusable_rate_and_what_is_no_sound(tmp_path: Path) -> None:
    slow = write(tmp_path / "slow.wav", np.zeros(100, np.float32), 1000)
    text = tmp_path / "text.wav"
    text.write_text("not sound " * 50)
    empty = tmp_path / "empty.wav"
    empty.touch()
    for path, said in ((slow, "1000 samples a second"), (text, "cannot be read as audio"), (empty, "is empty")):
        with pytest.raises(AudioError, match=said):
            recordings.sample_rate(AudioSource(path))


@pytest.mark.parametrize("text", ["/nowhere/at/all.wav", "~nobody-of-this-name/a.wav", "a\0b.wav", "x" * 5000])
def test_a_path_that_leads_nowhere_is_one_sentence(text: str) -> None:
    with pytest.raises(AudioError, match="cannot be opened"):
        recordings.find(text)


def test_a_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = write(tmp_path / "a b.wav", tone(400))
    assert recordings.find(f" {path}\n") == path
    assert recordings.find("~/a b.wav") == path
    with pytest.raises(AudioError, match="it is a folder"):
        recordings.find(str(tmp_path))


@pytest.mark.parametrize(("ending", "rate"), [("wav", RATE), ("flac", 48_000), ("mp3", 44_100)])
def test_tones_are_heard_where_they_lie(tmp_path: Path, ending: str, rate: int) -> None:
    sound = tones((1.0, LOW), (3.0, HIGH), (5.5, LOW), rate=rate)  # the last one is cut off by the end
    path = write(tmp_path / f"a.{ending}", sound, rate)
    heard = recordings.listen(tone_run(("gauche, «1»", "高い")), AudioSource(path), AT_ONCE)
    assert [event.label for event in heard.events] == ["gauche, «1»", "高い", "gauche, «1»"]
    assert [event.end for event in heard.events] == pytest.approx([1.0, 3.0, 5.5], abs=0.12)
    assert [event.start for event in heard.events] == pytest.approx([0.5, 2.5, 5.0], abs=0.12)
    assert heard.mode == "stateful"
    assert heard.seconds == pytest.approx(6.0, abs=0.1)  # MP3 pads


def test_a_network_that_needs_a_window_hears_them_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tones((1.0, LOW), (3.0, HIGH)))
    heard = recordings.listen(tone_run(window=True), AudioSource(path), AT_ONCE)
    assert heard.mode == "sliding_window"
    assert [(event.label, round(event.end)) for event in heard.events] == [("low", 1), ("high", 3)]


def test_blocks_change_no_answer(tmp_path: Path) -> None:
    run, sound = tone_run(), tones((1.0, LOW), (2.95, HIGH), rate=44_100)
    path = write(tmp_path / "a.wav", sound, 44_100, subtype="FLOAT")
    heard = recordings.listen(run, AudioSource(path), AT_ONCE)
    whole = Listener(run, AT_ONCE, 44_100).feed(sound, last=True)
    np.testing.assert_array_equal(heard.times, whole.times)
    np.testing.assert_allclose(heard.probabilities, whole.probabilities, atol=1e-6)
    assert len(heard.events) == len(whole.events) == 2


def test_other_settings_need_no_second_hearing(tmp_path: Path) -> None:
    run = tone_run()
    path = write(tmp_path / "a.wav", tones((1.0, LOW), (1.5, HIGH), (4.0, LOW)))
    heard = recordings.listen(run, AudioSource(path), AT_ONCE)
    assert heard.events_with(AT_ONCE) == heard.events
    for config in (replace(AT_ONCE, refractory_ms=1500), replace(AT_ONCE, smoothing_ms=300)):
        assert heard.events_with(config) == recordings.listen(run, AudioSource(path), config).events != heard.events


def test_the_outline_is_that_of_the_sound(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    sound = random.uniform(-0.9, 0.9, 3 * RATE + 17).astype(np.float32)
    heard = recordings.listen(tone_run(), AudioSource(write(tmp_path / "a.wav", sound, subtype="FLOAT")))
    assert len(heard.low) == len(heard.high) == 2000
    place = np.arange(len(sound)) * 2000 // len(sound)
    np.testing.assert_array_equal(heard.low, [sound[place == column].min() for column in range(2000)])
    np.testing.assert_array_equal(heard.high, [sound[place == column].max() for column in range(2000)])


def test_the_shortest_recording_is_no_fault(tmp_path: Path) -> None:
    heard = recordings.listen(tone_run(), AudioSource(write(tmp_path / "a.wav", np.full(3, 0.5, np.float32))))
    assert (heard.events, len(heard.low), heard.sample_rate) == ((), 3, RATE)
    assert heard.times.max() <= heard.seconds == 3 / RATE, "the silence behind it takes no time"
    assert heard.events_with(AT_ONCE) == ()


def test_a_recording_without_a_step_has_no_ribbon() -> None:
    heard = recordings.RecordingResult(
        ("low",), "window", RATE, 0.1, 0.1, 0.5, (), np.empty(0), np.empty((0, 1), np.float32), *np.zeros((2, 1), np.float32)
    )  # fmt: skip
    assert heard.events_with(AT_ONCE) == ()
    assert len(heard.peaks(10)[0]) == 0
    assert heard.refused_with(AT_ONCE).shape == (0, 2)


def test_speech_that_is_none_of_the_words_is_found_in_stretches() -> None:
    speech, silence = np.eye(3, dtype=np.float32)[1:]
    rows = np.array([speech] * 3 + [silence] * 4 + [speech] * 2)
    times = 0.1 * np.arange(1, 10)
    heard = recordings.RecordingResult(
        ("low", "_unknown_", "_silence_"), "stateful", RATE, 0.9, 0.1, 0.5, (), times, rows, *np.zeros((2, 1), np.float32)
    )  # fmt: skip
    np.testing.assert_allclose(heard.refused_with(AT_ONCE), [[0, 0.3], [0.7, 0.9]], atol=1e-9)
    assert heard.events_with(AT_ONCE) == ()


def test_the_beginning_of_a_detected_word_is_no_other_speech() -> None:
    """Eight words and nothing else were said, and Listen told of three seconds that were none of the words."""
    word, speech, silence = np.eye(3, dtype=np.float32)
    rows = np.array([speech] * 6 + [silence] * 4 + [speech] * 3 + [word] + [silence] * 4)
    times = 0.1 * np.arange(1, len(rows) + 1)
    heard = recordings.RecordingResult(
        ("low", "_unknown_", "_silence_"), "stateful", RATE, 1.8, 0.1, 0.5, (), times, rows, *np.zeros((2, 1), np.float32)
    )  # fmt: skip
    config = replace(AT_ONCE, context_ms=0)
    (event,) = heard.events_with(config)
    assert (event.start, event.end) == (pytest.approx(0.9), pytest.approx(1.4))
    np.testing.assert_allclose(heard.refused_with(config), [[0, 0.6]], atol=1e-9)


@pytest.mark.parametrize("rate", [RATE, 44_100])
@pytest.mark.parametrize("name", ["commands-streaming", "commands"])
def test_a_word_that_ends_with_the_recording_is_heard(tmp_path: Path, name: str, rate: int) -> None:
    word = soxr.resample(say("right", voices()[12]), SAMPLE_RATE, rate)
    word = word[: np.flatnonzero(np.abs(word) > 0.03 * np.abs(word).max())[-1]]
    path = write(tmp_path / "cut.wav", np.concatenate([np.zeros(rate // 2, np.float32), word]), rate)
    heard = recordings.listen(runs.find(name), AudioSource(path))
    assert [event.label for event in heard.events] == ["right"]
    assert heard.times.max() <= heard.seconds
    assert heard.events_with(DetectionConfig(threshold=0.5))[0].end <= heard.seconds


@settings(max_examples=25)
@given(columns=st.integers(1, 400))
def test_no_word_is_lost_from_the_ribbon(tmp_path_factory: pytest.TempPathFactory, columns: int) -> None:
    heard = _heard_once(tmp_path_factory)
    spans, highest = heard.peaks(columns)
    assert len(spans) == min(columns, len(heard.times))
    np.testing.assert_array_equal(highest.max(axis=0), heard.probabilities.max(axis=0))
    np.testing.assert_allclose(spans[1:, 0], spans[:-1, 1], atol=1e-9)
    loudest = spans[highest[:, 0].argmax()]
    assert loudest[0] < 1.45, "the low tone sounds from 1.0"
    assert loudest[1] > 1.0


def _heard_once(tmp_path_factory: pytest.TempPathFactory, kept: list = []) -> recordings.RecordingResult:  # noqa: B006
    if not kept:
        path = write(tmp_path_factory.mktemp("ribbon") / "a.wav", tones((1.0, LOW), (3.0, HIGH)))
        kept.append(recordings.listen(tone_run(), AudioSource(path), AT_ONCE))
    return kept[0]


def test_progress_counts_the_seconds_and_may_cancel(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tones(seconds=4.5))
    told: list[Progress] = []
    recordings.listen(tone_run(), AudioSource(path), report=told.append)
    assert [one.done for one in told] == [1, 2, 3, 4, 4]
    assert {one.total for one in told} == {4}

    def cancel(progress: Progress) -> None:
        told.append(progress)
        raise Cancelled("Stopped.")

    told.clear()
    with pytest.raises(Cancelled):
        recordings.listen(tone_run(), AudioSource(path), report=cancel)
    assert len(told) == 1, "at the first block"
