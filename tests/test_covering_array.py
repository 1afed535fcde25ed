"""Every two values meet in a covering array, in far fewer combinations than there are."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from tests.support.covering_array import covering_array, pairs_of, valid_combinations
from tests.support.networks_in_all_shapes import FACTORS, all_shapes, is_valid


@given(st.lists(st.integers(1, 4), min_size=2, max_size=5))
def test_every_two_values_meet(sizes: list[int]) -> None:
    factors = {f"factor {number}": range(size) for number, size in enumerate(sizes)}
    chosen = covering_array(factors)
    for (one, of_one), (other, of_other) in combinations(factors.items(), 2):
        assert {(row[one], row[other]) for row in chosen} == set(product(of_one, of_other))
    largest, second = sorted(sizes)[-1], sorted(sizes)[-2]
    assert largest * second <= len(chosen) <= 2 * largest * second
    assert chosen == covering_array(factors)


def test_what_is_not_valid_is_not_chosen() -> None:
    factors = {"a": range(3), "b": range(3), "c": range(3)}
    chosen = covering_array(factors, lambda one: one["a"] != one["b"])
    assert all(one["a"] != one["b"] for one in chosen)
    assert {(one["a"], one["c"]) for one in chosen} == set(product(range(3), range(3)))


def test_the_shapes_of_networks_hold_every_two_settings_that_can_meet() -> None:
    def settings(config) -> dict:
        return {name: getattr(config, name) for name in FACTORS}

    every = valid_combinations(FACTORS, is_valid)
    shapes = all_shapes()
    found = set().union(*(pairs_of(settings(config)) for config in shapes))
    assert found == set().union(*map(pairs_of, every))
    assert len(shapes) < len(every) / 8
    for name, values in FACTORS.items():
        assert {getattr(config, name) for config in shapes} == set(values), name
    assert len({config.strides for config in shapes}) == 4
    assert any(config.streams and config.convolutions for config in shapes)
