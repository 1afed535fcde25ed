"""Choose the clips to measure on."""

from __future__ import annotations

import random
from pathlib import Path

from data.catalogue import open_corpus, refer
from data.corpus import Clip


def some_clips(corpus: str, count: int) -> list[Clip]:
    """Draw `count` whole clips of a corpus with a fixed seed."""
    opened = open_corpus(refer(corpus if corpus else "synthetic_voices"))
    opened.load()
    clips = [clip for clip in opened.index().clips if clip.whole]
    return random.Random(0).sample(clips, min(count, len(clips)))


def kind(clips: list[Clip]) -> str:
    """Describe the clips in a few words."""
    endings = sorted({Path(clip.path).suffix[1:].upper() for clip in clips})
    seconds = sum(clip.seconds for clip in clips) / len(clips)
    return f"{len(clips)} {'/'.join(endings)} clips of {seconds:.2f} s"
