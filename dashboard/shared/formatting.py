"""Write numbers and a user's text for a page, and fit tables and colours to it."""

from __future__ import annotations

import html
import re

import streamlit as st

from data.corpus import plain_label
from data.phrases import isolated

ROWS_BY_KEYBOARD = "With the keyboard: the arrow keys move, Shift and the space bar select the row."
"""Help beside a table whose rows are selected."""


def on_dark() -> bool:
    """Whether the page is dark."""
    return bool(st.context.theme.type == "dark")


def table_height(rows: int, most: int) -> int:
    """Return the height [pixels] of a `st.dataframe` that shows all its rows, or `most` and half of the next one."""
    return 35 * (rows + 1) + 3 if rows <= most else 35 * (most + 1) + 20


def as_text(text: str) -> str:
    """Escape Markdown in a user's text or a label such as `_unknown_`, and isolate what runs from right to left."""
    return re.sub(r"([\\`*_\[\]<$~:])", r"\\\1", isolated(text))


def without_images(markdown: str) -> str:
    """Make a link of each image in Markdown of elsewhere: a page loads nothing that nobody asked for."""
    return re.sub(r"!(?=\[)", "", markdown)


def label_text(label: str) -> str:
    """Write a label in Markdown as people read it: "_unknown_" -> "another word"."""
    return as_text(plain_label(label))


def large_type(text: str) -> str:
    """Return HTML for the answer of a page; `text` is escaped."""
    style = "font-size:3.4rem;font-weight:700;line-height:1.1;overflow-wrap:anywhere"
    return f'<div class="echoic-answer" style="{style}">{html.escape(text)}</div>'
