"""A run written as a program: it computes the same features, builds the same network and learns the same."""

from __future__ import annotations

import ast
import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from audio_models.config import NetworkConfig
from audio_models.export import keras_code, script
from audio_models.export.keras_network import network
from audio_models.features.feature_cache import compute_features
from audio_models.features.sequences import pad
from audio_models.jobs.runs import Run
from audio_models.networks import keras_model
from audio_models.recipes import default_run
from audio_models.recognition import evaluation
from audio_models.recognition.recognizer import Recognizer
from audio_models.training.preparation import choose, prepare
from data.corpus import CorpusReference
from data.phrases import percent
from data.task import Task
from tests.conftest import Trained
from tests.support.networks_in_all_shapes import CLASSES, WIDTH, all_shapes, randomised, shape_name

# Runs the program as a user would, then writes down what it made.
RUN = """
import json, runpy
import numpy as np
made = runpy.run_path("train.py")
np.savez("made.npz", x=made["padded"](made["frames"]["training"]), y=made["y"]["training"], order=made["epoch_order"](1))
accuracy = {split: float((made["model"].predict(made["x"][split], verbose=0).argmax(axis=1) == made["y"][split]).mean()) for split in ("validation", "test")}
print(json.dumps({"accuracy": accuracy, "parameters": made["model"].count_params(), "shapes": [list(one.shape) for one in made["model"].weights if one.dtype == "float32"]}))
"""


@pytest.fixture(scope="module")
def written(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, script.Script, Path]:
    folder = tmp_path_factory.mktemp("script") / "glides"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHOIC_HOME", str(trained.workspace))
        run = Run(trained.folder)
        return run, script.export(run, folder), folder


