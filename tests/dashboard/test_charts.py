"""Charts that several pages share."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.shared.charts import confusion_matrix


@pytest.mark.parametrize("on_dark", [False, True])
def test_the_numbers_of_a_confusion_matrix_are_readable_on_pale_cells(on_dark: bool) -> None:
    """Grey numbers could not be read on a cell of a middling share."""
    made = confusion_matrix(np.array([[5, 5], [1, 9]]), ["left", "right"], shares=False, on_dark=on_dark).to_dict()
    (numbers,) = (layer for layer in made["layer"] if layer["mark"]["type"] == "text")
    lightness = int(numbers["encoding"]["color"]["value"][1:3], 16)
    assert lightness > 200 if on_dark else lightness < 60
    assert numbers["encoding"]["color"]["condition"]["value"] == "white"


def test_two_rows_of_a_confusion_matrix_have_room_below_the_column_labels() -> None:
    """The labels took the room of the cells where there were only two."""
    two, three = (confusion_matrix(np.eye(n, dtype=int), list("abc"[:n]), shares=False, on_dark=False) for n in (2, 3))
    row = three.height - two.height
    assert two.height - 2 * row >= 80
