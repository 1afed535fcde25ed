"""How often Echoic hears its words, and how often it hears them in what is none of them: all of it measured in one run.

`python -m benchmarks.open_set --corpus FOLDER --takes FOLDER --other FOLDER --other FOLDER` prints a table for each section:

clips      the strong networks that come with Echoic at their own thresholds, beside the plain GRU and the network of
           TensorFlow's audio tutorial (trained in the run), both at the threshold where they accept as many words of
           their own as `commands` does
listening  words missed at 10 dB above noise, and false alarms per hour, at the stored detection settings
taught     three words from five takes of one voice, see `python -m benchmarks.own_words_open_set`

Every figure has its counts and a 95 % interval (clips: Wilson 1927; alarms: Garwood 1936). What a network was trained or
chosen on counts nowhere.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_models.cli import terminal
from audio_models.config import NegativesConfig
from audio_models.features.feature_cache import clip_features
from audio_models.jobs import runs
from audio_models.listening import detection, false_alarms, streaming_evaluation
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.listening.false_alarms import MIXED
from audio_models.listening.traces import Trace
from audio_models.pretrained.build import merged
from audio_models.recognition import learned, other_sound
from audio_models.recognition.learned import Learned
from audio_models.recognition.metrics import Interval, rate_interval, share_interval
from audio_models.recognition.recognizer import Recognizer
from benchmarks.own_words import ROUNDS
from benchmarks.own_words_open_set import draw_clips, measure_draw, spoken_clips
from benchmarks.tutorial import TutorialNetwork
from data import catalogue, other_recordings, task
from data.corpus import SILENCE, UNKNOWN, Clip, CorpusReference, Index, Report
from data.errors import CorpusError, EchoicError
from data.other_recordings import Kind
from data.phrases import plural
from data.task import Task

SECTIONS = ("clips", "listening", "taught")
_REFERENCE = "commands"
_STRONG = (_REFERENCE, "commands-lstm", "commands-simple-rnn")
_STOCK = "plain-gru"
_LISTENERS = ("commands-streaming", _REFERENCE)
_TAUGHT_WORDS = 3
_SEED = 0


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        clips: at most of each kind; None for all.
        training: clips that the tutorial's network learns from, at most; None for all.
        epochs: of that training, at most.
        minutes: of each soundscape, and at most of each folder.
        draws: speakers and words that are taught.
    """

    clips: int | None = None
    training: int | None = None
    epochs: int = 10
    minutes: float = 60.0
    draws: int = 6


_QUICK = Size(clips=100, training=1000, epochs=2, minutes=2.0, draws=1)


@dataclass(frozen=True)
class Share:
    """So many of so many clips."""

    hits: int
    clips: int

    @property
    def interval(self) -> Interval:
        return share_interval(self.hits, self.clips)

    def __str__(self) -> str:
        if not self.clips:
            return "no clips"
        low, high = self.interval.low, self.interval.high
        return f"{self.hits / self.clips:.1%} ({low:.1%} to {high:.1%}), {self.hits} of {self.clips}"


@dataclass(frozen=True)
class Alarms:
    """So many false alarms in so many hours, and how often each word was heard."""

    count: int
    hours: float
    words: Mapping[str, int]

    @property
    def interval(self) -> Interval:
        return rate_interval(self.count, self.hours)

    def __str__(self) -> str:
        low, high = self.interval.low, self.interval.high
        return f"{self.count / self.hours:.1f} ({low:.1f} to {high:.1f}), {self.count} in {self.hours:.2f} h"


Figure = Share | Alarms
Column = tuple[float | None, dict[str, Figure]]
"""The threshold, and the figure of each row."""
Table = dict[str, Column]
"""A column for each network."""


