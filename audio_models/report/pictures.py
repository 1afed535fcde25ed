"""Draw a chart as a picture, SVG or PNG, without a browser; nothing is loaded from elsewhere."""

from __future__ import annotations

import json
import re
from typing import Any

import altair as alt

from audio_models.report.colour import muted
from data.corpus import PLAIN_LABELS

PLAIN_NAMES = f"({json.dumps(PLAIN_LABELS)})[datum.label] || datum.label"
"""`labelExpr` of an axis of labels, which shows them as people read them."""

WIDTH = 820
"""Of a saved chart, in pixels."""

_NUMBERS = alt.NumberLocale(decimal=".", thousands=",", grouping=[3], currency=["$", ""], percent=" %")
_SCALE = 2.0  # pixels of a PNG for each pixel of the page: sharp in print


def svg(chart: Any) -> str:
    """Draw a chart on white as the text of an SVG file."""
    import vl_convert

    return vl_convert.vegalite_to_svg(_drawn(chart))


def inline(chart: Any, name: str) -> str:
    """Draw a chart as SVG for a page with others: every id in it begins with `name`, which no other chart there has."""
    return re.sub(r'\b(id="|url\(#)', rf"\1{name}-", svg(chart))


def png(chart: Any) -> bytes:
    """Draw a chart on white as the content of a PNG file."""
    import vl_convert

    return vl_convert.vegalite_to_png(_drawn(chart), scale=_SCALE)


def readable(chart: Any, *, on_dark: bool) -> Any:
    """Give labels of axes and legends, and text that has no colour of its own, one with enough contrast; write "98 %" for 98%."""
    colour = muted(on_dark=on_dark)
    labels = {"labelColor": colour, "titleColor": colour}
    return chart.configure(  # once, as each call copies the whole chart
        locale=alt.Locale(number=_NUMBERS), axis=alt.AxisConfig(**labels), legend=alt.LegendConfig(**labels),
        text=alt.MarkConfig(color=colour),
    )  # fmt: skip


def _drawn(chart: Any) -> str:
    """The chart in Vega-Lite, with a width of its own: there is no page for it to fill."""
    if isinstance(chart, alt.VConcatChart):
        chart = chart.copy()
        chart.vconcat = [part.properties(width=WIDTH) for part in chart.vconcat]
    else:
        chart = chart.properties(width=WIDTH)
    made: str = readable(chart, on_dark=False).to_json()
    return made
