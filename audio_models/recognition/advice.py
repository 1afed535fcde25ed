"""Suggest what to do next for a network trained on few clips, from the figures of its evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from audio_models.recognition import metrics
from audio_models.recognition.evaluation_result import ClipPrediction, Evaluation
from data.corpus import SILENCE, UNKNOWN
from data.phrases import percent, plural

_MIXED_UP_CLIPS, _MIXED_UP_SHARE = 2, 0.08  # of the clips of two words
_FEW_CLIPS = 10
_WIDE = 0.2  # width of an interval
_MISUNDERSTOOD = 0.15  # below the overall accuracy
_MOST_PAIRS = 3
_CHANCE = 0.05


def advice(evaluation: Evaluation) -> list[str]:
    """Return sentences, the most urgent first; none if nothing stands out."""
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
        f"“{one}” and “{other}” are confused in {wrong} of {clips} clips: record 10 more of each, or choose a word that sounds different."
        for _, wrong, clips, one, other in sorted(pairs, reverse=True)[:_MOST_PAIRS]
    ]


def _taken_for_none(evaluation: Evaluation) -> list[str]:
    found = []
    for none, why, help in (
        (SILENCE, "silence", "speak up, closer to the microphone"),
        (UNKNOWN, "another word", "record 10 more"),
    ):
        if none not in evaluation.labels:
            continue
        column = evaluation.labels.index(none)
        for label, row in zip(evaluation.labels, evaluation.confusion, strict=True):
            if label not in (SILENCE, UNKNOWN) and row[column] >= _MIXED_UP_CLIPS:
                found.append(f"“{label}” is taken for {why} in {row[column]} of {sum(row)} clips: {help}.")
    return found


def _few(evaluation: Evaluation) -> list[str]:
    few = [
        f"“{score.label}” ({score.support})"
        for score in evaluation.per_class
        if 0 < score.support < _FEW_CLIPS and score.label not in (SILENCE, UNKNOWN)
    ]
    return [f"Few clips of {', '.join(few)}: record at least {_FEW_CLIPS} of each."] if few else []


def _voices(evaluation: Evaluation) -> list[str]:
    speakers = evaluation.per_speaker
    known = sum(score.clips for score in speakers)
    if not speakers or known < len(evaluation.predictions):
        return ["Some clips have no speaker, so the accuracy on new speakers is not known. Give them speakers."]
    if len(speakers) == 1:
        return [
            f"All clips are by one speaker, {speakers[0].speaker}: others may not be understood. Ask someone else to record a few of each word."
        ]
    if len(speakers) == 2:
        return ["All clips are by two speakers: with a third, the accuracy on new speakers can be measured."]
    worst = speakers[0]
    if worst.clips >= _FEW_CLIPS and worst.accuracy < evaluation.accuracy - _MISUNDERSTOOD:
        return [
            f"{worst.speaker} has the lowest accuracy, {percent(worst.accuracy, 0)}: listen to those clips, and record more voices like it."
        ]
    return []


def _unsure(evaluation: Evaluation) -> list[str]:
    low, high = evaluation.interval.low, evaluation.interval.high
    if high - low > _WIDE:
        return [f"{percent(low, 0)} to {percent(high, 0)} is a wide interval: more clips make it narrower."]
    return []


@dataclass(frozen=True)
class Comparison:
    """Two networks on the clips that both were evaluated on.

    Attributes:
        clips: the number of clips.
        before, after: the accuracies.
        fixed: clips that only the second network recognises.
        newly_wrong: clips that only the first network recognises.
        p: of the exact test of McNemar (1947).
    """

    clips: int
    before: float
    after: float
    fixed: list[ClipPrediction]
    newly_wrong: list[ClipPrediction]
    p: float

    def summary(self, first: str = "before", second: str = "now") -> str:
        """Summarise in one or two sentences."""
        text = (
            f"Same {plural(self.clips, 'clip')}: {percent(self.before)} {first}, {percent(self.after)} {second}; "
            f"{len(self.fixed)} fixed, {len(self.newly_wrong)} newly wrong."
        )
        changed = self.fixed or self.newly_wrong
        return text + (f" Too close to call (p = {self.p:.2f})." if changed and self.p > _CHANCE else "")


def compare(before: Evaluation, after: Evaluation) -> Comparison | None:
    """Compare two evaluations on the clips they share; None if they share none with the same word."""
    first = {one.clip.path: one for one in before.predictions}
    both = [
        (first[one.clip.path], one)
        for one in after.predictions
        if one.clip.path in first and first[one.clip.path].clip.label == one.clip.label
    ]
    if not both:
        return None
    fixed = [new for old, new in both if new.correct and not old.correct]
    newly_wrong = [new for old, new in both if old.correct and not new.correct]
    return Comparison(
        len(both),
        sum(old.correct for old, _ in both) / len(both),
        sum(new.correct for _, new in both) / len(both),
        fixed,
        newly_wrong,
        metrics.sign_test(len(fixed), len(newly_wrong)),
    )
