"""What every test needs: a workspace of its own, and the way to the real recordings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
TEST_DATA = Path(os.environ.get("HARK_TEST_DATA", PROJECT.parent / "shared" / "data"))


@pytest.fixture(autouse=True)
def workspace_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that no other test sees."""
    home = tmp_path / "workspace"
    monkeypatch.setenv("HARK_HOME", str(home))
    return home


def _real(name: str) -> Path:
    folder = TEST_DATA / name
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder}; set HARK_TEST_DATA to the folder that holds {name}/")
    return folder


@pytest.fixture(scope="session")
def real_commands() -> Path:
    """The Speech Commands subset: a folder in the layout of the archive, FLAC, 16 kHz."""
    return _real("speech_commands")


@pytest.fixture(scope="session")
def real_digits() -> Path:
    """The Free Spoken Digit Dataset: FLAC, 8 kHz."""
    return _real("fsdd")
