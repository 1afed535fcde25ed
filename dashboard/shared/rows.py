"""Lay things out in rows, which a phone shows one below the other in their order."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def in_rows(count: int, columns: int) -> Iterator[DeltaGenerator]:
    """Yield a place for each of `count` things, row by row: columns filled one after the other would show 1, 5, 2, 6 on a phone."""
    for first in range(0, count, columns):
        yield from st.columns(columns)[: count - first]
