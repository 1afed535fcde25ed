"""What an evaluation or a prediction found, as rows for a table or for JSON: the same for the pages and the shell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from audio_models.recognition.answer import Answer
from audio_models.recognition.evaluation_result import Evaluation
from data import tables

Rows = Sequence[Mapping[str, Any]]

_PROBABILITY = "p: "  # before the label, in the header of a table


def of_clips(result: Evaluation) -> list[dict[str, Any]]:
    """A row for each clip of an evaluation, in its order: what was said, what was heard, and how surely."""
    return [
        {
            "path": str(one.clip.path),
            "start": one.clip.start,
            "seconds": one.clip.seconds,
            "speaker": one.clip.speaker,
            "split": one.clip.split,
            "word": one.clip.word or None,
            "label": one.clip.label,
            "predicted": one.predicted,
            "correct": one.correct,
            "confidence": round(one.confidence, 6),
            "label_probability": round(one.label_probability, 6),
            "accepted": one.is_word(result.threshold),
        }
        for one in result.predictions
    ]


def of_matrix(result: Evaluation) -> list[dict[str, Any]]:
    """The confusion matrix, a row for each spoken word: the count of each answer."""
    return [
        {"spoken \\ heard": label, **dict(zip(result.labels, counts, strict=True))}
        for label, counts in zip(result.labels, result.confusion, strict=True)
    ]


def of_answer(path: str, answer: Answer | str) -> dict[str, Any]:
    """The row of one predicted clip; a text in place of an answer says why there is none."""
    if isinstance(answer, str):
        return {"path": path, "error": answer}
    names = ("kind", "label", "confidence", "probabilities", "sure")
    return {"path": path, **{name: getattr(answer, name) for name in names}}


def as_json(rows: Rows) -> str:
    """Rows as a JSON list of objects."""
    return json.dumps(list(rows), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def as_csv(rows: Rows) -> bytes:
    """Rows as the content of a CSV file, each probability in a column of its own; a key that a row lacks is an empty cell."""
    flat = [_flat(row) for row in rows]
    columns = list(dict.fromkeys(name for row in flat for name in row))
    if "error" in columns:  # last, whichever row has one
        columns.append(columns.pop(columns.index("error")))
    return tables.as_file(tables.csv_text([{name: row.get(name) for name in columns} for row in flat], columns))


def as_file(rows: Rows, path: Path) -> bytes:
    """Rows in the format that the name of a file asks for: JSON if it ends in .json, else CSV."""
    return as_json(rows).encode("utf-8") if path.suffix.lower() == ".json" else as_csv(rows)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without containers: each probability and each end of an interval has a cell, a list has one for all."""
    cells: dict[str, Any] = {}
    for name, value in row.items():
        if name == "probabilities":
            cells |= {f"{_PROBABILITY}{label}": share for label, share in value.items()}
        elif name.endswith("_interval"):
            what = name.removesuffix("interval")
            cells |= {f"{what}low": value[0], f"{what}high": value[1]}
        else:
            cells[name] = " ".join(map(str, value)) if isinstance(value, list) else value
    return cells
