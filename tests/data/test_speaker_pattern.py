"""Speaker patterns: what they find, and that none can hold up the program."""

from __future__ import annotations

import threading
import time

import pytest

from data import speaker_pattern
from data.errors import CorpusError
from data.speaker_pattern import check_pattern, find_speakers


def test_the_first_group_is_the_speaker_of_each_name() -> None:
    names = ["anna_01", "7", "bén_2", "灯-1", "\udce9_x"]
    assert find_speakers(r"^([^_]+)_", names) == ("anna", None, "bén", None, "\udce9")
    assert find_speakers("^(x)?", ["x", "y"]) == ("x", None)
    assert find_speakers("(.)", []) == ()


def test_a_pattern_that_would_take_years_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker_pattern, "_SECONDS", 1.0)
    began = time.monotonic()
    with pytest.raises(CorpusError, match=r"takes more than 1 seconds.*repeats within repeats"):
        find_speakers("^((a|aa)+)+$", ["a" * 60 + "!"])
    assert time.monotonic() - began < 10


def test_meanwhile_the_pages_of_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own engine holds up all threads for as long as it searches."""
    monkeypatch.setattr(speaker_pattern, "_SECONDS", 1.0)

    def hostile() -> None:
        with pytest.raises(CorpusError):
            find_speakers("^((a+)+)$", ["a" * 40 + "!"])

    search = threading.Thread(target=hostile)
    search.start()
    gaps, last = [0.0], time.monotonic()
    while search.is_alive():
        time.sleep(0.01)
        gaps.append(time.monotonic() - last)
        last = time.monotonic()
    assert len(gaps) > 10
    assert max(gaps) < 0.9


def test_a_pattern_is_bounded_in_length() -> None:
    assert check_pattern("") is check_pattern(None) is None
    with pytest.raises(CorpusError, match="may have up to 300"):
        check_pattern("(a)" * 101)
    with pytest.raises(CorpusError, match="not a regular expression"):
        check_pattern("(" * 200)
