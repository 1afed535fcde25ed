"""Build the pretrained models: `python -m audio_models.pretrained.build FOLDER`, a folder with clips of Speech Commands.

Trains each cell with its recipe and several seeds, evaluates them on the folder's test list, and puts the network of the
first seed and its card into `audio_models/pretrained/`. The other seeds show how much the figures depend on chance. The
models of the strong recipe are for use, those of the plain recipe for looking inside.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from audio_models.config import Cell, Recipe, RunConfig
from audio_models.features import waveform
from audio_models.features.mfcc import mfcc_batch
from audio_models.features.waveform import AudioSource, Waveform
from audio_models.jobs import runs
from audio_models.jobs.progress import format_duration
from audio_models.jobs.runs import Run
from audio_models.listening import detection, streaming_evaluation
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.listening.streaming_evaluation import Point
from audio_models.recipes import default_run
from audio_models.recognition import evaluation, learned
from audio_models.recognition.evaluation_result import Evaluation
from audio_models.recognition.recognizer import Recognizer
from audio_models.settings import to_dict
from data import catalogue, workspace
from data.corpus import SILENCE, UNKNOWN, CorpusReference, count
from data.noise import EXPONENTS, SAMPLE_RATE, coloured_noise
from data.phrases import plural
from data.task import Task, noise_stretch

WORDS = ("left", "right", "stop", "up", "down", "go", "off", "on")
MODELS: dict[str, tuple[Cell, Recipe]] = {
    "commands": ("gru", "strong"),
    "commands-lstm": ("lstm", "strong"),
    "commands-simple-rnn": ("simple_rnn", "strong"),
    "commands-streaming": ("gru", "streaming"),
    "plain-feed-forward": ("feed_forward", "plain"),
    "plain-gru": ("gru", "plain"),
    "plain-lstm": ("lstm", "plain"),
    "plain-simple-rnn": ("simple_rnn", "plain"),
}
_SECONDS_OF_NOISE = 3600
_LISTENING = ("detection.json", "benches/validation.json", "benches/test.json")
_NEW_NOISE = 1000  # seed of generated noise that no training used


def main() -> int:
    """Train, evaluate and install the models, as many trainings at a time as there are cores."""
    options = _options()
    reference = catalogue.refer(options.folder)
    names = options.models or list(MODELS)
    jobs = [(name, seed) for seed in range(options.seeds) for name in names]
    # one after the other: each sets the workspace of its folder
    made = {(name, seed): _run(reference, name, seed, options.epochs) for name, seed in jobs}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(_train, made.values()))
    for name in names:
        evaluated = [evaluation.evaluate(made[name, seed], reference, "test") for seed in range(options.seeds)]
        _install(name, made[name, 0], reference, evaluated)
        print(f"{name}: " + ", ".join(f"{one.accuracy:.2%}" for one in evaluated))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m audio_models.pretrained.build", description=__doc__)
    parser.add_argument("folder", help="clips in the layout of Speech Commands, with its lists")
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"{', '.join(MODELS)}; all by default")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="trainings per model (3)")
    parser.add_argument("--epochs", type=int, metavar="N", help="epochs per training; the recipe's by default")
    return parser.parse_args()


def _run(reference: CorpusReference, name: str, seed: int, epochs: int | None) -> Run:
    """Find the run of one training, or create it."""
    home = workspace.folder("bundle", f"{name}-{seed}")
    cell, recipe = MODELS[name]
    config = default_run(
        reference, Task(WORDS, unknown=True, silence=True), cell, recipe, name=name, seed=seed, epochs=epochs
    )
    there = sorted((home / "runs").glob("[!.]*"))
    return next((run for run in map(Run, there) if run.config == config), None) or _create(home, config)


def _train(run: Run) -> None:
    """Train in a process and a queue of its own; resume an interrupted training."""
    if run.state.status != "finished":
        subprocess.run(
            [sys.executable, "-m", "audio_models.training.process", str(run.folder)],
            cwd=workspace.PROJECT,
            env={**os.environ, "ECHOIC_HOME": str(run.folder.parent.parent)},
            check=True,
        )
    print(f"{run.name}, seed {run.config.training.seed}: {run.best_epoch}", file=sys.stderr, flush=True)


def _create(home: Path, config: RunConfig) -> Run:
    before = os.environ.get("ECHOIC_HOME")
    os.environ["ECHOIC_HOME"] = str(home)
    try:
        return runs.create(config)
    finally:
        if before is None:
            del os.environ["ECHOIC_HOME"]
        else:
            os.environ["ECHOIC_HOME"] = before


def _install(name: str, run: Run, reference: CorpusReference, evaluated: Sequence[Evaluation]) -> None:
    folder = runs.BUNDLED / name
    folder.mkdir(parents=True, exist_ok=True)
    # the corpus by name, not the folder that its clips were in
    config = replace(run.config, corpus=CorpusReference("speech_commands"), name=name)
    workspace.write_json(folder / "config.json", to_dict(config))
    streaming = _evaluate_streaming(run, reference) if config.training.clips_per_sequence > 1 else None
    for file in ("model.onnx", "history.json", "state.json", *(_LISTENING if streaming else ())):
        (folder / file).parent.mkdir(exist_ok=True)
        workspace.write_atomically(folder / file, (run.folder / file).read_bytes())
    # every network is trained on the same clips, so one note serves them all
    workspace.write_atomically(runs.BUNDLED / learned.FILE_NAME, (run.folder / learned.FILE_NAME).read_bytes())
    workspace.write_atomically(folder / "card.md", _card(name, run, reference, evaluated, streaming).encode("utf-8"))


def _evaluate_streaming(run: Run, reference: CorpusReference) -> Point:
    """Choose the threshold on validation clips and evaluate it on test clips; store both evaluations with the run."""
    for split in ("validation", "test"):
        streaming_evaluation.store(run, streaming_evaluation.measure(run, StreamingEvaluationConfig(split), reference))
    validation, test = (streaming_evaluation.load_cached(run, split) for split in ("validation", "test"))
    assert validation is not None
    assert test is not None
    assert validation.suggested is not None
    chosen = validation.suggested.threshold
    detection.store_settings(run, replace(detection.load_settings(run), threshold=chosen))
    return test.at(chosen)


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
    each = ", ".join(f"{one:.1%}" for one in accuracies)
    return f"; mean of {len(accuracies)} seeds {statistics.mean(accuracies):.1%} ({each})"


def _published_mix(evaluated: Evaluation) -> float:
    """Accuracy with the class mix of the published task: of ten clips eight words, one unknown word, one silence."""
    recall = {row.label: row.recall for row in evaluated.per_class}
    words = [one for one in evaluated.predictions if one.clip.label not in (UNKNOWN, SILENCE)]
    of_words = sum(one.correct for one in words) / len(words)
    return 0.8 * of_words + 0.1 * recall[UNKNOWN] + 0.1 * recall[SILENCE]


def _rejection(run: Run) -> tuple[list[str], int, int]:
    """The words excluded from training, the number of their clips, and how many of these are rejected."""
    result = evaluation.evaluate(run, None, "all")
    new = result.rejection
    return (list(new.words), new.clips, new.rejected) if new else ([], 0, 0)


def _streaming_line(point: Point | None) -> list[str]:
    """The card's line about streaming."""
    if point is None:
        return []
    delays = (
        f" A word is reported {abs(1000 * point.delay):.0f} ms {'before' if point.delay < 0 else 'after'} its end (median), "
        f"nineteen of twenty within {1000 * point.late_delay:.0f} ms."
        if point.delay is not None and point.late_delay is not None
        else ""
    )
    return [
        f"- **Streaming**: at the threshold {point.threshold:g}, chosen on validation clips, it misses {point.missed:.1%} of "
        f"{point.words} words of test speakers, 10 dB above the noise and among other words. False alarms: "
        f"{point.speech_alarms:.0f} per hour of other words close together, {point.noise_alarms:.0f} per hour of noise.{delays}"
    ]


