"""What every test needs: a workspace of its own, and the way to the real recordings."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import filelock
import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from audio_models.cli import main
from audio_models.jobs import launch
from data import noise
from data.own import corpus as own_corpus
from data.own.corpus import OwnCorpus
from data.own.incoming import collect
from data.own.layouts import ImportBatch
from tests.support.brought import Bring
from tests.support.sounds import glides

PROJECT = Path(__file__).resolve().parent.parent
# An example's time says nothing on a busy machine: no test fails for its time.
settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")

# The matrices are small: beside another worker two threads wait for each other twenty times as long as one takes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for the processes that tests start, and what is imported later
threadpool_limits(1, user_api="blas")

# Each test's workspace has files of the generated noise: the same three, made once.
noise.noise_file = cache(noise.noise_file)

JOURNEYS = "tests/browser/"
TEST_DATA = Path(os.environ.get("ECHOIC_TEST_DATA", PROJECT.parent / "shared" / "data"))


def pytest_collection_finish() -> None:
    """Nobody looks for garbage among what the imports brought: with tensorflow's objects that is most of a page's time."""
    gc.collect()
    gc.freeze()


class OneBrowser(LoadFileScheduling):
    """One worker drives Chromium, with one dashboard behind it; the others take what is left, file by file."""

    def _split_scope(self, nodeid: str) -> str:
        return JOURNEYS if nodeid.startswith(JOURNEYS) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneBrowser:
    return OneBrowser(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The journeys come first: they are the longest that one worker must do alone, and wait for most of their time."""
    items.sort(key=lambda item: not item.nodeid.startswith(JOURNEYS))


@pytest.fixture(autouse=True)
def workspace_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that no other test sees."""
    home = tmp_path / "workspace"
    monkeypatch.setenv("ECHOIC_HOME", str(home))
    return home


@dataclass(frozen=True)
class Trained:
    """A small run that was trained in the shell: on three made-up words, one of which is _unknown_ to it."""

    folder: Path
    corpus: Path
    workspace: Path
    printed: dict
    stdout: str
    stderr: str


def shell(*arguments: object, home: Path | None = None, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """`python -m audio_models ARGUMENTS` in a process of its own."""
    environment = {**os.environ, **({"ECHOIC_HOME": str(home)} if home else {})}
    return subprocess.run(
        [sys.executable, "-m", "audio_models", *map(str, arguments)],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What a command gave."""

    returncode: int
    stdout: str
    stderr: str


def in_this_process(*arguments: object, home: Path) -> Done:
    """`python -m audio_models ARGUMENTS` without a process of its own, in which tensorflow would be imported anew."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setenv("ECHOIC_HOME", str(home))
        status = main.main(list(map(str, arguments)))
    return Done(status, out.getvalue(), err.getvalue())


@pytest.fixture
def command(workspace_folder: Path) -> Callable[..., Done]:
    """`in_this_process`, with the test's workspace."""
    return lambda *arguments: in_this_process(*arguments, home=Path(os.environ["ECHOIC_HOME"]))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trained once for all tests that only read it, also those of the other workers."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained"
    home, corpus, said = shared / "home", shared / "glides", shared / "said.json"
    shared.mkdir(exist_ok=True)
    with filelock.FileLock(shared / "lock"):
        if not said.is_file():
            glides(corpus, speakers=20)
            done = shell(
                "train", "--corpus", corpus, "--labels", "rise,fall", "--unknown", "--silence", "--recipe", "plain", "--cell", "gru",
                "--units", 16, "--epochs", 12, "--keep-epochs", "--name", "glides", "--json", home=home,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            said.write_text(json.dumps([done.stdout, done.stderr]))
    stdout, stderr = json.loads(said.read_text())
    printed = json.loads(stdout)
    return Trained(Path(printed["path"]), corpus, home, printed, stdout, stderr)


@pytest.fixture
def home(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with one trained run that a test may spoil."""
    home = tmp_path / "home"
    shutil.copytree(trained.folder, home / "runs" / trained.folder.name)
    monkeypatch.setenv("ECHOIC_HOME", str(home))
    return home


def _real(name: str) -> Path:
    folder = TEST_DATA / name
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder}; set ECHOIC_TEST_DATA to the folder that holds {name}/")
    return folder


@pytest.fixture(scope="session")
def real_commands() -> Path:
    """The Speech Commands subset: a folder in the layout of the archive, FLAC, 16 kHz."""
    return _real("speech_commands")


@pytest.fixture(scope="session")
def real_reading() -> Path:
    """One utterance of each of 251 readers of LibriSpeech."""
    return _real("librispeech")


@pytest.fixture(scope="session")
def real_noise() -> Path:
    """Recordings of noise of many kinds."""
    return _real("noise")


@pytest.fixture(scope="session")
def real_digits() -> Path:
    """The Free Spoken Digit Dataset: FLAC, 8 kHz."""
    return _real("fsdd")


@pytest.fixture
def mine() -> OwnCorpus:
    """An empty corpus, the only one."""
    return own_corpus.create("Mine")


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list:
    """What the page asked to start; no process is started."""
    asked: list = []
    monkeypatch.setattr(launch, "spawn", asked.append)
    return asked


@pytest.fixture(params=["folder", "upload"])
def bring(request, tmp_path: Path) -> Bring:
    """Delivers a folder in one of the two ways that name files differently.

    An archive is unpacked and then read as a folder; that each kind of archive gives the same as the folder is proved
    once, in tests/data/own/test_incoming.py.
    """

    def delivered(folder: Path) -> ImportBatch:
        if request.param == "folder":
            return collect(folder, tmp_path)
        files = [(str(path.relative_to(folder.parent)), path) for path in sorted(folder.rglob("*")) if path.is_file()]
        return collect(files, tmp_path)

    return delivered
