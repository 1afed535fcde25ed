"""Compute the features of a corpus with Echoic, and clip by clip with librosa, on the same cores."""

from __future__ import annotations

import os
import statistics
import sys
import time

import librosa

from audio_models.config import FeatureConfig
from audio_models.features.feature_cache import compute_features
from benchmarks.clips import kind, some_clips
from data.corpus import Clip

_ROUNDS = 5


def main(corpus: str) -> None:
    """Print clips per second of both, in alternating rounds, and the median ratio."""
    config = FeatureConfig(deltas=False)  # librosa.feature.mfcc alone has no slopes
    clips = some_clips(corpus, 3000)
    _plain(clips[:20], config)
    compute_features(clips[:20], config)
    ratios, plain_rates, rates = [], [], []
    for _ in range(_ROUNDS):
        plain, ours = _seconds(_plain, clips, config), _seconds(compute_features, clips, config)
        plain_rates.append(len(clips) / plain)
        rates.append(len(clips) / ours)
        ratios.append(plain / ours)
    print(f"features: {kind(clips)}, {os.cpu_count()} cores, median of {_ROUNDS} alternating rounds")
    print(f"  librosa.load + librosa.feature.mfcc, clip by clip{statistics.median(plain_rates):8.0f} clips/s")
    print(f"  Echoic, in batches on all cores                  {statistics.median(rates):8.0f} clips/s")
    print(
        f"  ratio                                            {statistics.median(ratios):8.1f}  ({min(ratios):.1f} to {max(ratios):.1f})"
    )


def _plain(clips: list[Clip], config: FeatureConfig) -> None:
    for clip in clips:
        samples, rate = librosa.load(clip.path, sr=config.sample_rate)
        librosa.feature.mfcc(
            y=samples, sr=rate, n_mfcc=config.n_mfcc, n_fft=config.frame_length, hop_length=config.hop_length,
            n_mels=config.n_mels, fmin=config.fmin, fmax=config.fmax,
        )  # fmt: skip


def _seconds(work, clips: list[Clip], config: FeatureConfig) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    work(clips, config)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(sys.argv[1])
