"""The answer to a clip: one of the network's words, none of them, or no word at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from audio_models.features.mfcc import Frames
from data.corpus import SILENCE, UNKNOWN

AnswerKind = Literal["word", "other", "silence", "unsure"]

KIND_TEXTS: dict[AnswerKind, str] = {
    "other": "not one of its words",
    "silence": "no word",
    "unsure": "not sure",
}
"""How an answer without a word reads, on the pages and in the shell."""


@dataclass(frozen=True)
class Answer:
    """The answer to one clip.

    Attributes:
        label: the most probable label.
        confidence: its probability.
        probabilities: of each label, in the network's order; they sum to 1.
        frames: the MFCC sequence that the network read, (frames, width), not normalised.
        threshold: the confidence that a word needs.
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    frames: Frames = field(repr=False, compare=False)
    threshold: float = 0.0

    @property
    def sure(self) -> bool:
        """Whether the confidence reaches the threshold."""
        return self.confidence >= self.threshold

    @property
    def kind(self) -> AnswerKind:
        """What kind of answer it is, see `kind_of`."""
        return kind_of(self.label, self.confidence, self.threshold, has_unknown=UNKNOWN in self.probabilities)

    @property
    def text(self) -> str:
        """The answer in words: a word of the network, or one of `KIND_TEXTS`."""
        return KIND_TEXTS.get(self.kind, self.label)

    @property
    def closest(self) -> tuple[str, float]:
        """The most probable word and its probability."""
        words = {label: share for label, share in self.probabilities.items() if label not in (UNKNOWN, SILENCE)}
        return max(words.items(), key=lambda item: item[1])


def kind_of(label: str, confidence: float, threshold: float, *, has_unknown: bool) -> AnswerKind:
    """Tell the kind of an answer from its most probable label.

    Returns:
        "silence" or "other" if that is `_silence_` or `_unknown_`; "word" if it is a word whose confidence reaches the
        threshold. Below the threshold "other" for a network that learned other words, else "unsure": it cannot know.
    """
    if label == SILENCE:
        return "silence"
    if label == UNKNOWN:
        return "other"
    if confidence >= threshold:
        return "word"
    return "other" if has_unknown else "unsure"
