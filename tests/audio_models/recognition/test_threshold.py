"""A threshold chosen by the user: used wherever the run answers, and given up again."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest

from audio_models.export import model_folder
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation, threshold
from audio_models.recognition.recognizer import Recognizer


@pytest.fixture
def run(home: Path) -> Run:
    (found,) = [one for one in runs.listing() if not one.is_bundled]
    return found


def test_it_is_used_by_answers_evaluations_and_exports(run: Run) -> None:
    fitted = Recognizer.of_run(run).threshold
    before = evaluation.evaluate_and_store(run, split="test")
    threshold.store(run, 0.97)
    assert Recognizer.of_run(run).threshold == 0.97
    stored = evaluation.load_cached(run, split="test")
    assert stored is not None
    assert (stored.threshold, stored.predictions) == (0.97, before.predictions)
    assert evaluation.evaluate_and_store(run, split="test").threshold == 0.97
    graph = onnx.load_from_string(model_folder.contents(run).files["model.onnx"])
    assert {one.key: one.value for one in graph.metadata_props}["threshold"] == "0.97"
    threshold.store(run, None)
    assert Recognizer.of_run(run).threshold == fitted
    assert evaluation.load_cached(run, split="test") == before


def test_of_a_network_that_comes_with_echoic_it_is_kept_in_the_workspace(workspace_folder: Path) -> None:
    run = runs.find("commands")
    threshold.store(run, 0.9)
    assert Recognizer.of_run(run).threshold == 0.9
    assert (workspace_folder / "bundled" / "commands" / "threshold.json").is_file()


@pytest.mark.parametrize("content", ["[]", "{", json.dumps({"threshold": 7}), json.dumps({"other": 0.5})])
def test_a_damaged_one_is_as_good_as_none(run: Run, content: str) -> None:
    (run.folder / "threshold.json").write_text(content)
    assert threshold.load(run) is None
