"""Other recordings are heard in stretches as long as a clip, without those that say one of the words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio_models.recognition.other_sound import stretches
from tests.support.sounds import write

RATE = 8000


def _noise(seconds: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


@pytest.fixture
def reading(tmp_path: Path) -> Path:
    """Ten readers, 5.5 s each, of whom two are for the test; and a short recording of each of two words."""
    folder = tmp_path / "reading"
    for reader in range(10):
        write(folder / f"{reader}-1-0001.wav", _noise(5.5, reader), RATE)
    return folder


def test_long_recordings_are_cut_end_to_end(reading: Path) -> None:
    [found] = stretches([str(reading)], "test", ["on"], 1.0, RATE)
    assert (found.folder, found.kind) == ("reading", "speech")
    assert len(found.clips) == 5 * found.recordings
    starts = [clip.start for clip in found.clips[:5]]
    assert starts == [0, 1, 2, 3, 4]
    assert {(clip.seconds, clip.split, clip.whole, clip.word) for clip in found.clips} == {(1.0, "test", False, "")}
    speakers = {clip.speaker for clip in found.clips}
    training = stretches([str(reading)], "training", ["on"], 1.0, RATE)
    assert not speakers & {clip.speaker for clip in training[0].clips}


def test_a_short_recording_is_heard_where_it_is_loudest_and_one_of_the_words_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "phrases"
    for place, word in enumerate(("weather", "on")):
        for number in range(10):
            sound = 0.001 * _noise(1.6, number)
            sound[RATE : round(1.3 * RATE)] += _noise(0.3, 10 * place + number)
            write(folder / word / f"{number}.wav", sound, RATE)
    [found] = stretches([str(folder)], "test", ["on"], 1.0, RATE)
    assert {clip.word for clip in found.clips} == {"weather"}
    assert all(clip.start == pytest.approx(0.6, abs=0.1) for clip in found.clips), "to the end"
    assert len(found.clips) == found.recordings


def test_a_folder_that_is_gone_and_none_at_all_give_nothing(tmp_path: Path) -> None:
    assert stretches([str(tmp_path / "gone"), "plain name"], "test", ["on"], 1.0, RATE) == []
    assert stretches([], "test", ["on"], 1.0, RATE) == []


def test_two_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for parent in ("mine", "yours"):
        for number in range(10):
            write(tmp_path / parent / "phrases" / f"{number}.wav", _noise(0.8, 10 * len(parent) + number), RATE)
    folders = [str(tmp_path / parent / "phrases") for parent in ("mine", "yours", "mine")]
    assert [one.folder for one in stretches(folders, "test", ["on"], 1.0, RATE)] == folders[:2]
