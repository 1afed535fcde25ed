"""What the threshold is fitted on: other speech of the validation split, else synthetic words, never what was trained on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from audio_models.config import NegativesConfig, RunConfig
from audio_models.features.sequences import Normalisation
from audio_models.training.calibration_sound import other_sequences
from audio_models.training.preparation import Chosen
from data import other_recordings
from data.corpus import CorpusReference
from data.task import Task
from tests.support.sounds import write


def _prepared(config: RunConfig) -> Any:
    width = config.features.width
    return SimpleNamespace(
        labels=config.task.classes, clip_seconds=1.0, normalisation=Normalisation((0.0,) * width, (1.0,) * width)
    )


def _config(negatives: NegativesConfig, *, unknown: bool = True) -> RunConfig:
    return RunConfig(CorpusReference("synthetic_voices"), Task(("on", "off"), unknown=unknown), negatives=negatives)


def test_other_speech_of_the_validation_split_is_used(tmp_path: Path) -> None:
    for reader in range(10):
        noise = np.random.default_rng(reader).normal(0, 0.1, 5 * 16_000)
        write(tmp_path / "reading" / f"{reader}-1-0001.wav", noise.astype(np.float32), 16_000)
    recordings = other_recordings.scan(tmp_path / "reading").recordings
    config = _config(NegativesConfig(other=(str(tmp_path / "reading"),), synthetic_words=0.2))
    validation = sum(one.split == "validation" for one in recordings)
    found = other_sequences(config, Chosen((), (), recordings), _prepared(config))
    assert validation
    assert len(found) == 5 * validation
    assert {frames.shape[1] for frames in found} == {config.features.width}


def test_without_it_synthetic_words_are_if_the_network_learned_from_such(monkeypatch) -> None:
    from audio_models.training import calibration_sound

    monkeypatch.setattr(calibration_sound, "_WORDS", 6)
    config = _config(NegativesConfig(synthetic_words=0.2))
    found = other_sequences(config, Chosen((), ()), _prepared(config))
    assert len(found) == 6
    again = other_sequences(config, Chosen((), ()), _prepared(config))
    assert all(np.array_equal(one, other) for one, other in zip(found, again, strict=True))
    config = _config(NegativesConfig())
    assert other_sequences(config, Chosen((), ()), _prepared(config)) == []
    config = _config(NegativesConfig(synthetic_words=0.2), unknown=False)
    assert other_sequences(config, Chosen((), ()), _prepared(config)) == []
