"""The two figures that count for own words: how often they are heard, and how often other words are taken for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audio_models.recognition.evaluation_result import SYNTHETIC_WORDS, ClipPrediction, Evaluation
from audio_models.recognition.metrics import Interval, share_interval
from data.corpus import SILENCE, UNKNOWN
from data.phrases import percent, plural


@dataclass(frozen=True)
class Figure:
    """A count, what it counts, and its 95 % interval.

    Attributes:
        name: "hears you" or "false alarms".
        hits, clips: the count, and of how many.
        text: the count in words.
    """

    name: str
    hits: int
    clips: int
    text: str

    @property
    def share(self) -> float:
        return self.hits / max(1, self.clips)

    @property
    def interval(self) -> Interval:
        return share_interval(self.hits, self.clips)

    def __str__(self) -> str:
        return f"{self.name}: {self.text}, {percent(self.share, 0)} ({percent(self.interval.low, 0)} to {percent(self.interval.high, 0)})"


def heard(result: Evaluation) -> Figure:
    """How many clips of the words are answered with their word, at the threshold."""
    own = [one for one in result.predictions if one.clip.label not in (UNKNOWN, SILENCE)]
    right = sum(one.correct for one in _taken(own, result.threshold))
    return Figure("hears you", right, len(own), f"{right} of {plural(len(own), 'clip')} of your words")


def false(result: Evaluation) -> Figure | None:
    """How many other words are taken for one of them; None if none was held back to measure it."""
    others = [one for found in _held_back(result).values() for one in found]
    if not others:
        return None
    taken = len(_taken(others, result.threshold))
    return Figure("false alarms", taken, len(others), f"{taken} of {plural(len(others), 'other word')} taken for yours")


def false_by_kind(result: Evaluation) -> str:
    """The same for each kind of sound, and for other recordings, in words; "" if nothing was measured."""
    kinds = _held_back(result)
    for sound in result.other_sound:
        if sound.folder != SYNTHETIC_WORDS:
            kinds[f"stretches of {sound.kind} in {sound.folder}"] = sound.predictions
    return ", ".join(
        f"{len(_taken(found, result.threshold))} of {len(found)} {kind}" for kind, found in kinds.items() if found
    )


def lines(result: Evaluation) -> list[str]:
    """Both figures, one line each, as the shell prints them."""
    found = [str(heard(result))]
    if (others := false(result)) is not None:
        found.append(f"{others}: {false_by_kind(result)}")
    return found


def _held_back(result: Evaluation) -> dict[str, list[ClipPrediction]]:
    """The other words that no network had learned when it answered them, by kind."""
    synthetic = [one for sound in result.other_sound if sound.folder == SYNTHETIC_WORDS for one in sound.predictions]
    own = [one for one in result.predictions if one.clip.label == UNKNOWN and one.clip.word in (result.new_words or ())]
    return {SYNTHETIC_WORDS: synthetic, "other words of yours": own}


def _taken(found: Sequence[ClipPrediction], threshold: float) -> list[ClipPrediction]:
    """Those that are answered with a word that reaches the threshold."""
    return [one for one in found if one.is_word(threshold)]
