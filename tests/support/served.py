"""The dashboard as a process of its own that always ends: for the browser's tests, the benchmark, the screenshots.

`python -m tests.support.served PORT SECONDS` keeps it until its own standard input is closed, which happens also when the
one who started it is killed, or until the time is up.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from data import workspace

ADDRESS = "127.0.0.1"
CHROMIUM = Path("/usr/bin/chromium")
# Chromium heeds the last list of features alone: this is Playwright's own, and at its end the two that draw what is
# proposed below the address line, which nobody sees and which costs half a second for each window.
_DISABLED = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled",
    "PreconnectToSearch", "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
)  # fmt: skip
CHROMIUM_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", f"--disable-features={','.join(_DISABLED)}",
)  # fmt: skip


def fake_microphone(recording: Path) -> tuple[str, ...]:
    """Arguments for a Chromium whose microphone hears a recording, from its start each time."""
    return (
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording}",
    )  # fmt: skip


@dataclass(frozen=True)
class Served:
    """A dashboard that answers.

    Attributes:
        url: of its first page, without a slash at the end.
        seconds: from the start of its process to its first answer.
        process: the Streamlit server.
    """

    url: str
    seconds: float
    process: psutil.Process


@contextmanager
def dashboard(home: Path | None = None, *, port: int | None = None, at_most: float = 600) -> Iterator[Served]:
    """Start the dashboard with the workspace `home`, wait until it answers, and end it.

    Args:
        port: on 127.0.0.1; a free one by default.
        at_most: seconds after which it ends in any case.

    Raises:
        RuntimeError: it does not answer within a minute.
    """
    port = port or free_port()
    environment = {**os.environ, **({"ECHOIC_HOME": str(home)} if home else {})}
    began = time.monotonic()
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.support.served", str(port), str(at_most)],
        cwd=workspace.PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert keeper.stdin is not None
    try:
        while not _answers(port):
            if time.monotonic() - began > 60 or keeper.poll() is not None:
                raise RuntimeError("The dashboard did not answer within a minute.")
            time.sleep(0.02)
        seconds = time.monotonic() - began
        yield Served(f"http://{ADDRESS}:{port}", seconds, psutil.Process(keeper.pid).children()[0])
    finally:
        keeper.stdin.close()
        keeper.wait(20)


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        port: int = free.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://{ADDRESS}:{port}/", timeout=2).status_code in (200, 401)  # 401: sign in first
    except requests.ConnectionError:
        return False


def _keep(port: str, seconds: str) -> int:
    server = subprocess.Popen([sys.executable, "-m", "dashboard", "--port", port], stdin=subprocess.DEVNULL)
    released = threading.Event()

    def wait_for_release() -> None:
        sys.stdin.read()
        released.set()

    threading.Thread(target=wait_for_release, daemon=True).start()
    end = time.monotonic() + float(seconds)
    while server.poll() is None and time.monotonic() < end and not released.wait(0.1):
        pass
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    os._exit(0)  # the thread may still wait for input


if __name__ == "__main__":
    sys.exit(_keep(*sys.argv[1:]))
