"""The cells compared: what counts as a difference, and a comparison from start to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio_models.config import Cell, Readout, RunConfig
from audio_models.errors import ConfigError, RunError
from audio_models.lab import comparison, comparison_process, comparison_results, verdict
from audio_models.lab.comparison import ComparisonConfig, Measures, Trial, Variant
from audio_models.lab.comparison_results import CellResult
from audio_models.lab.verdict import findings
from audio_models.recognition import metrics
from audio_models.recognition.evaluation_result import to_json
from data.corpus import CorpusReference
from data.task import Task
from tests.conftest import Done
from tests.support.sounds import glides

TASK = Task(("rise", "fall"))
CORPUS = CorpusReference("synthetic_voices")


SPEAKERS = tuple(f"s{number // 5}" for number in range(400))


def _result(cell: Cell, correct: np.ndarray, readout: Readout | None = None) -> CellResult:
    """Of an array (trainings, clips)."""
    curves = tuple((0.5, float(one)) for one in correct.mean(axis=1))
    return CellResult(
        Variant(cell, readout), readout or "last", "test", 10, 4, 0.002, curves, 0.1, Measures(0.001, 0.3), correct, SPEAKERS
    )  # fmt: skip


def _trainings(accuracy: float, seed: int, *, clips: int = 400, trainings: int = 3, wavers: float = 0.0) -> np.ndarray:
    """Networks that are right at random; how often varies from training to training."""
    random = np.random.default_rng(seed)
    return np.stack([random.random(clips) < accuracy + random.normal(0, wavers) for _ in range(trainings)])


def test_a_clear_difference_is_told_and_none_is_made_up() -> None:
    good, alike, bad = _trainings(0.95, 0), _trainings(0.95, 1), _trainings(0.6, 2)
    found = sorted(
        (_result("gru", good), _result("lstm", alike), _result("simple_rnn", bad)), key=lambda r: -r.accuracy
    )
    told = findings(found)
    assert [(one.one.cell, one.other.cell) for one in told] == [
        (found[0].cell, found[1].cell), (found[0].cell, "simple_rnn"), (found[1].cell, "simple_rnn"),
    ], "all pairs"  # fmt: skip
    close, clear, _ = told
    assert not close.is_significant
    assert close.outcome == "too close to call"
    assert "Too close to call" in close.summary()
    assert clear.is_significant
    assert clear.outcome == f"{found[0].variant.title} is better"
    assert "is better than SimpleRNN by 3" in clear.summary()
    assert clear.difference.low is not None
    assert clear.difference.low > 0.2
    first, second = (row.variant.title for row in found[:2])
    assert verdict.verdict(found, told) == f"Too close to call: {first} and {second}; both are ahead of SimpleRNN."


def test_the_verdict_is_one_plain_sentence() -> None:
    def said(*found: CellResult) -> str:
        return verdict.verdict(found, findings(found))

    best, middle, alike, worst = (_trainings(share, seed) for seed, share in enumerate((0.95, 0.8, 0.8, 0.6)))
    assert said(_result("gru", best), _result("lstm", middle), _result("simple_rnn", worst)) == (
        "GRU is the most accurate, ahead of LSTM and SimpleRNN."
    )
    assert said(_result("gru", middle), _result("lstm", alike)) == "Too close to call: GRU and LSTM."
    assert said(_result("gru", best)) == ""
    # each cell with either readout: the question is which readout, so only these pairs are tested
    found = (
        _result("simple_rnn", best, "mean"), _result("gru", middle, "mean"), _result("gru", alike, "last"),
        _result("feed_forward", alike), _result("simple_rnn", worst, "last"),
    )  # fmt: skip
    assert [(one.one.cell, one.other.cell) for one in findings(found)] == [("simple_rnn",) * 2, ("gru",) * 2]
    assert said(*found) == "The mean of all states is better for SimpleRNN; too close to call for GRU."
    assert findings(found)[0].summary().startswith("SimpleRNN, mean is better than SimpleRNN, last state by 3")


def test_one_training_of_each_tells_nothing_of_the_cells() -> None:
    found = findings(
        [_result("gru", _trainings(0.95, 0, trainings=1)), _result("lstm", _trainings(0.5, 1, trainings=1))]
    )
    assert not found[0].is_significant
    assert found[0].p is None
    assert "too few trainings or clips" in found[0].summary()
    assert "Too few trainings" in verdict.verdict([_result("gru", _trainings(0.9, 0, trainings=1))] * 2, found)


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
        told += p is not None and p < verdict.SIGNIFICANCE
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
    gru, lstm = config.variants
    assert config.jobs == [(gru, 0), (lstm, 0), (gru, 1), (lstm, 1)]
    one, other = config.run_config(gru, 1), config.run_config(lstm, 1)
    assert one.training.seed == 1
    assert one.training.epochs == other.training.epochs == 7
    assert one.task == other.task
    with pytest.raises(ConfigError, match="choose two or more"):
        ComparisonConfig(CORPUS, TASK, ("gru",))
    with pytest.raises(ConfigError, match="given twice"):
        ComparisonConfig(CORPUS, TASK, ("gru", "gru"))
    with pytest.raises(ConfigError, match="given twice"):
        ComparisonConfig(CORPUS, TASK, rates=(0.1, 0.1))
    with pytest.raises(ConfigError, match="Seeds is 0"):
        ComparisonConfig(CORPUS, TASK, seeds=0)
    with pytest.raises(ConfigError, match="set readout to last"):
        ComparisonConfig(CORPUS, TASK, readout="mean", recipe="streaming")


def test_the_cells_are_compared_fairly_unless_told_otherwise() -> None:
    """SimpleRNN read the mean of all states and the others the last, at rates of their own, and each stopped when it liked."""

    def trained(**settings: Any) -> dict[str, RunConfig]:
        config = ComparisonConfig(CORPUS, TASK, **settings)
        return {variant.key: config.run_config(variant, 0) for variant in config.variants}

    fair = trained()
    assert {key: run.network.readout for key, run in fair.items() if key != "feed_forward"} == {
        "simple_rnn": "last", "lstm": "last", "gru": "last",
    }  # fmt: skip
    assert len({(run.training, run.network.units, run.network.dropout) for run in fair.values()}) == 1
    assert {run.training.patience for run in fair.values()} == {0}, "all train to the end"
    assert {run.network.readout for run in trained(readout="mean").values()} == {"mean"}
    assert {run.network.readout for run in trained(recipe="strong", cells=("gru", "lstm")).values()} == {"attention"}
    as_it_was = trained(readout="recipe", rates=(), patience=6)
    assert as_it_was["simple_rnn"].network.readout == "mean"
    assert as_it_was["simple_rnn"].training.learning_rate == 1e-3
    assert as_it_was["gru"].training.learning_rate == 2e-3
    both = trained(readout="both")
    assert list(both) == [
        "simple_rnn-last", "simple_rnn-mean", "lstm-last", "lstm-mean", "gru-last", "gru-mean", "feed_forward",
    ]  # fmt: skip
    assert [run.network.readout for run in both.values()] == ["last", "mean"] * 3 + ["mean"]


def test_the_search_chooses_the_rate_and_counts_the_epochs_of_the_same_time() -> None:
    config = ComparisonConfig(CORPUS, TASK, ("gru", "lstm"), rates=(1e-3, 4e-3), epochs=9)
    gru, lstm = config.variants
    assert config.searched == [(gru, 1e-3), (gru, 4e-3), (lstm, 1e-3), (lstm, 4e-3)]
    made = comparison.create(config)
    assert made.planned(gru, 0).training.learning_rate == 1e-3
    made.write_trials(
        [Trial("gru", 1e-3, 0.9, 2.0), Trial("gru", 4e-3, 0.5, 2.0), Trial("lstm", 1e-3, 0.4, 4.0), Trial("lstm", 4e-3, None, 4.0)]
    )  # fmt: skip
    assert [made.planned(one, 2).training.learning_rate for one in (gru, lstm)] == [4e-3, 1e-3]
    assert [made.planned(one, 2).training.epochs for one in (gru, lstm)] == [9, 9]
    timed = comparison.create(replace(config, seconds=40))
    timed.write_trials(made.trials)
    assert [timed.planned(one, 2).training.epochs for one in (gru, lstm)] == [20, 10]
    one_rate = replace(config, rates=(5e-3,))
    assert one_rate.searched == [], "there is nothing to choose"
    assert one_rate.run_config(gru, 0).training.learning_rate == 5e-3
    assert len(replace(one_rate, seconds=40).searched) == 2, "an epoch is timed"


def test_results_survive_a_file_that_names_no_speaker_and_no_duration(tmp_path: Path) -> None:
    made = comparison.create(ComparisonConfig(CORPUS, TASK, ("gru", "lstm"), readout="both"))
    found = [_result("gru", _trainings(0.9, 1), "mean"), _result("lstm", _trainings(0.8, 2), "last")]
    comparison_results.write(found, made.folder / "results.json")
    assert "s7" not in (made.folder / "results.json").read_text()
    again = comparison_results.results(made)
    assert [one.variant for one in again] == [one.variant for one in found]
    for one, before in zip(again, found, strict=True):
        np.testing.assert_array_equal(one.correct, before.correct)
        assert (one.interval, one.accuracy, one.learning_rate) == (
            before.interval,
            before.accuracy,
            before.learning_rate,
        )
        assert one.epoch_seconds is None
        assert one.measures == Measures(None, 0.3)
    assert findings(again)[0:1] == findings(found)[0:1]


def test_comparisons_are_listed_and_empty_at_first() -> None:
    assert comparison.listing() == []
    made = comparison.create(ComparisonConfig(CORPUS, TASK))
    assert comparison.listing() == [made]
    assert comparison_results.results(made) == []


def test_from_start_to_end_in_the_shell(tmp_path: Path, command: Callable[..., Done]) -> None:
    folder = glides(tmp_path / "glides", speakers=20)
    done = command(
        "compare", "--corpus", folder, "--labels", "rise,fall", "--cells", "feed_forward,gru", "--seeds", 1, "--epochs", 20,
        "--rates", "0.00001,0.002", "--search-epochs", 3, "--json", "--table", tmp_path / "cells.json"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {row["cell"]: row for row in found["cells"]}
    assert json.loads((tmp_path / "cells.json").read_text(encoding="utf-8")) == found["cells"]
    assert set(rows) == {"gru", "feed_forward"}
    assert [row["accuracy"] for row in found["cells"]] == sorted(
        (row["accuracy"] for row in rows.values()), reverse=True
    )
    assert all(row["accuracy"] > 0.8 for row in rows.values()), "the slopes of the frames tell rise from fall"
    assert rows["feed_forward"]["memory_seconds"] < 0.001, "the last frame, and nothing before it"
    assert rows["gru"]["parameters"] > rows["feed_forward"]["parameters"]
    assert 0 < rows["gru"]["answer_seconds"] < 0.1
    assert {row["learning_rate"] for row in found["cells"]} == {0.002}, "the other hardly learns"
    assert {(one["variant"], one["rate"]) for one in found["search"]} == {
        (cell, rate) for cell in ("feed_forward", "gru") for rate in (1e-5, 2e-3)
    }
    assert {row["epochs"] for row in found["cells"]} == {20}
    [finding] = found["findings"]
    assert finding["difference"] == pytest.approx(found["cells"][0]["accuracy"] - found["cells"][1]["accuracy"])
    [made] = comparison.listing()
    assert str(made.folder) == found["path"]
    assert made.run(Variant("gru"), 0).has_model
    assert (made.state.status, made.state.done, made.state.total) == ("finished", 2, 2)
    assert rows["gru"]["split"] == "test"
    # clips that were added since would be heard by the networks to come alone
    table = to_json(comparison_results.evaluation_of(made.run(Variant("gru"), 0)))  # type: ignore[arg-type]
    shorter = {**table, "predictions": table["predictions"][1:]}
    file = next((made.run(Variant("gru"), 0).folder / "evaluations").glob("test-*.json"))
    before_change = file.read_bytes()
    file.write_text(json.dumps(shorter))
    with pytest.raises(RunError, match="have changed since the comparison began"):
        comparison_results.results(made)
    file.write_bytes(before_change)
    bad = command("compare", "--corpus", folder, "--rates", "0.001,fast")
    assert (bad.returncode, bad.stderr.count("\n")) == (1, 1)
    assert "'0.001,fast' is not a list of numbers, such as 0.001,0.002" in bad.stderr
    # what is trained is not trained again
    before, trials = made.run(Variant("gru"), 0).model_path.stat().st_mtime_ns, made.trials
    assert comparison_process.compare(made).status == "finished"
    assert made.run(Variant("gru"), 0).model_path.stat().st_mtime_ns == before
    assert made.trials == trials
