"""Disks that are full, and corpora that vanish, in the middle of a training."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.faults import subject
from benchmarks.faults.result import Result
from data import workspace

_MEGABYTES = 8
_FULL = "a disk that fills up during a training, which is resumed when there is room"
_IN_A_MOUNT = """
mkdir -p "$1" && mount -t tmpfs -o size={size}m tmpfs "$1" && ECHOIC_HOME="$1" exec "$2" -m benchmarks.faults.disks "$3" "$4"
"""


def filled(home: Path, clips: Path, tries: int) -> Result:
    """Fill the disk of the workspace at random moments; Linux alone lets a user have a small disk of memory."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return Result(_FULL, 0, 0, [])
    script = _IN_A_MOUNT.format(size=_MEGABYTES)
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", home / "small", sys.executable, clips, str(tries)],
        cwd=workspace.PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return Result(_FULL, 0, 0, []) if "mount" in done.stderr else Result(_FULL, tries, 0, [done.stderr[-500:]])
    stopped, *losses = done.stdout.splitlines()
    return Result(_FULL, tries, int(stopped), losses)


def _fill_in_turn(clips: Path, tries: int) -> None:
    """Print how many trainings it stopped and what is wrong, in a process that sees the small disk as its workspace."""
    losses: list[str] = []
    stopped = 0
    expected, seconds = subject.unbroken(clips)
    chance = random.Random(0)
    ballast = workspace.root() / "ballast"
    for number in range(tries):
        run = subject.create(clips)
        process = subject.started(run)
        time.sleep(chance.uniform(0.2, 0.9) * seconds)
        _fill(ballast)
        process.wait(subject.PATIENCE)
        state = run.state
        stopped += state.status != "finished"
        if state.status not in ("failed", "finished"):
            losses.append(f"full disk {number}: {state.status} at '{state.stage}'")
        elif state.status == "failed" and "space" not in state.error:
            losses.append(f"full disk {number}: {state.error}")
        ballast.unlink()
        if state.status != "finished":
            subject.started(run).wait(subject.PATIENCE)
        if run.state.status != "finished" or subject.outcome(run) != expected:
            losses.append(f"full disk {number}: resumed, it is {run.state.status} and not the unbroken training")
        shutil.rmtree(run.folder)
    print(stopped, *losses, sep="\n")


def _fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def vanished(clips: Path, tries: int) -> Result:
    """Take the corpus away at random moments; the training finishes or says so, and goes on when it is back."""
    expected, seconds = subject.unbroken(clips)
    chance = random.Random(0)
    losses: list[str] = []
    stopped = 0
    away = clips.with_name("away")
    for number in range(tries):
        run = subject.create(clips)
        process = subject.started(run)
        time.sleep(chance.uniform(0.0, 0.9) * seconds)
        clips.rename(away)
        process.wait(subject.PATIENCE)
        away.rename(clips)
        state = run.state
        stopped += state.status != "finished"
        if state.status == "failed" and str(clips) not in state.error:
            losses.append(f"away {number}: {state.error}")
        if state.status != "finished":
            subject.started(run).wait(subject.PATIENCE)
        if run.state.status != "finished" or subject.outcome(run) != expected:
            losses.append(f"away {number}: {run.state.status} {run.state.error}")
    return Result("a corpus that vanishes during a training, and comes back", tries, stopped, losses)


if __name__ == "__main__":
    _fill_in_turn(Path(sys.argv[1]), int(sys.argv[2]))
