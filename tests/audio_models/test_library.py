"""The library: docs/library.md does what it says; files and arrays are heard alike; what cannot be is one sentence."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_models import Model, load, train
from audio_models.config import RunConfig
from audio_models.errors import AudioError, ConfigError, TrainingError
from audio_models.export import model_folder
from audio_models.jobs import launch
from audio_models.jobs.runs import Run, bundled_run
from data.errors import CorpusError
from tests.conftest import PROJECT, Trained
from tests.support.sounds import tone, write

PAGE = (PROJECT / "docs" / "library.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def asked(home: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """What was to be trained; a run that is trained already comes back at once."""
    configs: list[RunConfig] = []

    def start(config: RunConfig) -> Run:
        configs.append(config)
        return Run(home / "runs" / trained.folder.name)

    monkeypatch.setattr(launch, "start", start)
    return configs


def test_the_examples_of_its_page_run(
    asked: list[RunConfig], trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:  # fmt: skip
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    write(place / "clip.wav", tone(300))
    write(place / "meeting.wav", np.tile(tone(300), 3))
    shutil.copytree(trained.corpus, place / "my-clips")
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, "docs/library.md", "exec"), names)
    assert len(BLOCKS) > 6
    plain, tuned = asked
    assert (plain.network.cell, plain.network.units, plain.training.epochs, plain.name) == ("lstm", 64, 20, "my words")
    assert plain.task.classes == ("fall", "hum", "rise")
    assert plain.corpus.name == str(place / "my-clips")
    assert tuned.start == bundled_run("commands").reference
    assert tuned.task.classes == ("fall", "hum", "rise", "_unknown_", "_silence_")
    assert tuned.training.folds > 1
    printed = capsys.readouterr().out
    assert "epoch 12 of 12: loss" in printed
    assert "missing.wav cannot be opened" in printed


def test_an_array_is_heard_as_its_file(tmp_path: Path) -> None:
    model = load("commands")
    for rate, kind in ((16_000, "int16"), (48_000, "float64"), (44_100, "float32")):
        sound = 0.3 * np.sin(2 * np.pi * 500 * np.arange(rate) / rate)
        both = np.stack([sound, 0.5 * sound], axis=1)
        path = tmp_path / "clip.wav"
        soundfile.write(path, both, rate, subtype="PCM_16" if kind == "int16" else "FLOAT")
        samples, _ = soundfile.read(path, dtype=kind)
        assert model.answer(samples, rate) == model.answer(path) == model.answer(str(path))


def test_a_stream_hears_what_the_whole_recording_holds(tmp_path: Path, home: Path, trained: Trained) -> None:
    model = load(trained.folder.name)
    sound = np.concatenate(
        [soundfile.read(path, dtype="int16")[0] for path in sorted(trained.corpus.glob("rise/*"))[:4]]
    )
    settings = {"threshold": 0.5, "smoothing_ms": 100.0}
    whole = model.listen(sound, 16_000, **settings)
    stream = model.stream(16_000, **settings)
    pieces = [event for chunk in np.array_split(sound[:, None], 17) for event in stream.feed(chunk)]
    assert stream.seconds == pytest.approx(len(sound) / 16_000)
    pieces += stream.finish()
    assert [(one.label, round(one.end, 2)) for one in pieces] == [(one.label, round(one.end, 2)) for one in whole]
    assert whole
    assert stream.seconds == 0


def test_an_exported_model_is_loaded_like_its_run(tmp_path: Path) -> None:
    model_folder.export(bundled_run("commands"), tmp_path / "model")
    sound = tone(300)
    assert load(tmp_path / "model").answer(sound, 16_000) == load("commands").answer(sound, 16_000)


def test_a_network_that_was_trained_is_evaluated_on_its_test_clips(home: Path, trained: Trained) -> None:
    found = load(trained.folder.name).evaluate()
    assert (found.split, found.labels) == ("test", load(trained.folder.name).labels)


@pytest.mark.parametrize(
    ("ask", "error", "says"),
    [
        (lambda model: model.answer(tone(300)), AudioError, "does not tell its sample rate"),
        (lambda model: model.answer(tone(300), 100), AudioError, "The rate is 100 samples a second"),
        (lambda model: model.answer("clip.wav", 16_000), AudioError, "leave rate out"),
        (lambda model: model.answer([], 16_000), AudioError, "length is zero"),
        (lambda model: model.answer([0.1, float("nan")] * 800, 16_000), AudioError, "not numbers"),
        (lambda model: model.answer(np.zeros((2, 3, 4)), 16_000), AudioError, r"shape \(2, 3, 4\)"),
        (lambda model: model.answer(np.ones(1600, np.int64), 16_000), AudioError, "of type int64"),
        (lambda model: model.stream(16_000).feed(np.zeros((100, 2))), AudioError, "2 channels; choose one"),
        (lambda model: model.stream(16_000).feed([float("inf")]), AudioError, "not numbers"),
        (lambda model: model.stream(100), AudioError, "100 samples a second"),
        (lambda model: model.stream(16_000, treshold=0.5), ConfigError, "no setting 'treshold'. Did you mean 'threshold'"),
        (lambda model: model.train("clips", unitz=3), ConfigError, "no setting 'unitz'. Did you mean 'units'"),
        (lambda model: train("no such folder"), CorpusError, "no folder"),
        (lambda model: train("no such folder", units=0), CorpusError, "no folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(ask: Callable[[Model], object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        ask(load("commands"))


def test_a_training_that_fails_says_why(asked: list[RunConfig], home: Path, trained: Trained) -> None:
    run = Run(home / "runs" / trained.folder.name)
    (run.folder / "state.json").write_text('{"status": "failed", "error": "No clips are left."}')
    with pytest.raises(TrainingError, match="No clips are left"):
        train(trained.corpus)
