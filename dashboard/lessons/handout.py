"""Save what Inside, Memory and Compare show as a worksheet: one HTML file that needs nothing else.

It has the pictures, the formulas, the clip to hear, questions with space to answer, and a key that is folded away.

The pages are the templates in `handouts/`, which escape every text except `Markup`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd
from markupsafe import Markup

from audio_models.config import CELL_TITLES
from audio_models.report import pictures
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import stepper, templates, texts, unrolled, worksheet
from dashboard.lessons.texts import Equation
from dashboard.lessons.worksheet import Question
from data.audio_file import encode_wav

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings librosa and onnxruntime, which take seconds


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
        chart = lesson_charts.fading(fading)
        gradient = {"chart": figure(chart), "lengths": _table(lengths), "formula": formula(texts.GRADIENT)}
    return _render(
        "inside.html",
        title=f"Inside {network}",
        questions=worksheet.about_clip(found, lengths),
        sound=_sound(found),
        clip=clip,
        network=f"{CELL_TITLES[found.cell]}, {found.network.units} units",
        step=texts.STEP if found.trace.layers else texts.STEP_ALONE,
        stepper=stepper.as_html(found),
        formula=formula(texts.FORMULAS[found.cell]),
        unrolled=texts.UNROLLED if found.trace.layers else texts.UNROLLED_ALONE,
        unrolled_picture=unrolled.picture(found),
        unrolled_narrow=unrolled.picture(found, narrow=True),
        fading=texts.FADING,
        gradient=gradient,
    )


def forgetting(
    table: pd.DataFrame, chart: alt.LayerChart, title: str, settings: str, questions: Sequence[Question]
) -> str:
    """Render a measurement of memory: chart, settings, numbers, questions about it."""
    return _render(
        "memory.html",
        questions=questions,
        title=title,
        memory=texts.MEMORY,
        chart=figure(chart),
        settings=settings,
        table=_table(table),
    )


def compared(findings: Sequence[str], chart: alt.LayerChart, table: pd.DataFrame, caption: str) -> str:
    """Render a comparison of cells: chart, caption, numbers, and questions whose answers are the findings."""
    return _render(
        "compare.html",
        questions=worksheet.about_comparison(findings),
        title="Which cell should I use?",
        compare=texts.COMPARE,
        chart=figure(chart),
        caption=caption,
        table=_table(table),
    )


def formula(equations: Sequence[Equation]) -> Markup:
    """Typeset equations as MathML, which browsers draw by themselves; each side alone, so the page can align them."""
    from latex2mathml.converter import convert

    rows = [(Markup(convert(one.left)), Markup(convert("= " + one.right)), one.meaning) for one in equations]
    return templates.render("handouts/equations.html", rows=rows)


def _sound(found: Inspection) -> str:
    """The clip as a player's address that holds the sound itself."""
    wave = encode_wav(found.samples, found.features.sample_rate)
    return f"data:audio/wav;base64,{base64.b64encode(wave).decode()}"


def figure(chart: alt.TopLevelMixin) -> Markup:
    """Draw a chart as SVG."""
    return Markup(pictures.svg(chart))


def _table(table: pd.DataFrame) -> Markup:
    return Markup(table.to_html(index=False, border=0))  # pandas escapes its cells


def _render(template: str, **values: object) -> str:
    return str(templates.render(f"handouts/{template}", **values))
