"""Declare a setting once: `units: int = setting(96, 1, 1024, title="Units", help="Size of the state.")`.

That row defines the check of type and range, the shell's option, the form's widget and the table in docs/settings.md.
`from_dict` reads any dataclass from JSON values with the same checks.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from audio_models.errors import ConfigError

Config = TypeVar("Config")
Number = int | float

_ROW = "setting"  # the key of a field's metadata
_LONGEST_VALUE = 40  # characters of a value in a message
_LARGEST_SHOWN = 10**20


@dataclass(frozen=True)
class Setting:
    """One setting of a dataclass.

    Attributes:
        name: of its field.
        hint: its type: bool, int, float, str, a Literal of strings, or a tuple of any length of one of these.
        default: its value unless another is chosen.
        title: what a form calls it.
        help: what it does, one sentence.
        low, high: bounds of the number, or of each item of a tuple.
        unit: of the number; empty for none.
        step: of the arrows next to the number in a form.
        titles: what a form calls each choice.
        option: the shell's option, without its dashes.
        formerly: an older name, understood in stored files and in the shell; empty for none.
        translated: values of the older name, and their values today.
    """

    name: str
    hint: Any
    default: Any
    title: str
    help: str
    low: Number | None
    high: Number | None
    unit: str
    step: Number
    titles: Mapping[str, str]
    option: str
    formerly: str
    translated: Mapping[Any, Any]

    @property
    def is_list(self) -> bool:
        return get_origin(self.hint) is tuple

    @property
    def item(self) -> Any:
        """The type of each item of a tuple, or of the value itself."""
        return get_args(self.hint)[0] if self.is_list else self.hint

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed values; empty if the type alone decides."""
        return get_args(self.item) if get_origin(self.item) is Literal else ()

    @property
    def is_folders(self) -> bool:
        """Whether it is a list of free texts, each given by an option of its own."""
        return self.is_list and self.item is str

    @property
    def expected(self) -> str:
        """Description of the allowed values."""
        return _expected(self.hint, self.low, self.high, self.unit)

    def check(self, value: Any) -> None:
        """Refuse a value of another type or out of range.

        Raises:
            ConfigError: the value is invalid.
        """
        if not _fits(value, self.hint, self.low, self.high):
            raise ConfigError(_refusal(self.title, value, self.expected, self.unit))

    def text_of(self, value: Any) -> str:
        """Format a value as the shell takes it: "on", "0.5", "lstm,gru"; empty for an empty text or list."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, tuple):
            return ",".join(map(str, value))
        return f"{value:g}" if isinstance(value, float) else f"{value}"

    def renewed(self, value: Any) -> Any:
        """Translate a value of the older name."""
        return next((new for old, new in self.translated.items() if old is value), value)


def setting(
    default: Any,
    low: Number | None = None,
    high: Number | None = None,
    *,
    title: str,
    help: str,
    unit: str = "",
    step: Number = 1,
    titles: Mapping[Any, str] | None = None,
    option: str = "",
    formerly: str = "",
    translated: Mapping[Any, Any] | None = None,
) -> Any:
    """Declare a field of a dataclass as a setting; see `Setting`."""
    row = {
        "title": title, "help": help, "low": low, "high": high, "unit": unit, "step": step, "titles": titles or {},
        "option": option, "formerly": formerly, "translated": translated or {},
    }  # fmt: skip
    return field(default=default, metadata={_ROW: row})


def settings_of(kind: Any) -> tuple[Setting, ...]:
    """The settings of a dataclass, in the order of their declaration; fields without a row are left out."""
    return tuple(_rows(kind).values())


def check(config: Any) -> None:
    """Check every field of a dataclass by its type, and every setting by its range; call it in `__post_init__`.

    Raises:
        ConfigError: a value is of another type or out of range; NaN, infinity and bool are not numbers.
    """
    kind: Any = type(config)
    rows = _rows(kind)
    for name, hint in _hints(kind).items():
        value = getattr(config, name)
        if name in rows:
            rows[name].check(value)
        elif not _fits(value, hint):
            raise ConfigError(_refusal(f"{kind.__name__}.{name}", value, _expected(hint)))


def within(name: str, value: Number, low: Number, high: Number, unit: str = "") -> None:
    """Check a number whose bounds depend on something else.

    Raises:
        ConfigError: it is not a number, or not between `low` and `high`.
    """
    if not _fits(value, float, low, high):
        raise ConfigError(_refusal(name, value, _expected(float, low, high, unit), unit))


def to_dict(config: Any) -> dict[str, Any]:
    """Convert a dataclass to JSON values."""
    return dataclasses.asdict(config)


def from_dict(kind: type[Config], values: Any) -> Config:
    """Make a dataclass, and those within it, from JSON values: a list becomes a tuple; older names are understood.

    Raises:
        ConfigError: a value is missing, unknown, of another type or out of range.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{kind.__name__} is {_shown(values)}; expected an object.")
    of: Any = kind
    hints, rows, made = _hints(of), _rows(of), _renamed(of, values)
    if unknown := sorted(set(made) - set(hints)):
        raise ConfigError(f"{kind.__name__} has no setting {', '.join(unknown)}; it has {', '.join(hints)}.")
    required = [
        entry.name
        for entry in dataclasses.fields(of)
        if entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING
    ]
    if missing := [name for name in required if name not in made]:
        raise ConfigError(f"{kind.__name__} lacks {', '.join(missing)}.")
    for name, value in made.items():
        made[name] = _read(value, hints[name])
        if name in rows:
            rows[name].check(made[name])
        elif not _fits(made[name], hints[name]):
            raise ConfigError(_refusal(f"{kind.__name__}.{name}", value, _expected(hints[name])))
    return kind(**made)


