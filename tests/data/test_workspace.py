"""Writes are atomic or did not happen; the workspace can be moved; faults are sentences."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock
import platformdirs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import workspace
from data.errors import Cancelled, WorkspaceError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _encodable(value: object) -> bool:
    try:
        repr(value).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(JSON.filter(_encodable))
def test_json_comes_back_as_it_was(tmp_path: Path, value: object) -> None:
    path = tmp_path / "value.json"
    workspace.write_json(path, value)
    assert workspace.read_json(path) == value
    assert [one for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_nan_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    workspace.write_json(path, 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        workspace.write_json(path, float("nan"))
    assert workspace.read_json(path) == 1


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_at_any_step_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "value.json"
    workspace.write_json(path, "old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(
        *{"write": (Path, "write_bytes"), "fsync": (os, "fsync"), "replace": (os, "replace")}[step], full
    )
    with pytest.raises(WorkspaceError, match=r"No space left on device.*free some disk space"):
        workspace.write_json(path, "new")
    monkeypatch.undo()
    assert workspace.read_json(path) == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["value.json"]


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _folder(path: Path, **files: str) -> None:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)


def test_a_file_and_a_folder_are_replaced_with_the_usual_permissions(tmp_path: Path) -> None:
    """A folder that was unpacked or made beside had mode 0700: other users of the machine could not read it."""
    file, folder = tmp_path / "model.keras", tmp_path / "corpus"
    with _umask(0o022):
        for text in ("first", "second"):
            with workspace.replacing(file) as new:
                assert new.name == file.name, "keras looks at the ending"
                new.write_text(text)
            with workspace.replacing(folder) as new:
                _folder(new, **{text: text})
    assert file.read_text() == "second"
    assert [path.name for path in folder.iterdir()] == ["second"]
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o644, 0o755)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "model.keras"], "nothing else is left"


@pytest.mark.parametrize("error", [Cancelled("Cancelled."), KeyboardInterrupt(), ValueError("x")])
def test_a_block_that_raises_changes_nothing(tmp_path: Path, error: BaseException) -> None:
    _folder(tmp_path / "corpus", old="old")

    def write() -> None:
        with workspace.replacing(tmp_path / "corpus") as new:
            _folder(new, half="half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["corpus", "corpus/old"]


@pytest.mark.parametrize("failing", [1, 2])
def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    _folder(tmp_path / "corpus", old="old")
    calls, rename = itertools.count(1), os.rename

    def fails(source: Path, target: Path) -> None:
        if next(calls) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(WorkspaceError, match="No space left"), workspace.replacing(tmp_path / "corpus") as new:
        _folder(new, new="new")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["corpus", "corpus/old"]


def test_what_must_be_new_replaces_nothing(tmp_path: Path) -> None:
    _folder(tmp_path / "run", old="old")
    with (
        pytest.raises(WorkspaceError, match="exists already"),
        workspace.replacing(tmp_path / "run", must_be_new=True) as new,
    ):
        _folder(new, new="new")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["old"]


def test_what_is_not_json_is_told(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    for content in (b"", b"{", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(WorkspaceError, match="is damaged"):
            workspace.read_json(path)
    with pytest.raises(FileNotFoundError):
        workspace.read_json(tmp_path / "gone.json")


def test_the_workspace_moves_with_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHOIC_HOME", str(tmp_path / "here"))
    assert workspace.folder("runs", "x") == tmp_path / "here" / "runs" / "x"
    assert workspace.folder("runs", "x").is_dir()
    monkeypatch.delenv("ECHOIC_HOME")
    assert workspace.root() == workspace.PROJECT / "workspace"


def test_an_installed_echoic_keeps_it_in_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "PROJECT", tmp_path / "site-packages")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert str(workspace.root()) == os.environ["ECHOIC_HOME"], "which wins as in a checkout"
    monkeypatch.delenv("ECHOIC_HOME")
    assert workspace.root() == platformdirs.user_data_path("echoic", appauthor=False)
    if sys.platform == "linux":
        assert workspace.root() == tmp_path / "share" / "echoic"


def test_a_workspace_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ECHOIC_HOME", str(tmp_path / "file"))
    with pytest.raises(WorkspaceError, match="set ECHOIC_HOME to a writable folder"):
        workspace.folder("runs")


def test_a_lock_that_cannot_be_created_is_explained(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()  # what no permission changes, not even an administrator's
    with pytest.raises(WorkspaceError, match="cannot be written to"), workspace.locked(tmp_path / ".lock"):
        pass


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    with (
        workspace.locked(tmp_path / ".lock"),
        pytest.raises(filelock.Timeout),
        workspace.locked(tmp_path / ".lock", 0),
    ):
        pass
    with workspace.locked(tmp_path / ".lock", 0):
        pass
