"""The house: imports go one way, and heavy libraries stay in their process."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from audio_models.jobs.runs import Run
from audio_models.lab.comparison import Comparison
from audio_models.lab.memory import Experiment
from tests.conftest import PROJECT

PACKAGES = ("data", "audio_models", "dashboard")

# The house, lowest floor first. A wing is the longest of these prefixes that a module's name has; it may import itself
# and the floors below, never its own floor's other wings nor a floor above.
FLOORS: list[set[str]] = [
    {"data"},
    {"data.public", "data.own"},
    {"data.catalogue"},
    {"audio_models.errors"},
    {"audio_models.config"},
    {"audio_models.recipes"},
    {"audio_models.features"},
    {"audio_models.networks", "audio_models.jobs", "audio_models.own_words"},
    {"audio_models.recognition"},
    {"audio_models.listening"},
    {"audio_models.training"},
    {"audio_models.export"},
    {"audio_models.lab", "audio_models.pretrained"},
    {"audio_models.cli"},
    {"audio_models"},
    {"dashboard.shared"},
    {"dashboard.train", "dashboard.evaluate", "dashboard.listen", "dashboard.live", "dashboard.words", "dashboard.lessons"},
    {"dashboard.app_pages"},
    {"dashboard"},
]  # fmt: skip
# The two processes that may name what brings tensorflow: the dashboard never does, the shell only inside a command.
NEVER = {
    "data": {"streamlit", "tensorflow", "keras", "librosa", "onnxruntime"},
    "audio_models": {"streamlit", "altair"},
    "dashboard": {"audio_models.cli", "tensorflow", "keras", "audio_models.networks.keras_model", "audio_models.training.loop", "audio_models.lab.memory_process"},
}  # fmt: skip
# What may import tensorflow, at the top or inside a function: the processes that train, and what they alone call.
TENSORFLOW = {
    "audio_models/networks/keras_model.py",
    "audio_models/training/loop.py",
    "audio_models/training/process.py",
    "audio_models/lab/memory_process.py",
    "audio_models/export/litert_process.py",
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


def _name(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _wing(module: str) -> str:
    """The wing of a module of ours; "" of anything else."""
    wings = [wing for floor in FLOORS for wing in floor if _reaches(module, {wing})]
    return max(wings, key=len, default="")


def _arrows() -> dict[tuple[str, str], list[str]]:
    """Every import from one wing into another: the modules that do it."""
    found: dict[tuple[str, str], list[str]] = {}
    for package in PACKAGES:
        for path in _modules(package):
            here = _wing(_name(path))
            for imported in _imports(path):
                there = _wing(imported)
                if there and there != here and imported not in PACKAGES:
                    found.setdefault((here, there), []).append(f"{_name(path)} imports {imported}")
    return found


def test_every_module_has_a_wing() -> None:
    strays = [
        _name(path) for package in PACKAGES for path in _modules(package) if _wing(_name(path)) in ("", "audio_models")
    ]
    assert strays == ["audio_models", "audio_models.__main__"]


def test_imports_run_down() -> None:
    level = {wing: number for number, floor in enumerate(FLOORS) for wing in floor}
    up = {arrow: why for arrow, why in _arrows().items() if level[arrow[0]] <= level[arrow[1]]}
    assert up == {}
    print(f"{len(level)} wings, {len(_arrows())} arrows between them, none up")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_names_what_is_not_for_it(package: str) -> None:
    for path in _modules(package):
        bad = [name for name in _imports(path) if _reaches(name, NEVER[package])]
        assert not bad, f"{path.relative_to(PROJECT)} imports {bad}"


def test_only_the_training_process_names_tensorflow_or_the_modules_that_bring_it() -> None:
    bringers = {"tensorflow", "keras", "audio_models.networks.keras_model", "audio_models.training.loop"}
    for package in PACKAGES:
        for path in _modules(package):
            name = str(path.relative_to(PROJECT))
            if name not in TENSORFLOW:
                bad = [imported for imported in _imports(path) if _reaches(imported, bringers)]
                assert not bad, f"{name} imports {bad}"


def test_the_module_of_every_process_is_there() -> None:
    for job in (Run, Experiment, Comparison):
        assert importlib.util.find_spec(job.process), job.process


def test_modules_import_no_one_in_a_circle() -> None:
    graph = {}
    for package in PACKAGES:
        for path in _modules(package):
            graph[_name(path)] = _imports(path)
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
        (
            "import audio_models.cli.main, audio_models.recognition.evaluation, audio_models.jobs.launch",
            ["tensorflow", "keras", "streamlit"],
        ),
        ("import data.catalogue, data.task", ["tensorflow", "streamlit", "librosa", "espeakng_loader", "onnxruntime"]),
        ("import audio_models.jobs.runs", ["tensorflow", "onnxruntime", "librosa", "streamlit"]),
        (
            "import audio_models.lab.inspection, audio_models.lab.comparison, audio_models.lab.memory",
            ["tensorflow", "keras", "streamlit"],
        ),
        ("import audio_models.lab.memory, audio_models.lab.comparison", ["onnxruntime", "librosa", "onnx"]),
        (
            "import dashboard.shared.choose_model, dashboard.shared.export_button, dashboard.shared.players, dashboard.shared.charts, dashboard.shared.preload, dashboard.lessons.stepper, dashboard.live",
            ["tensorflow", "keras", "onnx"],
        ),
        (
            "import dashboard.lessons.stepper, dashboard.lessons.unrolled, dashboard.lessons.handout",
            ["tensorflow", "keras", "onnx", "librosa", "onnxruntime", "vl_convert", "latex2mathml"],
        ),
        ("from dashboard.shared.preload import _warm; _warm()", ["tensorflow", "keras", "onnx"]),
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
    for package in PACKAGES:
        for path in _modules(package):
            if path.name in ("workspace.py", "app.py", "__main__.py"):
                continue
            text = path.read_text()
            assert "__file__" not in text, path
