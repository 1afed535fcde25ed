"""Charts that several pages share."""

from __future__ import annotations

import re

import altair as alt
import pytest

from audio_models.report.colour import LEAST_CONTRAST, contrast, page_colour, theme
from audio_models.report.pictures import readable
from dashboard.shared.charts import probability_bars
from dashboard.shared.show_chart import show_chart
from tests.conftest import PROJECT


@pytest.mark.parametrize("on_dark", [False, True])
def test_labels_of_charts_can_be_read(on_dark: bool) -> None:
    """Streamlit's own grey has a contrast of 3.3:1."""
    made = readable(probability_bars({"left": 0.9, "right": 0.1}), on_dark=on_dark).to_dict()["config"]
    page = page_colour(on_dark=on_dark)
    colours = {
        made["axis"]["labelColor"],
        made["axis"]["titleColor"],
        made["legend"]["labelColor"],
        made["text"]["color"],
    }
    assert all(contrast(colour, page) >= LEAST_CONTRAST for colour in colours)


def test_text_in_charts_has_no_grey_of_its_own() -> None:
    """A grey that is in the code is too pale on one of the two pages."""
    for path in [*(PROJECT / "dashboard").rglob("*.py"), *(PROJECT / "audio_models" / "report").glob("*.py")]:
        assert not re.search(r"mark_text\([^)]*color=\"#7c878c\"", path.read_text(encoding="utf-8")), path.name


def test_every_chart_of_a_page_has_a_text() -> None:
    """A screen reader reads it; `show_chart` asks for one."""
    for path in (PROJECT / "dashboard").rglob("*.py"):
        if path.name != "show_chart.py":
            assert ".altair_chart(" not in path.read_text(encoding="utf-8"), path.relative_to(PROJECT)


def test_a_chart_is_written_down_without_the_check_that_takes_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the time from a slider to the new picture was the check of a chart that Echoic itself had made."""
    checked: list[object] = []

    def check(chart: alt.TopLevelMixin, *given: object, **named: object) -> None:
        checked.append(chart)

    monkeypatch.setattr(alt.LayerChart, "validate", check)
    chart = probability_bars({"left": 0.9, "right": 0.1})
    chart.to_dict()
    assert checked, "Altair checks by itself"
    show_chart(chart, "Two bars.")  # the first one turns off the check of each part as it is made
    checked.clear()
    show_chart(probability_bars({"left": 0.9, "right": 0.1}), "Two bars.")
    assert not checked


def test_text_on_the_pages_own_colour_can_be_read() -> None:
    """On primary buttons and chosen words: white on the dark page's blue had a contrast of 2.6:1."""
    style = (PROJECT / "dashboard" / "app.py").read_text(encoding="utf-8")
    [inks] = re.findall(r"\[data-tag\] \* \{ color: light-dark\((#\w{6}), (#\w{6})\)", style)
    for ink, name in zip(inks, ("light", "dark"), strict=True):
        assert contrast(ink, theme(name)["primaryColor"]) >= LEAST_CONTRAST
