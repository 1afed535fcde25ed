"""Draw an Altair chart on a page, with labels that can be read and a text for those who cannot see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.shared.colour import muted
from dashboard.shared.formatting import on_dark

if TYPE_CHECKING:
    import altair as alt  # which the first page does not wait for


def show_chart(
    chart: alt.TopLevelMixin,
    text: str,
    *,
    place: DeltaGenerator | None = None,
    key: str | None = None,
    on_select: Any = "ignore",
) -> Any:
    """Draw a chart; return its selection if `on_select` asks for one.

    Args:
        text: what the chart shows, in a sentence or two, for a screen reader.
        place: where to draw it; in the page's flow by default.
    """
    made = readable(chart, on_dark=on_dark())
    return (place or st).altair_chart(made, key=key, on_select=on_select, alt=text)


def readable(chart: Any, *, on_dark: bool) -> Any:
    """Give the labels of axes and legends, and text that has no colour of its own, one with enough contrast."""
    colour = muted(on_dark=on_dark)
    chart = chart.configure_axis(labelColor=colour, titleColor=colour)
    chart = chart.configure_legend(labelColor=colour, titleColor=colour)
    return chart.configure_text(color=colour)
