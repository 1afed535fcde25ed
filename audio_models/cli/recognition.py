"""The commands that use a trained network: `predict`, `evaluate` and `inspect`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_models.cli import files
from audio_models.cli.corpora import reference
from audio_models.cli.terminal import TerminalProgress, complain, complain_left_out, print_json
from audio_models.errors import ConfigError
from audio_models.jobs import runs
from data.corpus import UNKNOWN
from data.errors import EchoicError
from data.phrases import isolated, percent, plural

if TYPE_CHECKING:
    from audio_models.recognition.answer import Answer
    from audio_models.recognition.open_set import OpenSet

_MOST_TAKEN = 8


def predict(options: argparse.Namespace) -> int:
    """Classify clips; one that cannot be read is named, and the others are classified."""
    from audio_models.features.waveform import AudioSource
    from audio_models.recognition.recognizer import Recognizer
    from audio_models.report import rows

    table = files.place(options.table)
    recognizer = Recognizer.of_run(runs.find(options.run))
    answers: list[dict[str, Any]] = []
    lines: list[str] = []
    for clip in options.clip:
        try:
            notes: list[str] = []
            samples = recognizer.load(AudioSource(Path(clip)), notes.append)
            first, last = recognizer.word_in(samples)
            if last - first < len(samples):
                notes.append(_loudest(first, last, len(samples), recognizer.features.sample_rate))
            answer = recognizer.classify(samples[first:last])
            answers.append({**rows.of_answer(clip, answer), **({"note": " ".join(notes)} if notes else {})})
            lines += [f"{isolated(clip)}: {_in_words(answer)}", *(f"  {note}" for note in notes)]
        except EchoicError as error:
            answers.append(rows.of_answer(clip, str(error)))
    failed = [row for row in answers if "error" in row]
    if options.json:
        print_json(answers)
    for line in [] if options.json else lines:
        print(line)
    if table:
        files.write(table, rows.as_file(answers, table))
    for row in failed:
        complain(row["error"])
    return 1 if failed else 0


def _loudest(first: int, last: int, count: int, rate: int) -> str:
    return f"The answer is to its loudest {(last - first) / rate:.1f} s, from {first / rate:.1f} s on, of {count / rate:.1f} s."


def _in_words(answer: Answer) -> str:
    """The answer to a clip in one line, with the runners-up, or why it is not a word."""
    if answer.kind == "word":
        others = sorted(answer.probabilities.items(), key=lambda item: -item[1])[1:3]
        return f"{isolated(answer.label)} {percent(answer.confidence)}  ({', '.join(f'{isolated(label)} {percent(p)}' for label, p in others)})"
    word, share = answer.closest
    if answer.kind == "silence" or answer.label == UNKNOWN:
        return (
            f"{answer.text}  ({answer.label} {percent(answer.confidence)}; closest: {isolated(word)} {percent(share)})"
        )
    return f"{answer.text}  (closest: {isolated(word)} {percent(share)}; it needs {percent(answer.threshold)})"


def evaluate(options: argparse.Namespace) -> int:
    """Evaluate a run on the clips of one split of a corpus."""
    from audio_models.recognition import evaluation, headline, open_set
    from audio_models.recognition.evaluation_result import CROSS_VALIDATED, summary
    from audio_models.report import rows

    table, matrix, report = (files.place(name) for name in (options.table, options.matrix, options.report))
    run = runs.find(options.run)
    corpus = reference(options, options.corpus) if options.corpus else None
    if corpus is None and (options.speaker_pattern or options.split_by):
        raise ConfigError("--speaker-pattern and --split-by describe the corpus given with --corpus; name it too.")
    if options.split:
        split = evaluation.split_of(options.split)
    else:
        split = evaluation.splits_of(run)[0] if corpus is None else "test"
    with TerminalProgress() as progress:
        result = evaluation.evaluate_and_store(run, corpus, split, progress.report)
        is_current = split != CROSS_VALIDATED or evaluation.is_current(run, result, corpus, progress.report)
    if table:
        files.write(table, rows.as_file(rows.of_clips(result), table))
    if matrix:
        files.write(matrix, rows.as_file(rows.of_matrix(result), matrix))
    if report:
        from audio_models.report import evaluation_page  # brings altair, which takes a second

        files.write(report, evaluation_page.page(run, result, corpus).encode("utf-8"))
    figures = open_set.open_set(result)
    found = {
        **summary(result), "open_set": open_set.as_numbers(figures) if figures else None, "is_current": is_current
    }  # fmt: skip
    if options.json:
        print_json(found)
        return 0
    low, high = found["accuracy_interval"]
    speakers = f", {plural(len(result.per_speaker), 'speaker')}" if result.per_speaker else ""
    print(
        f"{run.id} on {found['corpus']}: {percent(found['accuracy'])} ({percent(low)} to {percent(high)} over {found['interval_over']}), "
        f"{found['split']}, {plural(result.clips, 'clip')}{speakers}"
    )
    print(_table(result.labels, found["confusion"]))
    for row in result.per_class:
        print(
            f"{isolated(row.label):>12}  precision {percent(row.precision):>7}  recall {percent(row.recall):>7}  F1 {percent(row.f1):>7}  {plural(row.support, 'clip')}"
        )
    if split == CROSS_VALIDATED:
        print(*headline.lines(result), sep="\n")
    if figures:
        print(*_open_set_lines(figures), sep="\n")
    if result.unchecked:
        print(result.unchecked)
    if not is_current:
        print("The corpus has changed since this cross-validation. Train again to evaluate the clips that it has now.")
    complain_left_out(result.skipped)
    return 0


def _open_set_lines(found: OpenSet) -> list[str]:
    """The open-set figures, a line each, then the words taken for others."""
    lines = [f"A word needs {percent(found.threshold)}. Own words accepted and right: {found.own.text}"]
    lines += [f"Rejected, {one.name}: {one.rejected.text}, AUROC {percent(one.auroc)}" for one in found.groups]
    taken = [
        f"{isolated(one.word)} for {isolated(one.label)} {len(one.accepted)} of {one.clips}"
        for one in found.taken[:_MOST_TAKEN]
    ]
    return [*lines, *([f"Taken for its words: {', '.join(taken)}"] if taken else [])]


def inspect(options: argparse.Namespace) -> int:
    """Show what a network does while it reads one clip."""
    from audio_models.features.waveform import AudioSource
    from audio_models.lab import inspection
    from audio_models.networks.cells import ForcedGate
    from audio_models.recognition.recognizer import Recognizer

    run = runs.find(options.run)
    recognizer = Recognizer.of_run(run)
    samples = recognizer.load(AudioSource(Path(options.clip)))
    found = inspection.inspect(
        run, samples, options.label, order=options.order, seed=options.seed, recognizer=recognizer,
        epoch=options.epoch, forced=tuple(map(ForcedGate.named, options.hold)),
    )  # fmt: skip
    if options.json:
        print_json(inspection.as_numbers(found))
        return 0
    seconds = len(samples) / recognizer.features.sample_rate
    print(
        f"{options.clip}: {found.answer} {percent(found.prefix_probabilities[-1].max())}, settled after {found.settled:.2f} of {seconds:.2f} s"
    )
    if found.epoch is not None:
        print(f"  read with the weights after epoch {found.epoch}")
    for one in found.forced:
        print(f"  held {'open' if one.open else 'shut'}: {one.gate} gate")
    print("  answers on the way: " + ", ".join(f"{isolated(label)} from {at:.2f} s" for at, label in found.changes))
    for name, means in inspection.gate_means(found).items():
        print(
            f"  {name} gate: {percent(means.mean(), 0)} open on average, most at {means.argmax() * found.gradient_decay.step_seconds:.2f} s"
        )
    print(
        f"  memory length (the gradient falls to a tenth): {inspection.format_memory_length(found.gradient_decay.memory_length)}"
    )
    return 0


def _table(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    corner = "true \\ predicted"
    width = max(len(corner), *(len(label) for label in labels)) + 1
    lines = [corner.rjust(width) + "".join(label.rjust(width) for label in labels)]
    for label, row in zip(labels, confusion, strict=True):
        lines.append(label.rjust(width) + "".join(str(count or ".").rjust(width) for count in row))
    return "\n".join(lines)