def _card(
    name: str, run: Run, reference: CorpusReference, evaluated: Sequence[Evaluation], streaming: Point | None = None
) -> str:
    first, recognizer = evaluated[0], Recognizer.of_run(run)
    config = run.config
    index = catalogue.open_corpus(reference).index()
    words, clips, rejected = _rejection(run)
    alarms = false_alarms(recognizer, _unseen_noise(reference, config.features.sample_rate))
    accuracies = [one.accuracy for one in evaluated]
    network, training = config.network, config.training
    few = sorted(WORDS, key=lambda word: len({c.speaker for c in index.clips if c.label == word}))[:2]
    sure = [one for one in first.predictions if one.confidence >= recognizer.threshold]
    lines = [
        f"### {name}",
        "",
        f"Recognises eight English commands ({', '.join(WORDS)}); other words are `_unknown_`, no word is `_silence_`.",
        "",
        f"- **Trained on**: {count(index.clips, 'training'):,} clips of Google's Speech Commands (P. Warden 2018, CC BY "
        "4.0), a subset of its versions 0.01 and 0.02, and its background noise. No speaker appears in two splits.",
        f"- **Network**: {network.summary}; {recognizer.parameters:,} parameters, {(run.folder / 'model.onnx').stat().st_size / 1e6:.1f} MB.",
        f"- **Training**: {MODELS[name][1]} recipe, {len(run.history)} epochs, seed {training.seed}, "
        f"{format_duration(run.state.seconds)} on one of two cores. Reproduce it with `make models CLIPS=folder`.",
        f"- **Accuracy**: {first.accuracy:.1%} ({first.interval.low:.1%} to {first.interval.high:.1%}), test, "
        f"{first.clips} clips, {plural(len(first.per_speaker), 'speaker')} unseen in training"
        + _over_seeds(accuracies)
        + f"; {_published_mix(first):.1%} with the class mix of the published task (a tenth unknown words, a tenth silence).",
        f'- **Confidence**: below {recognizer.threshold:.0%} the answer is "not sure". Of the test clips, '
        f"{len(sure) / first.clips:.1%} are above it, and {sum(one.correct for one in sure) / len(sure):.1%} of those are right.",
        f"- **Out of vocabulary** ({', '.join(words)}): {rejected} of {clips} clips rejected, as unknown, silence or not sure.",
        f"- **False alarms**: {alarms} in an hour of noise, cut into seconds (traffic-like noise, hiss, and parts of the "
        "corpus' recordings that no training used).",
        *_streaming_line(streaming),
        f"- **Weaknesses**: fewest speakers for {' and '.join(few)}; yes and no are not among its words; clips from quiet rooms "
        f"and close microphones{'' if streaming else '; trained on single words, not on a stream'}.",
        "",
        "| word | precision | recall | F1 | test clips |",
        "|---|---|---|---|---|",
        *(
            f"| `{row.label}` | {row.precision:.1%} | {row.recall:.1%} | {row.f1:.1%} | {row.support} |"
            for row in first.per_class
        ),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
