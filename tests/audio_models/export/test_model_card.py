"""The card of an export: what the network has learned to refuse, and without the paths of this computer."""

from __future__ import annotations

from dataclasses import replace

from audio_models.export.model_card import _other_words
from audio_models.jobs import runs
from audio_models.recipes import default_run
from data.corpus import CorpusReference
from data.task import Task


def test_the_card_says_what_other_words_were_learned_from() -> None:
    config = default_run(CorpusReference("fsdd"), Task(("yes", "no"), unknown=True), "gru", "strong")
    config = replace(config, negatives=replace(config.negatives, other=("/home/ann/reading",)))
    (line,) = _other_words(runs.create(config))
    assert "`_unknown_`" in line
    assert "parts of the words" in line
    assert line.endswith("other recordings (reading).")
    assert "/home" not in line
    assert _other_words(runs.create(replace(config, task=Task(("yes", "no"))))) == []
