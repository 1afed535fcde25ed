"""The house: imports go one way, and heavy libraries stay in their process."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

# Each package may import those after it, and itself.
FLOORS = ["dashboard", "audio_models", "data"]
FORBIDDEN = {
    "data": {"audio_models", "dashboard", "streamlit", "tensorflow", "keras", "librosa", "onnxruntime"},
    "audio_models": {"dashboard", "streamlit", "altair"},
    "dashboard": {
        "tensorflow",
        "keras",
        "audio_models.networks",
        "audio_models.training",
        "audio_models.memory_process",
    },
}
# What may import tensorflow, at the top or inside a function: the processes that train, and what they alone call.
TENSORFLOW = {
    "audio_models/networks.py",
    "audio_models/training.py",
    "audio_models/training_process.py",
    "audio_models/memory_process.py",
    "audio_models/litert_process.py",
}


def _modules(package: str) -> list[Path]:
    return sorted((PROJECT / package).rglob("*.py"))


def _imports(path: Path) -> set[str]:
    """All that a module imports, also inside functions, but not for types alone."""
    tree = ast.parse(path.read_text())
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _reaches(imported: str, names: set[str]) -> bool:
    return any(imported == name or imported.startswith(name + ".") for name in names)


def test_no_test_needs_another() -> None:
    """What two of them need is in a module of its own, so that either may change or go."""
    needy = {
        path.name: other for path in _modules("tests") for other in _imports(path) if other.startswith("tests.test_")
    }
    assert needy == {}


@pytest.mark.parametrize("package", FLOORS)
def test_imports_go_one_way(package: str) -> None:
    modules = _modules(package)
    assert modules
    for path in modules:
        bad = [name for name in _imports(path) if _reaches(name, FORBIDDEN[package])]
        assert not bad, f"{path.relative_to(PROJECT)} imports {bad}"


def test_only_the_training_process_names_tensorflow_or_the_modules_that_bring_it() -> None:
    bringers = {"tensorflow", "keras", "audio_models.networks", "audio_models.training"}
    for package in FLOORS:
        for path in _modules(package):
            name = str(path.relative_to(PROJECT))
            if name not in TENSORFLOW:
                bad = [imported for imported in _imports(path) if _reaches(imported, bringers)]
                assert not bad, f"{name} imports {bad}"


def test_modules_import_no_one_in_a_circle() -> None:
    graph = {}
    for package in FLOORS:
        for path in _modules(package):
            name = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
            graph[name] = _imports(path)
    graph = {
        name: {other for other in graph if other in imported and other != name} for name, imported in graph.items()
    }
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


# What stands at the head of the page that is opened first.
FIRST_PAGE = """
import ast
page = ast.parse(open("dashboard/app_pages/predict.py", encoding="utf-8").read())
head = [one for one in page.body if isinstance(one, (ast.Import, ast.ImportFrom))]
exec(compile(ast.Module(head, []), "predict", "exec"))
"""


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import audio_models.cli, audio_models.evaluation, audio_models.jobs", ["tensorflow", "keras", "streamlit"]),
        ("import data.catalogue, data.task", ["tensorflow", "streamlit", "librosa", "espeakng_loader", "onnxruntime"]),
        ("import audio_models.runs", ["tensorflow", "onnxruntime", "librosa", "streamlit"]),
        (
            "import audio_models.inspection, audio_models.comparison, audio_models.memory_lab",
            ["tensorflow", "keras", "streamlit"],
        ),
        ("import audio_models.memory_lab, audio_models.comparison", ["onnxruntime", "librosa", "onnx"]),
        (
            "import dashboard.widgets, dashboard.charts, dashboard.warm, dashboard.stepper, dashboard.live",
            ["tensorflow", "keras", "onnx"],
        ),
        (
            "import dashboard.stepper, dashboard.unrolled, dashboard.handout",
            ["tensorflow", "keras", "onnx", "librosa", "onnxruntime", "vl_convert", "latex2mathml"],
        ),
        ("from dashboard.warm import _warm; _warm()", ["tensorflow", "keras", "onnx"]),
        (FIRST_PAGE, ["altair", "pandas", "librosa", "onnxruntime"]),  # a visitor waits for what it imports
    ],
)
def test_importing_brings_nothing_heavy(code: str, absent: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint([name for name in {absent!r} if name in sys.modules])"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr


def test_nothing_is_written_next_to_the_source() -> None:
    """Only the workspace module knows where the project lies; all else asks it for a folder."""
    for package in FLOORS:
        for path in _modules(package):
            if path.name in ("workspace.py", "app.py", "__main__.py"):
                continue
            text = path.read_text()
            assert "__file__" not in text, path
