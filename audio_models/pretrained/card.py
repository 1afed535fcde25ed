"""The card of a pretrained network: what it was trained on, how accurate it is, and what it rejects, all measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from audio_models.config import Recipe
from audio_models.features import waveform
from audio_models.features.mfcc import mfcc_batch
from audio_models.features.waveform import AudioSource, Waveform
from audio_models.jobs.progress import format_duration
from audio_models.jobs.runs import Run
from audio_models.listening import detection
from audio_models.listening.streaming_evaluation import StreamingEvaluation
from audio_models.recognition import evaluation, open_set
from audio_models.recognition.evaluation_result import Evaluation
from audio_models.recognition.open_set import OpenSet
from audio_models.recognition.recognizer import Recognizer
from data import catalogue
from data.corpus import SILENCE, UNKNOWN, CorpusReference, count
from data.noise import EXPONENTS, SAMPLE_RATE, coloured_noise
from data.phrases import percent, plural
from data.task import noise_stretch

_SECONDS_OF_NOISE = 3600
_NEW_NOISE = 1000  # seed of generated noise that no training used
_SOURCES = {
    "librispeech": "LibriSpeech train-clean-100 (V. Panayotov et al. 2015, CC BY 4.0)",
    "dspspeech20": "DSPSpeech-20 (MIT)",
    "custom_phrases": "custom speech commands (S. Hymel, CC BY 4.0)",
    "precise_community": "Mycroft Precise community data (public domain)",
    "noise": "ESC-10 (K. J. Piczak, CC BY 3.0), the Freesound part of MS-SNSD (CC0) and Mycroft Precise background sounds",
}  # by the name of a folder of other recordings


def false_alarms(recognizer: Recognizer, noise: Sequence[Waveform]) -> int:
    """Count confident words in an hour of noise, cut into stretches of one second.

    The stretches come in turn from `noise`, each (samples,) float32, at -50 to 0 dB of the recording's own level.
    """
    random = np.random.default_rng(0)
    rate = recognizer.features.sample_rate
    alarms = 0
    for first in range(0, _SECONDS_OF_NOISE, 100):
        stretches = []
        for number in range(first, first + 100):
            recording = noise[number % len(noise)]
            start = int(random.integers(len(recording) - rate + 1))
            stretches.append(recording[start : start + rate] * np.float32(10 ** random.uniform(-2.5, 0)))
        shares = recognizer.probabilities(mfcc_batch(stretches, recognizer.features))
        sure = shares.max(axis=1) >= recognizer.threshold
        words = [recognizer.labels[one] not in (UNKNOWN, SILENCE) for one in shares.argmax(axis=1)]
        alarms += int((sure & np.array(words)).sum())
    return alarms


def _unseen_noise(reference: CorpusReference, rate: int) -> list[Waveform]:
    """Noise that no training used: the last tenth of the corpus' recordings, and newly generated noise."""
    low, high = noise_stretch("test")
    found = []
    for path in catalogue.open_corpus(reference).index().noise:
        seconds = waveform.duration(path)
        found.append(waveform.load(AudioSource(path), rate, start=low * seconds, seconds=(high - low) * seconds))
    for number, exponent in enumerate(EXPONENTS.values()):
        found.append(coloured_noise(exponent, 60 * SAMPLE_RATE, _NEW_NOISE + number))
    return [one for one in found if len(one) > rate]


def _over_seeds(accuracies: Sequence[float]) -> str:
    if len(accuracies) == 1:
        return ""
    each = ", ".join(f"{percent(one)}" for one in accuracies)
    return f"; mean of {len(accuracies)} seeds {percent(statistics.mean(accuracies))} ({each})"


def _published_mix(evaluated: Evaluation) -> float:
    """Accuracy with the class mix of the published task: of ten clips eight words, one unknown word, one silence."""
    recall = {row.label: row.recall for row in evaluated.per_class}
    words = [one for one in evaluated.predictions if one.clip.label not in (UNKNOWN, SILENCE)]
    of_words = sum(one.correct for one in words) / len(words)
    return 0.8 * of_words + 0.1 * recall[UNKNOWN] + 0.1 * recall[SILENCE]


def _figures(run: Run, evaluated: Evaluation) -> OpenSet:
    """The open-set figures on test sound; for the words that it never learned, on all their clips."""
    found = open_set.open_set(evaluated)
    everything = open_set.open_set(evaluation.evaluate(run, None, "all"))
    assert found is not None
    assert everything is not None
    new = {one.title: one for one in everything.groups if one.title == open_set.NEVER_LEARNED}
    return replace(found, groups=[new.get(one.title, one) for one in found.groups])


def _sources(run: Run) -> str:
    """The other recordings that it was trained on, with their licences."""
    names = [Path(folder).name for folder in run.config.negatives.other]
    if not names:
        return ""
    return f" Other words are also learned from {', '.join(_SOURCES.get(name, name) for name in names)}."


