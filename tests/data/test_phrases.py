"""Numbers of things in words."""

from __future__ import annotations

import re

import pytest

from data.phrases import plural
from tests.conftest import PROJECT


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 clips"), (1, "1 clip"), (2, "2 clips"), (12_345, "12,345 clips")]
)
def test_one_is_singular_and_thousands_have_commas(number: int, expected: str) -> None:
    assert plural(number, "clip") == expected


def test_a_plural_may_have_a_form_of_its_own() -> None:
    assert [plural(number, "class", "classes") for number in (1, 2)] == ["1 class", "2 classes"]


def test_no_other_module_makes_a_plural() -> None:
    """Guards against "1 speakers": each place that chose the ending itself did it its own way, or not at all."""
    own = re.compile(r"""['"]s['"] if|else ['"]s['"]|['"] if [^{}]+ else ['"]s['"]""")
    for package in ("data", "audio_models", "dashboard"):
        for path in (PROJECT / package).rglob("*.py"):
            assert not own.search(path.read_text()), path
