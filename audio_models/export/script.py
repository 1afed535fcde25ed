"""A run as a Python program and a notebook in plain keras and librosa, with the table of its clips.

    echoic-script/
      train.py       the features, network and training of the run; needs keras, tensorflow and librosa
      train.ipynb    the same as a notebook
      clips.csv      the clips of the run: path, label, split, word, and where a clip is a part of a recording

What the run did and the program does not stands at the head of the program (`keras_code.left_out`).
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audio_models.config import CELL_TITLES, RunConfig
from audio_models.errors import RunError
from audio_models.export import keras_code
from audio_models.features.feature_cache import clip_features
from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation, learned
from audio_models.recognition.cross_validation import make_folds
from audio_models.training.preparation import choose
from data import catalogue, tables, task, workspace
from data.corpus import Clip, Report, no_progress
from data.errors import CorpusError, EchoicError, WorkspaceError
from data.phrases import percent, plural

NAME = "echoic-script"
"""Default name of the folder."""

PROGRAM, NOTEBOOK = "train.py", "train.ipynb"
_NAMES = {PROGRAM, NOTEBOOK, keras_code.CLIPS}
_COLUMNS = ("path", "label", "split", "word", "start", "seconds", "gain")
_NO_CLIPS = Path("path", "to", "the", "clips")


@dataclass(frozen=True)
class Script:
    """A run as a program.

    Attributes:
        program: its text; `notebook` holds the same code.
        notebook: JSON, nbformat 4.
        clips: the table, CSV; empty if the corpus is not on this computer.
        left_out: what the run did besides, a phrase each.
        remarks: notes for the user, one sentence each.
    """

    program: str
    notebook: str
    clips: str
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def files(self) -> dict[str, bytes]:
        """The content of each file, by name."""
        texts = {PROGRAM: self.program, NOTEBOOK: self.notebook, keras_code.CLIPS: self.clips}
        return {name: text.encode("utf-8", "surrogateescape") for name, text in texts.items() if text}


def script(run: Run, report: Report = no_progress) -> Script:
    """Write a run as a program.

    Raises:
        RunError: its configuration cannot be read, or it was opened from a keras file.
    """
    config = run.config
    if config.opened_from:
        raise RunError(
            f"{run.name} was opened from {config.opened_from}: Echoic does not know how it was trained, so it cannot "
            "write that down."
        )
    clips, remarks = _clips(run, report)
    folder = _folder_of(clips) if clips else _NO_CLIPS
    parts = keras_code.sections(config, str(folder), cut=any(not clip.whole for clip in clips) or config.task.silence)
    left_out = keras_code.left_out(config, run.start_name if run.start else "")
    head = _head(run, left_out)
    program = "\n\n".join([f'"""{_escaped(head)}\n"""', *(f"# --- {part.title}\n{part.code}\n" for part in parts)])
    return Script(program, _notebook(head, parts), _table(clips, folder) if clips else "", left_out, remarks)


def export(run: Run, folder: Path, report: Report = no_progress) -> Script:
    """Write the files of `script` into a folder, in place of an older script there.

    Raises:
        RunError: see `script`.
        WorkspaceError: the folder is something else, or cannot be written.
    """
    folder = Path(os.path.expanduser(folder)).absolute()
    if os.path.lexists(folder) and not _is_script(folder):
        raise WorkspaceError(f"{folder} exists and holds something else. Name another folder, or remove this one.")
    made = script(run, report)
    workspace.made(folder.parent)
    with workspace.replacing(folder) as new:
        new.mkdir()
        for name, content in made.files.items():
            (new / name).write_bytes(content)
    return made


def zipped(made: Script) -> bytes:
    """The files of a script as a zip file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, file in made.files.items():
            packed.writestr(f"{NAME}/{name}", file)
    return content.getvalue()


