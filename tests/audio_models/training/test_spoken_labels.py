"""Synthetic voices say a user's word only where its label, read out, is what the user's clips say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from audio_models.features.mfcc import mfcc_batch
from audio_models.features.waveform import Waveform
from audio_models.jobs import runs
from audio_models.recognition.embedding import Embedder
from audio_models.training.spoken_labels import other_words, spoken
from audio_models.training.synthetic_words import OwnWords
from data.public.synthetic_voices import SAMPLE_RATE, say, voices

WORDS = ("seven", "marvin", "hello")


def _by_level(clips: Sequence[Waveform]) -> NDArray[np.float32]:
    """An embedding that tells sounds by their level alone."""
    angles = np.array([clip[0] for clip in clips])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def _sounds(*levels: float) -> list[Waveform]:
    return [np.full(4, level, np.float32) for level in levels]


def test_a_label_nearer_to_its_clips_than_other_words_is_spoken() -> None:
    labels, others = {0: _sounds(0.1), 1: _sounds(1.0)}, [_sounds(one) for one in np.linspace(0.3, 1.5, 10)]
    assert spoken(labels, {0: _sounds(0.0), 1: _sounds(1.02)}, others, _by_level) == {0, 1}


def test_one_label_that_is_another_word_is_left_out() -> None:
    labels = {0: _sounds(0.0), 1: _sounds(0.4), 2: _sounds(0.6), 3: _sounds(1.5)}
    takes = {0: _sounds(0.0), 1: _sounds(0.4), 2: _sounds(0.6), 3: _sounds(0.2)}
    others = [_sounds(one) for one in np.linspace(0.05, 1.2, 12)]
    assert spoken(labels, takes, others, _by_level) == {0, 1, 2}


def test_where_most_labels_are_other_words_none_is_spoken() -> None:
    labels = {0: _sounds(0.0), 1: _sounds(1.5), 2: _sounds(1.4)}
    takes = {0: _sounds(0.0), 1: _sounds(0.2), 2: _sounds(0.3)}
    others = [_sounds(one) for one in np.linspace(0.1, 1.2, 12)]
    assert spoken(labels, takes, others, _by_level) == frozenset()
    assert spoken(labels, {}, others, _by_level) == frozenset()


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.of_run(runs.bundled_run("commands"))


@pytest.mark.parametrize("are_right", [True, False])
def test_a_bundled_network_tells_words_that_it_never_learned(embedder: Embedder, are_right: bool) -> None:
    takes = {
        label: [say(word, voice, take=1) for voice in voices()[3:90:20]]
        for label, word in enumerate(WORDS if are_right else (*WORDS[1:], WORDS[0]))
    }
    labels = OwnWords(WORDS, 1.0, 1.0, SAMPLE_RATE, seed=0).some(6)
    found = spoken(
        labels,
        takes,
        other_words(WORDS, SAMPLE_RATE, seed=0),
        lambda clips: embedder.embed(mfcc_batch(clips, embedder.features)),
    )
    assert found == ({0, 1, 2} if are_right else frozenset())
