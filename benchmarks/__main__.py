"""`python -m benchmarks [features] [answer] [start] [dashboard] [inside] [listen] [decoding] [--corpus NAME|FOLDER]`: measure and print a table for each."""

from __future__ import annotations

import argparse
import subprocess
import sys

from data import workspace

NAMES = ("features", "answer", "start", "dashboard", "inside", "listen", "decoding")


def main() -> int:
    """Run each benchmark in its own process, so none warms up the next."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)}; all by default")
    parser.add_argument("--corpus", default="synthetic_voices", metavar="NAME|FOLDER", help="the clips to measure on")
    options = parser.parse_args()
    for name in options.names or NAMES:
        if name not in NAMES:
            parser.error(f"there is no benchmark '{name}'; choose from {', '.join(NAMES)}")
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", options.corpus], cwd=workspace.PROJECT, check=False
        )
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
