"""The cells compared: what counts as a difference, and a comparison from start to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audio_models import comparison, comparison_process, metrics
from audio_models.comparison import CellResult, ComparisonConfig, Measures, findings
from audio_models.config import Cell
from audio_models.errors import ConfigError, RunError
from data.catalogue import CorpusReference
from data.task import Task
from tests.conftest import shell
from tests.sounds import glides

TASK = Task(("rise", "fall"))
CORPUS = CorpusReference("synthetic_voices")


def _result(cell: Cell, correct: np.ndarray) -> CellResult:
    speakers = tuple(f"s{number // 5}" for number in range(len(correct)))
    interval = metrics.accuracy_interval(correct, speakers)
    return CellResult(
        cell,
        float(correct.mean()),
        interval,
        (float(correct.mean()),),
        10,
        3,
        0.1,
        Measures(0.001, 0.3),
        correct,
        speakers,
    )


def test_a_clear_difference_is_told_and_none_is_made_up() -> None:
    random = np.random.default_rng(0)
    good = random.random(400) < 0.95
    alike = good.copy()
    alike[:3] = ~alike[:3]
    bad = random.random(400) < 0.6
    found = findings([_result("gru", good), _result("lstm", alike), _result("simple_rnn", bad)])
    assert [one.other for one in found] == ["lstm", "simple_rnn"]
    assert not found[0].told_apart
    assert "no difference could be told" in found[0].in_words()
    assert found[1].told_apart
    assert "GRU is right more often than SimpleRNN, by 3" in found[1].in_words()
    assert found[1].difference.low > 0.2


def test_equal_networks_are_told_apart_in_no_more_than_one_of_twenty() -> None:
    """The error of the first kind, over 200 comparisons of networks that are equally good."""
    told = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        speakers = [f"s{number // 4}" for number in range(120)]
        skill = np.repeat(random.uniform(0.5, 1, 30), 4)  # some speakers are heard worse by both
        one, other = random.random(120) < skill, random.random(120) < skill
        told += metrics.paired_difference(one, other, speakers).p < comparison.SURE
    assert told <= 0.085 * 200


def test_a_paired_difference_is_antisymmetric() -> None:
    random = np.random.default_rng(1)
    one, other = random.random(100) < 0.9, random.random(100) < 0.7
    there = metrics.paired_difference(one, other, [None] * 100)
    back = metrics.paired_difference(other, one, [None] * 100)
    assert there.difference == pytest.approx(-back.difference)
    assert there.low == pytest.approx(-back.high)
    assert there.p == back.p
    assert there.low < there.difference < there.high
    wider = metrics.paired_difference(one, other, [None] * 100, comparisons=3)
    assert wider.low <= there.low
    assert wider.high >= there.high


def test_the_same_network_twice_is_no_difference() -> None:
    correct = np.arange(50) % 3 > 0
    same = metrics.paired_difference(correct, correct, [None] * 50)
    assert (same.difference, same.low, same.high) == (0, 0, 0)
    assert same.p == 1


def test_settings() -> None:
    config = ComparisonConfig(CORPUS, TASK, ("gru", "lstm"), seeds=2, epochs=7)
    assert config.jobs == [("gru", 0), ("lstm", 0), ("gru", 1), ("lstm", 1)]
    one, other = config.run_config("gru", 1), config.run_config("lstm", 1)
    assert one.training.seed == 1
    assert one.training.epochs == other.training.epochs == 7
    assert one.task == other.task
    with pytest.raises(ConfigError, match="choose two or more"):
        ComparisonConfig(CORPUS, TASK, ("gru",))
    with pytest.raises(ConfigError, match="number of seeds is 0"):
        ComparisonConfig(CORPUS, TASK, seeds=0)


def test_comparisons_are_found_by_id() -> None:
    with pytest.raises(RunError, match="none yet"):
        comparison.find("x")
    made = comparison.create(ComparisonConfig(CORPUS, TASK))
    assert comparison.find(made.id) == made
    assert comparison.results(made) == []


def test_from_start_to_end_in_the_shell(tmp_path: Path) -> None:
    folder = glides(tmp_path / "glides", speakers=20)
    done = shell(
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
    made = comparison.find(Path(found["path"]).name)
    assert made.run("gru", 0).has_model
    assert made.state.status == "finished"
    # what is trained is not trained again
    before = made.run("gru", 0).model_path.stat().st_mtime_ns
    assert comparison_process.compare(made).status == "finished"
    assert made.run("gru", 0).model_path.stat().st_mtime_ns == before
