"""Where a unit is active: moments are found where they are, words are spread, and no clip costs more than it may."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio_models.config import NetworkConfig
from audio_models.errors import ConfigError
from audio_models.jobs import runs
from audio_models.lab import unit_search
from audio_models.lab.inspection import network_of
from audio_models.lab.unit_search import Activity, Signal, Sound, best_moments, pattern, pattern_scores, unit_scores
from audio_models.recognition.recognizer import Recognizer
from data.corpus import Clip
from tests.support.sounds import chirp, tone, write

HIDDEN = Signal("hidden")


def _activity(*values: np.ndarray) -> Activity:
    sounds = tuple(
        Sound("up" if number % 2 else "down", str(number), np.zeros(1, np.float32)) for number in range(len(values))
    )
    return Activity(sounds, tuple({HIDDEN: one.astype(np.float16)} for one in values), 0.02, 0.032, len(values))


def test_the_moment_of_a_unit_is_found_in_the_clip_where_it_is_highest() -> None:
    quiet, loud = np.full((20, 3), -0.1), np.full((30, 3), -0.1)
    quiet[5:8, 1] = 0.4
    loud[12:15, 1] = 0.9
    loud[2, 1] = 1.0  # a single step, less than the mean over three
    activity = _activity(quiet, loud, np.zeros((2, 3)))
    best = best_moments(unit_scores(activity, HIDDEN, 1), 3)
    assert [(one.sound, one.first, one.end) for one in best] == [(1, 12, 15), (0, 5, 8), (2, 0, 2)]
    assert best[0].score == pytest.approx(0.9, abs=1e-3)
    low = best_moments(unit_scores(activity, HIDDEN, 1, low=True), 3)
    assert low[0].score == pytest.approx(0.1, abs=1e-3)
    assert unit_search.means_by_label(activity, best) == pytest.approx({"up": 0.9, "down": 0.2}, abs=1e-3)


def test_a_pattern_is_found_again_where_the_same_units_are_active_the_same_way() -> None:
    here = np.zeros((10, 4))
    here[3:6] = [0.8, -0.9, 0.1, 0.7]
    here[4, 3] = 0.2  # not throughout
    wanted = pattern(here, HIDDEN, 3, 6, 0.5)
    assert wanted.units.tolist() == [0, 1]
    assert wanted.signs.tolist() == [1, -1]
    same, opposite, half = np.zeros((10, 4)), np.zeros((10, 4)), np.zeros((10, 4))
    same[6:9], opposite[6:9], half[6:9] = [0.6, -0.6, 0, 0], [-0.6, 0.6, 0, 0], [0.6, 0.6, 0, 0]
    best = best_moments(pattern_scores(_activity(opposite, half, same), HIDDEN, wanted), 3)
    assert [(one.sound, one.score) for one in best] == [(2, 1.0), (1, 0.5), (0, 0.0)]
    assert (best[0].first, best[0].end) == (6, 9)


def test_a_gate_is_active_when_open_or_shut_and_a_cell_state_by_what_can_be_read_of_it() -> None:
    gate = np.array([[0.95, 0.05, 0.5]])
    assert pattern(gate, Signal("forget"), 0, 1, 0.8).signs.tolist() == [1, -1]
    np.testing.assert_allclose(
        unit_search.levels(np.array([-9.0, 0.0, 9.0]), Signal("cell_state")), [-1, 0, 1], atol=1e-6
    )


def test_what_cannot_be_searched_for_is_named() -> None:
    values = np.zeros((10, 4))
    with pytest.raises(ConfigError, match=r"No unit stays beyond 0\.50"):
        pattern(values, HIDDEN, 0, 3, 0.5)
    with pytest.raises(ConfigError, match="The clip has steps 0 to 9; 8 to 11 are not in it"):
        pattern(values, HIDDEN, 8, 12, 0.5)
    with pytest.raises(ConfigError, match="The unit is 4"):
        unit_scores(_activity(values), HIDDEN, 4)


def test_clips_are_spread_over_the_words_and_those_of_the_test_come_first() -> None:
    clips = [
        Clip(Path(f"{number}.wav"), label, "test" if number % 3 == 0 else "training", 1.0)
        for label, count in (("left", 50), ("up", 5))
        for number in range(count)
    ]
    chosen = unit_search.spread(clips, 20)
    assert sum(clip.label == "up" for clip in chosen) == 5
    assert len(chosen) == 20
    assert [clip.split for clip in chosen[:4]] == ["test"] * 4


def test_signals_are_those_of_the_cell() -> None:
    assert [one.title for one in unit_search.signals(NetworkConfig("lstm"))] == [
        "Hidden state", "Cell state", "Input gate", "Forget gate", "Candidate", "Output gate",
    ]  # fmt: skip
    both = unit_search.signals(NetworkConfig("gru", bidirectional=True))
    assert [one.title for one in both][-1] == "Candidate, backward"
    assert [one.title for one in unit_search.signals(NetworkConfig("feed_forward"))] == ["Hidden layer"]


@pytest.mark.parametrize("name", ["plain-lstm", "commands", "plain-feed-forward"])
def test_a_network_reads_clips_of_a_folder_and_waveforms(name: str, tmp_path: Path) -> None:
    run = runs.find(name)
    recognizer = Recognizer.of_run(run)
    path = write(tmp_path / "clip.wav", tone(300))
    clip = Clip(path, "up", "test", 1.0, digest="a")
    gone = Clip(tmp_path / "gone.wav", "up", "test", 1.0, digest="b")
    sounds = [Sound("up", "clip", clip), Sound("up", "gone", gone), Sound("on", "chirp", chirp(300, 2500, 1.0, seed=3))]
    network = network_of(run)
    found = unit_search.read_all(network, recognizer, sounds)
    assert [one.name for one in found.sounds] == ["clip", "chirp"]
    assert found.asked == 3
    trace = network.read(recognizer.normalise(recognizer.frames(chirp(300, 2500, 1.0, seed=3))))
    for signal in unit_search.signals(run.config.network):
        values = found.of(signal)[1]
        np.testing.assert_array_equal(values, unit_search.activity_in(run.config.network, trace, signal))
        assert len(values) == len(trace.hidden)
    units = run.config.network.units
    first = unit_search.signals(run.config.network)[0]
    np.testing.assert_allclose(found.of(first)[1], trace.hidden[:, :units], rtol=1e-3, atol=1e-6)


def test_more_sounds_than_fit_are_refused_and_time_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.find("plain-simple-rnn")
    recognizer, network = Recognizer.of_run(run), network_of(run)
    sound = Sound("on", "chirp", chirp(300, 2500, 0.3, seed=3))
    with pytest.raises(ConfigError, match="The number of sounds is 401"):
        unit_search.read_all(network, recognizer, [sound] * 401)
    monkeypatch.setattr(unit_search, "_SECONDS", 0.0)
    found = unit_search.read_all(network, recognizer, [sound] * 120)
    assert (len(found.sounds), found.asked) == (50, 120)
