"""What to do next about a network that learned few clips: said in words, each from a figure of its judgement."""

from __future__ import annotations

from dataclasses import dataclass

from audio_models.recognition import metrics
from audio_models.recognition.evaluation_result import ClipPrediction, Evaluation
from data.corpus import SILENCE, UNKNOWN

_MIXED_UP_CLIPS, _MIXED_UP_SHARE = 2, 0.08  # of the clips of two words
_FEW_CLIPS = 10
_WIDE = 0.2  # of an interval, from end to end
_MISUNDERSTOOD = 0.15  # below the accuracy of all
_MOST_PAIRS = 3
_CHANCE = 0.05


def advice(evaluation: Evaluation) -> list[str]:
    """Sentences, the most pressing first; none where nothing stands out."""
    return [
        *_mixed_up(evaluation),
        *_taken_for_none(evaluation),
        *_few(evaluation),
        *_voices(evaluation),
        *_unsure(evaluation),
    ]


def _mixed_up(evaluation: Evaluation) -> list[str]:
    labels, confusion = evaluation.labels, evaluation.confusion
    pairs = []
    for row, one in enumerate(labels):
        for column in range(row + 1, len(labels)):
            if {one, labels[column]} & {SILENCE, UNKNOWN}:
                continue
            wrong = confusion[row][column] + confusion[column][row]
            clips = sum(confusion[row]) + sum(confusion[column])
            if wrong >= _MIXED_UP_CLIPS and wrong >= _MIXED_UP_SHARE * clips:
                pairs.append((wrong / clips, wrong, clips, one, labels[column]))
    return [
        f"“{one}” and “{other}” are mixed up, {wrong} of {clips} clips: record 10 more of each, or choose a word that sounds different."
        for _, wrong, clips, one, other in sorted(pairs, reverse=True)[:_MOST_PAIRS]
    ]


def _taken_for_none(evaluation: Evaluation) -> list[str]:
    found = []
    for none, why in ((SILENCE, "no word at all: speak up, nearer to the microphone"), (UNKNOWN, "another word")):
        if none not in evaluation.labels:
            continue
        column = evaluation.labels.index(none)
        for label, row in zip(evaluation.labels, evaluation.confusion, strict=True):
            if label not in (SILENCE, UNKNOWN) and row[column] >= _MIXED_UP_CLIPS:
                found.append(f"“{label}” is taken for {why} ({row[column]} of {sum(row)} clips).")
    return found


def _few(evaluation: Evaluation) -> list[str]:
    few = [
        f"“{score.label}” ({score.support})"
        for score in evaluation.per_class
        if 0 < score.support < _FEW_CLIPS and score.label not in (SILENCE, UNKNOWN)
    ]
    return [f"Few clips of {', '.join(few)}: {_FEW_CLIPS} or more make it surer."] if few else []


def _voices(evaluation: Evaluation) -> list[str]:
    speakers = evaluation.per_speaker
    known = sum(score.clips for score in speakers)
    if not speakers or known < len(evaluation.predictions):
        return ["Who speaks is not known of every clip, so it cannot be told whether others will be understood."]
    if len(speakers) == 1:
        return [
            f"All clips are by one speaker, {speakers[0].speaker}: others may not be understood. Let somebody else record a few of each word."
        ]
    if len(speakers) == 2:
        return ["All clips are by two speakers: with a third it can be told whether others are understood."]
    worst = speakers[0]
    if worst.clips >= _FEW_CLIPS and worst.accuracy < evaluation.accuracy - _MISUNDERSTOOD:
        return [
            f"{worst.speaker} is understood worst, {worst.accuracy:.0%}: listen to those clips, and record more voices like it."
        ]
    return []


def _unsure(evaluation: Evaluation) -> list[str]:
    low, high = evaluation.interval.low, evaluation.interval.high
    if high - low > _WIDE:
        return [f"{low:.0%} to {high:.0%} is a wide range: with more clips the figure is surer."]
    return []


@dataclass(frozen=True)
class Comparison:
    """How two networks fare on the clips that both were judged by.

    Attributes:
        clips: how many.
        before, after: their accuracies.
        mended: clips that the second hears right and the first did not.
        broken: the other way round.
        p: how often a difference like this comes by chance (exact test of McNemar 1947).
    """

    clips: int
    before: float
    after: float
    mended: list[ClipPrediction]
    broken: list[ClipPrediction]
    p: float

    def in_words(self, first: str = "Before", second: str = "now") -> str:
        """One or two sentences."""
        text = f"{first} {self.before:.1%}, {second} {self.after:.1%}, on the same {self.clips} clips held back: {len(self.mended)} mended, {len(self.broken)} broken."
        return text + (" That may be chance." if self.p > _CHANCE and self.mended != self.broken else "")


def compare(before: Evaluation, after: Evaluation) -> Comparison | None:
    """Compare two judgements by clips held back; None where they share none, or those of another word."""
    first = {one.clip.path: one for one in before.predictions}
    both = [
        (first[one.clip.path], one)
        for one in after.predictions
        if one.clip.path in first and first[one.clip.path].clip.label == one.clip.label
    ]
    if not both:
        return None
    mended = [new for old, new in both if new.correct and not old.correct]
    broken = [new for old, new in both if old.correct and not new.correct]
    return Comparison(
        len(both),
        sum(old.correct for old, _ in both) / len(both),
        sum(new.correct for _, new in both) / len(both),
        mended,
        broken,
        metrics.sign_test(len(mended), len(broken)),
    )
