"""The commands `listen`, which finds words in a recording or a pipe, and `evaluate-streaming`, which measures how reliably."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO, TextIO

import numpy as np

from audio_models.cli.terminal import TerminalProgress, complain, print_json
from audio_models.errors import AudioError
from audio_models.features.bandwidth import Bandwidth
from audio_models.features.waveform import AudioSource, Waveform
from audio_models.jobs import runs
from audio_models.listening import detection, listener, recordings, streaming_evaluation
from audio_models.listening.detection import Event
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.listening.false_alarms import AlarmRate
from audio_models.listening.listener import Listener
from audio_models.listening.rate_check import RateCheck
from audio_models.listening.streaming_evaluation import Point, StreamingEvaluation
from audio_models.options import changed
from data import catalogue
from data.phrases import percent, plural

_CHUNK = 4096  # bytes to read at most; fewer are processed as soon as they arrive
_FILES = {b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "OGG"}  # by the first four bytes


def listen(options: argparse.Namespace) -> int:
    """Print one JSON line for each word, as soon as it is detected."""
    run = runs.find(options.run)
    config = changed(detection.load_settings(run), options)
    if options.source == "-":
        made = Listener(run, config, options.rate)
        chunks = _with_rate_checked(pcm(sys.stdin.buffer), options.rate or made.features.sample_rate)
        return _print_events(made, chunks, sys.stdout)
    source = AudioSource(recordings.find(options.source))
    rate, frames, notes = recordings.measure(source)
    for note in notes:
        complain(note)
    made = Listener(run, config, rate)
    if warning := listener.low_rate_warning(rate, made.features):
        complain(warning)
    reach = recordings.reach_of(rate, frames)
    done = _print_events(made, _measured(recordings.blocks(source), reach), sys.stdout)
    if note := recordings.narrow_note(reach, rate, made.features):
        complain(note)
    return done


def _measured(chunks: Iterator[Waveform], reach: Bandwidth) -> Iterator[Waveform]:
    for chunk in chunks:
        reach.feed(chunk)
        yield chunk


def _with_rate_checked(chunks: Iterator[Waveform], rate: int) -> Iterator[Waveform]:
    """The chunks, and once a line on stderr if they seem to come at another rate."""
    check = RateCheck(rate)
    for chunk in chunks:
        yield chunk
        if hint := check.feed(chunk):
            complain(hint)


def _print_events(made: Listener, chunks: Iterator[Waveform], out: TextIO) -> int:
    try:
        for chunk in chunks:
            _write(made.feed(chunk).events, out)
        _write(made.feed(np.empty(0, np.float32), last=True).events, out)
    except KeyboardInterrupt:  # the way to stop listening
        pass
    return 0


def _write(events: tuple[Event, ...], out: TextIO) -> None:
    for event in events:
        row = {**asdict(event), "start": round(event.start, 3), "end": round(event.end, 3)}
        out.write(json.dumps({**row, "confidence": round(event.confidence, 4)}, ensure_ascii=False) + "\n")
        out.flush()


def pcm(stream: BinaryIO) -> Iterator[Waveform]:
    """Read raw sound, 16-bit little-endian mono, as it arrives: chunks (n,) float32 in -1..1."""
    read = getattr(stream, "read1", stream.read)  # returns what is there instead of waiting for more
    content, odd = read(_CHUNK), b""
    if content[:4] in _FILES:
        raise AudioError(
            f"The pipe brings a {_FILES[content[:4]]} file, not raw sound. Name the file instead of -, or convert it: "
            "ffmpeg -i FILE -f s16le -ac 1 -ar 16000 -"
        )
    while content:
        content = odd + content
        whole = len(content) // 2 * 2
        odd = content[whole:]
        yield np.frombuffer(content[:whole], "<i2").astype(np.float32) / np.float32(32768)
        content = read(_CHUNK)


def evaluate_streaming(options: argparse.Namespace) -> int:
    """Measure missed words, false alarms and delay at each threshold; store the result and the chosen threshold."""
    run = runs.find(options.run)
    config = changed(StreamingEvaluationConfig(), options)
    corpus = catalogue.refer(options.corpus) if options.corpus else None
    before = detection.load_settings(run)
    chosen = before if options.choose is None else changed(before, argparse.Namespace(threshold=options.choose))
    with TerminalProgress() as progress:
        found = streaming_evaluation.measure(run, config, corpus, progress.report)
    if corpus is None:
        streaming_evaluation.store(run, found)
    if chosen != before:
        detection.store_settings(run, chosen)
    if options.json:
        print_json(_as_json(found, chosen.threshold))
    else:
        _print_evaluation(found, chosen.threshold)
    return 0


def _as_json(found: StreamingEvaluation, threshold: float) -> dict[str, Any]:
    points = []
    for point in found.points:
        interval = point.recall_interval
        measured = {"missed": point.missed, "recall_interval": [interval.low, interval.high] if point.words else None}
        points.append({**asdict(point), **measured, "alarms": [_rate_as_json(rate) for rate in _rates(found, point)]})
    return {
        **{name: value for name, value in asdict(found).items() if name != "alarms"},
        "points": points,
        "threshold": threshold,
        "suggested": found.suggested.threshold if found.suggested else None,
    }


def _rates(found: StreamingEvaluation, point: Point) -> list[AlarmRate]:
    return [curve.at(point.threshold) for curve in found.alarms]


def _rate_as_json(rate: AlarmRate) -> dict[str, Any]:
    return {**asdict(rate), "per_hour": rate.per_hour, "interval": [rate.interval.low, rate.interval.high]}


def _print_evaluation(found: StreamingEvaluation, threshold: float) -> None:
    spoken = f"{plural(found.words, 'word')} and " if found.words else ""
    print(
        f"{spoken}{plural(found.others, 'clip')} of other words, {found.config.split}, "
        f"{found.config.snr_db:g} dB over the noise; {found.config.minutes:g} minutes of other words, and of noise"
    )
    if not found.words:
        print(
            "Missed words are not measured: the network learned from all clips of its corpus. Choose another with --corpus."
        )
    suggested = found.suggested if found.config.split == "validation" else None  # test clips choose nothing
    print("threshold   missed   wrong   alarms per hour: speech    noise   delay: median   95 %")
    for point in found.points:
        is_chosen = point is found.at(threshold)
        chosen = "" if not is_chosen else " chosen" if point.threshold == threshold else f" nearest to {threshold:g}"
        marks = chosen + (" suggested" if point is suggested else "")
        delays = [f"{1000 * delay:.0f} ms" if delay is not None else "" for delay in (point.delay, point.late_delay)]
        missed, wrong = ("", "") if point.missed is None else (f"{percent(point.missed)}", f"{point.wrong}")
        speech = f"{point.speech_alarms:.1f}" if found.others else ""
        print(
            f"{point.threshold:9.3f} {missed:>8} {wrong:>7} {speech:>25} "
            f"{point.noise_alarms:8.1f} {delays[0]:>15} {delays[1]:>6}{marks}"
        )
    at = found.at(threshold)
    recall = at.recall_interval
    heard = (
        f"{percent(at.heard / at.words)} of its words heard ({percent(recall.low)} to {percent(recall.high)}), "
        if at.words
        else ""
    )
    print(f"At {at.threshold:g}: {heard}false alarms per hour, with 95 % intervals:")
    for rate in _rates(found, at):
        print(f"  {rate.text}")
    if suggested:
        print(f"Suggested: {suggested.threshold:g}, {found.suggestion_rule}")
