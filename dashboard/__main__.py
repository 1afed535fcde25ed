"""`python -m dashboard [--port N]`: open the dashboard on this computer."""

from __future__ import annotations

import argparse
import os
import socket
import sys

from data import workspace

ADDRESS = "127.0.0.1"


def main() -> int:
    """Check that the port is free, then become the Streamlit server; return an exit status if that fails."""
    parser = argparse.ArgumentParser(prog="python -m dashboard", description="Open the dashboard on this computer.")
    parser.add_argument("--port", type=int, default=8501, help="port of the page (8501)")
    port = parser.parse_args().port
    if not 1 <= port <= 65535:
        print(f"echoic: Port {port} does not exist. Choose one from 1024 to 65535: make run PORT=8502", file=sys.stderr)
        return 1
    if not _is_free(port):
        print(
            f"echoic: Port {port} is in use. If Echoic is already running, open http://{ADDRESS}:{port}; "
            f"otherwise choose another port: make run PORT={port + 1 if port < 65535 else 8501}",
            file=sys.stderr,
        )
        return 1
    print(f"Echoic opens at http://{ADDRESS}:{port}  (Ctrl-C stops it; training goes on)", flush=True)
    os.chdir(workspace.PROJECT)  # Streamlit reads .streamlit/config.toml from there
    # Its matrices are small, and while a training has the cores, two threads wait for each other for seconds.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = ["-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(port)]
    return os.execv(sys.executable, [sys.executable, *arguments])


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((ADDRESS, port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
