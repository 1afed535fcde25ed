"""Networks of earlier epochs of a training: a few small files, to look back at what it learned when.

    epochs/0000.npz     the random weights before the first epoch
    epochs/0002.npz     the network after epoch 2, and so on

Epochs 0, s, 2s, ... are kept, where s doubles as soon as there would be more than `MOST`: however long a training lasts
and wherever it is interrupted, the same epochs remain. Weights are stored in 8 bits, one scale per column of a matrix,
which moves a probability by a fraction of a point on average.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import RunError
from data import workspace

MOST = 12
_LEVELS = 127  # each side of zero
_SCALE = "#scale"  # appended to the name of a weight


def wanted(epochs: int) -> tuple[int, ...]:
    """The epochs that are kept once `epochs` of them are done; 0 is the network before the first."""
    spacing = 1
    while epochs // spacing + 1 > MOST:
        spacing *= 2
    return tuple(range(0, epochs + 1, spacing))


def keep(folder: Path, epoch: int, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Store the network after `epoch` if it is wanted, and drop those that no longer are, later ones included.

    Args:
        folder: where they lie.
        weights: by name, see `onnx_graph.weights`.

    Raises:
        WorkspaceError: it cannot be written.
    """
    workspace.made(folder)
    chosen = wanted(epoch)
    if epoch in chosen:
        with workspace.replacing(_path(folder, epoch)) as path, path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **_in_8_bits(weights))
    for other in listing(folder):
        if other not in chosen:
            _path(folder, other).unlink(missing_ok=True)


def copy(folder: Path, to: Path, epoch: int) -> None:
    """Copy the file of one epoch to another folder.

    Raises:
        WorkspaceError: it cannot be written.
    """
    workspace.write_atomically(_path(workspace.made(to), epoch), _path(folder, epoch).read_bytes())


def listing(folder: Path) -> tuple[int, ...]:
    """The epochs that were kept, in their order; none if there is no such folder."""
    return tuple(sorted(int(path.stem) for path in folder.glob("*.npz") if re.fullmatch(r"\d{4,}", path.stem)))


def load(folder: Path, epoch: int) -> dict[str, NDArray[np.float32]]:
    """Load the weights after `epoch`, by name.

    Raises:
        RunError: they were not kept, or the file is damaged.
    """
    path = _path(folder, epoch)
    try:
        with np.load(path, allow_pickle=False) as found:
            return {
                name: found[name].astype(np.float32) * found[name + _SCALE]
                for name in found.files
                if not name.endswith(_SCALE)
            }
    except FileNotFoundError:
        kept = ", ".join(map(str, listing(folder)))
        raise RunError(
            f"The weights after epoch {epoch} were not kept. "
            + (f"Kept are epochs {kept}." if kept else "Train with --keep-epochs to keep some.")
        ) from None
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise RunError(f"{path} is damaged ({error}). Delete it, or copy the run's folder again.") from error


def _path(folder: Path, epoch: int) -> Path:
    return folder / f"{epoch:04d}.npz"


def _in_8_bits(weights: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.generic]]:
    """Each weight as whole numbers of -127..127, and the scale to multiply them with."""
    stored: dict[str, NDArray[np.generic]] = {}
    for name, value in weights.items():
        columns = tuple(range(value.ndim - 1)) if name.endswith("kernel") else None  # a bias has one scale
        scale = np.maximum(np.abs(value).max(axis=columns, keepdims=True) / _LEVELS, 1e-30).astype(np.float32)
        stored[name] = np.round(value / scale).astype(np.int8)
        stored[name + _SCALE] = scale
    return stored
