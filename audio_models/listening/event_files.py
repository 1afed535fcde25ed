"""Export events to other programs: CSV, Audacity labels, JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from audio_models.listening.detection import Event
from data import tables


def as_csv(events: Sequence[Event]) -> str:
    """CSV with start, end [s], label, confidence; a label that a spreadsheet would take for a formula stays text."""
    return tables.csv_text(
        [
            {
                "start": f"{event.start:.3f}", "end": f"{event.end:.3f}", "label": event.label,
                "confidence": f"{event.confidence:.4f}",
            }
            for event in events
        ],
        ("start", "end", "label", "confidence"),
    )  # fmt: skip


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
