"""Durations and progress in words."""

from __future__ import annotations

import pytest

from audio_models.jobs.progress import format_amount, format_duration


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 seconds"), (1, "1 second"), (89, "89 seconds"), (91, "2 minutes"), (5300, "88 minutes"), (5399, "1 hour 30 minutes"),
        (7200, "2 hours"), (7260, "2 hours 1 minute"), (3660 + 1800, "1 hour 31 minutes"), (-5, "0 seconds"),
    ],
)  # fmt: skip
def test_a_duration_is_told_as_a_person_says_it(seconds: float, expected: str) -> None:
    """Guards against "2 hours 1 minutes"."""
    assert format_duration(seconds) == expected


@pytest.mark.parametrize(
    ("done", "total", "unit", "expected"),
    [
        (1, 1, "clips", "1 of 1 clip"), (0, 1, "trainings", "0 of 1 training"), (1, None, "files", "1 file"), (1, 3, "points", "1 of 3 points"),
        (1, 1, "seconds of sound", "1 of 1 second of sound"), (1, 1, "s", "1 of 1 s"), (0, None, "files", "0 files"),
        (1_200_000_000, 2_400_000_000, "bytes", "1.2 of 2.4 GB"), (40, 100, "%", "40 %"),
    ],
)  # fmt: skip
def test_one_of_a_thing_is_singular(done: int, total: int | None, unit: str, expected: str) -> None:
    """Guards against "1 of 1 clips"."""
    assert format_amount(done, total, unit) == expected