def _listening(run: Run, measured: StreamingEvaluation | None) -> list[str]:
    """The card's lines about listening: missed words, delay, and false alarms per hour of each corpus."""
    if measured is None:
        return []
    point = measured.at(detection.load_settings(run).threshold)
    recall = point.recall_interval
    delays = (
        f" A word is reported {abs(1000 * point.delay):.0f} ms {'before' if point.delay < 0 else 'after'} its end (median), "
        f"nineteen of twenty within {1000 * point.late_delay:.0f} ms."
        if point.delay is not None and point.late_delay is not None
        else ""
    )
    mode = "by state" if run.config.streams else "through a sliding window"
    return [
        f"- **Listening** {mode}: at the threshold {point.threshold:g}, chosen on validation recordings, it hears "
        f"{percent(point.heard / point.words)} ({percent(recall.low)} to {percent(recall.high)}) of {point.words} words of test speakers, "
        f"{measured.config.snr_db:g} dB above the noise and among other words.{delays} False alarms per hour at that threshold, "
        "with 95 % intervals, in test recordings that no training used:",
        *(f"  - {curve.at(point.threshold).text}" for curve in measured.alarms),
    ]


def card(
    words: Sequence[str],
    recipe: Recipe,
    run: Run,
    reference: CorpusReference,
    evaluated: Sequence[Evaluation],
    listening: StreamingEvaluation | None = None,
) -> str:
    """Write the card of a network, as Markdown.

    Args:
        words: that it recognises.
        recipe: that it was trained with.
        evaluated: of each seed, that of `run` first, on the test clips of `reference`.
        listening: on test clips and recordings; None if that was not measured.
    """
    first, recognizer = evaluated[0], Recognizer.of_run(run)
    config = run.config
    index = catalogue.open_corpus(reference).index()
    figures = _figures(run, first)
    alarms = false_alarms(recognizer, _unseen_noise(reference, config.features.sample_rate))
    accuracies = [one.accuracy for one in evaluated]
    network, training = config.network, config.training
    few = sorted(words, key=lambda word: len({c.speaker for c in index.clips if c.label == word}))[:2]
    sure = [one for one in first.predictions if one.confidence >= recognizer.threshold]
    lines = [
        f"### {run.name}",
        "",
        f"Recognises eight English commands ({', '.join(words)}); other words are `_unknown_`, no word is `_silence_`.",
        "",
        f"- **Trained on**: {count(index.clips, 'training'):,} clips of Google's Speech Commands (P. Warden 2018, CC BY "
        "4.0), a subset of its versions 0.01 and 0.02, and its background noise. No speaker appears in two splits."
        + _sources(run),
        f"- **Network**: {network.summary}; {recognizer.parameters:,} parameters, {(run.folder / 'model.onnx').stat().st_size / 1e6:.1f} MB.",
        f"- **Training**: {recipe} recipe, {plural(len(run.history), 'epoch')}, seed {training.seed}, "
        f"{format_duration(run.state.seconds)} on one of two cores. Reproduce it with `make models CLIPS=folder{' OTHER=folders' if run.config.negatives.other else ''}`.",
        f"- **Accuracy**: {percent(first.accuracy)} ({percent(first.interval.low)} to {percent(first.interval.high)}), test, "
        f"{first.clips} clips, {plural(len(first.per_speaker), 'speaker')} unseen in training"
        + _over_seeds(accuracies)
        + f"; {percent(_published_mix(first))} with the class mix of the published task (a tenth unknown words, a tenth silence).",
        f"- **Confidence**: a word needs {percent(recognizer.threshold, 0)}. Of the test clips, {percent(len(sure) / first.clips)} are above it, "
        f"and {percent(sum(one.correct for one in sure) / len(sure))} of those are right.",
        f"- **Own words accepted** at this threshold: {figures.own.text}.",
        "- **Out of vocabulary**: at the same threshold it rejects (answers with another word, no word, or below the threshold)",
        *(f"  - {one.name}: {one.rejected.text}" for one in figures.groups),
        f"- **False alarms**: {alarms} in an hour of noise, cut into seconds (traffic-like noise, hiss, and parts of the "
        "corpus' recordings that no training used).",
        *_listening(run, listening),
        f"- **Weaknesses**: fewest speakers for {' and '.join(few)}; yes and no are not among its words; clips from quiet rooms "
        f"and close microphones{'' if config.streams else '; trained on single words, not on a stream'}.",
        "",
        "| word | precision | recall | F1 | test clips |",
        "|---|---|---|---|---|",
        *(
            f"| `{row.label}` | {percent(row.precision)} | {percent(row.recall)} | {percent(row.f1)} | {row.support} |"
            for row in first.per_class
        ),
        "",
    ]
    return "\n".join(lines)
