"""The settings of a streaming evaluation, apart from what measures it: the shell lists them without onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audio_models.settings import check, setting

UnlearnedSplit = Literal["validation", "test"]


@dataclass(frozen=True)
class StreamingEvaluationConfig:
    """What the soundscapes are like."""

    split: UnlearnedSplit = setting(
        "validation", title="Split", formerly="side",
        help="Clips that the soundscapes are made of: choose a threshold on validation clips, report on test clips.",
    )  # fmt: skip
    snr_db: float = setting(10.0, -20, 60, unit="dB", title="SNR", help="Level of the words above the noise.")
    minutes: float = setting(
        60.0, 1, 600, unit="minutes", title="Length", help="Length of the other speech, and again of the noise alone."
    )
    seed: int = setting(0, 0, 2**31 - 1, title="Seed", help="Same seed, same soundscapes.")

    def __post_init__(self) -> None:
        check(self)
