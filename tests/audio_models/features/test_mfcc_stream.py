"""Frames as the sound arrives equal those of the whole, to the last digit however it is cut into chunks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.config import FeatureConfig
from audio_models.features.mfcc import frame_end, mfcc
from audio_models.features.mfcc_stream import FrameStream

CONFIGS = {
    "bands": FeatureConfig(deltas=False, kind="log_mel"),
    "mfcc": FeatureConfig(deltas=False),
    "slopes": FeatureConfig(),
    "gaps": FeatureConfig(frame_ms=10, hop_ms=25, n_mels=12, n_mfcc=8),
}


def _sound(seconds: float = 1.3) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, round(16_000 * seconds)).astype(np.float32)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("block", [1, 4])
def test_the_frames_of_the_whole(config: FeatureConfig, block: int) -> None:
    sound = _sound()
    stream = FrameStream(config, block)
    blocks = [part for first in range(0, len(sound), 700) for part in stream.feed(sound[first : first + 700])]
    assert [len(part) for part in blocks] == [1, *[block] * (len(blocks) - 1)]
    got, whole = np.concatenate(blocks), mfcc(sound, config)
    assert len(whole) - len(got) < block + (2 if config.deltas else 0), "frames were held back"
    np.testing.assert_allclose(got, whole[: len(got)], atol=1e-3)
    assert stream.end == pytest.approx(frame_end(len(got) - 1, config))
    assert stream.end <= len(sound) / 16_000


@given(cuts=st.lists(st.integers(0, 20_000), max_size=12), config=st.sampled_from(list(CONFIGS.values())))
def test_any_chunking_gives_the_same_numbers(cuts: list[int], config: FeatureConfig) -> None:
    sound = _sound()
    at_once = np.concatenate(list(FrameStream(config, 4).feed(sound)))
    stream = FrameStream(config, 4)
    chunks = np.split(sound, sorted(cuts))
    in_chunks = np.concatenate([part for chunk in chunks for part in stream.feed(chunk)])
    np.testing.assert_array_equal(in_chunks, at_once)


def test_one_sample_at_a_time() -> None:
    config, sound = CONFIGS["slopes"], _sound(0.2)
    stream = FrameStream(config, 2)
    slowly = [part for sample in sound for part in stream.feed(np.array([sample]))]
    np.testing.assert_array_equal(np.concatenate(slowly), np.concatenate(list(FrameStream(config, 2).feed(sound))))


def test_nothing_is_heard_before_the_first_frame() -> None:
    stream = FrameStream(CONFIGS["bands"], 4)
    assert list(stream.feed(np.zeros(511, np.float32))) == []
    assert stream.end == 0
    assert [len(part) for part in stream.feed(np.zeros(1, np.float32))] == [1]
    assert stream.end == pytest.approx(0.032)