def test_the_program_reaches_what_the_run_reached(
    written: tuple[Run, script.Script, Path], trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHOIC_HOME", str(trained.workspace))
    run, made, folder = written
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, capture_output=True, text=True, check=False, timeout=240,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found, arrays = json.loads(done.stdout.splitlines()[-1]), np.load(folder / "made.npz")

    recognizer = Recognizer.of_run(run)
    clips = [clip for clip in choose(run.config).clips if clip.split == "training"]
    frames, _ = pad([recognizer.normalise(one) for one in compute_features(clips, run.config.features)])
    assert arrays["x"].shape == frames.shape
    apart = np.abs(arrays["x"] - frames)  # of numbers with standard deviation 1
    has_noise = np.array([clip.label in ("rise", "fall") for clip in clips])
    assert apart[has_noise].max() < 2e-3
    assert apart.max() < 0.1  # beside a pure tone a band holds rounding noise alone
    batches = prepare(run.config, choose(run.config)).training
    (first, *_), order = batches.epoch(1), arrays["order"]
    assert np.array_equal(first[1], arrays["y"][order[: len(first[1])]]), "the same clips in the same order"
    assert len(order) == batches.clips
    assert [run.config.task.classes[one] for one in arrays["y"]] == [clip.label for clip in clips]

    assert found["parameters"] == recognizer.parameters
    model = keras_model.build(run.config.network, run.config.features.width, len(recognizer.labels))
    assert found["shapes"] == [list(one.shape) for one in keras_model.weights(model).values()]

    best, tested = run.best_epoch, evaluation.load_cached(run)
    assert best is not None
    assert tested is not None
    assert abs(found["accuracy"]["validation"] - best.validation_accuracy) <= 0.1
    assert abs(found["accuracy"]["test"] - tested.accuracy) <= 0.1
    assert made.left_out == ()
    assert f"{percent(best.validation_accuracy)} on validation" in made.program


def test_the_notebook_holds_the_same_code(written: tuple[Run, script.Script, Path]) -> None:
    _, made, folder = written
    book = json.loads((folder / script.NOTEBOOK).read_text())
    code = "\n".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code")
    program = ast.parse(made.program)
    assert ast.dump(ast.Module(program.body[1:], [])) == ast.dump(ast.Module(ast.parse(code).body, []))
    assert book["nbformat"] == 4
    assert book["cells"][0]["cell_type"] == "markdown"


def test_the_table_holds_the_clips_of_the_run(written: tuple[Run, script.Script, Path], trained: Trained) -> None:
    _, made, folder = written
    with (folder / keras_code.CLIPS).open(newline="") as file:
        rows = list(csv.DictReader(file))
    labels = {row["label"] for row in rows}
    assert labels == {"rise", "fall", "_unknown_", "_silence_"}
    assert {row["split"] for row in rows} == {"training", "validation", "test"}
    assert all((trained.corpus / row["path"]).is_file() for row in rows if row["label"] != "_silence_")
    assert {row["word"] for row in rows if row["label"] == "_unknown_"} == {"hum"}
    assert len(list(filter(str.strip, made.program.splitlines()))) <= 100


@pytest.mark.parametrize("config", all_shapes(), ids=shape_name)
def test_every_network_equals_the_one_that_echoic_trains(config: NetworkConfig) -> None:
    ours, names = randomised(config), {"keras": keras}
    exec(network(config, WIDTH, CLASSES), names)
    _copy(ours, names["model"])
    frames = np.random.default_rng(0).normal(size=(3, 12, WIDTH)).astype(np.float32)
    frames[1, 7:] = 0
    np.testing.assert_allclose(names["model"](frames, training=False), ours(frames, training=False), atol=1e-5)


def _copy(source: keras.Model, target: keras.Model) -> None:
    values, places = _weights(source), _weights(target)
    assert [value.shape for value in values] == [place.shape for place in places]
    for value, place in zip(values, places, strict=True):
        place.assign(value)


def _weights(model: keras.Model) -> list:
    """The weights in the order in which the layers follow each other."""
    return [one for layer in model.layers for one in layer.weights if one.dtype == "float32"]


def test_a_strong_run_says_what_its_program_leaves_out() -> None:
    config = default_run(CorpusReference("synthetic_voices"), Task(("up", "down"), unknown=True), "gru", "strong")
    phrases = " ".join(keras_code.left_out(config, "commands"))
    for part in ("weights of commands", "at random", "parts of the words", "moving average"):
        assert part in phrases


def test_the_program_of_a_strong_run_trains(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its schedule, smoothed loss, moving average and other words, on random frames in place of clips."""
    config = default_run(
        CorpusReference("synthetic_voices"), Task(("up", "down"), unknown=True), "gru", "strong", epochs=2
    )
    network = replace(config.network, units=3, filters=2)
    config = replace(config, network=network, training=replace(config.training, batch_size=40))
    parts = keras_code.sections(config, "/clips", cut=False)
    random = np.random.default_rng(0)
    rows = [
        {"label": label, "word": word, "split": split}
        for split in ("training", "validation")
        for label, word in (("up", ""), ("down", ""), ("_unknown_", "go"), ("_unknown_", "stop"))
        for _ in range(4)
    ]
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(parts[0].code.partition("with open")[0], names)
    names |= {"rows": rows, "features": lambda _: random.normal(size=(9, config.features.width)).astype(np.float32)}
    for part in parts[2:]:
        exec(part.code, names)
    assert names["sizes"].tolist() == [334, 334, 4 * 334]
    order = names["epoch_order"](1)
    spoken = [rows[place]["word"] for place in order]
    assert (spoken.count("go"), spoken.count("stop")) == (2 * 334, 2 * 334)
    model = names["model"]
    assert int(model.optimizer.iterations) == 2 * names["steps"]
    rates = [float(names["Cosine"]()(step)) for step in (0, names["steps"], 2 * names["steps"])]
    np.testing.assert_allclose(rates, [0.1 * 3e-3, 0.5 * 3e-3, 0], atol=1e-9)
    assert (tmp_path / "model.keras").is_file()


def test_names_cannot_become_code(written: tuple[Run, script.Script, Path], tmp_path: Path) -> None:
    """A run's folder may come from anyone."""
    run, _, _ = written
    folder = tmp_path / "run"
    folder.mkdir()
    values = json.loads((run.folder / "config.json").read_text())
    values["name"] = '"""; import os #'
    values["corpus"]["name"] = "/no'where\n"
    values["task"]["labels"] = ["a'); import os  #", "b"]
    (folder / "config.json").write_text(json.dumps(values))
    (folder / "state.json").write_text((run.folder / "state.json").read_text())
    made = script.script(Run(folder))
    imported = [one for one in ast.walk(ast.parse(made.program)) if isinstance(one, ast.Import)]
    assert "os" not in {name.name for one in imported for name in one.names}
    assert made.clips == ""
    assert "clips.csv" in made.remarks[0]


def test_a_folder_with_other_things_is_left_alone(written: tuple[Run, script.Script, Path], tmp_path: Path) -> None:
    run, _, _ = written
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(script.WorkspaceError, match="something else"):
        script.export(run, tmp_path)
