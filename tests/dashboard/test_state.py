"""What a tab remembers: each key is declared once, and no page changes another's choice by accident."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from dashboard.shared import state
from data.corpus import CorpusReference
from tests.conftest import PROJECT
from tests.support.pages import healthy, open_page
from tests.support.sounds import glides

MODULES = sorted((PROJECT / "dashboard").rglob("*.py"))


def _declarations(path: Path) -> list[tuple[str, str, ast.stmt | None]]:
    """Name and key of each `Value` that a module declares, and the statement after it."""
    body = ast.parse(path.read_text()).body
    found = []
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(call := node.value, ast.Call):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if re.match(r"Value\b", ast.unparse(call.func)):
                found.append((ast.unparse(target), call.args[0].value, following))
    return found


def test_every_key_is_declared_once() -> None:
    keys = Counter(key for path in MODULES for _, key, _ in _declarations(path))
    assert len(keys) > 40
    assert {key for key, count in keys.items() if count > 1} == set()


def test_every_value_says_what_it_means() -> None:
    for path in MODULES:
        for name, _, following in _declarations(path):
            said = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            assert said, f"{path.name}: {name} has no text below it"


def test_a_page_shows_nothing_by_standing_in_its_code() -> None:
    """Streamlit writes every value that stands alone in a page onto it: the text below a `Value` was seen on two pages."""
    for path in (PROJECT / "dashboard" / "app_pages").glob("*.py"):
        alone = [node for node in ast.parse(path.read_text()).body[1:] if isinstance(node, ast.Expr)]
        assert [ast.unparse(node) for node in alone] == ["_page()"], path.name
    settings = tomllib.loads((PROJECT / "dashboard" / ".streamlit" / "config.toml").read_text())
    assert settings["runner"]["magicEnabled"] is False


def test_only_the_state_module_touches_streamlits_dictionary() -> None:
    others = [path.name for path in MODULES if path.name != "state.py" and "session_state" in path.read_text()]
    assert others == []


def test_no_two_modules_give_a_widget_the_same_key() -> None:
    users: dict[str, set[str]] = {}
    for path in MODULES:
        for key in re.findall(r'\bkey="([^"]+)"', path.read_text()):
            users.setdefault(key, set()).add(path.name)
    values = {key for path in MODULES for _, key, _ in _declarations(path)}
    assert {key: names for key, names in users.items() if len(names) > 1 or key in values} == {}


def test_a_value_has_its_default_until_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, object] = {}
    monkeypatch.setattr(state.st, "session_state", kept)
    number = state.Value[int]("number", 3)
    assert (number.get(), kept) == (3, {})
    number.start_with(4)
    number.start_with(5)
    assert (number.get(), number.of("b").get()) == (4, 3)
    number.of("b").set(6)
    assert kept == {"number": 4, "number-b": 6}
    assert (number.pop(), number.pop()) == (4, 3)


def test_a_corpus_to_evaluate_by_does_not_become_the_corpus_to_train_on(home: Path, tmp_path: Path) -> None:
    """Evaluate's choice stood under the same key as Train's."""
    mine, other = glides(tmp_path / "mine"), glides(tmp_path / "other", speakers=4)
    app = open_page("evaluate")
    app.session_state[state.CORPUS.key] = CorpusReference(str(mine))
    app.session_state[state.CORPUS_BOX.of("evaluate").key] = "a folder on this computer"
    app.toggle(key=state.USE_EVALUATION_CORPUS.key).set_value(True).run()
    app.text_input(key="evaluate_folder").set_value(str(other)).run()
    healthy(app)
    app.switch_page("app_pages/train.py").run()
    healthy(app)
    assert app.text_input(key="train_folder").value == str(mine)
    app.switch_page("app_pages/evaluate.py").run()
    app.toggle(key=state.USE_EVALUATION_CORPUS.key).set_value(True).run()
    assert app.text_input(key="evaluate_folder").value == str(other), "each page remembers its own"