def main() -> int:
    """Measure the sections and print their tables."""
    options = parser().parse_args()
    if "taught" in options.only and options.takes is None:
        parser().error(
            "--takes is missing: a folder where each speaker says each word more than five times. Or choose --only clips,listening."
        )
    with tempfile.TemporaryDirectory() as home, terminal.TerminalProgress() as progress:
        os.environ["ECHOIC_HOME"] = home
        try:
            found = _measure(options, progress.report)
        except EchoicError as error:
            terminal.complain(str(error))
            return 1
    if options.json:
        terminal.print_json({section: numbers(table) for section, table in found.items()})
    else:
        if options.quick:
            print("With --quick, on a few of the clips: too few to report.\n")
        print("\n\n".join(f"### {section}\n\n{markdown(table)}" for section, table in found.items()))
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.open_set", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    made.add_argument(
        "--corpus", required=True, metavar="FOLDER", help="clips in the layout of Speech Commands, with its lists"
    )
    made.add_argument(
        "--more", action="append", default=[], metavar="FOLDER",
        help="more clips for training, as the models were built with",
    )  # fmt: skip
    made.add_argument(
        "--other",
        action="append",
        default=[],
        metavar="FOLDER",
        help="other speech or noise; its test recordings count",
    )
    made.add_argument(
        "--takes", metavar="FOLDER", help="for 'taught': each speaker says each word more than five times"
    )
    made.add_argument(
        "--only", type=_sections, default=SECTIONS, metavar="SECTIONS", help=f"{','.join(SECTIONS)}; all by default"
    )
    made.add_argument("--quick", action="store_true", help="a few clips, minutes and epochs, to see that it works")
    made.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return made


