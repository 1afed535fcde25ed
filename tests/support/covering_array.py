"""Few combinations of settings in which every two values still meet: a pairwise covering array."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product
from typing import Any

Combination = dict[str, Any]
Pair = tuple[tuple[str, Any], tuple[str, Any]]


def pairs_of(combination: Combination) -> set[Pair]:
    """Every two settings of a combination with their values."""
    return set(combinations(combination.items(), 2))


def valid_combinations(
    factors: Mapping[str, Sequence[Any]], is_valid: Callable[[Combination], bool]
) -> list[Combination]:
    """All combinations of the values of `factors` that are valid, in order."""
    every = (dict(zip(factors, values, strict=True)) for values in product(*factors.values()))
    return [one for one in every if is_valid(one)]


def covering_array(
    factors: Mapping[str, Sequence[Any]], is_valid: Callable[[Combination], bool] = lambda _: True
) -> list[Combination]:
    """Valid combinations in which every two values meet that meet in any valid one.

    Greedy and always the same: next comes the combination with the most new pairs, of several the first.
    """
    candidates = valid_combinations(factors, is_valid)
    missing = set().union(*map(pairs_of, candidates))
    chosen = []
    while missing:
        best = max(candidates, key=lambda one: len(pairs_of(one) & missing))
        chosen.append(best)
        missing -= pairs_of(best)
    return chosen
