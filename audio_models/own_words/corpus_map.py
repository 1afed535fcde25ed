"""Lay clips out on a plane so that those that a network hears alike lie side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg
import scipy.spatial
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from audio_models.errors import ConfigError

MOST = 3_000  # clips, which take 8 s; more would take longer than one waits for a picture
_FEWEST = 8
_PERPLEXITY = 30.0  # neighbours that each clip is to lie near, about
_STEPS = 500  # the neighbours on the map do not get better after that
_FIRST_SPREAD = 1e-4  # of the layout that the steps begin from, as its authors advise


def place(embeddings: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """A point for each clip, near those of clips that the network hears alike.

    By t-SNE (van der Maaten and Hinton 2008, as scikit-learn computes it) from the two directions in which the
    embeddings differ most; by these directions alone for fewer than 8 clips and for more than `MOST`. Only who is near
    whom means something: neither the axes nor the distance of two far groups do. The same clips give the same map on
    the same machine, in whatever order they come; those with equal embeddings share a point.

    Args:
        embeddings: (clips, width), see `embedding`.

    Returns:
        (clips, 2) in -1..1, the middle of the map at 0 and one axis from end to end; a row of NaN where an embedding is
        not finite.

    Raises:
        ConfigError: the embeddings are no table.
    """
    if embeddings.ndim != 2:
        raise ConfigError(f"A map needs a table of embeddings, one row a clip; what came has {embeddings.ndim} axes.")
    points = np.full((len(embeddings), 2), np.nan)
    readable = np.isfinite(embeddings).all(axis=1)
    if readable.any():
        # in an order of their own, so that the layout does not depend on the order in which clips are listed
        vectors, places = np.unique(embeddings[readable].astype(np.float64), axis=0, return_inverse=True)
        points[readable] = _scaled(_layout(vectors))[places.reshape(-1)]
    return points


def agreement(points: NDArray[np.floating[Any]], labels: Sequence[str], neighbours: int = 5) -> NDArray[np.float64]:
    """How much each clip lies among its like: the share of its nearest neighbours that have its label.

    Args:
        points: (clips, any width), finite: a map, or the embeddings themselves.
        labels: one a clip.
        neighbours: how many are asked; all others where there are fewer.

    Returns:
        (clips,) in 0..1; NaN for a single clip.
    """
    if len(points) < 2:
        return np.full(len(points), np.nan)
    asked = min(neighbours, len(points) - 1)
    _, found = scipy.spatial.KDTree(points).query(points, k=asked + 1)
    names = np.asarray(labels)
    shares = np.empty(len(points))
    for row, near in enumerate(found):
        others = near[near != row][:asked]  # where many share a point, a clip need not be its own nearest
        shares[row] = np.mean(names[others] == names[row])
    return shares


def _layout(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(clips, 2) of different vectors (clips, width), of any size and place."""
    first = _principal(vectors)
    if not _FEWEST <= len(vectors) <= MOST:
        return first
    from sklearn.manifold import TSNE

    tsne = TSNE(
        perplexity=min(_PERPLEXITY, (len(vectors) - 1) / 3),
        init=(first / max(float(first[:, 0].std()), 1e-12) * _FIRST_SPREAD).astype(np.float32),
        max_iter=_STEPS,
        random_state=0,
    )
    # Several threads wait for each other while a training runs, 20 times as long was seen; and one adds up in one order.
    with threadpool_limits(1):
        return np.asarray(tsne.fit_transform(vectors), np.float64)


def _principal(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where vectors (clips, width) lie along the two directions in which they differ most, (clips, 2)."""
    centred = vectors - vectors.mean(axis=0)
    width = centred.shape[1]
    _, directions = scipy.linalg.eigh(centred.T @ centred, subset_by_index=(max(0, width - 2), width - 1))
    directions = directions[:, ::-1]
    # a direction and its opposite serve alike; the largest part of each shall be positive
    largest = directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])]
    found = centred @ (directions * np.where(largest < 0, -1, 1))
    return np.pad(found, ((0, 0), (0, 2 - found.shape[1])))


def _scaled(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Moved and scaled into -1..1, both axes by the same factor."""
    low, high = points.min(axis=0), points.max(axis=0)
    reach = float((high - low).max()) / 2
    return np.clip((points - (low + high) / 2) / reach, -1, 1) if reach > 0 else np.zeros_like(points)
