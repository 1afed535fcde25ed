"""The weights in an HDF5 file, read with bounds.

Arrays that are compressed, chunked, linked or stored elsewhere are refused; keras writes none.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import KerasFileError

MOST_LAYERS = 200
_MOST_NUMBERS = 32 << 20  # in all arrays together

Array = NDArray[np.float32]


def opened(content: bytes) -> Any:
    """Open the content of an HDF5 file."""
    import h5py

    return h5py.File(io.BytesIO(content), "r")


class Arrays:
    """The arrays of an HDF5 file, read with bounds."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = _MOST_NUMBERS

    def group(self, *names: str) -> str:
        """The first of these groups that there is."""
        for name in names:
            if self._at(name) is not None:
                return name
        raise KerasFileError("it holds no weights. Save the model again after its training.")

    def noted_names(self, group: str) -> dict[str, str]:
        """The group of each layer by the name that is noted there."""
        found = {}
        for stored in list(self._at(group))[:MOST_LAYERS]:
            parts = self._at(f"{group}/{stored}/vars")
            if parts is not None and isinstance(name := parts.attrs.get("name"), str):
                found[name] = stored
        return found

    def numbered(self, path: str) -> list[Array]:
        """The arrays "0", "1", ... of a group; none if there is no such group."""
        group = self._at(path)
        return [] if group is None else [self._array(group, str(number)) for number in range(len(group))]

    def listed(self, path: str) -> list[Array]:
        """The arrays that a group lists as its weights."""
        group = self._at(path)
        if group is None:
            return []
        names = [
            name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs.get("weight_names", ())
        ]
        return [self._array(group, name) for name in names]

    def _at(self, path: str) -> Any:
        """The object at a path; None if there is none. A link that leaves the file is not followed."""
        import h5py

        found = self._file
        for part in path.split("/"):
            if part not in found:
                return None
            if not isinstance(found.get(part, getlink=True), h5py.HardLink):
                raise KerasFileError("its weights are links to another place.")
            found = found[part]
        return found

    def _array(self, group: Any, name: str) -> Array:
        import h5py

        found = self._at(f"{group.name.lstrip('/')}/{name}")
        if not isinstance(found, h5py.Dataset):
            raise KerasFileError(f"it lacks the weights '{group.name}/{name}'.")
        if found.chunks is not None or found.external or found.is_virtual or found.dtype.kind not in "fiu":
            raise KerasFileError(f"its weights '{found.name}' are not plain numbers, as keras writes them.")
        self._left -= found.size
        if self._left < 0:
            raise KerasFileError(f"it has more than {_MOST_NUMBERS:,} weights.")
        return np.asarray(found[()], np.float32)
