"""A setting is one line: its check, option, widget and row of the docs come from there; values of another type are refused."""

from __future__ import annotations

import argparse
import ast
import json
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import pytest

from audio_models import options as shell_options
from audio_models.config import (
    AugmentationConfig,
    FeatureConfig,
    NegativesConfig,
    NetworkConfig,
    RunConfig,
    TrainingConfig,
)
from audio_models.errors import ConfigError
from audio_models.lab.comparison import ComparisonConfig
from audio_models.lab.small_network import SmallConfig
from audio_models.settings import Setting, check, from_dict, setting, settings_of, to_dict
from dashboard.shared.settings_form import widget
from data.corpus import CorpusReference
from data.task import Task
from docs.settings import SECTIONS, _row
from tests.conftest import PROJECT

REQUIRED: dict[type, dict[str, Any]] = {
    ComparisonConfig: {"corpus": CorpusReference("fsdd"), "task": Task(("yes", "no"))}
}
KINDS = (*SECTIONS, SmallConfig)  # the small task of Memory is set on its page alone
ROWS = [pytest.param(kind, row, id=f"{kind.__name__}.{row.name}") for kind in KINDS for row in settings_of(kind)]


def _unfit(row: Setting) -> list[Any]:
    """Values that a setting must refuse, from its declaration alone."""
    wrong: list[Any] = [None, {}, {"a": 1}, object()]
    if row.is_list:
        item = replace(row, hint=row.item)
        return [*wrong, "ab", 3, True, *((one,) for one in _unfit(item))]
    wrong += [(), (row.default,)]
    if row.hint is str:
        return [*wrong, 0, 1.5, True]
    if row.choices:
        return [*wrong, 0, True, "", "nothing of that name", row.choices[0].upper()]
    if row.hint is bool:
        return [*wrong, 0, 1, 1.0, "", "false", "true", "off"]
    assert row.low is not None
    assert row.high is not None
    wrong += ["", str(row.low), "many", True, False, float("nan"), float("inf"), -float("inf"), 10**400, -(10**400)]
    return [*wrong, row.low - 1, row.high + 1, *([row.low + 0.5, 1.0] if row.hint is int else [])]


def _made(kind: type, /, **values: Any) -> Any:
    return kind(**{**REQUIRED.get(kind, {}), **values})


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_every_setting_refuses_what_does_not_fit_when_made_and_when_read(kind: type, row: Setting) -> None:
    """Guards against values that were taken as something else: "false" turned a setting on, 2.5 epochs passed."""
    stored = json.loads(json.dumps(to_dict(_made(kind))))
    for value in _unfit(row):
        for make in (lambda value=value: _made(kind, **{row.name: value}), lambda value=value: from_dict(kind, {**stored, row.name: value})):  # fmt: skip
            with pytest.raises(ConfigError, match=rf"^{row.title} is .+; expected .+\.$"):
                make()


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_every_setting_takes_its_default_its_bounds_and_its_choices(kind: type, row: Setting) -> None:
    row.check(row.default)
    for value in (*row.choices, row.low, row.high):
        if value is not None:
            row.check((value,) if row.is_list else value)
    if row.hint is float:
        assert row.high is not None
        row.check(int(row.high))  # JSON writes 30.0 as 30


def test_a_refusal_says_what_came_and_what_is_expected() -> None:
    for make, sentence in (
        (lambda: NetworkConfig(bidirectional="false"), "Bidirectional is 'false'; expected true or false."),  # type: ignore[arg-type]
        (lambda: TrainingConfig(epochs=2.5), "Epochs is 2.5; expected a whole number from 1 to 1000."),  # type: ignore[arg-type]
        (lambda: AugmentationConfig(shift_ms=2000), "Shift is 2000 ms; expected a number from 0 to 1000 ms."),
        (lambda: NetworkConfig(dropout=10**400), "Dropout is a number far too large; expected a number from 0 to 0.9."),
        (lambda: TrainingConfig(schedule="x" * 99), f"Schedule is '{'x' * 38}…; expected one of constant, cosine."),  # type: ignore[arg-type]
    ):
        with pytest.raises(ConfigError) as refused:
            make()
        assert str(refused.value) == sentence


RUN = {"corpus": {"name": "fsdd"}, "task": {"labels": ["yes", "no"]}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": {"labels": "ab"}}, "Task.labels is 'ab'; expected a list, each item text"),
        ({"task": {"labels": ["yes", 3]}}, "Task.labels is .'yes', 3.; expected a list"),
        ({"task": {"labels": ["yes", "no"], "unknown": "no"}}, "Task.unknown is 'no'; expected true or false"),
        ({"task": ["yes", "no"]}, "Task is .'yes', 'no'.; expected an object"),
        ({"task": None}, "Task is null; expected an object"),
        ({"corpus": {"name": 3}}, "CorpusReference.name is 3; expected text"),
        ({"corpus": {"name": "fsdd", "split_by": 1}}, "split_by is 1; expected text or null"),
        ({"corpus": {}}, "CorpusReference lacks name"),
        ({"name": None}, "RunConfig.name is null; expected text"),
        ({"features": None}, "FeatureConfig is null; expected an object"),
        ({"network": {"units": "96"}}, "Units is '96'; expected a whole number"),
        ({"network": {"unit": 3}}, "NetworkConfig has no setting unit; it has cell, units"),
    ],
)
def test_a_stored_run_is_checked_down_to_its_last_value(changes: dict, said: str) -> None:
    """Guards against labels "ab" that became two classes."""
    assert from_dict(RunConfig, RUN).task.classes == ("yes", "no")
    with pytest.raises(ConfigError, match=said):
        from_dict(RunConfig, {**RUN, **changes})


