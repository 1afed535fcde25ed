"""Listen: a network hears a long recording; what it heard lies on a timeline, and each word can be played in its place."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from audio_models.jobs.runs import Run
from audio_models.listening import detection
from dashboard.listen import charts as listen_charts
from dashboard.listen import session as listen_session
from dashboard.listen.charts import clock
from dashboard.listen.recording_source import choose_recording
from dashboard.listen.session import LISTEN_TRIED, Hearing
from dashboard.shared import preload
from dashboard.shared.choose_model import choose_listener, describe_run, listens_for, usable_runs
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text, large_type
from dashboard.shared.glossary import TERMS
from dashboard.shared.players import play_samples
from dashboard.shared.state import (
    LISTEN_ERROR,
    LISTEN_FROM,
    LISTEN_LENGTH,
    LISTEN_NOW,
    LISTEN_PAUSE,
    LISTEN_PLAYING,
    LISTEN_SMOOTHING,
    LISTEN_STOPPED,
    LISTEN_STRETCH,
    LISTEN_THRESHOLD,
    selection,
)
from data.corpus import SILENCE, UNKNOWN
from data.errors import EchoicError

if TYPE_CHECKING:
    from audio_models.listening.detection import DetectionConfig, Event

_AROUND = 1.0  # seconds before and after a word that is played
_LONGEST_LOOK = 60.0  # seconds
_FIRST_LOOK = 10.0
_COLUMNS = 400  # of the timeline
_MOST_ROWS = 14  # words that get a row there
_TABLE_ROWS = 9  # in sight


def _settings(run: Run) -> DetectionConfig:
    """When a word counts as heard, as the user sets it."""
    from audio_models.listening import streaming_evaluation
    from audio_models.listening.detection import DetectionConfig

    usual = detection.load_settings(run)
    since, tried = LISTEN_TRIED.of(run.id).get() or (usual, usual)
    if since != usual:  # others were kept meanwhile
        tried = usual
    with st.expander("When a word counts as heard", icon=":material/tune:"):
        columns = st.columns(3)
        threshold = columns[0].slider(
            "Threshold", 0.01, 1.0, tried.threshold, 0.01, format="percent", key=LISTEN_THRESHOLD.of(run.id).key
        )
        columns[0].caption("How probable a word must be. Lower: less is missed, but more is heard that nobody said.")
        smoothing = columns[1].slider(
            "Smoothing", 0, 2000, round(tried.smoothing_ms), 20, format="%d ms", key=LISTEN_SMOOTHING.of(run.id).key
        )
        columns[1].caption("Over how long probabilities are averaged. Longer: a short slip counts for less.")
        refractory = columns[2].slider(
            "Pause between words",
            0,
            10_000,
            round(tried.refractory_ms),
            50,
            format="%d ms",
            key=LISTEN_PAUSE.of(run.id).key,
        )
        columns[2].caption("For how long nothing more is heard after a word, as its end may sound like another.")
        config = DetectionConfig(threshold, smoothing, refractory)
        LISTEN_TRIED.of(run.id).set((usual, config))
        with st.container(horizontal=True):
            if config != usual:
                st.button(
                    "Keep for this network", icon=":material/save:", key="listen-keep",
                    on_click=_keep, args=(run, config), help="Used from now on wherever this network listens.",
                )  # fmt: skip
            advised = streaming_evaluation.advised(run)
            if advised != config:
                st.button(
                    f"Back to {advised.threshold:.0%}, {advised.smoothing_ms:.0f} ms, {advised.refractory_ms:.0f} ms",
                    icon=":material/undo:", key="listen-back", on_click=_keep, args=(run, advised),
                    help="What fared best when it was measured, or else the usual settings.",
                )  # fmt: skip
    return config


def _keep(run: Run, config: DetectionConfig) -> None:

    with show_errors():
        detection.store_settings(run, config)
    LISTEN_TRIED.of(run.id).pop()
    # to the sliders it must be said: in the browser they hold on to what they show, whatever their default is
    LISTEN_THRESHOLD.of(run.id).set(config.threshold)
    LISTEN_SMOOTHING.of(run.id).set(round(config.smoothing_ms))
    LISTEN_PAUSE.of(run.id).set(round(config.refractory_ms))


def _headline(hearing: Hearing, events: tuple[Event, ...]) -> None:
    from audio_models.listening.listener import low_rate_warning

    number, text = st.columns([1, 2], vertical_alignment="center")
    number.html(large_type("1 word" if len(events) == 1 else f"{len(events):,} words" if events else "no word"))
    found = hearing.found
    text.markdown(
        f"heard in **{clock(found.seconds)}** of **{as_text(hearing.recording.name)}** by "
        f"{as_text(describe_run(hearing.run))}.  \n"
        f"Took {_spent(hearing.took)}, {found.seconds / max(hearing.took, 0.01):,.0f} times as fast as it was spoken."
    )
    if hearing.recording.said:
        missed = Counter(hearing.recording.said) - Counter(event.label for event in events)
        names = ", ".join(f"**{as_text(word)}**" for word in missed.elements())
        text.markdown(
            f"Of the {len(hearing.recording.said)} that are said it did not hear {names}."
            if names
            else "All that are said were heard."
        )
    if warning := low_rate_warning(found.sample_rate, preload.recognizer(hearing.run).features):
        text.warning(warning, icon=":material/warning:")
    if found.mode == "stateful":
        text.caption(
            "It listens without a break: what it heard before stays in its state, so that each moment is read once. "
            "That costs least."
        )
    else:
        times = max(1, round(found.clip_seconds / found.step_seconds))
        text.caption(
            f"This network was made for clips, so it hears through a sliding window: the last {found.clip_seconds:.1f} s "
            f"anew every {found.step_seconds:.1f} s. Each moment is read about {times} times; a network of the recipe For "
            "listening reads it once."
        )


def _spent(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def _id(event: Event) -> str:
    """The same whatever else is heard."""
    return f"{event.end:.3f} {event.label}"


def _table(events: tuple[Event, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [_id(event) for event in events],
            "start": [event.start for event in events],
            "end": [event.end for event in events],
            "at": [clock(event.end, 1) for event in events],
            "label": [event.label for event in events],
            "confidence": [event.confidence for event in events],
        }
    )


def _tenths(seconds: float) -> float:
    """Rounded down to a tenth, as the fields show it; rounded up, it could lie beyond the end."""
    return math.floor(10 * seconds + 1e-6) / 10 or seconds


def _look(start: float, seconds: float, whole: float, *, play: bool = False) -> None:
    """Put the closer look on a stretch."""
    seconds = _tenths(min(max(0.5, seconds), _LONGEST_LOOK, whole))
    start = _tenths(min(max(0.0, start), whole - seconds))
    LISTEN_STRETCH.set((start, seconds))
    LISTEN_PLAYING.set((start, seconds) if play else None)


def _typed() -> None:
    LISTEN_STRETCH.set((LISTEN_FROM.get(), LISTEN_LENGTH.get()))


def _look_at(hearing: Hearing, event: Event) -> None:
    _look(event.start - _AROUND, event.end - event.start + 2 * _AROUND, hearing.found.seconds, play=True)


def _dragged(hearing: Hearing, key: str) -> None:
    reach = selection(key).get("stretch", {}).get("seconds")
    if reach:
        _look(min(reach), max(reach) - min(reach), hearing.found.seconds)


def _clicked(hearing: Hearing, events: tuple[Event, ...], key: str) -> None:
    chosen = [one["id"] for one in selection(key).get("event", [])]
    for event in events:
        if _id(event) in chosen[:1]:
            _look_at(hearing, event)


def _row_chosen(hearing: Hearing, events: tuple[Event, ...], key: str) -> None:
    for row in selection(key).rows[:1]:
        _look_at(hearing, events[row])


def _overview(hearing: Hearing, events: tuple[Event, ...], table: pd.DataFrame) -> None:
    found = hearing.found
    spans, highest = found.peaks(_COLUMNS)
    heard = [event.label for event in events]
    words = [label for label in found.labels if label not in (UNKNOWN, SILENCE)]
    rows = sorted(words, key=lambda word: -heard.count(word))[:_MOST_ROWS]
    rows = [word for word in words if word in rows]
    places = [found.labels.index(word) for word in rows]
    start, seconds = LISTEN_STRETCH.get() or (0.0, _FIRST_LOOK)
    key = f"listen-outline-{hearing.number}"
    st.altair_chart(
        listen_charts.outline(found.low, found.high, found.seconds, (start, start + seconds)),
        on_select=lambda: _dragged(hearing, key), key=key,
    )  # fmt: skip
    which = f"listen-timeline-{hearing.number}"
    st.altair_chart(
        listen_charts.timeline(spans, highest[:, places], rows, table, found.seconds),
        on_select=lambda: _clicked(hearing, events, which), key=which,
    )  # fmt: skip
    left_out = f" {len(words) - len(rows)} words that were heard least have no row." if len(words) > len(rows) else ""
    st.caption(
        "A triangle is a word that was heard: click it to hear it. The stronger the colour of its row, the more probable "
        f"the word was. Drag over the waveform to look closer, at up to a minute.{left_out}"
    )


def _closer_look(hearing: Hearing, table: pd.DataFrame) -> None:
    from audio_models.features.mfcc import mel_bands
    from audio_models.features.waveform import resample

    whole = hearing.found.seconds
    # Told to the fields each time: where a click cuts a run short, what it told them does not reach the browser, which would
    # take the least that is allowed for their value.
    start, seconds = LISTEN_STRETCH.get() or (0.0, _FIRST_LOOK)
    LISTEN_FROM.set(start)
    LISTEN_LENGTH.set(seconds)
    first, length = st.columns(2)
    start = first.number_input(
        "From second", 0.0, max(0.0, whole - 0.1), step=1.0, format="%.1f", key=LISTEN_FROM.key, on_change=_typed
    )
    seconds = length.number_input(
        "Seconds shown",
        min(0.5, _tenths(whole)),
        min(_LONGEST_LOOK, whole),
        step=1.0,
        format="%.1f",
        key=LISTEN_LENGTH.key,
        on_change=_typed,
    )
    samples, rate = listen_session.stretch(hearing.recording, start, seconds)
    # only the stretch that was asked for by a click on its word; it goes on playing while the page is drawn anew
    play = LISTEN_PLAYING.get() == (start, seconds)
    play_samples(samples, rate, autoplay=play)
    recognizer = preload.recognizer(hearing.run)
    features = recognizer.features
    heard = resample(samples, rate, features.sample_rate)
    bands = mel_bands([heard], features, recognizer.filters)[0]
    inside = table[(table["end"] > start) & (table["start"] < start + len(samples) / rate)]
    picture = listen_charts.closer(
        heard, features.sample_rate, bands, features.hop_length / features.sample_rate, start, inside
    )
    st.altair_chart(picture, key=f"listen-closer-{hearing.number}")
    bars = "Each bar reaches from where the word may have begun to when it was heard. Below it: the"
    st.caption(f"{bars if len(inside) else 'The'} waveform and the mel bands of this stretch.", help=TERMS["mel band"])


def _list(hearing: Hearing, events: tuple[Event, ...], table: pd.DataFrame) -> None:
    from audio_models.listening import event_files

    key = f"listen-rows-{hearing.number}-{len(events)}"
    st.dataframe(
        table, column_order=["at", "label", "confidence"], hide_index=True, key=key,
        column_config={
            "at": st.column_config.TextColumn("heard at"),
            "label": st.column_config.TextColumn("word"),
            "confidence": st.column_config.ProgressColumn("confidence", format="percent", min_value=0, max_value=1),
        },
        height=35 * (min(len(events), _TABLE_ROWS) + 1) + 3,
        on_select=lambda: _row_chosen(hearing, events, key), selection_mode="single-row",
    )  # fmt: skip
    name = Path(hearing.recording.name).stem
    with st.container(horizontal=True):
        for label, content, ending, kind, told in (
            ("CSV", event_files.as_csv(events), ".csv", "text/csv", "A table for spreadsheets."),
            ("Audacity", event_files.as_audacity(events), ".txt", "text/plain", "A label track: in Audacity File, Import, Labels."),
            ("JSON", event_files.as_json(events), ".json", "application/json", "For programs."),
        ):  # fmt: skip
            # with the mark that tells spreadsheets which encoding it is
            encoded = content.encode("utf-8-sig" if ending == ".csv" else "utf-8")
            st.download_button(
                label, encoded, f"{name}{ending}", kind, icon=":material/download:", on_click="ignore", help=told,
                key=f"listen-save-{label}",
            )  # fmt: skip


def _show(hearing: Hearing) -> None:
    summary = st.container()
    config = _settings(hearing.run)
    events = hearing.events(config)
    with summary:
        _headline(hearing, events)
    if LISTEN_STRETCH.get() is None:
        first = events[0].start - _AROUND if events else 0.0
        _look(first, _FIRST_LOOK, hearing.found.seconds)
    table = _table(events)
    _overview(hearing, events, table)
    words, picture = st.columns([2, 3], gap="large")
    with words:
        if events:
            st.markdown("##### Choose a word to hear it")
            _list(hearing, events, table)
        else:
            st.markdown("##### No word was heard")
            st.markdown(
                "Were there any? Then lower the threshold, or smooth over less, under “When a word counts as heard”."
            )
    with picture:
        st.markdown("##### A closer look")
        _closer_look(hearing, table)


def _begin() -> None:
    LISTEN_NOW.set(True)


def _stop() -> None:
    LISTEN_STOPPED.set(True)


def _page() -> None:
    st.title("Let it listen to a long recording")
    models = usable_runs()
    with show_errors():
        model, words = st.columns([2, 3], vertical_alignment="center")
        with model:
            run = choose_listener(models, "listen_run")
        words.markdown(listens_for(run))
        recording = None
        with show_errors():  # what was heard stays, whatever is chosen next
            recording = choose_recording(run)
        now = LISTEN_NOW.pop() and recording is not None
        stopped = LISTEN_STOPPED.pop()
        # one button with one key, so that none is left of the run before; a click on Cancel runs the page anew, which
        # stops the listening
        st.button(
            "Cancel" if now else "Listen", type="secondary" if now else "primary", key="listen-start",
            icon=":material/close:" if now else ":material/hearing:", disabled=recording is None,
            on_click=_stop if now else _begin,
        )  # fmt: skip
        if now and recording is not None:
            try:
                listen_session.listen(run, recording)
            except EchoicError as error:  # told below the button, which is to say Listen again
                LISTEN_ERROR.set(str(error))
            else:
                LISTEN_STRETCH.pop()
                LISTEN_PLAYING.pop()
            st.rerun()
        if error_text := LISTEN_ERROR.pop():
            st.error(as_text(error_text), icon=":material/error:")
        if stopped:
            st.caption("Stopped before the end.")
        hearing = listen_session.kept()
        if hearing is not None:
            _show(hearing)
        elif recording is None:
            st.caption("Choose a recording first: WAV, FLAC, OGG or MP3.")


_page()
