"""Export events to other programs: CSV, Audacity labels, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from audio_models.listening.detection import Event

_FORMULA_STARTS = ("=", "+", "-", "@")  # a spreadsheet evaluates a cell that begins with one of these


def as_csv(events: Sequence[Event]) -> str:
    """CSV with start, end [s], label, confidence.

    A label that a spreadsheet would take for a formula gets an apostrophe in front, which makes it text.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["start", "end", "label", "confidence"])
    for event in events:
        label = f"'{event.label}" if event.label.startswith(_FORMULA_STARTS) else event.label
        writer.writerow([f"{event.start:.3f}", f"{event.end:.3f}", label, f"{event.confidence:.4f}"])
    return text.getvalue()


def as_audacity(events: Sequence[Event]) -> str:
    """An Audacity label track (File, Import, Labels): start, end [s] and label, separated by tabs, one per line."""
    return "".join(f"{event.start:.6f}\t{event.end:.6f}\t{' '.join(event.label.split())}\n" for event in events)


def as_json(events: Sequence[Event]) -> str:
    """A JSON list of objects with start, end [s], label, confidence."""
    rows = [
        {
            "start": round(event.start, 3),
            "end": round(event.end, 3),
            "label": event.label,
            "confidence": round(event.confidence, 4),
        }
        for event in events
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
