"""The shell command: `python -m audio_models COMMAND`. The commands that start work are in `cli_work`.

Results go to stdout, as text or as one JSON document; progress and complaints go to stderr. The exit status is 0
when all went well, else 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audio_models.cli import corpus, jobs
from audio_models.cli.parser import Command, parser
from audio_models.cli.terminal import TerminalProgress, complain, print_json
from audio_models.errors import ConfigError
from audio_models.jobs import runs
from audio_models.jobs.progress import format_duration
from data import catalogue
from data.corpus import Skipped, reasons
from data.errors import Cancelled, EchoicError
from data.own import corpus as own_corpus
from data.own.corpus import OwnCorpus


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    try:
        options = parser(COMMANDS).parse_args(arguments)
        status: int = options.command(options)
        return status
    except (Cancelled, KeyboardInterrupt):
        complain("Cancelled.")
    except EchoicError as error:
        complain(str(error))
    except BrokenPipeError:  # the reader of our output has enough; python must not complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def corpora(options: argparse.Namespace) -> int:
    """List the corpora that Echoic knows, and the user's own."""
    rows = []
    for one in [*map(catalogue.open_corpus, catalogue.NAMES), *map(OwnCorpus, own_corpus.listing())]:
        rows.append({**asdict(one.description), "loaded": one.is_loaded()})
    if options.json:
        print_json(rows)
    for row in [] if options.json else rows:
        print(f"{row['name']}: {row['title']} ({'loaded' if row['loaded'] else row['size']})")
        for key in ("holds", "speakers", "splits", "licence", "homepage"):
            if row[key]:
                print(f"    {key:9} {row[key]}")
    return 0


def fetch(options: argparse.Namespace) -> int:
    """Load a corpus onto this disk and say what it holds."""
    corpus = catalogue.open_corpus(jobs.reference(options, options.name))
    with TerminalProgress() as progress:
        corpus.load(progress.report)
        index = corpus.index(progress.report)
    found: dict[str, Any] = {
        "corpus": corpus.name,
        "clips": len(index.clips),
        "labels": {label: sum(clip.label == label for clip in index.clips) for label in index.labels},
        "splits": {
            split: sum(clip.split == split for clip in index.clips) for split in ("training", "validation", "test")
        },
        "split_rule": index.split_rule,
        "copies": asdict(index.copies),
        "speaker_disjoint": index.speaker_disjoint,
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in index.skipped],
    }
    if options.json:
        print_json(found)
    else:
        print(f"{corpus.name}: {found['clips']} clips, {len(index.labels)} labels: {', '.join(index.labels)}")
        print(", ".join(f"{count} {split}" for split, count in found["splits"].items()) + f". {index.split_rule}")
        if index.copies.clips:
            print(index.copies)
        _print_skipped(index.skipped)
    return 0


