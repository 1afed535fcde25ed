"""Taught words: three words from five takes each of one voice, accepted in later takes, and other words rejected."""

from __future__ import annotations

from dataclasses import replace

from audio_models.cli import terminal
from benchmarks.open_set.material import REFERENCE, TAUGHT_WORDS, Material
from benchmarks.open_set.tables import Column, Table
from benchmarks.own_words_open_set import draw_clips, pooled, teach
from data.corpus import SILENCE, UNKNOWN, Report


def measure(material: Material, report: Report) -> Table:
    """Teach the words of each draw, and pool what the networks answer; each has a threshold of its own."""
    strangers = {
        "test list of the corpus": [
            clip for clip in material.index.clips if clip.split == "test" and clip.label not in (UNKNOWN, SILENCE)
        ]
    }
    for one in material.test_stretches((), report):
        if one.kind == "speech":  # a taught word may be among those that are spoken
            strangers[f"speech in {one.folder}"] = [replace(clip, label=clip.word or UNKNOWN) for clip in one.clips]
    outcomes, accepted = [], set[str]()
    for number in range(material.size.draws):
        draw = draw_clips(material.takes, strangers, number, "one", TAUGHT_WORDS)
        terminal.complain(draw.name)
        outcome = teach(draw, REFERENCE)
        terminal.complain(f"taught in {outcome.seconds:.0f} s")
        outcomes.append(outcome)
        accepted |= set(draw.accepted)
    figures = {
        f"{'accepted' if kind in accepted else 'rejected'}: {kind}": rate for kind, rate in pooled(outcomes).items()
    }
    return {f"from {REFERENCE}": Column(None, figures)}
