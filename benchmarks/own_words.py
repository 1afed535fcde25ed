"""Fine-tune a trained network on new words: accuracy and seconds, `python -m benchmarks.own_words --corpus FOLDER`.

Each speaker in the corpus says every word several times. First, each speaker alone: train on five rounds of each word,
test on the next five. Then train on all speakers but one, and test on that one. Each training is everything the Teach
button does, including cross-validation; with `--starts scratch`, the same clips train random weights.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from data import catalogue, workspace
from data.corpus import Clip
from data.phrases import percent

ROUNDS = 5


def main() -> int:
    """Print a row for each training."""
    options = _options()
    clips = catalogue.open_corpus(catalogue.refer(options.corpus, options.speaker_pattern)).index().clips
    by_speaker = takes_by_speaker(clips)
    speakers = sorted(by_speaker)[: options.speakers]
    first = {name: _rounds(by_speaker[name], 0) for name in by_speaker}
    second = {name: _rounds(by_speaker[name], ROUNDS) for name in by_speaker}
    for start in options.starts:
        alone = [_taught(start, first[name], second[name], name) for name in speakers]
        print(f"{start}, one speaker: {percent(statistics.mean(alone))}", flush=True)
        others = [
            _taught(
                start,
                [clip for other in by_speaker if other != name for clip in first[other]],
                first[name] + second[name],
                f"all but {name}",
            )
            for name in speakers
        ]
        print(f"{start}, a new speaker: {percent(statistics.mean(others))}", flush=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.own_words", description=__doc__)
    parser.add_argument("--corpus", required=True, metavar="FOLDER", help="ten rounds of each word by each speaker")
    parser.add_argument("--speaker-pattern", metavar="REGEX", help="where file names hold the speaker")
    parser.add_argument("--speakers", type=int, metavar="N", help="how many to test; all by default")
    parser.add_argument("--starts", nargs="+", default=["commands"], help="commands, scratch (commands)")
    return parser.parse_args()


def takes_by_speaker(clips: Iterable[Clip]) -> dict[str, dict[str, list[Clip]]]:
    """The takes of each word by each speaker, in the order of their numbers."""
    found: dict[str, dict[str, list[Clip]]] = defaultdict(lambda: defaultdict(list))
    for clip in sorted(clips, key=lambda clip: (len(clip.path.stem), clip.path.name)):
        found[str(clip.speaker)][clip.label].append(clip)
    return found


def _rounds(words: dict[str, list[Clip]], first: int) -> list[Clip]:
    return [clip for takes in words.values() for clip in takes[first : first + ROUNDS]]


def _taught(start: str, learned: Sequence[Clip], evaluated: Sequence[Clip], called: str) -> float:
    """Fine-tune in the shell, in its own workspace; return the accuracy on other clips."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        teach, test = copied(learned, home / "teach"), copied(evaluated, home / "test")
        how = ["--from", start] if start != "scratch" else ["--folds", "5", "--epochs", "20"]
        began = time.monotonic()
        run = shell(home, "train", "--corpus", teach, *how, "--json")
        seconds = time.monotonic() - began
        found = shell(home, "evaluate", run["path"], "--corpus", test, "--split", "all", "--json")
        print(
            f"{start:9} {called:18} {len(learned):4} clips, {seconds:3.0f} s: {percent(found['accuracy'])} of {found['clips']} other clips; "
            f"cross-validated {percent(run['validation_accuracy'])}",
            flush=True,
        )
        return float(found["accuracy"])


def copied(clips: Sequence[Clip], folder: Path) -> Path:
    """Copy clips into a folder in the layout of Speech Commands."""
    for number, clip in enumerate(clips):
        path = folder / clip.label / f"{clip.speaker}_nohash_{number}{clip.path.suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(clip.path, path)
    return folder


def shell(home: Path, *arguments: object) -> dict:  # type: ignore[type-arg]
    """Run a command of the shell in a workspace of its own; return its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "audio_models", *map(str, arguments)],
        cwd=workspace.PROJECT, env={**os.environ, "ECHOIC_HOME": str(home)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, object] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
