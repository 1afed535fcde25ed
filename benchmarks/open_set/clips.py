"""Clips: accuracy, own words accepted, and other sound rejected, by the networks that come with Echoic and two others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audio_models.cli import terminal
from audio_models.jobs import runs
from audio_models.recognition import evaluation
from audio_models.recognition.evaluation_result import ClipPrediction, predictions
from audio_models.recognition.learned import Learned
from audio_models.recognition.open_set import Rate
from audio_models.recognition.recognizer import Recognizer
from benchmarks.open_set.material import REFERENCE, SEED, Material, few
from benchmarks.open_set.tables import Column, Table
from benchmarks.tutorial import TutorialNetwork
from data import task
from data.corpus import SILENCE, UNKNOWN, Clip, Report
from data.task import Task

_STRONG = (REFERENCE, "commands-lstm", "commands-simple-rnn")
_STOCK = "plain-gru"
_TUTORIAL = "tutorial's CNN"


@dataclass(frozen=True)
class Kind:
    """Clips of one kind of other sound.

    Attributes:
        title: of its row.
        clips: labelled `_unknown_` or `_silence_`.
        new: the words in them, if the row is of words never learned: of other networks it is left out.
    """

    title: str
    clips: list[Clip]
    new: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Questions:
    """The clips that every network answers.

    Attributes:
        listed: of the test list, labelled with the classes of the task.
        other: kinds of other sound.
    """

    listed: list[Clip]
    other: list[Kind]

    @property
    def clips(self) -> list[Clip]:
        """All of them, each once."""
        return list(dict.fromkeys([*self.listed, *(clip for kind in self.other for clip in kind.clips)]))

    def only(self, readable: set[Clip]) -> Questions:
        """Those among some clips."""
        return Questions(
            [clip for clip in self.listed if clip in readable],
            [replace(kind, clips=[clip for clip in kind.clips if clip in readable]) for kind in self.other],
        )


class Answers:
    """A network's answers to the questions.

    Args:
        answers: to each of the clips.
        never_learned: words that the network has not learned to reject.
    """

    def __init__(self, questions: Questions, answers: Iterable[ClipPrediction], never_learned: set[str]) -> None:
        by_clip = {one.clip: one for one in answers}
        self._listed = [by_clip[clip] for clip in questions.listed]
        self._own = [one for one in self._listed if one.clip.label not in (UNKNOWN, SILENCE)]
        self._other = {
            kind.title: [by_clip[clip] for clip in kind.clips]
            for kind in questions.other
            if kind.clips and kind.new <= never_learned
        }

    def accepted(self, threshold: float) -> int:
        """How many clips of the words are accepted and right."""
        return sum(one.correct and one.is_word(threshold) for one in self._own)

    def threshold_accepting(self, count: int) -> float:
        """The highest threshold that accepts at least `count` clips of the words; if fewer are right, all of those."""
        scores = np.sort([one.confidence for one in self._own if one.correct])[::-1]
        return float(scores[min(count, len(scores)) - 1]) if count and len(scores) else 1.0

    def column(self, threshold: float) -> Column:
        """Accuracy, own words accepted, and other sound rejected."""
        figures = {
            "test list, right": _rate(self._listed, [one.correct for one in self._listed]),
            "own words accepted and right": _rate(
                self._own, [one.correct and one.is_word(threshold) for one in self._own]
            ),
        }
        for title, found in self._other.items():
            figures[f"rejected: {title}"] = _rate(found, [not one.is_word(threshold) for one in found])
        return Column(threshold, figures)


def _rate(found: Sequence[ClipPrediction], hits: Sequence[bool]) -> Rate:
    return Rate.of(hits, [one.clip for one in found])


def measure(material: Material, report: Report) -> Table:
    """Measure the strong networks at their thresholds, and two others at the recall of `commands`."""
    found = {name: runs.find(name) for name in (*_STRONG, _STOCK)}
    never_learned = {name: words_never_learned(material, run.config.task) for name, run in found.items()}
    wanted = replace(found[REFERENCE].config.task, held_out=tuple(sorted(never_learned[REFERENCE])))
    training = [clip for clip in task.examples(material.index, wanted, SEED) if clip.split != "test"]
    training = few(training, material.size.training)
    questions = _questions(material, wanted, training, never_learned.values(), report)
    thresholds: dict[str, float] = {}
    answers: dict[str, Answers] = {}
    for name, run in found.items():
        recognizer = Recognizer.of_run(run)
        terminal.complain(f"{name} answers {len(questions.clips):,} clips")
        heard, _ = evaluation.answered(recognizer, questions.clips, report)
        questions = questions.only({one.clip for one in heard})  # the others cannot be read
        answers[name] = Answers(questions, heard, never_learned[name])
        thresholds[name] = recognizer.threshold
    terminal.complain(f"The tutorial's network learns from {len(training):,} clips")
    tutorial = TutorialNetwork(training, wanted.classes, SEED, material.size.epochs)
    heard = predictions(questions.clips, wanted.classes, tutorial.probabilities(questions.clips))
    answers[_TUTORIAL] = Answers(questions, heard, never_learned[REFERENCE])
    accepted = answers[REFERENCE].accepted(thresholds[REFERENCE])
    table = {name: answers[name].column(thresholds[name]) for name in _STRONG}
    for name in (_STOCK, _TUTORIAL):
        threshold = answers[name].threshold_accepting(accepted)
        table[f"{name}, at the recall of {REFERENCE}"] = answers[name].column(threshold)
    return table


def words_never_learned(material: Material, wanted: Task) -> set[str]:
    """The other words of the corpus that a network with this task did not learn to reject.

    Those that it held out, without those that some network noted, from whatever folder.
    """
    return task.held_out_words(material.index, wanted) - material.known.words


def _questions(
    material: Material, wanted: Task, training: Sequence[Clip], never_learned: Iterable[set[str]], report: Report
) -> Questions:
    """Choose clips that no network has learned, neither those that come with Echoic nor the tutorial's."""
    known = material.known | Learned.of(training)

    def unlearned(split: str) -> list[Clip]:
        clips, _ = task.evaluation_clips(material.index, wanted, split, SEED, generate_noise=True)
        return known.without_learned(clips, "test", is_own=False)[0]

    listed, everything = unlearned("test"), unlearned("all")
    by_no_network = frozenset(set.intersection(*never_learned))
    kinds = [
        Kind("other words, test list", [clip for clip in listed if clip.label == UNKNOWN]),
        *(
            Kind(
                f"words never learned ({', '.join(sorted(new))}), every list",
                [clip for clip in everything if clip.word in new],
                new,
            )
            for new in dict.fromkeys([frozenset(wanted.held_out), by_no_network])
        ),
        Kind("silence and noise, test list", [clip for clip in listed if clip.label == SILENCE]),
        *(Kind(f"{one.kind} in {one.folder}", one.clips) for one in material.test_stretches(wanted.labels, report)),
    ]
    most = material.size.clips
    return Questions(few(listed, most), [replace(kind, clips=few(kind.clips, most)) for kind in kinds])
