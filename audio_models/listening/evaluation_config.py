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
        60.0, 1, 600, unit="minutes", title="Length",
        help="Length of the other words, again of the noise alone, and at most of each folder of other recordings.",
    )  # fmt: skip
    seed: int = setting(0, 0, 2**31 - 1, title="Seed", help="Same seed, same soundscapes.")

    other: tuple[str, ...] = setting(
        (), title="Other recordings",
        help="A folder of other speech or noise to count false alarms in, besides those that the run learned from; give the option once per folder.",
    )  # fmt: skip
    speech_target: float = setting(
        10.0, 0, 10_000, unit="alarms", title="Target, speech",
        help="False alarms per hour of other people's speech that the suggested threshold may give.",
    )  # fmt: skip
    noise_target: float = setting(
        3.0, 0, 10_000, unit="alarms", title="Target, noise",
        help="False alarms per hour of mixed noise that the suggested threshold may give.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check(self)
