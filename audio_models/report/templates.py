"""Templates of saved pages: Jinja2 files that escape every text in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from data import workspace

_HERE = workspace.PROJECT / "audio_models" / "report" / "pages"


def render(name: str, **values: Any) -> Markup:
    """Fill a template of `pages/`. Values are escaped, `Markup` is not."""
    return Markup(environment(_HERE).get_template(name).render(values))


@cache
def environment(folder: Path) -> jinja2.Environment:
    """Templates of a folder, which may extend those of `pages/`: `page.html` is the frame of every saved page."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _HERE]),
        auto_reload=False,  # or each use asks for the time of the file
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
