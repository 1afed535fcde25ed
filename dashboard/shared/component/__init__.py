"""What the components of the pages share: their look, which follows the page's theme, and how they draw.

`component.css` styles whatever has the class `drawn`; the functions of `component.js` are in reach of every component's script.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from data import workspace

_SHARED = workspace.PROJECT / "dashboard" / "shared" / "component"


def sources(folder: Path, css: str, *scripts: str) -> tuple[str, str]:
    """The styles of a component, and its scripts as one module, each after what all share.

    Args:
        folder: of the component.
        css, scripts: names of its files, from there.
    """
    styles, js = (
        "\n".join(path.read_text(encoding="utf-8") for path in (shared, *own))
        for shared, own in (
            (_SHARED / "component.css", [folder / css]),
            (_SHARED / "component.js", [folder / name for name in scripts]),
        )
    )
    return styles, js


def component(name: str, holder: str, made_of: tuple[str, str]) -> Any:
    """Register a component; what it returns draws it.

    Args:
        name: of the component, for Streamlit.
        holder: class of the element that it fills.
        made_of: from `sources`.
    """
    css, js = made_of
    return st.components.v2.component(name, html=f'<div class="drawn {holder}"></div>', css=css, js=js)
