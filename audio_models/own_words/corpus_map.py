"""Place clips on a plane: those with similar embeddings lie close together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg
import scipy.spatial
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from audio_models.errors import ConfigError

MOST = 3_000  # clips: 8 s, the longest wait for a picture
_FEWEST = 8
_PERPLEXITY = 30.0  # effective number of neighbours
_STEPS = 500  # more do not improve the neighbourhoods
_FIRST_SPREAD = 1e-4  # standard deviation of the initial layout, as its authors advise


def place(embeddings: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Place each clip near those with similar embeddings.

    t-SNE (van der Maaten and Hinton 2008, as scikit-learn computes it), initialised with the first two principal
    components; the components alone for fewer than 8 clips and for more than `MOST`. Only neighbourhoods have a meaning:
    neither the axes nor the distances between clusters do. The same clips give the same map on the same machine,
    whatever their order; equal embeddings share a point.

    Args:
        embeddings: (clips, width), see `embedding`.

    Returns:
        (clips, 2) in -1..1, centred at 0, with one axis filled; a row of NaN if an embedding is not finite.

    Raises:
        ConfigError: the embeddings are not two-dimensional.
    """
    if embeddings.ndim != 2:
        raise ConfigError(f"A map needs embeddings of the shape (clips, width); these have {embeddings.ndim} axes.")
    points = np.full((len(embeddings), 2), np.nan)
    readable = np.isfinite(embeddings).all(axis=1)
    if readable.any():
        # sorted: the layout must not depend on the order of the clips
        vectors, places = np.unique(embeddings[readable].astype(np.float64), axis=0, return_inverse=True)
        points[readable] = _scaled(_layout(vectors))[places.reshape(-1)]
    return points


def agreement(points: NDArray[np.floating[Any]], labels: Sequence[str], neighbours: int = 5) -> NDArray[np.float64]:
    """Compute the share of each clip's nearest neighbours that have its label.

    Args:
        points: (clips, any width), finite: a map, or the embeddings themselves.
        labels: one per clip.
        neighbours: how many; all others if there are fewer.

    Returns:
        (clips,) in 0..1; NaN for a single clip.
    """
    if len(points) < 2:
        return np.full(len(points), np.nan)
    count = min(neighbours, len(points) - 1)
    _, found = scipy.spatial.KDTree(points).query(points, k=count + 1)
    names = np.asarray(labels)
    shares = np.empty(len(points))
    for row, near in enumerate(found):
        others = near[near != row][:count]  # if many share a point, a clip need not be its own nearest
        shares[row] = np.mean(names[others] == names[row])
    return shares


def _layout(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay out distinct vectors, (clips, width), as (clips, 2) of any scale and offset."""
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
    # One thread: several wait for each other during a training, up to 20 times longer, and their sums are not reproducible.
    with threadpool_limits(1):
        return np.asarray(tsne.fit_transform(vectors), np.float64)


def _principal(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project vectors, (clips, width), onto their first two principal components, (clips, 2)."""
    centred = vectors - vectors.mean(axis=0)
    width = centred.shape[1]
    _, directions = scipy.linalg.eigh(centred.T @ centred, subset_by_index=(max(0, width - 2), width - 1))
    directions = directions[:, ::-1]
    # fix the sign: the largest entry of each direction is positive
    largest = directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])]
    found = centred @ (directions * np.where(largest < 0, -1, 1))
    return np.pad(found, ((0, 0), (0, 2 - found.shape[1])))


def _scaled(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre and scale into -1..1, both axes by the same factor."""
    low, high = points.min(axis=0), points.max(axis=0)
    reach = float((high - low).max()) / 2
    return np.clip((points - (low + high) / 2) / reach, -1, 1) if reach > 0 else np.zeros_like(points)
