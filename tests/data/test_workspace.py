"""Writes are atomic or did not happen; the workspace can be moved; faults are sentences."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import workspace
from data.errors import WorkspaceError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
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

    if step == "write":
        real = os.fdopen

        def opened(handle, mode):
            file = real(handle, mode, buffering=0)
            file_like = type(
                "Full", (), {"__enter__": lambda self: self, "__exit__": lambda *_: file.close(), "write": full}
            )
            return file_like()

        monkeypatch.setattr(os, "fdopen", opened)
    else:
        monkeypatch.setattr(os, step, full)
    with pytest.raises(WorkspaceError, match=r"No space left on device.*free some disk space"):
        workspace.write_json(path, "new")
    monkeypatch.undo()
    assert workspace.read_json(path) == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["value.json"]


def test_what_is_not_json_is_told(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    for content in (b"", b"{", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(WorkspaceError, match="cannot be read"):
            workspace.read_json(path)
    with pytest.raises(FileNotFoundError):
        workspace.read_json(tmp_path / "gone.json")


def test_the_workspace_moves_with_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHOIC_HOME", str(tmp_path / "here"))
    assert workspace.folder("runs", "x") == tmp_path / "here" / "runs" / "x"
    assert workspace.folder("runs", "x").is_dir()
    monkeypatch.delenv("ECHOIC_HOME")
    assert workspace.root() == workspace.PROJECT / "workspace"


def test_a_workspace_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ECHOIC_HOME", str(tmp_path / "file"))
    with pytest.raises(WorkspaceError, match="set ECHOIC_HOME to a folder that can be written to"):
        workspace.folder("runs")
