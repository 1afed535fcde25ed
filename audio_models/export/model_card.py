"""The model card of an exported network: what it is, how accurate, and how to run it, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audio_models.export.int8_agreement import Int8Agreement
from audio_models.jobs.runs import Run
from audio_models.listening import detection, streaming_evaluation
from audio_models.listening.network_stream import NetworkStream
from audio_models.networks.onnx_streaming import why_not
from audio_models.recognition import evaluation
from audio_models.recognition.evaluation_result import Evaluation
from audio_models.recognition.open_set import open_set
from data import catalogue
from data.card import Card
from data.corpus import UNKNOWN, CorpusReference
from data.own.corpus import OWN_PREFIX, OwnCorpus
from data.phrases import percent, plural


def card(run: Run, stream: NetworkStream, files: Mapping[str, bytes], int8: Int8Agreement | None) -> str:
    """Write the README.md of an export.

    Args:
        stream: the run's network on a stream.
        files: content of the other files, by name.
        int8: comparison with 8-bit weights, if it was made.
    """
    recognizer, evaluated = stream.recognizer, _evaluated(run)
    sizes = ", ".join(f"`{name}` {_size(len(content))}" for name, content in files.items())
    lines = [
        f"# {run.name}",
        "",
        f"A network from Echoic for the classes {', '.join(f'`{label}`' for label in recognizer.labels)}.",
        "",
        f"- **Trained on**: {_corpus(run.config.corpus)}.",
        *_own_corpus(run.config.corpus),
        *_other_words(run),
        f"- **Network**: {run.config.network.summary}; {recognizer.parameters:,} parameters.",
        f"- **Accuracy**: {_accuracy(run, evaluated)}",
        *_rejection(evaluated),
    ]
    if int8:
        lines.append(f"- **int8**: {int8.summary}")
    if stream.mode == "stateful":
        reads = "`streaming.onnx` carries its state from step to step and reads each frame once."
    else:
        reads = f"{why_not(run.config.network)} It reads a sliding window of {recognizer.clip_seconds:g} s."
    lines += [
        f"- **Listening**: {reads} One answer every {1000 * stream.step_seconds:.0f} ms.",
        *_false_alarms(run),
        f"- **Files**: {sizes}.",
    ]
    if "model.tflite" in files:
        lines.append(
            "- **LiteRT**: `model.tflite` takes the frames of one clip, as `Features.of_clip` in `listen.py` computes them, and returns a "
            "probability for each of the `labels` in `settings.json`. Pad a shorter clip with zeros to the number of `frames` given there. "
            "It needs no Flex operators."
        )
    lines += [
        "",
        "## Run it",
        "",
        "```",
        "pip install numpy soundfile onnxruntime",
        "python listen.py clip.wav",
        "python listen.py --listen recording.wav",
        f"arecord -t raw -f S16_LE -c 1 -r {stream.sample_rate} | python listen.py --listen -",
        "```",
        "",
        *(["`--int8` uses the files with 8-bit weights: smaller, a little slower.", ""] if "model.int8.onnx" in files else []),
        f"`listen.py` reads WAV, FLAC, OGG and MP3 at any rate. A pipe must be 16-bit little-endian mono at {stream.sample_rate} samples a "
        "second. Other programs find all they need in the metadata of the ONNX files, as JSON: `labels`, `features`, `normalisation`, "
        "`threshold` (the confidence that a word needs), `detection` (when a word is reported), `frames_a_step`, `frames_an_answer`, "
        "`clip_seconds`.",
        "",
    ]  # fmt: skip
    if run.about:
        lines += ["## From its maker", "", *_entries(run.about), ""]
    if run.card:
        lines += ["## About this model", "", run.card.strip(), ""]
    return "\n".join(lines)


def _other_words(run: Run) -> list[str]:
    """What a network that rejects other words has learned them from."""
    config = run.config
    if not config.task.unknown:
        return []
    made = f", {config.negatives.summary}" if config.negatives.summary else ""
    return [f"- **Other words** (`{UNKNOWN}`): learned from other clips of the corpus{made}."]


def _corpus(reference: CorpusReference) -> str:
    """Name a corpus, with its licence if it is published; a folder by its name alone, without its path."""
    if reference.name in catalogue.NAMES:
        about = catalogue.open_corpus(reference.name).description
        return f"{about.title} ({about.licence.rstrip('.')})"
    return (
        reference.name.removeprefix(OWN_PREFIX) if reference.name.startswith(OWN_PREFIX) else Path(reference.name).name
    )


def _own_corpus(reference: CorpusReference) -> list[str]:
    """What the maker of an own corpus says about it, below its name."""
    if not reference.name.startswith(OWN_PREFIX):
        return []
    return [f"  {line}" for line in _entries(OwnCorpus(reference.name.removeprefix(OWN_PREFIX)).card)]


def _entries(card: Card) -> list[str]:
    """The entries of a card, a line each: a line break within one would end the list."""
    return [f"- **{title}**: {' '.join(text.split())}" for title, text in card.entries.items()]


def _evaluated(run: Run) -> Evaluation | None:
    """The stored evaluation on clips that the network has not learned from."""
    for split in evaluation.splits_of(run):
        found = evaluation.load_cached(run, None, split) if split not in ("training", "all") else None
        if found:
            return found
    return None


def _accuracy(run: Run, found: Evaluation | None) -> str:
    if found is None:
        return "see below." if run.card else "not measured yet."
    speakers = f", {plural(len(found.per_speaker), 'speaker')}" if found.per_speaker else ""
    return (
        f"{percent(found.accuracy)} (95 % interval {percent(found.interval.low)} to {percent(found.interval.high)}), "
        f"{found.split}, {plural(found.clips, 'clip')}{speakers}."
    )


def _rejection(found: Evaluation | None) -> list[str]:
    """What it accepts and rejects at its threshold, with 95 % intervals; nothing if that was not measured."""
    figures = open_set(found) if found else None
    if figures is None:
        return []
    return [
        f"- **Own words accepted**: {figures.own.text}, at the threshold of {percent(figures.threshold)}.",
        *(f"- **Rejected**, {one.name}: {one.rejected.text}." for one in figures.groups),
    ]


def _false_alarms(run: Run) -> list[str]:
    """False alarms per hour in use, in each corpus that they were counted in; nothing if that was not measured."""
    measured = streaming_evaluation.load_cached(run, "test")
    if measured is None or not measured.alarms:
        return []
    threshold = detection.load_settings(run).threshold
    return [
        f"- **False alarms** per hour at the threshold of {threshold:g}, with 95 % intervals:",
        *(f"  - {curve.at(threshold).text}" for curve in measured.alarms),
    ]


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
