"""Templates of saved pages and drawings: Jinja2 files beside the modules that fill them, every text in them escaped."""

from __future__ import annotations

from typing import Any

import jinja2
from markupsafe import Markup

from audio_models.report import templates
from data import workspace


def render(name: str, **values: Any) -> Markup:
    """Fill a template of this folder. Values are escaped, `Markup` is not."""
    return Markup(_environment().get_template(name).render(values))


def macros(name: str) -> Any:
    """The macros of a template of this folder, as functions that return `Markup`."""
    return _environment().get_template(name).module


def _environment() -> jinja2.Environment:
    return templates.environment(workspace.PROJECT / "dashboard" / "lessons")
