"""What is opened in the background stays open while its file does not change."""

from __future__ import annotations

import os

from audio_models.config import NetworkConfig
from dashboard.shared import preload
from dashboard.shared.clip_answer import answer_clip
from tests.support.pages import wav
from tests.support.sounds import chirp
from tests.support.untrained import untrained_run


def test_a_model_that_training_has_improved_is_opened_anew() -> None:
    """Streamlit passes over arguments whose names begin with an underscore: the page went on with the first epoch's."""
    run, better = (untrained_run(NetworkConfig("gru", 4), seed=seed) for seed in (0, 1))
    clip = wav(chirp(300, 2000))
    first, answer = preload.recognizer(run), answer_clip(run, "a.wav", clip)
    assert preload.recognizer(run) is first
    assert answer_clip(run, "a.wav", clip) is answer
    run.model_path.write_bytes(better.model_path.read_bytes())
    os.utime(run.model_path, ns=(0, 0))
    second, other = preload.recognizer(run), answer_clip(run, "a.wav", clip)
    assert second is not first
    assert not isinstance(answer, str)
    assert not isinstance(other, str)
    assert other.answer.probabilities != answer.answer.probabilities
