"""Numbers of things in words."""

from __future__ import annotations

import re

import pytest

from data.phrases import isolated, plural
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


def test_words_from_right_to_left_do_not_reorder_what_stands_beside_them() -> None:
    """ "افتح 9 · 1 speaker" was shown as "1 · 9 افتح speaker"."""
    assert isolated("افتح 9 · 1 speaker") == "\u2068افتح\u2069 9 · 1 speaker"
    assert isolated("left 3, שלום 2, افتح 9") == "left 3, \u2068שלום\u2069 2, \u2068افتح\u2069 9"
    assert isolated("'افتح الباب' deleted") == "'\u2068افتح الباب\u2069' deleted", "one word for the user"
    assert isolated("افتح, اغلق") == "\u2068افتح\u2069, \u2068اغلق\u2069", "two in a list keep their order"
    assert isolated(isolated("افتح 9")) == isolated("افتح 9")
    for text in ("left 9 · 1 speaker", "", "öffne", "打开 9"):
        assert isolated(text) == text
