"""What a page about the inside of a network shows, as one HTML file that needs nothing else."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from audio_models.config import CELL_TITLES
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import stepper, texts, unrolled
from dashboard.lessons.texts import Lesson

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings librosa and onnxruntime, which take seconds


def inside(
    found: Inspection, network: str, clip: str, fading: pd.DataFrame | None = None, lengths: pd.DataFrame | None = None
) -> str:
    """The stepper, the unrolled network and the gradient of one clip.

    Args:
        network, clip: what they are called.
        fading, lengths: the curves and memory lengths of the gradient, where the network has a memory.
    """
    title = f"Inside {network}"
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(clip)}: heard as <b>{html.escape(found.answer)}</b>, {found.prefix_probabilities[-1].max():.0%} sure, settled "
        f"after {found.settled:.2f} s. The network: {html.escape(CELL_TITLES[found.cell])}, {found.network.units} units.</p>",
        _lesson(texts.STEP if found.trace.layers else texts.STEP_ALONE),
        stepper.as_html(found),
        "<h3>The formula of one step</h3>",
        formula(texts.FORMULAS[found.cell]),
        _lesson(texts.UNROLLED),
        f"<figure>{unrolled.picture(found)}</figure>",
    ]
    if fading is not None and lengths is not None:
        names = list(dict.fromkeys(fading["network"]))
        parts += [
            _lesson(texts.FADING),
            figure(lesson_charts.fading(fading, names).properties(width=820)),
            _table(lengths),
            formula(texts.GRADIENT),
        ]
    return _page(title, "".join(parts))


def forgetting(table: pd.DataFrame, chart: alt.LayerChart, title: str, lesson: Lesson, settings: str) -> str:
    """The picture of the memory lab, with its numbers."""
    body = [
        f"<h1>{html.escape(title)}</h1>",
        _lesson(lesson),
        figure(chart.properties(width=820)),
        f"<p>{html.escape(settings)}</p>",
        _table(table),
    ]
    return _page(title, "".join(body))


def compared(findings: Sequence[str], chart: alt.LayerChart, table: pd.DataFrame, what: str) -> str:
    """The cells compared: what was found, the picture, the numbers.

    Args:
        findings: sentences.
        what: which clips, how often.
    """
    body = [
        "<h1>Which cell should I use?</h1>",
        _lesson(texts.COMPARE),
        *(f"<p><b>{html.escape(sentence)}</b></p>" for sentence in findings),
        figure(chart.properties(width=820)),
        f"<p>{html.escape(what)}</p>",
        _table(table),
    ]
    return _page("Which cell should I use?", "".join(body))


def formula(latex: str) -> str:
    """A formula as MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert

    return f"<figure>{convert(latex, display='block')}</figure>"


def figure(chart: alt.TopLevelMixin) -> str:
    """A chart as SVG on a light ground."""
    import vl_convert

    return f"<figure class='light'>{vl_convert.vegalite_to_svg(chart.to_json())}</figure>"


def _lesson(lesson: Lesson) -> str:
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html.escape(lesson.text))
    return f"<h2>{html.escape(lesson.title)}</h2><p>{text}</p><p><i>{html.escape(lesson.question)}</i></p>"


def _table(table: pd.DataFrame) -> str:
    return str(table.to_html(index=False, border=0))


def _page(title: str, body: str) -> str:
    """A whole HTML page around pieces of HTML; `body` is trusted, the title is not."""
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(title)}</title><style>{_PAGE_STYLE}</style></head><body><main>{body}</main></body></html>"
    )


_PAGE_STYLE = (
    ":root{color-scheme:light dark}body{margin:0;font-family:system-ui,sans-serif;line-height:1.5;background:#fdfdfb;color:#1c2326}"
    "main{max-width:1100px;margin:0 auto;padding:1.5rem}h1{line-height:1.2}svg{max-width:100%;height:auto}"
    "figure{margin:1rem 0;overflow-x:auto}math{font-size:1.1rem}"
    "@media(prefers-color-scheme:dark){body{background:#14191c;color:#e8ebe6}figure.light{background:#fdfdfb;color:#1c2326;padding:.5rem;border-radius:.4rem}}"
)
