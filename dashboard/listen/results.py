"""What was detected in a recording: headline, timeline, list of words, closer look."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from dashboard.listen import charts as listen_charts
from dashboard.listen import session, stretch
from dashboard.listen.charts import clock
from dashboard.listen.detection_sliders import TITLE, choose_settings
from dashboard.listen.session import ListeningSession
from dashboard.shared import preload, save
from dashboard.shared.choose_model import describe_run
from dashboard.shared.formatting import ROWS_BY_KEYBOARD, as_text, large_type, table_height
from dashboard.shared.glossary import TERMS
from dashboard.shared.players import play_samples
from dashboard.shared.save import Download
from dashboard.shared.show_chart import show_chart
from data.corpus import SILENCE, UNKNOWN
from data.phrases import plural

if TYPE_CHECKING:
    from audio_models.listening.detection import Event

_COLUMNS = 400  # of the timeline
_MOST_ROWS = 14  # words with a row on the timeline
_LEAST_REFUSED = 0.5  # seconds of other speech that are worth a line
_TABLE_ROWS = 9  # rows of the table in sight


def show(listened: ListeningSession) -> None:
    """Draw everything about a recording; the sliders change what was detected at once."""
    headline, place = st.container(), save.begin()
    config = choose_settings(listened.run)
    events, refused = listened.events(config), listened.result.refused_with(config)
    with headline:
        _headline(listened, events, refused)
    stretch.start_at_first(events, listened.result.seconds)
    table = _table(events)
    _timeline(listened, events, table, refused)
    words, picture = st.columns([2, 3], gap="large")
    with words:
        if events:
            st.markdown("##### Click a word to play it", help=ROWS_BY_KEYBOARD)
            _words(listened, events, table)
        else:
            st.markdown("##### No word detected")
            st.markdown(f"Lower the threshold or the smoothing under “{TITLE}” to find more.")
    with picture:
        st.markdown("##### Closer look")
        _closer_look(listened, table)
    save.offer(place, _downloads(listened, events), listened.run.id)


def _headline(listened: ListeningSession, events: tuple[Event, ...], refused: NDArray[np.float64]) -> None:
    from audio_models.listening.listener import low_rate_warning

    number, text = st.columns([1, 2], vertical_alignment="center")
    number.html(large_type("1 word" if len(events) == 1 else f"{len(events):,} words" if events else "no word"))
    result = listened.result
    text.markdown(
        f"in **{clock(result.seconds)}** of **{as_text(listened.recording.name)}**, detected by "
        f"{as_text(describe_run(listened.run))}.  \n"
        f"Took {_duration(listened.took)}, {result.seconds / max(listened.took, 0.01):,.0f} times real time."
    )
    seconds = float((refused[:, 1] - refused[:, 0]).sum())
    if seconds >= _LEAST_REFUSED:
        text.markdown(f"**{_duration(seconds)}** of speech that is not one of its words.")
    if listened.recording.spoken:
        missed = Counter(listened.recording.spoken) - Counter(event.label for event in events)
        names = ", ".join(f"**{as_text(word)}**" for word in missed.elements())
        text.markdown(
            f"Missed {sum(missed.values())} of {len(listened.recording.spoken)} spoken words: {names}."
            if missed
            else f"All {len(listened.recording.spoken)} spoken words were detected."
        )
    if warning := low_rate_warning(result.sample_rate, preload.recognizer(listened.run).features):
        text.warning(warning, icon=":material/warning:")
    for note in result.notes:
        text.caption(f":material/info: {as_text(note)}")
    if result.mode == "stateful":
        text.caption("A streaming network: each moment is read once.")
    else:
        times = max(1, round(result.clip_seconds / result.step_seconds))
        text.caption(
            f"Re-reads the last {result.clip_seconds:.1f} s every {result.step_seconds:.1f} s, so each moment is read {times} "
            "times. A streaming network (recipe For listening) reads it once."
        )


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def _table(events: tuple[Event, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [stretch.event_id(event) for event in events],
            "start": [event.start for event in events],
            "end": [event.end for event in events],
            "at": [clock(event.end, 1) for event in events],
            "label": [event.label for event in events],
            "confidence": [event.confidence for event in events],
        }
    )


def _timeline(
    listened: ListeningSession, events: tuple[Event, ...], table: pd.DataFrame, refused: NDArray[np.float64]
) -> None:
    result = listened.result
    spans, highest = result.peaks(_COLUMNS)
    words = [label for label in result.labels if label not in (UNKNOWN, SILENCE)]
    counts = Counter(event.label for event in events)
    most = sorted(words, key=lambda word: -counts[word])[:_MOST_ROWS]
    rows = [word for word in words if word in most]
    places = [result.labels.index(word) for word in rows]
    start, seconds = stretch.shown()
    key = f"listen-waveform-{listened.number}"
    show_chart(
        listen_charts.waveform(result.low, result.high, result.seconds, (start, start + seconds)),
        f"The waveform of {result.seconds:.1f} s; the closer look begins at {start:.1f} s.",
        on_select=partial(stretch.on_drag, key, result.seconds), key=key, title="Waveform",
    )  # fmt: skip
    key = f"listen-timeline-{listened.number}"
    show_chart(
        listen_charts.timeline(spans, highest[:, places], rows, table, result.seconds, refused),
        f"Detected words over time: {plural(len(events), 'detection')}; the table of detections has each.",
        on_select=partial(stretch.on_click, key, events, result.seconds), key=key, title="Words over time",
    )  # fmt: skip
    hidden = len(words) - len(rows)
    left_out = (
        f" The {hidden} words detected least have no row." if hidden > 1 else " One word has no row." if hidden else ""
    )
    other = " Grey: speech that is not one of its words." if len(refused) else ""
    st.caption(
        f"Triangle: a detected word; click to play it. Colour: its probability.{other} "
        f"Drag over the waveform to look closer.{left_out}"
    )


def _closer_look(listened: ListeningSession, table: pd.DataFrame) -> None:
    from audio_models.features.mfcc import mel_bands
    from audio_models.features.waveform import resample

    start, seconds = stretch.fields(listened.result.seconds)
    samples, rate = session.load_stretch(listened.recording, start, seconds)
    play_samples(samples, rate, autoplay=stretch.plays_at_once(start, seconds))
    recognizer = preload.recognizer(listened.run)
    features = recognizer.features
    resampled = resample(samples, rate, features.sample_rate)
    bands = mel_bands([resampled], features, recognizer.filters)[0]
    inside = table[(table["end"] > start) & (table["start"] < start + len(samples) / rate)]
    picture = listen_charts.closer(
        resampled, features.sample_rate, bands, features.hop_length / features.sample_rate, start, inside
    )
    show_chart(
        picture,
        "The waveform of the stretch, and its mel bands.",
        key=f"listen-closer-{listened.number}",
        title="Closer look",
    )
    bars = "Bars: detected words, one clip long. Below: " if len(inside) else ""
    st.caption(f"{bars}{'w' if bars else 'W'}aveform and mel bands of this stretch.", help=TERMS["mel band"])


def _words(listened: ListeningSession, events: tuple[Event, ...], table: pd.DataFrame) -> None:
    key = f"listen-rows-{listened.number}-{len(events)}"
    st.dataframe(
        table, column_order=["at", "label", "confidence"], hide_index=True, key=key,
        column_config={
            "at": st.column_config.TextColumn("time"),
            "label": st.column_config.TextColumn("word"),
            "confidence": st.column_config.ProgressColumn("confidence", format="percent", min_value=0, max_value=1),
        },
        height=table_height(len(events), _TABLE_ROWS),
        on_select=partial(stretch.on_row, key, events, listened.result.seconds), selection_mode="single-row",
    )  # fmt: skip


def _downloads(listened: ListeningSession, events: tuple[Event, ...]) -> tuple[Download, ...]:
    """The detected words as files; none if no word was detected."""
    from audio_models.listening import event_files
    from data import tables

    if not events:
        return ()
    name = Path(listened.recording.name).stem
    return (
        Download("CSV", f"{name}.csv", lambda: tables.as_file(event_files.as_csv(events)), "A table for spreadsheets."),
        Download("JSON", f"{name}.json", lambda: event_files.as_json(events), "For programs."),
        Download(
            "Audacity", f"{name}.txt", lambda: event_files.as_audacity(events),
            "A label track: in Audacity File, Import, Labels.",
        ),
    )  # fmt: skip
