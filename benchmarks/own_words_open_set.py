"""How often taught words are heard, and everything else refused: `python -m benchmarks.own_words_open_set --corpus FOLDER`.

Each speaker in the corpus says every word several times. Each draw teaches three words from five takes each of one voice (or
of all voices but one), with the defaults of the shell, and answers

- later takes of the same words by the same voice,
- the other words of the corpus by the same voice,
- other words by strangers: the other speakers of the corpus, and one corpus or more of strangers,
- the taught words by speakers it has not met.

A taught word is accepted if the answer is that word and sure. Another word is rejected if the answer is `_unknown_`,
`_silence_` or not sure. A recording that the network has learned does not count.
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
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio_models.features.feature_cache import compute_features
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.recognition import learned, metrics
from audio_models.recognition.recognizer import Recognizer
from benchmarks.own_words import ROUNDS, copied, shell
from data import catalogue
from data.corpus import SILENCE, UNKNOWN, Clip

_LATER = 10  # takes of each word
_BY_A_STRANGER = 2  # takes of each word by another speaker of the corpus
_OF_A_FOLDER = 150  # clips of each other corpus


@dataclass(frozen=True)
class Draw:
    """What one draw teaches and answers. `accepted` and `rejected` map a kind of clips to the clips."""

    name: str
    taught: list[Clip]
    accepted: dict[str, list[Clip]]
    rejected: dict[str, list[Clip]]


def main() -> int:
    """Print a row for each draw and each kind of clips, then the sums."""
    options = _options()
    clips = spoken_clips(options.corpus)
    foreign = {Path(name).name: spoken_clips(name) for name in options.strangers}
    sums: dict[str, list[bool]] = defaultdict(list)
    for number in range(options.first, options.first + options.draws):
        draw = draw_clips(clips, foreign, number, options.voices, options.words)
        outcome, seconds, busy = measure_draw(draw, options.start, options.rest)
        print(f"{draw.name}; taught in {seconds:.0f} s, {busy:.0f} s of processor time", flush=True)
        for kind, hits in outcome.items():
            sums[kind] += hits
            print(f"    {kind:44} {_text(hits)}", flush=True)
    print(f"all {options.draws} draws")
    for kind, hits in sums.items():
        print(f"    {kind:44} {_text(hits)}")
    return 0


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
    takes: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: (len(clip.path.stem), clip.path.name)):
        takes[str(clip.speaker), clip.label].append(clip)
    speakers = sorted({speaker for speaker, _ in takes})
    words = sorted({word for _, word in takes})
    me = speakers[number % len(speakers)]
    mine = sorted(chance.sample(words, count))
    others = [word for word in words if word not in mine]
    strangers = [speaker for speaker in speakers if speaker != me]
    met = [me] if voices == "one" else strangers
    unmet = strangers if voices == "one" else [me]

    def of(who: Iterable[str], what: Iterable[str], first: int, last: int) -> list[Clip]:
        what = list(what)
        return [clip for speaker in who for word in what for clip in takes[speaker, word][first:last]]

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


def measure_draw(draw: Draw, start: str, rest: Sequence[str]) -> tuple[dict[str, list[bool]], float, float]:
    """Teach in the shell, in its own workspace; return hits of each kind of clips, seconds, and processor time."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        teach = copied(draw.taught, home / "teach")
        began, before = time.monotonic(), _processor_time()
        run = runs.find(shell(home, "train", "--corpus", teach, "--from", start, *rest, "--json")["path"])
        seconds, busy = time.monotonic() - began, _processor_time() - before
        answers = {kind: _answers(run, clips) for kind, clips in (draw.accepted | draw.rejected).items()}
    found = {}
    for kind, rows in answers.items():
        wanted = kind in draw.accepted
        found[kind] = [word == clip.label if wanted else word is None for clip, word in rows]
    return found, seconds, busy


def _answers(run: Run, clips: Sequence[Clip]) -> list[tuple[Clip, str | None]]:
    """The word that is heard in each clip that the network has not learned; None if it is rejected."""
    recognizer, known = Recognizer.of_run(run), learned.load(run)
    new = [clip for clip in clips if known is None or not known.reason(clip)]
    sequences = [frames for frames in compute_features(new, recognizer.features) if isinstance(frames, np.ndarray)]
    shares = recognizer.probabilities(sequences)
    labels = [recognizer.labels[best] for best in shares.argmax(axis=1)]
    sure = shares.max(axis=1) >= recognizer.threshold
    return [
        (clip, label if is_sure and label not in (UNKNOWN, SILENCE) else None)
        for clip, label, is_sure in zip(new, labels, sure, strict=True)
    ]


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _text(hits: Sequence[bool]) -> str:
    interval = metrics.accuracy_interval(np.array(hits), [None] * len(hits))
    return f"{sum(hits)} of {len(hits)}: {sum(hits) / len(hits):.1%} ({interval.low:.1%} to {interval.high:.1%})"


if __name__ == "__main__":
    sys.exit(main())
