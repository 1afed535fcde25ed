"""What one kind of fault cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """A row of the table.

    Attributes:
        fault: what happened.
        tries: how often; 0 if this computer does not allow it.
        met: how often it stopped something: a training may have ended before.
        losses: what was lost or wrong, one sentence each.
    """

    fault: str
    tries: int
    met: int
    losses: Sequence[str]

    @property
    def row(self) -> str:
        """As a row of a Markdown table."""
        tries = f"{self.tries:,}" if self.tries else "not possible here"
        return f"| {self.fault} | {tries} | {self.met:,} | {len(self.losses)} |"
