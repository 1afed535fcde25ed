"""Who imports whom, read from the source: `python -m tests.support.imports FOLDER` counts it for any checkout.

A module is named as it is imported; an import inside a function counts, one for types alone does not.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from functools import cache
from pathlib import Path

from data.workspace import PROJECT

PACKAGES = ("data", "audio_models", "dashboard")
_BLOCKS = (
    "body",
    "orelse",
    "finalbody",
    "handlers",
    "cases",
)  # where a statement holds others; imports are nowhere else


def sources(package: str, project: Path = PROJECT) -> list[Path]:
    """The Python files of a package."""
    return sorted((project / package).rglob("*.py"))


def name_of(path: Path, project: Path = PROJECT) -> str:
    """The name by which a module is imported."""
    parts = path.relative_to(project).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path: Path, *, inside_functions: bool = True) -> set[str]:
    """Everything that a module imports, and each name that it takes from there.

    Args:
        inside_functions: also what is imported only when a function is called.
    """
    found: set[str] = set()
    waiting: list[ast.AST] = [_tree(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{path} imports relatively"
            assert node.level == 0, f"{path} imports relatively"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif inside_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            parts = node.orelse if is_for_types else [one for name in _BLOCKS for one in getattr(node, name, [])]
            waiting += parts
    return found


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def modules(project: Path = PROJECT, *, inside_functions: bool = True) -> dict[str, set[str]]:
    """For each of our modules, everything it imports. A package that holds nothing but its docstring is none."""
    return {
        name_of(path, project): imports(path, inside_functions=inside_functions)
        for package in PACKAGES
        for path in sources(package, project)
        if any(not isinstance(one, ast.Expr) for one in _tree(path).body)
    }


def arrows(project: Path = PROJECT) -> dict[str, set[str]]:
    """For each of our modules, those of ours that it imports."""
    found = modules(project)
    return {name: {other for other in found if other in imported} - {name} for name, imported in found.items()}


def reaches(imported: str, names: set[str]) -> bool:
    """Whether an import is one of these, or lies inside one."""
    return any(imported == name or imported.startswith(name + ".") for name in names)


def _house(project: Path, package: str) -> str:
    """How many modules a package has, how they import each other, and in which folders they lie."""
    folders = {name_of(path, project): str(path.parent) for path in sources(package, project)}
    rooms = {name: folders[name] for name in modules(project) if name in folders and not name.endswith(".__main__")}
    between = [(name, other) for name in rooms for other in arrows(project)[name] if other in rooms]
    crossing = {(rooms[name], rooms[other]) for name, other in between if rooms[name] != rooms[other]}
    return (
        f"{package}: {len(rooms)} modules in {len(set(rooms.values()))} folders, at most {max(Counter(rooms.values()).values())} "
        f"in one; {len(between)} imports between modules, {len(crossing)} arrows between folders"
    )


if __name__ == "__main__":
    for package in PACKAGES:
        print(_house(Path(sys.argv[1]), package))