def list_runs(options: argparse.Namespace) -> int:
    """List the runs in the workspace, newest first."""
    rows: list[dict[str, Any]] = []
    for run in runs.listing():
        try:
            config, state, best = run.config, run.state, run.best_epoch
        except EchoicError as error:
            rows.append({"run": run.id, "path": str(run.folder), "state": "damaged", "error": str(error)})
            continue
        rows.append(
            {
                "run": run.id,
                "name": run.name,
                "path": str(run.folder),
                "state": state.status,
                "corpus": config.corpus.name,
                "labels": list(config.task.classes),
                "cell": config.network.cell,
                "units": config.network.units,
                "epochs": state.epoch,
                "validation_accuracy": best.validation_accuracy if best else None,
                "seconds": round(state.seconds, 1),
                "error": state.error,
            }
        )
    if options.json:
        print_json(rows)
        return 0
    for row in rows:
        if row["state"] == "damaged":
            print(f"{row['run']}  damaged: {row['error']}")
            continue
        score = row["validation_accuracy"]
        shown = "no epoch yet" if score is None else f"{score:.1%} validation accuracy"
        print(
            f"{row['run']}  {row['state']}, {row['cell']}, {shown}, {row['epochs']} epochs, {format_duration(row['seconds'])}  {row['name']}"
        )
    if not rows:
        print("No run yet. Start one with: python -m audio_models train")
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Evaluate a run on the clips of one split of a corpus."""
    from audio_models.recognition import evaluation
    from audio_models.recognition.evaluation_result import CROSS_VALIDATED, summary

    run = runs.find(options.run)
    corpus = jobs.reference(options, options.corpus) if options.corpus else None
    if corpus is None and (options.speaker_pattern or options.split_by):
        raise ConfigError("--speaker-pattern and --split-by describe the corpus given with --corpus; name it too.")
    if options.split:
        split = evaluation.split_of(options.split)
    else:
        split = evaluation.splits_of(run)[0] if corpus is None else "test"
    with TerminalProgress() as progress:
        result = evaluation.evaluate_and_store(run, corpus, split, progress.report)
        is_current = split != CROSS_VALIDATED or evaluation.is_current(run, result, corpus, progress.report)
    found = {**summary(result), "is_current": is_current}
    if options.json:
        print_json(found)
        return 0
    low, high = found["accuracy_interval"]
    print(
        f"{run.id} on {found['corpus']}: {found['accuracy']:.1%} ({low:.1%} to {high:.1%} over {found['interval_over']}), "
        f"{found['split']}, {found['clips']} clips, {len(result.per_speaker)} speakers"
    )
    print(_table(result.labels, found["confusion"]))
    for row in result.per_class:
        print(
            f"{row.label:>12}  precision {row.precision:6.1%}  recall {row.recall:6.1%}  F1 {row.f1:6.1%}  {row.support} clips"
        )
    if new := result.rejection:
        print(f"Words never trained on ({', '.join(new.words)}): {new.rejected} of {new.clips} clips rejected")
    if result.unchecked:
        print(result.unchecked)
    if not is_current:
        print("The corpus has changed since this cross-validation. Train again to evaluate the clips that it has now.")
    _print_skipped(result.skipped)
    return 0


def predict(options: argparse.Namespace) -> int:
    """Answer clips; what cannot be read is said, and the others are still answered."""
    from audio_models.features.waveform import AudioSource
    from audio_models.recognition.recognizer import Recognizer

    recognizer = Recognizer.of_run(runs.find(options.run))
    answers: list[dict[str, Any]] = []
    for clip in options.clip:
        try:
            answer = recognizer.hear(recognizer.load(AudioSource(Path(clip))))
            heard = {name: getattr(answer, name) for name in ("label", "confidence", "probabilities", "sure")}
            answers.append({"path": clip, **heard})
        except EchoicError as error:
            answers.append({"path": clip, "error": str(error)})
    failed = [row for row in answers if "error" in row]
    if options.json:
        print_json(answers)
    for row in [] if options.json else answers:
        if "error" not in row:
            others = sorted(row["probabilities"].items(), key=lambda item: -item[1])[1:3]
            print(
                f"{row['path']}: {'' if row['sure'] else 'not sure, perhaps '}{row['label']} {row['confidence']:.1%}  "
                f"({', '.join(f'{label} {p:.1%}' for label, p in others)})"
            )
    for row in failed:
        complain(row["error"])
    return 1 if failed else 0


def inspect(options: argparse.Namespace) -> int:
    """Look inside a run while it reads one clip."""
    from audio_models.features.waveform import AudioSource
    from audio_models.lab import inspection
    from audio_models.recognition.recognizer import Recognizer

    run = runs.find(options.run)
    recognizer = Recognizer.of_run(run)
    samples = recognizer.load(AudioSource(Path(options.clip)))
    found = inspection.inspect(
        run, samples, options.label, order=options.order, seed=options.seed, recognizer=recognizer
    )
    if options.json:
        print_json(inspection.as_numbers(found))
        return 0
    seconds = len(samples) / recognizer.features.sample_rate
    print(
        f"{options.clip}: {found.answer} {found.prefix_probabilities[-1].max():.1%}, settled after {found.settled:.2f} of {seconds:.2f} s"
    )
    print("  answers on the way: " + ", ".join(f"{label} from {at:.2f} s" for at, label in found.changes))
    for name, means in inspection.gate_means(found).items():
        print(
            f"  {name} gate: {means.mean():.0%} open on average, most at {means.argmax() * found.gradient_decay.step_seconds:.2f} s"
        )
    print(f"  memory length (the gradient falls to a tenth): {inspection.in_words(found.gradient_decay.memory_length)}")
    return 0


def _print_skipped(skipped: Sequence[Skipped]) -> None:
    found = reasons(skipped)
    for reason, count in found[:5]:
        complain(f"{count} {'clips' if count > 1 else 'clip'} left out: {reason}")
    if len(found) > 5:
        complain(f"{len(skipped)} clips were left out, for {len(found)} reasons; --json lists them all.")


def _table(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    width = max(6, *(len(label) for label in labels)) + 1
    lines = ["said \\ heard".rjust(width) + "".join(label.rjust(width) for label in labels)]
    for label, row in zip(labels, confusion, strict=True):
        lines.append(label.rjust(width) + "".join(str(count or ".").rjust(width) for count in row))
    return "\n".join(lines)


def listen(options: argparse.Namespace) -> int:
    """Say what is heard in a recording or a stream of sound."""
    from audio_models.cli import listening

    return listening.listen(options)


def evaluate_streaming(options: argparse.Namespace) -> int:
    """Measure a network that listens."""
    from audio_models.cli import listening

    return listening.evaluate_streaming(options)


def export(options: argparse.Namespace) -> int:
    """Take a network away."""
    from audio_models.cli import export

    return export.export(options)


COMMANDS: dict[str, Command] = {
    "corpora": corpora,
    "fetch": fetch,
    "train": jobs.train,
    "evaluate": evaluate,
    "predict": predict,
    "listen": listen,
    "evaluate-streaming": evaluate_streaming,
    "export": export,
    "corpus": corpus.corpus,
    "inspect": inspect,
    "memory": jobs.memory,
    "compare": jobs.compare,
    "runs": list_runs,
    "cancel": jobs.cancel,
    "resume": jobs.resume,
}
