"""The verdict of a comparison: which differences are significant, and one plain sentence about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from audio_models.lab.comparison import Variant
from audio_models.lab.comparison_results import CellResult
from audio_models.recognition import metrics

SIGNIFICANCE = 0.05
"""Significance level: with a larger p-value, two variants are too close to call."""


@dataclass(frozen=True)
class Finding:
    """Two variants on the same clips; `one` is at least as accurate.

    Attributes:
        p: p-value, corrected for the number of pairs (Holm 1979); None with one training of each.
        is_significant: whether p is below `SIGNIFICANCE`.
    """

    one: Variant
    other: Variant
    difference: metrics.PairedDifference
    p: float | None

    @property
    def is_significant(self) -> bool:
        return self.p is not None and self.p < SIGNIFICANCE

    @property
    def outcome(self) -> str:
        """What it comes to, in a few words: "LSTM is better", "too close to call"."""
        if self.p is None:
            return "too few trainings or clips to tell"
        return f"{self.one.title} is better" if self.is_significant else "too close to call"

    @property
    def points(self) -> str:
        """The difference of the accuracies: "3.1 points"."""
        return f"{100 * self.difference.difference:.1f} points"

    @property
    def interval(self) -> str:
        """Its 95 % interval in points: "1.0 to 5.2"; empty if there is none."""
        low, high = self.difference.low, self.difference.high
        return "" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"

    @property
    def p_text(self) -> str:
        """The p-value as text: "p < 0.001", "p = 0.15"; empty if there is none."""
        if self.p is None:
            return ""
        return "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}" if self.is_significant else f"p = {self.p:.2f}"

    def summary(self) -> str:
        """Summarise the pair in one sentence, with the p-value."""
        one, other = self.one.title, self.other.title
        if self.p is None:
            return f"{one} was ahead of {other} by {self.points}; too few trainings or clips to rule out chance."
        if self.is_significant:
            return f"{one} is better than {other} by {self.points} ({self.interval}); {self.p_text}."
        return (
            f"Too close to call: {one} and {other}. {one} is ahead by {self.points} ({self.interval}); {self.p_text}: "
            "a gap this large is common by chance."
        )


def findings(found: Sequence[CellResult]) -> list[Finding]:
    """Test each pair of variants on the same clips, and correct for their number (Holm 1979).

    Where each cell is trained with either readout, the pairs are the two readouts of each cell: that is the question.

    Args:
        found: the results, best first.
    """
    pairs = [
        (one, other)
        for one, other in combinations(found, 2)
        if not _compares_readouts(found) or (one.cell == other.cell and one.variant.readout)
    ]
    gaps = [metrics.paired_difference(one.correct, other.correct, one.speakers, len(pairs)) for one, other in pairs]
    corrected: dict[int, float] = {}
    highest = 0.0
    ranked = sorted((gap.p, place) for place, gap in enumerate(gaps) if gap.p is not None)
    for rank, (p, place) in enumerate(ranked):
        highest = max(highest, min(1.0, p * (len(ranked) - rank)))
        corrected[place] = highest
    return [
        Finding(one.variant, other.variant, gap, corrected.get(place))
        for place, ((one, other), gap) in enumerate(zip(pairs, gaps, strict=True))
    ]


def verdict(found: Sequence[CellResult], told: Sequence[Finding]) -> str:
    """Say in one sentence which variant is best: "Too close to call: LSTM and GRU; both are ahead of SimpleRNN.".

    Args:
        found: the results, best first.
        told: `findings` of them.
    """
    if not told:
        return ""
    if any(one.p is None for one in told):
        return "Too few trainings or clips for a verdict: train each cell at least twice."
    if _compares_readouts(found):
        return _of_readouts(told)
    best = found[0].variant
    behind = [one.other for one in told if one.one == best and one.is_significant]
    level = [best, *(one.other for one in told if one.one == best and not one.is_significant)]
    rest = _listed([variant.title for variant in behind])
    if len(level) == 1:
        return f"{best.title} is the most accurate, ahead of {rest}."
    sentence = f"Too close to call: {_listed([variant.title for variant in level])}"
    if not behind:
        return f"{sentence}."
    clear = {(one.one, one.other) for one in told if one.is_significant}
    if all((one, other) in clear for one in level for other in behind):
        return f"{sentence}; {'both' if len(level) == 2 else 'all'} are ahead of {rest}."
    return f"{sentence}; {best.title} is ahead of {rest}."


def _of_readouts(told: Sequence[Finding]) -> str:
    parts = []
    for readout, name in (("mean", "the mean of all states"), ("last", "the last state")):
        cells = [one.one.cell_title for one in told if one.is_significant and one.one.readout == readout]
        if cells:
            parts.append(f"{name} is better for {_listed(cells)}")
    if level := [one.one.cell_title for one in told if not one.is_significant]:
        parts.append(f"too close to call for {_listed(level)}")
    sentence = "; ".join(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _compares_readouts(found: Sequence[CellResult]) -> bool:
    return any(one.variant.readout for one in found)


def _listed(names: Sequence[str]) -> str:
    """Join names: "SimpleRNN, LSTM and GRU"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def as_numbers(told: Sequence[Finding]) -> list[dict[str, Any]]:
    """The test of each pair as JSON values, a row for each."""
    return [
        {
            "one": one.one.cell, "one_readout": one.one.readout, "other": one.other.cell,
            "other_readout": one.other.readout, **asdict(one.difference), "p": one.p, "text": one.summary(),
        }
        for one in told
    ]  # fmt: skip
