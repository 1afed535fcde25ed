"""`python -m benchmarks.faults`, or `make faults`: print a row for each kind of fault, and what was lost."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults import damage, disks, kills, subject
from benchmarks.faults.result import Result

_FULL, _QUICK = 50, 3


def main() -> int:
    """Run all; the status is 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few tries of each")
    tries = _QUICK if parser.parse_args().quick else _FULL
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ECHOIC_HOME"] = f"{folder}/home"
        clips = subject.corpus(Path(folder) / "clips")
        print("| fault | tries | it stopped | losses |\n|---|---|---|---|", flush=True)
        kinds: tuple[Callable[[], Result], ...] = (
            lambda: kills.trainings(clips, tries),
            lambda: kills.changes(tries),
            lambda: disks.filled(Path(folder), clips, max(2, tries // 5)),
            lambda: disks.vanished(clips, max(2, tries // 5)),
            lambda: damage.mutated(clips, tries),
        )
        for happens in kinds:
            began = time.monotonic()
            result = happens()
            print(result.row, flush=True)
            for loss in result.losses:
                print(f"    {loss}", file=sys.stderr)
            print(f"    {time.monotonic() - began:.0f} s", file=sys.stderr)
            failed = failed or bool(result.losses)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