@cache
def _rows(kind: Any) -> dict[str, Setting]:
    """The settings of a dataclass by name."""
    hints, rows = _hints(kind), {}
    for entry in dataclasses.fields(kind):
        if _ROW in entry.metadata:
            row = dict(entry.metadata[_ROW])
            row["option"] = row["option"] or entry.name.replace("_", "-")
            rows[entry.name] = Setting(name=entry.name, hint=hints[entry.name], default=entry.default, **row)
    return rows


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """The type of each field."""
    hints = get_type_hints(kind)
    return {entry.name: hints[entry.name] for entry in dataclasses.fields(kind)}


def _renamed(kind: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Replace older names in `values`."""
    made = dict(values)
    for row in settings_of(kind):
        if row.formerly in made:
            if row.name in made:
                raise ConfigError(f"{row.title} is given twice, as {row.name} and as {row.formerly}; leave one out.")
            made[row.name] = row.renewed(made.pop(row.formerly))
    return made


def _read(value: Any, hint: Any) -> Any:
    """Convert a JSON value to the type `hint` if possible; else return it unchanged, and the check refuses it."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (hint,) = [one for one in inner if one is not type(None)] if len(inner) == 2 else (hint,)
        return value if value is None or hint is Any else _read(value, hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and not isinstance(value, hint):
        return from_dict(hint, value)
    if origin is tuple and isinstance(value, list | tuple):
        items = [inner[0]] * len(value) if inner[1:] == (Ellipsis,) else inner
        return tuple(_read(item, one) for item, one in zip(value, items, strict=False)) + tuple(value[len(items) :])
    if origin is dict and isinstance(value, dict):
        return {key: _read(item, inner[1]) for key, item in value.items()}
    return value


def _fits(value: Any, hint: Any, low: Number | None = None, high: Number | None = None) -> bool:
    """Whether a value is of the type `hint`, and each number in it between the bounds."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if hint in (int, float):
        return _is_number(value, hint) and (low is None or value >= low) and (high is None or value <= high)
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if origin in (Union, types.UnionType):
        return any(_fits(value, one, low, high) for one in inner)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        items = [inner[0]] * len(value) if inner[1:] == (Ellipsis,) else inner
        return len(value) == len(items) and all(
            _fits(item, one, low, high) for item, one in zip(value, items, strict=True)
        )
    if origin is dict:
        return isinstance(value, dict) and all(
            _fits(key, inner[0]) and _fits(item, inner[1], low, high) for key, item in value.items()
        )
    return isinstance(value, origin or hint)


def _is_number(value: Any, kind: type[Any]) -> bool:
    """Whether it is a whole number, or, where `kind` is float, any finite number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | kind):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the largest float
        return False


def _expected(hint: Any, low: Number | None = None, high: Number | None = None, unit: str = "") -> str:
    """Describe the values that a type and bounds allow."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}"
    if origin in (Union, types.UnionType):
        return " or ".join(_expected(one, low, high, unit) for one in inner)
    if origin is tuple:
        return f"a list, each item {_expected(inner[0], low, high, unit)}"
    if hint in (int, float):
        kind = "a whole number" if hint is int else "a number"
        return kind if low is None or high is None else f"{kind} from {_number(low)} to {_number(high)}{_after(unit)}"
    return {bool: "true or false", str: "text", type(None): "null"}.get(hint, "an object")


def _refusal(title: str, value: Any, expected: str, unit: str = "") -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{title} is {_shown(value)}{_after(unit) if number else ''}; expected {expected}."


def _shown(value: Any) -> str:
    """A value for a message, as JSON writes it, shortened."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, int) and abs(value) > _LARGEST_SHOWN:
        return "a number far too large"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value[:5]))}{', …' if len(value) > 5 else ''}]"
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _number(bound: Number) -> str:
    return f"{bound:g}" if isinstance(bound, float) else f"{bound}"


def _after(unit: str) -> str:
    return f" {unit}" if unit else ""
