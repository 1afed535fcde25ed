"""The cells compared: what counts as a difference, and a comparison from start to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audio_models.config import Cell
from audio_models.errors import ConfigError, RunError
from audio_models.lab import comparison, comparison_process
from audio_models.lab.comparison import CellResult, ComparisonConfig, Measures, findings
from audio_models.recognition import metrics
from audio_models.recognition.evaluation_result import to_json
from data.corpus import CorpusReference
from data.task import Task
from tests.conftest import Done
from tests.support.sounds import glides

TASK = Task(("rise", "fall"))
CORPUS = CorpusReference("synthetic_voices")


SPEAKERS = tuple(f"s{number // 5}" for number in range(400))


def _result(cell: Cell, correct: np.ndarray) -> CellResult:
    """Of an array (trainings, clips)."""
    interval = metrics.mean_accuracy_interval(correct, SPEAKERS)
    each = tuple(correct.mean(axis=1))
    return CellResult(
        cell, float(correct.mean()), "test", interval, each, 10, 3, 0.1, Measures(0.001, 0.3), correct, SPEAKERS
    )


def _trainings(accuracy: float, seed: int, *, clips: int = 400, trainings: int = 3, wavers: float = 0.0) -> np.ndarray:
    """Networks that are right at random; how often varies from training to training."""
    random = np.random.default_rng(seed)
    return np.stack([random.random(clips) < accuracy + random.normal(0, wavers) for _ in range(trainings)])


def test_a_clear_difference_is_told_and_none_is_made_up() -> None:
    good, alike, bad = _trainings(0.95, 0), _trainings(0.95, 1), _trainings(0.6, 2)
    found = findings(
        sorted((_result("gru", good), _result("lstm", alike), _result("simple_rnn", bad)), key=lambda r: -r.accuracy)
    )
    assert found[-1].other == "simple_rnn"
    assert not found[0].is_significant
    assert "Too close to call" in found[0].summary()
    assert found[1].is_significant
    assert "is better than SimpleRNN by 3" in found[1].summary()
    assert found[1].difference.low is not None
    assert found[1].difference.low > 0.2


def test_one_training_of_each_tells_nothing_of_the_cells() -> None:
    found = findings(
        [_result("gru", _trainings(0.95, 0, trainings=1)), _result("lstm", _trainings(0.5, 1, trainings=1))]
    )
    assert not found[0].is_significant
    assert found[0].p is None
    assert "too few trainings or clips" in found[0].summary()


@pytest.mark.parametrize("speakers", [SPEAKERS, (None,) * 400, tuple("abcdef"[number % 6] for number in range(400))])
@pytest.mark.parametrize("wavers", [0.0, 0.02])
def test_equal_cells_are_told_apart_in_no_more_than_one_of_twenty(speakers: tuple, wavers: float) -> None:
    """The error of the first kind, with trainings that go better and worse, and clips that are hard for both."""
    told = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        _, who = np.unique([str(one) for one in speakers], return_inverse=True)
        hard = random.uniform(-0.15, 0.1, 400)[who] if speakers[0] is not None else random.uniform(-0.15, 0.1, 400)
        one, other = (
            np.stack([random.random(400) < 0.85 + hard + random.normal(0, wavers) for _ in range(3)]) for _ in range(2)
        )
        p = metrics.paired_difference(one, other, speakers).p
        told += p is not None and p < comparison.SIGNIFICANCE
    assert told <= 0.09 * 300


def test_a_paired_difference_is_antisymmetric() -> None:
    one, other = _trainings(0.9, 1), _trainings(0.7, 2)
    there = metrics.paired_difference(one, other, SPEAKERS)
    back = metrics.paired_difference(other, one, SPEAKERS)
    assert there.low is not None
    assert there.high is not None
    assert back.high is not None
    assert there.difference == pytest.approx(-back.difference)
    assert there.low == pytest.approx(-back.high)
    assert there.p == pytest.approx(back.p)
    assert there.low < there.difference < there.high
    wider = metrics.paired_difference(one, other, SPEAKERS, comparisons=3)
    assert wider.low is not None
    assert wider.low < there.low


def test_the_same_network_twice_is_no_difference() -> None:
    correct = np.tile(np.arange(50) % 3 > 0, (2, 1))
    same = metrics.paired_difference(correct, correct, [None] * 50)
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)


def test_an_interval_of_several_trainings_is_as_wide_as_they_waver() -> None:
    steady = metrics.mean_accuracy_interval(_trainings(0.9, 0), SPEAKERS)
    wavering = metrics.mean_accuracy_interval(_trainings(0.9, 0, wavers=0.05), SPEAKERS)
    assert steady.over == "speakers"
    assert wavering.high - wavering.low > 1.5 * (steady.high - steady.low)
    alone = metrics.mean_accuracy_interval(_trainings(0.9, 0), [None] * 400)
    assert alone.over == "clips"
    perfect = metrics.mean_accuracy_interval(np.ones((3, 40), bool), [None] * 40)
    assert 0.9 < perfect.low < perfect.high == 1.0


def test_a_median_of_memory_lengths_may_be_longer_than_the_clips() -> None:
    assert Measures.of([0.1], [0.2, np.inf, np.inf]) == Measures(0.1, None, True)
    assert Measures.of([0.1], [0.2, 0.4, np.inf]) == Measures(0.1, 0.4)
    assert Measures.of([], []).latency_text == Measures.of([], []).memory_text == "not measured"


def test_settings() -> None:
    config = ComparisonConfig(CORPUS, TASK, ("gru", "lstm"), seeds=2, epochs=7)
    assert config.jobs == [("gru", 0), ("lstm", 0), ("gru", 1), ("lstm", 1)]
    one, other = config.run_config("gru", 1), config.run_config("lstm", 1)
    assert one.training.seed == 1
    assert one.training.epochs == other.training.epochs == 7
    assert one.task == other.task
    with pytest.raises(ConfigError, match="choose two or more"):
        ComparisonConfig(CORPUS, TASK, ("gru",))
    with pytest.raises(ConfigError, match="given twice"):
        ComparisonConfig(CORPUS, TASK, ("gru", "gru"))
    with pytest.raises(ConfigError, match="Seeds is 0"):
        ComparisonConfig(CORPUS, TASK, seeds=0)


def test_comparisons_are_listed_and_empty_at_first() -> None:
    assert comparison.listing() == []
    made = comparison.create(ComparisonConfig(CORPUS, TASK))
    assert comparison.listing() == [made]
    assert comparison.results(made) == []


def test_from_start_to_end_in_the_shell(tmp_path: Path, command: Callable[..., Done]) -> None:
    folder = glides(tmp_path / "glides", speakers=20)
    done = command(
        "compare", "--corpus", folder, "--labels", "rise,fall", "--cells", "feed_forward,gru", "--seeds", 1, "--epochs", 20, "--json"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {row["cell"]: row for row in found["cells"]}
    assert set(rows) == {"gru", "feed_forward"}
    assert [row["accuracy"] for row in found["cells"]] == sorted(
        (row["accuracy"] for row in rows.values()), reverse=True
    )
    assert all(row["accuracy"] > 0.8 for row in rows.values()), "the slopes of the frames tell rise from fall"
    assert rows["feed_forward"]["memory_seconds"] < 0.001, "the last frame, and nothing before it"
    assert rows["gru"]["parameters"] > rows["feed_forward"]["parameters"]
    assert 0 < rows["gru"]["answer_seconds"] < 0.1
    [finding] = found["findings"]
    assert finding["difference"] == pytest.approx(found["cells"][0]["accuracy"] - found["cells"][1]["accuracy"])
    [made] = comparison.listing()
    assert str(made.folder) == found["path"]
    assert made.run("gru", 0).has_model
    assert made.state.status == "finished"
    assert rows["gru"]["split"] == "test"
    # clips that were added since would be heard by the networks to come alone
    table = to_json(comparison.evaluation_of(made.run("gru", 0)))  # type: ignore[arg-type]
    shorter = {**table, "predictions": table["predictions"][1:]}
    file = next((made.run("gru", 0).folder / "evaluations").glob("test-*.json"))
    before_change = file.read_bytes()
    file.write_text(json.dumps(shorter))
    with pytest.raises(RunError, match="have changed since the comparison began"):
        comparison.results(made)
    file.write_bytes(before_change)
    # what is trained is not trained again
    before = made.run("gru", 0).model_path.stat().st_mtime_ns
    assert comparison_process.compare(made).status == "finished"
    assert made.run("gru", 0).model_path.stat().st_mtime_ns == before
