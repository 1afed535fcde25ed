"""The house: imports go one way, and heavy libraries stay in their process."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from audio_models.jobs.runs import Run
from audio_models.lab.comparison import Comparison
from audio_models.lab.memory import Experiment
from data.workspace import PROJECT
from tests.support.imports import PACKAGES, arrows, imports, modules, name_of, reaches, sources
from tests.support.sounds import tone, write

# The house, lowest floor first. A wing is the longest of these prefixes that a module's name has; it may import itself
# and the floors below, never its own floor's other wings nor a floor above.
FLOORS: list[set[str]] = [
    {"data"},
    {"data.public", "data.own"},
    {"data.catalogue"},
    {"audio_models.errors"},
    {"audio_models.settings"},
    {"audio_models.config", "audio_models.serving"},
    {"audio_models.recipes"},
    {"audio_models.options"},
    {"audio_models.features"},
    {"audio_models.networks", "audio_models.jobs", "audio_models.own_words"},
    {"audio_models.recognition"},
    {"audio_models.listening"},
    {"audio_models.training"},
    {"audio_models.export", "audio_models.keras_files", "audio_models.report"},
    {"audio_models.lab", "audio_models.pretrained", "audio_models.doctor"},
    {"audio_models.cli", "audio_models.library"},
    {"audio_models"},
    {"dashboard.shared"},
    {"dashboard.train", "dashboard.evaluate", "dashboard.listen", "dashboard.live", "dashboard.words", "dashboard.lessons"},
    {"dashboard.learn"},
    {"dashboard.app_pages"},
    {"dashboard"},
]  # fmt: skip
# The two processes that may name what brings tensorflow: the dashboard never does, the shell only inside a command.
NEVER = {
    "data": {"streamlit", "tensorflow", "keras", "librosa", "onnxruntime"},
    "audio_models": {"streamlit"},
    "dashboard": {"audio_models.cli", "tensorflow", "keras", "audio_models.networks.keras_model", "audio_models.training.loop", "audio_models.lab.memory_process"},
}  # fmt: skip
# What draws charts, for the pages and for the shell; nothing else below the dashboard does.
CHARTS = "audio_models.report"
# What may import tensorflow, at the top or inside a function: the processes that train, and what they alone call.
TENSORFLOW = {
    "audio_models/networks/keras_model.py",
    "audio_models/training/loop.py",
    "audio_models/training/process.py",
    "audio_models/training/stored_network.py",
    "audio_models/lab/memory_process.py",
    "audio_models/export/litert_process.py",
}


def test_no_test_needs_another() -> None:
    """What two of them need is in tests/support, so that either may change or go."""
    needy = {
        name_of(path): other
        for path in sources("tests")
        for other in imports(path)
        if other.startswith("tests.") and any(part.startswith("test_") for part in other.split("."))
    }
    assert needy == {}


def test_tests_lie_beside_what_they_test() -> None:
    """The folders of the tests are those of the code; only support and browser have no counterpart."""
    strays = [
        str(path.relative_to(PROJECT))
        for path in sources("tests")
        if path.parent != PROJECT / "tests"
        and path.relative_to(PROJECT / "tests").parts[0] not in ("support", "browser", "fixtures")
        and not (PROJECT / path.relative_to(PROJECT / "tests").parent).is_dir()
    ]
    assert strays == []


def _wing(module: str) -> str:
    """The wing of a module of ours; "" of anything else."""
    wings = [wing for floor in FLOORS for wing in floor if reaches(module, {wing})]
    return max(wings, key=len, default="")


def _between_wings() -> dict[tuple[str, str], list[str]]:
    """Every import from one wing into another: the modules that do it."""
    found: dict[tuple[str, str], list[str]] = {}
    for package in PACKAGES:
        for path in sources(package):
            here = _wing(name_of(path))
            for imported in imports(path):
                there = _wing(imported)
                if there and there != here and imported not in PACKAGES:
                    found.setdefault((here, there), []).append(f"{name_of(path)} imports {imported}")
    return found


def test_every_module_has_a_wing() -> None:
    strays = [name for name in modules() if _wing(name) in ("", "audio_models")]
    assert strays == ["audio_models", "audio_models.__main__"]


def test_imports_run_down() -> None:
    level = {wing: number for number, floor in enumerate(FLOORS) for wing in floor}
    between = _between_wings()
    up = {arrow: why for arrow, why in between.items() if level[arrow[0]] <= level[arrow[1]]}
    assert up == {}
    graph = arrows()
    rooms = Counter(map(_wing, graph))
    print(
        f"{len(graph)} modules with {sum(map(len, graph.values()))} imports between them; {len(rooms)} wings of at most "
        f"{max(rooms.values())} modules with {len(between)} arrows between them, {len(up)} of them up"
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_names_what_is_not_for_it(package: str) -> None:
    for path in sources(package):
        never = NEVER[package] | (set() if package == "dashboard" or reaches(name_of(path), {CHARTS}) else {"altair"})
        bad = [name for name in imports(path) if reaches(name, never)]
        assert not bad, f"{path.relative_to(PROJECT)} imports {bad}"


def test_only_the_training_process_names_tensorflow_or_the_modules_that_bring_it() -> None:
    bringers = {"tensorflow", "keras", "audio_models.networks.keras_model", "audio_models.training.loop"}
    for package in PACKAGES:
        for path in sources(package):
            name = str(path.relative_to(PROJECT))
            if name not in TENSORFLOW:
                bad = [imported for imported in imports(path) if reaches(imported, bringers)]
                assert not bad, f"{name} imports {bad}"


def test_nothing_brings_tensorflow_by_being_imported_into_the_dashboard_or_the_shell() -> None:
    """Followed from module to module: all that the pages import anywhere, and of the rest what is at the head of each."""
    here = {name: used for name, used in modules().items() if name.startswith("dashboard.")}
    brings = modules(inside_functions=False) | here
    waiting = ["audio_models.cli.main", *here]
    came: dict[str, list[str]] = {name: [name] for name in waiting}
    while waiting:
        name = waiting.pop()
        assert not [one for one in brings[name] if reaches(one, {"tensorflow", "keras"})], " -> ".join(came[name])
        for other in brings[name]:
            if other in brings and other not in came:
                came[other] = [*came[name], other]
                waiting.append(other)
    assert {"audio_models.recognition.evaluation", "audio_models.lab.inspection", "data.corpus"} <= came.keys()


def test_the_module_of_every_process_is_there() -> None:
    for job in (Run, Experiment, Comparison):
        assert importlib.util.find_spec(job.process), job.process


def test_modules_import_no_one_in_a_circle() -> None:
    graph = arrows()
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
            "import audio_models.cli.main, audio_models.recognition.evaluation, audio_models.jobs.launch, audio_models.lab.inspection, "
            "audio_models.export.model_folder",
            ["tensorflow", "keras", "streamlit"],
        ),
        (
            "from audio_models.cli.main import main; assert main(['predict', 'commands', {clip!r}]) == 0",  # a word takes no seconds
            ["tensorflow", "librosa", "numba", "sklearn", "onnx", "scipy.signal", "pandas", "requests", "streamlit"],
        ),
        (
            "import audio_models",
            ["numpy", "tensorflow", "onnxruntime", "librosa", "streamlit"],
        ),  # the rest comes with what is used
        ("from audio_models import load", ["tensorflow", "keras", "librosa", "onnx", "streamlit"]),
        ("import data.catalogue, data.task", ["tensorflow", "streamlit", "librosa", "espeakng_loader", "onnxruntime"]),
        (
            "import audio_models.jobs.runs, audio_models.lab.memory, audio_models.lab.comparison",
            ["tensorflow", "keras", "onnxruntime", "librosa", "onnx", "streamlit"],
        ),
        (
            "import dashboard.lessons.stepper, dashboard.lessons.unrolled, dashboard.lessons.handout",
            ["tensorflow", "keras", "onnx", "librosa", "onnxruntime", "vl_convert", "latex2mathml"],
        ),
        (
            "import dashboard.shared.choose_model, dashboard.shared.export_button, dashboard.shared.players, dashboard.shared.charts, dashboard.live; "
            "from dashboard.shared.preload import _warm; _warm()",
            ["tensorflow", "keras", "onnx"],
        ),
        (FIRST_PAGE, ["altair", "pandas", "librosa", "onnxruntime"]),  # a visitor waits for what it imports
    ],
)
def test_importing_brings_nothing_heavy(code: str, absent: list[str], tmp_path: Path) -> None:
    code = code.replace("{clip!r}", repr(str(write(tmp_path / "clip.wav", tone(300)))))
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint([name for name in {absent!r} if name in sys.modules])"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr


def test_nothing_is_written_next_to_the_source() -> None:
    """Only the workspace module knows where the project lies; all else asks it for a folder."""
    knowing = [name_of(path) for package in PACKAGES for path in sources(package) if "__file__" in path.read_text()]
    assert knowing == ["data.workspace"]
