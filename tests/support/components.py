"""A component of the pages on an empty page of its own, as Streamlit calls it: no server, so it is drawn within a second."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Browser, Page

DARK = (
    "--st-text-color: #e8ebe6; --st-background-color: #14191c; --st-secondary-background-color: #1f272b; "
    "--st-border-color: #37424a; --st-primary-color: #5aa9e0; background: #14191c;"
)


def draw(
    browser: Browser,
    sources: tuple[str, str],
    holder: str,
    data: dict[str, Any],
    width: int = 1200,
    *,
    dark: bool = False,
) -> Page:
    """Draw a component; the functions of its module are in reach of `page.evaluate`.

    Args:
        sources: its styles and its module.
        holder: class of the element that it fills.
        data: as JSON values.
    """
    css, js = sources
    page = browser.new_page(viewport={"width": width, "height": 900})
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.set_content(
        f'<style>{css}</style><body style="margin: 16px; {DARK if dark else ""}">'
        f'<div id="here"><div class="drawn {holder}"></div></div></body>'
    )
    page.add_script_tag(content=js.replace("export default function (", "window.draw = function ("))
    redraw(page, data)
    assert not faults, faults
    return page


def redraw(page: Page, data: dict[str, Any]) -> None:
    """Give a component that was drawn other data, as another run of the page does."""
    page.evaluate(
        "data => { draw({ data, parentElement: document.querySelector('#here') }); }", json.loads(json.dumps(data))
    )
