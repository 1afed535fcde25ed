"""Draw the settings of a dataclass as a form: one widget for each row, chosen by its type."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import streamlit as st

from audio_models.settings import Setting, settings_of

Config = TypeVar("Config")

_COLUMNS = 2


@dataclass(frozen=True)
class Widget:
    """How a form asks for one setting.

    Attributes:
        kind: the Streamlit function.
        arguments: of that function.
    """

    kind: Literal["toggle", "selectbox", "multiselect", "number_input", "text_input"]
    arguments: dict[str, Any]


def widget(row: Setting, value: Any) -> Widget | None:
    """The widget for a setting that starts with `value`; None for a list of numbers, which a page asks for itself."""
    label = f"{row.title} [{row.unit}]" if row.unit else row.title
    shared: dict[str, Any] = {"label": label, "help": row.help}
    if row.choices:
        shared |= {"options": row.choices, "format_func": lambda one: row.titles.get(one, one)}
        if row.is_list:
            return Widget("multiselect", {**shared, "default": value})
        return Widget("selectbox", {**shared, "index": row.choices.index(value)})
    if row.hint is bool:
        return Widget("toggle", {**shared, "value": value})
    if row.hint is int:
        bounds = {"min_value": row.low, "max_value": row.high, "step": row.step}
        return Widget("number_input", {**shared, "value": value, **bounds})
    if row.hint is float:
        numbers = {"min_value": row.low, "max_value": row.high, "value": value, "step": row.step}
        asked = {name: None if number is None else float(number) for name, number in numbers.items()}
        return Widget("number_input", {**shared, **asked, "format": "%g"})
    return Widget("text_input", {**shared, "value": value}) if row.hint is str else None


def edit(
    config: Config,
    key: str,
    *,
    only: Collection[str] | None = None,
    hidden: Collection[str] = (),
    disabled: Collection[str] = (),
) -> Config:
    """Draw a form of a configuration's settings; return the configuration as the user changed it.

    What is not drawn keeps its value.

    Args:
        config: what the form starts from; a dataclass with settings.
        key: makes the widgets' keys unique; another key starts again from `config`.
        only: settings to draw; all by default.
        hidden: settings not to draw.
        disabled: settings to draw but not to change.
    """
    drawn = []
    for row in settings_of(type(config)):
        wanted = row.name not in hidden and (only is None or row.name in only)
        if wanted and (asked := widget(row, getattr(config, row.name))) is not None:
            drawn.append((row, asked))
    changed: dict[str, Any] = {}
    for place in range(0, len(drawn), _COLUMNS):
        columns = st.columns(_COLUMNS, vertical_alignment="center") if len(drawn) > 1 else [st.container()]
        for column, (row, asked) in zip(columns, drawn[place : place + _COLUMNS], strict=False):
            value = getattr(column, asked.kind)(
                **asked.arguments, key=f"{row.name}-{key}", disabled=row.name in disabled
            )
            changed[row.name] = tuple(value) if row.is_list else value.strip() if row.hint is str else value
    return replace(config, **changed)  # type: ignore[type-var]  # any dataclass
