"""Choices that outlive a tab: kept in the workspace, so a refresh or another day goes on where the user was.

A page names a widget with `follow` just before it draws it; the app calls `write` after the page. What stands in the address
(`dashboard.shared.address`) needs none of this, and what only has to survive a visit to another page has Streamlit's
`persist_state="session"`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from dashboard.shared.state import REMEMBERED, Value
from data import stored, workspace
from data.corpus import CorpusReference
from data.errors import WorkspaceError

_FILE = "choices.json"
_MOST_KEPT = 200
_MOST_RECENT = 8

RecentKind = Literal["corpora", "other_folders", "recordings"]


@dataclass(frozen=True)
class Choices:
    """What was chosen last.

    Attributes:
        corpus: to learn from.
        cell, recipe: of the Train page; "" before the first choice.
        kept: values of widgets by their keys, those that changed last at the end.
        corpora: folders used as corpora, the newest first.
        other_folders: folders of other recordings, the newest first.
        recordings: paths of recordings, the newest first.
        welcomed: whether what a newcomer reads on the first page is not news any more.
    """

    corpus: CorpusReference | None = None
    cell: str = ""
    recipe: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    corpora: tuple[CorpusReference, ...] = ()
    other_folders: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    welcomed: bool = False


def load() -> Choices:
    """The choices; none where they were never made or cannot be read."""
    try:
        return stored.read(_path(), Choices)
    except (FileNotFoundError, WorkspaceError):
        return Choices()


def keep(**changed: Any) -> None:
    """Keep some choices; nothing is written where they are kept already, and a full disk stops nothing."""
    before = load()
    after = replace(before, **changed)
    if after != before:
        with contextlib.suppress(WorkspaceError):
            workspace.write_json(workspace.folder() / _FILE, stored.to_builtins(after))


def follow(key: str, kind: type, options: Collection[Any] | None = None) -> None:
    """Let the value with this key start as it was left, and keep it.

    Args:
        key: of a widget, or of a `Value`.
        kind: type of the value: `bool`, `str`, `list` or `dict`.
        options: what it may be, or for a list what it may hold; anything by default.
    """
    value = Value[Any](key, None)
    if value.get() is None and (kept := _usable(load().kept.get(key), kind, options)) is not None:
        value.set(kept)
    REMEMBERED.set(REMEMBERED.get() | {key})


def write() -> None:
    """Keep the values that the pages have named; called after a page."""
    values = {key: value for key in sorted(REMEMBERED.get()) if (value := Value[Any](key, None).get()) is not None}
    plain = json.loads(json.dumps(values))  # a tuple is a list when it is read again
    kept = load().kept
    changed = {key: value for key, value in plain.items() if kept.get(key) != value}
    if changed:
        others = {key: value for key, value in kept.items() if key not in changed}
        keep(kept=dict([*others.items(), *changed.items()][-_MOST_KEPT:]))


def use(kind: RecentKind, one: Any) -> None:
    """Put a folder or a recording first among those used before."""
    others = [other for other in recent(kind) if _place(other) != _place(one)]
    keep(**{kind: (one, *others)[:_MOST_RECENT]})


def recent(kind: RecentKind) -> tuple[Any, ...]:
    """Those used before, the newest first."""
    found: tuple[Any, ...] = getattr(load(), kind)
    return found


def forget(kind: RecentKind, one: Any) -> None:
    """Forget one of those used before."""
    keep(**{kind: tuple(other for other in recent(kind) if _place(other) != _place(one))})


def _place(one: Any) -> str:
    return one.name if isinstance(one, CorpusReference) else str(one)


def _usable(value: Any, kind: type, options: Collection[Any] | None) -> Any:
    """The value as far as it can still be chosen; None if it cannot."""
    if type(value) is not kind:
        return None
    if options is None:
        return value
    if isinstance(value, list):
        return [one for one in value if one in options] or None
    return value if value in options else None


def _path() -> Path:
    return workspace.root() / _FILE
