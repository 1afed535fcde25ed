"""Save what Inside, Memory and Compare show as one HTML file that needs nothing else.

The pages are the templates in `handouts/`, which escape every text; only what this module marks as HTML goes in as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audio_models.config import CELL_TITLES
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import stepper, texts, unrolled
from data import workspace

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings librosa and onnxruntime, which take seconds

_TEMPLATES = workspace.PROJECT / "dashboard" / "lessons" / "handouts"
_WIDTH = 820  # of a chart, in pixels


def inside(
    found: Inspection, network: str, clip: str, fading: pd.DataFrame | None = None, lengths: pd.DataFrame | None = None
) -> str:
    """Render the stepper, the unrolled network and the gradient of one clip.

    Args:
        network, clip: their names.
        fading, lengths: curves and memory lengths of the gradient, if the network has a memory.
    """
    gradient = None
    if fading is not None and lengths is not None:
        chart = lesson_charts.fading(fading, list(dict.fromkeys(fading["network"])))
        gradient = {"chart": figure(chart), "lengths": _table(lengths), "formula": formula(texts.GRADIENT)}
    return _render(
        "inside.html",
        title=f"Inside {network}",
        clip=clip,
        answer=found.answer,
        confidence=f"{found.prefix_probabilities[-1].max():.0%}",
        settled=f"{found.settled:.2f} s",
        network=f"{CELL_TITLES[found.cell]}, {found.network.units} units",
        step=texts.STEP if found.trace.layers else texts.STEP_ALONE,
        stepper=Markup(stepper.as_html(found)),
        formula=formula(texts.FORMULAS[found.cell]),
        unrolled=texts.UNROLLED,
        unrolled_picture=Markup(unrolled.picture(found)),
        fading=texts.FADING,
        gradient=gradient,
    )


def forgetting(table: pd.DataFrame, chart: alt.LayerChart, title: str, settings: str) -> str:
    """Render a measurement of memory: chart, settings, numbers."""
    return _render(
        "memory.html", title=title, memory=texts.MEMORY, chart=figure(chart), settings=settings, table=_table(table)
    )


def compared(findings: Sequence[str], chart: alt.LayerChart, table: pd.DataFrame, caption: str) -> str:
    """Render a comparison of cells: findings, chart, caption, numbers."""
    return _render(
        "compare.html",
        title="Which cell should I use?",
        compare=texts.COMPARE,
        findings=findings,
        chart=figure(chart),
        caption=caption,
        table=_table(table),
    )


def formula(latex: str) -> Markup:
    """Convert a formula to MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert

    # latex2mathml knows align*, which is the same outside a sentence, but not aligned: it puts all on one line
    return Markup(convert(latex.replace("{aligned}", "{align*}"), display="block"))


def figure(chart: alt.TopLevelMixin) -> Markup:
    """Draw a chart as SVG."""
    import vl_convert

    return Markup(vl_convert.vegalite_to_svg(chart.properties(width=_WIDTH).to_json()))


def _table(table: pd.DataFrame) -> Markup:
    return Markup(table.to_html(index=False, border=0))  # pandas escapes its cells


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
