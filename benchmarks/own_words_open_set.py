"""How often taught words are accepted, and other words rejected: `python -m benchmarks.own_words_open_set --corpus FOLDER`.

Each speaker in the corpus says every word several times. Each draw teaches three words from five takes each of one voice (or
of all voices but one), with the defaults of the shell, and answers

- later takes of the same words by the same voice,
- the other words of the corpus by the same voice,
- other words by strangers: the other speakers of the corpus, and one corpus or more of strangers,
- the taught words by speakers it has not met.

A taught word is accepted if the answer is that word and reaches the threshold. Another word is rejected unless the answer is
one of the taught words and reaches it. A recording that the network was trained on does not count.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audio_models.jobs import runs
from audio_models.recognition import evaluation, learned
from audio_models.recognition.evaluation_result import ClipPrediction
from audio_models.recognition.open_set import Rate
from audio_models.recognition.recognizer import Recognizer
from benchmarks.own_words import ROUNDS, copied, shell, takes_by_speaker
from data import catalogue
from data.corpus import SILENCE, UNKNOWN, Clip

_LATER = 10  # takes of each word
_BY_A_STRANGER = 2  # takes of each word by another speaker of the corpus
_OF_A_FOLDER = 150  # clips of each other corpus


Hits = list[tuple[Clip, bool]]
"""Clips of one kind, and whether each was accepted or rejected as it should be."""


@dataclass(frozen=True)
class Draw:
    """What one draw teaches and answers.

    Attributes:
        name: number, words and voice.
        taught: the clips to teach.
        accepted: by kind, clips of the taught words.
        rejected: by kind, clips of other words.
    """

    name: str
    taught: list[Clip]
    accepted: dict[str, list[Clip]]
    rejected: dict[str, list[Clip]]


@dataclass(frozen=True)
class Outcome:
    """What came of a draw.

    Attributes:
        hits: by kind, those of the clips that the network was not trained on.
        seconds, busy: what teaching took, by the clock and of processor time [s].
    """

    hits: dict[str, Hits]
    seconds: float
    busy: float


def main() -> int:
    """Print a row for each draw and each kind of clips, then the sums."""
    options = _options()
    clips = spoken_clips(options.corpus)
    foreign = {Path(name).name: spoken_clips(name) for name in options.strangers}
    found = []
    for number in range(options.first, options.first + options.draws):
        draw = draw_clips(clips, foreign, number, options.voices, options.words)
        outcome = teach(draw, options.start, options.rest)
        print(f"{draw.name}; taught in {outcome.seconds:.0f} s, {outcome.busy:.0f} s of processor time", flush=True)
        _print([outcome])
        found.append(outcome)
    print(f"all {options.draws} draws")
    _print(found)
    return 0


def _print(outcomes: Sequence[Outcome]) -> None:
    for kind, rate in pooled(outcomes).items():
        print(f"    {kind:44} {rate.text}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.own_words_open_set",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--corpus", required=True, metavar="FOLDER", help="fifteen takes of each word by each speaker")
    parser.add_argument("--strangers", nargs="*", default=[], metavar="CORPUS", help="other words by other people")
    parser.add_argument("--draws", type=int, default=6, metavar="N", help="speakers and words, each drawn anew (6)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first draw (0)")
    parser.add_argument("--words", type=int, default=3, metavar="N", help="words to teach (3)")
    parser.add_argument("--voices", choices=("one", "all"), default="one", help="teach one voice, or all but one")
    parser.add_argument(
        "--from", dest="start", default="commands", metavar="RUN", help="the trained network (commands)"
    )
    parser.add_argument("rest", nargs="*", metavar="OPTION", help="after --: more options of `train`")
    return parser.parse_args()


def spoken_clips(corpus: str) -> list[Clip]:
    """Every clip of a word in a corpus."""
    found = catalogue.open_corpus(catalogue.refer(corpus)).index().clips
    return [clip for clip in found if clip.label not in (UNKNOWN, SILENCE)]


def draw_clips(clips: Sequence[Clip], foreign: dict[str, list[Clip]], number: int, voices: str, count: int) -> Draw:
    """Choose a speaker in turn, and the words at random; the same number gives the same draw."""
    chance = random.Random(number)
    takes = takes_by_speaker(clips)
    speakers = sorted(takes)
    words = sorted({word for said in takes.values() for word in said})
    me = speakers[number % len(speakers)]
    mine = sorted(chance.sample(words, count))
    others = [word for word in words if word not in mine]
    strangers = [speaker for speaker in speakers if speaker != me]
    met = [me] if voices == "one" else strangers
    unmet = strangers if voices == "one" else [me]

    def of(who: Iterable[str], what: Iterable[str], first: int, last: int) -> list[Clip]:
        what = list(what)
        return [clip for speaker in who for word in what for clip in takes[speaker][word][first:last]]

    few = _BY_A_STRANGER if voices == "one" else _LATER
    rejected = {
        "other words, voices it has met": of(met, others, ROUNDS, ROUNDS + (_LATER if voices == "one" else 2)),
        f"other words, voices of {Path(clips[0].path).parts[-3]} not met": of(unmet, others, 0, few),
    }
    for name, one in foreign.items():
        there = [clip for clip in one if clip.label not in mine]
        rejected[f"other words, {name}"] = chance.sample(there, min(_OF_A_FOLDER, len(there)))
    return Draw(
        f"draw {number}: {', '.join(mine)} by {me if voices == 'one' else 'all but ' + me}",
        of(met, mine, 0, ROUNDS),
        {
            "own words, later takes": of(met, mine, ROUNDS, ROUNDS + _LATER),
            "own words, voices not met": of(unmet, mine, 0, 2 * few),
        },
        rejected,
    )


def teach(draw: Draw, start: str, rest: Sequence[str] = ()) -> Outcome:
    """Teach the clips of a draw in the shell, in a workspace of their own, and let the network answer the others.

    Args:
        start: name of the network to start from.
        rest: more options of `train`.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        taught = copied(draw.taught, home / "teach")
        began, before = time.monotonic(), _processor_time()
        run = runs.find(shell(home, "train", "--corpus", taught, "--from", start, *rest, "--json")["path"])
        seconds, busy = time.monotonic() - began, _processor_time() - before
        recognizer, known = Recognizer.of_run(run), learned.load(run)

        def answers(clips: Sequence[Clip]) -> list[ClipPrediction]:
            new = [clip for clip in clips if known is None or not known.reason(clip)]
            return evaluation.answered(recognizer, new)[0]

        at = recognizer.threshold
        hits = {
            kind: [(one.clip, one.correct and one.is_word(at)) for one in answers(clips)]
            for kind, clips in draw.accepted.items()
        }
        for kind, clips in draw.rejected.items():
            unknown = [replace(clip, label=UNKNOWN, word=clip.word or clip.label) for clip in clips]
            hits[kind] = [(one.clip, not one.is_word(at)) for one in answers(unknown)]
        return Outcome(hits, seconds, busy)


def pooled(outcomes: Iterable[Outcome]) -> dict[str, Rate]:
    """The share of hits in all draws together, by kind; none for a kind without clips."""
    sums: dict[str, Hits] = defaultdict(list)
    for outcome in outcomes:
        for kind, hits in outcome.hits.items():
            sums[kind] += hits
    return {kind: Rate.of([hit for _, hit in hits], [clip for clip, _ in hits]) for kind, hits in sums.items() if hits}


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
