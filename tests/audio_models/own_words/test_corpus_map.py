"""A map of a corpus: like lies with like, the same clips give the same map, and no corpus is too small or too odd."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audio_models.errors import ConfigError
from audio_models.jobs import runs
from audio_models.own_words import corpus_map
from audio_models.own_words.corpus_map import agreement, place
from audio_models.recognition.embedding import embed_clips
from data.corpus import Clip


def _clusters(sizes: tuple[int, ...], width: int = 16) -> tuple[np.ndarray, list[str]]:
    random = np.random.default_rng(0)
    rows = [random.normal(0, 6, width) + random.normal(0, 1, (size, width)) for size in sizes]
    return np.concatenate(rows).astype(np.float32), [str(word) for word, size in enumerate(sizes) for _ in range(size)]


def test_one_speaker_s_digits_lie_in_ten_heaps(real_digits: Path) -> None:
    """By the bundled network, which was taught none of them; by chance a tenth of the neighbours would be alike."""
    clips = [
        Clip(path, path.name[0], "training", 0.5, digest=path.name)
        for digit in range(10)
        for path in sorted((real_digits / "recordings").glob(f"{digit}_george_*.flac"))[:20]
    ]
    embeddings, skipped = embed_clips(runs.find("commands"), clips)
    assert not skipped
    labels = [clip.label for clip in clips]
    points = place(embeddings)
    alike = agreement(points, labels).mean()
    assert alike > 0.85
    assert alike > agreement(embeddings, labels).mean() - 0.05, "the plane loses little of what the network hears"
    shuffled = np.random.default_rng(0).permutation(labels).tolist()
    assert agreement(points, shuffled).mean() < 0.2


def test_clusters_stay_together_however_many_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    for sizes in ((2, 2, 2), (4, 4), (12, 5, 30)):
        vectors, labels = _clusters(sizes)
        assert agreement(place(vectors), labels, 1).mean() == 1.0, sizes
    monkeypatch.setattr(corpus_map, "MOST", 30)  # too many for t-SNE
    assert agreement(place(vectors), labels, 1).mean() > 0.9


@pytest.mark.parametrize("sizes", [(2, 3), (20, 20, 20)])
def test_the_map_is_the_same_again_and_in_any_order(sizes: tuple[int, ...]) -> None:
    vectors, _ = _clusters(sizes)
    points = place(vectors)
    np.testing.assert_array_equal(place(vectors), points)
    order = np.random.default_rng(1).permutation(len(vectors))
    np.testing.assert_array_equal(place(vectors[order]), points[order])


def test_it_fills_its_frame_and_two_axes_are_scaled_alike() -> None:
    corners = np.array([[0, 0], [4, 0], [4, 1], [0, 1]], np.float32)
    points = place(corners)
    np.testing.assert_allclose(np.abs(points), [[1, 0.25]] * 4, atol=1e-9)
    points = place(_clusters((20, 20, 20))[0])
    assert np.abs(points).max() == pytest.approx(1)
    np.testing.assert_allclose(points.max(axis=0), -points.min(axis=0), atol=1e-12)


def test_equal_clips_share_a_point_and_unreadable_ones_have_none() -> None:
    vectors, _ = _clusters((10, 10))
    vectors[3] = vectors[15]
    vectors[7] = np.nan
    points = place(vectors)
    np.testing.assert_array_equal(points[3], points[15])
    assert np.isnan(points[7]).all()
    assert np.isfinite(np.delete(points, 7, axis=0)).all()


@settings(max_examples=25)
@given(
    st.tuples(st.integers(0, 12), st.integers(1, 4)).flatmap(
        lambda shape: arrays(np.float32, shape, elements=st.floats(-5, 5, width=32))
    )
)
def test_any_table_has_a_map(vectors: np.ndarray) -> None:
    points = place(vectors)
    assert points.shape == (len(vectors), 2)
    assert np.isfinite(points).all()
    assert (np.abs(points) <= 1).all()


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(ConfigError, match="of the shape"):
        place(np.zeros(5))


def test_agreement_is_a_share_of_neighbours() -> None:
    line = np.array([[0.0], [1.0], [2.1], [10.0], [11.0]])
    np.testing.assert_allclose(agreement(line, ["a", "a", "b", "b", "b"], 2), [0.5, 0.5, 0.0, 1.0, 1.0])
    np.testing.assert_allclose(agreement(line, ["a", "a", "b", "b", "b"], 99), [0.25, 0.25, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(agreement(np.zeros((4, 2)), ["a"] * 4, 2), 1.0)
    assert np.isnan(agreement(line[:1], ["a"])).all()
