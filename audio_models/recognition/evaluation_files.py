"""The files of a run's evaluations."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from audio_models.jobs.runs import Run
from audio_models.recognition.evaluation_result import CROSS_VALIDATED, Evaluation, EvaluationSplit, from_json, to_json
from data import stored, workspace
from data.corpus import CorpusReference
from data.errors import WorkspaceError
from data.names import file_name

_LONGEST_NAME = 40  # characters of a corpus' name in a file's name


def load(run: Run, corpus: CorpusReference, split: EvaluationSplit) -> Evaluation | None:
    """Load the evaluation of the run's present network; None if there is none that can be read."""
    for path in _paths(run, corpus, split):
        with contextlib.suppress(OSError, WorkspaceError, ValueError, TypeError, LookupError):
            found = from_json(stored.read_json(path))
            if found.model:
                is_of_model = found.model == model_digest(run)
            else:  # copying changes times, and a cross-validation cannot be repeated
                is_of_model = split == CROSS_VALIDATED or path.stat().st_mtime >= run.model_path.stat().st_mtime
            if is_of_model:
                return found
    return None


def store(run: Run, corpus: CorpusReference, result: Evaluation) -> None:
    """Store an evaluation with its run, if the run's folder can be written to."""
    path, *older = _paths(run, corpus, result.split)
    with contextlib.suppress(WorkspaceError, OSError, UnicodeError):  # a run on a read-only disk can be evaluated too
        workspace.write_json(workspace.made(path.parent) / path.name, to_json(result))
        for old in older:
            old.unlink(missing_ok=True)


def forget(run: Run, corpus: CorpusReference, split: EvaluationSplit) -> None:
    """Delete a stored evaluation, if there is one."""
    for path in _paths(run, corpus, split):
        path.unlink(missing_ok=True)


def model_digest(run: Run) -> str:
    """BLAKE2b of a run's model file."""
    return hashlib.blake2b(run.model_path.read_bytes(), digest_size=16).hexdigest()


def _paths(run: Run, corpus: CorpusReference, split: EvaluationSplit) -> list[Path]:
    """The path of a stored evaluation, and its path in an earlier version."""
    key = json.dumps({name: value for name, value in asdict(corpus).items() if value is not None}, sort_keys=True)
    name = file_name(Path(corpus.name).name)[:_LONGEST_NAME]
    old_key = f"CorpusReference(name={corpus.name!r}, speaker_pattern={corpus.speaker_pattern!r}, split_by={corpus.split_by!r})"
    old_split = "held-back" if split == CROSS_VALIDATED else split
    return [
        run.evaluations_folder / f"{split}-{name}-{_short_hash(key)}.json",
        run.evaluations_folder / f"{old_split}-{_short_hash(old_key)}.json",
    ]


def _short_hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
