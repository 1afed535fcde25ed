"""Check in milliseconds that a model file holds only finite weights; importing onnx alone takes longer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet

# Numbers of the fields in onnx.proto, which its format never changes.
_GRAPH, _INITIALIZER = 7, 5  # of ModelProto and GraphProto
_DATA_TYPE, _FLOAT_DATA, _RAW_DATA = 2, 4, 9  # of TensorProto
_FLOAT = 1  # TensorProto.DataType


def weights_are_finite(content: bytes) -> bool:
    """Whether all float32 constants of a model are finite numbers.

    Args:
        content: the .onnx file.

    Raises:
        google.protobuf.message.DecodeError: it is not an .onnx file.
    """
    return all(
        np.isfinite(values).all()
        for graph in _fields(content, _GRAPH)
        for tensor in _fields(graph, _INITIALIZER)
        if next(_fields(tensor, _DATA_TYPE), None) == _FLOAT
        for number in (_RAW_DATA, _FLOAT_DATA)
        for values in map(_floats, _fields(tensor, number))
    )


def _fields(message: bytes, number: int) -> Iterator[Any]:
    """The values of one field: bytes of a nested message, or a whole number."""
    return (field.data for field in UnknownFieldSet(Empty.FromString(message)) if field.field_number == number)


def _floats(value: bytes | int) -> Any:
    """Little-endian float32 numbers: many packed as bytes, or the bits of one."""
    return np.frombuffer(value if isinstance(value, bytes) else value.to_bytes(4, "little"), "<f4")
