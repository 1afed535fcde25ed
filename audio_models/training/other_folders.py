"""Folders of other recordings that are on this computer, for teaching own words without looking for any."""

from __future__ import annotations

import contextlib

from audio_models.jobs import runs
from data import catalogue, other_recordings
from data.errors import EchoicError
from data.public import mini_speech_commands, speech_commands
from data.public.archive_corpus import ArchiveCorpus


def folders_here() -> tuple[str, ...]:
    """The folders that earlier runs learned other words from, and the Speech Commands that were downloaded."""
    given: dict[str, None] = {}
    for run in runs.listing():
        with contextlib.suppress(EchoicError):
            given.update(dict.fromkeys(run.config.negatives.other))
    for module in (speech_commands, mini_speech_commands):
        corpus = catalogue.open_corpus(module.DESCRIPTION.name)
        if isinstance(corpus, ArchiveCorpus) and corpus.is_loaded():
            given[str(corpus.path)] = None
    return other_recordings.on_this_computer(given)
