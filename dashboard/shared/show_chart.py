"""Draw an Altair chart on a page, with labels that can be read and a text for those who cannot see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.shared.formatting import on_dark
from dashboard.shared.state import Value

if TYPE_CHECKING:
    import altair as alt  # which the first page does not wait for

    from audio_models.report.figures import Figure

DRAWN = Value[dict[str, Any]]("drawn_figures", {})
"""The charts of this page that can be saved, by title, each as drawn on white; see `save.offer`."""


@dataclass(frozen=True)
class _Trusted:
    """A chart that is written down without a check against the schema of Vega-Lite, which takes longer than all the rest."""

    chart: alt.TopLevelMixin

    def to_dict(self) -> dict[str, Any]:
        made: dict[str, Any] = self.chart.to_dict(validate=False)
        return made


def show_chart(
    chart: alt.TopLevelMixin,
    text: str,
    *,
    place: DeltaGenerator | None = None,
    key: str | None = None,
    on_select: Any = "ignore",
    title: str = "",
    on_white: alt.TopLevelMixin | None = None,
) -> Any:
    """Draw a chart; return its selection if `on_select` asks for one.

    Args:
        text: what the chart shows, in a sentence or two, for a screen reader.
        place: where to draw it; in the page's flow by default.
        title: what it is called among the pictures that the page saves; "" for one that is not saved.
        on_white: the chart to save, if this one has the colours of a dark page.
    """
    from altair.utils.schemapi import disable_debug_mode

    from audio_models.report.pictures import readable

    disable_debug_mode()  # for all charts made from now on
    if title:
        DRAWN.set({**DRAWN.get(), title: on_white or chart})
    made: Any = _Trusted(readable(chart, on_dark=on_dark()))
    return (place or st).altair_chart(made, key=key, on_select=on_select, alt=text)


def show_figure(
    figure: Figure,
    *,
    place: DeltaGenerator | None = None,
    key: str | None = None,
    on_select: Any = "ignore",
    on_white: Figure | None = None,
) -> Any:
    """Draw a figure of an evaluation as `show_chart` does; the page can save it."""
    return show_chart(
        figure.chart, figure.text, place=place, key=key, on_select=on_select, title=figure.title,
        on_white=on_white.chart if on_white else None,
    )  # fmt: skip
