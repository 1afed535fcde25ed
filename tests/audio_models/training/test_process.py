"""The training process: what it says while it works."""

from __future__ import annotations

import pytest

from audio_models.jobs.runs import Epoch
from audio_models.training.loop import Step
from audio_models.training.process import clips_per_second


def test_the_first_steps_of_an_epoch_do_not_make_the_time_left_jump() -> None:
    """Half a second for the first 64 clips: 85 clips/s and "6 minutes left" for a training of 11 seconds."""
    before = Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.5)
    slow = Step(epoch=2, clips_done=64, clips=1000, seconds=0.75)
    assert clips_per_second(slow, [before]) == pytest.approx(1064 / 1.25)
    assert clips_per_second(slow, []) == pytest.approx(64 / 0.75)