@pytest.mark.parametrize(
    ("kind", "old", "now"),
    [
        (TrainingConfig, {"averaging": 0.5}, TrainingConfig(ema_decay=0.5)),
        (TrainingConfig, {"clips_in_a_row": 3}, TrainingConfig(clips_per_sequence=3)),
        (FeatureConfig, {"cepstrum": True}, FeatureConfig(kind="mfcc")),
        (FeatureConfig, {"cepstrum": False}, FeatureConfig(kind="log_mel")),
    ],
)
def test_a_stored_value_of_an_older_name_is_understood(kind: type, old: dict, now: Any) -> None:
    assert from_dict(kind, old) == now
    with pytest.raises(ConfigError, match="is given twice"):
        from_dict(kind, {**to_dict(now), **old})


@pytest.mark.parametrize("value", [0, 1, "false", None, 1.0])
def test_a_value_of_an_older_name_is_checked_too(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"Features is .+; expected one of mfcc, log_mel"):
        from_dict(FeatureConfig, {"cepstrum": value})


@dataclass(frozen=True)
class Extended(TrainingConfig):
    """The settings of a training and one line more."""

    warmth: float = setting(0.5, 0, 2, unit="K", step=0.1, title="Warmth", help="How warm it is.", formerly="heat")


def test_one_more_setting_is_one_line() -> None:
    """It is checked, has an option and a widget, and stands in the table of the docs."""
    row = settings_of(Extended)[-1]
    with pytest.raises(ConfigError, match="Warmth is 3 K; expected a number from 0 to 2 K"):
        Extended(warmth=3)
    assert from_dict(Extended, {"heat": 1}).warmth == 1

    made = argparse.ArgumentParser()
    shell_options.add_settings(made, Extended)
    assert "How warm it is (default: 0.5)" in made.format_help()
    assert "--heat" not in made.format_help()
    for option in ("--warmth", "--heat"):
        assert shell_options.changed(Extended(), made.parse_args([option, "1.5"])).warmth == 1.5
    assert shell_options.changed(Extended(), made.parse_args([])) == Extended()

    asked = widget(row, 0.5)
    assert asked is not None
    assert asked.kind == "number_input"
    assert asked.arguments == {
        "label": "Warmth [K]", "help": "How warm it is.", "value": 0.5, "min_value": 0.0, "max_value": 2.0, "step": 0.1,
        "format": "%g",
    }  # fmt: skip
    assert _row(Extended, row) == "| `--warmth` | Warmth [K] | 0 to 2 | 0.5 | How warm it is. |"


@dataclass(frozen=True)
class Kinds:
    """One setting of each kind."""

    switch: bool = setting(True, title="Switch", help="On or off.")
    choice: Literal["a", "b"] = setting("b", title="Choice", titles={"a": "Alpha"}, help="One of two.")
    many: tuple[Literal["a", "b"], ...] = setting(("a",), title="Many", help="Some of two.")
    numbers: tuple[int, ...] = setting((1, 2), 1, 9, title="Numbers", help="Some numbers.")
    text: str = setting("", title="Text", help="Any text.")
    count: int = setting(3, 1, 9, title="Count", help="A whole number.")
    folders: tuple[str, ...] = setting((), title="Folders", help="Some folders, commas and all.")

    def __post_init__(self) -> None:
        check(self)


def test_each_kind_has_its_option_and_its_widget() -> None:
    made = argparse.ArgumentParser()
    shell_options.add_settings(made, Kinds)
    given = made.parse_args(
        [
            "--no-switch",
            "--choice",
            "a",
            "--many",
            "b, a",
            "--numbers",
            "5,6",
            "--text",
            "x",
            "--count",
            "4",
            "--folders",
            "a,b",
            "--folders",
            "c",
        ]
    )
    assert shell_options.changed(Kinds(), given) == Kinds(False, "a", ("b", "a"), (5, 6), "x", 4, ("a,b", "c"))
    asked = {row.name: widget(row, row.default) for row in settings_of(Kinds)}
    assert {name: one and one.kind for name, one in asked.items()} == {
        "switch": "toggle", "choice": "selectbox", "many": "multiselect", "numbers": None, "text": "text_input", "count": "number_input",
        "folders": None,
    }  # fmt: skip
    choice = asked["choice"]
    assert choice is not None
    assert [choice.arguments["format_func"](one) for one in choice.arguments["options"]] == ["Alpha", "b"]
    assert choice.arguments["index"] == 1


def test_every_dataclass_with_settings_is_in_the_docs_or_on_a_page_alone() -> None:
    """So the tests above leave none out."""
    found = set()
    for path in (PROJECT / "audio_models").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any(
                isinstance(one, ast.AnnAssign)
                and one.value is not None
                and ast.unparse(one.value).startswith("setting(")
                for one in node.body
            ):
                found.add(node.name)
    assert found == {kind.__name__ for kind in KINDS}


def test_the_names_of_a_runs_settings_are_unique() -> None:
    """The shell's options and the form's widgets are named by them alone."""
    names = [row.name for kind in (FeatureConfig, NetworkConfig, TrainingConfig, AugmentationConfig, NegativesConfig) for row in settings_of(kind)]  # fmt: skip
    assert len(names) == len(set(names))
    assert not set(names) & {entry.name for entry in fields(RunConfig)}
