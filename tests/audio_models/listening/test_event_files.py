"""Events as files: what is read back is what was heard, in any script, and a spreadsheet calculates nothing."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from audio_models.listening import event_files
from audio_models.listening.detection import Event

LABELS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
EVENTS = st.lists(
    st.builds(
        lambda start, label, confidence: Event(start, start + 1.0, label, confidence),
        st.integers(0, 7200_000).map(lambda thousandths: thousandths / 1000),
        LABELS,
        st.integers(0, 10_000).map(lambda parts: parts / 10_000),
    ),
    max_size=5,
)  # fmt: skip


def test_the_files_as_they_are_written() -> None:
    events = [Event(0.5, 1.5, "stop", 0.93751), Event(3.0, 4.0, 'say "up", now', 1.0)]
    assert event_files.as_csv(events) == (
        "start,end,label,confidence\r\n0.500,1.500,stop,0.9375\r\n3.000,4.000,\"say \"\"up\"\", now\",1.0000\r\n"
    )  # fmt: skip
    assert event_files.as_audacity(events) == '0.500000\t1.500000\tstop\n3.000000\t4.000000\tsay "up", now\n'
    assert json.loads(event_files.as_json(events))[0] == {
        "start": 0.5,
        "end": 1.5,
        "label": "stop",
        "confidence": 0.9375,
    }


@given(EVENTS)
def test_what_is_read_back_is_what_was_heard(events: list[Event]) -> None:
    rows = list(csv.DictReader(io.StringIO(event_files.as_csv(events), newline="")))
    labels = [row["label"] for row in rows]
    assert [label.removeprefix("'") if label[1:2] in ("=", "+", "-", "@") else label for label in labels] == [
        event.label for event in events
    ]
    assert not any(label.startswith(("=", "+", "-", "@")) for label in labels)
    assert [float(row["start"]) for row in rows] == [event.start for event in events]
    read = json.loads(event_files.as_json(events))
    assert [(row["label"], row["end"], row["confidence"]) for row in read] == [
        (event.label, round(event.end, 3), event.confidence) for event in events
    ]


@given(EVENTS)
def test_audacity_reads_three_columns_a_line(events: list[Event]) -> None:
    lines = event_files.as_audacity(events).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(events)
    for line, event in zip(lines, events, strict=True):
        start, end, label = line.split("\t")
        assert (float(start), float(end)) == (round(event.start, 6), round(event.end, 6))
        assert label.split() == event.label.split()


def test_no_events_are_no_fault() -> None:
    assert event_files.as_csv([]) == "start,end,label,confidence\r\n"
    assert event_files.as_audacity([]) == ""
    assert json.loads(event_files.as_json([])) == []
