"""Every file of a run damaged in every way: what reads it says so in a sentence, soon."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation, threshold
from audio_models.recognition.recognizer import Recognizer
from benchmarks.faults import subject
from benchmarks.faults.result import Result
from data.errors import EchoicError
from tests.support.sounds import chirp

_LONGEST = 5.0  # seconds
_READS: tuple[Callable[[Run], object], ...] = (
    lambda run: run.damage,
    lambda run: run.config,
    lambda run: run.state,
    lambda run: run.history,
    lambda run: run.card,
    lambda run: run.about,
    lambda run: Recognizer.of_run(run).classify(chirp(400, 1800)),
    evaluation.load_cached,
    threshold.load,
)


def mutated(clips: Path, tries: int) -> Result:
    """Damage each file of a finished run `tries` times, and read all of the run each time."""
    run = subject.create(clips)
    subject.started(run).wait(subject.PATIENCE)
    chance, losses, done = random.Random(0), [], 0
    for path in [one for one in sorted(run.folder.rglob("*")) if one.is_file()]:
        content = path.read_bytes()
        for damaged in _damaged(content, chance, tries):
            path.write_bytes(damaged)
            losses += [f"{path.name}: {one}" for one in _wrong(run)]
            done += 1
        path.write_bytes(content)
    shutil.rmtree(run.folder)
    return Result("a file of a run damaged, all of the run read", done, done, losses)


def _damaged(content: bytes, chance: random.Random, tries: int) -> Iterator[bytes]:
    yield b""
    yield b"[" * 100_000
    for _ in range(tries - 2):
        what = chance.randrange(4)
        place = chance.randrange(len(content) + 1)
        if what == 0:
            yield content[:place]
        elif what == 1:
            yield content[:place] + chance.randbytes(8) + content[place + 8 :]
        elif what == 2:
            yield content[:place] + bytes(64) + content[place:]
        else:
            yield content[:place] + b"9" * 5000 + content[place:]


def _wrong(run: Run) -> Iterator[str]:
    for read in _READS:
        began = time.monotonic()
        try:
            read(Run(run.folder))
        except EchoicError:
            pass
        except Exception as error:
            yield f"{type(error).__name__}: {error}"
        if time.monotonic() - began > _LONGEST:
            yield f"reading took {time.monotonic() - began:.0f} s"
