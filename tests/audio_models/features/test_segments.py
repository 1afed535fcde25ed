"""A recording is cut at its pauses: exactly as many takes as were said, in silence and in noise; and bad ones are refused."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from audio_models.errors import AudioError
from audio_models.features.segments import find_takes
from audio_models.features.waveform import AudioSource
from audio_models.own_words.intake import takes_of
from audio_models.own_words.recording import read_recording
from data.own import corpus as own_corpus
from data.public.synthetic_voices import say, voices
from tests.conftest import Done
from tests.support.sounds import RATE, said_with_pauses, tone, write

NOISE_LEVELS = (30, 20, 10)  # dB of the word over the noise


def _are_found(recording: np.ndarray, places: list[tuple[int, int]]) -> bool:
    takes = find_takes(recording, RATE)
    return len(takes) == len(places) and all(
        take.first < end and take.last > start for take, (start, end) in zip(takes, places, strict=True)
    )


@pytest.mark.parametrize("snr", NOISE_LEVELS)
@pytest.mark.parametrize("word", ["stop", "seven", "left"])
def test_ten_times_a_word_is_ten_takes(word: str, snr: float) -> None:
    words = [say(word, voices()[12], take) for take in range(10)]
    assert _are_found(*said_with_pauses(words, snr))


def test_real_speakers_are_cut_as_they_speak(real_digits: Path) -> None:
    """Six speakers, ten digits, ten takes each. One speaks now and then more softly than the noise of 10 dB."""
    for snr, share in zip(NOISE_LEVELS, (0.97, 0.95, 0.85), strict=True):
        found = []
        for speaker in ("george", "jackson", "lucas", "nicolas", "theo", "yweweler"):
            for digit in range(0, 10, 2):
                words = []
                for take in range(10):
                    samples, rate = soundfile.read(
                        real_digits / "recordings" / f"{digit}_{speaker}_{take}.flac", dtype="float32"
                    )
                    words.append(soxr.resample(samples, rate, RATE))
                found.append(_are_found(*said_with_pauses(words, snr, seed=digit)))
        assert np.mean(found) >= share, snr


def test_bursts_are_cut_where_they_lie() -> None:
    """Tones of 0.4 s: the edges are known to the sample, the margins are 0.12 s."""
    recording, places = said_with_pauses([tone(800, 0.4)] * 4, 40)
    for take, (start, end) in zip(find_takes(recording, RATE), places, strict=True):
        assert take.first == pytest.approx(start - 0.12 * RATE, abs=0.06 * RATE)
        assert take.last == pytest.approx(end + 0.12 * RATE, abs=0.06 * RATE)


def test_a_short_silence_belongs_to_the_word() -> None:
    word = np.concatenate([tone(800, 0.25), np.zeros(RATE // 10, np.float32), tone(400, 0.2)])
    assert len(find_takes(said_with_pauses([word] * 3, 30)[0], RATE)) == 3


def test_clicks_are_no_takes() -> None:
    recording, places = said_with_pauses([tone(800, 0.4)] * 3, 30)
    for middle in (places[0][0] // 2, (places[0][1] + places[1][0]) // 2):
        recording[middle : middle + 80] += 0.8
    assert len(find_takes(recording, RATE)) == 3


@pytest.mark.parametrize(
    "recording",
    [np.zeros(RATE, np.float32), np.zeros(0, np.float32), np.zeros(7, np.float32), np.ones(RATE, np.float32)],
)
def test_where_nothing_stands_out_there_is_no_take(recording: np.ndarray) -> None:
    assert find_takes(recording, RATE) == []
    noise = np.random.default_rng(0).normal(0, 0.1, 5 * RATE).astype(np.float32)
    assert find_takes(noise, RATE) == []


@given(st.integers(1, 12), st.integers(0, 10_000), st.floats(0.01, 1.0))
def test_takes_are_in_order_apart_and_independent_of_the_level(count: int, seed: int, gain: float) -> None:
    recording, _ = said_with_pauses([tone(500 + 50 * number, 0.3) for number in range(count)], 30, seed)
    takes = find_takes(recording, RATE)
    assert len(takes) == count
    edges = [edge for take in takes for edge in (take.first, take.last)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= len(recording)
    assert find_takes(recording * np.float32(gain), RATE) == takes


def test_a_take_is_kept_as_it_was_recorded(tmp_path: Path) -> None:
    recording, places = said_with_pauses([tone(800, 0.4)] * 3, 30)
    file = write(tmp_path / "lamp.wav", recording)
    found = read_recording(AudioSource(file))
    assert (found.sample_rate, found.bits, len(found.takes)) == (RATE, 16, 3)
    for take in found.takes:
        samples, rate = soundfile.read(io.BytesIO(found.flac(take)), dtype="int16")
        assert rate == RATE
        np.testing.assert_array_equal(samples, soundfile.read(file, dtype="int16")[0][take.first : take.last])
    assert read_recording(AudioSource(write(tmp_path / "deep.wav", recording, subtype="PCM_24"))).bits == 24
    assert read_recording(AudioSource(file.read_bytes(), "x")).takes == found.takes
    assert len(places) == 3


def test_takes_are_added_to_a_corpus_in_the_command(
    tmp_path: Path, workspace_folder: Path, command: Callable[..., Done]
) -> None:
    file = write(tmp_path / "lamp.wav", said_with_pauses([tone(800, 0.4)] * 5, 30)[0])
    assert command("corpus", "create", "mine").returncode == 0
    done = command("corpus", "record-split", "mine", file, file, "--label", "lämp/灯", "--speaker", "anna", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["labels"] == {"lämp/灯": 10}
    clips = own_corpus.OwnCorpus("mine").clips()
    assert {(clip.label, clip.speaker, clip.source) for clip in clips} == {("lämp/灯", "anna", "recording")}
    assert sorted({clip.original for clip in clips}) == [f"lamp {number}.flac" for number in range(1, 6)]


def test_recordings_without_takes_are_refused(tmp_path: Path, command: Callable[..., Done]) -> None:
    silent = write(tmp_path / "silent.wav", np.zeros(RATE, np.float32))
    taken, refused = takes_of(silent, "lamp", "anna", "silent.wav")
    assert taken == []
    assert "No speech in silent.wav stands out" in refused[0].reason
    long = write(tmp_path / "long.wav", np.zeros(11 * 60 * 4000, np.float32), 4000)
    with pytest.raises(AudioError, match="lasts 11 minutes; up to 10"):
        read_recording(AudioSource(long))
    own_corpus.create("mine")
    good = write(tmp_path / "lamp.wav", said_with_pauses([tone(800, 0.4)] * 2, 30)[0])
    done = command("corpus", "record-split", "mine", good, tmp_path / "none.wav", "--label", "a", "--speaker", "b")
    assert done.returncode == 1, "as of predict, where one clip cannot be read"
    assert "none.wav" in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(own_corpus.OwnCorpus("mine").clips()) == 2, "one bad recording does not stand in the way of the others"
    done = command("corpus", "record-split", "mine", silent, "--label", "a")
    assert done.returncode == 1
    assert "No speech in silent.wav stands out" in done.stderr
