"""The wheel holds all that runs, and runs where the checkout is not: from another folder, in an environment of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
import venv
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import filelock
import pytest
import requests

from data import command
from data.phrases import isolated
from tests.conftest import PROJECT
from tests.support.served import free_port
from tests.support.sounds import tone, write

PACKAGES = ("data", "audio_models", "dashboard")


@dataclass(frozen=True)
class Installed:
    """Echoic as pip installs it.

    Attributes:
        wheel: what was installed.
        echoic: the command.
        elsewhere: an empty folder to call it from.
        environment: variables of a user who has set none for Echoic.
    """

    wheel: Path
    echoic: Path
    elsewhere: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.echoic, *arguments], cwd=self.elsewhere, env=self.environment, capture_output=True, encoding="utf-8",
            timeout=120, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, built from a copy and installed without its dependencies, which are those of this environment."""
    made = tmp_path_factory.mktemp("package")
    source = made / "source"
    for name in PACKAGES:
        shutil.copytree(PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE", "Makefile"):
        shutil.copy(PROJECT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    with filelock.FileLock(tmp_path_factory.getbasetemp() / "wheel.lock"):
        subprocess.run(
            [*pip, "wheel", source, "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", made],
            check=True, capture_output=True,
        )  # fmt: skip
    (wheel,) = made.glob("*.whl")
    home = made / "environment"
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    folders = sysconfig.get_paths(vars={"base": str(home), "platbase": str(home)})
    shared = Path(sysconfig.get_paths()["purelib"])  # a .pth file in it is not read from there: no editable checkout
    (Path(folders["purelib"]) / "dependencies.pth").write_text(f"{shared}\n")
    python = Path(folders["scripts"]) / ("python.exe" if os.name == "nt" else "python")
    subprocess.run(
        [*pip, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True, capture_output=True
    )
    elsewhere = made / "elsewhere"
    elsewhere.mkdir()
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ECHOIC_HOME", "HARK_HOME")}
    return Installed(wheel, python.with_name("echoic"), elsewhere, {**kept, "XDG_DATA_HOME": str(made / "share")})


def test_the_wheel_holds_the_packages_whole_and_nothing_else(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        held = {name for name in wheel.namelist() if not name.startswith("echoic-")}
    here = {
        path.relative_to(PROJECT).as_posix()
        for name in PACKAGES
        for path in (PROJECT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == here


def test_it_answers_from_another_folder_and_keeps_its_data_in_the_users(installed: Installed) -> None:
    clip = write(installed.elsewhere / "clip.wav", tone(300))
    done = installed.run("predict", "commands", clip.name, "--json")
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)
    assert answer["kind"] in ("word", "other", "silence", "unsure")
    assert installed.run("--version").stdout == f"Echoic {command.VERSION}\n"
    made = installed.run("corpus", "create", "lights")
    assert "echoic corpus add 'lights' CLIP" in made.stdout, made.stderr
    windows = replace(installed, environment={**installed.environment, "PYTHONIOENCODING": "cp1252"})
    said = windows.run("corpus", "create", "افتح").stdout
    assert f"{isolated('افتح')} created" in said, "a pipe there has no Arabic letters"
    assert "echoic corpus add 'افتح' CLIP" in said, "a command to be copied has no marks of direction"
    share = Path(installed.environment["XDG_DATA_HOME"])
    if sys.platform == "linux":
        assert (share / "echoic" / "own" / "lights").is_dir()
    assert {path.name for path in installed.elsewhere.iterdir()} == {"clip.wav"}


def _first_page(port: int) -> str:
    """What a browser is given, once something is; empty after a minute without."""
    for _ in range(600):
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{port}/", timeout=30).text
        time.sleep(0.1)
    return ""


def test_it_serves_the_dashboard(installed: Installed) -> None:
    port = free_port()
    with subprocess.Popen(
        [installed.echoic, "dashboard", "--port", str(port)], cwd=installed.elsewhere, env=installed.environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as server:  # fmt: skip
        guard = threading.Timer(60, server.kill)
        guard.start()
        try:
            assert server.stdout is not None
            assert f"http://127.0.0.1:{port}" in server.stdout.readline()
            assert "Streamlit" in _first_page(port)
        finally:
            server.terminate()
            server.communicate()
            guard.cancel()