def _is_script(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and {path.name for path in folder.iterdir()} <= _NAMES


def _clips(run: Run, report: Report) -> tuple[list[Clip], tuple[str, ...]]:
    """The clips of a run, of all splits; none and the reason if its corpus is not on this computer."""
    config = run.config
    try:
        corpus = catalogue.open_corpus(config.corpus, words=config.task.labels)
        if not corpus.is_loaded() and not corpus.description.synthetic:
            raise CorpusError(f"{corpus.description.title} is not on this computer.")
        chosen = choose(config, report)
        index = corpus.index(report)
    except EchoicError as error:
        return [], (f"{error} So {keras_code.CLIPS}, which the program reads, is not there yet.",)
    clips = [clip for clip in chosen.clips if clip.split != "test"]
    if config.training.folds:
        clips = _first_fold_held_out(clips, config)
    if run.state.skipped:
        sequences, _ = clip_features(clips, config.features, report)
        clips = [clip for clip, frames in zip(clips, sequences, strict=True) if frames is not None]
    known = learned.load(run, report)
    if not config.training.folds:
        tested, _ = task.evaluation_clips(index, config.task, "test", config.training.seed, generate_noise=True)
        clips += known.without_learned(tested, "test", is_own=True)[0] if known else tested
    here = learned.Learned.of(chosen.clips, chosen.other)
    is_same = known is None or not (here.training - known.training)
    return clips, () if is_same else (
        f"The corpus has new clips since this run was trained; {keras_code.CLIPS} holds them too.",
    )


def _first_fold_held_out(clips: Sequence[Clip], config: RunConfig) -> list[Clip]:
    folds = make_folds(clips, config.training.folds, makes_unknown=config.negatives.makes)
    return [
        replace(clip, split="validation") if fold == 0 else clip
        for clip, fold in zip(clips, folds.fold_of_clip, strict=True)
    ]


def _folder_of(clips: Sequence[Clip]) -> Path:
    """The folder that holds all files; noise that Echoic generates may lie elsewhere."""
    return Path(os.path.commonpath([clip.path.parent for clip in clips if clip.whole] or [clips[0].path.parent]))


def _table(clips: Sequence[Clip], folder: Path) -> str:
    rows = []
    for clip in clips:
        path = clip.path.relative_to(folder) if clip.path.is_relative_to(folder) else clip.path
        part = ("", "", "") if clip.whole else (clip.start, clip.seconds, clip.gain)
        row = (_not_a_formula(path.as_posix()), clip.label, clip.split, clip.word, *part)
        rows.append(dict(zip(_COLUMNS, row, strict=True)))
    return tables.csv_text(rows, _COLUMNS, exact=("path",))


def _not_a_formula(path: str) -> str:
    """The same path, written so that no spreadsheet runs it."""
    return path if tables.harmless(path) == path else f"./{path}"


def _head(run: Run, left_out: Sequence[str]) -> str:
    config = run.config
    words = plural(len(config.task.classes), "class", "classes")
    lines = [
        f"{run.name}: {CELL_TITLES[config.network.cell]} of {config.network.units} units for {words}, in plain keras and librosa.",
        "",
        f"Written by Echoic from the run {run.id}. It reads {keras_code.CLIPS}, beside it, and the clips named there.",
        "Needs: pip install keras tensorflow librosa",
        *_reached(run),
    ]
    if left_out:
        lines += [
            "",
            f"Not the whole run, which also {'; '.join(left_out)}.",
            "Expect another accuracy from this program.",
        ]
    return "\n".join(lines)


def _reached(run: Run) -> list[str]:
    """What the run reached, as far as it is known."""
    best = run.best_epoch
    tested = evaluation.load_cached(run, split="test") if run.has_model else None
    parts = [f"{percent(best.validation_accuracy)} on validation clips (epoch {best.epoch})"] if best else []
    parts += [f"{percent(tested.accuracy)} of {plural(tested.clips, 'test clip')}"] if tested else []
    return [f"The run reached {' and '.join(parts)}."] if parts else []


def _escaped(text: str) -> str:
    """A text inside a docstring: a name may hold quotes or a backslash."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _notebook(head: str, parts: Sequence[keras_code.Section]) -> str:
    title, _, rest = head.partition("\n")
    cells = [_cell("markdown", f"# {title}\n{rest}")]
    for part in parts:
        cells += [_cell("markdown", f"## {part.title}"), _cell("code", part.code)]
    language = {"name": "python", "display_name": "Python 3", "language": "python"}
    made = {"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": language}, "cells": cells}
    return json.dumps(made, ensure_ascii=False, indent=1)


def _cell(kind: str, text: str) -> dict[str, object]:
    source = text.splitlines(keepends=True)
    code: dict[str, object] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, **code, "source": source}