def _sections(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := [name for name in chosen if name not in SECTIONS]:
        raise argparse.ArgumentTypeError(f"there is no section '{unknown[0]}'; choose from {', '.join(SECTIONS)}")
    return tuple(name for name in SECTIONS if name in chosen)


def _measure(options: argparse.Namespace, report: Report) -> dict[str, Table]:
    """Open every folder, then measure the sections in turn.

    Raises:
        EchoicError: a folder cannot be used.
    """
    size = _QUICK if options.quick else Size()
    words = runs.find(_REFERENCE).config.task.labels
    reference = _reference(options.corpus, options.more, words, report)
    folders = tuple(dict.fromkeys(str(Path(folder).expanduser().absolute()) for folder in options.other))
    for folder in folders:
        terminal.complain(f"{Path(folder).name}: {other_recordings.scan(Path(folder), report)}")
    takes = complete_takes(spoken_clips(options.takes), options.takes) if "taught" in options.only else []
    sections: dict[str, Callable[[], Table]] = {
        "clips": lambda: _clips(reference, folders, size, report),
        "listening": lambda: _listening(reference, folders, size, report),
        "taught": lambda: _taught(takes, reference, folders, size, report),
    }
    return {name: sections[name]() for name in options.only}


def _reference(corpus: str, more: Sequence[str], words: Sequence[str], report: Report) -> CorpusReference:
    """The corpus, with the clips of the other folders.

    Raises:
        CorpusError: a folder is missing, or has no test clip of one of the words.
    """
    paths = [Path(folder).expanduser().absolute() for folder in (corpus, *more)]
    if missing := [path for path in paths if not path.is_dir()]:
        raise CorpusError(f"There is no folder {missing[0]}. Give a folder of clips, one folder per word.")
    reference = catalogue.refer(str(merged(paths) if more else paths[0]))
    there = {clip.label for clip in catalogue.open_corpus(reference).index(report).clips if clip.split == "test"}
    if absent := [word for word in words if word not in there]:
        raise CorpusError(
            f"{corpus} has no test clip of {', '.join(absent)}. Give clips in the layout of Speech Commands, with its lists."
        )
    return reference


# Clips


@dataclass(frozen=True)
class Material:
    """The clips that every network answers.

    Attributes:
        listed: of the test list, labelled with the classes of the task.
        rejected: by kind, clips of none of the words.
    """

    listed: list[Clip]
    rejected: dict[str, list[Clip]]

    @property
    def own(self) -> list[Clip]:
        """Those of the words themselves."""
        return [clip for clip in self.listed if clip.label not in (UNKNOWN, SILENCE)]


@dataclass(frozen=True)
class Heard:
    """A network's answers: to each clip the most probable label, and its probability."""

    answers: Mapping[Clip, tuple[str, float]]

    @classmethod
    def of(cls, clips: Sequence[Clip], probabilities: NDArray[np.float32], labels: Sequence[str]) -> Heard:
        """From probabilities (clips, labels)."""
        best = probabilities.argmax(axis=1)
        return cls(
            {
                clip: (labels[place], float(row[place]))
                for clip, place, row in zip(clips, best, probabilities, strict=True)
            }
        )

    def own_scores(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """The confidence in each clip of a word, 0 where another label is heard."""
        return np.array(
            [score if label == clip.label else 0.0 for clip in clips for label, score in [self.answers[clip]]]
        )

    def figures(self, material: Material, threshold: float) -> dict[str, Figure]:
        """Accuracy, words accepted and other sound rejected, each with its number of clips."""
        right = sum(self.answers[clip][0] == clip.label for clip in material.listed)
        own = self.own_scores(material.own)
        found: dict[str, Figure] = {
            "test list, right": Share(right, len(material.listed)),
            "own words accepted and right": Share(int(((own >= threshold) & (own > 0)).sum()), len(own)),
        }
        for kind, clips in material.rejected.items():
            rejected = sum(
                label in (UNKNOWN, SILENCE) or score < threshold
                for label, score in map(self.answers.__getitem__, clips)
            )
            found[f"rejected: {kind}"] = Share(rejected, len(clips))
        return found


def threshold_accepting(scores: NDArray[np.float64], count: int) -> float:
    """The highest threshold that accepts at least `count` clips; if fewer have a score above 0, the one that accepts all of those.

    Args:
        scores: of clips of the own words, 0 where another label is heard.
    """
    positive = np.sort(scores[scores > 0])[::-1]
    if not count or not len(positive):
        return 1.0
    return float(positive[min(count, len(positive)) - 1])


def _clips(reference: CorpusReference, folders: Sequence[str], size: Size, report: Report) -> Table:
    names = (*_STRONG, _STOCK)
    recognizers = {name: Recognizer.of_run(runs.find(name)) for name in names}
    run = runs.find(_REFERENCE)
    index = catalogue.open_corpus(reference).index(report)
    known = learned.load(run) or Learned()
    new_words = words_never_taught(index, run.config.task, known)
    wanted = replace(run.config.task, held_out=tuple(sorted(new_words)))
    examples = [clip for clip in task.examples(index, wanted, _SEED) if clip.split != "test"]
    known |= Learned.of(examples)
    first = recognizers[_REFERENCE]
    material = _material(index, wanted, new_words, folders, known, first, size)
    everything = list(
        dict.fromkeys([*material.listed, *(clip for some in material.rejected.values() for clip in some)])
    )
    sequences, _ = clip_features(everything, first.features, report)
    everything = [clip for clip, frames in zip(everything, sequences, strict=True) if frames is not None]
    material = _readable(material, set(everything))
    heard: dict[str, Heard] = {}
    for name, recognizer in recognizers.items():
        terminal.complain(f"{name} answers {len(everything):,} clips")
        sequences, _ = clip_features(everything, recognizer.features, report)
        frames = [one for one in sequences if one is not None]
        heard[name] = Heard.of(everything, recognizer.probabilities(frames), recognizer.labels)
    examples = few(examples, size.training)
    terminal.complain(f"The tutorial's network learns from {len(examples):,} clips")
    tutorial = TutorialNetwork(examples, wanted.classes, _SEED, size.epochs)
    heard_by_tutorial = Heard.of(everything, tutorial.probabilities(everything), wanted.classes)
    accepted = int((heard[_REFERENCE].own_scores(material.own) >= first.threshold).sum())
    table: Table = {}
    for name, one in heard.items():
        table[name] = recognizers[name].threshold, one.figures(material, recognizers[name].threshold)
    for name, one in ((_STOCK, heard[_STOCK]), ("tutorial's CNN", heard_by_tutorial)):
        threshold = threshold_accepting(one.own_scores(material.own), accepted)
        table[f"{name}, at the recall of {_REFERENCE}"] = threshold, one.figures(material, threshold)
    return table


def words_never_taught(index: Index, wanted: Task, known: Learned) -> set[str]:
    """The other words of a corpus that the networks never learned; for networks that did not note them, those held out."""
    if not known.words:
        return task.held_out_words(index, wanted)
    return set(index.labels) - {*wanted.classes, *known.words}


def _material(
    index: Index,
    wanted: Task,
    new_words: set[str],
    folders: Sequence[str],
    known: Learned,
    first: Recognizer,
    size: Size,
) -> Material:
    listed = _unlearned(task.evaluation_clips(index, wanted, "test", _SEED, generate_noise=True)[0], known)
    new = [
        clip
        for clip in _unlearned(task.evaluation_clips(index, wanted, "all", _SEED)[0], known)
        if clip.word in new_words
    ]
    other = [clip for clip in listed if clip.label == UNKNOWN]
    names = ", ".join(sorted(new_words))
    rejected = {
        "other words, test list": [clip for clip in other if clip.word not in new_words],
        f"words never taught ({names}), test list": [clip for clip in other if clip.word in new_words],
        "words never taught, every list": new,
        "silence and noise, test list": [clip for clip in listed if clip.label == SILENCE],
    }
    for (name, kind), clips in _of_folders(folders, wanted.labels, known, first).items():
        rejected[f"{kind} of {name}"] = clips
    return Material(
        few(listed, size.clips), {kind: few(clips, size.clips) for kind, clips in rejected.items() if clips}
    )


def _unlearned(clips: Sequence[Clip], known: Learned) -> list[Clip]:
    return known.without_learned(clips, "test", is_own=False)[0]


def _readable(material: Material, there: set[Clip]) -> Material:
    """The clips that can be read."""
    return Material(
        [clip for clip in material.listed if clip in there],
        {kind: [clip for clip in clips if clip in there] for kind, clips in material.rejected.items()},
    )


def _of_folders(
    folders: Sequence[str], words: Sequence[str], known: Learned, first: Recognizer
) -> dict[tuple[str, Kind], list[Clip]]:
    """The test recordings of folders that no network has learned from, cut into stretches as long as a clip."""
    found: dict[tuple[str, Kind], list[Clip]] = {}
    for folder in folders:
        name = Path(folder).name if [Path(one).name for one in folders].count(Path(folder).name) == 1 else folder
        for one in other_sound.stretches(
            NegativesConfig(other=(folder,)),
            "test",
            words,
            first.clip_seconds,
            first.features.sample_rate,
            known.has_used,
        ):
            found[name, one.kind] = one.clips
    return found


def few(clips: Sequence[Clip], most: int | None) -> list[Clip]:
    """At most so many clips, drawn with a fixed seed."""
    return list(clips) if most is None or len(clips) <= most else random.Random(_SEED).sample(list(clips), most)


# Listening


def _listening(reference: CorpusReference, folders: Sequence[str], size: Size, report: Report) -> Table:
    table: Table = {}
    config = StreamingEvaluationConfig("test", minutes=size.minutes, other=tuple(folders))
    for name in _LISTENERS:
        terminal.complain(f"{name} listens")
        run = runs.find(name)
        chosen = detection.load_settings(run)
        _, traces, stream = streaming_evaluation.collect_traces(run, config, reference, report)
        point = streaming_evaluation.point(traces, stream, chosen)
        figures: dict[str, Figure] = {
            f"words missed at {config.snr_db:g} dB": Share(point.words - point.heard, point.words)
        }
        heard: list[tuple[str, Kind, Trace]] = [
            (MIXED["speech"], "speech", traces.speech),
            (MIXED["noise"], "noise", traces.noise),
            *((f"{one.kind} of {one.name}", one.kind, trace) for one, trace in traces.other),
        ]
        for title, kind, trace in heard:
            if trace.seconds:
                rate = false_alarms.count(title, kind, trace, stream, [chosen]).at(chosen.threshold)
                figures[f"alarms an hour: {title}"] = Alarms(rate.alarms, rate.hours, rate.words)
        table[name] = chosen.threshold, figures
    return table


# Taught words


def complete_takes(clips: Sequence[Clip], folder: str) -> list[Clip]:
    """The clips of the speakers who say every word more than five times.

    Raises:
        CorpusError: they are fewer than two, or say too few words.
    """
    takes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for clip in clips:
        if clip.speaker is not None:
            takes[clip.speaker][clip.label] += 1
    words = {clip.label for clip in clips}
    speakers = {who for who, said in takes.items() if all(said[word] > ROUNDS for word in words)}
    if len(speakers) < 2 or len(words) <= _TAUGHT_WORDS:
        raise CorpusError(
            f"{plural(len(speakers), 'speaker')} in {folder} said each of {plural(len(words), 'word')} more than {ROUNDS} times. "
            f"At least 2 speakers and {_TAUGHT_WORDS + 1} words are needed: give another folder, or choose --only clips,listening."
        )
    return [clip for clip in clips if clip.speaker in speakers]


def _taught(
    takes: Sequence[Clip], reference: CorpusReference, folders: Sequence[str], size: Size, report: Report
) -> Table:
    run = runs.find(_REFERENCE)
    known = learned.load(run) or Learned()
    index = catalogue.open_corpus(reference).index(report)
    listed = [clip for clip in index.clips if clip.split == "test" and clip.label not in (UNKNOWN, SILENCE)]
    strangers = {"test list of the corpus": listed}
    for (name, kind), clips in _of_folders(folders, (), known, Recognizer.of_run(run)).items():
        if kind == "speech":
            strangers[f"speech of {name}"] = [replace(clip, label=clip.word or UNKNOWN) for clip in clips]
    hits: dict[str, list[bool]] = defaultdict(list)
    for number in range(size.draws):
        draw = draw_clips(takes, strangers, number, "one", _TAUGHT_WORDS)
        terminal.complain(draw.name)
        outcome, seconds, _ = measure_draw(draw, _REFERENCE, ())
        terminal.complain(f"taught in {seconds:.0f} s")
        for title, found in outcome.items():
            hits[f"{'accepted' if title in draw.accepted else 'rejected'}: {title}"] += found
    return {f"from {_REFERENCE}": (None, {title: Share(sum(found), len(found)) for title, found in hits.items()})}


# Output


def markdown(table: Table) -> str:
    """A row for each figure, a column for each network."""
    kinds = dict.fromkeys(kind for _, figures in table.values() for kind in figures)
    rows = [["", *table], ["---"] * (1 + len(table))]
    if any(threshold is not None for threshold, _ in table.values()):
        rows.append(
            ["threshold", *("" if threshold is None else f"{threshold:.3f}" for threshold, _ in table.values())]
        )
    rows += [[kind, *(str(figures.get(kind, "")) for _, figures in table.values())] for kind in kinds]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def numbers(table: Table) -> dict[str, Any]:
    """The figures as JSON values."""
    return {
        name: {
            "threshold": threshold,
            "figures": {
                kind: {**asdict(figure), "interval": [figure.interval.low, figure.interval.high]}
                for kind, figure in figures.items()
                if isinstance(figure, Alarms) or figure.clips
            },
        }
        for name, (threshold, figures) in table.items()
    }


if __name__ == "__main__":
    sys.exit(main())
