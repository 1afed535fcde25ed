"""Durations and progress in words."""

from __future__ import annotations

import pytest

from audio_models.jobs.progress import format_duration


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
